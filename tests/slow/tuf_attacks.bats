# Attacks on a TUF repository in a real registry, by somebody who holds the registry and, in turn, every key but enough
# of them. Each is refused, with its reason; what it cannot change is that a refusal is a refusal.
load ../lib/common
load ../lib/trust
load ../lib/tuf

setup() { common_setup; }
teardown() {
	registry_stop
	common_teardown
}

later() { # days, command...
	need_cmd faketime
	local days=$1
	shift
	ASAN_OPTIONS=verify_asan_link_order=0:${ASAN_OPTIONS:-} faketime -f "$days" "$@"
}

# Production as it was, the registry as the attacker wants it.
attack() { # reason...
	rm -rf prod
	cp -r "${FROM:-prod.good}" prod
	tuf put "$SCOPE:tuf" md
	refused "$@"
	rm -rf md
	cp -r md.good md
}

refused() { # reason...
	run prod verify "$SCOPE:prod"
	assert_status 4
	assert_output_has "$@"
	run prod pull "$SCOPE:prod"
	assert_status 4
	assert_output_has "$@"
}

key_of() { # role -> its keyid
	jq -r --arg r "$1" '.signed.roles[$r].keyids[0]' root.json
}

# Two releases, of which production has seen both; $OLD and $NEW are their digests, md.old and md.good the metadata.
two_releases() {
	tuf_start "$@"
	release "$SCOPE:prod" 1
	OLD=$DIGEST
	tuf get "$SCOPE:tuf" md.old
	prod pull "$SCOPE:prod"
	cp -r prod prod.old
	release "$SCOPE:prod" 2
	NEW=$DIGEST
	tuf get "$SCOPE:tuf" md.good
	prod pull "$SCOPE:prod"
	cp -r prod prod.good
	cp -r md.good md
	KEYS=$STATE/trust/tuf/keys
}

