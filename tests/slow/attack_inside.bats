#!/usr/bin/env bats
# What a hostile container does to its host and to commands about it: what it uses up is its own, and races are not won.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root cp ln mkdir mv rm stat touch true || return 0
	gcc -D_GNU_SOURCE -O1 -static -o "$ROOT/bin/hostile" "$PLIMSOLL_SRC/tests/helpers/hostile.c" -lrt
	for i in $(seq 200); do
		mkdir -p "$ROOT/data/d/e$i"
		echo "of the image" >"$ROOT/data/d/e$i/f"
	done
	base_state
	HOSTILE=$ROOT/bin/hostile
	export HOSTILE
}

setup() { containers_setup gcc runc jq; }

teardown() { containers_teardown; }

printed() { # container: its first line
	[ -n "$(plimsoll logs "$1")" ]
}

@test "pending signals, message queues and inotify watches of the host's root are not a container's to use up" {
	local rt verb
	"$HOSTILE" try # as it is without one
	for rt in crun runc; do
		for verb in signals queues watches; do
			plimsoll -q run -d --name one --runtime $rt --network none base:1 hostile $verb >/dev/null
			wait_for 60 printed one
			timeout 20 "$HOSTILE" try || fail "$rt: $verb: $(plimsoll logs one)"
			plimsoll -q rm -f one
		done
	done
}

guard_of() { # id
	local f
	for f in /proc/[0-9]*/comm; do
		[ "$(cat "$f" 2>/dev/null)" = plimsoll-guard ] && grep -qaF "$1" "${f%comm}cmdline" && echo "${f//[^0-9]/}"
	done
	true
}

@test "a flood of refused calls: the guard takes its share of a core and no more, of memory and of the disk" {
	local id guard before after
	id=$(plimsoll -q run -d --name one --network none base:1 hostile flood 40 60)
	guard=$(guard_of "$id")
	[ -n "$guard" ]
	before=$(awk '{ print $14 + $15 }' "/proc/$guard/stat")
	sleep 4
	after=$(awk '{ print $14 + $15 }' "/proc/$guard/stat")
	[ $((after - before)) -le 140 ] || fail "the guard took $((after - before)) ticks in 4 s"
	[ "$(awk '/^VmData/ { print $2 }' "/proc/$guard/status")" -lt 4096 ]
	[ "$(stat -c %s "$STATE/containers/$id/denials")" -lt 262144 ]
	plimsoll -q exec one true # it is answered, too
	plimsoll -q stop -t 1 one
}

received() { # port, option of run...: whether the container gets what is sent to the host's port
	local port=$1 i
	shift
	timeout 60 "$PLIMSOLL" --state "$STATE" run --rm "$@" base:1 hostile datagram 5353 >got 2>&1 3>&- &
	i=$!
	while kill -0 $i 2>/dev/null; do
		echo -n owned >"/dev/udp/127.0.0.1/$port" || true
		sleep 0.2
	done 2>/dev/null
	wait $i || true
	cat got
}

@test "a datagram of a container's takes no port of the host's that is not published" {
	assert_eq "$(received 5353)" -1
	local port
	port=$(free_port)
	assert_eq "$(received "$port" -p "127.0.0.1:$port:5353/udp" -p "127.0.0.1:$((port + 1)):5354/udp")" 5
}

