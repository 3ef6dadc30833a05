#!/usr/bin/env bats
# CVEs of runtimes that go by volumes: what a hostile image or a neighbour that shares a volume makes a runtime mount, make or
# write elsewhere.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root mkdir ln rm mv mount umount true head || return 0
	gcc -D_GNU_SOURCE -O1 -static -o "$ROOT/bin/hostile" "$PLIMSOLL_SRC/tests/helpers/hostile.c" -lrt
	base_state
}

setup() { containers_setup gcc runc jq; }

teardown() { containers_teardown; }

# Beside a container that swaps /data/a with a link, so often with each runtime, what is given it.
beside_swapper() { # link's target, times, words of run...
	local to=$1 times=$2 i rt
	shift 2
	plimsoll -q run -d --name swapper --network none -v shared:/data:nocopy base:1 sh -c \
		"mkdir -p /data/a; ln -s $to /data/b; exec hostile swap /data/a /data/b" >/dev/null
	for rt in crun runc; do
		for i in $(seq "$times"); do
			run timeout 60 "$PLIMSOLL" --state "$STATE" run --rm --network none --runtime $rt -v shared:/data:nocopy "$@"
			refute_output_has "HOST"
		done
	done
	plimsoll -q rm -f swapper
}

@test "no folder is made on the host by a mount target that a neighbour swaps (CVE-2024-45310)" {
	mkdir -m 777 outside
	beside_swapper "$PWD/outside" 8 --tmpfs /data/a/new/deep base:1 true
	beside_swapper "../../../../../../../..$PWD/outside" 4 -v other:/data/a/new/deep base:1 true
	[ -z "$(ls -A outside)" ] || fail "made on the host: $(ls outside)"
}

@test "what the runtime writes to /proc goes there, whatever a neighbour's volume is (CVE-2025-52881, CVE-2019-19921)" {
	local rt target
	for rt in crun runc; do
		for target in /proc /proc/self /proc/self/attr /proc/sys /proc/sys/kernel /proc/thread-self/attr/exec /sys /sys/fs/cgroup \
			/dev /dev/shm/../../proc; do
			run timeout 60 "$PLIMSOLL" --state "$STATE" run --rm --network none --runtime $rt -v shared:"$target" base:1 true
			[ "$status" -ne 0 ] || fail "$rt: $target was mounted on"
		done
	done
	# By a link within the volume, while it is swapped.
	beside_swapper /proc/self 6 -v other:/data/a/attr base:1 sh -c 'ls /proc/self/attr >/dev/null && exit 0'
	beside_swapper /proc/sys/kernel 6 --tmpfs /data/a/random base:1 sh -c '[ -e /proc/sys/kernel/hostname ] || echo HOST'
}

@test "the masks of a container stay where a neighbour swaps what it shares (CVE-2025-31133, CVE-2025-52565)" {
	local rt i
	plimsoll -q run -d --name swapper --network none -v shared:/data:nocopy base:1 sh -c \
		'mkdir -p /data/a; ln -s /proc/sysrq-trigger /data/b; exec hostile swap /data/a /data/b' >/dev/null
	for rt in crun runc; do
		for i in 1 2 3 4; do
			run timeout 60 "$PLIMSOLL" --state "$STATE" run --rm --network none --runtime $rt -v shared:/data:nocopy base:1 sh -c \
				'for f in /proc/kcore /proc/keys /proc/timer_list; do [ -e $f ] && [ -n "$(head -c1 $f 2>/dev/null || cat $f 2>/dev/null)" ] && echo "READ $f"; done
				for f in /proc/sysrq-trigger /proc/sys/kernel/core_pattern; do ( : >>$f ) 2>/dev/null && echo "WROTE $f"; done; true'
			refute_output_has READ WROTE
		done
	done
}

@test "no control group's release agent, by any mount (CVE-2022-0492)" {
	local rt
	for rt in crun runc; do
		in_c --runtime $rt base:1 sh -c 'mkdir /tmp/g; mount -t cgroup -o memory cgroup /tmp/g && echo MOUNTED
			mount -t cgroup2 none /tmp/g && echo MOUNTED; for f in /sys/fs/cgroup/release_agent /sys/fs/cgroup/*/release_agent /sys/fs/cgroup/*/notify_on_release; do
			[ -e "$f" ] && ( echo /x >"$f" ) 2>/dev/null && echo "WROTE $f"; done; true'
		refute_output_has MOUNTED WROTE
	done
}

@test "two starts, rm beside start, update beside stop, pause at once after run -d: one of each wins, and nothing is left" {
	local i a b
	plimsoll run -d --name c --network none base:1 sleep 300 >/dev/null
	for i in 1 2 3 4 5; do
		plimsoll -q stop --time 0 c >/dev/null
		plimsoll -q start c >/dev/null 2>&1 3>&- & a=$!
		plimsoll -q start c >/dev/null 2>&1 3>&- & b=$!
		wait "$a" || true
		wait "$b" || true
		assert_eq "$(plimsoll ps -q | wc -l)" 1
		plimsoll -q update --memory 64m c >/dev/null 2>&1 3>&- & a=$!
		plimsoll -q stop --time 0 c >/dev/null 2>&1 3>&- & b=$!
		wait "$a" || true
		wait "$b"
		assert_eq "$(plimsoll ps -q | wc -l)" 0
	done
	plimsoll -q start c >/dev/null 2>&1 3>&- & a=$!
	plimsoll -q rm -f c >/dev/null 2>&1 3>&- & b=$!
	wait "$a" || true
	wait "$b" || plimsoll -q rm -f c >/dev/null 2>&1 || true
	for i in 1 2 3 4 5; do
		plimsoll run -d --name "p$i" --network none base:1 sleep 300 >/dev/null
		plimsoll pause "p$i" >/dev/null
		plimsoll unpause "p$i" >/dev/null
		plimsoll rm -f "p$i" >/dev/null
	done
	[ "$(jq -r 'select(.Action == "start") | .id' "$STATE"/containers/events*.jsonl | wc -l)" = \
		"$(jq -r 'select(.Action == "die") | .id' "$STATE"/containers/events*.jsonl | wc -l)" ]
}
