# The end of a container in the foreground: it is told before its supervisor cleans up, and nobody notices.

load ../lib/common
load ../lib/containers

setup_file() {
	base_root sh true sleep || return 0
	base_state
}
setup() { containers_setup jq; }
teardown() {
	[ -z "${FIRST:-}" ] || kill -9 "$FIRST" 2>/dev/null || true
	containers_teardown
}

exits() { # entries of the trail
	plimsoll --format json trail show | jq -s "[.. | objects | select(.kind? == \"exit\")] | length"
}

folders() {
	find "$STATE/containers" -mindepth 1 -maxdepth 1 -type d
}

@test "its name is free at once, its end is in trail and events at once" {
	local n
	for n in 1 2 3; do
		in_c --name same base:1 sh -c "exit $n"
		assert_status "$n"
		assert_eq "$(exits)" "$n"
	done
	in_c --name same base:1 true
	assert_status 0
	run plimsoll events --since 1h --until 0s --filter event=destroy
	assert_eq "$(grep -c "destroy" <<<"$output")" 4
}

@test "one that is kept is over for every command" {
	run plimsoll run --name kept --network none base:1 sh -c 'exit 7'
	assert_status 7
	run plimsoll inspect --format '{{.State.Status}} {{.State.ExitCode}}' kept
	assert_eq "$output" "exited 7"
	run plimsoll start --attach kept
	assert_status 7
	plimsoll rm kept
	assert_eq "$(folders)" ""
}

@test "a published port is free at once" {
	need_cmd pasta
	local port n
	port=$(free_port)
	for n in 1 2 3; do
		run plimsoll run --rm -p "127.0.0.1:$port:8080" base:1 true
		assert_status 0
	done
}

# Past the gate: who ran it has said so, and has nothing left to do but to wait.
sleeps() {
	[ "$(cat "/proc/$(cat "$STATE"/containers/*/pidfile)/comm")" = sleep ]
}

# Stopped, so that its supervisor waits for it.
run_stopped() {
	"$PLIMSOLL" --state "$STATE" run --rm --name held --network none base:1 sleep 60 &
	FIRST=$!
	wait_for 10 eval 'compgen -G "$STATE/containers/*/pidfile" >/dev/null'
	wait_for 20 sleeps
	kill -STOP "$FIRST"
	kill -9 "$(cat "$STATE"/containers/*/pidfile)"
	wait_for 20 eval 'compgen -G "$STATE/containers/*/exit" >/dev/null'
	wait_for 20 sits_alone
}

goes_on() {
	kill -CONT "$FIRST"
	status=0
	wait "$FIRST" || status=$?
	assert_status 137
	FIRST=''
}

supervisor() {
	jq .monitorPid "$STATE"/containers/*/state.json
}

# In a session of its own, and none of the caller's files.
sits_alone() {
	local pid fd
	pid=$(supervisor)
	[ "$(ps -o sid= -p "$pid" | tr -d ' ')" = "$pid" ] || return 1
	for fd in 0 1 2; do
		[ "$(readlink "/proc/$pid/fd/$fd")" = /dev/null ] || return 1
	done
	[ "$(readlink "/proc/$pid/cwd")" = / ]
}

@test "until who ran it has read what it left, the folder stays; then the supervisor removes it" {
	run_stopped
	[ "$(folders)" ] || fail "the folder is gone"
	goes_on
	assert_eq "$(exits)" 1
	assert_eq "$(folders)" ""
}

@test "a supervisor that is killed while it cleans up: the next command does it" {
	run_stopped
	kill_9 "$(supervisor)"
	plimsoll ps --all
	assert_eq "$(folders)" ""
	assert_eq "$(exits)" 1
	goes_on
	plimsoll trail verify
}

@test "who ran it is killed before it has read: the supervisor cleans up" {
	run_stopped
	kill_9 "$FIRST"
	FIRST=''
	assert_eq "$(exits)" 1
	assert_eq "$(folders)" ""
}

# crun is slowed where it removes its notes, by a tracer that is no child's parent.
slow_crun() {
	mkdir -p slow
	cat >slow/crun <<-EOF2
		#!/bin/sh
		case " \$* " in *" run "*) exec strace -D -qq -o /dev/null -e trace=unlinkat -e inject=unlinkat:delay_enter=1s $(command -v crun) "\$@" ;; esac
		exec $(command -v crun) "\$@"
	EOF2
	chmod +x slow/crun
}

runtime_runs() {
	pgrep -f "crun .*--root=$STATE/containers/.* run " >/dev/null
}

@test "a status of 0 is told before the runtime has removed its notes; the supervisor awaits it" {
	need_cmd strace
	[ "$(printf '%s\n' 6.15 "$(uname -r)" | sort -V | head -1)" = 6.15 ] || skip "the kernel tells no process's end before Linux 6.15"
	slow_crun
	"$PLIMSOLL" --state "$STATE" run --rm --network none --runtime "$PWD/slow/crun" base:1 true </dev/null >/dev/null 2>&1
	runtime_runs
	plimsoll ps --all >/dev/null
	run runtime_runs
	assert_status 1
	assert_eq "$(folders)" ""
	# Another status may be an error that the runtime tells.
	run "$PLIMSOLL" --state "$STATE" run --rm --network none --runtime "$PWD/slow/crun" base:1 sh -c 'exit 3'
	assert_status 3
	run runtime_runs
	assert_status 1
}
