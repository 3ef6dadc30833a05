#!/usr/bin/env bats
# Issue 2, "Bad input": whatever goes wrong, there is a clear error, the documented exit status, nothing half-written, no
# mount, process or control group left, and the next command works. Hostile registries have registry_hostile.bats.

load ../lib/common
load ../lib/build
load ../lib/registry
bats_require_minimum_version 1.5.0

setup_file() {
	export BASE_TAR=$BATS_FILE_TMPDIR/base.tar
	host_rootfs "$BATS_FILE_TMPDIR/root" ln mkdir rm
	ln -s ../run/systemd/resolve/stub-resolv.conf "$BATS_FILE_TMPDIR/root/etc/resolv.conf"
	mkdir "$BATS_FILE_TMPDIR/root/run"
	tar -C "$BATS_FILE_TMPDIR/root" --numeric-owner --owner=0 --group=0 -cf "$BASE_TAR" .
}

setup() {
	common_setup
	mkdir ctx
}

teardown() {
	registry_stop
	bad_registry_stop
	rm -rf "${NOBODY:-/nonexistent}"
	local ballast
	for ballast in "$STATE" cgroup; do # what a failed test did not unmount
		mountpoint -q "$ballast" && umount -l "$ballast"
	done
	common_teardown
}

with_base() {
	need_root
	need_cmd crun conmon pasta
	plimsoll trust init >/dev/null
	plimsoll advisories import "$PLIMSOLL_SRC/examples/advisories" >/dev/null
	plimsoll import "$BASE_TAR" base:1 >/dev/null
}

