# prune: what nothing needs leaves a repository of docker-registry, and nothing else does.
load ../lib/common
load ../lib/registry
load ../lib/registry_auth

setup() {
	common_setup
	need_cmd docker-registry curl jq
	no_credentials
	export CONTAINERS_REGISTRIES_CONF=/dev/null
	SRC=$BATS_TEST_TMPDIR/src
	registry_start
}

teardown() {
	registry_stop
	common_teardown
}

# push_dated TAG DATE [TYPE...]: sets $GOT, the digests of the image and its referrers.
push_dated() {
	GOT=$(/usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/make_dated.py" "$SRC" "$@")
	"$PLIMSOLL" --state "$STATE" -q copy "oci:$SRC:$1" "$REGISTRY/web:$1" >/dev/null
}

there() { # digest
	curl -sf -o got -H 'Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json' \
		"http://$REGISTRY/v2/web/manifests/$1"
}

@test "old images go with what refers to them; signed ones, shared ones and images of an index stay" {
	push_dated old 2020-01-01T00:00:00Z application/spdx+json
	old=$GOT
	push_dated signed 2020-01-02T00:00:00Z application/vnd.cncf.notary.signature
	signed=$GOT
	push_dated shared 2020-01-03T00:00:00Z
	shared=$GOT
	"$PLIMSOLL" --state "$STATE" -q copy "$REGISTRY/web:shared" "$REGISTRY/web:sha256-0" >/dev/null
	push_dated young 2026-01-01T00:00:00Z application/spdx+json
	young=$GOT
	# An index of now that holds an old image: it is as new as its newest, and old's twin is in it.
	push_dated inner 2020-02-01T00:00:00Z
	inner=$GOT
	/usr/bin/python3 - "$SRC" "$inner" $(head -1 <<<"$young") <<-'PY'
		import hashlib, json, sys
		where, digests = sys.argv[1], sys.argv[2:]
		kind = "application/vnd.oci.image.index.v1+json"
		entries = [e for e in json.load(open(f"{where}/index.json"))["manifests"] if e["digest"] in digests]
		doc = json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": [
		    {k: e[k] for k in ("mediaType", "digest", "size")} for e in entries]}).encode()
		digest = hashlib.sha256(doc).hexdigest()
		open(f"{where}/blobs/sha256/{digest}", "wb").write(doc)
		top = json.load(open(f"{where}/index.json"))
		top["manifests"].append({"mediaType": kind, "digest": "sha256:" + digest, "size": len(doc),
		    "annotations": {"org.opencontainers.image.ref.name": "both"}})
		json.dump(top, open(f"{where}/index.json", "w"))
	PY
	"$PLIMSOLL" --state "$STATE" -q copy "oci:$SRC:both" "$REGISTRY/web:both" >/dev/null
	run plimsoll -q prune "$REGISTRY/web"
	assert_status 0
	assert_eq "$output" ""
	run plimsoll prune --dry-run --older-than 1000d "$REGISTRY/web"
	assert_status 0
	assert_output_has "would remove $(head -1 <<<"$old")  image  old" "$(tail -1 <<<"$old")  referrer" "list of referrers" \
		"kept signed: it is signed"
	for d in $old $signed $shared $young $inner; do there "$d"; done
	run plimsoll -q prune --dry-run --older-than 1000d "$REGISTRY/web"
	assert_eq "$(grep -cvE '^sha256:[0-9a-f]{64}$' <<<"$output")" 0
	run plimsoll prune --older-than 1000d "$REGISTRY/web"
	assert_status 0
	for d in $old; do ! there "$d"; done
	# "shared" and its other name are both old: gone; "inner" lost its tag with its manifest? No: the index needs it.
	! there "$shared"
	for d in $signed $young $inner; do there "$d"; done
	run plimsoll copy "$REGISTRY/web:both" oci:both
	assert_status 0
	run plimsoll tags --all "$REGISTRY/web"
	refute_output_has "$(head -1 <<<"$old" | tr : -)"
	assert_output_has "$(head -1 <<<"$signed" | tr : -)" "$(head -1 <<<"$young" | tr : -)"
	run plimsoll trail show
	assert_output_has prune
}

