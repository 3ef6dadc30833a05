#!/usr/bin/env bats
# The storms of storm.bats as an ordinary user: with control groups of his own, and without any. There is no cgroup and no
# monitor of root's then: a container ends with its nest, and what is left is found by the next command.
#
# STORM_PARALLEL (20) containers at once, STORM_SEQUENCE (30) in sequence.

bats_require_minimum_version 1.5.0

load ../lib/common
load ../lib/user
load ../lib/storm

WHO=plimsoll-test-storm

setup_file() {
	user_make || return 0
	user_image true
}

teardown_file() {
	[ "$(id -u)" != 0 ] || user_remove
}

setup() {
	user_setup
	need_cmd crun conmon pasta jq
	user_begin
	STATE=$HIS/.local/share/plimsoll
	STORM_PARALLEL=${STORM_PARALLEL:-20}
	STORM_SEQUENCE=${STORM_SEQUENCE:-30}
	STORM_PORT=24000 # storm.bats may run beside
	if [[ "$BATS_TEST_DESCRIPTION" == without* ]]; then
		his_policy 'run:' '  without: [memory-limit, cpu-limit]'
	else
		his_groups
	fi
	plimsoll -q tag base:1 storm:1 >/dev/null
	plimsoll -q sign storm:1 >/dev/null
	plimsoll -q run --rm --network none storm:1 true
}

plimsoll() {
	his --state "$STATE" "$@"
}

direct() {
	exec setpriv --reuid "$WHO" --regid "$WHO" --clear-groups --reset-env env HOME="$HIS" NO_COLOR=1 LC_ALL=C.UTF-8 \
		ASAN_OPTIONS="${ASAN_OPTIONS:-}" "$BATS_FILE_TMPDIR/bin/plimsoll" --state "$STATE" "$@"
}

teardown() {
	plimsoll -q rm --all --force >/dev/null 2>&1 || true
	his_groups_remove
	common_teardown
}

@test "with groups: many at once, started and stopped" {
	storm_many
}

@test "with groups: many at once with networks and ports, and kills of everything of ours" {
	storm_kills
}

@test "with groups: many in sequence, each killed at a random instant" {
	storm_sequence
}

@test "with groups: containers that are always started again, while all of ours is killed, end when they are removed" {
	storm_restarts
}

@test "without groups: many at once, started and stopped" {
	storm_many
}

@test "without groups: many at once with networks and ports, and kills of everything of ours" {
	storm_kills
}

@test "without groups: many in sequence, each killed at a random instant" {
	storm_sequence
}

@test "without groups: containers that are always started again, while all of ours is killed, end when they are removed" {
	storm_restarts
}
