# Keys, trust, signing and verifying by the command line.
load ../lib/common
load ../lib/trust

setup() {
	need_cmd jq openssl
	common_setup
}

teardown() { common_teardown; }

b64url() { openssl base64 -A | tr -- '+/' '-_' | tr -d '='; }

unb64url() {
	local text
	text=$(tr -- '-_' '+/')
	while [ $((${#text} % 4)) -ne 0 ]; do text+==; done
	printf '%s' "$text" | openssl base64 -d -A
}

@test "no policy: nothing is accepted, and the mend is named" {
	image web:1
	run plimsoll verify web:1
	assert_status 4
	assert_output_has "no trust policy" "plimsoll trust init"
}

@test "an image that nobody signed is refused" {
	image web:1
	plimsoll trust init
	run plimsoll verify web:1
	assert_status 4
	assert_output_has "nobody signed $DIGEST" "whoever built it" "plimsoll sign web:1"
	run plimsoll trail show --kind verify --format json
	assert_output_has '"result":"refused"'
}

@test "sign, verify, and what verify says" {
	image web:1
	plimsoll trust init --subject "C=DE,ST=Hamburg,O=Example,CN=build"
	run plimsoll sign web:1
	assert_status 0
	assert_output_has "signed $DIGEST"
	run plimsoll verify web:1
	assert_status 0
	assert_output_has "verified $DIGEST" integrity "certificate chain" "trust store" identity expiry \
		"revocation         not checked: no CRL or OCSP" "CN=build,O=Example,ST=Hamburg,C=DE" "level strict" \
		"sha256:$(openssl x509 -in "$STATE/trust/keys/default.crt" -outform DER | sha256sum | cut -d' ' -f1)"
	run plimsoll verify --format json web:1
	assert_status 0
	assert_eq "$(jq -r .digest <<<"$output")" "$DIGEST"
	assert_eq "$(jq -r .verified <<<"$output")" true
	assert_eq "$(jq -r .schema <<<"$output")" plimsoll.verify/v1
	run plimsoll verify -q "$DIGEST"
	assert_eq "$output" "$DIGEST"
}

@test "signing again adds nothing" {
	image web:1
	plimsoll trust init
	plimsoll sign web:1
	cp "$STATE/index.json" before
	run plimsoll sign web:1
	assert_status 0
	assert_output_has "already signed"
	cmp before "$STATE/index.json"
}

@test "the signature passes a verification by openssl and jq alone, for both curves" {
	local alg
	for alg in P-256 P-384; do
		image "web:$alg"
		plimsoll trust init --name "k$alg" --algorithm $alg
		plimsoll sign --key "k$alg" --expiry 1h "web:$alg"
		run "$PLIMSOLL_SRC/tests/lib/verify_openssl" "$STATE" "$DIGEST" "$STATE/trust/keys/k$alg.crt"
		assert_status 0
		assert_output_has "accepted $DIGEST"
	done
	# And that verification can refuse: another signer, another image.
	run "$PLIMSOLL_SRC/tests/lib/verify_openssl" "$STATE" "$DIGEST" "$STATE/trust/keys/kP-256.crt"
	assert_status 1
	image other:1
	run "$PLIMSOLL_SRC/tests/lib/verify_openssl" "$STATE" "$DIGEST" "$STATE/trust/keys/kP-384.crt"
	assert_status 1
}

@test "forged envelopes are refused, by us and by openssl" {
	image web:1
	plimsoll trust init
	plimsoll sign web:1
	cp "$STATE/index.json" good
	local payload protected other
	payload=$(forge . && jq -r .payload forged)
	protected=$(jq -r .protected forged)
	plimsoll verify web:1 # the forger's own machinery is right

	refuses() { # what, jq arguments...
		local what=$1
		shift
		cp good "$STATE/index.json"
		forge "$@"
		run plimsoll verify web:1
		[ "$status" -eq 4 ] || fail "$what: exit $status" "$output"
		run "$PLIMSOLL_SRC/tests/lib/verify_openssl" "$STATE" "$DIGEST" "$STATE/trust/keys/default.crt"
		[ "$status" -eq 1 ] || fail "$what: openssl accepted" "$output"
	}
	refuses "an extra member" '.extra = 1'
	refuses "no signature" '.signature = ""'
	refuses "signature of zeros" '.signature = ("A" * 86)'
	other=$(printf '%s' "$payload" | unb64url | jq -c '.targetArtifact.size += 1' | tr -d '\n' | b64url)
	refuses "another size" --arg p "$other" '.payload = $p'
	other=$(printf '%s' "$protected" | unb64url | jq -c '.alg = "ES384"' | tr -d '\n' | b64url)
	refuses "another algorithm" --arg p "$other" '.protected = $p'
	other=$(printf '%s' "$protected" | unb64url | jq -c '.crit += ["x"]' | tr -d '\n' | b64url)
	refuses "an unknown critical header" --arg p "$other" '.protected = $p'
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout evil.key -subj /C=ZZ/ST=unknown/O=x/CN=x \
		-addext basicConstraints=critical,CA:FALSE -addext keyUsage=critical,digitalSignature -outform DER -out evil.der \
		2>/dev/null
	refuses "another certificate" --arg c "$(openssl base64 -A -in evil.der)" '.header.x5c = [$c]'
	refuses "no certificate" '.header.x5c = []'
}

@test "a signature does not hold for another image" {
	image one:1
	plimsoll trust init
	plimsoll sign one:1
	image two:1
	# The signature of one:1, moved to two:1.
	local sig two
	two=$(jq -c '.manifests[] | select(.annotations."org.opencontainers.image.ref.name" == "two:1")
		| {mediaType, digest, size}' "$STATE/index.json")
	sig=$(signature)
	blob "$sig" | jq -c --argjson s "$two" '.subject = $s' >manifest
	jq -c --argjson d "$(descriptor application/vnd.oci.image.manifest.v1+json manifest)" \
		'.manifests += [$d + {artifactType: "application/vnd.cncf.notary.signature"}]' "$STATE/index.json" >index
	cp index "$STATE/index.json"
	plimsoll verify one:1
	run plimsoll verify two:1
	assert_status 4
	assert_output_has "signs another manifest"
}

@test "every byte of an envelope in the store" {
	image web:1
	plimsoll trust init
	plimsoll sign web:1
	local layer file size i step old
	layer=$(blob "$(signature)" | jq -r '.layers[0].digest')
	file=$STATE/blobs/sha256/${layer#sha256:}
	size=$(stat -c %s "$file")
	cp "$file" whole
	chmod u+w "$file"
	# Each byte is flipped in tests/unit/trust; here some of them through the whole program.
	step=$((size / 23))
	for ((i = 0; i < size; i += step)); do
		old=$(od -An -tu1 -j $i -N 1 whole | tr -d ' ')
		printf "\\x$(printf %02x $((old ^ 1)))" | dd of="$file" bs=1 seek=$i conv=notrunc status=none
		run plimsoll verify web:1
		[ "$status" -eq 4 ] || fail "byte $i: exit $status" "$output"
		cp whole "$file"
	done
	plimsoll verify web:1
}

@test "passphrases come by file or descriptor, never by flag" {
	image web:1
	echo "open sesame" >pass
	plimsoll trust init --passphrase-file pass
	grep -q "ENCRYPTED PRIVATE KEY" "$STATE/trust/keys/default.pem"
	assert_eq "$(stat -c %a "$STATE/trust/keys/default.pem")" 600
	run plimsoll sign web:1
	assert_status 2
	assert_output_has "--passphrase-file"
	echo wrong >wrong
	run plimsoll sign --passphrase-file wrong web:1
	assert_status 2
	assert_output_has "passphrase is wrong"
	plimsoll sign --passphrase-file fd:5 web:1 5<pass
	image web:2
	PLIMSOLL_PASSPHRASE_FILE=pass plimsoll sign web:2
	plimsoll verify web:2
	# openssl opens it with the same passphrase.
	openssl pkey -in "$STATE/trust/keys/default.pem" -passin file:pass -noout
	run plimsoll sign --passphrase secret web:1
	assert_status 2
}

@test "init does not overwrite; --force does, and old signatures stay valid" {
	image web:1
	plimsoll trust init
	plimsoll sign web:1
	run plimsoll trust init
	assert_status 2
	assert_output_has "--force"
	plimsoll trust init --force
	plimsoll verify web:1
	run plimsoll trust init --algorithm RSA
	assert_status 2
	run plimsoll trust init --name x --subject "O=only"
	assert_status 2
}

@test "another host trusts the exported certificate" {
	image web:1
	plimsoll trust init
	plimsoll sign web:1
	plimsoll trust export >cert.pem
	openssl x509 -in cert.pem -noout -ext basicConstraints,keyUsage,extendedKeyUsage >ext
	grep -q "CA:FALSE" ext
	grep -q "Digital Signature" ext
	grep -q "Code Signing" ext
	local builder=$STATE
	STATE=$BATS_TEST_TMPDIR/production
	mkdir "$STATE"
	cp -r "$builder"/{oci-layout,index.json,blobs} "$STATE"
	plimsoll trust init
	run plimsoll verify web:1
	assert_status 4
	assert_output_has "trust store" "plimsoll trust add"
	plimsoll trust add cert.pem
	plimsoll verify web:1
	run plimsoll trust list
	assert_output_has "key      default" "trusted  ca:default"
	plimsoll trust remove "$(openssl x509 -in cert.pem -outform DER | sha256sum | cut -c1-12)"
	run plimsoll verify web:1
	assert_status 4
}

@test "a CA of openssl's making, and a leaf that it certifies" {
	image web:1
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout ca.key -out ca.pem -days 30 \
		-subj "/C=DE/ST=Hamburg/O=Example/CN=root" -addext basicConstraints=critical,CA:TRUE \
		-addext keyUsage=critical,keyCertSign 2>/dev/null
	openssl req -newkey rsa:3072 -nodes -keyout leaf.key -out leaf.csr -subj "/C=DE/ST=Hamburg/O=Example/CN=ci" 2>/dev/null
	printf 'keyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\n' >ext
	openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -set_serial 7 -days 10 -extfile ext -out leaf.pem 2>/dev/null
	run plimsoll trust add ca.pem
	assert_status 2
	assert_output_has "--identity"
	run plimsoll trust add leaf.pem
	assert_status 5
	plimsoll trust add --identity "C=DE,ST=Hamburg,O=Example" --name example ca.pem
	# The key and its chain, laid where keys lie.
	mkdir -p "$STATE/trust/keys"
	install -m 600 leaf.key "$STATE/trust/keys/ci.pem"
	cat leaf.pem ca.pem >"$STATE/trust/keys/ci.crt"
	plimsoll sign --key ci web:1
	run plimsoll verify web:1
	assert_status 0
	assert_output_has "2 certificates" "its root or CA in example/" "CN=ci,O=Example"
	# Someone else's name under the same CA is not enough.
	jq '.trustPolicies[0].trustedIdentities = ["x509.subject: C=DE,ST=Hamburg,O=Other"]' "$STATE/trust/trustpolicy.json" >p
	cp p "$STATE/trust/trustpolicy.json"
	run plimsoll verify web:1
	assert_status 4
	assert_output_has "does not name its signer"
}

@test "policy levels: what is skipped is never called verified" {
	local image=127.0.0.1:5000/web:1
	image $image
	plimsoll trust init
	jq '.trustPolicies += [{name: "dev", registryScopes: ["127.0.0.1:5000/web"], signatureVerification: {level: "skip"}}]' \
		"$STATE/trust/trustpolicy.json" >p
	cp p "$STATE/trust/trustpolicy.json"
	run plimsoll verify $image
	assert_status 0
	assert_output_has "NOT VERIFIED" "'dev' skips"
	run plimsoll verify --format json $image
	assert_eq "$(jq -r .verified <<<"$output")" false
	jq '.trustPolicies[1].registryScopes = ["*"]' p >"$STATE/trust/trustpolicy.json"
	run plimsoll verify $image
	assert_status 5
}

@test "an expired signature" {
	image web:1
	plimsoll trust init
	plimsoll sign --expiry 1s web:1
	sleep 2
	run plimsoll verify web:1
	assert_status 4
	assert_output_has "signature expired"
	run plimsoll sign --expiry soon web:1
	assert_status 2
}
