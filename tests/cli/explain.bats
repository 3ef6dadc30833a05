#!/usr/bin/env bats
# What a container is refused is explained: after its end, by `explain`, and never more than was allowed before. The
# program inside is tests/helpers/refused.c.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root bash perl touch || return 0
	gcc -static -O1 -D_GNU_SOURCE -o "$ROOT/bin/refused" "$PLIMSOLL_SRC/tests/helpers/refused.c"
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
	assert_output_has "/tmp/r: nothing is executed from there" "--tmpfs /tmp:exec"
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
	assert_output_has '"plimsoll.denials/v1"' '"syscall": "ptrace"' '"rule": "seccomp"' '"allow": "profile: syscalls: [ptrace]"'
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
	assert_output_has "flood: Operation not permitted" "more: plimsoll explain"
	plimsoll run -d --name lone --network none base:1 sh -c 'sleep 2; exec refused ptrace memfd mount' >/dev/null
	pkill -9 -f "plimsoll-guard.*$(plimsoll ps -q --no-trunc)"
	plimsoll wait lone >/dev/null || true
	run plimsoll logs lone
	assert_output_has "ptrace: Function not implemented" "memfd: Function not implemented" "mount: Function not implemented"
}

@test "--explain tells while it runs, each refusal once" {
	plimsoll run --rm --explain --network none base:1 sh -c 'refused ptrace; read x; refused ptrace mount; exit 5' \
		<"$(mkfifo in; echo in)" >out 2>err &
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
