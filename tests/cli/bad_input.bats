#!/usr/bin/env bats
# Issue 2, "Bad input": whatever goes wrong, there is a clear error, the documented exit status, nothing half-written, no
# mount, process or control group left, and the next command works. Hostile registries have registry_hostile.bats.

load ../lib/common
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
	common_teardown
}

dockerfile() { # lines on standard input
	cat >ctx/Dockerfile
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
	"$PLIMSOLL" --state "$STATE" trail verify || fail "trail verify: $?"
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

# Prints each process that was started in the background by this test and ends it.
end() { # signal pid
	kill -"$1" "$2"
	wait "$2" || return $?
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
