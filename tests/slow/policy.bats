#!/usr/bin/env bats
# Issue 5, parts 3 and 5: rules of plimsoll.yaml over what is signed and attested. Nothing that is taken away, replaced or
# brought from elsewhere makes a refusal a pass.

load ../lib/common
load ../lib/ship
load ../lib/trust
bats_require_minimum_version 1.5.0

BUNDLE=application/vnd.dev.sigstore.bundle.v0.3+json

# One image, shipped to two repositories; another one beside it.
setup_file() {
	export BEGIN=$BATS_FILE_TMPDIR/begin
	[ "$(id -u)" = 0 ] || return 0
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	STATE=$BEGIN
	cd "$BATS_FILE_TMPDIR" || return 1
	tiny_rootfs root
	tar -C root --numeric-owner --owner=0 --group=0 -cf base.tar .
	plimsoll trust init
	plimsoll advisories import "$PLIMSOLL_SRC/examples/advisories"
	plimsoll import base.tar base:1
	mkdir ctx
	printf 'FROM base:1\nCOPY f /f\n' >ctx/Dockerfile
	echo one >ctx/f
	step_registry_start
	plimsoll ship -t "$STEPS/prod/app:1" ctx
	plimsoll ship -t "$STEPS/staging/app:1" ctx
	echo two >ctx/f
	plimsoll ship -t "$STEPS/prod/app:2" ctx
	step_registry_stop
	echo "$STEPS" >steps
}

setup() {
	need_root
	common_setup
	cp -a "$BEGIN" "$STATE"
	HOST=$(cat "$BATS_FILE_TMPDIR/steps")
	DIGEST=$(jq -r --arg n "$HOST/prod/app:1" \
		'.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $n).digest' "$STATE/index.json")
}

teardown_file() {
	[ -z "${STEPS_PID:-}" ] || kill "$STEPS_PID" 2>/dev/null || true
}

teardown() {
	registry_stop
	common_teardown
}

rules() { # YAML of the section trust
	{ echo "trust:"; sed 's/^/  /'; } >rules.yaml
}

check() { # IMAGE
	run plimsoll --config rules.yaml policy check "$1"
}

edit_index() { # jq filter over the manifests
	jq -c "$@" "$STATE/index.json" >index
	cp index "$STATE/index.json"
}

# The carrier of a type of attestation that is for a repository.
carrier() { # predicate type, repository
	local c l
	for c in $(bundles_of "$DIGEST"); do
		l=$(blob "$c" | jq -r '.layers[0].digest')
		blob "$l" | jq -r '.dsseEnvelope.payload | @base64d' | jq -e --arg t "$1" --arg n "$2" \
			'.predicateType == $t and .subject[0].name == $n' >/dev/null && echo "$c"
	done
	return 0
}

# Puts a bundle into the store as a referrer of the image: attach FILE
attach() {
	local layer subject
	layer=$(descriptor $BUNDLE "$1")
	printf '{}' >empty
	subject=$(jq -c --arg d "$DIGEST" '[.manifests[] | select(.digest == $d)][0] | {mediaType, digest, size}' "$STATE/index.json")
	jq -nc --argjson c "$(descriptor application/vnd.oci.empty.v1+json empty)" --argjson l "$layer" --argjson s "$subject" \
		--arg t $BUNDLE '{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", artifactType: $t,
		config: $c, layers: [$l], subject: $s}' >carrier
	edit_index --argjson d "$(descriptor application/vnd.oci.image.manifest.v1+json carrier)" --arg t $BUNDLE \
		'.manifests += [$d + {artifactType: $t}]'
}

bundle_of() { # carrier
	blob "$(blob "$1" | jq -r '.layers[0].digest')"
}

@test "all that is asked for is there; each that is taken away makes a refusal, and none a pass" {
	rules <<-YML
		rules:
		  $HOST/prod: {require: [provenance, sbom, vuln, vsa], builder: "urn:plimsoll:*", max-scan-age: 1d}
		  $HOST/production: {reject: true}
	YML
	check "$HOST/prod/app:1"
	assert_status 0
	assert_output_has "rule         $HOST/prod" "passed       attestation vsa"
	run plimsoll verify --require provenance,sbom,vuln,vsa "$HOST/prod/app:1"
	assert_status 0
	cp "$STATE/index.json" whole
	for type in https://slsa.dev/provenance/v1 https://spdx.dev/Document https://in-toto.io/attestation/vulns/v0.2 \
		https://slsa.dev/verification_summary/v1; do
		cp whole "$STATE/index.json"
		c=$(carrier $type "$HOST/prod/app")
		edit_index --arg d "$c" '.manifests |= map(select(.digest != $d))'
		check "$HOST/prod/app:1"
		assert_status 4
		# That of the other repository is there still, and is not taken.
		assert_output_has "it is for repository $HOST/staging/app"
	done
	# Nothing was recorded by the questions, but the refusals of verify are.
	run plimsoll verify --require provenance,sbom,vuln,vsa "$HOST/prod/app:1"
	assert_status 4
	assert_eq "$(plimsoll --format json trail show | jq -r 'select(.kind == "verify").result' | paste -sd' ')" "ok refused"
}

