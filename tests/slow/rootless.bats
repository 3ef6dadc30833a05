#!/usr/bin/env bats
# Building as an ordinary user: the same digests as root's, and what is said when something is missing.
#
# The user is made by this file and removed at its end; he is the only one with an id in his name.

bats_require_minimum_version 1.5.0

load ../lib/common
load ../lib/build
load ../lib/net

WHO=plimsoll-test-rootless

setup_file() {
	[ "$(id -u)" = 0 ] || return 0
	command -v newuidmap useradd setpriv setcap python3 crun >/dev/null || return 0
	remove_user
	useradd --no-create-home --home-dir /nonexistent --shell /bin/bash --user-group "$WHO"
	# The program where he may read it: a worktree can lie in a folder of root's own.
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/file" "$BATS_RUN_TMPDIR/test" "$BATS_FILE_TMPDIR" 2>/dev/null || true
	install -d -m 755 "$BATS_FILE_TMPDIR/bin"
	install -m 755 "$PLIMSOLL" "$(dirname "$PLIMSOLL")/plimsoll-fetch" "$BATS_FILE_TMPDIR/bin"
	user true 2>/dev/null || return 0
	begin
}

# Two states, root's and the user's, with the same base image; each test copies them.
begin() {
	local root=$BATS_FILE_TMPDIR/root
	cd "$BATS_FILE_TMPDIR" || return 1
	STATE=$BATS_FILE_TMPDIR/begin
	HIS=$BATS_FILE_TMPDIR/his
	install -d -o "$WHO" -g "$WHO" "$HIS"
	host_rootfs "$root" rm mkdir touch chown chmod ln mkfifo setcap
	mkdir -p "$root"/old/deep "$root"/gone "$root"/kept
	echo 1 >"$root/old/deep/file"
	echo 2 >"$root/gone/file"
	echo 3 >"$root/kept/file"
	chown -R 7:8 "$root/kept"
	chmod 4755 "$root/bin/touch"
	python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.note", b"x")' "$root/bin/cat"
	export SOURCE_DATE_EPOCH=1700000000
	cp -r "$PLIMSOLL_SRC/examples/advisories" advisories
	plimsoll trust init >log && his trust init >log && his advisories import advisories >log && both_import
}

teardown_file() {
	[ "$(id -u)" != 0 ] || remove_user
}

remove_user() {
	userdel "$WHO" 2>/dev/null || true
}

setup() {
	need_root
	need_cmd newuidmap newgidmap useradd setpriv setcap python3 crun
	common_setup
	chmod 755 "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR" 2>/dev/null || true
	HIS=$BATS_TEST_TMPDIR/his
	mkdir "$HIS" ctx
	chown "$WHO:$WHO" "$HIS"
	user true 2>/dev/null || skip "the folder for temporary files is closed to other users"
	user unshare --user true 2>/dev/null || skip "needs user namespaces for users"
	export SOURCE_DATE_EPOCH=1700000000
}

teardown() {
	net_stop
	common_teardown
}

user() { # command, as the user
	[ -x "$BATS_FILE_TMPDIR/bin/plimsoll" ] || return 1
	setpriv --reuid "$WHO" --regid "$WHO" --clear-groups --reset-env \
		env HOME="$HIS" NO_COLOR=1 LC_ALL=C.UTF-8 ASAN_OPTIONS="${ASAN_OPTIONS:-}" \
		SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-}" "$@"
}

his() { # plimsoll as the user, with the state folder that is his by default
	user "$BATS_FILE_TMPDIR/bin/plimsoll" "$@"
}

# Both states with the same archive as base image "base", as setup_file made them.
both_begin() {
	cp -a "$BATS_FILE_TMPDIR/begin" "$STATE"
	cp -a "$BATS_FILE_TMPDIR/his/." "$HIS"
}

# The tree as both's image "base".
both_import() {
	tar -C "$BATS_FILE_TMPDIR/root" --sort=name --mtime=@1600000000 --numeric-owner --xattrs --xattrs-include='*' \
		-cf base.tar .
	plimsoll import -q base.tar base >log
	his import -q base.tar base >>log
	assert_eq "$(sed -n 1p log)" "$(sed -n 2p log)"
}

