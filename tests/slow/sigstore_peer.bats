# Signatures in sigstore's forms and programs of others: skopeo and podman as Debian has them, and the sigstore project's
# JavaScript. The latter is not in Debian: NODE_PATH names a folder with @sigstore/verify, @sigstore/mock and
# @sigstore/sign (tools/install-npm, which make test-slow calls), and its tests are skipped without.
load ../lib/common
load ../lib/trust

PEER=$PLIMSOLL_SRC/tests/lib/sigstore_peer.js

setup() {
	need_cmd jq openssl
	common_setup
	export COSIGN_PASSWORD=correct-horse
}

teardown() {
	registry_stop
	common_teardown
}

need_peer() {
	need_cmd node
	node -e 'require("@sigstore/verify"); require("@sigstore/mock"); require("@sigstore/sign")' 2>/dev/null ||
		skip "NODE_PATH has no @sigstore/verify, @sigstore/mock and @sigstore/sign of npm"
}

# Debian 12 has sigstore taken out of skopeo's library, for making and for checking.
skip_without_sigstore() {
	! grep -q "sigstore disabled" <<<"$output" || skip "this skopeo: sigstore disabled by Debian"
}

# A bundle of the image, as it is in the store.
bundle() { blob "$(blob "$(signature)" | jq -r '.layers[0].digest')"; }

@test "@sigstore/verify accepts our bundle, and none that is changed" {
	need_peer
	image 127.0.0.1:5000/web:1
	plimsoll trust generate-key-pair
	plimsoll trust generate-key-pair --output-key-prefix other
	plimsoll sign --signature-format bundle --key cosign.key 127.0.0.1:5000/web:1
	bundle >b.json
	node "$PEER" verify b.json cosign.pub
	run node "$PEER" verify b.json other.pub
	assert_status 1
	jq -c '.dsseEnvelope.payload |= (@base64d | sub("sign/v1"; "sign/v2") | @base64)' b.json >changed.json
	run node "$PEER" verify changed.json cosign.pub
	assert_status 1
	plimsoll trust verify-bundle --bundle b.json --key cosign.pub "$DIGEST"
}

# Its verifier knows no Ed25519.
@test "@sigstore/verify accepts our attestations and signed files, of every kind of key it knows" {
	need_peer
	local t d
	image 127.0.0.1:5000/web:1
	echo '{"a":1}' >predicate.json
	echo hello >artifact
	for t in P-256 P-384 P-521 RSA-2048 RSA-3072 RSA-4096; do
		plimsoll trust generate-key-pair --key-type $t --output-key-prefix $t
		plimsoll sign-blob --key ./$t.key --bundle $t.json --output-signature $t.sig artifact
		node "$PEER" verify $t.json $t.pub artifact
		run node "$PEER" verify $t.json $t.pub predicate.json
		assert_status 1
		plimsoll trust verify-bundle --bundle $t.json --key $t.pub artifact
	done
	# ECDSA of an envelope is by the curve's hash here, by SHA-256 there.
	for t in P-256 RSA-2048 RSA-3072 RSA-4096; do
		d=$(plimsoll attest --key ./$t.key --type custom --predicate predicate.json --format json 127.0.0.1:5000/web:1 |
			jq -r .attestation)
		blob "$(blob "$d" | jq -r '.layers[0].digest')" >$t.att.json
		node "$PEER" verify $t.att.json $t.pub
		run node "$PEER" verify $t.att.json P-384.pub
		assert_status 1
		plimsoll trust verify-bundle --bundle $t.att.json --key $t.pub "$DIGEST"
	done
}

@test "bundles of the project's mock are accepted, keyless" {
	need_peer
	local b
	echo hello >artifact
	node "$PEER" make .
	for b in message intoto; do
		node "$PEER" verify-keyless $b.bundle.json root.json artifact
		run plimsoll trust verify-bundle --bundle $b.bundle.json --trusted-root root.json \
			--certificate-identity https://git.example.com/release \
			--certificate-oidc-issuer https://accounts.example.com artifact
		assert_status 0
		run plimsoll trust verify-bundle --bundle $b.bundle.json --trusted-root root.json \
			--certificate-identity https://git.example.com/release \
			--certificate-oidc-issuer https://accounts.example.com "$PEER"
		assert_status 4
	done
}

