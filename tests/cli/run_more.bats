#!/usr/bin/env bats
# Options of run that docker's and podman's users type besides those of run_options.bats. With crun and with runc.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root cat grep sleep env date head || return 0
	base_state
}
setup() { containers_setup; }
teardown() { containers_teardown; }

limits() {
	[ -e /sys/fs/cgroup/cpu/cpu.cfs_quota_us ] || skip "reads control groups of version 1"
	in_c --cpu-period 50000 --cpu-quota 20000 --cpuset-mems 0 --memory-swappiness 10 base:1 sh -c 'cd /sys/fs/cgroup
		cat cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us memory/memory.swappiness cpuset/cpuset.mems'
	assert_status 0
	assert_eq "$(echo $output)" "20000 50000 10 0"
	in_c --cpu-period 50000 base:1 cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us
	assert_eq "$output" 50000
}

disks() {
	local disk
	disk=$(lsblk -dnpo NAME 2>/dev/null | grep -v ram | head -n 1)
	[ -n "$disk" ] && [ -e /sys/fs/cgroup/blkio/blkio.throttle.read_bps_device ] || return 0
	in_c --device-read-bps "$disk:1m" --device-write-iops "$disk:100" base:1 sh -c 'cd /sys/fs/cgroup/blkio
		cat blkio.throttle.read_bps_device blkio.throttle.write_iops_device'
	assert_status 0
	assert_output_has " 1048576" " 100"
}

@test "processors, memory and disks: limits that are only ever smaller" {
	each_runtime limits
	each_runtime disks
	refused 2 "say the same" --cpus 1 --cpu-quota 1000
	refused 3 "has a limit" --cpu-quota -1
	refused 2 "want 1000 to 1000000" --cpu-period 10
	refused 2 "0 to 100" --memory-swappiness 101
	refused 2 "want numbers" --cpuset-mems all
	refused 5 "no block device" --device-read-bps /dev/null:1m
	refused 2 "want DEVICE:RATE" --device-read-bps /dev/null
	refused 2 "from 10 to 1000" --blkio-weight-device /dev/null:1
	refused 2 "want 10 to 1000" --blkio-weight 5
}

what_it_sees() {
	in_c --umask 0077 --unsetenv LANG -e A=b base:1 sh -c 'umask; env'
	assert_status 0
	assert_output_has 0077 A=b
	in_c base:1 sh -c umask
	assert_eq "$output" 0022
	if [ -e /usr/share/zoneinfo/Asia/Tokyo ]; then
		in_c --tz Asia/Tokyo base:1 date +%Z
		assert_eq "$output" JST
	fi
}

@test "umask, variables, time zone" {
	each_runtime what_it_sees
	in_c -e PATH --unsetenv PATH base:1 /bin/sh -c 'echo done'
	assert_status 0
	refused 2 "octal" --umask 99
	refused 5 "no such time zone" --tz ../../etc/shadow
	refused 5 "no such time zone" --tz Nowhere/Land
	refused 2 "want a name" --unsetenv A=b
}

@test "attach: only the streams that are named" {
	run --separate-stderr plimsoll run --rm --network none -a stderr base:1 sh -c 'echo out; echo err >&2'
	assert_eq "$output" ""
	assert_eq "$stderr" err
	assert_eq "$(echo hi | plimsoll run --rm --network none --attach STDIN -a stdout base:1 cat)" hi
	refused 2 "one or the other" -d -a stdout
	refused 2 "stdin, stdout or stderr" -a all
}

timeouts() {
	local from=$SECONDS
	in_c --timeout 1 base:1 sleep 60
	assert_status 137
	plimsoll run -d --name t --timeout 1 --network none base:1 sleep 60 >/dev/null
	assert_eq "$(plimsoll wait t)" 137
	plimsoll rm t
	[ $((SECONDS - from)) -lt 30 ]
}

@test "timeout: killed, in the foreground and in the background" {
	each_runtime timeouts
	refused 2 "number of seconds" --timeout soon
}

@test "replace, pidfile, annotation, rmi" {
	plimsoll run -d --name a --network none base:1 sleep 60 >first
	plimsoll run -d --name a --replace --network none --pidfile pid --annotation k=v base:1 sleep 60 >second
	assert_eq "$(plimsoll ps -q --no-trunc)" "$(cat second)"
	[ "$(cat first)" != "$(cat second)" ]
	assert_eq "$(cat pid)" "$(plimsoll inspect --format '{{.State.Pid}}' a)"
	assert_eq "$(plimsoll inspect --format '{{.HostConfig.Annotations.k}}' a)" v
	refused 2 "want --name" --replace
	# What may not run takes nobody's place.
	run plimsoll run -d --name a --replace --network none --cap-add SYS_ADMIN base:1 sleep 60
	assert_status 3
	assert_eq "$(plimsoll ps -q --no-trunc)" "$(cat second)"
	refused 2 "in the background" --pidfile other
	refused 2 "is there already" -d --pidfile pid
	refused 2 "KEY=VALUE" --annotation k
	# The image stays while another container has it.
	plimsoll run --rmi --network none base:1 sh -c :
	plimsoll images -q | grep -q .
	plimsoll rm -f a
	plimsoll run --rmi --network none base:1 sh -c :
	assert_eq "$(plimsoll images -q)" ""
	assert_eq "$(plimsoll ps -aq)" ""
	refused 2 "in use" -d --rmi
}

@test "volumes-from: folders and named volumes of another, also read-only; what is its own stays its own" {
	mkdir data
	echo theirs >data/file
	plimsoll create --name a --network none -v "$PWD/data:/data" -v vol:/vol --mount type=volume,src=two,dst=/two -v /own \
		--tmpfs /mem base:1 >/dev/null
	in_c --volumes-from a base:1 sh -c 'cat /data/file; echo x >/vol/x; ls -d /own /mem; grep -c " /two " /proc/mounts'
	assert_output_has theirs
	refute_output_has "/own
"
	in_c --volumes-from a:ro base:1 sh -c 'cat /vol/x; echo y >/vol/y'
	assert_output_has x "Read-only"
	in_c --volumes-from a:ro -v other:/vol base:1 sh -c 'echo y >/vol/y; cat /vol/x'
	assert_output_has "No such file"
	refused 5 "no container is called" --volumes-from nosuch
	refused 2 "CONTAINER[:ro]" --volumes-from a:frob
	# It is kept as if it had been written out.
	plimsoll create --name b --volumes-from a --network none base:1 cat /data/file >/dev/null
	plimsoll rm a >/dev/null
	run plimsoll start --attach b
	assert_eq "$output" theirs
}

@test "expose: a port for -P" {
	plimsoll run -d --name e -P --expose 8080 --expose 53/udp base:1 sleep 60 >/dev/null
	run plimsoll ps --format '{{.Ports}}'
	assert_output_has "->8080/tcp" "->53/udp"
	refused 2 "want PORT" --expose 1:2
}