# Builds ctx as both; the digests are the same, and $output is the digest.
both_build() { # option...
	local root_digest
	run --separate-stderr plimsoll build --network none "$@" ctx
	assert_status 0
	root_digest=$output
	run --separate-stderr his build --network none "$@" ctx
	# shellcheck disable=SC2154 # bats sets stderr
	[ "$status" = 0 ] || fail "as user: $stderr"
	assert_eq "$output" "$root_digest"
}

# The entries of the user's image, one "MODE OWNER NAME" a line.
his_entries() { # name
	local d
	for d in $(his inspect "$1" | jq -r '.manifest.layers[].digest'); do
		tar tvzf "$HIS/.local/share/plimsoll/blobs/sha256/${d#sha256:}" --numeric-owner |
			awk '{ print $1, $2, $6, $7, $8 }' | sed 's/ *$//'
	done
}

# --- the same bytes ---

@test "rootless: files of any owner and mode, from the context and by RUN" {
	both_begin
	mkdir ctx/d
	echo 1 >ctx/d/f
	chown -R "$WHO" ctx
	chmod 6711 ctx/d/f
	dockerfile <<-'EOF'
	FROM base
	COPY --chown=1000:2000 d /d
	COPY --chown=65536:65536 d/f /highest
	WORKDIR /made/here
	RUN touch f && chown 33:44 f && chmod 6755 f && mkdir -m 1777 t && mkfifo p && ln f g && ln -s f l
	USER 1234
	RUN touch /tmp/mine
	EOF
	both_build -t t
	run his_entries t
	assert_output_has "-rwsr-sr-x 33/44 made/here/f" "hrwsr-sr-x 33/44 made/here/g" \
		"prw-r--r-- 0/0 made/here/p" "-rw-r--r-- 1234/0 tmp/mine" "-rws--s--x 1000/2000 d/f" "-rws--s--x 65536/65536 highest" \
		"drwxrwxrwt 0/0 made/here/t/"
}

@test "rootless: whiteouts, and folders that hide the ones below" {
	both_begin
	dockerfile <<-'EOF'
	FROM base
	RUN rm -r /gone && rm /kept/file && rm -r /old && mkdir /old && touch /old/new
	COPY Dockerfile /old/deep/again
	RUN rm -r /old/deep && mkdir -p /old/deep/x && rm /old/new
	EOF
	both_build -t t
	run his_entries t
	assert_output_has ".wh.gone" "kept/.wh.file" "old/.wh..wh..opq" "old/deep/.wh..wh..opq" "old/.wh.new"
	# Unpacked from the layers, not kept from the building of them: the same picture.
	his rmi base t >log
	user rm -rf "$HIS/.local/share/plimsoll/layers" "$HIS/.local/share/plimsoll/cache" 2>log ||
		user unshare --map-root-user --map-auto rm -rf "$HIS/.local/share/plimsoll/layers"
	both_import
	both_build --no-cache -t t
	printf 'FROM t\nRUN ls -R /old /kept > /list\n' >ctx/Dockerfile
	his sign t >log
	plimsoll sign t >log
	both_build -t u
}

@test "rootless: file capabilities and attributes" {
	both_begin
	cp /bin/cat ctx/cat
	setcap cap_net_raw+ep ctx/cat
	dockerfile <<-'EOF'
	FROM base
	COPY cat /copied
	RUN setcap cap_net_bind_service+ep /bin/sleep && chmod 700 /bin/cat
	EOF
	both_build -t t
	local d
	d=$(his inspect t | jq -r '.manifest.layers[-1].digest')
	zcat "$HIS/.local/share/plimsoll/blobs/sha256/${d#sha256:}" >layer.tar
	run python3 -c 'import tarfile
for m in tarfile.open("layer.tar"):
    for k, v in m.pax_headers.items():
        if "xattr" in k: print(m.name, k, v.encode("utf-8", "surrogateescape").hex())'
	# Version 2, as root would write it: no trace of whose the namespace was.
	assert_output_has "bin/sleep SCHILY.xattr.security.capability 01000002" "bin/cat SCHILY.xattr.user.note 78"
}

