#!/usr/bin/env bats
# What the tests of other tools ask for around a container (docs/suites.md says which were read).

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root grep touch seq printf mkdir ln ls || return 0
	base_state
}

setup() { containers_setup python3; }

teardown() {
	[ -z "${HOLDER:-}" ] || kill "$HOLDER" 2>/dev/null || true
	containers_teardown
}

# Somebody else's port of the host: sets $PORT and $HOLDER.
hold_port() { # tcp or udp, address
	python3 -c 'if True:
		import socket, sys, time
		six = ":" in sys.argv[2]
		s = socket.socket(socket.AF_INET6 if six else socket.AF_INET,
			socket.SOCK_STREAM if sys.argv[1] == "tcp" else socket.SOCK_DGRAM)
		if six:
			s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
		s.bind((sys.argv[2], 0))
		if sys.argv[1] == "tcp":
			s.listen()
		open("port", "w").write(str(s.getsockname()[1]))
		time.sleep(60)' "$1" "$2" 3>&- &
	HOLDER=$!
	wait_for 10 test -s port
	PORT=$(cat port)
}

@test "a port that somebody has, of either family, is not published in part" {
	local kind address
	for kind in tcp udp; do
		for address in 127.0.0.1 ::1; do
			rm -f port
			hold_port $kind $address
			run timeout 60 "$PLIMSOLL" --state "$STATE" run --rm -p "$PORT:80/$kind" base:1 id
			assert_status 125
			assert_output_has "port $PORT/$kind of the host is taken"
			refute_output_has "uid=0"
			kill "$HOLDER"
			wait "$HOLDER" 2>/dev/null || true
		done
	done
}

@test "exec as somebody else has the groups that the container was given" {
	plimsoll run -d --network none --name c --group-add 7 --group-add 9 base:1 sleep 60
	for user in 0 0:0 12:34 root; do
		run plimsoll exec --user "$user" c grep Groups: /proc/self/status
		assert_output_has "7 9"
	done
}

@test "exec of a paused one says so, and what to do" {
	plimsoll run -d --network none --name c base:1 sleep 60
	wait_for 10 plimsoll pause c
	run plimsoll exec c id
	assert_status 2
	assert_output_has "container 'c' is paused" "plimsoll unpause c"
}

@test "one that waits to be started again is listed as restarting" {
	plimsoll run -d --network none --restart always --name c base:1 sh -c 'exit 3'
	wait_for 20 sh -c "'$PLIMSOLL' --state '$STATE' ps --format '{{.State}} {{.Status}}' | grep -qi '^restarting restarting (3)'"
	wait_for 20 sh -c "'$PLIMSOLL' --state '$STATE' ps -q --filter status=restarting | grep -q ."
	plimsoll stop c
	run plimsoll ps -q
	assert_eq "$output" ""
}

@test "signals counted from the end of the real-time ones" {
	plimsoll run -d --network none --name c base:1 sh -c 'trap "echo 64" 64; trap "echo 62" 62; trap "echo 34" 34
		while :; do sleep 0.1; done'
	sleep 0.5
	for s in RTMAX SIGRTMAX-2 rtmin; do
		plimsoll kill -s "$s" c
		sleep 0.3
	done
	run plimsoll logs c
	assert_eq "$output" $'64\n62\n34'
	for s in RTMAX+1 RTMIN-1 RTMAX-31 RTMAXX RTMIN+ 0 65 '' SIG; do
		run plimsoll kill -s "$s" c
		assert_status 2
	done
}

@test "rm --force of what is not there prints nothing" {
	plimsoll create --name c base:1
	run plimsoll rm --force nosuch c
	assert_status 0
	assert_eq "$output" c
}

@test "volumes are found by a regular expression" {
	plimsoll volume create one_1
	plimsoll volume create one_2
	run plimsoll volume ls --filter 'name=one_1*' -q
	assert_eq "$output" $'one_1\none_2'
	run plimsoll volume ls --filter 'name=^one_.*2$' -q
	assert_eq "$output" one_2
}

@test "times with a comma, as date(1) prints them" {
	plimsoll run -d --network none --name c base:1 sh -c 'echo words'
	plimsoll wait c
	run plimsoll logs --since "$(date --date='-1 hour' --iso-8601=ns)" c
	assert_eq "$output" words
	run plimsoll logs --until "$(date --date='-1 hour' --iso-8601=ns)" c
	assert_eq "$output" ""
}

@test "a tmpfs is never without a limit" {
	for words in size=0 size=0k nr_inodes=0 nr_inodes=00; do
		refused 2 "tmpfs '/x:$words'" --tmpfs "/x:$words"
	done
}

@test "exec --tty: nothing of what a short command wrote is lost, and its status is told" {
	plimsoll run -d --network none --name c base:1 sleep 120
	for i in $(seq 25); do
		run plimsoll exec -t c sh -c "echo line $i; exit 3"
		assert_eq "$status:${output%$'\r'}" "3:line $i"
	done
	assert_eq "$(plimsoll exec -t c seq 20000 | tr -d '\r' | md5sum)" "$(seq 20000 | md5sum)"
	# Whoever hears it no more ends it, as a terminal that is closed does.
	run timeout 20 sh -c "'$PLIMSOLL' --state '$STATE' exec -t c sh -c 'while :; do echo y; done' | head -n 1"
	assert_eq "${output%$'\r'}" y
	run sh -c "ls '$STATE'/containers/*/ | grep exec-"
	assert_eq "$output" ""
}

