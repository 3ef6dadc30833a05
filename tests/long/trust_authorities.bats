# Time stamps and revocation: openssl's TSA, OCSP responder and CRL on loopback (tests/lib/authorities.py).
load ../lib/common
load ../lib/trust

setup() {
	need_cmd jq openssl python3
	common_setup
	AUTHORITIES=$BATS_TEST_TMPDIR/authorities
	mkdir "$AUTHORITIES"
}

teardown() {
	[ -z "${SERVER:-}" ] || kill "$SERVER" 2>/dev/null || true
	common_teardown
}

# authorities_start SOURCES: what the signer's certificate names: ocsp, crl, ocsp+crl, none. Signs web:1 with it.
authorities_start() {
	python3 "$PLIMSOLL_SRC/tests/lib/authorities.py" "$AUTHORITIES" "$1" >"$AUTHORITIES/log" 2>&1 3>&- &
	SERVER=$!
	wait_for 20 test -s "$AUTHORITIES/port"
	URL=http://127.0.0.1:$(cat "$AUTHORITIES/port")
	image web:1
	plimsoll trust add --identity "*" --name acme "$AUTHORITIES/ca.pem"
	mkdir -p "$STATE/trust/keys"
	install -m 600 "$AUTHORITIES/leaf.key" "$STATE/trust/keys/ci.pem"
	cat "$AUTHORITIES/leaf.pem" "$AUTHORITIES/ca.pem" >"$STATE/trust/keys/ci.crt"
}

mode() { echo "$1" >"$AUTHORITIES/mode"; }
requests() { cat "$AUTHORITIES/requests" 2>/dev/null || true; }
revoke() { python3 "$PLIMSOLL_SRC/tests/lib/authorities.py" "$AUTHORITIES" revoke "$@"; }

policy() { # jq program over the first statement
	jq ".trustPolicies[0] |= ($1)" "$STATE/trust/trustpolicy.json" >policy
	cp policy "$STATE/trust/trustpolicy.json"
}

refused() { # text...
	run plimsoll verify web:1
	assert_status 4
	assert_output_has "$@"
}

