# Signatures in COSE form, beside another program's that reads and makes them.
load ../lib/common
load ../lib/trust

PEER=$PLIMSOLL_SRC/tests/lib/cose_peer.py

setup() {
	need_cmd jq openssl
	/usr/bin/python3 -c 'import cbor2, cryptography' 2>/dev/null || skip "no python3-cbor2"
	common_setup
	image web:1
	OURS=$(plimsoll trust init --format json | jq -r '.thumbprint // .certificate')
}

teardown() { common_teardown; }

peer() { /usr/bin/python3 "$PEER" "$@"; }

# A signer of its own, trusted here: key.pem and cert.pem.
signer() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 30 \
		-subj "/C=US/ST=WA/O=peer/CN=peer" -addext "keyUsage=critical,digitalSignature" \
		-addext "basicConstraints=critical,CA:FALSE" 2>/dev/null
	plimsoll trust add cert.pem
	TARGET=$(jq -c '[.manifests[] | select(.artifactType | not)][0] | {mediaType, digest, size}' "$STATE/index.json")
	plimsoll sign web:1 # gives the manifest that the peer's envelope is put into
	plimsoll trust remove "$OURS"
}

@test "signed in COSE form: verified here and by the peer" {
	run plimsoll sign --signature-format cose --expiry 24h -a build=7 web:1
	assert_status 0
	assert_eq "$(blob "$(signature)" | jq -r '.layers[0].mediaType')" application/cose
	plimsoll verify web:1
	envelope >theirs
	run peer check theirs
	assert_status 0
	jq -e --arg d "$DIGEST" '.payload.targetArtifact.digest == $d and .payload.targetArtifact.annotations.build == "7"
		and .["1"] == -7 and .["2"] == ["io.cncf.notary.signingScheme", "io.cncf.notary.expiry"]
		and .expires - .signed == 86400' <<<"$output"
}

@test "annotations that were signed can be asked for" {
	plimsoll sign --signature-format cose -m build=7 -m team=a web:1
	plimsoll verify -m build=7 web:1
	plimsoll verify -a build=7 --user-metadata team=a web:1
	for wrong in build=8 Build=7 job=7; do
		run plimsoll verify -m build=7 -m $wrong web:1
		assert_status 4
		assert_output_has "it does not say $wrong"
	done
	run plimsoll verify -m build web:1
	assert_status 2
	# By another signature, and by none where the policy asks for none.
	plimsoll sign -m build=8 web:1
	plimsoll verify -m build=8 web:1
	jq '.trustPolicies[] |= (.registryScopes = ["local/web"] | .signatureVerification = {level: "skip"} | del(.trustStores, .trustedIdentities))' \
		"$STATE/trust/trustpolicy.json" >policy.json
	cp policy.json "$STATE/trust/trustpolicy.json"
	plimsoll verify web:1
	run plimsoll verify -m build=7 web:1
	assert_status 4
	assert_output_has "no annotation was verified"
}

@test "again in the same form adds nothing; in the other form it does" {
	plimsoll sign --signature-format cose web:1
	run plimsoll sign --signature-format cose web:1
	assert_output_has "already signed"
	run plimsoll sign --signature-format jws web:1
	refute_output_has "already"
	run plimsoll sign web:1
	assert_output_has "already signed"
	assert_eq "$(jq '[.manifests[] | select(.artifactType)] | length' "$STATE/index.json")" 2
	plimsoll verify web:1
	run plimsoll sign --signature-format pkcs7 web:1
	assert_status 2
	assert_output_has "want jws, cose"
}

@test "the peer's envelope is accepted" {
	signer
	run plimsoll verify web:1
	assert_status 4
	peer make key.pem cert.pem "$TARGET" >theirs
	replace_envelope application/cose theirs
	run plimsoll verify web:1
	assert_status 0
	assert_output_has "O=peer"
}

@test "the peer's envelopes with one fault are refused" {
	signer
	refused() { # fault, words of the message
		peer make key.pem cert.pem "$TARGET" "$1" >theirs
		replace_envelope application/cose theirs
		run plimsoll verify web:1
		assert_status 4
		assert_output_has "$2"
	}
	refused critical "critical 'com.example.new' is not understood"
	refused expired "expired"
	refused algorithm "alg is not ES256"
	refused authority "authenticSigningTime' is missing"
	refused twice "'1' is there twice"
	refused indefinite "indefinite"
	refused payload "does not hold"
	refused trailing "1 bytes behind its end"
}

@test "an envelope of one form under the other's media type is refused" {
	plimsoll sign --signature-format cose web:1
	envelope >theirs
	replace_envelope application/jose+json theirs
	run plimsoll verify web:1
	assert_status 4
	assert_output_has "no signature of"
}
