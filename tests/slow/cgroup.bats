#!/usr/bin/env bats
# Limits by control groups, read from the host's side, on each way in which a machine may have them mounted: as this one
# does, v1 alone, none, and v2 without the controllers. tests/qemu/run boots machines on which the first is v2 alone, as
# is usual, and others.

load ../lib/common
bats_require_minimum_version 1.5.0

setup() {
	common_setup
	need_root
	need_cmd crun conmon unshare nsenter
	MACHINE=
	tiny_rootfs root
	cp "$(dirname "$PLIMSOLL")/../../tests/unit/run/inside" root/bin/inside
	tar -C root -cf root.tar .
	plimsoll trust init
	plimsoll advisories import "$PLIMSOLL_SRC/examples/advisories"
	plimsoll import root.tar tiny:1
}

teardown() {
	local id
	for id in $(plimsoll ps -q -a 2>/dev/null); do
		plimsoll rm -f "$id" >/dev/null 2>&1 || true
	done
	[ -z "$MACHINE" ] || kill -9 "$MACHINE"
	common_teardown
}

# With a machine made by `machine`, plimsoll runs there; else here.
plimsoll() {
	if [ -n "$MACHINE" ]; then
		nsenter -t "$MACHINE" -m --wd="$PWD" "$PLIMSOLL" --state "$STATE" "$@"
	else
		"$PLIMSOLL" --state "$STATE" "$@"
	fi
}

# A mount namespace with control groups mounted otherwise than here; sets MACHINE.
machine() { # shell commands that mount them
	unshare -m --propagation private sh -ec "$1; touch '$BATS_TEST_TMPDIR/mounted'; exec sleep 600" </dev/null >&2 3>&- &
	MACHINE=$!
	wait_for 10 test -e mounted
}

# The container's cgroup as this machine sees it: one folder a hierarchy.
groups_of() { # id
	find /sys/fs/cgroup -type d -name "plimsoll-$1*"
}

value() { # id, name of the file in v2, in v1
	local folder
	# Without that of what serves it (groups/helpers.h), which has limits of its own.
	for folder in $(groups_of "$1" | grep -v -- '-helpers$'); do
		cat "$folder/$2" "$folder/$3" 2>/dev/null || true
	done
}

no_groups() { # id
	[ -z "$(groups_of "$1")" ]
}

is_v2() {
	[ -e /sys/fs/cgroup/cgroup.controllers ]
}

# The one subject of this file. By the host's files, not by what the container says.
limits_hold() {
	local id
	id=$(plimsoll -q run -d --network none --memory 64m --pids-limit 40 --cpus 0.1 tiny:1 /bin/inside bomb)
	assert_eq "$(value "$id" memory.max memory.limit_in_bytes)" 67108864
	assert_eq "$(value "$id" pids.max pids.max | sort -u)" 40
	if is_v2; then
		assert_eq "$(value "$id" cpu.max -)" "10000 100000"
		assert_eq "$(value "$id" memory.swap.max -)" 0
	else
		assert_eq "$(value "$id" - cpu.cfs_quota_us)/$(value "$id" - cpu.cfs_period_us)" 10000/100000
	fi
	# A fork bomb fills it and no more, and the core it may use is a tenth.
	wait_for 60 bombed "$id"
	assert_eq "$(value "$id" pids.current pids.current | sort -u)" 40
	wait_for 60 throttled "$id"
	plimsoll rm -f "$id"
	no_groups "$id"

	run plimsoll run --rm --network none --memory 32m tiny:1 /bin/inside memory 200
	assert_status 137
}

bombed() {
	[ "$(value "$1" pids.current pids.current | sort -u)" = 40 ]
}

throttled() {
	value "$1" cpu.stat cpu.stat | grep -q '^nr_throttled [1-9]'
}

life() {
	local id pid
	id=$(plimsoll -q run -d --name one tiny:1 /bin/inside trap)
	wait_for 60 ready one
	run plimsoll ps
	assert_output_has one
	run plimsoll exec one /bin/inside exit 9
	assert_status 9
	# What exec starts is held by the same limits.
	plimsoll exec one /bin/inside sleep 60 </dev/null >/dev/null 2>&1 3>&- &
	pid=$!
	wait_for 30 two_members "$id"
	run plimsoll exec one /bin/inside read /proc/self/cgroup
	assert_status 0
	is_v2 && assert_eq "$output" "0::/"
	run plimsoll stop one
	assert_status 0
	wait $pid || true
	run plimsoll logs one
	assert_output_has ready "signal 15"
	run plimsoll wait one
	assert_eq "$output" 40
	no_groups "$id"
	plimsoll rm one
	run plimsoll ps -a -q
	assert_eq "$output" ""
}

ready() {
	plimsoll logs "$1" | grep -q ready
}

