#!/usr/bin/env bats
# A container is made while it is still decided about, and nothing of its image runs before that is written down. The
# decision is held up by the trail's lock, which its entry needs.

load ../lib/common
bats_require_minimum_version 1.5.0

setup() {
	common_setup
	need_root
	need_cmd crun conmon pasta flock
	host_rootfs root touch true
	mkdir out
	chmod 0777 out
	tar -C root --numeric-owner --owner=0 --group=0 -cf root.tar .
	plimsoll -q trust init >/dev/null
	plimsoll -q advisories import "$PLIMSOLL_SRC/examples/advisories" >/dev/null
	plimsoll -q import root.tar gate:1 >/dev/null
	plimsoll -q run --rm --network none gate:1 true # unpacked, once
	before=$(entries)
}

teardown() {
	plimsoll -q rm --force held >/dev/null 2>&1 || true
	common_teardown
}

entries() { # how many decisions and runs the trail has
	plimsoll --format json trail show | grep -cE '"kind":"(admit|run)"'
}

hold_trail() { # sets $holder; it holds the lock until it is killed
	flock "$STATE/trail/lock" sleep 60 3>&- &
	holder=$!
	wait_for 5 held
}

held() {
	! flock --nonblock "$STATE/trail/lock" true
}

let_go() {
	pkill -P "$holder" sleep || true
	wait "$holder" 2>/dev/null || true
}

made() { # the container's first process waits, or is not started yet
	compgen -G "$STATE/containers/*/pidfile" >/dev/null
}

no_container() {
	plimsoll ps --all >/dev/null # waits for who cleans up
	! compgen -G "$STATE/containers/????????????????*" >/dev/null
}

no_processes() {
	[ -z "$(leftover_processes)" ]
}

run_held() { # [option...]; sets $plimsoll_pid
	"$PLIMSOLL" --state "$STATE" -q run --name held -v "$PWD/out:/out" "$@" gate:1 touch /out/ran >said 2>&1 3>&- &
	plimsoll_pid=$!
}

@test "it is made meanwhile, is not said to run, and runs once that is written down" {
	hold_trail
	run_held --rm --network none
	wait_for 10 made
	sleep 0.3
	[ ! -e out/ran ]
	run plimsoll ps --all
	assert_output_has held
	refute_output_has Up running
	# The command would write down first who asks.
	run "$(dirname "$PLIMSOLL")/../../tests/unit/run/runtool" "$STATE" exec held touch /out/ran
	assert_output_has "not running"
	assert_eq "$(entries)" "$before"
	let_go
	wait "$plimsoll_pid" || fail "$(cat said)"
	[ -e out/ran ]
	assert_eq "$(entries)" $((before + 2))
	no_container
}

@test "detached, too" {
	hold_trail
	run_held --detach --network none
	wait_for 10 made
	sleep 0.3
	[ ! -e out/ran ]
	let_go
	wait "$plimsoll_pid"
	wait_for 10 test -e out/ran
	run plimsoll wait held
	assert_eq "$output" 0
}

@test "with a network, which comes up meanwhile" {
	run plimsoll run --rm gate:1 cat /proc/net/dev
	assert_status 0
	refute_output_has "no such"
	[ "$(grep -c : <<<"$output")" -ge 2 ]
}

@test "kill -9 of plimsoll while it decides: nothing ran, and nothing is left" {
	local how
	for how in --rm --network=none --detach; do
		hold_trail
		run_held "$how"
		wait_for 10 made
		kill -KILL "$plimsoll_pid"
		wait "$plimsoll_pid" || true
		let_go
		wait_for 10 no_processes
		plimsoll run --rm --network none gate:1 true
		run plimsoll ps --all
		refute_output_has held
		no_container
		[ ! -e out/ran ]
	done
}

@test "a signal while it decides ends it, and nothing ran" {
	hold_trail
	run_held --network none
	wait_for 10 made
	kill -TERM "$plimsoll_pid"
	wait "$plimsoll_pid" || true
	let_go
	plimsoll run --rm --network none gate:1 true
	no_container
	[ ! -e out/ran ]
}

@test "a refusal tears down what was made, and is all that is told and written down" {
	local how
	rm -r "$STATE"/trust/truststore/x509/ca/*
	for how in --detach --rm; do
		before=$(entries)
		run plimsoll run "$how" --name held -v "$PWD/out:/out" gate:1 touch /out/ran
		assert_status 4
		assert_eq "$(entries)" $((before + 1))
		no_container
		nothing_left
		[ ! -e out/ran ]
	done
}

@test "a trail that cannot be written: it does not run" {
	: >"$STATE/trail/checkpoint"
	run plimsoll run --rm --network none -v "$PWD/out:/out" gate:1 touch /out/ran
	[ "$status" -ne 0 ]
	no_container
	[ ! -e out/ran ]
}

@test "what is made fails while it is decided: that is told, and the trail has both" {
	run -127 plimsoll run --rm --network none gate:1 /nosuch
	no_container
	assert_eq "$(entries)" $((before + 3))
}

@test "the runtime's program cannot be written through its process, and is executed once" {
	local pid
	"$PLIMSOLL" --state "$STATE" -q run --rm --network none gate:1 sleep 3 >said 2>&1 3>&- &
	plimsoll_pid=$!
	wait_for 10 made
	pid=$(pgrep -f "^[^ ]*crun --root=$STATE" | head -1)
	run sh -c ": >>/proc/$pid/exe"
	[ "$status" -ne 0 ]
	grep -q " $(readlink -f "$(command -v crun)") ro" "/proc/$pid/mountinfo"
	grep -qz '^_LIBCONTAINER_CLONED_BINARY=1$' "/proc/$pid/environ"
	wait "$plimsoll_pid"
}
