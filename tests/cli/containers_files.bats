#!/usr/bin/env bats
# What containers changed and hold: diff, export; and podman's questions whether something is there.

load ../lib/common
load ../lib/containers
load ../lib/user
bats_require_minimum_version 1.5.0

setup_file() {
	base_root rm mkdir ln mv touch cat chmod mkfifo || return 0
	mkdir -p "$ROOT/data/deep" "$ROOT/gone"
	echo one >"$ROOT/data/one"
	echo two >"$ROOT/data/two"
	echo x >"$ROOT/gone/x"
	echo low >"$ROOT/data/deep/low"
	ln "$ROOT/data/one" "$ROOT/data/hard"
	base_state
}

setup() { containers_setup tar; }

teardown() { containers_teardown; }

CHANGE='echo new >/data/one.new; echo more >>/data/two; rm /data/deep/low; rm -r /gone; mkdir /gone; echo y >/gone/y;
	mkdir -p /srv/a/b; ln -s /etc/passwd /srv/a/link; mkfifo /srv/pipe; chmod 4755 /srv/a; chmod 700 /data/deep'
CHANGED='C /data
C /data/deep
D /data/deep/low
A /data/one.new
C /data/two
C /gone
D /gone/x
A /gone/y
A /srv
A /srv/a
A /srv/a/b
A /srv/a/link
A /srv/pipe'

changes() {
	local runtime
	for runtime in crun runc; do
		command -v $runtime >/dev/null || continue
		run plimsoll run -d --runtime $runtime --name c --network none --read-only=false -v vol:/mnt/vol base:1 \
			sh -c "$CHANGE; echo z >/mnt/vol/z; sleep 60"
		assert_status 0
		wait_for 10 sh -c '"$PLIMSOLL" --state "$0" diff c | grep -q "^C /data/deep"' "$STATE"
		run plimsoll diff c
		assert_eq "$(grep -v '/mnt' <<<"$output")" "$CHANGED"
		refute_output_has vol/z
		plimsoll stop -t 0 c
		run plimsoll container diff -l
		assert_eq "$(grep -v '/mnt' <<<"$output")" "$CHANGED"
		run plimsoll diff --format json c
		assert_eq "$(jq -c '[.deleted, (.added | length), (.changed | length)]' <<<"$output")" \
			'[["/data/deep/low","/gone/x"],8,4]' || fail "$output"
		plimsoll rm c
	done
}

@test "diff: what a writable root changed, running and stopped; a read-only one changed nothing" {
	changes
	run plimsoll run -d --name ro --network none base:1 sh -c 'echo x >/tmp/x; sleep 60'
	run plimsoll diff ro
	assert_status 0
	assert_eq "$output" ""
	run plimsoll diff nosuch
	assert_status 5
	assert_output_has "no container"
	run plimsoll diff ro two
	assert_status 2
	run plimsoll diff --format xml ro
	assert_status 2
}

@test "diff and export: a file's name reaches a terminal without controls, a program with" {
	plimsoll run --name odd --network none --read-only=false base:1 sh -c 'touch "$(printf "/a\033b")"'
	plimsoll diff odd >out
	grep -q $'\033' out || fail "the name was changed"
	script -qec "$PLIMSOLL --state $STATE diff odd" /dev/null >out
	! grep -q $'\033' out || fail "a control reached the terminal"
	run script -qec "$PLIMSOLL --state $STATE export odd" /dev/null
	assert_output_has "not for a terminal" "export -o FILE"
}

exported() { # archive: names, and what is in some
	tar -tf "$1" >names
	grep -qx 'srv/a/link' names || fail "$(cat names)"
	grep -qx 'srv/pipe' names
	grep -qx 'proc/' names
	grep -qx 'mnt/vol/' names
	! grep -q '^proc/.\|^sys/.\|^dev/.\|vol/z\|^tmp/.\|^gone/x\|low' names || fail "$(cat names)"
	tar -xOf "$1" data/two | cmp - <(printf 'two\nmore\n')
	tar -tvf "$1" --numeric-owner >long
	grep -q '0/0 .* data/one link to data/hard' long || fail "$(cat long)"
	grep -q '^drwsr-xr-x 0/0 .* srv/a/$' long || fail "$(cat long)"
	grep -q '^prw.* srv/pipe$' long
	! grep -qE ' (6|7|1[0-9])[0-9]{4,}/' long || fail "ids of the host: $(cat long)"
}

@test "export: the merged root, ids as the container has them, nothing of what is mounted, both runtimes" {
	local runtime
	for runtime in crun runc; do
		command -v $runtime >/dev/null || continue
		plimsoll run -d --runtime $runtime --name c --network none --read-only=false -v vol:/mnt/vol base:1 \
			sh -c "$CHANGE; echo z >/mnt/vol/z; touch /tmp/done; sleep 60"
		wait_for 10 plimsoll exec c ls /tmp/done
		plimsoll export c >running.tar
		exported running.tar
		plimsoll stop -t 0 c
		plimsoll container export -o stopped.tar c
		exported stopped.tar
		plimsoll rm c
	done
	run plimsoll export -o no/such/folder.tar c
	assert_status 2
	run plimsoll export -o x.tar nosuch
	assert_status 5
	[ ! -e x.tar ] || fail "half an archive"
	run plimsoll --format json trail show
	assert_output_has '"export"'
}

@test "container, image and volume exists" {
	plimsoll create --name c --network none base:1 true
	plimsoll volume create v
	plimsoll container exists c
	plimsoll image exists base:1
	plimsoll volume exists v
	run plimsoll container exists nosuch
	assert_status 1
	assert_eq "$output" ""
	run plimsoll image exists base:2
	assert_status 1
	assert_eq "$output" ""
	run plimsoll volume exists /not/a/name
	assert_status 1
	run plimsoll volume exists v2
	assert_status 1
	assert_eq "$output" ""
}
