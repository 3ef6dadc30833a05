# Storms of containers (tests/slow/storm.bats as root, storm_user.bats as an ordinary user): many at once and after one
# another, while what serves them is killed at random instants. The file gives plimsoll, $STATE, STORM_PARALLEL, STORM_SEQUENCE,
# STORM_PORT (the first of so many), an admitted image storm:1,
# and direct, which is plimsoll by exec, so that the number of what runs in the background is the program's own.
# shellcheck shell=bash

# Everything of ours has the state folder in its arguments, or is our child.
no_processes() {
	[ -z "$(leftover_processes)" ]
}

no_cgroups() {
	local left
	left=$(find /sys/fs/cgroup -maxdepth 4 -name 'plimsoll-*' | grep -oE '[0-9a-f]{64}' | sort -u |
		grep -Fxf <(jq -r .id "$STATE"/containers/events*.jsonl | sort -u) || true)
	[ -z "$left" ] || fail "cgroups of" "$left"
}

no_new_namespaces() { # other users of the machine have some of their own: what counts is that ours go
	local pid
	for pid in $(leftover_processes | cut -d' ' -f1); do
		readlink "/proc/$pid/ns/net"
	done | grep -q . && return 1
	[ -z "$(grep -F "$BATS_TEST_TMPDIR" /proc/[0-9]*/mountinfo 2>/dev/null | head -1)" ]
}

no_container() {
	! compgen -G "$STATE/containers/????????????????*" >/dev/null || fail "$(ls -l "$STATE"/containers/*/)"
}

no_port() { # port...
	local p
	for p; do
		! grep -qi ":$(printf %04X "$p") 00000000:0000 0A" /proc/net/tcp || { echo "port $p" >&2; return 1; }
	done
}

everything_gone() {
	plimsoll -q ps >/dev/null # the next command, which reaps
	wait_for 60 no_processes
	plimsoll -q ps >/dev/null
	local id
	for id in $(plimsoll ps --all --quiet 2>/dev/null); do
		plimsoll -q rm --force "$id" >/dev/null
	done
	no_container
	no_cgroups
	wait_for 20 no_new_namespaces
	nothing_left
	plimsoll trail verify
}

# Every container that ran has one end in the trail. What the trail let run and never got a process has none.
every_end_is_told() {
	local died started
	[ -e "$STATE/containers/events.jsonl" ] || return 0
	jq -r 'select(.Action == "die") | .id' "$STATE"/containers/events*.jsonl | sort >died
	assert_eq "$(uniq -d died)" ""
	jq -r 'select(.Action == "start") | .id' "$STATE"/containers/events*.jsonl | sort -u >started
	uniq died | comm -23 started - >untold
	[ ! -s untold ] || fail "started, and no end was told:" "$(cat untold)"
	plimsoll --format json trail show | jq -r 'select(.kind == "exit") | .detail.container' | sort >exits
	assert_eq "$(uniq -d exits)" ""
}

one_of_ours() { # a process of ours, at random
	leftover_processes 2>/dev/null | grep -E 'plimsoll|conmon|pasta|crun' | grep -v trail | shuf -n 1 | cut -d' ' -f1
}

# What was started in this test with "&": bats has a process of its own beside it, which a bare wait would wait for, too.
started=()
wait_all() {
	[ ${#started[@]} -eq 0 ] || wait "${started[@]}" || true
	started=()
}

storm_many() {
	local i
	for i in $(seq "$STORM_PARALLEL"); do
		if [ $((i % 2)) = 0 ]; then
			plimsoll -q run -d --name "s$i" --network none storm:1 sleep 300 >"out.$i" 2>&1 3>&- &
			started+=($!)
		else
			plimsoll -q run --rm --name "s$i" --network none storm:1 true >"out.$i" 2>&1 3>&- &
			started+=($!)
		fi
	done
	wait_all
	assert_eq "$(grep -hv '^[0-9a-f]*$' out.*)" ""
	assert_eq "$(plimsoll ps --quiet | wc -l)" $((STORM_PARALLEL / 2))
	for i in $(seq 2 2 "$STORM_PARALLEL"); do
		plimsoll -q stop --time 1 "s$i" >/dev/null 2>"stop.$i" 3>&- &
		started+=($!)
	done
	wait_all
	assert_eq "$(plimsoll ps --quiet | wc -l)" 0
	everything_gone
	every_end_is_told
	assert_eq "$(wc -l <exits)" $((STORM_PARALLEL + 1))
}

storm_kills() {
	local i port pid ports=()
	for i in $(seq "$STORM_PARALLEL"); do
		port=$((STORM_PORT + i))
		ports+=("$port")
		if [ $((i % 4)) = 0 ]; then
			plimsoll -q run -d --name "s$i" -p "127.0.0.1:$port:80" storm:1 sleep 300 >"out.$i" 2>&1 3>&- &
			started+=($!)
		elif [ $((i % 4)) = 1 ]; then
			plimsoll -q run -d --name "s$i" --network none storm:1 sleep 300 >"out.$i" 2>&1 3>&- &
			started+=($!)
		else
			plimsoll -q run --rm --name "s$i" --network none storm:1 sleep 0.2 >"out.$i" 2>&1 3>&- &
			started+=($!)
		fi
		if [ $((i % 3)) = 0 ]; then
			pid=$(one_of_ours)
			[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true
		fi
	done
	for i in $(seq 20); do
		pid=$(one_of_ours)
		[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true
	done
	wait_all
	for i in $(seq 40); do
		pid=$(one_of_ours)
		[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true
	done
	for i in $(plimsoll ps --quiet); do
		plimsoll -q stop --time 1 "$i" >/dev/null 2>&1 3>&- &
		started+=($!)
	done
	wait_all
	everything_gone
	no_port "${ports[@]}"
	every_end_is_told
}

storm_sequence() {
	local i pid
	for i in $(seq "$STORM_SEQUENCE"); do
		direct -q run --rm --network none storm:1 true >out 2>&1 3>&- &
		pid=$!
		if [ $((i % 2)) = 0 ]; then
			sleep "0.0$((RANDOM % 10))$((RANDOM % 10))"
			kill -KILL "$pid" 2>/dev/null || true
			wait "$pid" 2>/dev/null || true
		else
			wait "$pid" || fail "$i: $(cat out)"
		fi
	done
	everything_gone
	every_end_is_told
}

storm_restarts() {
	local i pid
	for i in $(seq $((STORM_PARALLEL / 4))); do
		plimsoll -q run -d --restart=always --name "s$i" --network none storm:1 sleep 0.3 >"out.$i" 2>&1 3>&- &
		started+=($!)
	done
	wait_all
	for i in $(seq "$STORM_PARALLEL"); do
		pid=$(one_of_ours)
		[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true
		sleep 0.05
	done
	for i in $(plimsoll ps --all --quiet); do
		plimsoll -q rm -f "$i" >/dev/null 2>&1 3>&- &
		started+=($!)
	done
	wait_all
	everything_gone
	# As many ends as the trail has, and as the events have starts.
	jq -r 'select(.Action == "die") | .id' "$STATE"/containers/events*.jsonl | sort | uniq -c >died
	jq -r 'select(.Action == "start") | .id' "$STATE"/containers/events*.jsonl | sort | uniq -c >begun
	plimsoll --format json trail show | jq -r 'select(.kind == "exit") | .detail.container' | sort | uniq -c >exits
	diff died exits
	diff begun died
}
