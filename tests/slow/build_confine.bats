#!/usr/bin/env bats
# What a RUN step may not do, and what it cannot use up.

load ../lib/common
load ../lib/build

setup() {
	common_setup
	mkdir ctx
}

teardown() {
	common_teardown
}

build() { # arguments
	run plimsoll build --network none "$@" ctx
}

@test "system calls, devices and files of the kernel that no step is given" {
	need_cmd gcc
	host_base grep
	gcc -O1 -D_GNU_SOURCE -static -o ctx/probe "$PLIMSOLL_SRC/tests/helpers/step_probe.c"
	printf 'FROM base\nRUN --mount=source=probe,target=/probe /probe\n' | dockerfile
	build
	assert_status 0
	grep -E '^[a-z/][a-zA-Z0-9/_-]* (ok|E[A-Z0-9]+)$' <<<"$output" >said
	[ "$(wc -l <said)" -gt 60 ] || fail "$output"
	assert_eq "$(grep ' ok$' said || true)" ""
	# Refused by us, and not because the arguments made no sense.
	for name in unshare-user unshare-mount setns mount umount pivot-root fsopen open-tree move-mount \
		mount-setattr device open-by-handle ptrace process-vm-readv process-vm-writev pidfd-getfd kcmp bpf perf \
		io-uring userfaultfd keyctl add-key request-key init-module finit-module kexec reboot swapon settimeofday \
		sethostname syslog acct fanotify quotactl; do
		grep -qx "$name EPERM" said || fail "$name" "$(grep "^$name " said)"
	done
	# What a C library asks for and falls back from.
	grep -qx 'clone3 ENOSYS' said
	grep -qx 'clone-user ENOSYS' said
	grep -qx 'nothing-known ENOSYS' said
	grep -qx 'third-descriptor EBADF' said
	grep -qx 'proc-mem EROFS' said
}