@test "an old signed image, old metadata, metadata of two times, none, and too much" {
	two_releases
	# Rollback of the image: it is signed, and by the same key.
	tuf tag "$SCOPE:prod" "$OLD"
	run prod pull "$SCOPE:prod"
	assert_status 4
	assert_output_has "'team/web:prod' is $OLD here, and not what is newest: $NEW"
	# A new signature on it, by the stolen signing key, is no help.
	plimsoll sign "$SCOPE@$OLD" >sign.out
	plimsoll push --no-referrers "$SCOPE@$OLD" >push.out 2>&1
	tuf tag "$SCOPE:prod" "$OLD"
	run prod pull "$SCOPE:prod"
	assert_status 4
	assert_output_has "not what is newest"
	# It is the same for an image that is here already, whatever the command.
	rm -rf prod
	cp -r prod.good prod
	jq --arg o "$OLD" --arg n "$SCOPE:prod" '(.manifests[] | select(.annotations."org.opencontainers.image.ref.name" == $n)).digest = $o' \
		prod/index.json >index
	cp index prod/index.json
	run prod run "$SCOPE:prod"
	assert_status 4
	assert_output_has "not what is newest"
	printf 'FROM %s\n' "$SCOPE:prod" >Dockerfile
	mkdir -p context
	run prod build -f Dockerfile -t x:1 context
	assert_status 4
	assert_output_has "not what is newest"
	tuf tag "$SCOPE:prod" "$NEW"

	# Rollback of the metadata.
	rm -rf md
	cp -r md.old md
	attack "timestamp version 3 is older than version 4, which was here"
	# What was here and cannot be read is not forgotten.
	tuf put "$SCOPE:tuf" md
	for role in timestamp snapshot; do
		ln -sf "$role.json" prod/trust/tuf/scopes/*/"$role.json"
		run prod verify "$SCOPE:prod"
		assert_status 6
		assert_output_has "the $role that is kept"
		cp prod.good/trust/tuf/scopes/*/"$role.json" target
		cp --remove-destination target prod/trust/tuf/scopes/*/"$role.json"
	done
	# Mix and match, for who has not seen the newest: the new timestamp, the old rest.
	FROM=prod.old
	cp md.old/2.* md/
	rm md/3.snapshot.json
	attack "no 3.snapshot.json"
	cp md.old/2.snapshot.json md/3.snapshot.json
	attack "snapshot: sha256 is"
	cp md.old/2.targets.json md/3.targets.json
	attack "role 'targets': " "sha256 is"
	FROM=
	# Nothing, something else, too much.
	rm md/timestamp.json
	attack "no timestamp.json"
	head -c 20000 /dev/zero | tr '\0' ' ' >>md/timestamp.json
	attack "timestamp.json: more than 16384 bytes"
	head -c 600000 /dev/zero | tr '\0' ' ' >md/2.root.json
	attack "2.root.json: more than 512000 bytes"
	rm -rf prod
	cp -r prod.good prod
	tuf tag "$SCOPE:tuf" "$NEW"
	refused "it is no artifact of TUF metadata"
	tuf tag "$SCOPE:tuf" "$OLD"
	curl -sf -X DELETE "http://$REGISTRY/v2/team/web/manifests/$OLD" -o del.out
	refused "the registry serves no TUF metadata"
}

@test "stolen keys below the threshold" {
	two_releases --root-keys 3 --threshold 2
	old=${OLD#sha256:}
	# The timestamp's alone names what nobody signed.
	tuf sign md/timestamp.json '.version = 9 | .meta."snapshot.json".version = 4' "$KEYS"
	tuf sign md/3.snapshot.json '.version = 4' "$KEYS" "$(key_of timestamp)"
	mv md/3.snapshot.json md/4.snapshot.json
	tuf sign md/timestamp.json ".meta.\"snapshot.json\" = {version: 4}" "$KEYS"
	attack "snapshot: signed by 0 of its keys, 1 are needed"
	# Timestamp and snapshot: an old list of tags cannot be named again, a new one not be made.
	cp md.old/2.targets.json md/
	tuf sign md/3.snapshot.json '.version = 4 | .meta."targets.json" = {version: 2}' "$KEYS"
	mv md/3.snapshot.json md/4.snapshot.json
	tuf sign md/timestamp.json '.version = 9 | .meta."snapshot.json" = {version: 4}' "$KEYS"
	attack "targets.json version 2 is older than version 3, which was here"
	tuf sign md/3.targets.json ".version = 4 | .targets.\"team/web:prod\".hashes.sha256 = \"$old\"" "$KEYS" "$(key_of snapshot)"
	mv md/3.targets.json md/4.targets.json
	tuf sign md/3.snapshot.json '.version = 4 | .meta."targets.json" = {version: 4}' "$KEYS"
	mv md/3.snapshot.json md/4.snapshot.json
	tuf sign md/timestamp.json '.version = 9 | .meta."snapshot.json" = {version: 4}' "$KEYS"
	attack "targets: signed by 0 of its keys, 1 are needed"
	# One of the root's three: its thief would make the targets his own.
	cp md/1.root.json md/2.root.json
	tuf sign md/2.root.json ".version = 2 | .roles.targets.keyids = [\"$(key_of snapshot)\"]" "$KEYS" "$(key_of root)"
	attack "root: signed by 1 of its keys, 2 are needed"
	# The same key twice is one.
	jq -c '.signatures += [.signatures[0] | .keyid = "00" + .keyid]' md/1.root.json >md/2.root.json
	tuf sign md/2.root.json ".version = 2 | .roles.targets.keyids = [\"$(key_of snapshot)\"]" "$KEYS" "$(key_of root)"
	jq -c '.signatures += [.signatures[0]]' md/2.root.json >two
	mv two md/2.root.json
	attack "two signatures of keyid"
	# What is not attacked still stands.
	rm -rf prod
	cp -r prod.good prod
	tuf put "$SCOPE:tuf" md.good
	run prod verify "$SCOPE:prod"
	assert_status 0
}

@test "freeze, a clock that is wrong, a tag that is removed, and a registry that cannot be reached" {
	two_releases
	run later +2d "$PLIMSOLL" --state "$PWD/prod" verify "$SCOPE:prod"
	assert_status 4
	assert_output_has "timestamp version 4 expired at" "by the clock here it is"
	run later -2d "$PLIMSOLL" --state "$PWD/prod" verify "$SCOPE:prod"
	assert_status 4
	assert_output_has "the clock here says" "with a clock that went back nothing expires"
	# Removed, and never listed. Who asks by the digest alone asks for one of the names that it has.
	run prod verify "${NEW#sha256:}"
	assert_status 0
	plimsoll trust tuf remove "$SCOPE:prod" >remove.out
	refused "'team/web:prod' is not listed"
	run prod verify "${NEW#sha256:}"
	assert_status 4
	assert_output_has "'team/web:prod' is not listed"
	run prod pull "$SCOPE@$NEW"
	assert_status 4
	assert_output_has "no tag of 'team/web' means $NEW now"
	# Who pins digests by other means may say so.
	prod trust tuf trust --any-digest --scope "$SCOPE" root.json
	assert_eq "$(prod --format json trail show --kind tuf-trust | jq -sc --arg s "$SCOPE" 'map([.subject.name == $s, .detail.what])')" \
		"[[true,\"sha256:$(sha256sum <root.json | cut -d' ' -f1)\"],[true,\"sha256:$(sha256sum <root.json | cut -d' ' -f1)\"]]"
	run prod pull "$SCOPE@$NEW"
	assert_status 0
	tuf tag "$SCOPE:other" "$NEW"
	run prod pull "$SCOPE:other"
	assert_status 4
	assert_output_has "'team/web:other' is not listed"
	rm -rf prod
	cp -r prod.good prod
	# Away: what was seen last counts until its timestamp expires.
	registry_stop
	run prod verify "$SCOPE:prod"
	assert_status 0
	run later +2d "$PLIMSOLL" --state "$PWD/prod" verify "$SCOPE:prod"
	assert_status 4
	assert_output_has "the registry cannot be reached: by what was seen last" "expired at"
	# Who never saw anything has nothing to go by.
	rm -rf prod/trust/tuf/scopes/*/{{timestamp,snapshot,targets}.json,seen}
	run prod verify "$SCOPE:prod"
	assert_status 4
	assert_output_has "the registry cannot be reached" "there is no timestamp"
}

