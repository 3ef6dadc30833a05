#!/usr/bin/env bats
# The life of a container, and what it may not do. Admission has tests of its own: these run the run room alone, by the
# runtool program, on an image that holds one static program (tests/helpers/inside.c).

load ../lib/common
bats_require_minimum_version 1.5.0

setup_file() {
	export RUNTOOL=${RUNTOOL:-$(dirname "${PLIMSOLL:-$BATS_TEST_DIRNAME/../../build-asan/src/cli/plimsoll}")/../../tests/unit/run/runtool}
	export INSIDE=${RUNTOOL%runtool}inside
}

setup() {
	common_setup
	need_root
	need_cmd "${PLIMSOLL_RUNTIME:-crun}" conmon pasta
	mkdir -p image/bin image/etc image/data
	cp "$INSIDE" image/bin/inside
	printf 'root:x:0:0::/:/bin/sh\nweb:x:33:33::/:/x\n' >image/etc/passwd
	IMAGE=$(import image)
}

teardown() {
	local c
	for c in "$STATE"/containers/*/; do
		[ -d "$c" ] && "$RUNTOOL" "$STATE" rm "$(basename "$c")" force >/dev/null 2>&1
	done
	common_teardown
}

import() { # folder [config]; prints the digest
	local config=${2:-'{"Entrypoint":["/bin/inside"],"Env":["PATH=/bin"]}'}
	"$RUNTOOL" "$STATE" import "$1" "$config" | cut -d' ' -f1
}

no_processes() {
	[ -z "$(leftover_processes)" ]
}

started() {
	compgen -G "$STATE/containers/*/pidfile" >/dev/null
}

# -N: no network, the fast way for what does not need one.
run_c() {
	run timeout 60 "$RUNTOOL" "$STATE" run -R -N "$@"
}

tool() {
	timeout 60 "$RUNTOOL" "$STATE" "$@"
}

@test "the exit status is the container's own" {
	run_c "$IMAGE" exit 7
	assert_status 7
	run_c "$IMAGE"
	assert_status 0
	assert_eq "$output" "hello from inside"
}

@test "125, 126 and 127 as docker has them" {
	run_c -x nosuch "$IMAGE"
	assert_status 127
	run_c -x /bin/nosuch "$IMAGE"
	assert_status 127
	run_c -x /etc "$IMAGE"
	assert_status 126
	echo junk >image/bin/junk
	chmod 755 image/bin/junk
	run_c -x /bin/junk "$(import image)"
	assert_status 126
	run_c -w /bin/inside "$IMAGE" id
	assert_status 125
	run_c -u nobody "$IMAGE" id
	assert_status 125
}

@test "standard input, output and error are the caller's" {
	echo typed | tool run -R -N -i "$IMAGE" cat >got
	assert_eq "$(cat got)" typed
	tool run -R -N "$IMAGE" both one two >out 2>err
	assert_eq "$(cat out)" one
	assert_eq "$(cat err)" two
}

@test "user, folder, environment and host name" {
	run_c -u web "$IMAGE" id
	assert_eq "$output" 33:33
	run_c -w /data "$IMAGE" pwd
	assert_eq "$output" /data
	run_c -e A=b "$IMAGE" env A
	assert_eq "$output" b
	run_c -h box "$IMAGE" read /proc/sys/kernel/hostname
	assert_eq "$output" box
	run_c -h box "$IMAGE" read /etc/hostname
	assert_eq "$output" box
}

@test "no capabilities, a filter, and no way to gain privileges" {
	run_c "$IMAGE" read /proc/self/status
	assert_output_has "CapEff:	0000000000000000" "CapBnd:	0000000000000000" "CapAmb:	0000000000000000" \
		"NoNewPrivs:	1" "Seccomp:	2"
	run_c -A service "$IMAGE" read /proc/self/status
	assert_output_has "CapEff:	00000000000000e3" "CapBnd:	00000000000000e3"
	run_c -A service -D kill "$IMAGE" read /proc/self/status
	assert_output_has "CapBnd:	00000000000000c3"
	run_c -A sys_admin "$IMAGE" id
	assert_status 125
	assert_output_has "beyond the container"
	run_c -u web "$IMAGE" read /proc/self/status
	assert_output_has "CapEff:	0000000000000000"
}

