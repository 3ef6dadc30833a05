#!/usr/bin/env bats
# plimsoll build: what makes a step be done again, and what does not.

load ../lib/common
load ../lib/build

setup() {
	common_setup
	need_root
	mkdir ctx
}

teardown() {
	common_teardown
}

# Builds; sets $digest and $cached ("cached of steps").
built() {
	plimsoll --format json build "$@" ctx >result 2>build.err || { cat build.err >&2; return 1; }
	digest=$(jq -r .digest result)
	cached=$(jq -r '"\(.cached) of \(.steps)"' result)
}

@test "a file's time does nothing, its mode, content and name do" {
	mkdir ctx/d
	echo 1 >ctx/d/f
	touch -d @1000000000 ctx/d/f ctx/d
	printf 'FROM scratch\nCOPY d /d\n' | dockerfile
	built
	assert_eq "$cached" "0 of 1"
	local first=$digest
	touch -d @1100000000 ctx/d/f ctx/d
	built
	assert_eq "$cached $digest" "1 of 1 $first"
	chmod 600 ctx/d/f
	built
	assert_eq "$cached" "0 of 1"
	chmod 644 ctx/d/f
	built
	assert_eq "$cached $digest" "1 of 1 $first"
	echo 2 >ctx/d/f
	built
	assert_eq "$cached" "0 of 1"
	mv ctx/d/f ctx/d/g
	built
	assert_eq "$cached" "0 of 1"
}

@test "a change that keeps size and modification time is seen" {
	echo one >ctx/f
	printf 'FROM scratch\nCOPY f /\n' | dockerfile
	touch -d @1000000000 ctx/f
	sleep 0.1
	built
	built
	assert_eq "$cached" "1 of 1"
	local first=$digest
	echo two >ctx/f
	touch -d @1000000000 ctx/f
	built
	assert_eq "$cached" "0 of 1"
	[ "$digest" != "$first" ]
}

@test "files read once are known by the next build, and forgotten without harm" {
	echo one >ctx/f
	sleep 0.1
	printf 'FROM scratch\nCOPY f /\n' | dockerfile
	built
	local first=$digest file
	file=$(find "$STATE/cache/files" -type f ! -name .lock)
	[ -s "$file" ]
	strace -f -o trace -e trace=openat "$PLIMSOLL" --state "$STATE" -q build ctx 2>/dev/null >again || skip "needs strace"
	assert_eq "$(cat again)" "$first"
	run grep -F '"f"' trace
	refute_output_has O_NOFOLLOW
	echo broken >"$file"
	built
	assert_eq "$cached $digest" "1 of 1 $first"
}

@test "COPY --from counts by content: a stage built anew that came to the same is a hit" {
	echo 1 >ctx/f
	echo a >ctx/other
	dockerfile <<-'EOF'
	FROM scratch AS one
	COPY other /other
	COPY f /f
	FROM scratch
	COPY --from=one /f /f
	EOF
	built
	assert_eq "$cached" "0 of 3"
	local first=$digest
	echo b >ctx/other
	built
	assert_eq "$cached $digest" "1 of 3 $first"
	built
	assert_eq "$cached $digest" "3 of 3 $first"
	chmod 600 ctx/f
	built
	assert_eq "$cached" "1 of 3"
	[ "$digest" != "$first" ]
}

@test "COPY --from: owner, attributes and hard links count" {
	echo 1 >ctx/f
	for owner in 0:0 5:6; do
		printf 'FROM scratch AS one\nCOPY --chown=%s f /f\nFROM scratch\nCOPY --from=one /f /g\n' "$owner" | dockerfile
		built
		assert_eq "$cached" "0 of 2"
	done
}

@test "the same digest in two folders without a shared cache, also after touching files" {
	export SOURCE_DATE_EPOCH=1000000000
	mkdir ctx/d
	echo 1 >ctx/d/f
	printf 'FROM scratch AS one\nCOPY d /d\nFROM scratch\nCOPY --from=one /d /e\nWORKDIR /w\n' | dockerfile
	built
	local first=$digest
	cp -r ctx other
	sleep 1.1
	touch other/d/f other/d other/Dockerfile
	plimsoll -q build other >warm
	"$PLIMSOLL" --state "$BATS_TEST_TMPDIR/fresh" -q build other >cold
	assert_eq "$(cat warm) $(cat cold)" "$first $first"
}
