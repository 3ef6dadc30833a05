#!/usr/bin/env bats
# Options of docker's and podman's around several containers: logs, pause --all, --cidfile, rm --time.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root || return 0
	base_state
}

setup() { containers_setup; }

teardown() { containers_teardown; }

@test "logs: several, with their names, the newest's" {
	plimsoll run -d --name a --network none base:1 sh -c 'echo one; echo two >&2'
	plimsoll run -d --name b --network none base:1 sh -c 'echo three'
	plimsoll wait a b >/dev/null
	run plimsoll logs --names a b
	assert_output_has "a one" "a two" "b three"
	assert_eq "$(plimsoll logs -l)" three
	assert_eq "$(plimsoll logs --details -n 1 a b 2>/dev/null)" three
	assert_eq "$(plimsoll logs -n all a b 2>/dev/null | tr '\n' ' ')" "one three "
	run plimsoll logs -l a
	assert_status 2
	run plimsoll logs
	assert_status 2
}

@test "pause --all, unpause --all: those of which it can be" {
	plimsoll run -d --name a --network none base:1 sleep 60
	plimsoll run -d --name b --network none base:1 sleep 60
	plimsoll create --name c --network none base:1 true
	plimsoll pause a
	plimsoll pause --all
	assert_eq "$(plimsoll ps --filter status=paused -q | wc -l)" 2
	plimsoll unpause -a
	assert_eq "$(plimsoll ps --filter status=paused -q | wc -l)" 0
	run plimsoll unpause --all
	assert_status 0
	run plimsoll pause
	assert_status 2
	run plimsoll pause -a b
	assert_status 2
}

@test "--cidfile of kill, stop and rm; stop --ignore; rm --force --time" {
	plimsoll run -d --cidfile a.cid --name a --network none base:1 sh -c 'trap "exit 9" TERM; echo ready; while :; do sleep 0.1; done'
	wait_for 10 sh -c '"$PLIMSOLL" --state "$0" logs a | grep -q ready' "$STATE"
	plimsoll stop --cidfile a.cid --timeout 20
	assert_eq "$(plimsoll inspect -f '{{.State.ExitCode}}' a)" 9
	plimsoll start a
	plimsoll kill --cidfile a.cid -s SIGKILL
	assert_eq "$(plimsoll wait a)" 137
	run plimsoll stop --ignore nosuch
	assert_status 0
	assert_eq "$output" ""
	run plimsoll stop --cidfile nosuch.cid
	assert_status 5
	plimsoll start a
	wait_for 10 sh -c '[ "$("$PLIMSOLL" --state "$0" logs a | grep -c ready)" = 2 ] || [ "$("$PLIMSOLL" --state "$0" logs a | grep -c ready)" = 3 ]' "$STATE"
	run plimsoll rm --time 5 a
	assert_status 2
	plimsoll rm -f -t 20 --cidfile a.cid
	assert_eq "$(plimsoll events --stream=false --filter event=die --format '{{.ContainerExitCode}}' | tail -n 1)" 9
	assert_eq "$(plimsoll ps -aq)" ""
}