@test "rootless: an archive's owners, and a rebuild from the cache" {
	both_begin
	mkdir a
	echo 1 >a/one
	echo 2 >a/two
	ln a/two a/three
	tar -cf ctx/a.tar --sort=name --mtime=@1500000000 --owner=70:70 --group=71:71 --numeric-owner a
	gzip -n ctx/a.tar
	dockerfile <<-'EOF'
	FROM base AS first
	ADD a.tar.gz /
	RUN chown 9:9 /a/one
	FROM base
	COPY --from=first /a /b
	COPY --from=first --chown=3:4 /a /c
	EOF
	both_build -t t
	run his_entries t
	assert_output_has "-rw-r--r-- 9/9 b/one" "hrw-r--r-- 70/71 b/two" "hrw-r--r-- 3/4 c/two"
	run --separate-stderr his --format json build --network none ctx
	assert_status 0
	assert_eq "$(jq '.steps == .cached' <<<"$output")" true
}

@test "rootless: a RUN's network by pasta" {
	need_cmd pasta
	both_begin
	dockerfile <<-'EOF'
	FROM base
	RUN cat /proc/net/dev /etc/resolv.conf
	EOF
	# udev gives everybody /dev/net/tun; a machine without it does not.
	mknod -m 666 tun c 10 200
	run unshare --mount bash -c "$(declare -f user his); WHO=$WHO HIS=$HIS BATS_FILE_TMPDIR=$BATS_FILE_TMPDIR
		mount --bind tun /dev/net/tun && his build --progress plain ctx 2>&1 || his build ctx 2>&1"
	assert_status 0
	run find "$HIS/.local/share/plimsoll/containers" -mindepth 1 -maxdepth 1 -type d
	assert_eq "$output" ""
}

@test "rootless: what a RUN fetched is recorded, and a network that policy names is confined" {
	need_cmd pasta gcc
	both_begin
	net_start
	gcc -O1 -static -o ctx/talk "$PLIMSOLL_SRC/tests/helpers/talk.c" 2>gcc.log
	printf 'networks: {echo: {allow: ["198.51.100.1:7"]}}\n' >conf.yaml
	dockerfile <<-'EOF'
	FROM base
	RUN --network=echo --mount=source=talk,target=/talk /talk tcp 198.51.100.1 7 hello; ! /talk tcp 198.51.100.1 443 x && ! /talk udp 198.51.100.1 7 x
	RUN --mount=source=talk,target=/talk /talk udp 198.51.100.1 7 datagram
	EOF
	mknod -m 666 tun c 10 200
	touch meta && chmod 666 meta conf.yaml
	chown -R "$WHO" .
	run in_net unshare --mount bash -c "$(declare -f user his); WHO=$WHO HIS=$HIS BATS_FILE_TMPDIR=$BATS_FILE_TMPDIR
		mount --bind tun /dev/net/tun && his --config conf.yaml build --metadata-file meta ctx 2>&1"
	net_stop
	assert_status 0
	assert_eq "$(jq -r '."plimsoll.fetched"[] | .network + " " + (.fetched | map("\(.uri) \(.received)") | join(" "))' meta)" \
		"echo tcp://198.51.100.1:7 5
default udp://198.51.100.1:7 8"
}

# --- what else a user does ---

@test "rootless: trust, sign, verify, scan, inspect, images, trail, tag, rmi without a namespace" {
	both_begin
	printf 'FROM base\nCOPY Dockerfile /\n' >ctx/Dockerfile
	both_build -t t
	sed -i "/^$WHO:/d" /etc/subuid /etc/subgid
	run his sign t
	assert_status 0
	run his verify t
	assert_status 0
	run his scan t
	assert_output_has "in 1 packages"
	run his inspect t
	assert_status 0
	run his images
	assert_output_has base
	run his tag t u
	assert_status 0
	run his rmi u
	assert_status 0
	run his trail show --format json
	assert_status 0
	run his trail verify
	assert_status 0
	# The trail says who it was, not who he is in his namespace.
	run his trail show 0 --format json
	usermod --add-subuids 300000-365535 --add-subgids 300000-365535 "$WHO"
	run bash -c "cat $HIS/.local/share/plimsoll/trail/tile/entries/* $HIS/.local/share/plimsoll/trail/tile/entries/*/* 2>/dev/null | tr -c '[:print:]' '\n' | grep -o '\"uid\":[0-9]*' | sort -u"
	assert_eq "$output" "\"uid\":$(id -u $WHO)"
}

@test "rootless: containers are refused, and it is said why" {
	both_begin
	run his run base /bin/sh -c true
	assert_status 125
	assert_output_has "no limit of memory can be enforced" "mend: as root: for c in memory "
}

# --- what is missing ---

