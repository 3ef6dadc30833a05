# Registries that are odd but within the specifications, and those that are not: every case of tests/lib/odd_registries.py.
load ../lib/common

setup() { common_setup; }
teardown() { common_teardown; }

@test "what is odd works, what lies is refused, credentials stay" {
	run python3 "$PLIMSOLL_SRC/tests/lib/odd_registries.py"
	echo "$output"
	assert_status 0
	refute_output_has "not ok"
	assert_eq "$(grep -c '^ok ' <<<"$output")" "$(python3 "$PLIMSOLL_SRC/tests/lib/odd_registries.py" --list | wc -l)"
}
