#!/usr/bin/env bats
# What serves a container has control groups of its own with limits of their own: pasta, conmon, the guard, and what copies
# its output. They go with the container, whoever is killed.

load ../lib/common
load ../lib/containers

setup_file() {
	base_root sleep || return 0
	base_state
}

setup() { containers_setup; }

teardown() { containers_teardown; }

# The folder of the helpers' group that has a limit of memory, v1 or v2.
group() {
	local id
	id=$(basename "$STATE"/containers/????????????????*)
	if [ -d "/sys/fs/cgroup/memory/plimsoll-$id-helpers" ]; then
		echo "/sys/fs/cgroup/memory/plimsoll-$id-helpers"
	else
		echo "/sys/fs/cgroup/plimsoll-$id-helpers"
	fi
}

members() { # names of the programs
	local pid
	while read -r pid; do
		cut -c1-14 "/proc/$pid/comm"
	done <"$(group)/cgroup.procs" | sort -u | tr '\n' ' '
}

no_groups() {
	[ -z "$(find /sys/fs/cgroup -maxdepth 2 -name "plimsoll-$1*" 2>/dev/null)" ]
}

limits() {
	plimsoll run -d --name c base:1 sleep 300 >/dev/null
	local g id
	g=$(group)
	id=$(basename "$STATE"/containers/????????????????*)
	[[ "$(members)" == *conmon*pas*plimsoll-guard* ]] || fail "$(members)"
	assert_eq "$(cat "$g/memory.limit_in_bytes" 2>/dev/null || cat "$g/memory.max")" 268435456
	assert_eq "$(cat "${g/memory/pids}/pids.max")" 128
	plimsoll stop --time 1 c >/dev/null
	wait_for 20 no_groups "$id"
	plimsoll start c >/dev/null
	[ -d "$(group)" ]
	plimsoll rm -f c >/dev/null
	wait_for 20 no_groups "$id"
}

@test "pasta, conmon and the guard of a detached one, with crun and with runc" {
	each_runtime limits
}

@test "in the foreground the guard and who copies are in it, and it is gone at the end" {
	local pid id
	"$PLIMSOLL" --state "$STATE" run --name c --network none base:1 sleep 300 >out 2>&1 3>&- &
	pid=$!
	wait_for 20 running
	id=$(basename "$STATE"/containers/????????????????*)
	[[ "$(members)" == *plimsoll-guard* ]] || fail "$(members)"
	kill -TERM "$pid"
	wait "$pid" || true
	wait_for 20 no_groups "$id"
}

running() {
	[ "$(plimsoll ps --quiet | wc -l)" = 1 ]
}

@test "kill -9 of conmon, and of the supervisor: the next command removes it" {
	local id
	plimsoll run -d --name c --network none base:1 sleep 300 >/dev/null
	id=$(basename "$STATE"/containers/????????????????*)
	kill -9 "$(cat "$STATE/containers/$id/conmon.pid")"
	plimsoll ps >/dev/null
	wait_for 20 no_groups "$id"
}
