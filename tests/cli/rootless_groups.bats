#!/usr/bin/env bats
# Containers of an ordinary user who was given control groups: limits of memory, processes and CPU time.

bats_require_minimum_version 1.5.0

load ../lib/common
load ../lib/user

WHO=plimsoll-test-groups

setup_file() {
	user_make || return 0
	user_image mkdir head tail env stat true
}

teardown_file() {
	[ "$(id -u)" != 0 ] || user_remove
}

setup() {
	user_setup
	need_cmd crun conmon
	user_begin
	his_policy 'run:' '  without: []'
}

teardown() {
	his rm -af >/dev/null 2>&1 || true
	his_groups_remove
	common_teardown
}

# Every folder of a container's groups.
groups_of_his() {
	find /sys/fs/cgroup -path "*plimsoll-users/$(id -u "$WHO")/*" -type d
}

no_group() { # also a moment after the end was told
	[ -z "$(groups_of_his)" ]
}

group() { # controller; of the container c
	find "/sys/fs/cgroup/$1/plimsoll-users/$(id -u "$WHO")" -maxdepth 1 -name "plimsoll-*"
}

runtimes() {
	local r
	for r in crun runc; do ! command -v $r >/dev/null || echo $r; done
}

@test "groups of a user: nothing is excused, the limits are set, and the container sees them" {
	local rt
	his_groups
	for rt in $(runtimes); do
		run his run --rm --runtime "$rt" --network none --memory 64m --pids-limit 99 --cpus 0.5 base:1 sh -c \
			'cd /sys/fs/cgroup; for f in memory/memory.limit_in_bytes pids/pids.max cpu/cpu.cfs_quota_us; do
				read x <$f; echo "$x"; done; : >memory/cgroup.procs'
		assert_output_has "67108864" "99" "50000" "Read-only file system"
		refute_output_has "No such file"
		wait_for 10 no_group
	done
}

@test "groups of a user: what uses too much memory is ended, and told why" {
	local rt
	his_groups
	for rt in $(runtimes); do
		run his run --rm --runtime "$rt" --network none --memory 32m base:1 sh -c 'head -c 200m /dev/zero | tail -c 190m; exit 7'
		assert_output_has "Killed" "killed for memory" "--memory 64m"
		wait_for 10 no_group
	done
}

# These processes are in the container's group, and no others.
in_group() { # words
	[ "$(while read -r p; do cat "/proc/$p/comm"; done <"$(group memory)/cgroup.procs" | sort | tr '\n' ' ')" = "$1" ]
}

@test "groups of a user: what makes and watches a container is not counted in its limits" {
	local rt
	his_groups
	for rt in $(runtimes); do
		run his run --rm --runtime "$rt" --network none --memory 6m --pids-limit 3 base:1 sh -c \
			'sleep 0.1 & wait; cat /proc/self/cgroup; echo all of it'
		assert_status 0
		assert_output_has "all of it" "memory:/"
		refute_output_has plimsoll-users
		his run -d --name c --runtime "$rt" --network none --memory 6m --pids-limit 3 -u bob base:1 sleep 1000
		wait_for 5 in_group "sleep "
		assert_eq "$(cat "$(group pids)/pids.current")" 1
		run his exec c id
		assert_output_has "uid=1000(bob)"
		run his exec -u 0 c cat /proc/self/cgroup
		assert_output_has "pids:/"
		refute_output_has plimsoll-users
		his exec -d c sleep 1000
		his exec -d -u 12345 c sleep 1000
		assert_eq "$(cat "$(group pids)/pids.current")" 3
		run his exec c sh -c 'sleep 0 & wait'
		assert_output_has "ork"
		his rm -f c
		wait_for 10 no_group
	done
}

@test "groups of a user: a fork bomb reaches its limit" {
	his_groups
	run his run --rm --network none --pids-limit 20 base:1 sh -c \
		'i=0; while [ $i -lt 100 ]; do sleep 2 & i=$((i+1)); done; echo every one'
	assert_output_has "ork" "--pids-limit 40"
	refute_output_has "every one"
}

@test "groups of a user: all of a detached one is in them, exec too; stats, pause and stop" {
	local rt
	his_groups
	for rt in $(runtimes); do
		his run -d --name c --runtime "$rt" --network none --memory 64m base:1 sh -c 'while :; do sleep 1; done'
		his exec -d c sleep 1000
		his exec -d -u 12345 c sleep 1000
		wait_for 5 in_group "sh sleep sleep sleep "
		run his exec c sh -c 'read x </sys/fs/cgroup/memory/memory.limit_in_bytes; echo "$x"'
		assert_eq "$output" 67108864
		run his stats --no-stream c
		assert_output_has "/ 67.1MB"
		run his pause c
		assert_status 0
		assert_eq "$(cat "$(group freezer)/freezer.state")" FROZEN
		run his ps
		assert_output_has "aused"
		his unpause c
		run his exec c env true
		assert_status 0
		his pause c
		his stop -t 1 c
		wait_for 10 no_group
		his rm c
	done
}

