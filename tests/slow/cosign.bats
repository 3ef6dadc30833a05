# cosign's keys, signatures and tags; made here and checked by other programs, and the reverse.
load ../lib/common
load ../lib/trust

setup() {
	need_cmd jq openssl
	common_setup
	export COSIGN_PASSWORD=correct-horse
}

teardown() {
	registry_stop
	common_teardown
}

# The manifest of the cosign signatures of $DIGEST in repository $1 of the store.
sig_manifest() {
	blob "$(jq -r --arg n "$1:sha256-${DIGEST#sha256:}.sig" '.manifests[]
		| select(.annotations["org.opencontainers.image.ref.name"] == $n).digest' "$STATE/index.json")"
}

# The signature of payload file $1 in base64 $2 under public key $3, by openssl.
openssl_accepts() {
	base64 -d <<<"$2" >sig.der
	openssl dgst -sha256 -verify "$3" -signature sig.der "$1"
}

@test "a key pair: read by another program, never over another file" {
	/usr/bin/python3 -c 'import nacl' 2>/dev/null || skip "no python3-nacl"
	run plimsoll trust generate-key-pair
	assert_status 0
	assert_eq "$(stat -c %a cosign.key)" 600
	/usr/bin/python3 - cosign.key <<-'PY' >plain.der
		import base64, hashlib, json, sys
		from nacl.bindings import crypto_secretbox_open
		body = "".join(open(sys.argv[1]).read().splitlines()[1:-1])
		j = json.loads(base64.b64decode(body))
		p = j["kdf"]["params"]
		assert (p["N"], p["r"], p["p"]) == (65536, 8, 1)
		key = hashlib.scrypt(b"correct-horse", salt=base64.b64decode(j["kdf"]["salt"]), n=p["N"], r=p["r"], p=p["p"],
		                     dklen=32, maxmem=1 << 28)
		sys.stdout.buffer.write(crypto_secretbox_open(base64.b64decode(j["ciphertext"]),
		                                              base64.b64decode(j["cipher"]["nonce"]), key))
	PY
	assert_eq "$(openssl pkey -inform DER -in plain.der -pubout)" "$(cat cosign.pub)"
	run plimsoll trust generate-key-pair
	assert_status 6
	# The same key again, of a PEM file.
	openssl pkey -inform DER -in plain.der -out plain.pem
	plimsoll trust import-key-pair --key plain.pem --output-key-prefix again
	assert_eq "$(cat again.pub)" "$(cat cosign.pub)"
	# Both files or none; their name is any.
	touch half.pub
	run plimsoll trust generate-key-pair --output-key-prefix half
	assert_status 6
	[ ! -e half.key ]
	run plimsoll trust import-key-pair --key cosign.key --output-key-prefix bad
	[ "$status" -ne 0 ]
	[ ! -e bad.key ] && [ ! -e bad.pub ]
	assert_eq "$(plimsoll trust generate-key-pair --output-key-prefix 'a"b' --format json | jq -r .public)" 'a"b.pub'
	grep -q "BEGIN ENCRYPTED" 'a"b.key'
	unset COSIGN_PASSWORD
	run plimsoll trust generate-key-pair --output-key-prefix other
	assert_status 2
	assert_output_has "COSIGN_PASSWORD"
}

@test "simple signing: its bytes are cosign's, openssl accepts them, again adds nothing" {
	image 127.0.0.1:5000/team/web:1
	plimsoll trust generate-key-pair
	run plimsoll sign --signature-format cosign --key cosign.key 127.0.0.1:5000/team/web:1
	assert_status 0
	sig_manifest 127.0.0.1:5000/team/web >m
	blob "$(jq -r '.layers[0].digest' m)" >payload
	assert_eq "$(cat payload)" '{"critical":{"identity":{"docker-reference":"127.0.0.1:5000/team/web"},"image":{"docker-manifest-digest":"'"$DIGEST"'"},"type":"cosign container image signature"},"optional":null}'
	openssl_accepts payload "$(jq -r '.layers[0].annotations["dev.cosignproject.cosign/signature"]' m)" cosign.pub
	assert_eq "$(blob "$(jq -r .config.digest m)" | jq -c .rootfs.diff_ids)" "[\"sha256:$(sha256sum <payload | cut -d' ' -f1)\"]"
	run plimsoll sign --signature-format cosign --key cosign.key 127.0.0.1:5000/team/web:1
	assert_output_has "already signed"
	plimsoll sign --signature-format cosign --key cosign.key -a build=7 127.0.0.1:5000/team/web:1
	assert_eq "$(sig_manifest 127.0.0.1:5000/team/web | jq '.layers | length')" 2
	run plimsoll verify --key cosign.pub 127.0.0.1:5000/team/web:1
	assert_status 0
	assert_output_has "cosign signature"
	[ "$(plimsoll images -q | wc -l)" = 1 ] # the tag of the signatures is none of an image
	plimsoll trust generate-key-pair --output-key-prefix other
	run plimsoll verify --key other.pub 127.0.0.1:5000/team/web:1
	assert_status 4
	assert_output_has "none of the 1 trusted keys"
}

@test "carried to another repository a signature is refused" {
	image 127.0.0.1:5000/team/web:1
	plimsoll trust generate-key-pair
	plimsoll sign --signature-format cosign --key cosign.key 127.0.0.1:5000/team/web:1
	plimsoll sign --signature-format bundle --key cosign.key 127.0.0.1:5000/team/web:1
	plimsoll tag 127.0.0.1:5000/team/web:1 127.0.0.1:5000/prod/web:1
	jq -c --arg d "${DIGEST#sha256:}" '.manifests |= . + [.[] | select(.annotations["org.opencontainers.image.ref.name"]
		== "127.0.0.1:5000/team/web:sha256-\($d).sig")
		| .annotations["org.opencontainers.image.ref.name"] |= sub("team"; "prod")]' "$STATE/index.json" >index
	cp index "$STATE/index.json"
	run plimsoll verify --key cosign.pub 127.0.0.1:5000/prod/web:1
	assert_status 4
	assert_output_has "bundle sha256"
	assert_output_has "signature in sha256"
	assert_output_has "it was signed for repository '127.0.0.1:5000/team/web'"
	assert_output_has "any-repository"
	run plimsoll verify --key cosign.pub --any-repository --format json 127.0.0.1:5000/prod/web:1
	assert_status 0
	assert_eq "$(jq '.signatures | length' <<<"$output")" 2
}

