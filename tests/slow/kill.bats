#!/usr/bin/env bats
# Issue 2: Ctrl-C and kill -9 in the middle, and two at once. After the next command nothing of the first is left: no
# mount, process, control group, container or temporary file; the trail verifies and every blob is what its name says.

load ../lib/common
load ../lib/build
bats_require_minimum_version 1.5.0

setup_file() {
	export BASE_TAR=$BATS_FILE_TMPDIR/base.tar
	host_rootfs "$BATS_FILE_TMPDIR/root" rm
	tar -C "$BATS_FILE_TMPDIR/root" --numeric-owner --owner=0 --group=0 -cf "$BASE_TAR" .
	head -c 12000000 /dev/urandom >"$BATS_FILE_TMPDIR/noise"
	# A state with what every test begins with, copied to each.
	export BEGIN=$BATS_FILE_TMPDIR/begin
	[ "$(id -u)" = 0 ] || return 0
	"$PLIMSOLL" --state "$BEGIN" trust init
	"$PLIMSOLL" --state "$BEGIN" advisories import "$PLIMSOLL_SRC/examples/advisories"
	"$PLIMSOLL" --state "$BEGIN" import "$BASE_TAR" base:1
	RANDOM=${PLIMSOLL_SEED:=$((SECONDS + $$))}
	export PLIMSOLL_SEED
	echo "# PLIMSOLL_SEED=$PLIMSOLL_SEED" >&3
}

setup() {
	common_setup
	need_root
	need_cmd crun conmon pasta
	cp -a "$BEGIN" "$STATE"
	mkdir ctx
	RANDOM=$((PLIMSOLL_SEED + BATS_TEST_NUMBER))
}

teardown() {
	registry_stop
	local id
	for id in $(plimsoll ps -aq 2>/dev/null); do
		plimsoll rm -f "$id" >/dev/null 2>&1 || true
	done
	common_teardown
}

# Starts plimsoll in the background: $PID, and its words in the file "log".
begin() {
	rm -f out log # what the one before said is not waited for
	# bash has the background ignore SIGINT; a program that does not handle it must not go on as if nothing were.
	env --default-signal=INT "$PLIMSOLL" --state "$STATE" "$@" <&0 >out 2>log 3>&- &
	PID=$!
}

# Its exit status in $status.
ended() {
	status=0
	wait "$PID" 2>/dev/null || status=$?
}

said() {
	grep -q "$1" log out
}