@test "groups of a user: update changes the limits of one that runs, and of its next start" {
	his_groups
	his run -d --name c --network none --memory 64m base:1 sleep 1000
	run his update --memory 48m --cpus 0.3 --pids-limit 50 c
	assert_status 0
	for _ in now again; do
		assert_eq "$(cat "$(group memory)/memory.limit_in_bytes")" 50331648
		assert_eq "$(cat "$(group pids)/pids.max")" 50
		assert_eq "$(cat "$(group cpu)/cpu.cfs_quota_us")" 30000
		his restart -t 0 c
	done
	run his update --memory 32g c
	assert_status 0
	his rm -f c
	wait_for 10 no_group
}

@test "groups of a user: the steps of a build have their limits, and see themselves alone" {
	local rt
	his_groups
	mkdir ctx
	chmod 755 ctx
	for rt in $(runtimes); do
		printf 'FROM base:1\nRUN cat /proc/self/cgroup; read m </sys/fs/cgroup/memory/memory.limit_in_bytes; echo "limit $m"\n' >ctx/Dockerfile
		run user env PLIMSOLL_RUNTIME="$rt" "$BATS_FILE_TMPDIR/bin/plimsoll" build --no-cache --memory 48m -t built:1 ctx
		assert_status 0
		assert_output_has "limit 50331648" "pids:/"
		refute_output_has "not limited" plimsoll-users
		printf 'FROM base:1\nRUN head -c 200m /dev/zero | tail -c 190m\n' >ctx/Dockerfile
		run user env PLIMSOLL_RUNTIME="$rt" "$BATS_FILE_TMPDIR/bin/plimsoll" build --no-cache --memory 48m -t built:2 ctx
		[ "$status" != 0 ]
		assert_output_has "its memory ran out"
		wait_for 10 no_group
	done
}

@test "groups of a user: a limit of a controller that he has is set, and of another one is named" {
	his_groups
	run his run --rm --network none --memory-swappiness 10 --memory-reservation 10m base:1 sh -c \
		'cd /sys/fs/cgroup/memory; cat memory.swappiness memory.soft_limit_in_bytes'
	assert_status 0
	assert_output_has "10" "10485760"
	run his run --rm --network none --cpuset-cpus 0 base:1 true
	assert_output_has "no limit of processors can be set: that controller is not this user's"
	[ "$status" != 0 ]
	run his run --rm --network none --blkio-weight 100 base:1 true
	assert_output_has "no limit of disks can be set: that controller is not this user's"
	[ "$status" != 0 ]
	no_group
}

@test "groups of a user: removed when the supervisor was killed, by the next command" {
	local pid
	his_groups
	his run -d --name c --network none base:1 sleep 1000
	pid=$(his inspect c | jq '.[0].State.Pid')
	[ -n "$(groups_of_his)" ]
	kill_9 "$(jq .monitorPid "$HIS"/.local/share/plimsoll/containers/*/state.json)"
	wait_for 10 dead "$pid"
	run his ps -a
	assert_output_has "xited (137)"
	wait_for 10 no_group
}

@test "groups of a user: start, restart and the end by itself leave none" {
	his_groups
	his run -d --name c --network none base:1 sh -c 'sleep 1'
	his wait c
	wait_for 10 no_group
	his start c
	[ -n "$(group memory)" ]
	his restart -t 0 c
	[ -n "$(group pids)" ]
	his rm -f c
	wait_for 10 no_group
}

@test "groups of a user: one controller that is missing is named, with the command that gives it" {
	his_groups memory pids
	run his run --rm --network none base:1 true
	assert_status 125
	assert_output_has "no limit of cpu can be enforced" "plimsoll-users/$(id -u "$WHO")" "chown -R $WHO"
	his_policy 'run:' '  without: [cpu-limit]'
	run his run --rm --network none base:1 true
	assert_status 0
}

@test "groups of a user: doctor tells where they are, and the command that makes them does" {
	local command
	command=$(his doctor --format json 2>doctor.log | jq -r '.. | objects | select(.group? == "cgroups" and .name == "mode") | .mend')
	[[ "$command" == "as root: for c in"* ]] || fail "$command"
	[ -d /sys/fs/cgroup/memory ] || skip "needs control groups of version 1"
	bash -c "${command#as root: }"
	run his doctor --format json
	refute_output_has "loop devices and mke2fs"
	assert_output_has "/sys/fs/cgroup/memory/plimsoll-users/$(id -u "$WHO")"
	run his run --rm --network none base:1 true
	assert_status 0
}

@test "groups of a user: the group that he was put into is enough" {
	local c
	[ -d /sys/fs/cgroup/memory ] || skip "needs control groups of version 1"
	for c in memory pids cpu cpuacct freezer; do
		mkdir -p "/sys/fs/cgroup/$c/plimsoll-test-own" || skip "no group can be made in $c"
		chown -R "$WHO" "/sys/fs/cgroup/$c/plimsoll-test-own"
	done
	run bash -c 'for c in memory pids cpu cpuacct freezer; do echo $BASHPID >/sys/fs/cgroup/$c/plimsoll-test-own/cgroup.procs; done
		source "$PLIMSOLL_SRC/tests/lib/user.bash"; WHO='"$WHO HIS=$HIS"'
		his run --rm --network none base:1 sh -c "read x </sys/fs/cgroup/pids/pids.max; echo \$x"'
	for c in memory pids cpu cpuacct freezer; do
		wait_for 10 rmdir "/sys/fs/cgroup/$c/plimsoll-test-own" 2>/dev/null
	done
	assert_status 0
	assert_eq "$output" 512
}
