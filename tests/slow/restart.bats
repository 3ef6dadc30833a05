#!/usr/bin/env bats
# Issue 6: --restart, as docker has it; every start is admitted anew; stop ends it for good; units for systemd.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root grep || return 0
	base_state
}

setup() {
	containers_setup
	mkdir share
}

teardown() { containers_teardown; }

# A container that writes a line each time it runs, and ends with a status.
begin() { # policy, status, [option...]
	local policy=$1 status=$2
	shift 2
	plimsoll run -d --name web --network none -v "$PWD/share:/s" --restart "$policy" "$@" base:1 \
		sh -c "echo run >>/s/runs; exit $status" >/dev/null
}

runs() {
	cat share/runs 2>/dev/null | wc -l
}

ran() { # at least so often
	[ "$(runs)" -ge "$1" ]
}

said() { # of restart.json
	grep -q "$1" "$STATE"/containers/*/restart.json
}

stays() { # its runs do not grow
	local n
	n=$(runs)
	sleep 2
	assert_eq "$(runs)" "$n"
}

@test "no and on-failure: not after success, and at most N times" {
	begin no 1
	wait_for 20 ran 1
	stays
	plimsoll rm web
	: >share/runs
	begin on-failure 0
	wait_for 20 ran 1
	stays
	assert_eq "$(runs)" 1
	plimsoll rm web
	: >share/runs
	begin on-failure:2 3
	wait_for 20 ran 3
	stays
	assert_eq "$(runs)" 3
	assert_eq "$(plimsoll wait web)" 3
	run plimsoll trail show --format json
	assert_eq "$(grep -c '"kind":"restart"' <<<"$output")" 2
	assert_eq "$(grep -c '"kind":"admit"' <<<"$output")" 5
}

@test "always: again and again with more and more time between, until it is stopped" {
	begin always 0
	wait_for 20 ran 4
	said '"delayMs": [48]00' || said '"delayMs": 1600' || fail "$(cat "$STATE"/containers/*/restart.json)"
	plimsoll stop web
	stays
	run plimsoll ps -a
	[[ "$output" == *xited* ]] || fail "$output"
	plimsoll start web # and then again, from the beginning
	local n
	n=$(runs)
	wait_for 20 ran $((n + 2))
	plimsoll rm -f web
	stays
	run plimsoll ps -aq
	assert_eq "$output" ""
}

@test "one that is killed from inside is restarted; stop, kill and rm end it, also while it waits or starts" {
	plimsoll run -d --name web --network none -v "$PWD/share:/s" --restart unless-stopped base:1 \
		sh -c 'echo run >>/s/runs; exec sleep 60' >/dev/null
	wait_for 10 ran 1
	kill_9 "$(cat "$STATE"/containers/*/pidfile)"
	wait_for 10 ran 2
	plimsoll kill web
	stays
	local try
	for try in 1 2 3 4 5 6; do
		: >share/runs
		plimsoll start web
		wait_for 10 ran 1
		pid=$(cat "$STATE"/containers/*/pidfile)
		kill -9 "$pid"
		sleep 0.0$((try * 4))
		plimsoll stop -t 0 web
		stays
		run plimsoll ps -q
		assert_eq "$output" ""
	done
}

@test "a signer that is revoked meanwhile: not started again, and the trail says why" {
	plimsoll run -d --name web --network none -v "$PWD/share:/s" --restart always base:1 \
		sh -c 'echo run >>/s/runs; exec sleep 60' >/dev/null
	wait_for 10 ran 1
	plimsoll trust revoke default >/dev/null
	kill -9 "$(cat "$STATE"/containers/*/pidfile)"
	wait_for 10 said '"error"'
	assert_eq "$(runs)" 1
	stays
	run plimsoll trail show --format json --last 2
	assert_output_has '"kind":"admit"' '"result":"refused"'
}

@test "no mount namespace grows by restarting" {
	local mounts
	plimsoll run -d --name web --network none -v "$PWD/share:/s" --restart always base:1 \
		sh -c 'echo run >>/s/runs; exec sleep 60' >/dev/null
	for n in 1 2 3 4; do
		wait_for 20 ran $n
		wait_for 10 test -s "$(echo "$STATE"/containers/*/conmon.pid)"
		[ "$n" != 1 ] || mounts=$(wc -l <"/proc/$(cat "$STATE"/containers/*/conmon.pid)/mountinfo")
		[ "$n" != 4 ] || break
		kill_9 "$(cat "$STATE"/containers/*/pidfile)"
	done
	assert_eq "$(wc -l <"/proc/$(cat "$STATE"/containers/*/conmon.pid)/mountinfo")" "$mounts"
	plimsoll rm -f web
}

@test "what cannot be: words, --rm, the foreground" {
	local bad
	for bad in sometimes always:3 on-failure: on-failure:x on-failure:-1 ""; do
		run plimsoll run -d --restart "$bad" base:1 id
		assert_status 2
	done
	run plimsoll run -d --rm --restart always base:1 id
	assert_status 2
	run plimsoll run --restart always base:1 id
	assert_status 2
	assert_output_has --detach
}

@test "generate systemd: a unit that systemd takes, and that starts and stops it" {
	need_cmd systemd-analyze
	plimsoll create --name web --network none --restart on-failure:3 --stop-timeout 5 base:1 \
		sh -c 'trap "exit 7" TERM; while :; do sleep 0.1; done' >/dev/null
	plimsoll generate systemd web >plimsoll-web.service
	run systemd-analyze verify --man=no "$PWD/plimsoll-web.service"
	refute_output_has "plimsoll-web.service:"
	assert_status 0
	grep -qx "Restart=on-failure" plimsoll-web.service
	grep -qx "TimeoutStopSec=25s" plimsoll-web.service
	# As systemd does it.
	eval "PLIMSOLL_SYSTEMD_UNIT=x $(sed -n 's/^ExecStart=//p' plimsoll-web.service)"
	pid=$(cat "$(sed -n 's/^PIDFile=//p' plimsoll-web.service)")
	grep -q conmon "/proc/$pid/cmdline"
	[ ! -e "$(echo "$STATE"/containers/*/restart.json)" ] # systemd does that
	sleep 1
	eval "$(sed -n 's/^ExecStop=//p' plimsoll-web.service)"
	assert_eq "$(plimsoll wait web)" 7
	run plimsoll generate systemd nosuch
	assert_status 5
}