@test "another image's, a changed one, an untrusted signer's: none stands in for what is missing" {
	rules <<-YML
		rules:
		  $HOST/prod: {require: [provenance]}
	YML
	c=$(carrier https://slsa.dev/provenance/v1 "$HOST/prod/app")
	bundle_of "$c" >mine
	edit_index --arg d "$c" '.manifests |= map(select(.digest != $d))'
	cp "$STATE/index.json" without
	# Of the image beside it.
	(
		DIGEST=$(jq -r --arg n "$HOST/prod/app:2" \
			'.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $n).digest' "$STATE/index.json")
		bundle_of "$(carrier https://slsa.dev/provenance/v1 "$HOST/prod/app")" >other
	)
	attach other
	check "$HOST/prod/app:1"
	assert_status 4
	assert_output_has "it is about something else"
	# Its own, with one word of the statement changed.
	cp without "$STATE/index.json"
	jq -c '.dsseEnvelope.payload |= (@base64d | sub("urn:plimsoll:builder"; "urn:plimsoll:bu1lder") | @base64)' mine >changed
	attach changed
	check "$HOST/prod/app:1"
	assert_status 4
	# The same statement by a key that nobody trusts here.
	cp without "$STATE/index.json"
	openssl ecparam -name prime256v1 -genkey -noout -out thief.pem
	/usr/bin/python3 - mine <<-'PY' >forged
		import base64, json, subprocess, sys
		b = json.load(open(sys.argv[1]))
		body = base64.b64decode(b["dsseEnvelope"]["payload"])
		kind = b["dsseEnvelope"]["payloadType"].encode()
		pae = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body)
		sig = subprocess.run(["openssl", "dgst", "-sha256", "-sign", "thief.pem"], input=pae, capture_output=True, check=True).stdout
		b["dsseEnvelope"]["signatures"] = [{"sig": base64.b64encode(sig).decode()}]
		print(json.dumps(b))
	PY
	attach forged
	check "$HOST/prod/app:1"
	assert_status 4
	# And its own is taken again, whoever put it there.
	attach mine
	check "$HOST/prod/app:1"
	assert_status 0
}

@test "m of n: a second key has to sign, by its certificate, its name or cosign's key" {
	thumb=$(plimsoll trust export | openssl x509 -outform DER | sha256sum | cut -d' ' -f1)
	plimsoll trust init --name qa
	openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out ci.key
	openssl pkey -in ci.key -pubout -out ci.pub
	plimsoll trust add ci.pub
	rules <<-YML
		signers:
		  release: {certificate: $thumb}
		  qa: {subject: "CN=qa"}
		  ci: {key: ci}
		rules:
		  $HOST/prod: {signers: [release, qa, ci], threshold: 2}
	YML
	check "$HOST/prod/app:1"
	assert_status 4
	assert_output_has "1 of 2 signers: release, not qa, ci"
	plimsoll sign --key ./ci.key --signature-format cosign "$HOST/prod/app:1"
	check "$HOST/prod/app:1"
	assert_status 0
	sed -i 's/threshold: 2/threshold: 3/' rules.yaml
	check "$HOST/prod/app:1"
	assert_status 4
	plimsoll sign --key qa "$HOST/prod/app:1"
	check "$HOST/prod/app:1"
	assert_status 0
	# The same bytes in the other repository: release alone signed them there.
	sed -i 's/prod: /staging: /' rules.yaml
	check "$HOST/staging/app:1"
	assert_status 4
}

