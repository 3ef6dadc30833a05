#!/usr/bin/env bats
# The other OCI runtime passes the tests of the first: tests/cli/run.bats, whole, with runc; and a container keeps the
# runtime that it was made with.

load ../lib/common
bats_require_minimum_version 1.5.0

setup() {
	common_setup
	need_root
	need_cmd runc crun conmon pasta jq
}

teardown() { common_teardown; }

@test "the life of a container, by runc" {
	# Its TAP is one case here; what failed in it is told.
	PLIMSOLL_RUNTIME=runc run bats --formatter tap "$PLIMSOLL_SRC/tests/cli/run.bats"
	[ "$status" -eq 0 ] || fail "$output"
	! grep -q '# skip' <<<"$output" || fail "$output"
	[ "$(grep -c '^ok ' <<<"$output")" -ge 24 ] || fail "$output"
}

@test "a container keeps its runtime: exec, stop and rm need no word of it" {
	plimsoll -q trust init
	plimsoll -q advisories import "$PLIMSOLL_SRC/examples/advisories" >/dev/null
	host_rootfs root true
	tar -C root --numeric-owner --owner=0 --group=0 -cf root.tar .
	plimsoll -q import root.tar base:1 >/dev/null
	plimsoll -q run -d --runtime runc --network none --name one base:1 /bin/sh -c 'while :; do read x; done' >/dev/null
	plimsoll -q exec one /bin/true
	assert_eq "$(plimsoll inspect one | jq -r '.[0].HostConfig.Runtime')" runc
	plimsoll -q stop -t 1 one
	plimsoll -q rm one
	run plimsoll -q run --rm --runtime nosuch --network none base:1 /bin/true
	assert_status 125
	assert_output_has nosuch
}
