#!/usr/bin/env bats
# Issue 5, part 5: what ship says of an image beside its signature, by the rules of those who made the formats.

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
	need_cmd git
	common_setup
	cp -a "$BEGIN" "$STATE"
	step_registry_start
	mkdir ctx
}

teardown() {
	step_registry_stop
	common_teardown
}

git_() {
	git -C ctx -c user.name=a -c user.email=a@example.org -c init.defaultBranch=main "$@"
}

ship() { # more options; sets DIGEST
	run plimsoll ship -t "$STEPS/team/app:prod" "$@" ctx
	assert_status 0
	DIGEST=${lines[-1]}
	rm -rf said
	statements "$DIGEST" said
}

provenance() { # jq filter
	jq -c ".predicate | $1" said/provenance-v1.json
}

@test "four statements about this manifest in this repository, valid by their schemas" {
	printf 'FROM base:1\nARG V\nRUN --mount=type=secret,id=token cat /run/secrets/token >/dev/null\n%s\n' \
		"RUN printf 'Package: kelp\\nStatus: install ok installed\\nArchitecture: all\\nVersion: 1.0-1\\n\\n' >>/var/lib/dpkg/status" \
		>ctx/Dockerfile
	# Without a fix it passes the gate.
	sed 's/barnacle/kelp/g; s/EXAMPLE-2026-0001/EXAMPLE-2026-0003/g' "$PLIMSOLL_SRC/examples/advisories/EXAMPLE-2026-0001.json" |
		jq '.affected[].ranges[].events |= map(select(has("fixed") | not))' >EXAMPLE-2026-0003.json
	plimsoll advisories import EXAMPLE-2026-0003.json
	echo "hush-hush-7741" >token
	ship --build-arg V=2 --build-arg http_proxy=http://me:pass-4417@proxy.example:3128 --secret id=token,src=token
	assert_eq "$(ls said)" "provenance-v1.json
spdx.dev-Document.json
verification_summary-v1.json
vulns-v0.2.json"
	/usr/bin/python3 "$PLIMSOLL_SRC/tests/schemas/validate.py" statement said/*.json
	for f in said/*.json; do
		assert_eq "$(jq -c .subject "$f")" "[{\"digest\":{\"sha256\":\"${DIGEST#*:}\"},\"name\":\"$STEPS/team/app\"}]"
	done
	# A secret's id, and nothing of the secret or of a proxy's password anywhere.
	assert_eq "$(provenance '.buildDefinition.externalParameters | [.secrets, .args.V]')" '[["token"],"2"]'
	! grep -rqE 'hush-hush|pass-4417' said "$STATE/trail" || fail "a secret was told"
	assert_eq "$(provenance '.buildDefinition.resolvedDependencies[0].uri')" '"pkg:docker/base@1?platform=linux%2Famd64"'
	assert_eq "$(provenance '.buildDefinition.externalParameters.dockerfile.digest.sha256')" \
		"\"$(sha256sum <ctx/Dockerfile | cut -d' ' -f1)\""
	assert_eq "$(jq -c '.predicate.scanner.result[] | [.id, .annotations[0].package]' said/vulns-v0.2.json)" \
		'["EXAMPLE-2026-0003","kelp"]'
	assert_eq "$(jq -c '.predicate | [.verificationResult, .policy.annotations.failOn, (.inputAttestations | length)]' \
		said/verification_summary-v1.json)" '["PASSED","high",3]'
	# The SBOM is the very one that `sbom` prints.
	assert_eq "$(jq -S .predicate said/spdx.dev-Document.json)" "$(plimsoll sbom "$STEPS/team/app:prod" | jq -S .)"
}

@test "the same again says nothing twice; with --times every build is told apart" {
	printf 'FROM base:1\n' >ctx/Dockerfile
	ship
	assert_eq "$(bundles_of "$DIGEST" | wc -l)" 4
	ship
	assert_eq "$(bundles_of "$DIGEST" | wc -l)" 4
	ship --times --builder-id https://ci.example/builders/1
	assert_eq "$(bundles_of "$DIGEST" | wc -l)" 6 # its provenance, and a decision that looked at it
	assert_eq "$(plimsoll --format json trail show | jq -c 'select(.kind == "attest") | [.result, .detail.new]' | tr -d '\n')" \
		'["ok",4]["ok",0]["ok",2]'
	grep -l invocationId said/*.json
	run plimsoll ship -t "$STEPS/team/app:prod" --builder-id "no uri" ctx
	assert_status 2
}

@test "where the context comes from: a clean clone, and one with more in it" {
	printf 'FROM base:1\nCOPY . /app\n' >ctx/Dockerfile
	git_ init -q
	printf 'out\n' >ctx/.gitignore
	git_ add .
	git_ commit -qm one
	git_ remote add origin https://me:sesame@git.example/team/app.git
	commit=$(git_ rev-parse HEAD)
	ship
	want="{\"digest\":{\"gitCommit\":\"$commit\"},\"dirty\":false,\"uri\":\"git+https://git.example/team/app.git\"}"
	assert_eq "$(provenance '.buildDefinition.externalParameters.source')" "$want"
	provenance '.buildDefinition.resolvedDependencies[]' | grep -q "$commit"
	# A file that git ignores is copied all the same: it is not of the commit.
	echo new >ctx/out
	ship
	assert_eq "$(provenance '.buildDefinition.externalParameters.source.dirty')" true
	# Without .git, in which the last commit below would write while it is copied.
	printf 'out\n.git\n' >ctx/.dockerignore
	git_ add .dockerignore
	git_ commit -qm two
	ship
	assert_eq "$(provenance '.buildDefinition.externalParameters.source.dirty')" false
	# What is built comes from elsewhere.
	cp ctx/Dockerfile other
	run plimsoll ship -q -t "$STEPS/team/app:prod" -t "$STEPS/team/app:latest" -f other ctx
	assert_status 0
	rm -rf said
	statements "${lines[-1]}" said
	assert_eq "$(provenance '.buildDefinition.externalParameters.source.dirty')" true
	# Each tag of the repository is there; another repository's would be signed for nobody.
	for tag in prod latest; do curl -fsS "http://$STEPS/v2/team/app/manifests/$tag" >"$tag.json"; done
	cmp prod.json latest.json
	run plimsoll ship -t "$STEPS/team/app:prod" -t "$STEPS/team/other:prod" ctx
	assert_status 2
	! grep -rq sesame said || fail "a password of a URL was told"
	# Nor is one the commit's that moved on while it was built.
	printf 'FROM base:1\nCOPY . /app\nRUN i=0; while [ $i -lt 1000000 ]; do i=$((i+1)); done\n' >ctx/Dockerfile
	git_ commit -qam three
	plimsoll ship -t "$STEPS/team/app:prod" ctx >digest 2>progress &
	wait_for 20 grep -q 'COPY.*done' progress
	git_ commit -q --allow-empty -m four
	wait $! || { cat progress; false; }
	rm -rf said
	statements "$(tail -n 1 digest)" said
	assert_eq "$(provenance '.buildDefinition.externalParameters.source.dirty')" true
}

@test "no statement is made of an image that the gate refuses" {
	printf "FROM base:1\nRUN printf 'Package: barnacle\\\\nStatus: install ok installed\\\\nArchitecture: all\\\\nVersion: 1.0-1\\\\n\\\\n' >>/var/lib/dpkg/status\n" \
		>ctx/Dockerfile
	run plimsoll ship -t "$STEPS/team/app:prod" ctx
	assert_status 3
	assert_eq "$(grep -c bundle "$STATE/index.json" || true)" 0
	assert_eq "$(cat "$STEPS_LOG")" ""
}
