#!/usr/bin/env bats
# Many containers at once and after one another, while what serves them is killed at random instants: parent,
# supervisor, conmon, pasta, runtime. Afterwards the next command has cleaned up, nothing is left, and every end was told.
#
# STORM_PARALLEL (40) containers at once, STORM_SEQUENCE (60) in sequence; 200 and 1000 are what was asked for.

load ../lib/common
load ../lib/storm

setup() {
	common_setup
	need_root
	need_cmd crun conmon pasta jq
	STORM_PARALLEL=${STORM_PARALLEL:-40}
	STORM_SEQUENCE=${STORM_SEQUENCE:-60}
	STORM_PORT=20000
	host_rootfs root true
	tar -C root --numeric-owner --owner=0 --group=0 -cf root.tar .
	plimsoll -q trust init >/dev/null
	plimsoll -q advisories import "$PLIMSOLL_SRC/examples/advisories" >/dev/null
	plimsoll -q import root.tar storm:1 >/dev/null
	plimsoll -q run --rm --network none storm:1 true # unpacked, once
}

direct() {
	exec "$PLIMSOLL" --state "$STATE" "$@"
}

teardown() {
	local id
	for id in $(plimsoll ps --all --quiet 2>/dev/null); do
		plimsoll -q rm --force "$id" >/dev/null 2>&1 || true
	done
	common_teardown
}

@test "many at once, started and stopped" {
	storm_many
}

@test "many at once with networks and ports, and kills of everything of ours" {
	storm_kills
}

@test "many in sequence, each killed at a random instant" {
	storm_sequence
}

@test "containers that are always started again, while all of ours is killed, end when they are removed" {
	storm_restarts
}