@test "rootless: without subordinate ids the command that gives them is said, and works" {
	printf 'FROM scratch\nCOPY Dockerfile /\n' >ctx/Dockerfile
	sed -i "/^$WHO:/d" /etc/subuid /etc/subgid
	run his build ctx
	assert_status 6
	assert_output_has "/etc/subuid gives user $WHO no subordinate ids" "usermod --add-subuids "
	eval "$(grep -o 'usermod .*' <<<"$output")"
	run his build ctx
	assert_status 0
}

@test "rootless: without newuidmap its package is said" {
	printf 'FROM scratch\nCOPY Dockerfile /\n' >ctx/Dockerfile
	mkdir bin
	run user env PATH="$BATS_TEST_TMPDIR/bin" "$BATS_FILE_TMPDIR/bin/plimsoll" build ctx
	assert_status 6
	assert_output_has "start 'newuidmap'" "apt-get install uidmap"
}

@test "rootless: an owner beyond the user's ids is refused by name" {
	mkdir a
	echo 1 >a/far
	tar -cf ctx/a.tar --owner=far:700000 --group=root:0 --numeric-owner a
	printf 'FROM scratch\nADD a.tar /\n' >ctx/Dockerfile
	run plimsoll build ctx
	assert_status 0
	run his build ctx
	assert_status 6
	assert_output_has "'a': owner 700000:0 is not among the ids of this user" "usermod --add-subuids"
	printf 'FROM scratch\nCOPY --chown=700000 a.tar /\n' >ctx/Dockerfile
	run his build ctx
	assert_status 6
	assert_output_has "700000" "not among the ids"
}

@test "rootless: a state folder of somebody else" {
	printf 'FROM scratch\nCOPY Dockerfile /\n' >ctx/Dockerfile
	plimsoll build ctx
	run his --state "$STATE" images
	assert_status 6
	assert_output_has "state folder '$STATE' belongs to user 0, and this is user $(id -u $WHO)"
	run his --state "$STATE" build ctx
	assert_status 6
	assert_output_has "belongs to user 0"
	his build ctx
	run "$PLIMSOLL" --state "$HIS/.local/share/plimsoll" build ctx
	assert_status 6
	assert_output_has "belongs to user $(id -u $WHO), and this is user 0"
}

# --- at once, and cut short ---

@test "rootless: two builds at once" {
	both_begin
	mkdir ctx2
	printf 'FROM base\nRUN echo one > /one && sleep 1\nRUN ls / > /two\n' >ctx/Dockerfile
	printf 'FROM base\nRUN echo other > /one && sleep 1\nRUN ls / > /two\n' >ctx2/Dockerfile
	his build --network none -q ctx >one 2>&1 3>&- &
	local first=$!
	his build --network none -q ctx2 >two 2>&1 3>&- &
	local second=$!
	wait "$first" || fail "first: $(cat one)"
	wait "$second" || fail "second: $(cat two)"
	assert_eq "$(cat one)" "$(plimsoll build --network none -q ctx)"
	assert_eq "$(cat two)" "$(plimsoll build --network none -q ctx2)"
}

running() { # text in a command line
	pgrep -u "$WHO" -f "$1" >/dev/null
}

@test "rootless: killed in the middle of a step, nothing is left" {
	local pid victim
	both_begin
	printf 'FROM base\nRUN sleep 765\n' >ctx/Dockerfile
	for victim in plimsoll plimsoll-super crun; do
		his build --network none -q ctx >log 2>&1 3>&- &
		pid=$!
		wait_for 20 running "sleep 765"
		pkill -KILL -u "$WHO" -x "$victim"
		wait "$pid" || true
		wait_for 10 gone
	done
	printf 'FROM base\nRUN echo 1 > /done\n' >ctx/Dockerfile
	both_build
}

gone() {
	! pgrep -u "$WHO" >/dev/null
}

@test "rootless: interrupted, it ends the step and says so" {
	both_begin
	printf 'FROM base\nRUN sleep 766\n' >ctx/Dockerfile
	his build --network none -q ctx >log 2>&1 3>&- &
	local pid=$!
	wait_for 20 running "sleep 766"
	pkill -TERM -u "$WHO" -x plimsoll
	local status=0
	wait "$pid" || status=$?
	assert_eq "$status" 130
	wait_for 5 gone
	run find "$HIS/.local/share/plimsoll/containers" "$HIS/.local/share/plimsoll/tmp" -mindepth 1 -maxdepth 1 -type d
	assert_eq "$output" ""
}
