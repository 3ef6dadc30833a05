#!/usr/bin/env bats
# What a container is refused is explained: after its end, by `explain`, and never more than was allowed before. The
# program inside is tests/helpers/refused.c.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root bash perl touch head cp sleep mkdir ln grep cat chmod chown || return 0
	gcc -static -O1 -D_GNU_SOURCE -o "$ROOT/bin/refused" "$PLIMSOLL_SRC/tests/helpers/refused.c"
	mkdir -p "$ROOT/var/cache/deep"
	ln -s /run "$ROOT/var/run"
	mkdir -p "$ROOT/srv/own" "$ROOT/srv/closed"
	echo words >"$ROOT/srv/own/secret"
	chown 33:33 "$ROOT/srv/own/secret" "$ROOT/srv/closed"
	chmod 600 "$ROOT/srv/own/secret"
	chmod 700 "$ROOT/srv/closed"
	base_state
}

setup() { containers_setup gcc; }

teardown() { containers_teardown; }

@test "a refused system call is told with its reason and the line that would allow it" {
	in_c base:1 refused ptrace ptrace mount userns exit:3
	assert_status 3
	assert_output_has "ptrace: Operation not permitted" "ptrace(): the system call list: writes where only" \
		"(2 times)" "syscalls: [ptrace]" "clone(CLONE_NEW...)" "makes namespaces"
	in_c base:1 refused alg raw
	assert_output_has "alg: Address family not supported" "raw: Operation not permitted" "--cap-add NET_RAW" \
		"socket(AF_ALG)" "nothing allows it"
}

@test "what others than the list refuse is told, too: paths, capabilities, noexec" {
	in_c base:1 refused write:/var/lib/x chown:/tmp setuid:33 write:/proc/self/mem
	assert_output_has "/var/lib/x: this is read-only" "--tmpfs /var/lib" "the capability CHOWN is missing" \
		"setuid 33" "--cap-add SETUID" "/proc/self/mem: this is read-only"
	in_c base:1 sh -c 'cat /bin/refused >/tmp/r; : >/tmp/r2; chmod() { :; }; /bin/perl -e "chmod 0755, q(/tmp/r)"; /tmp/r; exit 4'
	assert_status 4
	assert_output_has "/tmp/r: nothing is executed from there" "exec: [/tmp]"
	in_c --no-explain base:1 refused write:/var/lib/x ptrace
	assert_output_has "ptrace(): the system call list"
	refute_output_has "this is read-only"
}

@test "a healthy run prints nothing, nor does a quiet one" {
	in_c base:1 sh -c 'cat /etc/os-release >/tmp/a; touch /tmp/b; echo x >/dev/null; bash -c "perl -e 1; id"'
	assert_status 0
	refute_output_has "refused"
	in_c base:1 refused io_uring
	refute_output_has "the container was refused"
	in_c --explain base:1 refused io_uring
	assert_output_has "io_uring_setup()"
	run timeout 60 "$PLIMSOLL" --state "$STATE" --quiet run --rm --network none base:1 refused ptrace
	refute_output_has "the container was refused"
}

@test "what is in the background is explained by a command" {
	plimsoll run -d --name web --network none base:1 sh -c 'refused ptrace write:/x; exec sleep 60' >/dev/null
	wait_for 10 grep -q ptrace <(plimsoll logs web) || true
	sleep 1
	run plimsoll explain web
	assert_status 0
	assert_output_has "ptrace(): the system call list"
	refute_output_has "this is read-only"
	run plimsoll explain --format json web
	assert_output_has '"plimsoll.denials/v1"' '"syscall": "ptrace"' '"rule": "seccomp"' '"allow": "--profile FILE with the line syscalls: [ptrace]'
	pgrep -f plimsoll-guard.*"$(plimsoll ps -q --no-trunc)" >/dev/null || fail "no guard"
	plimsoll rm -f web
	plimsoll run -d --explain --name looked --network none base:1 sh -c 'refused write:/x; exec sleep 60' >/dev/null
	sleep 1
	run plimsoll explain looked
	assert_output_has "/x: this is read-only" "--read-only=false"
}

