# Docker Content Trust, read: repositories of Debian's notary-server, published by notary; and the same files as an
# attacker who holds the server would serve them.
load ../lib/common
load ../lib/trust
load ../lib/notary1

setup() {
	common_setup
	registry_start
	notary_start
	GUN=$REGISTRY/team/app
}
teardown() {
	notary_stop
	registry_stop
	common_teardown
}

refused() { # reason...
	run prod pull "${REF:-$GUN:v1}"
	assert_status 4
	assert_output_has "Notary root of '$GUN'" "$@"
}

@test "what notary publishes is followed: tags, releases, rotations, removal" {
	local root old
	push_image "$GUN:v1" 1
	old=$DIGEST
	notary_do init -p "$GUN"
	notary_tag "$GUN" v1 "$old"
	root=$(curl -s --cacert "$NOTARY_CA" "$NOTARY/v2/$GUN/_trust/tuf/root.json" | jq -r '.signed.roles.root.keyids[0]')

	# Nobody is trusted by being first unless that is asked for, nor by another key.
	run prod trust notary trust --server "$NOTARY" --ca "$NOTARY_CA" "$GUN"
	assert_status 2
	run prod trust notary trust --server "$NOTARY" --ca "$NOTARY_CA" --root "$(printf %064d 1)" "$GUN"
	assert_status 4
	assert_output_has "none of those that are trusted"
	run prod trust notary trust --server "$NOTARY" --root "$root" "$GUN"
	assert_output_has "TLS"
	run prod trust notary trust --server "$NOTARY" --ca "$NOTARY_CA" --root "$root" "$GUN"
	assert_status 0
	assert_output_has "root 1, trusted by key"
	prod pull "$GUN:v1"

	# The tag moves; by digest it is what is newest, too.
	push_image "$GUN:v1" 2
	refused "'team/app:v1' is $DIGEST here, and not what is newest: $old (role 'targets'"
	notary_tag "$GUN" v1 "$DIGEST"
	prod pull "$GUN:v1"
	prod pull "$GUN@$DIGEST"
	REF=$GUN@$old refused "no tag of '$GUN' means $old now"
	push_digest "$GUN:v2" "$old"
	REF=$GUN:v2 refused "'team/app:v2' is not listed"

	# targets/releases is asked first; every key is replaced.
	openssl req -x509 -newkey rsa:2048 -nodes -keyout alice.key -out alice.crt -days 9 -subj /CN=alice 2>/dev/null
	notary_do key import alice.key --role user
	notary_do delegation add -p "$GUN" targets/releases alice.crt --all-paths
	prod pull "$GUN:v1"
	notary_tag "$GUN" v2 "$old" targets/releases
	prod pull "$GUN:v2"
	notary_tag "$GUN" v1 "$old" targets/releases
	refused "not what is newest: $old (role 'targets/releases'"
	notary_do remove -p "$GUN" v1 --roles targets/releases
	notary_do key rotate "$GUN" snapshot -r
	notary_do key rotate "$GUN" targets
	notary_do key rotate "$GUN" timestamp -r
	prod pull "$GUN:v1"
	run prod trust notary inspect --format json "$GUN"
	assert_status 0
	assert_eq "$(jq -c '[.Metadata.root, [.SignedTags[] | [.SignedTag, .Role]]]' <<<"$output")" \
		'[4,[["v2","targets/releases"],["v1","targets"]]]'
	notary_do remove -p "$GUN" v1
	refused "'team/app:v1' is not listed"
	prod trail verify
	run prod trail show --format json
	assert_output_has "\"gun\":\"$GUN\"" '"trustedBy":"key"' '"role":"targets/releases"'
}
