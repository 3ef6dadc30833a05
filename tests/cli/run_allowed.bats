#!/usr/bin/env bats
# What opens the host, as docker and podman have it, where the policy allows it by name: --privileged and the host's
# namespaces. With crun and with runc.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root cat grep env stat touch head wc readlink ls sleep mkdir mount chmod || return 0
	base_state
}

setup() { containers_setup; }

teardown() { containers_teardown; }

# With a policy that allows these words, a reason, and each runtime.
allowing() { # words, option...
	printf 'run:\n  allow: [%s]\n' "$1" >policy.yaml
	shift
	run timeout 60 "$PLIMSOLL" --state "$STATE" --config policy.yaml run --rm --reason "ticket 4711" "$@"
}

ns() { readlink "/proc/self/ns/$1"; }

@test "each needs its word in the policy, and a reason" {
	local option word
	while read -r word option; do
		# shellcheck disable=SC2086
		refused 3 "run: {allow: [$word]}" $option
		printf 'run:\n  allow: [%s]\n' "$word" >policy.yaml
		# shellcheck disable=SC2086
		run plimsoll --config policy.yaml run --rm $option base:1 ls /proc/self
		assert_status 3
		assert_output_has "--reason"
	done <<-'END'
		privileged --privileged
		pid-host --pid=host
		ipc-host --ipc=host
		network-host --network=host
		uts-host --uts=host
		userns-host --userns=host
		cgroupns-host --cgroupns=host
	END
	# One word opens one thing.
	allowing network-host --pid host base:1 ls
	assert_status 3
	allowing privileged --privileged --network host base:1 ls
	assert_status 3
	refused 2 "want private or host" --userns keep-id
	refused 2 "no named networks" --network mine
	refused 5 "no container is called" --network container:x
	refused 5 "no container is called" --pid container:x
	refused 5 "no container is called" --ipc container:x
	refused 2 "rename the host" --uts host --hostname x
	run plimsoll trail show --format json
	refute_output_has '"allowed"'
}

host_namespaces() {
	local option kind
	while read -r option kind; do
		allowing "$option" "--${option%-host}" host --network none base:1 readlink "/proc/self/ns/$kind"
		assert_status 0
		assert_eq "$output" "$(ns "$kind")"
	done <<-'END'
		pid-host pid
		ipc-host ipc
		uts-host uts
		userns-host user
		cgroupns-host cgroup
	END
	allowing network-host --network host base:1 readlink /proc/self/ns/net
	assert_eq "$output" "$(ns net)"
	# And only that one: the others are its own.
	allowing pid-host --pid host --network none base:1 sh -c 'for i in ipc uts user net mnt; do readlink /proc/self/ns/$i; done'
	local i
	for i in ipc uts user net mnt; do refute_output_has "$(ns $i)"; done
}

@test "a namespace of the host's where it is allowed, and only that one" { each_runtime host_namespaces; }

pid_host() {
	sleep 60 3>&- &
	local pid=$!
	allowing pid-host --pid host --network none base:1 sh -c "cat /proc/$pid/comm; kill -9 $pid; echo x 2>&1 >/proc/sys/kernel/domainname; grep -E 'NoNewPrivs|Seccomp:|CapBnd' /proc/self/status; ls /proc/$pid/root"
	assert_output_has sleep "kill: " "NoNewPrivs:	1" "Seccomp:	2" "CapBnd:	0000000000000000"
	kill -0 $pid
	kill $pid
}

@test "--pid host: sees the host's processes, reaches none of them" { each_runtime pid_host; }

network_host() {
	local port=$((20000 + RANDOM % 20000)) before
	before=$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)
	allowing network-host --network host base:1 sh -c 'cat /proc/net/dev /etc/resolv.conf /etc/hosts; ls /sys/class/net; : >/sys/class/net/lo/x'
	assert_output_has "$(ls /sys/class/net | head -1)" "$(head -1 /etc/hosts)"
	[ ! -s /etc/resolv.conf ] || assert_output_has "$(grep -m1 . /etc/resolv.conf)"
	assert_eq "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" "$before"
	allowing network-host --network host -p "$port:80" base:1 ls
	assert_status 2
	allowing network-host --network host --sysctl net.ipv4.ip_forward=1 base:1 ls
	assert_status 3
}

@test "--network host: the host's devices and names; its settings stay" { each_runtime network_host; }

ipc_uts_host() {
	echo shared >"/dev/shm/plimsoll.$$"
	allowing ipc-host --ipc host --network none base:1 cat "/dev/shm/plimsoll.$$"
	rm -f "/dev/shm/plimsoll.$$"
	assert_eq "$output" shared
	allowing uts-host --uts host --network none base:1 cat /etc/hostname /proc/sys/kernel/hostname
	assert_eq "$output" "$(uname -n; uname -n)"
}

@test "--ipc host, --uts host: the host's memory and name" { each_runtime ipc_uts_host; }