@test "to a registry and back, beside the signatures of others" {
	need_cmd docker-registry
	registry_start
	image "$REGISTRY/team/web:1"
	plimsoll trust generate-key-pair
	plimsoll trust generate-key-pair --output-key-prefix second
	plimsoll sign --signature-format cosign --key cosign.key "$REGISTRY/team/web:1"
	plimsoll sign --signature-format bundle --key cosign.key "$REGISTRY/team/web:1"
	plimsoll push "$REGISTRY/team/web:1"
	# Another host, another key: its push leaves the first signature there.
	plimsoll --state other pull "$REGISTRY/team/web:1"
	plimsoll --state other verify --key cosign.pub "$REGISTRY/team/web:1"
	plimsoll --state other sign --signature-format cosign --key second.key "$REGISTRY/team/web:1"
	plimsoll --state other push "$REGISTRY/team/web:1"
	# The first host has not seen it, and pushes again.
	plimsoll sign --signature-format cosign --key cosign.key -a again=1 "$REGISTRY/team/web:1"
	plimsoll push "$REGISTRY/team/web:1"
	assert_eq "$(curl -fsS "http://$REGISTRY/v2/team/web/manifests/sha256-${DIGEST#sha256:}.sig" \
		-H 'Accept: application/vnd.oci.image.manifest.v1+json' | jq '.layers | length')" 3
	plimsoll --state third pull "$REGISTRY/team/web:1"
	for key in cosign second; do
		plimsoll --state third verify --key $key.pub "$REGISTRY/team/web:1"
	done
	assert_eq "$(plimsoll --state third verify --key cosign.pub --format json "$REGISTRY/team/web:1" | jq -c '[.signatures[].format] | sort')" \
		'["bundle","simplesigning","simplesigning"]'
}

