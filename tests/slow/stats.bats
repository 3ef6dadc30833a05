#!/usr/bin/env bats
# plimsoll stats against what containers really do.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root dd || return 0
	base_state
}

setup() { containers_setup python3; }

teardown() { containers_teardown; }

@test "processor, memory, processes: what a busy and an idle container use" {
	plimsoll run -d --network none --name idle -m 64m --pids-limit 20 base:1 sleep 300
	plimsoll run -d --network none --name busy --cpus 0.5 -m 128m base:1 \
		sh -c 'dd if=/dev/zero of=/tmp/fill bs=1M count=30 2>/dev/null; sleep 300 & while :; do :; done'
	sleep 2
	plimsoll stats --no-stream --format json >rows
	python3 - <<-'PY'
		import json
		rows = {r["Name"]: r for r in map(json.loads, open("rows"))}
		idle, busy = rows["idle"], rows["busy"]
		percent = lambda r: float(r["CPUPerc"].rstrip("%"))
		assert percent(idle) < 5, idle
		assert 15 < percent(busy) < 80, busy  # half a core, on a machine that has other work
		assert idle["usage"]["memoryLimit"] == 64 << 20 and idle["usage"]["pidsLimit"] == 20, idle
		assert idle["PIDs"] == "1" and busy["PIDs"] == "2", (idle, busy)
		assert busy["usage"]["memory"] > 30 << 20, busy  # what is in /tmp counts
		assert idle["usage"]["memory"] < 16 << 20, idle
		assert len(idle["ID"]) == 12
	PY
	run plimsoll stats --no-stream --format '{{.Name}}' idle
	assert_eq "$output" idle
	run plimsoll stats --no-stream
	assert_output_has "MEM USAGE / LIMIT" idle busy
	run plimsoll stats --no-stream nosuch
	assert_status 5
	# It goes on until the named one has ended.
	"$PLIMSOLL" --state "$STATE" stats --format '{{.PIDs}}' idle >stream 3>&- &
	wait_for 10 sh -c '[ "$(wc -l <stream)" -ge 2 ]'
	plimsoll stop idle
	wait $!
	run plimsoll stats -a --no-stream --format '{{.Name}} {{.CPUPerc}} {{.MemUsage}}'
	assert_output_has "idle -- -- / --"
}

@test "network: bytes in and out" {
	local port address
	need_cmd curl ip
	# pasta hands connections from the host's loopback to the container's own, which is not counted.
	address=$(ip -o -4 addr show scope global | awk '{ sub("/.*", "", $4); print $4; exit }')
	[ -n "$address" ] || skip "needs an address beside loopback"
	port=$(free_port)
	install -D "$(dirname "$PLIMSOLL")/../../tests/unit/run/inside" root2/bin/inside
	tar -C "$BATS_FILE_TMPDIR/root" -cf - . | tar -C root2 -xf -
	tar -C root2 --numeric-owner --owner=0 --group=0 -cf two.tar .
	plimsoll import two.tar two:1
	plimsoll run -d --name busy -p "$port:8080" two:1 /bin/inside serve 8080
	wait_for 10 curl -sf -m 2 "http://$address:$port/" -o page
	for _ in 1 2 3 4 5 6 7 8 9 10; do curl -sf -m 2 "http://$address:$port/" -o page; done
	plimsoll stats --no-stream --format json busy | python3 -c '
import json, sys
u = json.load(sys.stdin)["usage"]
assert u["netReceived"] > 500 and u["netSent"] > 500, u'
}
