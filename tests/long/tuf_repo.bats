# A TUF repository in a registry: its life, and what production takes. The attacks on it are in tuf_attacks.bats.
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
	ASAN_OPTIONS=verify_asan_link_order=0:${ASAN_OPTIONS:-} faketime -f "$@"
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
	# What is kept is enough to publish it again over an image.
	tuf tag "$SCOPE:tuf" "$old"
	run plimsoll trust tuf publish "$SCOPE"
	assert_status 5
	plimsoll trust tuf publish --again "$SCOPE"
	run prod pull "$SCOPE@$old"
	assert_status 4
	assert_output_has "no tag of 'team/web' means $old now"
	prod pull "$SCOPE:prod"
	run prod verify "$SCOPE:prod"
	assert_status 0
	run jq -rs '[.[] | select(.kind == "pull" and .detail.tuf)] | last | .detail.tuf | "\(.root) \(.timestamp) \(.snapshot) \(.targets)"' \
		<(prod trail show --format json | jq -c '.entries[]? // .')
	assert_eq "$output" "1 5 3 3"
}

@test "a root of several machines, carried by file; keys with a passphrase; ECDSA; rotation" {
	need_cmd docker-registry jq
	registry_start
	SCOPE=$REGISTRY/team/
	echo 'correct horse' >pass
	for who in alice bob carol; do
		"$PLIMSOLL" --state "$PWD/$who" trust tuf key --algorithm P-256 --passphrase-file pass $who >$who.json
	done
	jq -r .key.keyval.public carol.json >carol.pem # PEM does as well
	plimsoll trust init >init.out
	run plimsoll trust tuf init --no-root-key --root-key alice.json --root-key bob.json --root-key carol.pem \
		--threshold 2 --days timestamp=3 --passphrase-file pass "$SCOPE"
	assert_status 0
	assert_output_has "0 of 2 signatures" "export --next"
	grep -q ENCRYPTED "$STATE"/trust/tuf/keys/*.pem
	run plimsoll trust tuf publish --passphrase-file pass "$SCOPE"
	assert_status 2
	assert_output_has "has 0 of 2 signatures"
	plimsoll trust tuf export --next "$SCOPE" >next.json
	run "$PLIMSOLL" --state "$PWD/alice" trust tuf sign next.json
	assert_status 2
	assert_output_has "passphrase"
	for who in alice bob; do
		"$PLIMSOLL" --state "$PWD/$who" trust tuf sign --passphrase-file pass next.json >$who.signed 2>told
	done
	grep -q '^plimsoll: signed root 1, which expires 20' told
	grep -q "^plimsoll: root  .* 2 of 3 keys: $(jq -r '.signed.roles.root.keyids[0][:16]' next.json) " told
	run plimsoll trust tuf import "$SCOPE" alice.signed
	assert_output_has "1 of 2 signatures"
	jq '.signed.version = 2' bob.signed >other
	run plimsoll trust tuf import "$SCOPE" other
	assert_status 2
	assert_output_has "something else than what waits here"
	run plimsoll trust tuf import "$SCOPE" bob.signed
	assert_output_has "2 of 2 signatures" "publish"
	run plimsoll trust tuf publish "$SCOPE"
	assert_status 2
	assert_output_has "passphrase"
	plimsoll trust tuf publish --passphrase-file pass "$SCOPE"
	export PLIMSOLL_PASSPHRASE_FILE=$PWD/pass
	prod_trusts
	release "$REGISTRY/team/sub/web:1" 1
	prod pull "$REGISTRY/team/sub/web:1"
	run env -u PLIMSOLL_PASSPHRASE_FILE "$PLIMSOLL" --state "$STATE" trust tuf rotate "$SCOPE" timestamp
	assert_status 2
	assert_output_has "has a passphrase, and the new one needs one"
	# A new timestamp key waits for two of the old root's keys.
	run plimsoll trust tuf rotate "$SCOPE" timestamp
	assert_status 0
	assert_output_has "root 2 of $SCOPE: 0 of 2 signatures, 0 of 2 of the root before"
	plimsoll trust tuf root --remove "root=$(jq -r .keyid carol.json)" "$SCOPE" >root.out
	plimsoll trust tuf export --next "$SCOPE" >next.json
	for who in alice bob; do
		"$PLIMSOLL" --state "$PWD/$who" trust tuf sign next.json >$who.signed
	done
	run plimsoll trust tuf import "$SCOPE" alice.signed bob.signed
	assert_output_has "2 of 2 signatures, 2 of 2 of the root before"
	cp "$STATE"/trust/tuf/scopes/*/next-root waiting
	plimsoll trust tuf publish "$SCOPE"
	# Who was killed before he could take it from the waiting ends it the next time.
	cp waiting "$(echo "$STATE"/trust/tuf/scopes/*)/next-root"
	plimsoll trust tuf publish "$SCOPE"
	run plimsoll trust tuf export --next "$SCOPE"
	assert_status 5
	run prod verify "$REGISTRY/team/sub/web:1"
	assert_status 0
	assert_output_has "root 2, "
	rm -rf md
	tuf get "$REGISTRY/team/tuf:tuf" md
	run tuf check md team/sub/web:1
	assert_status 0
	assert_eq "${lines[0]%% *}" 2
	# A policy that needs more keys than there are cannot be made.
	run plimsoll trust tuf root --threshold root=3 "$SCOPE"
	assert_status 2
	assert_output_has "role 'root' has 2 keys"
}