@test "our own cases are right by the project's verifier, too" {
	need_peer
	local c
	/usr/bin/python3 -c 'import cryptography' 2>/dev/null || skip "no python3-cryptography"
	/usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/sigstore_cases.py" cases
	for c in v0.3 v0.1 dsse-entry-dsse dsse-entry-intoto rekor2 rekor2-dsse e-mail two-intermediates-of-one-name; do
		node "$PEER" verify-keyless cases/$c/bundle.json cases/$c/root.json cases/$c/artifact
	done
	for c in entry-swapped log-proof-hash sct-none rekor2-unknown-authority leaf-expired; do
		run node "$PEER" verify-keyless cases/$c/bundle.json cases/$c/root.json cases/$c/artifact
		assert_status 1
	done
}

@test "skopeo signs with a key of ours, and we accept what it signed" {
	need_cmd skopeo docker-registry
	registry_start
	image "$REGISTRY/team/web:1"
	plimsoll trust generate-key-pair
	echo -n correct-horse >pass
	plimsoll push "$REGISTRY/team/web:1"
	mkdir -p registries.d
	printf 'docker:\n  %s:\n    use-sigstore-attachments: true\n' "$REGISTRY" >registries.d/here.yaml
	run skopeo copy -q --registries.d registries.d --insecure-policy --src-tls-verify=false --dest-tls-verify=false \
		--sign-by-sigstore-private-key cosign.key --sign-passphrase-file pass \
		"docker://$REGISTRY/team/web:1" "docker://$REGISTRY/team/web:1"
	skip_without_sigstore
	assert_status 0
	plimsoll --state other pull "$REGISTRY/team/web:1"
	run plimsoll --state other verify --key cosign.pub --format json "$REGISTRY/team/web:1"
	assert_status 0
	assert_eq "$(jq -r '.signatures[].repository' <<<"$output")" "$REGISTRY/team/web:1"
	# Ours beside it, by the same key over another payload.
	plimsoll sign --signature-format cosign --key cosign.key "$REGISTRY/team/web:1"
	plimsoll push "$REGISTRY/team/web:1"
	assert_eq "$(curl -fsS "http://$REGISTRY/v2/team/web/manifests/sha256-${DIGEST#sha256:}.sig" \
		-H 'Accept: application/vnd.oci.image.manifest.v1+json' | jq '.layers | length')" 2
}

@test "skopeo's policy accepts our signature, and no other key's" {
	need_cmd skopeo docker-registry
	registry_start
	image "$REGISTRY/team/web:1"
	plimsoll trust generate-key-pair
	plimsoll trust generate-key-pair --output-key-prefix other
	plimsoll sign --signature-format cosign --key cosign.key "$REGISTRY/team/web:1"
	plimsoll push "$REGISTRY/team/web:1"
	mkdir -p registries.d
	printf 'docker:\n  %s:\n    use-sigstore-attachments: true\n' "$REGISTRY" >registries.d/here.yaml
	for key in cosign other; do
		jq -n --arg r "$REGISTRY" --arg k "$PWD/$key.pub" '{default: [{type: "reject"}], transports: {docker: {($r):
			[{type: "sigstoreSigned", keyPath: $k, signedIdentity: {type: "matchRepository"}}]}}}' >$key.json
	done
	run skopeo copy -q --registries.d registries.d --policy cosign.json --src-tls-verify=false \
		"docker://$REGISTRY/team/web:1" dir:copied
	skip_without_sigstore
	assert_status 0
	run skopeo copy -q --registries.d registries.d --policy other.json --src-tls-verify=false \
		"docker://$REGISTRY/team/web:1" dir:refused
	assert_status 1
}
