#!/usr/bin/env bats
# Containers as an ordinary user, by the whole program.

bats_require_minimum_version 1.5.0

load ../lib/common
load ../lib/user

WHO=plimsoll-test-runs

setup_file() {
	user_make || return 0
	user_image mkdir touch chown chmod rm grep env stat
}

teardown_file() {
	[ "$(id -u)" != 0 ] || user_remove
}

setup() {
	user_setup
	need_cmd crun conmon pasta
	user_begin
	his_policy 'run:' '  without: [memory-limit, cpu-limit]'
}

teardown() {
	his rm -af >/dev/null 2>&1 || true
	common_teardown
}

begin() { # option... of a container "c" that stays
	run his run -d --name c --network none "$@" base:1 sleep 1000
	assert_status 0
}

# The first process, as the host counts.
pid_of() { # container
	his inspect "$1" | jq '.[0].State.Pid'
}

@test "rootless run: in the foreground, with its status and output, as any user of the image" {
	run his run --rm --network none base:1 id
	assert_status 0
	assert_output_has "uid=0(root) gid=0(root)"
	run his run --rm --network none -u bob base:1 sh -c 'id; exit 7'
	assert_status 7
	assert_output_has "uid=1000(bob) gid=1000"
	run his ps -aq
	assert_eq "$output" ""
}

@test "rootless run: locked down as root's" {
	run his run --rm --network none base:1 grep -E '^(CapBnd|Seccomp|NoNewPrivs):' /proc/self/status
	assert_status 0
	assert_output_has "CapBnd:	0000000000000000" "NoNewPrivs:	1" "Seccomp:	2"
	run his run --rm --network none base:1 sh -c 'touch /x || touch /proc/sys/kernel/hostname; ls /proc | grep -c "^[0-9]"'
	assert_output_has "Read-only file system" "3"
}

@test "rootless run: limits that cannot be set are named, and the line of the policy that excuses them" {
	local option
	his_policy 'run:' '  without: []'
	run his run --rm --network none base:1 id
	[ "$status" != 0 ]
	assert_output_has "without: [memory-limit, cpu-limit]"
	refute_output_has "uid=0"
	his_policy 'run:' '  without: [memory-limit, cpu-limit]'
	run his run --rm --network none --memory 64m base:1 true
	assert_status 125
	assert_output_has "--memory: no such limit can be set on this machine"
	for option in "--cpuset-cpus 0" "--cpu-shares 100" "--memory-reservation 10m" "--blkio-weight 100" "--memory-swappiness 10"; do
		# shellcheck disable=SC2086
		run his run --rm --network none $option base:1 id
		assert_status 125
		assert_output_has "${option% *}: no such limit can be set on this machine"
	done
}

@test "rootless run: processes are limited, of all users together" {
	run his run --rm --network none --pids-limit 20 base:1 sh -c \
		'i=0; while [ $i -lt 100 ]; do sleep 2 & i=$((i+1)); done; echo all'
	assert_output_has "ork"
	refute_output_has "all"
	run his run --rm --network none --pids-limit 200 base:1 sh -c \
		'i=0; while [ $i -lt 100 ]; do sleep 1 & i=$((i+1)); done; echo all'
	assert_output_has "all"
}

@test "rootless run -d: exec, top, logs, kill and rm, by crun and by runc" {
	local runtime
	for runtime in crun runc; do
		command -v $runtime >/dev/null || continue
		run his run -d --name c --network none --runtime $runtime base:1 sh -c 'echo said; sleep 1000'
		assert_status 0
		run his exec c id
		assert_status 0
		assert_output_has "uid=0(root)"
		run his exec -u bob c sh -c 'id; exit 9'
		assert_status 9
		assert_output_has "uid=1000(bob)"
		run his top c
		assert_output_has "sleep 1000"
		wait_for 5 sh -c "[ \"\$(cat $HIS/.local/share/plimsoll/containers/*/ctr.log)\" ]"
		run his logs c
		assert_output_has "said"
		run his kill c
		assert_status 0
		run his ps -a
		assert_output_has "Exited (137)"
		run his rm c
		assert_status 0
	done
}