two_members() {
	[ "$(value "$1" pids.current pids.current | sort -u)" -ge 2 ]
}

# One step at a time has a group of its own, with the limits of a build. It stays long enough for a slow machine to look.
build_step() {
	local id pid
	mkdir -p context
	printf 'FROM tiny:1\nRUN ["/bin/inside", "sleep", "20"]\n' >context/Dockerfile
	plimsoll build -q -t made:1 context </dev/null 3>&- &
	pid=$!
	wait_for 60 started
	# The process that holds the network has a folder, too, but runs nothing in it.
	id=$(basename "$(dirname "$(compgen -G "$STATE/containers/*/pidfile")")")
	assert_eq "$(value "$id" memory.max memory.limit_in_bytes)" $((8 << 30))
	assert_eq "$(value "$id" pids.max pids.max | sort -u)" 4096
	wait $pid
	no_groups "$id"
}

started() {
	compgen -G "$STATE/containers/*/pidfile" >/dev/null
}

@test "as this machine has them: limits hold and the group ends with the container" {
	limits_hold
}

@test "as this machine has them: detached, exec, stop, logs, rm" {
	need_cmd pasta
	life
}

@test "as this machine has them: stats, pause, limits of exec" {
	local id
	id=$(plimsoll -q run -d --network none --memory 64m --pids-limit 40 --cpus 0.5 --name one tiny:1 /bin/inside trap)
	wait_for 60 ready one
	run plimsoll stats --no-stream one
	assert_status 0
	assert_output_has one 67.1MB
	plimsoll pause one
	[[ "$(value "$id" cgroup.freeze freezer.state)" =~ ^(1|FROZEN)$ ]] || fail "not frozen"
	run plimsoll exec one /bin/inside exit 9
	assert_status 2
	assert_output_has paused
	plimsoll unpause one
	run plimsoll exec one /bin/inside exit 9
	assert_status 9
	# What exec starts is killed for the container's memory.
	run plimsoll exec one /bin/inside memory 200
	assert_status 137
	plimsoll rm -f one
	no_groups "$id"
}

@test "as this machine has them: a build's steps" {
	build_step
}

@test "as this machine has them: a group whose supervisor was killed ends with the next command" {
	local id pid ours=()
	plimsoll run --network none --name k tiny:1 /bin/inside sleep 60 </dev/null >/dev/null 2>&1 3>&- &
	wait_for 60 started
	id=$(basename "$STATE"/containers/*/)
	for pid in $(pgrep -f "$STATE"); do
		[[ "$(cat "/proc/$pid/comm")" != plimsoll* ]] || ours+=("$pid")
	done
	kill_9 "${ours[@]}"
	plimsoll ps >/dev/null
	no_groups "$id"
}

need_v1() {
	[ -e /sys/fs/cgroup/memory/memory.limit_in_bytes ] || skip "this machine has no cgroup v1"
}

only_v1='umount /sys/fs/cgroup/unified 2>/dev/null || [ ! -e /sys/fs/cgroup/unified ]'

@test "v1 alone: limits hold and the group ends with the container" {
	need_v1
	machine "$only_v1"
	limits_hold
}

@test "v1 alone: detached, exec, stop, logs, rm" {
	need_v1
	need_cmd pasta
	machine "$only_v1"
	life
}

@test "v1 alone: a build's steps" {
	need_v1
	machine "$only_v1"
	build_step
}

@test "no control groups: refused, with what to do" {
	machine 'mount -t tmpfs none /sys/fs/cgroup'
	run plimsoll run --rm --network none tiny:1 /bin/inside id
	assert_status 125
	assert_output_has "no control groups are mounted" "mount -t cgroup2"
}

@test "a tree without the controllers: refused, naming the one that lacks" {
	need_v1
	machine 'mount -t cgroup2 none /sys/fs/cgroup'
	run plimsoll run --rm --network none tiny:1 /bin/inside id
	assert_status 125
	assert_output_has "'memory' control group"
}

@test "a root that holds processes: refused, and as it says it is mended" {
	local pid try
	[ -e /sys/fs/cgroup/cgroup.type ] || skip "the root seen is the machine's own, or not v2"
	run plimsoll run --rm --network none tiny:1 /bin/inside id
	assert_status 125
	assert_output_has "holds processes itself" "mkdir /sys/fs/cgroup/init" "cgroup.subtree_control"
	mkdir /sys/fs/cgroup/init
	# Whole at once: who reads on while they move passes over some. Some end, some fork meanwhile.
	for try in 1 2 3 4 5; do
		for pid in $(cat /sys/fs/cgroup/cgroup.procs); do
			echo "$pid" >/sys/fs/cgroup/init/cgroup.procs 2>/dev/null || true
		done
	done
	echo "+cpu +memory +pids" >/sys/fs/cgroup/cgroup.subtree_control
	limits_hold
}
