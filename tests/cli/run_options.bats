#!/usr/bin/env bats
# The options of `plimsoll run`: what each does inside, what is refused, and that all of them are kept for the next
# start. The image is a shell and a few programs of this machine.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root grep env stat touch head wc || return 0
	base_state
}

setup() { containers_setup; }

teardown() { containers_teardown; }

@test "environment and labels: files first, then what is given by itself" {
	printf '# a comment\nA=file\nB=file\nHOSTS\n' >vars
	printf 'team=blue\nplain\n' >labels
	HOSTS=ours in_c --env-file vars -e A=given base:1 env
	assert_status 0
	assert_output_has A=given B=file HOSTS=ours
	plimsoll create --name c --label-file labels -l team=red -l x=y base:1 >/dev/null
	run cat "$STATE"/containers/*/run.json
	assert_output_has '"team=blue"' '"plain"' '"x=y"'
	refute_output_has labels
}

@test "hosts and name servers" {
	run plimsoll run --rm --add-host db:10.0.0.1 --add-host six:[fd00::1] --dns 192.0.2.1 --dns-search example.org \
		--dns-option ndots:2 base:1 cat /etc/hosts /etc/resolv.conf
	assert_status 0
	assert_output_has "10.0.0.1	db" "fd00::1	six" "nameserver 192.0.2.1" "search example.org" "options ndots:2"
	assert_eq "$(grep -c nameserver <<<"$output")" 1
	in_c --dns 192.0.2.1 --dns-search . base:1 cat /etc/resolv.conf
	assert_eq "$output" "nameserver 192.0.2.1"
	refused 2 "IP address" --dns example.org
	refused 2 "IP address" --add-host db
	refused 2 "not a word" --dns-option "a
nameserver 192.0.2.9"
}

@test "limits: given, and never above the host's or the profile's" {
	in_c --ulimit nofile=100:200 --ulimit cpu=77 --shm-size 1m --oom-score-adj 500 --cpuset-cpus 0 --memory 64m \
		--memory-reservation 32m --memory-swap 64m --cpu-shares 100 base:1 \
		sh -c 'ulimit -n; ulimit -Hn; ulimit -t; grep shm /proc/mounts; cat /proc/self/oom_score_adj; grep Cpus_allowed_list /proc/self/status'
	assert_status 0
	assert_output_has "size=1024k" "500" "Cpus_allowed_list:	0"
	assert_eq "$(head -n 3 <<<"$output" | tr '\n' ' ')" "100 200 77 "
	refused 3 "profile's limit" --ulimit core=1
	refused 3 "host's hard limit" --ulimit nofile=99999999
	refused 2 "no limit of that name" --ulimit nosuch=1
	refused 3 "would be killed before" --oom-score-adj -5
	refused 2 "0 to 1000" --oom-score-adj 1001
	refused 2 "2 to 1024" --cpu-shares 4096
	refused 3 "has a limit" --memory 64m --memory-swap -1
	refused 2 "at least --memory" --memory-swap 64m
	refused 2 "more than --memory" --memory 64m --memory-reservation 65m
	refused 2 "want numbers" --cpuset-cpus all
}

@test "kernel settings of its own, and none of the host's" {
	in_c --sysctl net.ipv4.ip_forward=1 base:1 cat /proc/sys/net/ipv4/ip_forward
	assert_eq "$output" 1
	refused 3 "the whole host's" --sysctl kernel.core_pattern=x
	refused 3 "the whole host's" --sysctl vm.overcommit_memory=1
	refused 2 "KEY=VALUE" --sysctl net.ipv4.ip_forward
	refused 2 "KEY=VALUE" --sysctl net/../kernel/core_pattern=x
}

@test "groups, platform, security options and the id's file" {
	in_c --group-add nogroup --group-add 77 base:1 id -G
	assert_eq "$output" "0 77 65534"
	in_c --group-add nosuch base:1 id
	assert_status 125
	in_c --platform linux/amd64 --security-opt no-new-privileges --security-opt no-new-privileges:true base:1 id -u
	assert_eq "$output" 0
	refused 2 "this machine runs" --platform linux/s390x
	refused 3 "seccomp" --security-opt seccomp=unconfined
	in_c --cidfile cid base:1 id -u
	assert_status 0
	assert_eq "$(wc -c <cid)" 64
	refused 2 "is there already" --cidfile cid
}

@test "stop: the signal and the time that run was told" {
	local from
	plimsoll run -d --network none --name a --stop-signal USR1 base:1 \
		sh -c 'trap "exit 9" USR1; trap "" TERM; echo up; while :; do sleep 0.1; done' >/dev/null
	plimsoll run -d --network none --name b --stop-timeout 0 base:1 sh -c 'trap "" TERM; echo up; sleep 60' >/dev/null
	wait_for 10 up a
	wait_for 10 up b
	plimsoll stop a
	assert_eq "$(plimsoll wait a)" 9
	from=$SECONDS
	plimsoll stop b
	[ $((SECONDS - from)) -lt 5 ]
	refused 2 "no signal" --stop-signal NOSUCH
	refused 2 "number of seconds" --stop-timeout soon
}

up() { # container
	plimsoll logs "$1" | grep -q up
}

@test "create, start, start again, restart: with all that was asked for" {
	run plimsoll create --name job --network none -e A=b -w /tmp --entrypoint sh base:1 -c 'echo $A; pwd; exit 3'
	assert_status 0
	run plimsoll ps -a
	assert_output_has Created job
	run plimsoll start --attach job
	assert_status 3
	assert_eq "$output" "b
/tmp"
	run plimsoll start --attach job
	assert_status 3
	plimsoll run -d --network none --name web base:1 sh -c 'echo up; sleep 60' >/dev/null
	plimsoll start web # it runs: nothing to do
	plimsoll restart --time 0 web
	plimsoll stop --time 0 web
	plimsoll start web
	wait_for 10 up web
	assert_eq "$(plimsoll ps -aq | wc -l)" 2
	run plimsoll trail show
	assert_output_has create start restart
	run plimsoll start nosuch
	assert_status 5
}

@test "a container that is started again is admitted again, and its own image by digest" {
	plimsoll create --name job --network none base:1 id -u >/dev/null
	echo new >"$BATS_TEST_TMPDIR/new"
	cp "$BATS_FILE_TMPDIR/base.tar" moved.tar
	tar -C "$BATS_TEST_TMPDIR" -rf moved.tar new
	plimsoll import moved.tar base:1 >/dev/null
	in_c base:1 cat /new
	assert_eq "$output" new
	run plimsoll start --attach job
	assert_status 0
	assert_eq "$output" 0
	plimsoll trust revoke default >/dev/null
	run plimsoll start --attach job
	assert_status 4
	run plimsoll ps -a
	assert_output_has job
}

@test "secrets: in memory, for its user alone, and written nowhere" {
	printf 'hunter2' >token
	PASSWORD=swordfish in_c -u 33:33 --secret id=token,src=token --secret id=pw,env=PASSWORD base:1 \
		sh -c 'cat /run/secrets/token /run/secrets/pw; stat -c " %a %u:%g" /run/secrets/token; grep " /run/secrets " /proc/mounts; env; touch /run/secrets/x'
	assert_output_has hunter2swordfish "400 33:33" tmpfs "ro,nosuid,nodev,noexec" "Read-only file system"
	refute_output_has "PASSWORD="
	in_c -u 34 --secret id=token,src=token,mode=0440 base:1 stat -c "%a %u:%g" /run/secrets/token
	assert_eq "$output" "440 34:0"
	PASSWORD=swordfish plimsoll create --name c --network none --secret id=token,src=token --secret id=pw,env=PASSWORD \
		base:1 sh -c 'cat /run/secrets/*' >/dev/null
	PASSWORD=swordfish run plimsoll start --attach c
	assert_eq "$output" swordfishhunter2
	run plimsoll start --attach c
	assert_output_has "PASSWORD is not set"
	# What the command itself printed is in its log.
	run grep -rlE --exclude=ctr.log "hunter2|swordfish" "$STATE"
	assert_eq "$output" ""
	run plimsoll trail show --format json
	refute_output_has hunter2 swordfish
	refused 5 "is not there" --secret id=x,src=nosuch
	refused 2 "the name is" --secret id=../x,src=token
	refused 2 "unknown key" --secret token
	refused 2 "want id=" --secret id=token
	refused 2 "mode is" --secret id=x,src=token,mode=0777
	run plimsoll run -d --restart always --secret id=pw,env=PASSWORD base:1 id
	assert_status 2
}

@test "ports: both families, ranges, a free one, those that the image exposes" {
	local port inside=${PLIMSOLL%/src/cli/plimsoll}/tests/unit/run/inside
	need_cmd curl
	[ -x "$inside" ] || skip "needs tests/unit/run/inside"
	mkdir -p ctx
	cp "$inside" ctx/inside
	printf 'FROM base:1\nCOPY inside /bin/inside\nEXPOSE 81 82/udp\nENTRYPOINT ["/bin/inside"]\n' >ctx/Dockerfile
	plimsoll build -q -t served:1 ctx
	plimsoll sign served:1
	port=$(free_port)
	plimsoll run -d --name a -p "$port-$((port + 1)):80-81" served:1 serve 80 >/dev/null
	wait_for 10 curl -sf -m 2 "http://127.0.0.1:$port/" -o page
	assert_eq "$(cat page)" hello
	plimsoll rm -f a
	plimsoll run -d --name a -p "[::1]:$port:80" served:1 serve 80 >/dev/null
	run curl -sf -m 2 "http://127.0.0.1:$port/"
	[ "$status" -ne 0 ]
	plimsoll rm -f a
	plimsoll run -d --name a -p 80 -p 127.0.0.1::83 -P served:1 serve 80 >/dev/null
	run plimsoll ps
	port=$(sed -n 's/.*0.0.0.0:\([0-9]*\)->80\/tcp.*/\1/p' <<<"$output")
	[ "$port" -gt 1023 ] || fail "$output"
	wait_for 10 curl -sf -m 2 "http://127.0.0.1:$port/" -o page
	[[ "$output" =~ 127.0.0.1:[0-9]+-\>83/tcp && "$output" =~ 0.0.0.0:[0-9]+-\>81/tcp && "$output" =~ [0-9]+-\>82/udp ]] ||
		fail "$output"
	plimsoll rm -f a
}

