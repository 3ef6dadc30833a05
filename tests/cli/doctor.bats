#!/usr/bin/env bats
# What the machine has and lacks, told once; and that a start goes by the same.

load ../lib/common

setup() {
	common_setup
	need_cmd jq
	: >policy.yaml
}

teardown() { common_teardown; }

plimsoll() {
	"$PLIMSOLL" --state "$STATE" --config policy.yaml "$@"
}

state_of() { # name
	plimsoll --format json doctor 2>/dev/null | jq -r --arg n "$1" '.facts[] | select(.name == $n) | .state'
}

# PATH without some programs
without() { # program...
	local d p
	mkdir -p bin
	IFS=: read -ra d <<<"$PATH"
	for p in "${d[@]}"; do
		ln -sf -t bin "$p"/* 2>/dev/null || true
	done
	for p; do rm -f "bin/$p"; done
	PATH=$BATS_TEST_TMPDIR/bin
}

@test "each thing has a state, and what is not fine says what to do" {
	run plimsoll doctor
	[ "$status" -eq 0 ] || [ "$status" -eq 3 ]
	assert_output_has WHAT "TO DO" landlock memory-limit conmon kptr_restrict clock
	plimsoll --format json doctor >doc.json 2>/dev/null || [ $? -eq 3 ]
	jq -e '.schema == "plimsoll.doctor/v1" and (.facts | length) > 25' doc.json
	jq -e 'all(.facts[]; .state == "fine" or .state == "lacking" or .state == "excused" or .state == "note")' doc.json
	jq -e 'all(.facts[]; .state == "fine" or (.mend | length > 0))' doc.json
	jq -e '.lacking == ([.facts[] | select(.state == "lacking")] | length)' doc.json
	# What the kernel says of itself.
	assert_eq "$(jq -r '.facts[] | select(.name == "version") | .found' doc.json)" "$(uname -s) $(uname -r)"
}

@test "a program that no container can do without is lacking, and the exit status says so" {
	without conmon pasta
	run plimsoll doctor
	assert_status 3
	assert_output_has "apt-get install conmon" "apt-get install passt" "that running a container needs"
	assert_eq "$(state_of conmon)" lacking
	# Of the runtimes one is enough.
	assert_eq "$(state_of runc | grep -c lacking)" 0
}

@test "what the policy requires and the kernel has not is lacking, for doctor and for run" {
	[ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" != Y ] || skip "AppArmor is enabled"
	need_root
	need_cmd crun conmon
	assert_eq "$(state_of apparmor)" note
	echo 'run: {require: [apparmor]}' >policy.yaml
	run plimsoll doctor
	assert_status 3
	assert_eq "$(state_of apparmor)" lacking
	mkdir -p root/bin
	cp "$(dirname "$PLIMSOLL")/../../tests/unit/run/inside" root/bin/
	"$PLIMSOLL_SRC/tests/lib/make_image.py" "$STATE" web:1 root >/dev/null
	plimsoll -q trust init
	plimsoll -q sign web:1
	run plimsoll run --rm --network none --entrypoint /bin/inside web:1
	[ "$status" -ne 0 ]
	assert_output_has "AppArmor is not enabled in this kernel" "run: {without: [apparmor]}"
	: >policy.yaml
	run plimsoll run --rm --network none --entrypoint /bin/inside web:1
	assert_status 0
}

@test "what may be lacking is excused" {
	[ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" != Y ] || skip "AppArmor is enabled"
	echo 'run: {without: [apparmor]}' >policy.yaml
	assert_eq "$(state_of apparmor)" excused
	echo 'run: {without: [everything]}' >policy.yaml
	run plimsoll doctor
	assert_status 2
	assert_output_has "policy.yaml line 1: run: without: 'everything'"
}
