# The attack primitives of bench/lockdown inside a container of the default profile: none may be allowed, and every
# ordinary operation must work.

load ../lib/common
setup() {
	common_setup
	need_root
	need_cmd crun gcc python3 jq
}
teardown() { common_teardown; }

# plimsoll's options; fails with the names of what was allowed or broken.
lockdown() {
	PLIMSOLL_RUN="$*" "$PLIMSOLL_SRC/bench/lockdown/run" --only plimsoll --keep "$BATS_TEST_TMPDIR/out" \
		--json "$BATS_TEST_TMPDIR/json" "$PLIMSOLL"
	jq -e '.attacks >= 147 and .ordinary >= 40' "$BATS_TEST_TMPDIR/json"
	assert_eq "$(jq -r '.allowed | join(" ")' "$BATS_TEST_TMPDIR/json")" "${ALLOWED:-}"
	assert_eq "$(jq -r '.broken | join(" ")' "$BATS_TEST_TMPDIR/json")" ""
}

@test "by default no primitive is allowed, and every ordinary operation works" {
	lockdown
}

@test "the same with runc" {
	need_cmd runc
	"$PLIMSOLL" run --help | grep -q -e --runtime || skip "run has no --runtime yet"
	lockdown --runtime runc
}

@test "the probe sees what is there: bare crun allows what it is known to allow" {
	"$PLIMSOLL_SRC/bench/lockdown/run" --only crun --json "$BATS_TEST_TMPDIR/json" "$PLIMSOLL"
	for name in force_proc_self_mem ptrace_poke userns_unshare userns_fsconfig io_uring_setup exec_memfd inet_mptcp \
		caps_effective no_seccomp host_user_ns memory fork_processes; do
		jq -e --arg n $name '.allowed | index($n)' "$BATS_TEST_TMPDIR/json" || fail "$name was not allowed"
	done
}