@test "a key that is withdrawn signs and verifies nothing" {
	image 127.0.0.1:5000/team/web:1
	plimsoll trust init
	plimsoll sign --signature-format bundle 127.0.0.1:5000/team/web:1
	openssl pkey -in "$STATE/trust/keys/default.pem" -pubout -out own.pub
	plimsoll verify --key own.pub 127.0.0.1:5000/team/web:1
	plimsoll trust revoke default
	run plimsoll verify --key own.pub 127.0.0.1:5000/team/web:1
	assert_status 4
	run plimsoll sign --signature-format cosign 127.0.0.1:5000/team/web:1
	assert_status 4
}

@test "keys and the trusted root are added, listed and removed" {
	plimsoll trust generate-key-pair
	plimsoll trust generate-key-pair --output-key-prefix other
	run plimsoll trust add --scope registry.example/dev/app --identity '*' cosign.pub
	assert_status 2
	[ ! -e "$STATE/trust/sigstore/keys/cosign.pub" ] || fail "it is trusted, and for everything"
	plimsoll trust add cosign.pub
	plimsoll trust add cosign.pub
	run plimsoll trust add --name cosign other.pub
	assert_status 2
	assert_output_has "another key of that name"
	echo '{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1", "x": 1}' >bad.json
	run plimsoll trust add bad.json
	assert_status 5
	echo '{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}' >root.json
	plimsoll trust add root.json
	run plimsoll trust list
	assert_output_has "cosign" "trusted root"
	assert_eq "$(plimsoll trust list --format json | jq -c '[.signers[].name, .trustedRoot.transparencyLogs]')" '["cosign",0]'
	plimsoll trust remove cosign
	cat root.json root.json >roots.jsonl
	plimsoll trust add roots.jsonl
	cat root.json bad.json >roots.jsonl
	run plimsoll trust add roots.jsonl
	assert_status 5
	assert_output_has "root 2 of the file"
	plimsoll trust remove trusted_root.json
	assert_eq "$(plimsoll trust list --format json | jq -c '[.signers, .trustedRoot]')" '[[],null]'
	run plimsoll trust remove cosign
	assert_status 5
}

# An attestation as cosign 2 has it: an envelope under the tag .att, made by openssl of file $1 about $DIGEST in $2.
cosign_attest() {
	local tag="$STATE/index.json" payload sig env cfg m
	jq -cn --arg d "${DIGEST#sha256:}" --arg n "$2" --slurpfile p "$1" '{_type:"https://in-toto.io/Statement/v0.1",
		predicateType:"https://cyclonedx.org/bom", subject:[{name:$n, digest:{sha256:$d}}], predicate:$p[0]}' | tr -d '\n' >st
	{ printf 'DSSEv1 28 application/vnd.in-toto+json %d ' "$(stat -c %s st)"; cat st; } >pae
	payload=$(base64 -w0 st)
	sig=$(openssl dgst -sha256 -sign signer.pem pae | base64 -w0)
	env=$(put_blob "{\"payloadType\":\"application/vnd.in-toto+json\",\"payload\":\"$payload\",\"signatures\":[{\"keyid\":\"\",\"sig\":\"$sig\"}]}")
	cfg=$(put_blob '{}')
	m=$(put_blob "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"${cfg%:*}\",\"size\":${cfg##*:}},\"layers\":[{\"mediaType\":\"application/vnd.dsse.envelope.v1+json\",\"digest\":\"${env%:*}\",\"size\":${env##*:},\"annotations\":{\"dev.cosignproject.cosign/signature\":\"\",\"predicateType\":\"https://cyclonedx.org/bom\"}}]}")
	jq -c --arg d "${m%:*}" --argjson s "${m##*:}" --arg n "$2:sha256-${DIGEST#sha256:}.att" '.manifests += [{mediaType:
		"application/vnd.oci.image.manifest.v1+json", digest:$d, size:$s, annotations:{"org.opencontainers.image.ref.name":$n}}]' "$tag" >index
	cp index "$tag"
}

