#!/usr/bin/env bats
# A container's network does not lead to its host: neither to the host's loopback, nor to another address of the host's,
# nor to a cloud's metadata server. What the host asks of a published port is answered, from whatever address it asks.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root curl true || return 0
	gcc -D_GNU_SOURCE -O1 -static -o "$ROOT/bin/inside" "$PLIMSOLL_SRC/tests/helpers/inside.c"
	base_state
}

setup() {
	containers_setup ip curl python3 gcc
	V4=10.213.$((RANDOM % 250)).$((RANDOM % 250 + 1)) V6=fd5a:$((RANDOM % 9000 + 1000))::1
	META=169.254.170.$((RANDOM % 250 + 1))
	PORT=$(free_port)
	ip addr add "$V4/32" dev lo
	ip addr add "$META/32" dev lo
	ip -6 addr add "$V6/128" dev lo 2>/dev/null || V6=
	echo hello >index.html
	python3 -m http.server --bind :: "$PORT" >server.log 2>&1 3>&- &
	SERVER=$!
	wait_for 20 curl -sf -o first "http://127.0.0.1:$PORT/index.html"
}

teardown() {
	[ -z "${SERVER:-}" ] || { kill "$SERVER" && wait "$SERVER"; } 2>/dev/null || true
	[ -z "${V4:-}" ] || ip addr del "$V4/32" dev lo
	[ -z "${META:-}" ] || ip addr del "$META/32" dev lo
	[ -z "${V6:-}" ] || ip -6 addr del "$V6/128" dev lo
	containers_teardown
}

@test "no address of the host answers, nor does a metadata server, whatever a socket is bound to" {
	local to how
	for to in "$V4" "$META" ${V6:+"[$V6]"} "[::ffff:$V4]" "$(ip -4 -o addr show scope global | awk 'NR == 1 { sub("/.*", "", $4); print $4 }')" 127.0.0.1; do
		[ -n "$to" ] || continue
		curl -gsf -o /dev/null "http://$to:$PORT/index.html" # by the host itself it does
		for how in "" "--interface eth0" "--interface if!eth0"; do
			# shellcheck disable=SC2086
			run timeout 60 "$PLIMSOLL" --state "$STATE" run --rm base:1 curl $how -gs -m 2 "http://$to:$PORT/index.html"
			[ "$status" -ne 0 ] || fail "$to $how: $output"
			refute_output_has hello
		done
	done
}

@test "a metadata server is refused at once" {
	local from=$SECONDS
	run timeout 60 "$PLIMSOLL" --state "$STATE" run --rm base:1 curl -s -m 30 http://169.254.169.254/latest/meta-data/
	[ "$status" -ne 0 ]
	[ $((SECONDS - from)) -lt 15 ]
}

@test "what the host asks of a published port is answered, from each of its addresses" {
	local port to rt
	for rt in crun runc; do
		command -v $rt >/dev/null || continue
		port=$(free_port)
		plimsoll -q run -d --rm --name web --runtime $rt -p "$port:8080" base:1 inside serve 8080 >/dev/null
		for to in 127.0.0.1 "$V4"; do
			wait_for 20 curl -s -m 2 -o page "http://$to:$port/"
			assert_eq "$(cat page)" hello
		done
		plimsoll -q rm -f web
	done
}