@test "a volume that another container changes while it is filled (CVE-2021-30465)" {
	local i
	mkdir -m 777 target
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/* || true
	# The other one waits for the folder that is being filled, and swaps it with a link to one of the host's that all may write to.
	for i in 1 2 3 4 5; do
		plimsoll -q rm -f swapper 2>/dev/null || true
		plimsoll volume create shared >/dev/null
		rm -rf "$STATE"/volumes/shared/_data/*
		plimsoll -q run -d --name swapper --network none -v shared:/data:nocopy base:1 sh -c \
			"while ! [ -d /data/d ]; do :; done; ln -s $PWD/target /data/l; exec hostile swap /data/d /data/l" >/dev/null
		rm -rf "$STATE"/volumes/shared/_data/*
		timeout 60 "$PLIMSOLL" --state "$STATE" run --rm --network none -v shared:/data base:1 true >out 2>&1 || true
		[ -z "$(ls -A target)" ] || fail "written to the host: $(ls target)"
	done
}

@test "mount targets within a volume that another container swaps (CVE-2021-30465)" {
	local i rt
	mkdir outside
	plimsoll -q run -d --name swapper --network none -v shared:/data:nocopy base:1 sh -c \
		'mkdir -p /data/a /data/a/sub; ln -s / /data/b; exec hostile swap /data/a /data/b' >/dev/null
	for rt in crun runc; do
		for i in 1 2 3 4 5 6 7 8; do
			run timeout 60 "$PLIMSOLL" --state "$STATE" run --rm --network none --runtime $rt -v shared:/data:nocopy \
				-v "$PWD/outside:/data/a/sub" -v other:/data/a/other base:1 sh -c 'cat /etc/hostname; ls -d /root /work /home 2>/dev/null; true'
			refute_output_has "/work" "/home"
		done
	done
}

@test "exec and cp into a container that swaps its folders, and whose first process is another by then" {
	local i rt
	for rt in crun runc; do
		plimsoll -q run -d --name one --runtime $rt --network none base:1 sh -c \
			'mkdir /tmp/a; ln -s /proc/self/fd /tmp/b; hostile swap /tmp/a /tmp/b & exec sleep 300' >/dev/null
		for i in 1 2 3 4 5 6; do
			run timeout 20 "$PLIMSOLL" --state "$STATE" exec -w /tmp/a/7 one sh -c 'ls -d ../../../work ../../../../work'
			refute_output_has "/work"$'\n'
			[ "$status" -ne 0 ]
			timeout 20 "$PLIMSOLL" --state "$STATE" cp one:/tmp/a "copy$i" >/dev/null 2>&1 || true
			[ -z "$(find "copy$i" -type f 2>/dev/null)" ]
		done
		plimsoll -q rm -f one
	done
}

@test "stop, rm and logs of a container that resists: ignored signals, stopped and closed streams, daemons, a stopped first process" {
	local n
	for n in "trap '' TERM INT HUP QUIT; while :; do sleep 1; done" "exec >&- 2>&- <&-; while :; do sleep 1; done" \
		"(trap '' TERM; sleep 300 & sleep 300 &) & sleep 300" 'kill -STOP $$; sleep 300' "for i in 1 2 3; do (hostile swap /x /y &); done; wait; sleep 300"; do
		plimsoll -q run -d --name one --network none base:1 sh -c "$n" >/dev/null
		sleep 0.3
		timeout 30 "$PLIMSOLL" --state "$STATE" logs one >/dev/null
		timeout 30 "$PLIMSOLL" --state "$STATE" top one >/dev/null
		timeout 30 "$PLIMSOLL" --state "$STATE" stop -t 1 one >/dev/null
		timeout 30 "$PLIMSOLL" --state "$STATE" rm one >/dev/null
	done
	plimsoll -q run -d --name one --network none base:1 sleep 300 >/dev/null
	plimsoll pause one >/dev/null
	timeout 30 "$PLIMSOLL" --state "$STATE" rm -f one >/dev/null
}

@test "a process of exec's that the container kills, and a container that has no room for one" {
	plimsoll -q run -d --name one --network none --pids-limit 20 base:1 sh -c 'while :; do kill -9 -1; done' >/dev/null
	run timeout 30 "$PLIMSOLL" --state "$STATE" exec one sleep 20
	[ "$status" -ne 0 ] && [ "$status" -ne 124 ]
	plimsoll -q rm -f one
	plimsoll -q run -d --name one --network none --pids-limit 20 base:1 sh -c 'while :; do sleep 100 & done' >/dev/null
	sleep 0.5
	run timeout 30 "$PLIMSOLL" --state "$STATE" exec one true
	[ "$status" -ne 124 ]
	plimsoll -q rm -f one
}
