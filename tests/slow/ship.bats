#!/usr/bin/env bats
# Issue 5, part 7: ship fails closed at every step. Whatever fails, and wherever it is killed, the registry's tag is what
# it was, or names an image with all its signatures and attestations; and the trail says what happened.

load ../lib/common
load ../lib/ship
bats_require_minimum_version 1.5.0

setup_file() {
	export BEGIN=$BATS_FILE_TMPDIR/begin
	[ "$(id -u)" = 0 ] || return 0
	host_rootfs "$BATS_FILE_TMPDIR/root"
	tar -C "$BATS_FILE_TMPDIR/root" --numeric-owner --owner=0 --group=0 -cf "$BATS_FILE_TMPDIR/base.tar" .
	"$PLIMSOLL" --state "$BEGIN" trust init
	"$PLIMSOLL" --state "$BEGIN" advisories import "$PLIMSOLL_SRC/examples/advisories"
	"$PLIMSOLL" --state "$BEGIN" import "$BATS_FILE_TMPDIR/base.tar" base:1
}

setup() {
	need_root
	common_setup
	cp -a "$BEGIN" "$STATE"
	step_registry_start
	mkdir ctx
	printf 'FROM base:1\nCOPY f /f\n' >ctx/Dockerfile
}

teardown() {
	step_registry_stop
	common_teardown
}

# Ships an image of this content.
ship() { # TEXT
	echo "$1" >ctx/f
	run plimsoll ship -t "$STEPS/app:prod" ctx
}

# The tag has this digest still.
tag_stays() {
	assert_eq "$(step_tag app:prod)" "$1"
}

@test "blobs, the image by digest, what refers to it, and the tag at the very end" {
	ship one
	assert_status 0
	assert_eq "$(step_tag app:prod)" "${lines[-1]}"
	run tail -n 1 "$STEPS_LOG"
	assert_output_has "PUT /v2/app/manifests/prod" " 201"
	assert_eq "$(grep -c '/manifests/prod ' "$STEPS_LOG")" 1
	# A registry without the referrers API, too.
	step_registry '{"referrers": "none"}'
	: >"$STEPS_LOG"
	ship two
	assert_status 0
	run tail -n 1 "$STEPS_LOG"
	assert_output_has "PUT /v2/app/manifests/prod" " 201"
	grep -q "PUT /v2/app/manifests/sha256-" "$STEPS_LOG"
}

@test "a registry that claims to list signatures and does not, or forgets them, does not get the tag moved" {
	ship one
	before=${lines[-1]}
	for mode in claims drops; do
		step_registry "{\"referrers\": \"$mode\"}"
		ship "$mode"
		assert_status 7
		tag_stays "$before"
		run plimsoll --format json trail show
		assert_eq "$(jq -r 'select(.kind == "push") | .result' <<<"$output" | tail -n 1)" failed
	done
}

@test "a push that is refused at any of its requests leaves the tag as it was" {
	ship one
	before=${lines[-1]}
	step_registry '{"fail": 0}'
	echo two >ctx/f
	# How many requests there are, to another name.
	run plimsoll ship -t "$STEPS/other:prod" ctx
	assert_status 0
	n=$(curl -sf "http://$STEPS/state" | jq .requests)
	[ "$n" -ge 6 ] || fail "only $n requests"
	for ((i = 1; i <= n; i++)); do
		echo "round $i" >ctx/f
		step_registry "{\"fail\": $i}"
		run plimsoll ship -t "$STEPS/app:prod" ctx
		[ "$status" -ne 0 ] || fail "request $i was refused, and nobody noticed"
		tag_stays "$before"
	done
	run plimsoll --format json trail show
	assert_eq "$(jq -r 'select(.kind == "push") | .result' <<<"$output" | sort | uniq -c | tr -s ' ')" \
		" $n failed
 2 ok"
}
