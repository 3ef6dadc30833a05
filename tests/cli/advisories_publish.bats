#!/usr/bin/env bats
# `advisories publish` and `fetch`: one host imports, signs and sends, another takes it from a real registry, or refuses.

load ../lib/common
load ../lib/registry

setup() {
	common_setup
	need_cmd docker-registry curl jq
	registry_start
	REF=$REGISTRY/security/advisories:latest
	OTHER=$BATS_TEST_TMPDIR/other
}

teardown() {
	registry_stop
	common_teardown
}

other() { # the host that fetches
	"$PLIMSOLL" --state "$OTHER" "$@"
}

osv() { # ID
	printf '{"id":"%s","modified":"2026-01-02T03:04:05Z","affected":[{"package":{"ecosystem":"Debian:12","name":"a"},' "$1"
	printf '"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2"}]}]}]}\n'
}

# The publisher has a key, and the other host trusts its certificate.
two_hosts() {
	plimsoll trust init >/dev/null
	plimsoll trust export >signer.pem
	other trust add signer.pem >/dev/null
	osv CVE-2024-1 >1.json
	plimsoll advisories import 1.json
}

@test "published, signed, fetched, verified: the same bytes, and their age with them" {
	two_hosts
	run plimsoll advisories publish "$REF"
	assert_status 0
	assert_output_has "$REF" sha256: 'advisories of 20'
	run other advisories fetch "$REF"
	assert_status 0
	cmp "$STATE/advisories.db" "$OTHER/advisories.db"
	cmp "$STATE/advisories.json" "$OTHER/advisories.json"
	run other advisories fetch "$REF"
	assert_status 0
	assert_output_has 'nothing new'
	run other advisories status
	assert_status 0
	assert_output_has osv/Debian import

	# An artifact that other tools know for one.
	manifest=$(curl -sf -H 'Accept: application/vnd.oci.image.manifest.v1+json' \
		"http://$REGISTRY/v2/security/advisories/manifests/latest")
	assert_eq "$(jq -r .artifactType <<<"$manifest")" application/vnd.plimsoll.advisories.v1+json
	assert_eq "$(jq -r '.layers | length' <<<"$manifest")" 1
	assert_eq "$(jq -r '.annotations["dev.plimsoll.advisories.sources"]' <<<"$manifest")" import
	[ "$(jq -r '.annotations["org.opencontainers.image.created"]' <<<"$manifest")" != null ]

	plimsoll trail show >trail.txt
	grep -q advisories-publish trail.txt
	other trail show >trail.txt
	grep -q advisories-fetch trail.txt
}

@test "what is new is fetched; what is older than what is here is refused, but by force" {
	two_hosts
	plimsoll advisories publish "$REGISTRY/security/advisories:old"
	sleep 1.1
	osv CVE-2024-2 >2.json
	plimsoll advisories import 2.json
	plimsoll advisories publish "$REF"
	other advisories fetch "$REF"
	cp "$OTHER/advisories.db" before
	run other advisories fetch "$REGISTRY/security/advisories:old"
	assert_status 3
	assert_output_has 'older than what is here' 'fetch --force'
	cmp before "$OTHER/advisories.db"
	run other advisories fetch --force "$REGISTRY/security/advisories:old"
	assert_status 0
	run cmp -s before "$OTHER/advisories.db"
	assert_status 1
}

@test "unsigned, or signed by somebody else: refused whole" {
	two_hosts
	plimsoll advisories publish "$REF"
	other advisories fetch "$REF"
	cp "$OTHER/advisories.db" before

	# Somebody else's, newer.
	local mallory=$BATS_TEST_TMPDIR/mallory
	"$PLIMSOLL" --state "$mallory" trust init --subject 'C=XX,ST=X,O=Mallory,CN=m' >/dev/null
	sleep 1.1
	osv CVE-2024-6 >6.json
	"$PLIMSOLL" --state "$mallory" advisories import 6.json
	"$PLIMSOLL" --state "$mallory" advisories publish "$REF"
	run other advisories fetch "$REF"
	assert_status 4
	run other advisories fetch --force "$REF"
	assert_status 4
	cmp before "$OTHER/advisories.db"

	# The same without any signature.
	need_cmd skopeo
	skopeo copy -q --src-tls-verify=false --dest-tls-verify=false "docker://$REF" \
		"docker://$REGISTRY/security/bare:latest"
	run other advisories fetch "$REGISTRY/security/bare:latest"
	assert_status 4
	cmp before "$OTHER/advisories.db"
}

@test "what is no artifact of advisories, or is damaged, is refused" {
	two_hosts
	tiny_rootfs layers/base
	"$PLIMSOLL_SRC/tests/lib/make_image.py" "$STATE" "$REGISTRY/web:1" layers/base >/dev/null
	plimsoll sign "$REGISTRY/web:1"
	plimsoll push "$REGISTRY/web:1"
	run other advisories fetch "$REGISTRY/web:1"
	assert_status 5
	assert_output_has 'not an artifact of advisories'
	[ ! -e "$OTHER/advisories.db" ]

	plimsoll advisories publish "$REF"
	local layer
	layer=$(curl -sf -H 'Accept: application/vnd.oci.image.manifest.v1+json' \
		"http://$REGISTRY/v2/security/advisories/manifests/latest" | jq -r '.layers[0].digest')
	layer=$REGISTRY_ROOT/docker/registry/v2/blobs/sha256/${layer:7:2}/${layer:7}/data
	printf 'X' | dd of="$layer" bs=1 seek=100 conv=notrunc status=none
	run other advisories fetch "$REF"
	[ "$status" = 4 ] || fail "$status: $output"
	[ ! -e "$OTHER/advisories.db" ]
	[ -z "$(find "$OTHER/tmp" -mindepth 1 2>/dev/null)" ] || fail "left in tmp: $(find "$OTHER/tmp")"
}

@test "nothing to publish, and a reference without a registry" {
	plimsoll trust init >/dev/null
	run plimsoll advisories publish "$REF"
	assert_status 5
	assert_output_has 'no advisories to publish' 'plimsoll advisories update'
	osv CVE-2024-1 >1.json
	plimsoll advisories import 1.json
	run plimsoll advisories publish advisories:latest
	assert_status 2
	run plimsoll advisories fetch advisories:latest
	assert_status 2
}