@test "the root is read-only, /tmp small and without execution" {
	run_c "$IMAGE" write /data/x y
	assert_status 1
	assert_output_has "Read-only file system"
	run_c "$IMAGE" write /tmp/x y
	assert_status 0
	run_c "$IMAGE" read /proc/self/mountinfo
	[ "$(grep -c ' /tmp .*noexec.*size=65536k' <<<"$output")" = 1 ] || fail "$output"
	[ "$(grep -c ' /dev .*noexec' <<<"$output")" = 1 ] || fail "$output"
	[ "$(grep -c ' / / ro,' <<<"$output")" = 1 ] || fail "$output"
	# By Landlock: /dev is a folder in memory of the container's root's, and stays as it was made.
	run_c "$IMAGE" write /dev/x y
	assert_status 1
	assert_output_has "Permission denied"
	run_c "$IMAGE" write /dev/null y
	assert_status 0
	run_c -W "$IMAGE" write /data/x y
	assert_status 0
}

@test "what no container may do" {
	local try
	for try in unshare-user mount ptrace proc-mem keyctl io-uring mknod; do
		run_c "$IMAGE" $try
		assert_status 1
		assert_output_has denied
	done
	for try in 38 17 40 31; do # AF_ALG, AF_PACKET, AF_VSOCK, AF_BLUETOOTH
		run_c "$IMAGE" socket $try
		assert_status 1
	done
	for try in 0 1; do # the ioctl's number, and the same beyond 32 bits
		run_c "$IMAGE" tiocsti $try
		assert_status 1
		assert_output_has "Operation not permitted"
	done
	run_c "$IMAGE" fds
	assert_status 0
}

@test "the host's processes, files and kernel are not seen" {
	sleep 30 &
	run_c "$IMAGE" exists /proc/$!
	kill $!
	assert_status 1
	run_c "$IMAGE" write /proc/sys/kernel/hostname x
	assert_status 1
	run_c "$IMAGE" write /proc/sysrq-trigger h
	assert_status 1
	for file in kcore kallsyms modules interrupts timer_list keys; do
		run_c "$IMAGE" read /proc/$file
		[[ "$output" = "" || "$output" = denied* ]] || fail "$file: $output"
	done
	run_c "$IMAGE" read /proc/net/dev
	refute_output_has eth0
}

@test "a fork bomb stops at the limit" {
	run_c -P 40 "$IMAGE" forks 200
	assert_status 0
	[ "$output" -lt 40 ] || fail "$output processes were made"
}

@test "a memory hog is killed, at its limit" {
	run_c -m 32m "$IMAGE" memory 200
	assert_status 137
	run_c -m 32m "$IMAGE" memory 8
	assert_status 0
}

@test "limits stand in the control group, and it ends with the container" {
	local id file
	id=$(tool run -d -N -n lim -m 64m -P 33 -c 0.5 "$IMAGE" sleep 30)
	for file in pids.max memory.limit_in_bytes memory.max cpu.cfs_quota_us cpu.max; do
		find /sys/fs/cgroup -path "*plimsoll-$id/$file" -exec cat {} +
	done >limits
	grep -qx 33 limits && grep -qx 67108864 limits && grep -qE '^50000( 100000)?$' limits || fail "$(cat limits)"
	tool rm lim force
	[ -z "$(find /sys/fs/cgroup -name "*$id*")" ]
}

@test "detached: ps, logs, exec, stop, wait, rm" {
	tool run -d -N -n one "$IMAGE" trap
	wait_for 10 sh -c '"$RUNTOOL" "$0" logs one | grep -q ready' "$STATE"
	run tool ps
	assert_output_has "one running"
	run tool exec one /bin/inside read /proc/self/status
	assert_output_has "CapEff:	0000000000000000" "NoNewPrivs:	1" "Seccomp:	2"
	EXEC_USER=web run tool exec one /bin/inside id
	assert_eq "$output" 33:33
	run tool exec one /bin/inside exit 9
	assert_status 9
	run tool exec one /nosuch
	assert_status 127
	run tool rm one
	assert_status 2
	run tool stop one
	assert_status 0
	run tool logs one
	assert_output_has ready "signal 15"
	run tool wait one
	assert_eq "$output" 40
	run tool run -d -N -n one "$IMAGE" id
	assert_status 125
	assert_output_has taken
	run tool rm one
	assert_status 0
	run tool ps
	assert_eq "$output" ""
}

@test "signals: to one that handles them, and to one that does not" {
	tool run -d -N -n a "$IMAGE" trap
	wait_for 10 sh -c '"$RUNTOOL" "$0" logs a | grep -q ready' "$STATE"
	tool kill a USR1
	run tool wait a
	assert_eq "$output" 40
	tool run -d -N -n b "$IMAGE" sleep 60
	SECONDS=0
	tool stop b 30
	[ $SECONDS -lt 10 ] || fail "stop waited for a process that does not handle the signal"
	run tool wait b
	assert_eq "$output" 137
}

