# A TUF repository in a registry: its life, and what production takes. The attacks on it are in tuf_attacks.bats.
load ../lib/common
load ../lib/trust
load ../lib/tuf

setup() { common_setup; }
teardown() {
	registry_stop
	common_teardown
}

@test "a push is listed last, and production takes what is listed" {
	tuf_start
	release "$SCOPE:prod" 1
	tuf get "$SCOPE:tuf" md
	run tuf check md team/web:prod
	assert_status 0
	assert_eq "$output" "1 3 2 2
${DIGEST#sha256:}"
	prod pull "$SCOPE:prod"
	run prod verify "$SCOPE:prod"
	assert_status 0
	assert_output_has "by role 'targets': root 1, timestamp 3, snapshot 2, targets 2"
	# By digest: what some tag means now.
	run prod pull "$SCOPE@$DIGEST"
	assert_status 0
	old=$DIGEST
	release "$SCOPE:prod" 2
	run prod verify "$SCOPE:prod"
	assert_status 4
	assert_output_has "'team/web:prod' is $old here, and not what is newest: ${DIGEST}" "plimsoll pull"
	run prod pull "$SCOPE@$old"
	assert_status 4
	assert_output_has "no tag of 'team/web' means $old now"
	prod pull "$SCOPE:prod"
	run prod verify "$SCOPE:prod"
	assert_status 0
	run jq -rs '[.[] | select(.kind == "pull" and .detail.tuf)] | last | .detail.tuf | "\(.root) \(.timestamp) \(.snapshot) \(.targets)"' \
		<(prod trail show --format json | jq -c '.entries[]? // .')
	assert_eq "$output" "1 4 3 3"
}