@test "memory files are ordinary, and never executed" {
	in_c base:1 refused memfd memfd-run memfd-exec
	assert_output_has "memfd: done" "memfd-run: Permission denied" "memfd-exec: Permission denied"
	refute_output_has "ran: "
}

@test "whoever races the guard, floods it or loses it gets no more" {
	in_c base:1 refused race
	assert_output_has "race: Operation not permitted"
	in_c base:1 refused flood
	assert_output_has "flood: Operation not permitted" "125 more like it" "the list of refusals is full"
	plimsoll run -d --name lone --network none base:1 sh -c 'sleep 2; exec refused ptrace memfd mount' >/dev/null
	pkill -9 -f "plimsoll-guard.*$(plimsoll ps -q --no-trunc)"
	plimsoll wait lone >/dev/null || true
	run plimsoll logs lone
	assert_output_has "ptrace: Function not implemented" "memfd: Function not implemented" "mount: Function not implemented"
}

@test "--explain tells while it runs, each refusal once" {
	mkfifo in
	plimsoll run --rm -i --explain --network none base:1 sh -c 'refused ptrace; read x; refused ptrace mount; exit 5' \
		<in >out 2>err &
	exec 7>in
	wait_for 20 grep -q 'syscalls: \[ptrace\]' err
	if grep -q "mount()" err; then fail "told before it was"; fi
	echo >&7
	exec 7>&-
	wait $! && fail "it ended well" || true
	assert_eq "$(grep -c 'ptrace()' err)" 1
	assert_eq "$(grep -c 'mount()' err)" 1
	assert_eq "$(grep -c 'the container' err)" 1
}

@test "explain -f follows what is in the background, to its end" {
	plimsoll run -d --name web --network none base:1 sh -c 'refused ptrace; sleep 2; refused mount; sleep 1' >/dev/null
	timeout 30 "$PLIMSOLL" --state "$STATE" explain -f web >followed
	grep -q 'ptrace()' followed
	grep -q 'mount()' followed
	timeout 30 "$PLIMSOLL" --state "$STATE" explain -f --format json web >lines
	assert_eq "$(jq -r .syscall lines | tr '\n' ' ')" "ptrace mount "
}

# It is refused, and says what allows it; with that, and no more, it works.
advised() { # words of the message, run's options and words...
	local words=$1 advice
	shift
	in_c "$@"
	[ "$status" != 0 ] || fail "it was not refused:" "$output"
	assert_output_has "$words"
	advice=$(sed -n 's/^ *allow: \(--*[a-z][a-z-]* *[^ ,]*\).*/\1/p' <<<"$output" | sed 's/NAME/advised/' | sort -u | tr '\n' ' ')
	[ -n "$advice" ] || fail "no advice:" "$output"
	# shellcheck disable=SC2086 # several words
	in_c $advice "$@"
	[ "$status" = 0 ] || fail "with $advice:" "$output"
	refute_output_has "was refused:"
}

@test "advice works: folders, capabilities, execution" {
	advised "/var/cache/x: this is read-only" base:1 sh -c 'touch /var/cache/x'
	advised "/etc/x: this is read-only" base:1 sh -c ': >/etc/x'
	in_c -v data:/srv/a:ro base:1 sh -c 'touch /srv/a/x'
	assert_output_has "allow: -v data:/srv/a"
	advised "capability CHOWN is missing" base:1 perl -e 'chown(33, 33, "/tmp") or die $!'
	advised "capability SETUID is missing" base:1 perl -e '$< = 33; $< == 33 or die $!'
	echo 'exec: [/tmp]' >p.yaml
	in_c --profile p.yaml base:1 sh -c 'cp /bin/refused /tmp/r; exec /tmp/r'
	assert_status 0
	in_c --tmpfs /var/x:size=32m base:1 sh -c 'cp /bin/refused /var/x/r; exec /var/x/r'
	assert_output_has "allow: --tmpfs /var/x:size=32m,exec"
	in_c -v prog:/srv/p base:1 sh -c 'cp /bin/refused /srv/p/r; exec /srv/p/r'
	assert_output_has "allow: -v prog:/srv/p:exec"
	in_c -v prog:/srv/p:exec base:1 /srv/p/r
	assert_status 0
}

