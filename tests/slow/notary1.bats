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
	assert_status "${STATUS:-4}"
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
	# What a 'forget' that was killed left is no reason to trust it.
	rm prod/trust/tuf/scopes/*/scope
	run prod trust notary trust --server "$NOTARY" --ca "$NOTARY_CA" --root "$(printf %064d 1)" "$GUN"
	assert_status 4
	assert_output_has "none of those that are trusted"
	prod trust notary trust --server "$NOTARY" --ca "$NOTARY_CA" --root "$root" "$GUN"
	prod pull "$GUN:v1"
	assert_eq "$(find prod -name begun -exec jq -r .trustedBy {} +)" key
	# A whole root that was brought is one that is known how it came, too.
	curl -s --cacert "$NOTARY_CA" "$NOTARY/v2/$GUN/_trust/tuf/root.json" >root.json
	"$PLIMSOLL" --state brought trust notary trust --server "$NOTARY" --ca "$NOTARY_CA" --root root.json "$GUN"
	assert_eq "$(find brought -name begun -exec jq -r .trustedBy {} +)" file

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
	assert_eq "$(jq -r .schema <<<"$output")" plimsoll.notary-inspect/v1
	assert_eq "$(jq -c '[.Metadata.root, [.SignedTags[] | [.SignedTag, .Role]]]' <<<"$output")" \
		'[4,[["v2","targets/releases"],["v1","targets"]]]'
	notary_do remove -p "$GUN" v1
	refused "'team/app:v1' is not listed"
	prod trail verify
	run prod trail show --format json
	assert_output_has "\"gun\":\"$GUN\"" '"trustedBy":"key"' '"role":"targets/releases"'
}

# The repository anew, with a root key that a CA has certified (ca.crt).
root_of_ca() { # GUN
	local NOTARY_DIR=$PWD/certified
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.crt -days 9 -subj /CN=ca \
		-addext keyUsage=critical,keyCertSign 2>/dev/null
	notary_do delete "$1" --remote
	notary_do key generate ecdsa
	sed '/^role:/,/^$/d' certified/private/*.key >root.pem
	openssl ec -in root.pem -passin pass:password1 -out root.key 2>/dev/null
	openssl req -new -key root.key -out root.csr -subj "/CN=${1//\//\\/}"
	printf 'basicConstraints=CA:FALSE\nextendedKeyUsage=codeSigning\n' >ext
	openssl x509 -req -in root.csr -CA ca.crt -CAkey ca.key -days 9 -out root.crt -extfile ext 2>/dev/null
	notary_do init -p "$1" --rootcert root.crt
	notary_tag "$1" v1 "$DIGEST"
}

# Production as it was, and the server as the attacker wants it.
attack() { # folder, reason...
	local from=$1
	shift
	serve "$from"
	rm -rf prod
	cp -r "${FROM:-prod.good}" prod
	refused "$@"
}

@test "rollback, freeze, mix and match, other roots and other repositories are refused" {
	local meta=v2/$GUN/_trust/tuf old at
	push_image "$GUN:v1" 1
	old=$DIGEST
	notary_do init -p "$GUN"
	notary_tag "$GUN" v1 "$old"
	notary_record "$GUN" rec.old
	files_start
	serve rec.old
	run prod --format json trust notary trust --server "$FILES" --tofu "$GUN"
	assert_status 0
	assert_eq "$(jq -c '[.schema, .scope, .server, .seen.gun, .seen.trustedBy, .seen.root]' <<<"$output")" \
		"[\"plimsoll.notary-trust/v1\",\"$GUN\",\"$FILES\",\"$GUN\",\"first use\",1]"
	assert_eq "$(sort -u tokens)" "repository:$GUN:pull"
	cp -r prod prod.old
	push_image "$GUN:v1" 2
	notary_tag "$GUN" v1 "$DIGEST"
	notary_do key rotate "$GUN" targets
	notary_record "$GUN" rec.new
	serve rec.new
	prod pull "$GUN:v1"
	cp -r prod prod.good

	# The image is the old one again; so is all that the server says.
	push_digest "$GUN:v1" "$old"
	attack rec.new "is $old here, and not what is newest: $DIGEST"
	attack rec.old "timestamp version 2 is older than version"
	# The newest timestamp over what was before it; files of two times; a file with one byte more or less.
	cp -r rec.old mix
	cp rec.new/$meta/timestamp.json mix/$meta/
	STATUS=7 FROM=prod.old attack mix "and has it not"
	cp rec.old/$meta/snapshot.json "mix/$meta/$(cd rec.new/$meta && echo snapshot.*.json)"
	# By its hash, or by its length: times are written without zeros at their end.
	FROM=prod.old attack mix "snapshot"
	cp -r rec.new cut
	at=$(echo cut/$meta/snapshot.*.json)
	printf ' ' >>"$at"
	FROM=prod.old attack cut "bytes"
	# A root that the key before has not signed: the same name, of somebody else.
	NOTARY_DIR=$PWD/thief notary_stop
	notary_start
	NOTARY_DIR=$PWD/thief notary_do init -p "$GUN"
	NOTARY_DIR=$PWD/thief notary_tag "$GUN" v1 "$old"
	NOTARY_DIR=$PWD/thief notary_do key rotate "$GUN" targets
	NOTARY_DIR=$PWD/thief notary_do key rotate "$GUN" targets
	notary_record "$GUN" rec.thief
	files_start
	sed -i "s#\"server\": \"[^\"]*\"#\"server\": \"$FILES\"#" prod*/trust/tuf/scopes/*/scope
	attack rec.thief "by the keys of version 2"
	rm rec.thief/$meta/3.root.json
	attack rec.thief "signed by 0 of its keys"
	# Another repository's files under this one's name, to whoever trusts what is first.
	NOTARY_DIR=$PWD/thief notary_do init -p "$GUN-2"
	notary_record "$GUN-2" other
	mv "other/v2/$GUN-2" "other/v2/$GUN"
	serve other
	rm -rf prod
	run prod trust notary trust --server "$FILES" --tofu "$GUN"
	assert_status 4
	assert_output_has "its certificate is of '$GUN-2', not of '$GUN'"
	# A prefix: each repository for itself, by whom the CA has certified.
	root_of_ca "$GUN"
	notary_record "$GUN" rec.ca
	run prod --format json trust notary trust --server "$FILES" --root-ca ca.crt "${GUN%app}"
	assert_status 0
	assert_eq "$(jq -c '[.schema, .scope, .tofu, .seen]' <<<"$output")" \
		"[\"plimsoll.notary-trust/v1\",\"${GUN%app}\",false,null]"
	push_digest "$GUN:v1" "$DIGEST"
	serve rec.ca
	prod pull "$GUN:v1"
	rm -rf prod/trust/tuf/scopes/*/*app
	serve rec.thief
	refused "is of none of the CAs that are trusted"
	assert_eq "$(prod --format json trust notary forget "${GUN%app}" | jq -c .scope)" "\"${GUN%app}\""
	serve other
	prod trust notary trust --server "$FILES" --tofu "${GUN%app}"
	refused "its certificate is of '$GUN-2'"
	run prod trust tuf status
	assert_status 0
	assert_output_has "${GUN%app}" "metadata at $FILES"
	run prod trust tuf refresh "${GUN%app}"
	assert_status 2
	assert_output_has "is listed by a Notary v1 server"
	# Nothing at all is no answer; nobody there counts for as long as the timestamp does, and no longer.
	rm -rf none
	mkdir -p none/v2
	attack none "lists nothing of it"
	kill "$FILES_PID"
	rm -rf prod
	cp -r prod.good prod
	push_digest "$GUN:v1" "$DIGEST"
	prod pull "$GUN:v1"
	need_cmd faketime
	run env ASAN_OPTIONS=verify_asan_link_order=0:"${ASAN_OPTIONS:-}" faketime -f +15d "$PLIMSOLL" --state "$PWD/prod" pull "$GUN:v1"
	assert_status 4
	assert_output_has "timestamp version" "expired" "by what was seen last"
	# A clock that went back.
	run env ASAN_OPTIONS=verify_asan_link_order=0:"${ASAN_OPTIONS:-}" faketime -f -1d "$PLIMSOLL" --state "$PWD/prod" pull "$GUN:v1"
	assert_status 4
	assert_output_has "with a clock that went back"
}