state_is_whole() {
	local blob left
	plimsoll trail verify >verified 2>&1 || fail "trail verify: $(cat verified)"
	for blob in "$STATE"/blobs/sha256/*; do
		[ "$(sha256sum <"$blob")" = "$(basename "$blob")  -" ] || fail "blob is not its digest: $blob"
	done
	jq -e . "$STATE/index.json" >/dev/null
	plimsoll images >/dev/null
	left=$(find "$STATE/tmp" -mindepth 1 ! -name '*.lock' 2>/dev/null || true)
	[ -z "$left" ] || fail "left in tmp:" "$left"
}

next_works() {
	printf 'FROM base:1\nRUN echo next >/next\nCMD ["cat", "/next"]\n' | dockerfile
	run timeout 50 "$PLIMSOLL" --state "$STATE" build --network none --no-cache -t next ctx
	assert_status 0
	plimsoll sign next >/dev/null 2>&1
	run timeout 50 "$PLIMSOLL" --state "$STATE" run --rm --network none next
	assert_status 0
	assert_eq "${lines[-1]}" next
	nothing_left
	state_is_whole
}

slow_step() {
	printf 'FROM base:1\nRUN echo going; sleep 300\n' | dockerfile
}

# --- Ctrl-C and SIGTERM ---

@test "SIGINT and SIGTERM in the middle of a RUN" {
	slow_step
	for signal in INT TERM; do
		begin build --network none ctx
		wait_for 20 said '^going'
		kill -$signal $PID
		ended
		assert_status 130
		nothing_left # before any next command
		state_is_whole
	done
	next_works
}

@test "SIGINT and SIGTERM in the middle of an import" {
	for signal in INT TERM; do
		mkfifo archive
		sleep 60 >archive 3>&- & # holds it open
		local writer=$!
		begin import - slow:1 <archive
		head -c 1000000 "$BASE_TAR" >archive
		sleep 1
		kill -$signal $PID
		ended
		kill $writer
		wait $writer || true
		rm archive
		assert_status 130
		nothing_left
		state_is_whole
		run plimsoll inspect slow:1
		assert_status 5
	done
	next_works
}

@test "SIGINT and SIGTERM in the middle of a pull and of a push" {
	need_cmd python3
	# A registry that takes a connection and then says nothing.
	port=$(free_port)
	/usr/bin/python3 -c 'import socket, sys, time
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
kept = []
while True:
    kept.append(s.accept())' "$port" 3>&- &
	REGISTRY_PID=$! # for registry_stop
	wait_for 10 bash -c "exec 3<>/dev/tcp/127.0.0.1/$port" 2>/dev/null
	plimsoll tag base:1 "127.0.0.1:$port/base:1"
	for signal in INT TERM; do
		for what in "pull 127.0.0.1:$port/x:1" "push 127.0.0.1:$port/base:1"; do
			# shellcheck disable=SC2086
			begin $what
			sleep 1
			kill -$signal $PID
			ended
			assert_status 130
			nothing_left
			state_is_whole
		done
	done
	registry_stop
	next_works
}

@test "SIGINT and SIGTERM while an image is admitted and started refuse nothing" {
	for round in {1..12}; do
		begin run --rm --network none base:1 sh -c :
		sleep "0.$((round * 7 + RANDOM % 7 + 10))"
		kill -"$([ $((round % 2)) = 0 ] && echo INT || echo TERM)" $PID 2>/dev/null || true
		ended
		[[ " 0 130 137 143 " = *" $status "* ]] || fail "status $status: $(cat log)"
		nothing_left
	done
	run plimsoll --format json trail show
	refute_output_has "no signature of"
}

@test "SIGINT and SIGTERM to a run in the foreground" {
	for signal in INT TERM; do
		for program in 'echo going; sleep 300' 'trap "exit 9" INT TERM; echo going; while true; do sleep 0.1; done'; do
			begin run --rm --network none base:1 sh -c "$program"
			wait_for 20 said '^going'
			kill -$signal $PID
			# As the first process of a container that does not handle it, it gets no signal: then the second.
			# One that handles it is asked once: another signal may find plimsoll at its own end.
			if [[ "$program" != trap* ]]; then
				for _ in 1 2 3 4 5; do
					sleep 0.5
					kill -$signal $PID 2>/dev/null || break
				done
				sleep 0.5
				kill -0 $PID 2>/dev/null && {
					plimsoll ps -q | xargs -r "$PLIMSOLL" --state "$STATE" kill
				}
			fi
			ended
			[ "$status" = 9 ] || [ "$status" = 130 ] || [ "$status" = 143 ] || [ "$status" = 137 ] || fail "status $status"
			[[ "$program" != trap* ]] || assert_status 9
			nothing_left
			assert_eq "$(plimsoll ps -aq)" ""
		done
	done
	next_works
}

# --- kill -9 ---

# Kills a command after a random part of the time that it takes, so often, and looks after each.
kill_randomly() { # times command...
	local times=$1 whole start
	shift
	cp -a "$STATE" whole-state
	start=$(date +%s%N)
	"$PLIMSOLL" --state "$PWD/whole-state" "$@" >out 2>log || fail "without a kill: $(cat log)"
	whole=$((($(date +%s%N) - start) / 1000000))
	for id in $("$PLIMSOLL" --state "$PWD/whole-state" ps -aq); do
		"$PLIMSOLL" --state "$PWD/whole-state" rm -f "$id" >/dev/null
	done
	rm -rf whole-state
	for ((i = 0; i < times; i++)); do
		local after=$(((i * whole + RANDOM % (whole + 1)) / times))
		begin "$@"
		sleep "$((after / 1000)).$(printf %03d $((after % 1000)))"
		kill -9 $PID 2>/dev/null || true
		ended
		KILLED="killed $1 after $after of $whole ms"
		"$PLIMSOLL" --state "$STATE" ps -a >listed 2>&1 || fail "$KILLED, then ps: $(cat listed)"
		plimsoll trail verify >verified 2>&1 || fail "$KILLED, then trail verify: $(cat verified)"
	done
}

@test "kill -9 at random points of build" {
	mv "$BATS_FILE_TMPDIR/noise" ctx/ && cp ctx/noise "$BATS_FILE_TMPDIR/noise"
	printf 'FROM base:1\nCOPY noise /a\nRUN cat /a >/b; rm /a\n' | dockerfile
	kill_randomly 4 build --network none --no-cache -t t ctx
	next_works
}

@test "kill -9 at random points of import" {
	kill_randomly 4 import "$BASE_TAR" other:1
	plimsoll import "$BASE_TAR" other:1
	next_works
}

@test "kill -9 at random points of ship" {
	registry_start
	printf 'FROM base:1\nRUN echo x >/x\n' | dockerfile
	kill_randomly 4 ship -t "$REGISTRY/t:1" ctx
	plimsoll ship -t "$REGISTRY/t:1" ctx
	registry_stop
	next_works
}

@test "kill -9 at random points of run -d" {
	kill_randomly 4 run -d --name it base:1 sleep 300
	# Whatever came of the last: gone or complete, so the name can be had.
	plimsoll rm -f it >/dev/null 2>&1 || true
	plimsoll run -d --name it base:1 sleep 300 >/dev/null
	plimsoll rm -f it
	nothing_left
	next_works
}

# --- two at once ---

@test "two builds, two ships and two runs at once on one state folder" {
	registry_start
	printf 'FROM base:1\nRUN echo x >/x\nCMD ["cat", "/x"]\n' | dockerfile
	mkdir ctx2
	printf 'FROM base:1\nRUN echo y >/x\nCMD ["cat", "/x"]\n' >ctx2/Dockerfile
	both() { # the two command lines, as one string each
		local one two
		# shellcheck disable=SC2086
		"$PLIMSOLL" --state "$STATE" $1 >out1 2>log1 3>&- &
		one=$!
		# shellcheck disable=SC2086
		"$PLIMSOLL" --state "$STATE" $2 >out2 2>log2 3>&- &
		two=$!
		wait $one || fail "$1: $? $(cat log1)"
		wait $two || fail "$2: $? $(cat log2)"
	}
	both "build --network none -t a:1 ctx" "build --network none -t b:1 ctx"
	assert_eq "$(tail -1 out1)" "$(tail -1 out2)"
	both "build --no-cache --network none -t a:1 ctx" "build --no-cache --network none -t b:1 ctx2"
	both "ship -t $REGISTRY/a:1 ctx" "ship -t $REGISTRY/b:1 ctx2"
	both "ship -t $REGISTRY/same:1 ctx" "ship -t $REGISTRY/same:1 ctx"
	both "run --rm $REGISTRY/a:1" "run --rm $REGISTRY/b:1"
	assert_eq "$(cat out1)$(cat out2)" xy
	both "pull $REGISTRY/same:1" "import $BASE_TAR base:2"
	both "run -d --name one base:1 sleep 100" "run -d --name two base:1 sleep 100"
	assert_eq "$(plimsoll ps -q | wc -l)" 2
	both "rm -f one" "rm -f two"
	registry_stop
	nothing_left
	state_is_whole
	next_works
}