@test "status of a step: no new privileges, a filter, few capabilities, no host" {
	host_base grep
	echo 'marker of the host' >marker
	dockerfile <<-OUT
	FROM base
	RUN cat /proc/self/status; cat /proc/kcore /proc/keys /proc/kallsyms /proc/timer_list /sys/firmware/* 2>/dev/null | \
		grep -c . ; ls /proc | grep -c '^[0-9]'; [ ! -e $PWD/marker ] && [ ! -e /proc/1/root$PWD/marker ] && echo no host
	USER nobody
	RUN grep -e Cap /proc/self/status; echo x >/etc/new || echo cannot write
	OUT
	build
	assert_status 0
	assert_output_has "NoNewPrivs:	1" "Seccomp:	2" "no host" "cannot write"
	# CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SYS_CHROOT AUDIT_WRITE SETFCAP
	assert_output_has "CapEff:	00000000a00400fb" "CapBnd:	00000000a00400fb" "CapInh:	0000000000000000"
	# And another user has none of them.
	assert_output_has "CapEff:	0000000000000000"
	grep -qx 0 <<<"$output" || fail "a masked file shows something" "$output"
}

@test "a fork bomb ends as an error of its step, and nothing is left" {
	need_cmd gcc
	host_base grep
	gcc -O1 -D_GNU_SOURCE -static -o ctx/probe "$PLIMSOLL_SRC/tests/helpers/step_probe.c"
	printf 'FROM base\nRUN --mount=source=probe,target=/probe /probe bomb & sleep 2; ls / | cat | cat | cat\nRUN true\n' | dockerfile
	run timeout 120 "$PLIMSOLL" --state "$STATE" build --network none --pids-limit 40 ctx
	assert_status 5
	assert_output_has "Dockerfile:2: the command ended with exit status" "annot fork"
	assert_eq "$(leftover_cgroups)" ""
	printf 'FROM base\nRUN true\n' | dockerfile
	build
	assert_status 0
}

@test "a memory eater ends as an error of its step" {
	host_base grep
	printf 'FROM base\nRUN a=0123456789abcdef; while :; do a=$a$a; done\n' | dockerfile
	build --memory 48m
	assert_status 5
	assert_output_has "Dockerfile:2: the command ended with exit status 137"
	assert_output_has "its memory"
}

@test "what a step starts in the background ends with it" {
	host_base grep setsid
	printf 'FROM base\nRUN (setsid sleep 7654 </dev/null >/dev/null 2>&1 &); sleep 7653 & echo started\n' | dockerfile
	run timeout 60 "$PLIMSOLL" --state "$STATE" build --network none ctx
	assert_status 0
	assert_eq "$(pgrep -f '^sleep 765[34]' || true)" ""
}

@test "limits and names given on the command line" {
	host_base grep df
	printf 'FROM base\nRUN ulimit -n; ulimit -Hf; cat /etc/hosts; df -k /dev/shm\n' | dockerfile
	build --ulimit nofile=123 --ulimit fsize=-1 --add-host db:10.1.2.3 --add-host 'six=[fd00::6]' --shm-size 5m
	assert_status 0
	grep -qx 123 <<<"$output"
	grep -qx unlimited <<<"$output"
	assert_output_has "10.1.2.3	db" "fd00::6	six" " 5120 "
	refute_output_has "cached"
	build --add-host db:10.1.2.4
	refute_output_has "cached"
	for bad in '--ulimit nofile' '--ulimit what=1' '--ulimit nofile=2:1' '--add-host x' '--add-host a:b' '--add-host a_b/c:1.2.3.4' \
		'--shm-size 1x' '--memory 1m' '--memory x' '--pids-limit 0' '--on-error maybe'; do
		# shellcheck disable=SC2086
		build $bad
		assert_status 2
	done
}

@test "output that is binary, coloured, endless or without an end" {
	host_base grep head tr
	dockerfile <<-'OUT'
	FROM base
	RUN printf 'a\033[31mred\033[0m\033]0;title\007b\n'; printf 'progress 1\rprogress 2\n'; printf 'nul\0and\377bytes\n'; \
		head -c 20000 /dev/zero | tr '\0' x; printf '\nlast\033[2J words'; exit 4
	OUT
	plimsoll build --network none ctx >out 2>err && fail "built"
	assert_eq "$(LC_ALL=C grep -c -P '[\x00-\x08\x0b-\x1f\x7f-\xff]' err)" 0
	grep -qx 'aredb' err
	grep -qx 'progress 2' err
	grep -qx 'nul?and?bytes' err
	grep -q 'Dockerfile:2: .*status 4' err
	[ "$(tail -1 err)" = 'last words' ] || fail "$(tail -3 err)"
	[ "$(awk '{ if (length > n) n = length } END { print n }' err)" -le 4096 ]
}

# --- --on-error=shell ---

@test "--on-error=shell without a terminal is refused before anything is done" {
	printf 'FROM scratch\n' | dockerfile
	run plimsoll build --on-error shell ctx
	assert_status 2
	assert_output_has "there is no terminal for it"
}

@test "--on-error=shell: a shell where the command failed, as confined as that was" {
	host_base grep
	dockerfile <<-'OUT'
	FROM base
	ENV GREETING=hello
	WORKDIR /work
	USER nobody
	RUN --mount=type=secret,id=s,uid=65534 --mount=type=tmpfs,target=/t echo made >/tmp/made; echo t >/t/t; exit 3
	OUT
	echo the-secret >s
	cat >drive.py <<-'EOF'
	import os, pty, select, sys, time
	lines = [b"echo $GREETING-$PWD; id -u; cat /tmp/made /t/t\n", b"cat /run/secrets/s; grep NoNew /proc/self/status\n",
	    b"tty=yes; [ -t 0 ] && echo on-a-$tty-terminal; exit 0\n"]
	pid, fd = pty.fork()
	if pid == 0:
	    os.execv(sys.argv[1], sys.argv[1:])
	seen, sent, end = b"", 0, time.time() + 100
	while time.time() < end:
	    ready, _, _ = select.select([fd], [], [], 1)
	    if ready:
	        try:
	            piece = os.read(fd, 4096)
	        except OSError:
	            break
	        if not piece:
	            break
	        seen += piece
	    if sent < len(lines) and b"$ " in seen.split(b"in its place follows")[-1].split(lines[sent - 1].strip() if sent else b"follows")[-1]:
	        os.write(fd, lines[sent])
	        sent += 1
	_, status = os.waitpid(pid, 0)
	sys.stdout.buffer.write(seen)
	sys.exit(os.waitstatus_to_exitcode(status))
	EOF
	run timeout 150 python3 drive.py "$PLIMSOLL" --state "$STATE" build --network none --secret id=s,src=s --on-error=shell ctx
	assert_status 5
	assert_output_has "exit status 3; /bin/sh in its place follows" "hello-/work" "65534" "made" "the-secret" "NoNewPrivs:	1" \
		"on-a-yes-terminal" "Dockerfile:5: the command ended with exit status 3"
}