@test "what works is not told, by whichever name: links, names of threads, memory that is locked" {
	in_c --explain base:1 sh -c 'mkdir /var/run/x && touch /var/run/x/y'
	assert_status 0
	refute_output_has refused
	in_c base:1 sh -c 'ln -s /var/cache /tmp/c; touch /tmp/c/x'
	assert_output_has "/var/cache/x: this is read-only" "allow: -v NAME:/var/cache "
	in_c --memory 64m base:1 sh -c 'ulimit -l 4096; refused mlockall'
	assert_output_has "mlockall: done"
	in_c base:1 bash -c 'ln -s /etc/os-release /tmp/l; touch -h /tmp/l; touch -h -d 2020-01-01 /tmp/l
		exec 5>/tmp/five; chmod 600 /proc/self/fd/5; exit 3'
	refute_output_has "was refused"
	in_c --cap-add CHOWN base:1 sh -c ': >/tmp/o; chown 33 /tmp/o; touch -d 2020-01-01 /tmp/o'
	assert_output_has "the capability FOWNER is missing"
	in_c base:1 bash -c 'for n in 9 8 7; do ulimit -n $((n * 1000)); done; exit 3'
	assert_output_has "and 2 more like it" "--ulimit nofile=9000"
	in_c base:1 sh -c 'echo name >/proc/self/comm'
	assert_output_has "comm: this is read-only" "which keeps its memory from being written"
	in_c base:1 sh -c 'echo name >/proc/self/comm; exit 0'
	refute_output_has "was refused"
}

@test "what root may not read is told with --explain" {
	in_c --explain base:1 sh -c 'echo /srv/closed/*; exit 3'
	assert_output_has "openat /srv/closed/: the capability DAC_OVERRIDE is missing"
	in_c --explain base:1 sh -c 'cat /srv/own/secret; exit 3'
	assert_output_has "openat /srv/own/secret: the capability DAC_OVERRIDE is missing" \
		"allow: --cap-add DAC_OVERRIDE (or --cap-add service"
	in_c base:1 sh -c 'cat /srv/own/secret; exit 3'
	refute_output_has "was refused"
	in_c --explain --cap-add service base:1 cat /srv/own/secret
	assert_output_has "words"
	refute_output_has "was refused"
}

@test "who was killed for memory is told by name, also later; what ended otherwise by its status" {
	local hog='my $x = "x" x 100000000; print length $x'
	plimsoll run --name hog --network none --memory 16m base:1 perl -e "$hog" || true
	run plimsoll explain hog
	assert_output_has "perl was killed for memory: all of its memory was used, the limit is 16 MiB" "--memory 32m"
	run plimsoll inspect -f '{{.State.OOMKilled}}' hog
	assert_eq "$output" true
	plimsoll events --since 1m --until 0s --filter container=hog --format json >events
	assert_eq "$(jq -r 'select(.Action == "oom").Actor.Attributes.process' events)" perl
	# One of several, and not the first.
	in_c --memory 16m base:1 sh -c "perl -e '$hog'; exit 5"
	assert_status 5
	assert_output_has "perl was killed for memory"
	in_c base:1 sh -c 'exit 137'
	assert_output_has "exit status 137: killed (SIGKILL) from outside"
	in_c base:1 sh -c 'exit 159'
	assert_output_has "exit status 159: ended by SIGSYS"
	in_c base:1 sh -c 'exit 3'
	refute_output_has "exit status"
}

@test "advice is one for what has one cause, and what was only asked or tried comes last" {
	in_c base:1 sh -c 'touch /var/cache/deep/x; touch /var/cache/y'
	assert_output_has "and 1 more like it" "allow: -v NAME:/var/cache ("
	refute_output_has "-v NAME:/var/cache/deep"
	in_c base:1 sh -c 'test -w /var/cache; echo name >/proc/self/comm; touch /var/cache/x'
	[[ "$output" == *"/var/cache/x: this is read-only"*"go on without"*"comm: this is read-only"* ]] || fail "$output"
	in_c base:1 sh -c 'test -w /var/cache'
	assert_output_has "/var/cache/: this is read-only" "allow: -v NAME:/var/cache ("
}

