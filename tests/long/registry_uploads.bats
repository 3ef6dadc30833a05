# Uploads to registries that break, lie or lead away in the middle: every case of tests/lib/upload_cases.py, against a
# registry of its own on loopback whose sessions can be gone on with (tests/lib/upload_server.py).
load ../lib/common

setup() { common_setup; }
teardown() { common_teardown; }

@test "uploads go on where they broke, what lies is refused, no credentials go elsewhere" {
	run python3 "$PLIMSOLL_SRC/tests/lib/upload_cases.py"
	echo "$output"
	assert_status 0
	refute_output_has "not ok"
	assert_eq "$(grep -c '^ok ' <<<"$output")" "$(python3 "$PLIMSOLL_SRC/tests/lib/upload_cases.py" --list | wc -l)"
}