put_blob() { # prints sha256:HEX:SIZE
	local h
	h=$(printf %s "$1" | sha256sum | cut -d' ' -f1)
	printf %s "$1" >"$STATE/blobs/sha256/$h"
	echo "sha256:$h:$(printf %s "$1" | wc -c)"
}

@test "attestations: cosign's under the tag .att, ours as bundles, by type" {
	need_cmd docker-registry
	registry_start
	image "$REGISTRY/team/web:1"
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out signer.pem 2>/dev/null
	openssl pkey -in signer.pem -pubout -out signer.pub
	plimsoll trust generate-key-pair
	echo '{"bomFormat":"CycloneDX","specVersion":"1.6"}' >bom.json
	cosign_attest bom.json "$REGISTRY/team/web"
	plimsoll attest --key cosign.key --type spdxjson --predicate - -y "$REGISTRY/team/web:1" <<<'{"spdxVersion":"SPDX-2.3"}'
	run plimsoll attest --key cosign.key --type cyclonedx --predicate - "$REGISTRY/team/web:1" <<<'{"spdxVersion":"SPDX-2.3"}'
	assert_status 5
	run plimsoll attest --key cosign.key --type sbom --predicate bom.json "$REGISTRY/team/web:1"
	assert_status 2
	[ "$(plimsoll images -q | wc -l)" = 1 ]
	plimsoll push "$REGISTRY/team/web:1"
	plimsoll --state other pull "$REGISTRY/team/web:1"
	assert_eq "$(plimsoll --state other verify --key signer.pub --type cyclonedx --format json "$REGISTRY/team/web:1" |
		jq -c '[.attestations[] | .format, .statement.predicate.specVersion]')" '["dsse","1.6"]'
	plimsoll --state other verify --key cosign.pub --type spdxjson "$REGISTRY/team/web:1"
	for want in "--key signer.pub --type spdxjson" "--key cosign.pub --type cyclonedx" "--key signer.pub"; do
		run plimsoll --state other verify $want "$REGISTRY/team/web:1"
		assert_status 4
	done
	# The keys of both are trusted: what the policy asks for is there, and gone when it is taken away.
	plimsoll --state other trust add signer.pub
	echo '{"version":"1.0","trustPolicies":[{"name":"none","registryScopes":["*"],"signatureVerification":{"level":"skip"},"trustStores":[],"trustedIdentities":[]}]}' >policy.json
	mkdir -p other/trust
	jq '.trustPolicies[0] |= (.registryScopes = ["'"$REGISTRY/team/web"'"] | del(.trustStores, .trustedIdentities))' policy.json >other/trust/trustpolicy.json
	plimsoll --state other verify --require cyclonedx "$REGISTRY/team/web:1"
	run plimsoll --state other verify --type spdxjson "$REGISTRY/team/web:1"
	assert_status 4
	jq -c 'del(.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] // "" | endswith(".att")))' other/index.json >index
	cp index other/index.json
	run plimsoll --state other verify --require cyclonedx "$REGISTRY/team/web:1"
	assert_status 4
	# Skipped, and quiet: nothing is printed for what was not verified.
	run plimsoll --state other -q verify "$REGISTRY/team/web:1"
	assert_eq "$output" ""
}