@test "teams list their own tags, and no others" {
	SCOPE_NAME=team/ tuf_start
	plimsoll trust tuf key web-team >web-team.json
	plimsoll trust tuf delegate --key web-team.json --path 'team/web:*' "$SCOPE" web-team
	release "$REGISTRY/team/web:1" 1
	release "$REGISTRY/team/db:1" 1
	db=$DIGEST
	tuf get "$REGISTRY/team/tuf:tuf" md
	assert_eq "$(jq -r '.signed.targets | keys[]' md/*.web-team.json)" team/web:1
	assert_eq "$(jq -r '.signed.targets | keys[]' md/*.targets.json)" team/db:1
	tuf check md team/web:1
	prod pull "$REGISTRY/team/web:1"
	run prod verify "$REGISTRY/team/web:1"
	assert_output_has "by role 'web-team'"
	run prod pull "$REGISTRY/team/web@$(jq -r '"sha256:" + .signed.targets."team/web:1".hashes.sha256' md/*.web-team.json)"
	assert_status 0
	run plimsoll trust tuf add --role web-team "$REGISTRY/team/db:1"
	assert_status 2
	assert_output_has "nothing delegates 'team/db:1' to a role 'web-team'"
	# What is removed from targets must not become what the team listed once.
	cp -r "$STATE" late
	late=("$PLIMSOLL" --state "$PWD/late")
	"${late[@]}" trust tuf add --role targets "$REGISTRY/team/web:1"
	run "${late[@]}" trust tuf remove "$REGISTRY/team/web:1"
	assert_status 2
	assert_output_has "role 'web-team' lists 'team/web:1', too" "plimsoll trust tuf remove --role web-team"
	# After half of its time a delegated role is renewed where its keys are, and nothing waits for who keeps the keys
	# of targets elsewhere.
	tuf get "$REGISTRY/team/tuf:tuf" before
	rm late/trust/tuf/keys/"$(jq -r '.signed.roles.targets.keyids[0]' root.json)".*
	later +50d "${late[@]}" trust tuf timestamp "$SCOPE"
	tuf get "$REGISTRY/team/tuf:tuf" late.md
	[ "$(jq .signed.version late.md/*.web-team.json)" -gt "$(jq .signed.version before/*.web-team.json)" ]
	assert_eq "$(jq .signed.version late.md/*.targets.json)" "$(jq .signed.version before/*.targets.json)"
	# A team's file that is gone hides the team's tags, and no others.
	cp -r prod away
	rm -f away/trust/tuf/scopes/*/web-team.json
	cp -r md broken
	rm broken/*.web-team.json
	tuf put "$REGISTRY/team/tuf:tuf" broken
	"$PLIMSOLL" --state "$PWD/away" pull "$REGISTRY/team/db@$db"
	# One that is kept too old here is taken from the metadata that is gone by no more.
	tuf put "$REGISTRY/team/tuf:tuf" md
	cp -r "$STATE" stale
	echo '{}' >"$(echo stale/trust/tuf/scopes/*)/web-team.json"
	"$PLIMSOLL" --state "$PWD/stale" trust tuf publish --again "$SCOPE"
	tuf get "$REGISTRY/team/tuf:tuf" again
	tuf check again team/web:1
	tuf put "$REGISTRY/team/tuf:tuf" md
	# The team's key signs what is not the team's: nobody looks there.
	role=$(ls md/*.web-team.json)
	keyid=$(jq -r .keyid web-team.json)
	tuf sign "$role" ".version = 9 | .targets.\"team/db:1\" = .targets.\"team/web:1\" | .targets.\"team/db:2\" = .targets.\"team/web:1\"" \
		"$STATE/trust/tuf/keys" "$keyid"
	mv "$role" md/9.web-team.json
	root() { jq -r --arg r "$1" '.signed.roles[$r].keyids[0]' root.json; }
	tuf sign "$(ls md/*.snapshot.json)" '.version = 50 | .meta."web-team.json" = {version: 9}' "$STATE/trust/tuf/keys" "$(root snapshot)"
	mv md/[0-9]*.snapshot.json md/50.snapshot.json
	tuf sign md/timestamp.json '.version = 50 | .meta."snapshot.json" = {version: 50}' "$STATE/trust/tuf/keys" "$(root timestamp)"
	tuf put "$REGISTRY/team/tuf:tuf" md
	prod pull "$REGISTRY/team/db:1"
	tuf tag "$REGISTRY/team/db:2" "$db"
	run prod pull "$REGISTRY/team/db:2"
	assert_status 4
	assert_output_has "'team/db:2' is not listed"
	# Taken from them, it is nobody's.
	plimsoll trust tuf undelegate "$SCOPE" web-team
	run prod verify "$REGISTRY/team/web:1"
	assert_status 4
	assert_output_has "'team/web:1' is not listed"
}

@test "what somebody took from the registry comes back with the next publication" {
	SCOPE_NAME=team/ tuf_start
	plimsoll trust tuf key web-team >web-team.json
	plimsoll trust tuf delegate --key web-team.json --path 'team/web:*' "$SCOPE" web-team
	release "$REGISTRY/team/web:1" 1
	plimsoll trust tuf rotate "$SCOPE" timestamp
	tuf get "$REGISTRY/team/tuf:tuf" md
	tuf check md team/web:1
	# Who has the first root alone finds no way to the second; nobody finds the team's tags; and what is much grows.
	role=$(basename md/*.web-team.json)
	mkdir less
	cp md/* less/
	rm less/2.root.json less/"$role"
	echo '{}' >less/1.root.json
	echo junk >less/9.junk.json
	tuf put "$REGISTRY/team/tuf:tuf" less
	run prod pull "$REGISTRY/team/web:1"
	assert_status 4
	plimsoll trust tuf timestamp "$SCOPE"
	tuf get "$REGISTRY/team/tuf:tuf" after
	cmp md/1.root.json after/1.root.json
	cmp md/2.root.json after/2.root.json
	cmp "md/$role" "after/$role"
	assert_eq "$(ls after)" "$(ls md)"
	prod pull "$REGISTRY/team/web:1"
	# Another file in its place; one that is said to be larger than any may be.
	sed -i 's/"version":[0-9]*/"version":0/' "after/$role"
	tuf put "$REGISTRY/team/tuf:tuf" after
	curl -sf -H 'Accept: application/vnd.oci.image.manifest.v1+json' "http://$REGISTRY/v2/team/tuf/manifests/tuf" |
		jq -c '(.layers[] | select(.annotations | any(endswith(".snapshot.json") or . == "1.root.json"))).size = 9999999' >manifest
	curl -sf -X PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' --data-binary @manifest \
		"http://$REGISTRY/v2/team/tuf/manifests/tuf"
	plimsoll trust tuf timestamp "$SCOPE"
	rm -rf after
	tuf get "$REGISTRY/team/tuf:tuf" after
	cmp "md/$role" "after/$role"
	tuf check after team/web:1
	rm -rf prod
	prod trust add cert.pem
	prod trust tuf trust --scope "$SCOPE" root.json # the first
	prod pull "$REGISTRY/team/web:1"
}

