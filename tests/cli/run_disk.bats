#!/usr/bin/env bats
# What a container writes to the host's disk has a bound: its writable root and its anonymous volumes together.

load ../lib/common
load ../lib/containers

setup_file() {
	base_root dd df rm stat || return 0
	mkdir "$ROOT/data"
	base_state
}

setup() {
	containers_setup mke2fs
	[ -e /dev/loop-control ] || skip "needs loop devices"
}

teardown() { containers_teardown; }

no_device() { # of this test's files
	! grep -qsF "$BATS_TEST_TMPDIR" /sys/block/loop*/loop/backing_file
}

fill() { # folder in it
	echo "dd if=/dev/zero of=$1/big bs=1M count=200 2>&1; stat -f -c %a $1; rm $1/big"
}

fills_up() {
	in_c --read-only=false --storage-opt size=64m base:1 sh -c "$(fill /)"
	assert_output_has "No space left"
	in_c --storage-opt size=64m -v /data --read-only=false base:1 sh -c "$(fill /data)"
	assert_output_has "No space left"
	wait_for 20 no_device
}

@test "a writable root and a volume end at their size, the host's disk does not, and no device is left" {
	each_runtime fills_up
}

@test "files without content are bounded" {
	in_c --read-only=false --storage-opt size=16m base:1 sh -c \
		'i=0; while [ $i -lt 20000 ]; do : >/f$i || exit 7; i=$((i + 1)); done 2>&1'
	[ "$status" != 0 ]
	assert_output_has "No space left"
}

@test "what was written stays until the container goes; what is deleted is given back to the host" {
	local id img
	plimsoll run -d --name c --network none --read-only=false --storage-opt size=64m base:1 \
		sh -c 'echo one >>/kept; dd if=/dev/zero of=/big bs=1M count=20 2>/dev/null; sleep 300' >/dev/null
	wait_for 20 sh -c "$PLIMSOLL --state $STATE exec c ls -l /big | grep -q 20971520"
	img=$(echo "$STATE"/containers/*/disk.img)
	assert_eq "$(stat -c %s "$img")" $((64 * 1024 * 1024))
	run plimsoll diff c
	assert_output_has "A /big" "A /kept"
	plimsoll exec c sh -c 'rm /big; : >/sync; exec 3</sync'
	plimsoll stop --time 1 c >/dev/null
	wait_for 20 no_device
	[ "$(($(stat -c %b "$img") / 2))" -lt 10240 ] || fail "$(stat "$img")"
	plimsoll cp c:/kept - | tar -xO | grep -qx one
	plimsoll start c >/dev/null
	wait_for 20 sh -c "[ \"\$($PLIMSOLL --state $STATE exec c cat /kept | wc -l)\" = 2 ]"
	plimsoll rm -f c >/dev/null
	wait_for 20 no_device
}

@test "one that looks while it runs shares its file system: no two of one file" {
	local i
	plimsoll run -d --name c --network none --read-only=false --storage-opt size=64m base:1 \
		sh -c 'i=0; while :; do echo $i >/f$i; i=$((i + 1)); [ $i -lt 200 ] || i=0; done' >/dev/null
	for i in 1 2 3 4 5; do
		plimsoll diff c >/dev/null
		assert_eq "$(grep -lsF "$BATS_TEST_TMPDIR" /sys/block/loop*/loop/backing_file | wc -l)" 1
	done
}

@test "kill -9 of all that serves it leaves no device" {
	plimsoll run -d --name c --network none --read-only=false base:1 sleep 300 >/dev/null
	kill -9 "$(cat "$STATE"/containers/*/conmon.pid)"
	plimsoll ps >/dev/null
	wait_for 20 no_device
}

@test "by default ten gigabytes, or half of what is free; what is asked for is checked" {
	run plimsoll profile show
	assert_output_has "10240m"
	refused 2 "want size=SIZE" --read-only=false --storage-opt quota=1g
	refused 2 "the least is 16m" --read-only=false --storage-opt size=1m
}

@test "a read-only root without volumes makes no file system" {
	plimsoll run -d --name c --network none base:1 sleep 300 >/dev/null
	[ ! -e "$(echo "$STATE"/containers/*/)disk.img" ]
	no_device
}