@test "what cosign's users type: blobs, public keys, tags, and flags that change nothing or are refused" {
	image 127.0.0.1:5000/team/web:1
	plimsoll generate-key-pair
	plimsoll generate-key-pair --output-key-prefix other
	assert_eq "$(plimsoll public-key --key cosign.key)" "$(cat cosign.pub)"
	assert_eq "$(plimsoll public-key --key - <cosign.key)" "$(cat cosign.pub)"
	COSIGN_PASSWORD=wrong run plimsoll public-key --key cosign.key
	assert_status 2
	echo hello >blob
	plimsoll sign-blob -y --tlog-upload=false --key cosign.key --bundle blob.json --output-signature blob.sig blob
	base64 -d <blob.sig >sig.der
	openssl dgst -sha256 -verify cosign.pub -signature sig.der blob
	for how in "--signature blob.sig" "--signature $(cat blob.sig)" "--bundle blob.json"; do
		plimsoll verify-blob --key cosign.pub $how blob
		plimsoll verify-blob --key cosign.pub --insecure-ignore-tlog $how "sha256:$(sha256sum <blob | cut -d' ' -f1)"
		run plimsoll verify-blob --key other.pub $how blob
		assert_status 4
		run plimsoll verify-blob --key cosign.pub $how cosign.pub
		assert_status 4
	done
	plimsoll verify-bundle --bundle blob.json --key cosign.pub blob
	# Whom a key served is in the trail, also when it did not.
	COSIGN_PASSWORD=wrong run plimsoll sign-blob --key cosign.key blob
	assert_status 2
	plimsoll --format json trail show | jq -c 'select(.kind == "sign-blob") | [.result, .subject.digest, .detail.key]' >blobs
	assert_eq "$(paste -sd' ' blobs)" \
		"[\"ok\",\"sha256:$(sha256sum <blob | cut -d' ' -f1)\",\"cosign.key\"] [\"failed\",\"sha256:$(sha256sum <blob | cut -d' ' -f1)\",null]"
	# Also of what has a name that is no text: nothing is done without a word there.
	cp blob $'no\xfftext'
	cp cosign.pub $'no\xfftext.pub'
	plimsoll sign-blob --key cosign.key $'no\xfftext'
	plimsoll trust add --name notext $'no\xfftext.pub'
	plimsoll trust remove notext
	assert_eq "$(plimsoll --format json trail show | jq -r '[.kind, .result, .subject.name] | join(" ")' | tail -n 3 | paste -sd,)" \
		"sign-blob ok no?text,trust-add ok no?text.pub,trust-remove ok notext"
	# JSON where JSON is asked for.
	plimsoll --format json sign-blob --key cosign.key blob | jq -r .signature | base64 -d >sig.der
	openssl dgst -sha256 -verify cosign.pub -signature sig.der blob
	plimsoll --format json public-key --key cosign.key | jq -rj .publicKey | cmp - cosign.pub
	assert_eq "$(plimsoll --format json triangulate 127.0.0.1:5000/team/web:1 | jq -r .reference)" \
		"127.0.0.1:5000/team/web:sha256-${DIGEST#sha256:}.sig"
	assert_eq "$(plimsoll --format json generate-key-pair --output-key-prefix third | jq -cS .)" \
		'{"key":"third.key","public":"third.pub","schema":"plimsoll.key-pair/v1"}'
	assert_eq "$(plimsoll --format json trust add cosign.pub | jq -r .schema)" plimsoll.trust-add/v1
	plimsoll trust remove cosign
	run plimsoll sign-blob --key cosign.key --bundle "$PWD/nowhere/blob.json" --output-signature new.sig blob
	assert_status 2
	[ ! -e new.sig ]
	for how in "verify-blob --signature blob.sig" "verify-blob --key cosign.pub" \
		"verify-blob --bundle blob.json --certificate-identity a --certificate-oidc-issuer b --insecure-ignore-tlog" \
		"verify-bundle --staging --key cosign.pub --bundle blob.json" "sign-blob --tlog-upload --key cosign.key"; do
		run plimsoll $how blob
		assert_status 2
	done
	plimsoll sign -y --tlog-upload=false --signature-format cosign --key cosign.key -a env=prod -a team=a 127.0.0.1:5000/team/web:1
	plimsoll sign --signature-format bundle --key cosign.key -m env=test 127.0.0.1:5000/team/web:1
	assert_eq "$(plimsoll triangulate 127.0.0.1:5000/team/web:1)" "127.0.0.1:5000/team/web:sha256-${DIGEST#sha256:}.sig"
	for how in "-a env=prod" "-a team=a -a env=prod" "-a env=test" "--insecure-ignore-tlog=true --offline"; do
		plimsoll verify -o json --key cosign.pub $how 127.0.0.1:5000/team/web:1 | jq -e '.signatures | length >= 1'
	done
	run plimsoll --format json verify -o text --key cosign.pub 127.0.0.1:5000/team/web:1
	assert_output_has "verified $DIGEST"
	assert_eq "$(plimsoll verify -o json --key cosign.pub -a env=test 127.0.0.1:5000/team/web:1 | jq -c '[.signatures[].format]')" '["bundle"]'
	for how in "-a env=dev" "-a env=test -a team=a" "-a none=1"; do
		run plimsoll verify --key cosign.pub $how 127.0.0.1:5000/team/web:1
		assert_status 4
		assert_output_has "it does not say"
	done
	# What would be otherwise is not ignored.
	for how in --offline --insecure-ignore-tlog; do
		run plimsoll verify --key cosign.pub "$how=false" 127.0.0.1:5000/team/web:1
		assert_status 2
		assert_output_has "option '$how': it is always so"
	done
	run plimsoll copy --all=false 127.0.0.1:5000/team/web:1 oci:out
	assert_status 2
	# By the trust policy servers may be asked: what says otherwise is not taken for true.
	for how in --offline --insecure-ignore-tlog; do
		run plimsoll verify "$how" 127.0.0.1:5000/team/web:1
		assert_status 2
		assert_output_has "$how" "--key"
	done
	plimsoll attest --key cosign.key --predicate - 127.0.0.1:5000/team/web:1 <<<'{"a":1}'
	assert_eq "$(plimsoll --format json signatures 127.0.0.1:5000/team/web:1 | jq -c '[.signatures[] | [.type, .predicateType, .count]] | sort')" \
		'[["application/vnd.dev.cosign.artifact.sig.v1+json",null,1],["application/vnd.dev.sigstore.bundle.v0.3+json","https://cosign.sigstore.dev/attestation/v1",1],["application/vnd.dev.sigstore.bundle.v0.3+json","https://sigstore.dev/cosign/sign/v1",1]]'
	plimsoll verify-attestation --key cosign.pub 127.0.0.1:5000/team/web:1
	run plimsoll verify-attestation --key cosign.pub --type slsaprovenance 127.0.0.1:5000/team/web:1
	assert_status 4
}