@test "a keeper whose clock is wrong" {
	tuf_start
	release "$SCOPE:prod" 1
	tuf get "$SCOPE:tuf" md
	# Behind, as without a battery: what is out is not replaced by what has expired.
	run later -30d "$PLIMSOLL" --state "$STATE" trust tuf timestamp "$SCOPE"
	assert_status 4
	assert_output_has "the clock here says" "already"
	run later -30d "$PLIMSOLL" --state "$STATE" trust tuf add "$SCOPE:also@$DIGEST"
	assert_status 4
	tuf get "$SCOPE:tuf" after
	cmp md/timestamp.json after/timestamp.json
	prod pull "$SCOPE:prod"
	# It was ahead once: that is for a person to see.
	later +3d "$PLIMSOLL" --state "$STATE" trust tuf timestamp "$SCOPE"
	run plimsoll trust tuf timestamp "$SCOPE"
	assert_status 4
	plimsoll trust tuf publish --again "$SCOPE"
	plimsoll trust tuf timestamp "$SCOPE"
	run prod verify "$SCOPE:prod"
	assert_status 0
}

@test "killed at any time, and two at once" {
	tuf_start
	release "$SCOPE:prod" 1
	first=$DIGEST
	for i in 1 2 3 4 5 6 7 8; do
		# A rotation leaves a new root that waits, or is out, or neither.
		change=(timestamp "$SCOPE")
		[ $((i % 2)) -eq 1 ] || change=(rotate "$SCOPE" "$( ((i % 4)) && echo snapshot || echo timestamp)")
		# The program itself: of a function in the background only the shell around it would be killed.
		"$PLIMSOLL" --state "$STATE" trust tuf "${change[@]}" >kill.out 2>&1 3>&- &
		pid=$!
		sleep "$(awk -v i="$i" 'BEGIN { print i * 0.15 }')"
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		# As it was, or complete: the verifier takes no less.
		rm -rf md
		tuf get "$SCOPE:tuf" md
		tuf check md team/web:prod >checked
		"$PLIMSOLL" --state "$PWD/prod" trust tuf refresh "$SCOPE" >refresh.out 2>&1 3>&- &
		pid=$!
		sleep "$(awk -v i="$i" 'BEGIN { print i * 0.08 }')"
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	plimsoll trust tuf publish "$SCOPE"
	prod pull "$SCOPE:prod"
	run bash -c "find '$STATE/trust/tuf/scopes' prod/trust/tuf/scopes -name '.*' ! -name .lock ! -name . -type f"
	assert_eq "$output" ""
	# Two keepers with the same keys: neither overwrites the other's tag.
	cp -r "$STATE" other
	for i in 1 2; do
		plimsoll trust tuf add "$SCOPE:a$i@$first" >a.out 2>&1 3>&- &
		a=$!
		"$PLIMSOLL" --state "$PWD/other" trust tuf add "$SCOPE:b$i@$first" >b.out 2>&1 3>&- &
		b=$!
		wait "$a" || fail "$(cat a.out)"
		wait "$b" || fail "$(cat b.out)"
	done
	rm -rf md
	tuf get "$SCOPE:tuf" md
	for i in 1 2; do
		tuf check md "team/web:a$i" >checked
		tuf check md "team/web:b$i" >checked
	done
}