@test "an index: what is signed is what is asked for, and no image of it is exchanged" {
	image a
	jq -nc --argjson a "$(descriptor application/vnd.oci.image.manifest.v1+json manifest)" '{schemaVersion: 2,
		mediaType: "application/vnd.oci.image.index.v1+json",
		manifests: [$a + {platform: {os: "linux", architecture: "amd64"}}]}' >idx
	edit_index --argjson d "$(descriptor application/vnd.oci.image.index.v1+json idx)" \
		'.manifests += [$d + {annotations: {"org.opencontainers.image.ref.name": "idx:1"}}]'
	child=$DIGEST
	edit_index '.manifests |= map(if .annotations["org.opencontainers.image.ref.name"] == "a"
		then .annotations["org.opencontainers.image.ref.name"] = "child:1" else . end)'
	plimsoll sign child:1
	run plimsoll verify child:1
	assert_status 0
	run plimsoll verify idx:1 # its image's signature says nothing of which image it names
	assert_status 4
	# By two keys, and each image of it: the index by both, its image by both under this name.
	plimsoll trust init --name qa
	run plimsoll --format json sign --key default --key qa --recursive idx:1
	assert_status 0
	assert_eq "$(jq '[.signatures[] | select(.existing | not).digest] | group_by(.) | map(length)' -c <<<"$output")" "[2,2]"
	run plimsoll -q sign --key qa --recursive idx:1
	assert_eq "$(plimsoll --format json sign --key qa --recursive idx:1 | jq '[.signatures[].existing]' -c)" "[true,true]"
	run plimsoll verify idx:1
	assert_status 0
	run plimsoll sign --key qa --key default --passphrase-file a --passphrase-file b --passphrase-file c idx:1
	assert_status 2
	# Other bytes in the place of the image that the signed index names.
	image b
	cp "$STATE/blobs/sha256/${DIGEST#*:}" "$STATE/blobs/sha256/${child#*:}"
	run plimsoll run idx:1 true
	assert_status 4
	assert_output_has "$child"
	assert_eq "$(plimsoll --format json trail show | jq -r 'select(.kind == "admit").result')" refused
}

@test "a section that is broken lets nothing be done, wherever it is" {
	rules <<<'rules: {"*": {requires: [sbom]}}'
	for words in "images" "verify $HOST/prod/app:1" "policy check $HOST/prod/app:1"; do
		run plimsoll --config rules.yaml $words
		assert_status 2
		assert_output_has "unknown key 'requires'"
	done
	rules <<<'rules: {"*": {reject: true}}'
	check "$HOST/prod/app:1"
	assert_status 3
}

@test "podman and skopeo get the same policy, or a stricter one" {
	need_cmd skopeo podman docker-registry
	registry_start
	openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out ci.key
	openssl pkey -in ci.key -pubout -out ci.pub
	plimsoll trust add ci.pub
	rules <<-YML
		signers: {ci: {key: ci}, ci2: {key: ci}, hw: {subject: "CN=hw"}}
		rules:
		  $REGISTRY/keys: {signers: [ci]}
		  $REGISTRY/any: {signers: [ci, ci2], threshold: 1}
		  $REGISTRY/notary: {signers: [hw]}
		  $REGISTRY/attested: {signers: [ci], require: [sbom]}
		  $REGISTRY/closed: {reject: true}
	YML
	# As long as trustpolicy.json asks for Notary signatures, all is rejected there.
	run plimsoll --config rules.yaml policy export --format containers strict
	assert_status 0
	assert_output_has "$REGISTRY/keys is rejected there: trustpolicy.json asks for Notary signatures"
	assert_eq "$(jq -c '[.default, .transports.docker[]] | unique' strict/policy.json)" '[[{"type":"reject"}]]'
	jq '.trustPolicies += [{name: "others", registryScopes: ["'"$REGISTRY/keys/app"'", "'"$REGISTRY/any/app"'",
		"'"$REGISTRY/notary/app"'", "'"$REGISTRY/attested/app"'", "'"$REGISTRY/closed/app"'"],
		signatureVerification: {level: "skip"}}]' "$STATE/trust/trustpolicy.json" >policy
	cp policy "$STATE/trust/trustpolicy.json"
	run plimsoll --config rules.yaml policy export out
	assert_status 0
	assert_output_has "any/app needs all 2 signers there" "notary/app is rejected there: a signer of its rule" \
		"attested/app is rejected there: its rule asks for attestations"
	assert_eq "$(jq -c --arg r "$REGISTRY" '.transports.docker[$r + "/keys/app"] | map([.type, .signedIdentity.type])' out/policy.json)" \
		'[["sigstoreSigned","matchRepository"],["sigstoreSigned","exactRepository"]]'
	assert_eq "$(jq -r 'tojson' <out/registries.d/plimsoll.yaml | grep -o use-sigstore | wc -l)" 2
	cmp ci.pub out/keys/ci.pub
	# The real programs read them. Everything else is rejected.
	plimsoll tag "$HOST/prod/app:1" "$REGISTRY/closed/app:1"
	plimsoll push "$REGISTRY/closed/app:1"
	run skopeo --policy out/policy.json --registries.d out/registries.d copy --src-tls-verify=false \
		"docker://$REGISTRY/closed/app:1" dir:got
	[ "$status" -ne 0 ]
	assert_output_has "rejected by policy"
	run podman --storage-driver vfs --root "$PWD/pod" --runroot "$PWD/podrun" pull -q --tls-verify=false --signature-policy out/policy.json \
		"$REGISTRY/closed/app:1"
	[ "$status" -ne 0 ]
	assert_output_has "rejected by policy"
	# Debian 12's are built without sigstore, and refuse what is signed, too; others take it.
	plimsoll tag "$HOST/prod/app:1" "$REGISTRY/keys/app:1"
	plimsoll sign --key ./ci.key --signature-format cosign "$REGISTRY/keys/app:1"
	plimsoll push "$REGISTRY/keys/app:1"
	run skopeo --policy out/policy.json --registries.d out/registries.d copy --src-tls-verify=false \
		"docker://$REGISTRY/keys/app:1" dir:signed
	if [ "$status" -ne 0 ]; then
		assert_output_has "sigstore disabled"
	fi
	plimsoll --config rules.yaml policy check "$REGISTRY/keys/app:1"
}

