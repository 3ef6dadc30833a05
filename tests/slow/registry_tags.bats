# cosign's tags in a registry, which somebody else may move at any time.
load ../lib/common
load ../lib/registry
load ../lib/ship

setup() {
	common_setup
	need_cmd jq curl
	export CONTAINERS_REGISTRIES_CONF=/dev/null
	SRC=$BATS_TEST_TMPDIR/src
	make_layout "$SRC" web:1
	SIG=web:${DIGEST/:/-}.sig
	step_registry_start
}

teardown() {
	step_registry_stop
	common_teardown
}

# signed TEXT...: what cosign's tag in $SRC has; prints its digest.
signed() {
	/usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/cosign_layout.py" "$SRC" web:1 "$@"
}

copy_it() {
	run plimsoll copy "oci:$SRC:web:1" "$STEPS/web:1"
}

@test "signatures without annotations are the same on both sides; fewer of them would lose some" {
	signed a >/dev/null
	copy_it
	assert_status 0
	signed a b >/dev/null
	copy_it
	assert_status 0
	assert_eq "$(step_tag "$SIG")" "$(signed a b)"
	signed b >/dev/null
	copy_it
	assert_status 3
	assert_output_has "the destination has other signatures under it"
	# The same payload under another signature is another one.
	signed a=x b >/dev/null
	copy_it
	assert_status 3
	assert_eq "$(step_tag "$SIG")" "$(signed a b)"
}

@test "a signature that somebody adds while a copy is under way stays, and the tag does not move" {
	local theirs
	theirs=$(signed theirs)
	copy_it
	assert_status 0
	signed ours >/dev/null
	# At first it is not there; asked again, it is the other one.
	step_registry "{\"forget\": \"$SIG\", \"moves\": {\"$SIG\": \"$theirs\"}}"
	run plimsoll copy "oci:$SRC:web:1" "$STEPS/web:2"
	assert_status 3
	assert_output_has "the destination has other signatures under it"
	assert_eq "$(step_tag "$SIG")" ""
	assert_eq "$(step_tag web:2)" ""
}

@test "a registry that compares: what somebody adds between our look and our write stays" {
	local theirs
	theirs=$(signed theirs)
	copy_it
	assert_status 0
	signed theirs ours >/dev/null
	step_registry "{\"forget\": \"$SIG\", \"wrote\": {\"$SIG\": \"$theirs\"}}"
	copy_it
	assert_status 0
	assert_eq "$(grep -c "PUT .*\.sig .* 412" "$STEPS_LOG")" 1
	assert_eq "$(step_tag "$SIG")" "$(signed theirs ours)"
	signed ours >/dev/null
	step_registry "{\"forget\": \"$SIG\", \"wrote\": {\"$SIG\": \"$theirs\"}, \"again\": 1}"
	copy_it
	assert_status 3
	assert_eq "$(step_tag "$SIG")" "$theirs"
}

layers() { # of cosign's tag
	curl -sf "http://$STEPS/v2/web/manifests/${SIG#web:}" | jq '.layers | length'
}

@test "two who push signatures of one image at once: both stay" {
	local first
	export COSIGN_PASSWORD=x
	make_layout "$STATE" "$STEPS/web:1"
	SIG=web:${DIGEST/:/-}.sig
	cp -r "$STATE" other
	plimsoll trust generate-key-pair
	plimsoll sign --signature-format cosign --key cosign.key "$STEPS/web:1" >/dev/null
	"$PLIMSOLL" --state other sign --signature-format cosign --key cosign.key -a who=other "$STEPS/web:1" >/dev/null
	plimsoll -q push "$STEPS/web:1" >/dev/null
	first=$(step_tag "$SIG")
	[ -n "$first" ]
	step_registry "{\"forget\": \"$SIG\", \"wrote\": {\"$SIG\": \"$first\"}}"
	"$PLIMSOLL" --state other -q push "$STEPS/web:1" >/dev/null
	assert_eq "$(layers)" 2
	# A registry that does not compare: ours is overwritten, which is seen afterwards.
	step_registry "{\"forget\": \"$SIG\", \"over\": {\"$SIG\": \"$first\"}}"
	"$PLIMSOLL" --state other -q push "$STEPS/web:1" >/dev/null
	assert_eq "$(layers)" 2
}