@test "keyless under tags: with the promise of a log over this signature, and for whom was asked" {
	/usr/bin/python3 -c 'import cryptography' 2>/dev/null || skip "no python3-cryptography"
	local who="--certificate-identity https://git.example.com/team/app/release.yml@refs/heads/main --certificate-oidc-issuer https://accounts.example.com"
	local img=127.0.0.1:5000/team/web ca kind
	image "$img:1"
	for how in sig att att-dsse sig-other sig-nolog sig-promise att-other att-certificate att-nolog att-promise; do
		rm -f "$STATE/trust/withdrawn.json"
		ca=$(/usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/sigstore_tags.py" "$STATE" "$img" "$DIGEST" "$how")
		kind=
		[ "${how%%-*}" = sig ] || kind="--type cyclonedx"
		run plimsoll verify --trusted-root root.json $who $kind "$img:1"
		case $how in
		sig | att | att-dsse) assert_status 0 ;;
		*-nolog) assert_status 4; assert_output_has "no transparency log has" ;;
		*-promise) assert_status 4; assert_output_has "the log's promise" ;;
		*) assert_status 4; assert_output_has "log entry: it is of another" ;;
		esac
		[ "$how" = sig ] || [ "$how" = att ] || continue
		run plimsoll verify --trusted-root root.json ${who/main/dev} $kind "$img:1"
		assert_status 4
		assert_output_has "who is not asked for"
		plimsoll trust revoke "$ca"
		run plimsoll verify --trusted-root root.json $who $kind "$img:1"
		assert_status 4
		assert_output_has "was revoked"
		# What is under the one tag says nothing for the other.
		jq -c 'del(.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] // "" | test("[.](sig|att)$")))' "$STATE/index.json" >index
		cp index "$STATE/index.json"
	done
}