# For each policy and image: where the exported files let it pass, we do. NAME KEYS-THAT-SIGNED, then its digest.
@test "the exported policy lets nothing pass that is refused here" {
	local h=127.0.0.1:1 key name
	for key in ci cj ck; do
		openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out $key.key
		openssl pkey -in $key.key -pubout -out $key.pub
		plimsoll trust add $key.pub
	done
	rules <<-YML
		signers: {ci: {key: ci}, again: {key: ci}, cj: {key: cj}, ck: {key: ck}}
		rules:
		  $h/keys: {signers: [ci]}
		  $h/both: {signers: [ci, cj]}
		  $h/one: {signers: [ci, cj], threshold: 1}
		  $h/same: {signers: [ci, again]}
		  $h/rotated: {signers: [ck]}
		  $h/tuf: {signers: [ci]}
		  $h/none: {signers: [ci], require: [sbom]}
		  $h/keys/app/closed: {reject: true}
	YML
	jq --arg h $h '.trustPolicies += [{name: "keys", signatureVerification: {level: "skip"}, registryScopes:
		["keys/app", "both/app", "one/app", "same/app", "rotated/app", "tuf/app", "none/app", "keys/app/closed", "norule/app"]
		| map($h + "/" + .)}]' "$STATE/trust/trustpolicy.json" >policy
	cp policy "$STATE/trust/trustpolicy.json"
	plimsoll trust tuf init $h/tuf/
	echo '{"signed": {}, "images": []}' >table
	while read -r name source keys; do
		plimsoll tag "$HOST/prod/app:$source" $h/$name:1
		digest=$(jq -r --arg n "$h/$name:1" \
			'.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $n).digest' "$STATE/index.json")
		for key in $keys; do
			plimsoll sign --key ./$key.key --signature-format cosign $h/$name:1
			jq --arg d "$digest" --arg k $key.pub --arg n $h/$name '.signed[$d] += [[$k, $n]]' table >t && mv t table
		done
		jq --arg d "$digest" --arg n $h/$name '.images += [[$n, $d]]' table >t && mv t table
	done <<-LIST
		keys/app 1 ci
		keys/app/carried 1
		keys/app/below 2 ci
		keys/app/twice 1 ci
		keys/app/closed 2 ci
		keys/other 1 ci
		keys 1 ci
		both/app 1 ci cj
		both 2 cj
		one/app 1 cj
		same/app 1 ci
		rotated/app 1 ck
		tuf/app 1 ci
		none/app 1 ci
		norule/app 1 ci
		elsewhere 1 ci
	LIST
	ck=$(openssl pkey -pubin -in ck.pub -outform DER | sha256sum | cut -d' ' -f1)
	printf '{"schema":"plimsoll.withdrawn-keys/v1","keys":[{"key":"sha256:%s","state":"rotated","since":"%s","until":"%s"}]}' \
		"$ck" 2026-01-01T00:00:00Z 2099-01-01T00:00:00Z | plimsoll trust revoke --import -
	plimsoll --config rules.yaml policy export out
	python3 "$PLIMSOLL_SRC/tests/lib/containers_policy.py" out/policy.json out/registries.d/plimsoll.yaml table >there
	jq -r '.images[][0]' table | sort | while read -r name; do
		! plimsoll --config rules.yaml policy check "$name:1" >/dev/null 2>&1 || echo "$name"
	done >here
	assert_eq "$(sed "s|$h/||" here | paste -sd' ')" "both/app keys/app one/app rotated/app"
	# What both keys or all keys signed, and the one that signed below for both names (docs/policy.md).
	assert_eq "$(sed "s|$h/||" there | paste -sd' ')" "both/app keys/app keys/app/twice"
}
