#!/usr/bin/env bats
# --network, --pid and --ipc container:NAME: what is shared, and what stays a container's own. With crun and with runc.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root cat grep sleep readlink ls stat || return 0
	base_state
}
setup() { containers_setup; }
teardown() { containers_teardown; }

up() { # name [option...]
	local name=$1
	shift
	plimsoll run -d --name "$name" "$@" base:1 sh -c 'echo theirs >/dev/shm/theirs; sleep 300' >/dev/null
}

ns() { plimsoll exec "$1" readlink "/proc/self/ns/$2"; }

network() {
	up a
	in_c_plain --network container:a base:1 sh -c 'cat /proc/net/dev; cat /etc/resolv.conf; readlink /proc/self/ns/net; ls /dev/shm'
	assert_status 0
	assert_output_has eth0 nameserver "$(ns a net)"
	refute_output_has theirs
	up c --network container:a
	assert_eq "$(ns c net) $(ns c user)" "$(ns a net) $(ns a user)"
	plimsoll trail show --format json | grep -q '"joined"'
	[ "$(ns c pid)" != "$(ns a pid)" ]
	# A chain leads to the first.
	in_c_plain --network container:c base:1 sh -c 'grep -c nameserver /etc/resolv.conf; readlink /proc/self/ns/net'
	assert_output_has "$(ns a net)" 1
}

in_c_plain() { run timeout 60 "$PLIMSOLL" --state "$STATE" run --rm "$@"; }

memory() {
	up a --network none
	wait_for 10 there
	in_c --ipc container:a base:1 sh -c 'cat /dev/shm/theirs; echo x >/dev/shm/ours; grep " /dev/shm " /proc/mounts; cat /proc/net/dev'
	assert_status 0
	assert_output_has theirs nosuid,nodev,noexec
	refute_output_has eth0
	plimsoll exec a cat /dev/shm/ours
}

there() { plimsoll exec a cat /dev/shm/theirs; }

processes() {
	up a --network none
	# It sees and may signal them; what they have in memory and in files stays theirs.
	in_c --pid container:a base:1 sh -c 'cat /proc/1/comm; cat /proc/1/environ; ls /proc/1/root/; echo x >/proc/1/mem; kill -0 1 && echo signal'
	assert_output_has "sh
" signal "/proc/1/environ: Permission denied" "/proc/1/root/': Permission denied"
	plimsoll run -d --name b --pid container:a --network none base:1 sleep 300 >/dev/null
	plimsoll stop -t 0 a
	assert_eq "$(plimsoll wait b)" 137
	run plimsoll start b
	assert_status 125
	assert_output_has "not running" "plimsoll start a"
	plimsoll start a
	plimsoll start b
	assert_eq "$(ns b pid)" "$(ns a pid)"
}

@test "network: the same devices, name servers and user namespace, and nothing else" { each_runtime network; }

@test "ipc: the same shared memory" { each_runtime memory; }

@test "pid: the same processes; what they have stays theirs; it ends with them" { each_runtime processes; }

@test "the container that was meant is meant for good, and several cannot be" {
	up a --network none
	up b --network none
	plimsoll create --name c --network container:a base:1 readlink /proc/self/ns/net >/dev/null
	plimsoll rename a old
	plimsoll rename b a
	run plimsoll start --attach c
	assert_eq "$output" "$(ns old net)"
	assert_eq "$(plimsoll inspect --format '{{.HostConfig.NetworkMode}}' c)" \
		"container:$(plimsoll inspect --format '{{.Id}}' old)"
	run plimsoll run --rm --network container:a --ipc container:old base:1 sh -c :
	assert_status 125
	assert_output_has "ids of one container"
	# A container that has no more than loopback gives no name servers.
	run plimsoll run --rm --network container:a base:1 cat /etc/resolv.conf
	refute_output_has nameserver
}

@test "what is not shared: the host's, another's ids, and what is the other's to say" {
	up a --network none
	run plimsoll run --rm --network container:nosuch base:1 sh -c :
	assert_status 5
	run plimsoll run --rm --network container:a -p 8080:80 base:1 sh -c :
	assert_status 2
	assert_output_has "network of its own"
	run plimsoll run --rm --network container:a --sysctl net.ipv4.ip_forward=1 base:1 sh -c :
	assert_status 3
	run plimsoll run --rm --ipc container:a --shm-size 1m base:1 sh -c :
	assert_status 2
	run plimsoll run --rm --userns container:a base:1 sh -c :
	assert_status 2
	printf 'run:\n  allow: [network-host, userns-host, privileged]\n' >policy.yaml
	plimsoll --config policy.yaml run -d --name h --network host --reason x base:1 sleep 60 >/dev/null
	run plimsoll run --rm --network container:h base:1 sh -c :
	assert_status 125
	assert_output_has "is the host's"
	plimsoll --config policy.yaml run -d --name u --network none --userns host --reason x base:1 sleep 60 >/dev/null
	run plimsoll run --rm --network none --pid container:u base:1 sh -c :
	assert_status 125
	assert_output_has "the host's ids"
	run plimsoll --config policy.yaml run --rm --network container:a --privileged --reason x base:1 sh -c :
	assert_status 2
	assert_output_has "with it go its ids"
}

# The other way round runc sets limits from outside, and the host's root needs SYS_RESOURCE for that.
@test "crun's joins runc's" {
	need_cmd runc
	PLIMSOLL_RUNTIME=runc up b --network none
	assert_eq "$(PLIMSOLL_RUNTIME=crun plimsoll run --rm --network container:b base:1 readlink /proc/self/ns/net)" "$(ns b net)"
}
