# The attack primitives of bench/lockdown inside a container of the default profile: none may be allowed, and every
# ordinary operation must work.

load ../lib/common
setup() {
	common_setup
	need_root
	need_cmd crun gcc python3 jq
	JSON=$BATS_TEST_TMPDIR/json
}
teardown() { common_teardown; }

probe() { # sandbox
	"$PLIMSOLL_SRC/bench/lockdown/run" --only "$1" --keep "$BATS_TEST_TMPDIR/out" --json "$JSON" "$PLIMSOLL"
}

nothing_allowed() {
	jq -e '.attacks >= 147 and .ordinary >= 40' "$JSON"
	assert_eq "$(jq -r '.allowed | join(" ")' "$JSON")" ""
	assert_eq "$(jq -r '.broken | join(" ")' "$JSON")" ""
}

@test "by default no primitive is allowed, and every ordinary operation works" {
	probe plimsoll
	nothing_allowed
}

@test "the same with runc" {
	need_cmd runc
	probe plimsoll-runc
	nothing_allowed
}

@test "the same as an ordinary user" {
	need_cmd newuidmap useradd setpriv
	run probe plimsoll-user
	assert_status 0
	[[ "$output" != *"lines without "* ]] || skip "no control groups of version 1 can be his"
	nothing_allowed
}

@test "the same as an ordinary user, with runc" {
	need_cmd newuidmap useradd setpriv runc
	run probe plimsoll-user-runc
	assert_status 0
	[[ "$output" != *"lines without "* ]] || skip "no control groups of version 1 can be his"
	nothing_allowed
}

@test "as an ordinary user without control groups, only limits are not there" {
	need_cmd newuidmap useradd setpriv
	run probe plimsoll-user-alone
	assert_status 0
	# Where no control group is his, these limits are not there (docs/rootless.md); nothing else is allowed.
	jq -e '.attacks >= 147 and .ordinary >= 40' "$JSON"
	assert_eq "$(jq -r '.allowed - ["memory", "memory_sysv", "memory_memfd", "memory_sockets", "cpus", "memory_udp", "memory_tcp",
		"semaphores"] | join(" ")' "$JSON")" ""
	assert_eq "$(jq -r '.broken - ["cgroup_limits"] | join(" ")' "$JSON")" ""
}

@test "the probe sees what is there: bare crun allows what it is known to allow" {
	probe crun
	for name in force_proc_self_mem ptrace_poke userns_unshare userns_fsconfig io_uring_setup exec_memfd inet_mptcp \
		caps_effective no_seccomp host_user_ns memory fork_processes; do
		jq -e --arg n $name '.allowed | index($n)' "$JSON" || fail "$name was not allowed"
	done
}
