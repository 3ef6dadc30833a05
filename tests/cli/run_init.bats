#!/usr/bin/env bats
# run --init: the shim stays the first process, hands signals on and takes in what children leave. With crun and with runc.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root cat grep sleep readlink ls touch stat setsid || return 0
	base_state
}
setup() { containers_setup; }
teardown() { containers_teardown; }

status_of() { # status, command
	in_c --init base:1 sh -c "$2"
	assert_status "$1"
}

first_process() {
	# shellcheck disable=SC2016
	in_c --init base:1 sh -c 'cat /proc/1/comm; [ $$ != 1 ] && echo a child'
	assert_eq "$output" "shim
a child"
	status_of 7 'exit 7'
	# shellcheck disable=SC2016
	status_of 143 'kill -TERM $$'
	in_c --init base:1 /nosuch
	assert_status 127
	# An orphan does not stay a zombie, and the rest ends with the command.
	in_c --init base:1 sh -c 'sh -c "sleep 0.1 & :"; sleep 0.5; grep -h State: /proc/[0-9]*/status; sleep 99 & exit 0'
	assert_status 0
	refute_output_has zombie
}

signals() {
	# shellcheck disable=SC2016
	plimsoll run -d --init --name s --network none base:1 \
		sh -c 'trap "echo usr1" USR1; trap "echo term; exit 3" TERM; echo up; while :; do sleep 0.1; done' >/dev/null
	wait_for 10 said s up
	plimsoll kill -s USR1 s
	wait_for 10 said s usr1
	plimsoll stop s
	assert_eq "$(plimsoll wait s)" 3
	plimsoll logs s | grep -x term
	assert_eq "$(plimsoll inspect --format '{{.HostConfig.Init}} {{.Path}}' s)" "true sh"
	plimsoll rm s
}

said() { plimsoll logs "$1" | grep -qx "$2"; }

confined() {
	# Nobody writes the init, and exec has no second one.
	plimsoll run -d --init --name c --network none base:1 sleep 60 >/dev/null
	run plimsoll exec c sh -c 'echo x >/dev/shim'
	assert_output_has "Read-only file system"
	run plimsoll exec c sh -c 'echo x >/proc/1/exe'
	assert_output_has denied
	# shellcheck disable=SC2016
	assert_eq "$(plimsoll exec c sh -c 'cat /proc/$$/comm')" sh
	plimsoll rm -f c
}

@test "the command is its child: status, orphans, end" { each_runtime first_process; }

@test "signals reach the command" { each_runtime signals; }

@test "the init is nobody's to write, and exec starts no second one" { each_runtime confined; }

@test "without Landlock, by policy, and in another's terminal" {
	printf 'run:\n  allow: [landlock-unconfined]\n' >policy.yaml
	run plimsoll --config policy.yaml run --rm --network none --init --security-opt landlock=unconfined --reason x base:1 \
		cat /proc/1/comm
	assert_eq "$output" shim
	plimsoll run -dit --init --name t --network none base:1 sh >/dev/null
	run plimsoll exec t cat /proc/1/comm
	assert_eq "$output" shim
	plimsoll rm -f t
}