# Every blob is what its name says, no temporary file is left but locks, and the trail is whole.
state_is_whole() {
	local blob left
	for blob in "$STATE"/blobs/sha256/*; do
		[ -e "$blob" ] || continue
		[ "$(sha256sum <"$blob")" = "$(basename "$blob")  -" ] || fail "blob is not its digest: $blob"
	done
	left=$(find "$STATE/tmp" -mindepth 1 ! -name '*.lock' 2>/dev/null || true)
	[ -z "$left" ] || fail "left in tmp:" "$left"
	[ ! -e "$STATE/trail" ] || "$PLIMSOLL" --state "$STATE" trail verify || fail "trail verify: $?"
}

# The next command after a failure: build, and where a container can run, run.
next_works() {
	printf 'FROM base:1\nRUN echo next >/next\nCMD ["cat", "/next"]\n' | dockerfile
	run plimsoll build --network none --no-cache -t next ctx
	assert_status 0
	plimsoll sign next
	run plimsoll run --rm --network none next
	assert_status 0
	assert_eq "${lines[-1]}" next
	state_is_whole
}

# --- a Dockerfile and its base ---

@test "no Dockerfile, an unknown instruction, no base, an unsigned base" {
	with_base
	run plimsoll build ctx
	assert_status 5
	assert_output_has "Dockerfile"
	printf 'FROM base:1\nRUNN true\n' | dockerfile
	run plimsoll build ctx
	assert_status 5
	assert_output_has "Dockerfile:2" "RUNN" "^"
	printf 'FROM nosuch:1\n' | dockerfile
	run plimsoll build ctx
	assert_status 5
	assert_output_has "nosuch:1" "plimsoll import"
	printf 'FROM scratch\nCOPY Dockerfile /\n' | dockerfile
	plimsoll build -t unsigned ctx
	printf 'FROM unsigned\n' | dockerfile
	run plimsoll build ctx
	assert_status 4
	assert_output_has unsigned
	next_works
}

@test "RUN where /etc/resolv.conf is a link to what is not there, as in Debian" {
	with_base
	printf 'FROM base:1\nRUN cat /etc/resolv.conf >/seen; ls /run >>/seen; echo done >>/seen\n' | dockerfile
	run plimsoll build --network none -t t ctx
	assert_status 0
	# The layer has what the step wrote, and nothing of ours.
	layer=$(plimsoll inspect t | jq -r '.manifest.layers[-1].digest')
	assert_eq "$(tar tzf "$STATE/blobs/sha256/${layer#sha256:}")" seen
	[[ "$(tar xzOf "$STATE/blobs/sha256/${layer#sha256:}" seen)" == *done ]]
}

@test "RUN where /etc/resolv.conf is a link into what is the kernel's, to a folder, or a circle" {
	with_base
	for target in /proc/1/environ ../dev/null ../tmp resolv.conf ../../../../etc/../sys/x; do
		printf 'FROM base:1\nRUN rm /etc/resolv.conf && ln -s %s /etc/resolv.conf\nRUN true\n' "$target" | dockerfile
		run timeout 50 "$PLIMSOLL" --state "$STATE" build --network none ctx
		[ "$status" != 0 ] && [ "$status" != 70 ] && [ "$status" != 124 ] || fail "$target: $status" "$output"
		assert_output_has "Dockerfile:3" resolv.conf
	done
	# One that leads out by absolute and relative ways stays within the image.
	mkdir host
	printf 'FROM base:1\nRUN rm /etc/resolv.conf && ln -s %s/host/made /etc/resolv.conf\nRUN true\n' "$PWD" | dockerfile
	run plimsoll build --network none -t t ctx
	assert_status 0
	assert_eq "$(ls host)" ""
	next_works
}

# --- a registry that is down or answers nonsense ---

@test "a registry that is down: ship and run exit 7" {
	with_base
	printf 'FROM base:1\nCMD ["cat", "/etc/passwd"]\n' | dockerfile
	port=$(free_port)
	run timeout 50 "$PLIMSOLL" --state "$STATE" ship -t "127.0.0.1:$port/web:1" ctx
	assert_status 7
	assert_output_has "127.0.0.1:$port"
	run timeout 50 "$PLIMSOLL" --state "$STATE" run --rm "127.0.0.1:$port/other:1"
	assert_status 7
	assert_output_has "127.0.0.1:$port"
	next_works
}

@test "a registry that answers nonsense: ship and run exit 7" {
	with_base
	printf 'FROM base:1\nCMD ["cat", "/etc/passwd"]\n' | dockerfile
	port=$(free_port)
	python3 -c '
import socket, sys
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    c, _ = s.accept()
    c.recv(4096)
    c.sendall(b"\x1b[2J\0" + b"nonsense " * 1000)
    c.close()
' "$port" 3>&- &
	REGISTRY_PID=$! # for registry_stop
	wait_for 10 bash -c "exec 3<>/dev/tcp/127.0.0.1/$port" 2>/dev/null
	run timeout 50 "$PLIMSOLL" --state "$STATE" ship -t "127.0.0.1:$port/web:1" ctx
	assert_status 7
	refute_output_has $'\e'
	run timeout 50 "$PLIMSOLL" --state "$STATE" run --rm "127.0.0.1:$port/other:1"
	assert_status 7
	refute_output_has $'\e'
	next_works
}

# --- a full disk ---

# A state folder of SIZE that fills up, with a base in it.
small_state() { # size
	need_root
	mkdir -p "$STATE"
	mount -t tmpfs -o "size=$1" tmpfs "$STATE" || skip "no mount here"
}

# Runs plimsoll with all but so much of the state's space taken, then gives it back.
when_full() { # KiB-left command...
	local left=$1 free
	shift
	free=$(df --output=avail -k "$STATE" | tail -1)
	dd if=/dev/zero of="$STATE/ballast" bs=1k count=$((free - left)) status=none
	run timeout 50 "$PLIMSOLL" --state "$STATE" "$@"
	rm "$STATE/ballast"
}

full() { # [status]
	assert_status "${1:-6}"
	[[ "$output" == *"No space left"* || "$output" == *"disk is full"* ]] || fail "$output"
	refute_output_has "a bug"
}

@test "a full disk: import, advisories, keys, trail" {
	small_state 64m
	when_full 0 trust init
	full
	plimsoll trust init >/dev/null
	when_full 0 advisories import "$PLIMSOLL_SRC/examples/advisories"
	full
	plimsoll advisories import "$PLIMSOLL_SRC/examples/advisories" >/dev/null
	for left in 0 40 400 1500; do
		when_full $left import "$BASE_TAR" base:1
		full
		run plimsoll images -q
		assert_eq "$output" ""
		state_is_whole
	done
	plimsoll import "$BASE_TAR" base:1 >/dev/null
	when_full 0 verify base:1 # is written to the trail
	[ "$status" = 6 ] || [ "$status" = 0 ] || fail "$status" "$output"
	next_works
	umount "$STATE"
}

@test "a full disk: build, in the step and in its layer, and run" {
	small_state 64m
	with_base
	printf 'FROM base:1\nRUN cat /dev/zero >/big\n' | dockerfile
	run timeout 50 "$PLIMSOLL" --state "$STATE" build --network none ctx
	[ "$status" = 5 ] || [ "$status" = 6 ] || fail "status $status" "$output"
	assert_output_has "No space left"
	state_is_whole
	head -c 6000000 /dev/urandom >ctx/random
	printf 'FROM base:1\nCOPY random /\n' | dockerfile
	for left in 8 100 2000 7000; do # before, in and after the copy
		when_full $left build --network none --no-cache -t big ctx
		full
		run plimsoll inspect big
		assert_status 5
		state_is_whole
	done
	plimsoll build --network none -t big ctx
	plimsoll sign big
	when_full 0 run --rm --network none big cat /etc/passwd
	full 125 # it could not be started, as docker says it
	[ -z "$(plimsoll ps -aq)" ] || fail "$(plimsoll ps -a)"
	next_works
	umount "$STATE"
}

# --- what the machine lacks ---

# Runs plimsoll where only these programs are.
with_only() { # "program..." command...
	local p
	# Not below /tmp: what pasta sees there is its own (run/network/network_view.h).
	PROGRAMS=$(mktemp -d /var/tmp/plimsoll-programs.XXXXXX)
	for p in $1; do ln -s "$(command -v "$p")" "$PROGRAMS/"; done
	shift
	run env PATH="$PROGRAMS" "$PLIMSOLL" --state "$STATE" "$@"
	rm -rf "$PROGRAMS"
}

@test "crun, conmon or pasta is not installed, or PATH is empty" {
	with_base
	printf 'FROM base:1\nRUN true\n' | dockerfile
	with_only "conmon pasta" build --no-cache ctx
	assert_status 6
	assert_output_has "Dockerfile:2" "apt-get install crun"
	with_only "conmon pasta" run --rm base:1 ls
	assert_status 125
	assert_output_has "apt-get install crun"
	with_only "crun pasta" run -d base:1 sleep 20
	assert_status 125
	assert_output_has "apt-get install conmon"
	with_only "crun conmon" build --no-cache ctx
	assert_status 6
	assert_output_has "apt-get install passt"
	for how in --rm -d; do
		with_only "crun conmon" run $how base:1 sleep 20
		assert_status 125
		assert_output_has "apt-get install passt"
	done
	run env PATH= "$PLIMSOLL" --state "$STATE" build --no-cache ctx
	assert_status 6
	assert_output_has "apt-get install"
	assert_eq "$(plimsoll ps -aq)" ""
	next_works
}

@test "no program of the current folder is run for one that PATH has not" {
	with_base
	printf 'FROM base:1\nRUN true\n' | dockerfile
	for p in crun conmon pasta; do
		printf '#!/bin/sh\necho ran >"%s/ran"\n' "$PWD" >"$p"
		chmod 755 "$p"
	done
	for path in "" "." ":" "x::y"; do
		run env PATH="$path" "$PLIMSOLL" --state "$STATE" build --no-cache ctx
		assert_status 6
	done
	[ ! -e ran ] || fail "a program of the current folder was run"
	next_works
}

@test "no control groups are mounted" {
	with_base
	printf 'FROM base:1\nRUN true\n' | dockerfile
	# shellcheck disable=SC2016
	run unshare -m sh -c 'umount -l -R /sys/fs/cgroup; "$PLIMSOLL" --state "$0" build --no-cache ctx' "$STATE"
	assert_status 6
	assert_output_has "Dockerfile:2" "control groups" "mount -t cgroup2"
	# shellcheck disable=SC2016
	run unshare -m sh -c 'umount -l -R /sys/fs/cgroup; "$PLIMSOLL" --state "$0" run base:1 ls' "$STATE"
	assert_status 125
	assert_output_has "control groups" "mount -t cgroup2"
	assert_eq "$(plimsoll ps -aq)" ""
	next_works
}

@test "a user without subordinate ids" {
	need_root
	NOBODY=$(mktemp -d /tmp/plimsoll-nobody.XXXXXX) # bats' own folders are closed to others
	cp "$PLIMSOLL" "$BASE_TAR" "$NOBODY"
	mkdir "$NOBODY/home"
	chmod 755 "$NOBODY" "$NOBODY/plimsoll"
	chmod 777 "$NOBODY/home"
	as_nobody() {
		(cd "$NOBODY" && setpriv --reuid 65534 --regid 65534 --clear-groups env HOME="$NOBODY/home" ./plimsoll --state home/state "$@")
	}
	as_nobody trust init
	mkdir "$NOBODY/ctx"
	printf 'FROM scratch\nCOPY Dockerfile /\n' >"$NOBODY/ctx/Dockerfile"
	for command in 'import base.tar base:1' 'build ctx'; do
		# shellcheck disable=SC2086
		run as_nobody $command
		assert_status 6
		assert_output_has "subordinate ids" "usermod --add-subuids"
	done
	run as_nobody run base:1 ls
	assert_status 6
	assert_output_has "subordinate ids" "usermod --add-subuids"
	refute_output_has "a bug"
	run as_nobody images
	assert_status 0
	assert_eq "$(as_nobody ps -aq)" ""
}

# --- archives and layers that climb out ---

# Each hostile member set as NAME.tar.gz; all of them aim at $PWD/out or at files of the host's.
hostile_archives() {
	mkdir -p out hostile
	echo precious >out/file
	/usr/bin/python3 - "$PWD" <<-'PY'
	import io, os, sys, tarfile
	here = sys.argv[1]
	up = "../" * 24
	REG, SYM, HARD, DIR, CHR, BLK, FIFO = (tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE,
	                                       tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)
	cases = {
	    "dots": [(up + here + "/out/escaped", REG, "")],
	    "dots-inside": [("a/../../../out/escaped", REG, "")],
	    "absolute": [(here + "/out/escaped", REG, "")],
	    "dots-folder": [("..", DIR, ""), ("../escaped", REG, "")],
	    "link-absolute": [("l", SYM, here + "/out"), ("l/escaped", REG, "")],
	    "link-relative": [("l", SYM, up + here + "/out"), ("l/escaped", REG, "")],
	    "link-chain": [("a", SYM, "."), ("a/b", SYM, here + "/out"), ("b/escaped", REG, "")],
	    "link-over": [("f", SYM, here + "/out/file"), ("f", REG, "")],
	    "link-folder": [("d", SYM, here + "/out"), ("d", DIR, ""), ("d/escaped", REG, "")],
	    "hard-dots": [("h", HARD, up + here + "/out/file"), ("h", REG, "")],
	    "hard-absolute": [("h", HARD, here + "/out/file")],
	    "hard-over-link": [("l", SYM, here + "/out/file"), ("h", HARD, "l"), ("h", REG, "")],
	    "hard-link-folder": [("l", SYM, here + "/out"), ("h", HARD, "l/file")],
	    "whiteout-dots": [("l", SYM, here + "/out"), ("l/.wh.file", REG, "")],
	    "whiteout-up": [(".wh...", REG, "")],
	    "opaque-link": [("l", SYM, here + "/out"), ("l/.wh..wh..opq", REG, "")],
	    "device-char": [("dev/kmsg", CHR, "")],
	    "device-block": [("disk", BLK, "")],
	}
	for name, members in cases.items():
	    with tarfile.open(f"hostile/{name}.tar.gz", "w:gz") as t:
	        for path, kind, link in members:
	            i = tarfile.TarInfo()
	            i.name, i.type, i.linkname, i.mode = path, kind, link, 0o755
	            i.devmajor, i.devminor = 8, 0
	            data = b"hostile" if kind == REG and ".wh." not in path else b""
	            i.size = len(data)
	            t.addfile(i, io.BytesIO(data))
	PY
}

nothing_escaped() { # case
	assert_eq "$(ls out) $(cat out/file) $(stat -c %h out/file)" "file precious 1"
	[ ! -e "$BATS_TEST_TMPDIR/../escaped" ] || fail "$1 escaped"
	# No device anywhere in the state but overlay's own whiteouts, 0:0.
	[ -z "$(find "$STATE" \( -type c -o -type b \) -exec stat -c '%t:%T %n' {} + | grep -v '^0:0 ')" ] ||
		fail "$1: a device in the state folder"
	refute_output_has "a bug" precious
}

@test "import of archives that climb out" {
	with_base
	hostile_archives
	for archive in hostile/*.tar.gz; do
		run timeout 50 "$PLIMSOLL" --state "$STATE" import "$archive" hostile:1
		[ "$status" = 5 ] || [ "$status" = 0 ] || fail "$archive: $status" "$output"
		nothing_escaped "$archive"
		if [ "$status" = 0 ]; then # nothing that reaches out, once unpacked: a link is only a link
			plimsoll run --rm --network none --entrypoint /x hostile:1 >said 2>&1 && fail "ran"
			nothing_escaped "$archive"
			plimsoll rmi hostile:1
		fi
	done
	state_is_whole
	next_works
}

@test "pull, sign and run of a hostile image" {
	with_base
	hostile_archives
	local names="dots link-absolute link-over hard-absolute hard-over-link whiteout-dots opaque-link device-char"
	for name in $names; do
		/usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/make_image.py" layout "h:$name" "$BASE_TAR" "hostile/$name.tar.gz" >/dev/null
	done
	bad_registry_start layout fine
	for name in $names; do
		run timeout 50 "$PLIMSOLL" --state "$STATE" pull "$BAD/h:$name"
		[ "$status" = 0 ] || [ "$status" = 5 ] || fail "pull $name: $status" "$output"
		nothing_escaped "$name"
		[ "$status" = 0 ] || continue
		plimsoll sign "$BAD/h:$name" >/dev/null
		run timeout 50 "$PLIMSOLL" --state "$STATE" run --rm --network none "$BAD/h:$name" ls /
		[ "$status" = 0 ] || [ "$status" = 125 ] || [ "$status" = 5 ] || fail "run $name: $status" "$output"
		nothing_escaped "$name"
		assert_eq "$(plimsoll ps -aq)" ""
	done
	next_works
}