@test "OCSP is asked first, and its answer kept; a damaged or old one is asked for anew" {
	authorities_start ocsp+crl
	plimsoll sign --key ci web:1
	run plimsoll verify web:1
	assert_status 0
	assert_output_has "1 certificate asked about, none was revoked"
	assert_eq "$(requests)" "POST /ocsp"
	plimsoll verify web:1
	assert_eq "$(requests)" "POST /ocsp"
	printf junk >"$(find "$STATE/cache/revocation" -type f)"
	plimsoll verify web:1
	assert_eq "$(requests | wc -l)" 2
	revoke
	touch -d '-1 hour' "$STATE"/cache/revocation/*
	refused "CN=build" "was revoked at" "(key compromise)"
	assert_eq "$(requests | uniq)" "POST /ocsp"
}

@test "without an OCSP answer the CRL decides" {
	authorities_start ocsp+crl
	plimsoll sign --key ci web:1
	mode no-ocsp
	plimsoll verify web:1
	assert_eq "$(requests)" "POST /ocsp"$'\n'"GET /ca.crl"
	revoke
	rm -r "$STATE/cache/revocation"
	refused "was revoked at"
}

@test "servers that are down, stall, lie or flood: not found out is refused, logged or skipped as the policy says" {
	local m
	authorities_start crl
	plimsoll sign --key ci web:1
	for m in 500 junk huge stall; do
		mode $m
		refused "could not be found out" "$([ $m != junk ] || echo CRL)"
		rm -rf "$STATE/cache/revocation"
	done
	kill "$SERVER"
	refused "could not be found out"
	policy '.signatureVerification.level = "permissive"'
	run plimsoll verify web:1
	assert_status 0
	assert_output_has "FAILED: whether a certificate was revoked could not be found out"
	rm "$AUTHORITIES/requests"
	policy '.signatureVerification = {level: "strict", override: {revocation: "skip"}}'
	plimsoll verify web:1
	assert_eq "$(requests)" ""
}

@test "nobody who is not trusted chooses whom this host calls" {
	authorities_start crl
	plimsoll sign --key ci web:1
	rm "$STATE"/trust/truststore/x509/ca/acme/*
	policy '.signatureVerification.level = "audit"'
	run plimsoll verify web:1
	assert_status 0
	assert_output_has "nobody was asked"
	assert_eq "$(requests)" ""
}

tsa_policy() {
	mkdir -p "$STATE/trust/truststore/x509/tsa/stamps"
	cp "$AUTHORITIES/tsa-root.pem" "$STATE/trust/truststore/x509/tsa/stamps/root.pem"
	policy '.trustStores += ["tsa:stamps"]'
}

@test "a timestamp is fetched, verified at once, and asked for by the policy" {
	local stamp=(--timestamp-url "" --timestamp-root-cert "$AUTHORITIES/tsa-root.pem")
	authorities_start none
	stamp[1]=$URL/tsa
	tsa_policy
	plimsoll sign --key ci web:1
	refused "the policy asks for a timestamp, and it has none"
	for form in jws cose; do
		run plimsoll sign --key ci --signature-format $form "${stamp[@]}" web:1
		assert_status 0
		run plimsoll sign --key ci --signature-format $form "${stamp[@]}" web:1
		assert_output_has "already signed"
	done
	assert_eq "$(requests | wc -l)" 2
	run plimsoll verify web:1
	assert_status 0
	assert_output_has "a time-stamping authority says" "every certificate was valid then"
	[ "$(plimsoll verify --format json web:1 | jq -r .provenTime)" != null ]
	# openssl reads the same token over the same bytes.
	signature() { jq -r '[.manifests[] | select(.artifactType)][1].digest' "$STATE/index.json"; }
	envelope | jq -r '.header["io.cncf.notary.timestampSignature"]' | openssl base64 -d -A >token
	envelope | jq -r '.signature | gsub("-"; "+") | gsub("_"; "/") | . + ("=" * ((4 - length % 4) % 4))' |
		openssl base64 -d -A >sig
	openssl ts -verify -data sig -in token -token_in -CAfile "$AUTHORITIES/tsa-root.pem"
	# An authority that is not the policy's.
	cp "$AUTHORITIES/ca.pem" "$STATE/trust/truststore/x509/tsa/stamps/root.pem"
	refused "authority's certificate is not accepted"
}

@test "an authority that does not answer, or is another one, leaves no signature" {
	authorities_start none
	run plimsoll sign --key ci --timestamp-url "$URL/tsa" web:1
	assert_status 2
	run plimsoll sign --key ci --timestamp-url "$URL/tsa" --timestamp-root-cert "$AUTHORITIES/ca.pem" web:1
	assert_status 4
	mode junk
	run plimsoll sign --key ci --timestamp-url "$URL/tsa" --timestamp-root-cert "$AUTHORITIES/tsa-root.pem" web:1
	assert_status 5
	kill "$SERVER"
	run plimsoll sign --key ci --timestamp-url "$URL/tsa" --timestamp-root-cert "$AUTHORITIES/tsa-root.pem" web:1
	assert_status 7
	run plimsoll verify web:1
	assert_output_has "nobody signed"
}

@test "revoked later than it was signed: only with a proven time and the issuer's word from when" {
	authorities_start crl
	tsa_policy
	plimsoll sign --key ci --timestamp-url "$URL/tsa" --timestamp-root-cert "$AUTHORITIES/tsa-root.pem" web:1
	revoke "$(date -u -d '+1 hour' +%Y%m%d%H%M%SZ)"
	run plimsoll verify web:1
	assert_status 0
	assert_output_has "none was revoked when it was signed"
	# Without a timestamp nobody knows when it was.
	policy '.trustStores -= ["tsa:stamps"]'
	refused "was revoked at"
}
