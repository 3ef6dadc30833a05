#!/usr/bin/env bats
# Which containers a command works on, as podman's suites have it: --latest, --filter; health checks that are asked for.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root touch || return 0
	base_state
}

setup() { containers_setup; }

teardown() { containers_teardown; }

# Their names, in order.
names_of() { # filter of ps...
	plimsoll ps -a --format '{{.Names}}' "$@" | sort | xargs
}

@test "--filter and --latest say which: stop, start, restart, kill, pause, wait, rm" {
	for c in a1 a2 b1; do
		plimsoll run -d --network none --label "kind=${c%?}" --name $c base:1 sleep 60
	done
	for command in pause unpause; do
		run plimsoll $command --filter label=kind=a
		assert_status 0
		assert_eq "$(wc -l <<<"$output")" 2
	done
	plimsoll stop --filter label=kind=a
	assert_eq "$(names_of --filter status=exited)" "a1 a2"
	run plimsoll start --filter name=a1
	assert_eq "$output" "$(plimsoll inspect -f '{{.Id}}' a1)"
	plimsoll kill --latest
	assert_eq "$(plimsoll wait --latest)" 137
	assert_eq "$(names_of)" "a1 a2 b1"
	plimsoll restart --filter name=a
	assert_eq "$(names_of --filter status=running)" "a1 a2"
	run plimsoll rm --filter label=kind=b
	assert_status 0
	run plimsoll rm --filter name=a1
	assert_status 2
	assert_output_has "'a1' is still running"
	plimsoll rm --force --filter name=a1
	assert_eq "$(names_of)" a2
	for command in stop start restart kill pause unpause wait rm; do
		run plimsoll $command --filter name=nosuch
		assert_eq "$status:$output" 0:
		run plimsoll $command --latest a2
		assert_status 2
		run plimsoll $command --filter bogus=1
		assert_status 2
	done
}

@test "healthcheck run checks now, beside the monitor, and both count" {
	plimsoll run -d --network none --name c --health-cmd 'ls /tmp/up' --health-retries 2 --health-interval 1h base:1 sleep 60
	plimsoll run -d --network none --name d base:1 sleep 60
	run plimsoll healthcheck run c
	assert_eq "$status:$output" 1:unhealthy
	assert_eq "$(plimsoll inspect -f '{{.State.Health.Status}} {{.State.Health.FailingStreak}}' c)" "starting 1"
	run plimsoll healthcheck run --ignore-result c
	assert_eq "$status:$output" 0:unhealthy
	assert_eq "$(plimsoll inspect -f '{{.State.Health.Status}} {{len .State.Health.Log}}' c)" "unhealthy 2"
	plimsoll exec c touch /tmp/up
	run plimsoll healthcheck run c
	assert_eq "$status:$output" 0:
	assert_eq "$(names_of --filter health=healthy)" c
	run plimsoll healthcheck run --latest
	assert_status 2
	assert_output_has "'d' has no health check"
	plimsoll stop c
	run plimsoll healthcheck run c
	assert_status 2
	assert_output_has "is not running"
}

@test "checks of the monitor go on from what was asked for" {
	plimsoll run -d --network none --name c --health-cmd 'ls /tmp/up' --health-retries 3 --health-interval 1s base:1 sleep 60
	run plimsoll healthcheck run c
	assert_status 1
	wait_for 20 sh -c "[ \$('$PLIMSOLL' --state '$STATE' inspect -f '{{len .State.Health.Log}}' c) -ge 3 ]"
	wait_for 20 sh -c "'$PLIMSOLL' --state '$STATE' inspect -f '{{.State.Health.Status}}' c | grep -qx unhealthy"
}