@test "fast-forward by stolen keys, and the way back" {
	two_releases
	tuf sign md/3.snapshot.json '.version = 9007199254740991 | .meta."targets.json".version = 3' "$KEYS"
	mv md/3.snapshot.json md/9007199254740991.snapshot.json
	tuf sign md/timestamp.json '.version = 9007199254740991 | .meta."snapshot.json" = {version: 9007199254740991}' "$KEYS"
	tuf put "$SCOPE:tuf" md
	# It is signed: nobody can tell.
	prod pull "$SCOPE:prod"
	# A new root with the same keys makes nobody forget, so versions go on from there.
	plimsoll trust tuf root "$SCOPE" >root.out
	plimsoll trust tuf publish "$SCOPE"
	run prod verify "$SCOPE:prod"
	assert_status 0
	# The keeper comes back with what he has, and new keys.
	plimsoll trust tuf rotate "$SCOPE" timestamp >rotate.out
	plimsoll trust tuf rotate "$SCOPE" snapshot >>rotate.out
	run prod verify "$SCOPE:prod"
	assert_status 0
	assert_output_has "root 4, "
	[[ "$output" != *9007199254740* ]] || fail "$output"
	release "$SCOPE:prod" 3
	prod pull "$SCOPE:prod"
	# The thief's old keys are worth nothing now.
	rm -rf md
	tuf get "$SCOPE:tuf" md
	version=$(jq .signed.version md/timestamp.json)
	tuf sign md/timestamp.json ".version = $((version + 1))" "$KEYS" "$(key_of timestamp)"
	tuf put "$SCOPE:tuf" md
	refused "timestamp: signed by 0 of its keys"
}