@test "what one in the foreground printed is in its log, whatever it went to" {
	for tty in '' -t; do
		run plimsoll run --network none $tty --name c base:1 sh -c 'echo one; sleep 0.2; echo two >&2; sleep 0.2; printf three'
		assert_eq "$(tr -d '\r' <<<"$output")" $'one\ntwo\nthree'
		run plimsoll logs c
		assert_eq "$(tr -d '\r' <<<"$output")" $'one\ntwo\nthree'
		run plimsoll logs --tail 2 c
		assert_eq "$(tr -d '\r' <<<"$output")" $'two\nthree'
		plimsoll rm c
	done
	plimsoll run --network none --name c base:1 sh -c 'echo one; echo two >&2' >/dev/null 2>&1
	assert_eq "$(plimsoll logs c 2>/dev/null)" one
	assert_eq "$(plimsoll logs c 2>&1 >/dev/null)" two
	plimsoll start -a c >/dev/null 2>&1
	assert_eq "$(plimsoll logs -f c 2>/dev/null)" $'one\none'
	plimsoll rm c
	head -c 1000000 /dev/urandom >bytes
	plimsoll run -i --network none --name c base:1 cat <bytes >copy
	cmp bytes copy
	plimsoll logs c | cmp - bytes
	plimsoll run --network none --log-opt max-size=64k --name d base:1 seq 50000 >/dev/null
	[ "$(stat -c %s "$STATE"/containers/*/ctr.log | sort -n | head -n 1)" -le 65536 ]
	assert_eq "$(plimsoll logs --tail 1 d)" 50000
	plimsoll run --network none --name e base:1 sh -c 'while echo y; do :; done' | head -n 1
	assert_eq "$(plimsoll inspect -f '{{.State.Running}}' e)" false
}

@test "the log of one that never ran is empty; a last line may have no end" {
	plimsoll create --network none --name c base:1 printf 'one\ntwo'
	run plimsoll logs c
	assert_eq "$status:$output" 0:
	plimsoll start c
	plimsoll wait c
	assert_eq "$(plimsoll logs c | od -An -c | tr -d ' ')" 'one\ntwo'
	assert_eq "$(plimsoll logs --tail 1 -f c)" two
	assert_eq "$(plimsoll logs --tail 2 c)" $'one\ntwo'
}

@test "a volume within another is seen, whatever was given first; a link in the outer one is refused" {
	mkdir -p inner outer
	echo words >inner/file
	for rt in crun runc; do
		plimsoll volume create v
		run timeout 60 "$PLIMSOLL" --state "$STATE" run --rm --runtime "$rt" --network none \
			-v "$PWD/inner:/a/b/c" -v v:/a base:1 cat /a/b/c/file
		assert_eq "$status:$output" 0:words
		run timeout 60 "$PLIMSOLL" --state "$STATE" run --rm --runtime "$rt" --network none -v v:/etc base:1 cat /etc/hosts
		assert_output_has "localhost"
		plimsoll volume rm v
	done
	ln -sfn /proc outer/link
	for at in /a/link /a/link/tty; do
		refused 125 "'$at' lies in what is mounted on '/a'" -v "$PWD/inner:$at" -v "$PWD/outer:/a"
	done
}

@test "what is mounted on /tmp takes the place of the profile's" {
	in_c --tmpfs /tmp:size=8m base:1 grep ' /tmp ' /proc/mounts
	assert_status 0
	assert_eq "$(wc -l <<<"$output")" 1
	assert_output_has size=8192k nosuid noexec
}

@test "start of a paused one says so" {
	plimsoll run -d --network none --name c base:1 sleep 60
	wait_for 10 plimsoll pause c
	run plimsoll start c
	assert_status 2
	assert_output_has "container 'c' is paused" "plimsoll unpause c"
}

@test "cp: a link that is the target stays, and what it leads to is written, within its side" {
	plimsoll run -d --network none --read-only=false --name c base:1 sh -c 'cd /; mkdir d; echo old >f; echo inside >g
		ln -s f tofile; ln -s d todir; ln -s new broken; ln -s /h absolute; ln -s ../../../up out; exec sleep 60'
	wait_for 10 plimsoll exec c sh -c '[ -L /out ]'
	echo outside >g
	for to in tofile todir broken absolute out; do
		plimsoll cp g c:/$to
	done
	run plimsoll exec c sh -c 'ls -l / | grep -c -e "->"; cat /f /d/g /new /h /up'
	assert_eq "$output" $'5\noutside\noutside\noutside\noutside\noutside'
	mkdir d
	echo old >f
	ln -s f tofile; ln -s d todir; ln -s new broken; ln -s newd brokend
	for to in tofile todir broken; do
		plimsoll cp c:/g $to
	done
	assert_eq "$(cat f d/g new)" $'inside\ninside\ninside'
	assert_eq "$(readlink tofile todir broken)" $'f\nd\nnew'
	plimsoll cp c:/d brokend
	assert_eq "$(cat newd/g)" outside
	ln -s loop1 loop2; ln -s loop2 loop1
	run plimsoll cp c:/g loop1
	[ "$status" -ne 0 ]
}

@test "no address of a container waits for whoever might have it, too" {
	run timeout 60 "$PLIMSOLL" --state "$STATE" run --rm base:1 cat /proc/net/if_inet6
	assert_status 0
	# The fifth word: 40 is tentative.
	while read -r _ _ _ _ flags _; do
		[ $((0x$flags & 0x40)) = 0 ] || fail "an address is tentative: $output"
	done <<<"$output"
}