@test "rootless run -d: the exit status of a short one is its own" {
	local i
	for i in 1 2 3 4 5; do
		his run -d --name c --network none base:1 sh -c 'exit 3'
		run his wait c
		assert_eq "$output" 3
		his rm c
	done
}

@test "rootless: stop, start and restart, with the files of a writable root" {
	begin --read-only=false --stop-timeout 1
	his exec c sh -c 'mkdir -m 700 /x && echo kept >/x/f'
	his stop c
	his start c
	run his exec c cat /x/f
	assert_eq "$output" kept
	his restart -t 1 c
	run his exec c cat /x/f
	assert_eq "$output" kept
}

@test "rootless: what other ids left is removed with the container, and with the volume" {
	run his run -d --name c --network none --user bob -v v:/data:U --read-only=false base:1 \
		sh -c 'mkdir -m 700 /data/x && touch /data/x/f && sleep 1000'
	assert_status 0
	wait_for 5 his exec -u bob c ls /data/x/f
	his rm -f c
	his volume rm v
	run find "$HIS/.local/share/plimsoll/volumes" "$HIS/.local/share/plimsoll/containers" -mindepth 1 -type d
	assert_eq "$output" ""
}

@test "rootless: cp in and out, through folders that are closed to the user" {
	begin --read-only=false --user bob --tmpfs /tmp:uid=1000
	his exec c sh -c 'mkdir -m 700 /tmp/x && echo inside >/tmp/x/f'
	run his cp c:/tmp/x/f "$HIS/out"
	assert_status 0
	assert_eq "$(cat "$HIS/out")" inside
	assert_eq "$(stat -c %U "$HIS/out")" "$WHO"
	run his cp "$HIS/out" c:/tmp/x/g
	assert_status 0
	run his exec -u root c ls /tmp
	assert_status 0
}

@test "rootless: all of it ends with its supervisor, and the next command tells so" {
	local pid
	begin
	pid=$(pid_of c)
	kill -0 "$pid"
	kill_9 "$(jq .monitorPid "$HIS"/.local/share/plimsoll/containers/*/state.json)"
	wait_for 10 dead "$pid"
	run his ps -a
	assert_output_has "Exited (137)"
}

@test "rootless: in the foreground all of it ends with plimsoll" {
	local pid
	his run --name c --network none base:1 sleep 1000 3>&- &
	wait_for 10 his exec c id
	pid=$(pid_of c)
	kill_9 "$(pgrep -f "^$BATS_FILE_TMPDIR/bin/plimsoll run --name c" | head -1)"
	wait_for 10 dead "$pid"
}

@test "rootless: stats and pause leave the user's own control groups out" {
	his run -d --name c --network none base:1 sleep 1000
	run his stats --no-stream c
	assert_output_has "-- / --"
	refute_output_has "MB / --"
	run his pause c
	[ "$status" != 0 ]
	assert_output_has "no freezer"
}

ended_with_3() {
	his ps -a | grep -F "Exited (3)" >/dev/null
}

@test "rootless: --restart starts it again" {
	his run -d --name c --network none --restart on-failure:2 base:1 sh -c 'exit 3'
	wait_for 20 sh -c "[ \"\$('$BATS_FILE_TMPDIR/bin/plimsoll' --state '$HIS/.local/share/plimsoll' version >/dev/null; cat '$HIS'/.local/share/plimsoll/containers/*/restart.json | jq .count)\" = 2 ]"
	wait_for 20 ended_with_3
}

