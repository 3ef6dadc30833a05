#!/usr/bin/env bats
# run -it behind a real terminal, with both runtimes; docker's exit statuses.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root cat stty sleep || return 0
	base_state
}

setup() { containers_setup python3; }

teardown() { containers_teardown; }

terminal() { # option of run...
	run timeout 100 python3 "$PLIMSOLL_SRC/tests/lib/run_tty.py" "$PLIMSOLL" --state "$STATE" run --rm -it --network none "$@"
}

@test "run -it: its size, a change of it, ^C, the exit status, and the terminal is as it was" {
	local runtime
	for runtime in crun runc; do
		command -v "$runtime" >/dev/null || continue
		terminal --runtime "$runtime" base:1 sh
		assert_status 0
		assert_output_has sized interrupted "exit 7" restored
	done
}

@test "exit statuses: the command's own, 128 + the signal, 125, 126 and 127" {
	in_c base:1 sh -c 'exit 9'
	assert_status 9
	in_c --init-no-such base:1 true
	assert_status 2
	run -126 plimsoll run --rm --network none base:1 /etc
	run -127 plimsoll run --rm --network none base:1 /nosuch
	plimsoll run -d --name s --network none base:1 sleep 100 >/dev/null
	plimsoll kill s
	run plimsoll wait s
	assert_eq "$output" 137
}
