#!/usr/bin/env bats
# Issue 6: --health-*, HEALTHCHECK of the image, and the process that checks.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root grep touch rm || return 0
	base_state
}

setup() { containers_setup; }

teardown() { containers_teardown; }

begin() { # option...
	plimsoll run -d --name web --network none "$@" base:1 sh -c 'exec sleep 60' >/dev/null
}

ps_has() {
	plimsoll ps -a | grep -qF "$1"
}

health() {
	cat "$STATE"/containers/*/health.json
}

health_has() {
	health | grep -q -- "$1"
}

@test "starting, unhealthy after so many failures, healthy again; events; the last five are kept" {
	begin --health-cmd 'cat /tmp/ok' --health-interval 200ms --health-retries 3
	ps_has "(health: starting)"
	wait_for 10 ps_has "(unhealthy)"
	health_has 'No such file'
	[ "$(health | sed -n 's/.*FailingStreak": \([0-9]*\).*/\1/p')" -ge 3 ]
	plimsoll exec web sh -c 'echo fine >/tmp/ok'
	wait_for 10 ps_has "(healthy)"
	health_has '"FailingStreak": 0'
	wait_for 10 health_has '"Output": "fine'
	sleep 1
	assert_eq "$(health | grep -c ExitCode)" 5
	run cat "$STATE/containers/events.jsonl"
	assert_output_has '"health_status":"unhealthy"' '"health_status":"healthy"'
	run plimsoll trail show
	refute_output_has health
	plimsoll stop -t 0 web
	run plimsoll ps -a
	refute_output_has "(healthy)"
}

@test "a check that takes too long is killed, with all it started" {
	begin --health-cmd 'echo slow; sleep 41 & sleep 42' --health-interval 100ms --health-timeout 300ms --health-retries 1
	wait_for 10 ps_has "(unhealthy)"
	health_has '"ExitCode": -1'
	health_has "exceeded timeout"
	plimsoll rm -f web
}

@test "in the start period failures do not count" {
	begin --health-cmd false --health-interval 10s --health-start-interval 100ms --health-start-period 2s --health-retries 1
	sleep 1.2
	ps_has "(health: starting)"
	health_has '"FailingStreak": 0'
	[ "$(health | grep -c ExitCode)" -ge 3 ]
	plimsoll rm -f web
}

@test "the image's HEALTHCHECK, what replaces it, and --no-healthcheck" {
	mkdir ctx
	printf 'FROM base:1\nHEALTHCHECK --interval=1s --retries=1 CMD ["cat", "/etc/passwd"]\n' >ctx/Dockerfile
	plimsoll build -q -t checked:1 ctx
	plimsoll sign checked:1
	plimsoll run -d --name web --network none checked:1 sleep 60 >/dev/null
	wait_for 10 ps_has "(healthy)"
	health_has 'root:x:0'
	health_has '"Interval": 1000'
	plimsoll rm -f web
	plimsoll run -d --name web --network none --health-cmd false --health-interval 100ms checked:1 sleep 60 >/dev/null
	wait_for 10 ps_has "(unhealthy)"
	plimsoll rm -f web
	plimsoll run -d --name web --network none --no-healthcheck checked:1 sleep 60 >/dev/null
	[ ! -e "$(echo "$STATE"/containers/*/health.json)" ]
	plimsoll rm -f web
}

@test "the process that checks ends with the container, in the foreground, too, and when it never starts" {
	run timeout 20 "$PLIMSOLL" --state "$STATE" run --rm --network none --health-cmd true --health-interval 100ms base:1 sleep 1
	assert_status 0
	wait_for 5 no_monitor
	run -127 plimsoll run -d --network none --health-cmd true base:1 nosuch
	assert_status 127
	wait_for 5 no_monitor
	begin --health-cmd true --health-interval 1h
	run pgrep -f "$STATE health"
	assert_status 0
	plimsoll kill web
	wait_for 5 no_monitor
	plimsoll start web # and again
	run pgrep -f "$STATE health"
	assert_status 0
	plimsoll rm -f web
	wait_for 5 no_monitor
}

no_monitor() {
	! pgrep -f "$STATE health" >/dev/null
}

@test "what cannot be" {
	local bad
	for bad in --health-interval=soon --health-interval=0s --health-timeout=5 --health-start-period=-1s; do
		run plimsoll run -d "$bad" --health-cmd true base:1 id
		assert_status 2
	done
	run plimsoll run -d --no-healthcheck --health-cmd true base:1 id
	assert_status 2
}