@test "rootless: a published port reaches it, and a port below 1024 is told of" {
	[ -c /dev/net/tun ] || skip "needs /dev/net/tun"
	local port
	port=$(free_port)
	his run -d --name c -p "127.0.0.1:$port:80" base:1 sleep 1000
	(exec 4<>"/dev/tcp/127.0.0.1/$port") || fail "nobody listens on $port"
	[ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" -gt 80 ] || skip "every user may have port 80 here"
	run his run --rm -p 127.0.0.1:80:80 base:1 id
	assert_status 125
	assert_output_has "ip_unprivileged_port_start"
}

@test "rootless: the trail names the user, not root of his namespace" {
	his run -d --name c --network none --restart always base:1 sleep 1000
	his rm -f c
	run his trail show --format json
	assert_status 0
	refute_output_has '"uid": 0,' '"uid":0,'
}

@test "rootless: who the trail names is the kernel's to say, in a namespace of the user's own, too" {
	local state=$HIS/.local/share/plimsoll
	user env PLIMSOLL_USER=0 unshare --map-root-user "$BATS_FILE_TMPDIR/bin/plimsoll" --state "$state" tag base:1 base:2
	user env PLIMSOLL_USER=4711 "$BATS_FILE_TMPDIR/bin/plimsoll" run --rm --network none base:1 id
	his trail show --format json | jq -r '.actor.uid' | sort -u >who
	assert_eq "$(cat who)" "$(id -u "$WHO")"
}

@test "rootless: HOME of a user whom the image does not know is /, by each runtime" {
	local runtime
	for runtime in crun runc; do
		command -v $runtime >/dev/null || continue
		run his run --rm --network none --runtime $runtime -u 12345 base:1 sh -c 'echo "home $HOME"'
		assert_eq "$output" "home /"
		his run -d --name c --network none --runtime $runtime base:1 sleep 1000
		run his exec -u 12345 c sh -c 'echo "home $HOME"'
		assert_eq "$output" "home /"
		run his exec c sh -c 'echo "home $HOME"'
		assert_eq "$output" "home /root"
		his rm -f c
	done
}

@test "rootless generate systemd: a unit for the user's manager, and the number that it waits for is the supervisor's" {
	local file pid
	need_cmd systemd-analyze
	his create --name c --restart always --network none base:1 sleep 1000
	his generate systemd c >plimsoll-c.service
	grep -x "Delegate=yes" plimsoll-c.service
	grep -x "WantedBy=default.target" plimsoll-c.service
	XDG_RUNTIME_DIR=$PWD systemd-analyze --user --man=no verify ./plimsoll-c.service
	file=$(sed -n 's/^PIDFile=//p' plimsoll-c.service)
	user env PLIMSOLL_SYSTEMD_UNIT=plimsoll-c.service "$BATS_FILE_TMPDIR/bin/plimsoll" start c
	pid=$(cat "$file")
	assert_eq "$pid" "$(jq .monitorPid "$HIS"/.local/share/plimsoll/containers/*/state.json)"
	his stop -t 0 c
	wait_for 10 dead "$pid"
}

@test "rootless diff and export: of a running and of a stopped one, ids as the container has them" {
	local state
	begin --read-only=false
	his exec c sh -c "echo x >/etc/new; rm /etc/passwd"
	for state in running stopped; do
		run his diff c
		assert_status 0
		assert_output_has "C /etc" "A /etc/new" "D /etc/passwd"
		his export c >"$state.tar"
		tar -tvf "$state.tar" --numeric-owner | grep -q ' 0/0 .* etc/new$' || fail "$(tar -tvf "$state.tar" --numeric-owner)"
		[ "$state" = stopped ] || his stop -t 0 c
	done
	his container exists c
}

@test "rootless: what policy allows of the host's, each by its name" {
	local word
	his_policy 'run:' '  without: [memory-limit, cpu-limit]' \
		'  allow: [privileged, pid-host, network-host, ipc-host, uts-host, userns-host, cgroupns-host]'
	for word in --privileged "--pid host" "--network host" "--ipc host" "--uts host" "--userns host" "--cgroupns host"; do
		# shellcheck disable=SC2086
		run his run --rm $word --reason "a test" base:1 sh -c 'echo it runs'
		assert_output_has "it runs"
	done
}
