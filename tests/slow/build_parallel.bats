#!/usr/bin/env bats
# plimsoll build: stages beside one another, and what is left when one of them, the build or the disk gives up.

load ../lib/common
load ../lib/build

setup() {
	common_setup
	mkdir ctx
}

teardown() {
	[ -z "${MOUNTED:-}" ] || umount "$MOUNTED" || true
	common_teardown
}

base() { # imports base:1
	need_root
	need_cmd crun tar
	host_rootfs root true
	tar -C root --numeric-owner --owner=0 --group=0 -cf root.tar .
	plimsoll -q trust init
	plimsoll -q import root.tar base:1 >imported
}

three_stages() { # seconds that each takes
	echo a >ctx/a
	dockerfile <<-EOF
	FROM base:1 AS one
	COPY a /a
	RUN sleep $1; cat /a >/one
	FROM base:1 AS two
	RUN sleep $1; echo 2 >/two
	FROM base:1
	RUN sleep $1; echo 3 >/three
	COPY --from=one /one /
	COPY --from=two /two /
	RUN cat /one /two /three >/all
	EOF
}

@test "stages that do not wait for one another run at the same time" {
	base
	# Each waits for the other: in turn, neither would end.
	dockerfile <<-'EOF'
	FROM base:1 AS one
	RUN --mount=type=cache,target=/c,id=x echo >/c/one; n=0; \
	    until [ -e /c/two ]; do sleep 0.1; n=$((n + 1)); [ $n -lt 600 ] || exit 9; done; echo 1 >/one
	FROM base:1 AS two
	RUN --mount=type=cache,target=/c,id=x echo >/c/two; n=0; \
	    until [ -e /c/one ]; do sleep 0.1; n=$((n + 1)); [ $n -lt 600 ] || exit 9; done; echo 2 >/two
	FROM scratch
	COPY --from=one /one /
	COPY --from=two /two /
	EOF
	run plimsoll build --jobs 2 --network none ctx
	assert_status 0
	assert_output_has "[one 1/2] FROM base:1 AS one" "[two 2/2] RUN "
}

@test "a stage begins before the stage that it copies from is done" {
	base
	dockerfile <<-'EOF'
	FROM base:1 AS one
	RUN --mount=type=cache,target=/c,id=x n=0; \
	    until [ -e /c/last ]; do sleep 0.1; n=$((n + 1)); [ $n -lt 600 ] || exit 9; done; echo 1 >/one
	FROM base:1
	RUN --mount=type=cache,target=/c,id=x echo >/c/last
	COPY --from=one /one /
	EOF
	run plimsoll build --jobs 2 --network none ctx
	assert_status 0
}

@test "the same bytes, whatever runs beside what, and nothing is done twice" {
	base
	three_stages 0
	plimsoll -q build --jobs 1 --network none ctx >first
	plimsoll -q build --jobs 3 --no-cache --network none ctx >second
	assert_eq "$(cat second)" "$(cat first)"
	plimsoll -q --state other trust init
	plimsoll --format json build --jobs 3 --network none ctx >third
	assert_eq "$(jq -c '[.digest, .stages, .steps, .cached]' third)" "[\"$(cat first)\",3,7,7]"
}

@test "the first failure ends the other stages, and is the one that is told" {
	base
	dockerfile <<-'EOF'
	FROM base:1 AS long
	RUN sleep 300
	FROM base:1 AS bad
	RUN sleep 0.5; echo so it ends; exit 3
	FROM scratch
	COPY --from=long / /
	COPY --from=bad / /
	EOF
	SECONDS=0
	run plimsoll build --jobs 2 --network none ctx
	assert_status 5
	assert_output_has "Dockerfile:4: the command ended with exit status 3" "so it ends"
	refute_output_has interrupted paused
	[ $SECONDS -lt 100 ]
	nothing_left
	run ls "$STATE/tmp"
	refute_output_has build-
}

# Starts a build in the background and waits until two of its stages run: sets $BUILD.
long_build() {
	three_stages 300
	setsid "$PLIMSOLL" --state "$STATE" build --jobs 2 --network none ctx >out 2>&1 3>&- &
	BUILD=$!
	wait_for 60 two_sleep
}

two_sleep() {
	[ "$(grep -lsz '^300$' /proc/[0-9]*/cmdline | wc -l)" -ge 2 ]
}

@test "an interrupt ends all stages" {
	base
	long_build
	kill -INT "$BUILD"
	status=0
	wait "$BUILD" || status=$?
	output=$(cat out)
	assert_status 130
	nothing_left
}

@test "a kill in the middle leaves nothing, and the next build works" {
	base
	long_build
	kill -KILL "$BUILD"
	status=0
	wait "$BUILD" || status=$?
	output=$(cat out)
	assert_status 137
	nothing_left
	three_stages 0
	run plimsoll build --jobs 2 --network none ctx
	assert_status 0
	run find "$STATE/tmp" -name 'build-*'
	assert_eq "$output" ""
}

@test "two builds at once on one state folder" {
	base
	three_stages 0.2
	plimsoll -q build --jobs 2 --network none -t a:1 ctx >a 2>a.err 3>&- &
	local other=$!
	run plimsoll -q build --jobs 2 --network none -t b:1 ctx
	assert_status 0
	wait "$other"
	assert_eq "$output" "$(cat a)"
	assert_eq "$(plimsoll --format json images | grep -oF "$(cat a)" | wc -l)" 2
}

@test "a disk that fills in the middle of a layer: an error, and nothing half made" {
	base
	local before
	mkdir small
	mount -t tmpfs -o size=24m none small
	MOUNTED=$BATS_TEST_TMPDIR/small
	cp -a "$STATE" small/state
	STATE=$BATS_TEST_TMPDIR/small/state
	before=$(find "$STATE/blobs" | sort)
	head -c 40000000 /dev/urandom >ctx/big
	dockerfile <<-'EOF'
	FROM base:1 AS one
	COPY big /
	FROM base:1
	COPY --from=one /big /
	EOF
	run plimsoll build --jobs 2 ctx
	assert_status 6
	assert_output_has "No space left on device"
	assert_eq "$(find "$STATE/blobs" | sort)" "$before"
	rm ctx/big
	echo small >ctx/big
	run plimsoll build --jobs 2 ctx
	assert_status 0
	umount "$MOUNTED"
	MOUNTED=
}