userns_host() {
	allowing userns-host --userns host --network none --tmpfs /data base:1 sh -c \
		'cat /proc/self/uid_map; grep -E "Cap(Bnd|Eff)|Seccomp:|NoNewPrivs" /proc/self/status; touch /data/x; stat -c %u /data/x /etc; touch /etc/x'
	assert_output_has "4294967295" "CapBnd:	0000000000000000" "Seccomp:	2" "Read-only file system"
	mkdir -p v
	allowing userns-host --userns host -v "$PWD/v:/v" base:1 touch /v/x
	assert_status 0
	assert_eq "$(stat -c %u v/x)" 0
	rm -f v/x
}

@test "--userns host: the host's ids, and nothing else is given" { each_runtime userns_host; }

privileged() {
	local caps
	caps=$(grep CapPrm /proc/self/status | tr -dc 0-9a-f | tail -c 16)
	allowing privileged --privileged --network none base:1 sh -c \
		'cat /proc/self/uid_map; grep -E "Cap|Seccomp:|NoNewPrivs" /proc/self/status; readlink /proc/self/ns/pid; ls /dev /sys/module;
		mkdir /tmp/m && mount -t tmpfs none /tmp/m && echo mounted; cat "$(command -v touch)" >/tmp/t; chmod 755 /tmp/t; /tmp/t /tmp/u && echo executed; cat /proc/sys/kernel/hostname >/proc/sys/kernel/hostname && echo sysctl'
	assert_status 0
	assert_output_has "CapEff:	$caps" "Seccomp:	0" "NoNewPrivs:	0" 4294967295 mounted executed sysctl kmsg kernel
	refute_output_has "$(ns pid)"
	# A namespace of its own for each that was not asked for, and limits as ever.
	allowing privileged --privileged --network none -m 64m base:1 sh -c 'for i in ipc uts net mnt; do readlink /proc/self/ns/$i; done'
	local i
	for i in ipc uts net mnt; do refute_output_has "$(ns $i)"; done
}

@test "--privileged: all capabilities and devices, no filter, no mask; namespaces of its own" { each_runtime privileged; }

kept() {
	printf 'run:\n  allow: [privileged, pid-host]\n' >policy.yaml
	plimsoll --config policy.yaml run -d --name p --privileged --pid host --reason "debugs 4711" base:1 sleep 300 >/dev/null
	run plimsoll exec p readlink /proc/self/ns/pid
	assert_eq "$output" "$(ns pid)"
	run plimsoll exec p grep Seccomp: /proc/self/status
	assert_output_has "Seccomp:	0"
	run plimsoll inspect p
	assert_output_has '"Privileged": true' '"PidMode": "host"' '"UsernsMode": "host"' "debugs 4711"
	run plimsoll inspect --format '{{json .Plimsoll.Allowed}}' p
	assert_output_has '"what":"privileged"' '"what":"pid-host"' "debugs 4711"
	run plimsoll ps
	assert_output_has "privileged, pid-host"
	run plimsoll ps --format '{{.Allowed}}'
	assert_eq "$output" "privileged, pid-host"
	run plimsoll ps --format json
	assert_output_has "debugs 4711"
	run plimsoll trail show --format json
	assert_output_has '{"reason":"debugs 4711","what":"privileged"}'
	# Without the policy that allowed it it does not start again.
	plimsoll stop -t 0 p
	run plimsoll start p
	assert_status 3
	assert_output_has "allow: [privileged]"
	run plimsoll --config policy.yaml restart -t 0 p
	assert_status 0
	run plimsoll exec p readlink /proc/self/ns/user
	assert_eq "$output" "$(ns user)"
	plimsoll rm -f p
}

@test "kept for start, shown by inspect, ps and the trail, asked for again at each start" { each_runtime kept; }

exec_privileged() {
	plimsoll run -d --name e base:1 sleep 300 >/dev/null
	run plimsoll exec --privileged --reason x e ls
	assert_status 3
	assert_output_has "allow: [privileged]"
	printf 'run:\n  allow: [{what: privileged, images: [local/base]}]\n' >policy.yaml
	run plimsoll --config policy.yaml exec --privileged e ls
	assert_status 3
	assert_output_has "--reason"
	run plimsoll --config policy.yaml exec --privileged --reason "looks at 4711" e sh -c \
		'grep -E "CapEff|NoNewPrivs|Seccomp:" /proc/self/status; cat /proc/self/uid_map'
	assert_status 0
	assert_output_has "CapEff:	000001ffffffffff" "NoNewPrivs:	0" "Seccomp:	2"
	# Of the container's own user namespace: the host's root it is not.
	refute_output_has 4294967295
	# The next one is confined again.
	run plimsoll exec e grep CapEff /proc/self/status
	assert_output_has "CapEff:	0000000000000000"
	run plimsoll trail show --format json
	assert_output_has '"allowed":[{"reason":"looks at 4711","what":"privileged"}]'
	plimsoll rm -f e
}

@test "exec --privileged: by policy and with a reason, within the container's user namespace" { each_runtime exec_privileged; }