passes_term_on() {
	"$RUNTOOL" "$STATE" run -R -N "$IMAGE" trap >out &
	local pid=$!
	wait_for 10 grep -q ready out
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	assert_status 40
	grep -q "signal 15" out
}

@test "a terminated foreground run passes the signal on" {
	passes_term_on
	local pid
	wait_for 10 eval '! started' # its supervisor cleans up behind it
	"$RUNTOOL" "$STATE" run -R -N "$IMAGE" sleep 60 &
	pid=$!
	wait_for 10 started
	kill -INT $pid
	status=0
	wait $pid || status=$?
	assert_status 137
}

@test "a signal that comes before the runtime has said who runs is passed on, too" {
	mkdir bin
	local name=${PLIMSOLL_RUNTIME:-crun}
	cat >"bin/$name" <<-SH
		#!/bin/bash
		args=("\$@")
		for i in "\${!args[@]}"; do
		        [[ "\${args[i]}" != --pid-file=* ]] || { file=\${args[i]#*=}; args[i]+=.late; }
		done
		# Not before the container has said that it is ready.
		[ ! "\$file" ] || (until grep -q ready $PWD/out; do sleep 0.05; done; sleep 0.2; mv "\$file.late" "\$file") &
		exec $(command -v "$name") "\${args[@]}"
	SH
	chmod +x "bin/$name"
	PATH=$PWD/bin:$PATH passes_term_on
}

@test "ports are published, and the host's loopback is out of reach" {
	local port other server
	need_cmd curl python3
	port=$(free_port)
	tool run -d -n web -p "127.0.0.1:$port:80" "$IMAGE" serve 80
	wait_for 10 curl -sf -m 2 "http://127.0.0.1:$port/" -o page
	assert_eq "$(cat page)" hello
	run tool run -d -n two -p "127.0.0.1:$port:80" "$IMAGE" serve 80
	assert_status 125
	assert_output_has "port $port/tcp of the host is taken"
	other=$(free_port)
	python3 -m http.server --bind 127.0.0.1 "$other" >/dev/null 2>&1 3>&- &
	server=$!
	wait_for 10 curl -sf "http://127.0.0.1:$other/" -o /dev/null
	run timeout 60 "$RUNTOOL" "$STATE" run -R "$IMAGE" connect "$other"
	kill "$server" # not %1: that is bats' own countdown
	assert_status 1
	tool rm web force
	run curl -sf -m 2 "http://127.0.0.1:$port/"
	[ "$status" -ne 0 ]
}

@test "volumes: bound, read-only, and refused where they would open the host" {
	mkdir -p share
	echo shared >share/f
	run_c -v "$PWD/share:/srv/x" "$IMAGE" read /srv/x/f
	assert_eq "$output" shared
	run_c -v "$PWD/share:/srv/x:ro" "$IMAGE" write /srv/x/f y
	assert_status 1
	local bad
	ln -s /etc "$PWD/sly"
	for bad in / /etc /etc/shadow /proc /sys /dev /root /run /var/run /var "$STATE" "$PWD/sly"; do
		run_c -v "$bad:/x" "$IMAGE" id
		assert_status 125
		[[ "$output" == *"rule"* || "$output" == *"own state"* || "$output" == *"is not there"* ]] || fail "$bad: $output"
	done
	run_c -v "$PWD/share:/proc/x" "$IMAGE" id
	assert_status 125
	run_c -T /scratch:size=1m "$IMAGE" write /scratch/f y
	assert_status 0
}

@test "an image's VOLUME is writable and starts with the image's content" {
	echo first >image/data/f
	local image
	image=$(import image '{"Entrypoint":["/bin/inside"],"Volumes":{"/data":{}}}')
	run_c "$image" read /data/f
	assert_eq "$output" first
	run_c "$image" write /data/f second
	assert_status 0
	run_c "$image" read /data/f
	assert_eq "$output" first
}

@test "hostile images: links and files where the host would be touched" {
	local name
	mkdir outside
	for name in dev proc sys etc tmp run; do
		rm -rf hostile
		cp -a image hostile
		rm -rf "hostile/$name"
		ln -s "$PWD/outside" "hostile/$name"
		run_c "$(import hostile)" id
		assert_status 125
		assert_output_has "$name" "not a real folder"
		rm "hostile/$name"
		echo file >"hostile/$name"
		run_c "$(import hostile)" id
		assert_status 125
	done
	[ -z "$(ls -A outside)" ]
}

@test "hostile images: the working folder and the files in /etc" {
	rm -rf hostile
	cp -a image hostile
	mkdir -p hostile/proc/self/fd/7
	ln -s /proc/self/fd/7 hostile/sly
	local image
	image=$(import hostile)
	for cwd in /proc/self/fd/7 /sly /proc/self/fd/8 /proc; do
		run_c -w $cwd "$image" pwd
		assert_status 125
	done
	ln -s "$PWD/target" hostile/etc/resolv.conf
	run_c "$(import hostile)" id
	assert_status 0
	[ ! -e target ]
	run_c -x /proc/self/exe "$IMAGE" id
	assert_status 127
}

@test "kill -9 of everything of ours leaves nothing after the next command" {
	local pid super id ours=()
	"$RUNTOOL" "$STATE" run "$IMAGE" sleep 60 &
	pid=$!
	wait_for 10 started
	kill -9 $pid
	# The supervisor noticed, and cleaned up by itself.
	wait_for 10 no_processes
	"$RUNTOOL" "$STATE" run "$IMAGE" sleep 60 &
	pid=$!
	wait_for 10 started
	wait_for 10 sh -c '"$RUNTOOL" "$0" ps | grep -q running' "$STATE"
	for super in $(pgrep -f "$STATE"); do
		[ "$super" = $$ ] || [[ "$(cat "/proc/$super/comm")" != @(plimsoll-super|runtool) ]] || ours+=("$super")
	done
	kill_9 "${ours[@]}"
	tool ps >/dev/null
	nothing_left
	# A detached one whose conmon is killed.
	id=$(tool run -d -n d "$IMAGE" sleep 60)
	kill_9 "$(cat "$STATE/containers/$id/conmon.pid")"
	run tool ps
	assert_output_has "d exited 137"
	nothing_left
}

@test "a killed start leaves no record that blocks the next" {
	local i pid
	for i in 1 2 3 4 5; do
		"$RUNTOOL" "$STATE" run -n same "$IMAGE" sleep 60 >/dev/null 2>&1 &
		pid=$!
		sleep 0.0$((i * 2))
		kill -9 $pid
		wait $pid || true
		wait_for 10 sh -c '"$RUNTOOL" "$0" rm same force >/dev/null 2>&1; ! "$RUNTOOL" "$0" ps | grep -q same' "$STATE"
	done
	run_c -n same "$IMAGE"
	assert_status 0
}

@test "ids of its own: root in it is nobody on the host, and the layers stay as they are" {
	local first second
	run_c "$IMAGE" read /proc/self/uid_map
	assert_status 0
	read -r _ first _ <<<"$output"
	[ "$first" -ge 1879048192 ]
	run_c "$IMAGE" read /proc/self/uid_map
	read -r _ second _ <<<"$output"
	[ "$first" != "$second" ]
	# The image's files are its root's, its own folder can be passed through, and on disk nothing changed.
	run_c "$IMAGE" owner /bin/inside
	assert_eq "$output" "0 0"
	run_c "$IMAGE" owner /
	assert_eq "$output" "0 0"
	assert_eq "$(stat -c '%u %g' "$STATE"/layers/*/fs/bin/inside)" "0 0"
	# What it writes to a volume is root's there, too.
	mkdir data
	tool run -R -N -v "$PWD/data:/data" "$IMAGE" write /data/new x
	assert_eq "$(stat -c '%u %g' data/new)" "0 0"
}

@test "the caller's files and devices stay the caller's" {
	local before
	need_root
	before=$(stat -c '%u %g %a' /dev/null)
	# crun gives standard streams to the container's user: ours are behind pipes.
	"$RUNTOOL" "$STATE" run -R -N -i "$IMAGE" both seen said >out 2>err </etc/hostname
	assert_eq "$(cat out)" seen
	assert_eq "$(cat err)" said
	assert_eq "$(stat -c '%u' out err | sort -u)" 0
	tool run -R -N "$IMAGE" exit 0 </dev/null >/dev/null 2>/dev/null
	assert_eq "$(stat -c '%u %g %a' /dev/null)" "$before"
	# Opened again by name, as services do with their logs.
	tool run -R -N -u web "$IMAGE" write /dev/stdout again >out
	assert_eq "$(cat out)" againok
	tool run -d -N -n one "$IMAGE" sleep 60
	tool exec one /bin/inside id >out </dev/null
	tool exec one /bin/inside write /dev/null x </etc/hostname >/dev/null
	assert_eq "$(stat -c '%u' out /dev/null /etc/hostname | sort -u)" 0
}
