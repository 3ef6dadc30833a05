# What is done with a container that is unhealthy, and what a service of systemd's has around it.

load ../lib/common
load ../lib/containers

setup_file() {
	base_root grep env sleep || return 0
	base_state
}
setup() {
	containers_setup python3
}
teardown() {
	[ -z "${SERVICE:-}" ] || kill "$SERVICE" 2>/dev/null || true
	containers_teardown
}

unhealthy() { # action
	plimsoll run -d --name "$1" --network none --health-cmd 'test -e /nosuch' --health-interval 200ms --health-retries 2 \
		--health-on-failure "$1" base:1 sleep 1000
}
state_is() { [ "$(plimsoll inspect --format '{{.State.Status}}' "$1")" = "$2" ]; }
health_is() { [ "$(plimsoll inspect --format '{{.State.Health.Status}}' "$1")" = "$2" ]; }
started_again() { [ "$(plimsoll events --since 5m --until 0s --filter event=start --filter container="$1" | wc -l)" -ge 2 ]; }

@test "--health-on-failure kills, stops or restarts what is unhealthy, and the trail says why" {
	local action
	for action in kill stop restart; do unhealthy $action; done
	wait_for 30 state_is kill exited
	wait_for 30 state_is stop exited
	wait_for 30 started_again restart
	assert_eq "$(plimsoll inspect --format '{{.State.ExitCode}} {{.State.Health.Status}}' kill)" "137 unhealthy"
	plimsoll rm -f restart
	run plimsoll trail show --kind kill --format json
	assert_output_has unhealthy
}

@test "without it one that is unhealthy goes on; other words are refused" {
	unhealthy none
	wait_for 30 health_is none unhealthy
	sleep 1.5
	state_is none running
	run plimsoll run -d --health-cmd true --health-on-failure explode base:1 sleep 1
	assert_status 2
	assert_output_has "want none, kill, restart or stop"
	run plimsoll run -d --no-healthcheck --health-on-failure kill base:1 sleep 1
	assert_status 2
}

of_a_service() {
	local end
	end=$(NOTIFY_SOCKET=$BATS_TEST_TMPDIR/notify LISTEN_FDS=1 LISTEN_PID=1 "$PLIMSOLL" --state "$STATE" run --rm --network none \
		base:1 sh -c 'grep -i notify /proc/self/mountinfo; env | grep -E "NOTIFY|LISTEN"; echo end' 3</etc/passwd)
	assert_eq "$end" end
	NOTIFY_SOCKET=$BATS_TEST_TMPDIR/notify LISTEN_FDS=1 plimsoll run -d --name one --network none base:1 sleep 1000
	run env NOTIFY_SOCKET="$BATS_TEST_TMPDIR/notify" LISTEN_FDS=1 "$PLIMSOLL" --state "$STATE" exec one \
		sh -c 'env | grep -E "NOTIFY|LISTEN"; ls /run; echo end'
	assert_eq "$output" end
}

@test "a service's sockets of systemd stay outside" {
	python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
time.sleep(60)' "$BATS_TEST_TMPDIR/notify" 3>&- &
	SERVICE=$!
	wait_for 10 test -S "$BATS_TEST_TMPDIR/notify"
	each_runtime of_a_service
}
