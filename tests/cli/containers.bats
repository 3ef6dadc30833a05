#!/usr/bin/env bats
# The commands around running containers, with the words that docker's users type.

load ../lib/common
bats_require_minimum_version 1.5.0

setup_file() {
	[ "$(id -u)" = 0 ] || return 0
	export BEGIN=$BATS_FILE_TMPDIR/begin
	host_rootfs "$BATS_FILE_TMPDIR/root" rm tail stty ps touch mkdir
	tar -C "$BATS_FILE_TMPDIR/root" --numeric-owner --owner=0 --group=0 -cf "$BATS_FILE_TMPDIR/base.tar" .
	"$PLIMSOLL" --state "$BEGIN" trust init
	"$PLIMSOLL" --state "$BEGIN" advisories import "$PLIMSOLL_SRC/examples/advisories"
	"$PLIMSOLL" --state "$BEGIN" import "$BATS_FILE_TMPDIR/base.tar" base:1
}

setup() {
	common_setup
	need_root
	need_cmd crun conmon pasta python3
	cp -a "$BEGIN" "$STATE"
}

teardown() {
	local id
	for id in $(plimsoll ps -aq 2>/dev/null); do
		plimsoll rm -f "$id" >/dev/null 2>&1 || true
	done
	common_teardown
}

run_d() { # name, words of run...
	local name=$1
	shift
	plimsoll run -d --network none --name "$name" "$@"
}

# Of the trail: how many ends of the container with this id it knows, and with which status.
exits() {
	plimsoll --format json trail show | python3 -c '
import json, sys
text = sys.stdin.read()
entries = json.loads(text).get("entries", []) if text.lstrip().startswith("{\n") else map(json.loads, text.splitlines())
print(*[e["detail"]["status"] for e in entries if e["kind"] == "exit" and e["detail"]["container"] == sys.argv[1]])' "$1"
}

# ACTION[=exitCode] of a container's events, in order.
actions() {
	plimsoll events --since 1h --until 0s --filter "container=$1" --format json | python3 -c '
import json, sys
for e in map(json.loads, sys.stdin):
    code = e["Actor"]["Attributes"].get("exitCode")
    print(e["Action"] + ("=" + code if code else ""), end=" ")'
}

@test "events and the trail tell each end once: by itself, stopped, killed, removed, its monitor killed" {
	local id
	id=$(run_d one base:1 sh -c 'exit 3')
	plimsoll wait one
	wait_for 10 sh -c '"$PLIMSOLL" --state "$0" ps -a | grep -q "exited (3)"' "$STATE"
	assert_eq "$(actions one)" "create start die=3 "
	assert_eq "$(exits "$id")" 3
	plimsoll rm one
	assert_eq "$(actions "$id")" "create start die=3 destroy "

	id=$(run_d two --label tier=web base:1 sleep 60)
	plimsoll stop two
	assert_eq "$(actions two)" "create start stop die=137 "
	assert_eq "$(exits "$id")" 137
	plimsoll rm -f two

	id=$(run_d three base:1 sleep 60)
	plimsoll rm -f three
	assert_eq "$(actions "$id")" "create start kill die=137 destroy "
	assert_eq "$(exits "$id")" 137

	id=$(run_d four base:1 sleep 60)
	kill_9 "$(cat "$STATE/containers/$id/conmon.pid")"
	plimsoll ps -a >/dev/null
	plimsoll ps -a >/dev/null
	assert_eq "$(actions four)" "create start die=137 "
	assert_eq "$(exits "$id")" 137

	run plimsoll run --rm --network none --name five base:1 sh -c 'exit 5'
	assert_status 5
	assert_eq "$(actions five)" "create start die=5 destroy "
	run -127 plimsoll run --rm --network none --name six base:1 /nosuch
	assert_status 127
	run plimsoll events --since 1h --until 0s --filter event=die --filter label=tier=web
	assert_eq "$(wc -l <<<"$output")" 1
	assert_output_has "container die" "exitCode=137" "name=two" "tier=web"
	run plimsoll events --since yesterday
	assert_status 2
	run plimsoll events --filter nosuch=x
	assert_status 2
	assert_output_has "container, event"
}

@test "events: a half-line of one who was killed, and an end that was begun twice" {
	local id
	id=$(run_d one base:1 sleep 60)
	printf '{"Type":"container","Action":"di' >>"$STATE/containers/events.jsonl"
	plimsoll stop one
	assert_eq "$(actions one)" "create start stop die=137 "
	# As if killed between the two: told to events.jsonl, and not yet noted as done.
	sed -i 's/ done$/ begun/' "$STATE/containers/$id/exit.noted"
	sed -i 's/"clean": *true/"clean": false/' "$STATE/containers/$id/state.json"
	plimsoll ps -a >/dev/null
	assert_eq "$(actions one)" "create start stop die=137 "
	assert_eq "$(exits "$id")" 137
	grep -q ' done$' "$STATE/containers/$id/exit.noted"
}