@test "advice works: changing the root folder, capabilities that are kept, limits of the host" {
	advised "chroot()" base:1 sh -c 'refused chroot:/tmp | grep done'
	in_c base:1 refused keep:7 exit:1
	assert_output_has "capset(): the capability SETUID is missing" "--cap-add SETUID (or --cap-add service"
	in_c --cap-add service base:1 refused keep:7
	assert_output_has "keep:7: done"
	in_c base:1 sh -c "ulimit -n $(($(ulimit -Hn) + 1))"
	assert_output_has "--ulimit nofile=$(ulimit -Hn) (as much as the host's limit"
	in_c base:1 sh -c 'ulimit -l 0; refused mlockall exit:1'
	assert_output_has "mlockall: memory that is never swapped: it is more than the limit memlock"
}

@test "advice works: limits, and what is full" {
	advised "it was full, its size is 64 MiB" base:1 sh -c 'head -c 100000000 /dev/zero >/tmp/x'
	advised "it was full, its size is 64 MiB" base:1 sh -c 'head -c 100000000 /dev/zero >/dev/shm/x'
	local forks='for (1..9) { my $p = fork; defined $p or die $!; $p or do { sleep 1; exit } }'
	in_c --pids-limit 8 base:1 perl -e "$forks"
	assert_output_has "as many as the limit allows, 8" "--pids-limit 16"
	in_c --pids-limit 16 base:1 perl -e "$forks"
	assert_status 0
	advised "raising the limit nofile to 8000" base:1 bash -c 'ulimit -n 8000'
	in_c --memory 16m base:1 perl -e 'my $x = "x" x 100000000; print length $x'
	assert_output_has "was killed for memory" "the limit is 16 MiB" "--memory 32m"
}

@test "advice works: no network, and ports that a profile does not name" {
	in_c base:1 refused connect:9 exit:1
	assert_output_has "connect 192.0.2.1:9: there is no network" "run it without --network none"
	printf 'bind: [80]\n' >p.yaml
	in_c --profile p.yaml base:1 refused bind:81
	assert_output_has "bind:81: Permission denied" "the profile does not name TCP port 81" "81 in the profile's line bind:"
	printf 'bind: [80, 81]\n' >p.yaml
	in_c --profile p.yaml base:1 refused bind:81
	assert_output_has "bind:81: done"
	refute_output_has refused
}

@test "advice works: a folder of /run that a system makes at its start" {
	advised "/run/daemon/pid: its folder is not there" base:1 sh -c 'echo 1 >/run/daemon/pid'
	in_c base:1 sh -c 'echo 1 >/run/daemon/pid; exit 0'
	refute_output_has "was refused"
	in_c --tmpfs /run/daemon:mode=1777 --user 1234 base:1 sh -c 'echo 1 >/run/daemon/pid'
	assert_status 0
}

@test "what is only asked of many files leaves room for what is tried" {
	in_c base:1 sh -c 'for f in /bin/* /lib/*/* /proc/sys/kernel/* /proc/sys/net/*/*; do [ -w "$f" ]; done; mkdir() { perl -e "mkdir q(/var/cache/last)"; }; mkdir; exit 3'
	assert_output_has "mkdir /var/cache/last: this is read-only"
	refute_output_has "the list of refusals is full"
}

@test "what nothing allows says so, and what to do instead" {
	in_c base:1 perl -e 'chown(70000, 70000, "/tmp") or die $!'
	assert_output_has "no user or group 70000" "nothing allows it; use an id below"
	in_c base:1 refused mount exit:1
	assert_output_has "nothing allows it; have it mounted before it starts"
	in_c base:1 sh -c 'echo 1 >/proc/sys/kernel/panic'
	assert_output_has "nothing allows it; what is set there is the host's"
	in_c base:1 sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
	assert_output_has "allow: --sysctl net.ipv4.ip_forward=VALUE"
}
