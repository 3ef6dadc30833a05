#!/usr/bin/env bats
# plimsoll attach: streams, signals, the keys that leave it, and what cannot be joined.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root stty cat || return 0
	base_state
}
setup() { containers_setup; }
teardown() { containers_teardown; }

attach() { timeout 30 "$PLIMSOLL" --state "$STATE" attach "$@"; }

@test "both ways, the streams apart, until it ends: its exit status" {
	plimsoll run -di --name c --network none base:1 sh -c 'while read -r x; do echo "got $x"; echo "bad $x" >&2; done; exit 7' >/dev/null
	run --separate-stderr attach c < <(printf 'one\ntwo\n'; sleep 1)
	assert_status 7
	assert_eq "$output" "$(printf 'got one\ngot two')"
	assert_eq "$stderr" "$(printf 'bad one\nbad two')"
	assert_eq "$(plimsoll logs c 2>/dev/null)" "$(printf 'got one\ngot two')"
	assert_eq "$(plimsoll events --since 1h --until 0s --filter container=c --filter event=attach | wc -l)" 1
}

@test "--no-stdin, and two at once" {
	plimsoll run -di --name c --network none base:1 sh -c 'read -r x; echo "got $x"' >/dev/null
	attach --no-stdin c <<<never >one &
	local first=$!
	sleep 1
	attach c < <(echo word; sleep 1) >two
	wait "$first"
	assert_eq "$(cat one two)" "$(printf 'got word\ngot word')"
}

@test "signals are handed on, and with --sig-proxy=false leave it" {
	plimsoll run -d --name c --network none base:1 sh -c 'trap "echo TERM; exit 3" TERM; while :; do sleep 0.1; done' >/dev/null
	"$PLIMSOLL" --state "$STATE" attach --sig-proxy=false c &
	local pid=$!
	sleep 1
	kill -TERM "$pid"
	wait "$pid"
	assert_eq "$(plimsoll inspect -f '{{.State.Running}}' c)" true
	"$PLIMSOLL" --state "$STATE" attach c >out &
	pid=$!
	sleep 1
	kill -TERM "$pid"
	local status=0
	wait "$pid" || status=$?
	assert_eq "$status" 3
	assert_eq "$(cat out)" TERM
	assert_eq "$(plimsoll wait c)" 3
}

@test "a terminal: its size, ctrl-c for the container, ctrl-p ctrl-q to leave" {
	plimsoll run -dit --name c --network none base:1 sh >/dev/null
	run python3 "$PLIMSOLL_SRC/tests/lib/attach_tty.py" "$PLIMSOLL" --state "$STATE" attach c
	assert_output_has "exit 0"
	assert_eq "$(plimsoll inspect -f '{{.State.Running}}' c)" true
	assert_eq "$(plimsoll events --since 1h --until 0s --filter event=detach | wc -l)" 1
}

@test "what cannot be joined" {
	plimsoll create --name c --network none base:1 true >/dev/null
	run attach c
	assert_status 2
	assert_output_has "not running" "start --attach"
	run attach nosuch
	assert_status 5
	run attach --detach-keys ctrl-Q c
	assert_status 2
	"$PLIMSOLL" --state "$STATE" run --name fore --network none base:1 sleep 60 </dev/null >/dev/null 2>&1 &
	wait_for 10 plimsoll exec fore sh -c :
	run attach fore
	assert_status 2
	assert_output_has foreground
	plimsoll run -d --name p --network none base:1 sleep 60 >/dev/null
	plimsoll pause p
	run attach p
	assert_status 2
	assert_output_has unpause
	plimsoll rm -f fore p
}