# With a policy that allows these words.
allowing() { # words, option...
	printf 'run:\n  allow: [%s]\n' "$1" >policy.yaml
	shift
	run timeout 60 "$PLIMSOLL" --state "$STATE" --config policy.yaml run --rm --network none "$@"
}

@test "what opens the host: only by policy, by name and with a reason, which the trail keeps" {
	refused 3 "run: {allow:" --security-opt seccomp=unconfined
	refused 3 "run: {allow:" --security-opt apparmor=unconfined
	refused 3 "run: {allow: [\"apparmor:mine\"]" --security-opt apparmor=mine
	refused 2 "no name of a profile" --security-opt 'apparmor=mine//&yours'
	refused 2 "apparmor=unconfined and apparmor=mine" --security-opt apparmor=unconfined --security-opt apparmor=mine
	refused 3 "run: {allow:" --cap-add NET_ADMIN
	refused 3 "run: {allow:" --device /dev/zero
	refused 3 "run: {allow: [privileged]" --privileged
	refused 3 "run: {allow: [network-host]" --network host
	refused 3 "every capability" --cap-add ALL
	refused 2 "Landlock allows no new" --security-opt no-new-privileges=false
	allowing cap:NET_ADMIN --cap-add NET_ADMIN base:1 id
	assert_status 3
	assert_output_has "--reason"
	allowing cap:NET_ADMIN --cap-add NET_ADMIN --reason "sets routes" base:1 grep CapBnd /proc/self/status
	assert_output_has "0000000000001000"
	allowing cap:NET_ADMIN --cap-add SYS_ADMIN --reason "sets routes" base:1 id
	assert_status 3
	allowing seccomp-unconfined --security-opt seccomp=unconfined --reason "measures it" base:1 grep Seccomp: /proc/self/status
	assert_output_has "Seccomp:	0"
	allowing proc-unmasked --security-opt systempaths=unconfined --reason "measures it" base:1 sh -c 'ls /sys/module; grep -c /proc/ /proc/mounts'
	assert_output_has kernel
	run plimsoll trail show --format json
	assert_output_has '"allowed":[{"reason":"sets routes","what":"cap:NET_ADMIN"}]' '"what":"seccomp-unconfined"'
}

@test "--device: by policy, with its access, and no other device" {
	[ -c /dev/net/tun ] || skip "needs /dev/net/tun"
	allowing device:/dev/net/tun --device /dev/net/tun:/dev/net/tun:r --reason test base:1 \
		sh -c 'exec 3</dev/net/tun && echo can read; exec 4>/dev/net/tun && echo can write'
	assert_output_has "can read" "cannot create /dev/net/tun: Operation not permitted"
	allowing device:/dev/net/tun --device /dev/net/tun --reason test base:1 \
		sh -c 'exec 4>/dev/net/tun && echo can write'
	assert_output_has "can write"
	allowing device:/dev/zero --device /dev/full --reason test base:1 id
	assert_status 3
	ln -s /dev/full sly
	allowing "device:$PWD/sly" --device "$PWD/sly:/dev/x" --reason test base:1 id
	assert_status 3
	refused 2 "is no device" --device /etc/passwd:/dev/x
	refused 2 "a path in /dev" --device /dev/zero:/etc/x
	refused 2 "a path in /dev" --device /dev/zero:/dev/../etc/x
	refused 5 "not there" --device /dev/nosuch
}