@test "the newest stay; of both options both must say so" {
	for i in 1 2 3 4; do push_dated "v$i" "2020-01-0${i}T00:00:00Z"; done
	run plimsoll -q prune --keep 3 --older-than 20000d "$REGISTRY/web"
	assert_eq "$output" ""
	# Two names are one image.
	plimsoll -q copy "$REGISTRY/web:v4" "$REGISTRY/web:latest" >/dev/null
	run plimsoll prune --keep 3 --format json "$REGISTRY/web"
	assert_status 0
	run plimsoll tags "$REGISTRY/web"
	assert_eq "$(sort <<<"$output" | tr '\n' ' ')" "latest v2 v3 v4 "
	run plimsoll prune --keep x "$REGISTRY/web"
	assert_status 2
	for name in v2 latest; do
		run plimsoll prune "$REGISTRY/web:$name"
		assert_status 2
	done
}

@test "referrers of an image that is gone go too, also after a prune that was cut" {
	push_dated a 2020-01-01T00:00:00Z application/spdx+json application/vnd.cncf.notary.signature
	a=$GOT
	push_dated b 2020-01-02T00:00:00Z application/vnd.cncf.notary.signature
	b=$GOT
	run plimsoll delete "$REGISTRY/web:a"
	assert_status 0
	assert_output_has "2 signatures or other referrers are left"
	# As if it had been cut after the first: the list still tells of the second.
	curl -sf -X DELETE "http://$REGISTRY/v2/web/manifests/$(sed -n 2p <<<"$a")"
	run plimsoll prune "$REGISTRY/web"
	assert_status 0
	for d in $a; do ! there "$d"; done
	for d in $b; do there "$d"; done
	run plimsoll tags --all "$REGISTRY/web"
	assert_eq "$(sort <<<"$output" | tr '\n' ' ')" "b $(head -1 <<<"$b" | tr : -) "
	# With no image left, it may be a repository that keeps the signatures of another.
	run plimsoll delete "$REGISTRY/web:b"
	assert_status 0
	run plimsoll prune "$REGISTRY/web"
	assert_status 3
	assert_output_has "a repository of signatures?"
	there "$(tail -1 <<<"$b")"
}

@test "an error while it looks removes nothing, nor does a long list of signatures" {
	push_dated a 2020-01-01T00:00:00Z application/vnd.cncf.notary.signature
	a=$GOT
	url="http://$REGISTRY/v2/web/manifests/$(head -1 <<<"$a" | tr : -)"
	type=application/vnd.oci.image.index.v1+json
	curl -sf -H "Accept: $type" "$url" | jq -c '.manifests[0] as $m | .manifests = [range(4097) | $m]' >long
	curl -sf -X PUT -H "Content-Type: $type" --data-binary @long "$url"
	run plimsoll prune --older-than 1d "$REGISTRY/web"
	assert_status 0
	there "$(head -1 <<<"$a")"
	# Nor are indexes in indexes that nobody would follow.
	local deep=$(head -1 <<<"$a") kind=application/vnd.oci.image.manifest.v1+json
	curl -sf -H "Accept: $kind" "http://$REGISTRY/v2/web/manifests/$deep" >one
	for i in 1 2 3 4 5; do
		jq -jnc --arg t "$type" --arg k "$kind" --arg d "$deep" --argjson n "$(stat -c %s one)" \
			'{schemaVersion: 2, mediaType: $t, manifests: [{mediaType: $k, digest: $d, size: $n}]}' >next
		curl -sf -X PUT -H "Content-Type: $type" --data-binary @next "http://$REGISTRY/v2/web/manifests/deep"
		mv next one; kind=$type; deep=sha256:$(sha256sum <one | cut -d' ' -f1)
	done
	run plimsoll prune "$REGISTRY/web"
	assert_status 3
	assert_output_has "nested deeper than 4"
	curl -sf -X DELETE "http://$REGISTRY/v2/web/manifests/$deep"
	push_dated b 2020-01-02T00:00:00Z
	# The manifest of b cannot be read any more.
	hex=$(head -1 <<<"$GOT"); hex=${hex#sha256:}
	echo '{' >"$REGISTRY_ROOT/docker/registry/v2/blobs/sha256/${hex:0:2}/$hex/data"
	run plimsoll prune --older-than 1d "$REGISTRY/web"
	[ "$status" -ne 0 ]
	there "$(head -1 <<<"$a")"
}
