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
	registry_stop
	umount "$BATS_TEST_TMPDIR/small" 2>/dev/null || true
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

@test "more tags of the repository: each is one manifest more, after all that the first one brought" {
	local many="-t $STEPS/app:2 -t $STEPS/app:prod -t $STEPS/app:latest" digest tag
	echo one >ctx/f
	run plimsoll ship -t "$STEPS/app:1" ctx
	assert_status 0
	grep -c . "$STEPS_LOG" >alone
	: >"$STEPS_LOG"
	echo two >ctx/f
	run plimsoll ship $many ctx
	assert_status 0
	digest=${lines[-1]}
	[ "$(grep -c . "$STEPS_LOG")" -le $(($(cat alone) + 2)) ] || fail "$(cat alone) requests, then" "$(cat "$STEPS_LOG")"
	assert_eq "$(tail -n 3 "$STEPS_LOG" | cut -d' ' -f1,2 | xargs)" \
		"PUT /v2/app/manifests/2 PUT /v2/app/manifests/prod PUT /v2/app/manifests/latest"
	for tag in 2 prod latest; do assert_eq "$(step_tag "app:$tag")" "$digest"; done
	assert_eq "$(plimsoll --format json trail show | jq -r 'select(.kind == "push") | .result' | tail -n 3 | xargs)" "ok ok ok"
	# The same of a build that pushes.
	: >"$STEPS_LOG"
	echo three >ctx/f
	run plimsoll build $many --output type=registry ctx
	assert_status 0
	assert_eq "$(grep -c 'PUT /v2/app/manifests/sha256:' "$STEPS_LOG")" 1
	assert_eq "$(grep -c 'PUT /v2/app/manifests/\(2\|prod\|latest\) ' "$STEPS_LOG")" 3
}

@test "a cache that cannot be given away: what is shipped is told, and its files are there" {
	echo one >ctx/f
	run plimsoll ship -t "$STEPS/app:1" --iidfile "$PWD/iid" --cache-to type=registry,ref=127.0.0.1:1/cache ctx
	assert_status 7
	assert_output_has "$(step_tag app:1) is shipped, but not its cache"
	assert_eq "$(cat iid)" "$(step_tag app:1)"
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

@test "no key, a full disk, a registry that takes no signature or no attestation: the tag stays, and the trail says so" {
	ship one
	before=${lines[-1]}
	: >"$STEPS_LOG"
	run plimsoll ship --key nobody -t "$STEPS/app:prod" ctx
	[ "$status" -ne 0 ]
	assert_eq "$(cat "$STEPS_LOG")" ""
	for kind in notary.signature sigstore.bundle; do
		step_registry "{\"deny\": \"$kind\"}"
		ship "$kind"
		assert_status 7
		tag_stays "$before"
	done
	assert_eq "$(plimsoll --format json trail show | jq -r 'select(.kind == "sign" or .kind == "push") | .kind + " " + .result' |
		paste -sd,)" "sign ok,sign ok,push ok,sign failed,sign ok,push failed,sign ok,push failed"
	# The state folder on a disk that has room for the beginning only.
	mkdir small
	mount -t tmpfs -o size=$(($(du -sk "$STATE" | cut -f1) + 300))k tmpfs small
	cp -a "$STATE" small/state
	head -c 2000000 /dev/urandom >ctx/f
	: >"$STEPS_LOG"
	run "$PLIMSOLL" --state small/state ship -t "$STEPS/app:prod" ctx
	umount small
	[ "$status" -ne 0 ]
	assert_output_has "No space left"
	assert_eq "$(cat "$STEPS_LOG")" ""
	tag_stays "$before"
}

# Ships in the background, and is killed as it begins its Nth writing request.
killed_at() { # N
	bash -c 'kill -STOP $$; exec "$@"' ship "$PLIMSOLL" --state "$STATE" ship -t "$STEPS/app:prod" ctx >out 2>log 3>&- &
	local pid=$!
	wait_for 10 grep -q '^State:.T' "/proc/$pid/status"
	step_registry "{\"kill\": $1, \"pid\": $pid}"
	kill -CONT $pid
	wait $pid 2>/dev/null || true
	step_registry '{}'
}

@test "kill -9 at one request after the other: the tag is what it was, or the new image with all that belongs to it" {
	ship one
	before=${lines[-1]}
	echo two >ctx/f
	for n in 1 4 8 11 14 17; do
		killed_at $n
		now=$(step_tag app:prod)
		[ "$now" = "$before" ] || moved=$now
	done
	ship two
	assert_status 0
	[ -z "${moved:-}" ] || assert_eq "$moved" "${lines[-1]}"
	assert_eq "$(step_tag app:prod)" "${lines[-1]}"
	plimsoll trail verify
	# Whoever pulls it has all of it.
	plimsoll trust export >builder.pem
	STATE=$BATS_TEST_TMPDIR/production
	plimsoll trust add builder.pem
	plimsoll pull "$STEPS/app:prod"
	plimsoll verify --require provenance,sbom,vuln,vsa "$STEPS/app:prod"
}

@test "a tag that moves while it is pulled: what was verified is what is here" {
	ship one
	signed=${lines[-1]}
	echo evil >ctx/f
	plimsoll build -t "$STEPS/app:evil" ctx
	plimsoll push "$STEPS/app:evil"
	evil=$(step_tag app:evil)
	plimsoll trust export >builder.pem
	STATE=$BATS_TEST_TMPDIR/production
	plimsoll trust add builder.pem
	step_registry "{\"moves\": {\"app:prod\": \"$evil\"}}"
	plimsoll pull "$STEPS/app:prod"
	run plimsoll verify "$STEPS/app:prod"
	assert_status 0
	assert_output_has "$signed"
	[ ! -e "$STATE/blobs/sha256/${evil#*:}" ] || fail "the other image came, too"
	# The other way round nothing is accepted.
	step_registry "{}"
	run plimsoll pull "$STEPS/app:evil"
	run plimsoll verify "$STEPS/app:evil"
	assert_status 4
}

@test "kill -9 at random, a real registry: what the tag names is whole and signed" {
	need_cmd docker-registry
	registry_start
	plimsoll trust export >builder.pem
	RANDOM=${PLIMSOLL_SEED:=$((SECONDS + $$))}
	echo "# PLIMSOLL_SEED=$PLIMSOLL_SEED" >&3
	echo zero >ctx/f
	plimsoll ship -t "$REGISTRY/app:prod" ctx
	for i in 1 2 3 4; do
		echo "round $i" >ctx/f
		"$PLIMSOLL" --state "$STATE" ship -t "$REGISTRY/app:prod" ctx >out 2>log 3>&- &
		pid=$!
		wait_for 30 grep -q '^attest' log
		sleep 0.$((RANDOM % 10))
		kill -9 $pid 2>/dev/null || true
		wait $pid 2>/dev/null || true
		rm -rf production
		"$PLIMSOLL" --state production trust add builder.pem
		"$PLIMSOLL" --state production pull "$REGISTRY/app:prod"
		"$PLIMSOLL" --state production verify --require provenance,sbom,vuln,vsa "$REGISTRY/app:prod"
	done
	registry_stop
}
