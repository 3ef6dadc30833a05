# plimsoll base without a mirror: what is refused, an archive that nobody signed, and kills. tests/real makes bases.
load ../lib/common

setup() {
	need_root
	need_cmd mmdebstrap apt-get
	common_setup
	plimsoll trust init >/dev/null
	MIRROR_PID=''
}

teardown() {
	[ -z "$MIRROR_PID" ] || kill "$MIRROR_PID" 2>/dev/null || true
	common_teardown
}

# An archive on loopback; "hang" accepts and never answers. Sets MIRROR.
mirror() { # folder | hang
	local port
	port=$(free_port)
	MIRROR=http://127.0.0.1:$port/debian
	if [ "$1" = hang ]; then
		/usr/bin/python3 -c 'import socket, sys, time
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
time.sleep(300)' "$port" 3>&- &
	else
		/usr/bin/python3 -m http.server --bind 127.0.0.1 --directory "$1" "$port" >mirror.log 2>&1 3>&- &
	fi
	MIRROR_PID=$!
	wait_for 20 eval "(exec 4<>/dev/tcp/127.0.0.1/$port) 2>/dev/null"
}

nothing_made() {
	run plimsoll images -q
	assert_eq "$output" ""
	[ -z "$(find "$STATE/tmp" -mindepth 1 -maxdepth 1 -name 'build-*')" ] || fail "left in tmp:" "$(ls "$STATE/tmp")"
}

@test "what is no base, variant, package or mirror is refused with 2" {
	while read -r words; do
		# shellcheck disable=SC2086
		run plimsoll base $words
		[ "$status" = 2 ] || fail "$words: exit status $status" "$output"
	done <<-'CASES'
		fedora:40
		debian
		debian:
		debian:../../etc
		debian:Bookworm
		debian:bookworm/updates
		debian:bookworm --variant huge
		debian:bookworm --variant apt --no-shell
		debian:bookworm --include a/b
		debian:bookworm --include curl=1
		debian:bookworm --include -x,curl
		debian:bookworm --mirror ftp://127.0.0.1/debian
		debian:bookworm --mirror http://127.0.0.1/[trusted=yes]
		debian:bookworm --name web@sha256:0000000000000000000000000000000000000000000000000000000000000000
		--refresh debian:bookworm --include curl
	CASES
	nothing_made
}

@test "without a key to sign it with, no base is begun" {
	run plimsoll --state "$PWD/keyless" base debian:bookworm
	assert_status 5
	assert_output_has "plimsoll trust init"
}

@test "only a base is refreshed" {
	tiny_rootfs root
	tar -C root -cf root.tar .
	plimsoll import root.tar other:1
	run plimsoll base --refresh other:1
	assert_status 2
	assert_output_has "not made by plimsoll base"
	run plimsoll base --refresh nosuch:1
	assert_status 5
	run plimsoll base ls
	assert_status 0
	refute_output_has other:1
}

@test "an archive that nobody signed is not used, and the trail says so" {
	mkdir -p "www/debian/dists/bookworm" www/debian-security
	printf 'Origin: Debian\nSuite: bookworm\nCodename: bookworm\nDate: Sat, 17 May 2025 08:21:44 UTC\n' \
		>www/debian/dists/bookworm/Release
	mirror www
	run plimsoll base debian:bookworm --mirror "$MIRROR"
	assert_status 6
	assert_output_has "fetch from the Debian archive" signed
	nothing_made
	run plimsoll --format json trail show
	assert_output_has '"base"' failed
}

@test "a release signed by a key that is not Debian's is not used" {
	need_cmd gpg
	mkdir -p www/debian/dists/bookworm gnupg
	chmod 700 gnupg
	export GNUPGHOME=$PWD/gnupg
	gpg --batch --quiet --passphrase '' --quick-gen-key mallory@example.test ed25519 sign never
	printf 'Origin: Debian\nSuite: bookworm\nCodename: bookworm\nDate: Sat, 17 May 2025 08:21:44 UTC\n' |
		gpg --batch --quiet --clearsign >www/debian/dists/bookworm/InRelease
	gpgconf --kill all
	mirror www
	run plimsoll base debian:bookworm --mirror "$MIRROR"
	assert_status 6
	assert_output_has NO_PUBKEY
	nothing_made
}

@test "a mirror that is silent: SIGINT ends it, SIGKILL leaves no process and the next one cleans up" {
	mirror hang
	for signal in INT KILL; do
		"$PLIMSOLL" --state "$STATE" base debian:bookworm --mirror "$MIRROR" >said 2>&1 3>&- &
		pid=$!
		wait_for 30 pgrep -f "^apt-get .*update" >/dev/null
		kill -$signal $pid
		status=0
		wait $pid || status=$?
		[ $signal = KILL ] || assert_eq "$status" 130
		wait_for 20 eval "! pgrep -f 'Acquire::IndexTargets::deb::Packages::DefaultEnabled' >/dev/null"
	done
	kill "$MIRROR_PID"
	run plimsoll base debian:bookworm --mirror "$MIRROR"
	assert_status 6
	nothing_made
}
