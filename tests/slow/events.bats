#!/usr/bin/env bats
# events.jsonl under load, at its limit, and when those who write to it are killed: every end is told exactly once.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root || return 0
	base_state
}

setup() { containers_setup python3; }

teardown() { containers_teardown; }

@test "the limit: the file is turned, and who follows misses nothing" {
	local id pid n
	id=$(plimsoll run -d --network none --name c base:1 sleep 300)
	"$PLIMSOLL" --state "$STATE" events --filter event=pause --format json >followed 2>&1 3>&- &
	pid=$!
	sleep 1
	plimsoll pause c
	plimsoll unpause c
	wait_for 10 test -s followed
	# Valid lines up to the limit, as many containers would have written.
	python3 - "$STATE/containers/events.jsonl" "$id" <<-'PY'
		import json, sys, time
		with open(sys.argv[1], "a") as f:
		    size = f.tell()
		    while size < 8 * 1024 * 1024:
		        ns = time.time_ns()
		        line = json.dumps({"Type": "container", "Action": "noise", "id": "0" * 64, "status": "noise",
		            "Actor": {"ID": "0" * 64, "Attributes": {"pad": "x" * 4000}}, "time": ns // 10**9, "timeNano": ns})
		        f.write(line + "\n")
		        size += len(line) + 1
	PY
	for n in 1 2 3; do
		plimsoll pause c
		plimsoll unpause c
	done
	[ -s "$STATE/containers/events.1.jsonl" ]
	[ "$(stat -c %s "$STATE/containers/events.jsonl")" -lt 100000 ]
	wait_for 10 sh -c '[ "$(wc -l <followed)" = 4 ]'
	kill "$pid"
	wait "$pid" || true
	# The one that is read later has all of both files.
	assert_eq "$(plimsoll events --since 1h --until 0s --filter container=c --filter event=pause | wc -l)" 4
}

@test "kill -9 of whoever is at it, at random: each end once, in events.jsonl and the trail" {
	local n i ids=()
	for n in $(seq 12); do
		ids+=("$(plimsoll run -d --network none base:1 sleep 300)")
	done
	for i in "${!ids[@]}"; do
		# A container whose end is told by a command that is killed meanwhile; the next takes it up.
		kill -9 "$(cat "$STATE/containers/${ids[i]}/conmon.pid")"
		"$PLIMSOLL" --state "$STATE" ps -a >/dev/null 2>&1 &
		sleep "0.0$((i * 37 % 100))"
		kill -9 $! 2>/dev/null || true
		wait $! 2>/dev/null || true
	done
	plimsoll ps -a >/dev/null
	plimsoll ps -a >/dev/null
	plimsoll events --since 1h --until 0s --filter event=die --format json >events
	plimsoll --format json trail show >trail
	python3 - "${ids[@]}" <<-'PY'
		import collections, json, sys
		died = collections.Counter(json.loads(l)["id"] for l in open("events"))
		text = open("trail").read()
		entries = json.loads(text)["entries"] if text.startswith("{\n") else map(json.loads, text.splitlines())
		exits = collections.Counter(e["detail"]["container"] for e in entries if e["kind"] == "exit")
		for id in sys.argv[1:]:
		    assert died[id] == 1, (id, died[id])
		    assert exits[id] == 1, (id, exits[id])
	PY
	plimsoll trail verify
}
