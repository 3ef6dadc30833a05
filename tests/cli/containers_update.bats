#!/usr/bin/env bats
# update: limits and restart policies of containers that are there.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root || return 0
	base_state
}

setup() { containers_setup jq; }

teardown() { containers_teardown; }

# A file of the container's control group, of v1 or v2.
group() { # container, controller, v1's file, v2's
	local pid path
	pid=$(plimsoll inspect -f '{{.State.Pid}}' "$1")
	path=$(sed -n "s/^[0-9]*:[^:]*\b$2\b[^:]*:\(.*\)$/\1/p" "/proc/$pid/cgroup" | head -n 1)
	if [ -n "$path" ] && [ -e "/sys/fs/cgroup/$2$path/$3" ]; then
		cat "/sys/fs/cgroup/$2$path/$3"
	else
		cat "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")/$4"
	fi
}

limits() { # runtime
	plimsoll run -d --runtime "$1" --name c --network none -m 128m --pids-limit 100 base:1 sleep 60
	run plimsoll update -m 256m --cpus 0.5 --pids-limit 50 c
	assert_status 0
	assert_eq "$output" c
	assert_eq "$(group c memory memory.limit_in_bytes memory.max)" 268435456
	assert_eq "$(group c pids pids.max pids.max)" 50
	[[ $(group c cpu cpu.cfs_quota_us cpu.max) == 50000* ]]
	plimsoll container update --memory 64m c
	assert_eq "$(group c memory memory.limit_in_bytes memory.max)" 67108864
	assert_eq "$(plimsoll inspect -f '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}}' c)" \
		"67108864 500000000 50"
	plimsoll restart -t 0 c
	assert_eq "$(group c memory memory.limit_in_bytes memory.max)" 67108864
	assert_eq "$(group c pids pids.max pids.max)" 50
	plimsoll stop -t 0 c
	plimsoll update -m 32m c
	plimsoll start c
	assert_eq "$(group c memory memory.limit_in_bytes memory.max)" 33554432
	plimsoll rm -f c
}

@test "update: limits of one that runs, at once and at its next start, both runtimes" {
	limits crun
	if command -v runc >/dev/null; then limits runc; fi
	run plimsoll --format json trail show
	assert_output_has '"update"' '256m'
}

@test "update: a limit is never taken away, nonsense is refused, and nothing is changed then" {
	plimsoll run -d --name c --network none -m 128m base:1 sleep 60
	local option
	for option in "-m 0" "--memory-swap -1" "--pids-limit -1" "--pids-limit 0" "--cpu-shares 0"; do
		# shellcheck disable=SC2086 # two words
		run plimsoll update $option c
		assert_status 3
	done
	for option in "" "-m 1m" "--cpus x" "--cpuset-cpus x" "--cpu-shares 100000" "--restart sometimes" "-m 64m --memory-swap 32m" "--memory-swap 1g"; do
		# shellcheck disable=SC2086 # two words
		run plimsoll update $option c
		assert_status 2
	done
	assert_eq "$(plimsoll inspect -f '{{.HostConfig.Memory}}' c)" 134217728
	assert_eq "$(group c memory memory.limit_in_bytes memory.max)" 134217728
	run plimsoll update -m 64m nosuch
	assert_status 5
}

@test "update: the restart policy of one that runs, and of one that is stopped" {
	plimsoll run -d --name c --network none base:1 sleep 60
	plimsoll update --restart always c
	assert_eq "$(plimsoll inspect -f '{{.HostConfig.RestartPolicy.Name}}' c)" always
	local first
	first=$(plimsoll inspect -f '{{.State.Pid}}' c)
	kill -9 "$first"
	wait_for 15 sh -c '[ "$("$PLIMSOLL" --state "$0" inspect -f "{{.State.Running}} {{ne .State.Pid '"$first"'}}" c)" = "true true" ]' "$STATE"
	plimsoll update --restart no c
	kill -9 "$(plimsoll inspect -f '{{.State.Pid}}' c)"
	wait_for 10 sh -c '"$PLIMSOLL" --state "$0" ps -a | grep -q "Exited (137)"' "$STATE"
	sleep 1
	assert_eq "$(plimsoll ps -q)" ""
	run plimsoll run -d --rm --name r --network none base:1 sleep 60
	run plimsoll update --restart always r
	assert_status 2
}
