# copy, tags and delete: an image with all that belongs to it, between docker-registry, layouts and archives.
load ../lib/common
load ../lib/registry
load ../lib/registry_auth

setup() {
	common_setup
	need_cmd docker-registry curl jq
	no_credentials
	export CONTAINERS_REGISTRIES_CONF=/dev/null
	SRC=$BATS_TEST_TMPDIR/src
}

teardown() {
	registry_stop
	bad_registry_stop
	common_teardown
}

# A layout with an index, "all": $SRC. Sets $DIGESTS, all manifests, the index first; $CHILD, the image for arm64.
make_all() {
	make_layout "$SRC" web:1
	DIGESTS=$(/usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/make_index.py" "$SRC" web:1 all)
	INDEX=$(head -1 <<<"$DIGESTS")
	CHILD=$(sed -n 3p <<<"$DIGESTS")
}

# has_all NAME: every manifest is in the registry, byte for byte, and each referrer is listed (fallback tags).
has_all() {
	local d subject
	for d in $DIGESTS; do
		curl -sf -H 'Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json' \
			"http://$REGISTRY/v2/$1/manifests/$d" >got || fail "$1 has not $d"
		assert_eq "sha256:$(sha256sum <got | cut -d' ' -f1)" "$d"
		subject=$(jq -r '.subject.digest // ""' got)
		[ -z "$subject" ] || curl -sf "http://$REGISTRY/v2/$1/manifests/${subject/:/-}" -H 'Accept: application/vnd.oci.image.index.v1+json' |
			grep -q "$d" || fail "$d is not listed"
	done
	curl -sf -H 'Accept: application/vnd.oci.image.manifest.v1+json' "http://$REGISTRY/v2/$1/manifests/${INDEX/:/-}.sig" >got
	assert_eq "sha256:$(sha256sum <got | cut -d' ' -f1)" "$(tail -1 <<<"$DIGESTS")"
}

@test "an index with everything: layout, registry, registry, layout, archive, registry" {
	registry_start
	make_all
	run plimsoll copy "oci:$SRC:all" "docker://$REGISTRY/a/web:1"
	assert_status 0
	assert_output_has "$INDEX"
	has_all a/web
	run plimsoll copy --quiet --format json "$REGISTRY/a/web:1" "$REGISTRY/b/web:2"
	assert_status 0
	assert_eq "$(jq -c '[.referrers, .skipped, .manifests, .blobsMounted > 0]' <<<"$output")" '[5,0,8,true]'
	assert_eq "$(registry_requests 'GET /v2/a/web/blobs')" 0
	has_all b/web
	run plimsoll copy "$REGISTRY/b/web:2" oci:out:x
	assert_status 0
	assert_eq "$(ls out)" $'blobs\nindex.json\noci-layout'
	# A second one beside it: the lock files of a layout that was there stay.
	run plimsoll copy "$REGISTRY/b/web:2" oci:out:x2
	assert_status 0
	assert_eq "$(ls out)" $'blobs\nindex.json\nindex.lock\noci-layout\nstore.lock'
	# Somebody's folder is no layout, and what is in it stays.
	mkdir -p mine/tmp
	echo precious >mine/tmp/file
	run plimsoll copy "$REGISTRY/b/web:2" oci:mine:x
	assert_status 2
	assert_output_has "neither empty nor a layout"
	assert_eq "$(find mine -type f)" mine/tmp/file
	run plimsoll copy oci:out:x oci-archive:out.tar:y
	assert_status 0
	run plimsoll copy oci-archive:out.tar:y "$REGISTRY/c/web:3"
	assert_status 0
	assert_output_has "$INDEX"
	has_all c/web
	assert_eq "$(find "$STATE/tmp" -mindepth 1)" ""
	run plimsoll trail show
	assert_output_has copy "${INDEX:0:19}"
	# Again: nothing is sent.
	run plimsoll copy --quiet --format json "$REGISTRY/a/web:1" "$REGISTRY/b/web:2"
	assert_eq "$(jq -c '[.blobs == .blobsThere]' <<<"$output")" '[true]'
	# Signatures of the destination's own are not lost.
	local at=v2/b/web/manifests/${INDEX/:/-}.sig type=application/vnd.oci.image.manifest.v1+json
	curl -sf -H "Accept: $type" "http://$REGISTRY/$at" | jq -c '.layers[0].annotations.own = "signature"' >own
	curl -sf -X PUT -H "Content-Type: $type" --data-binary @own "http://$REGISTRY/$at"
	run plimsoll copy "$REGISTRY/a/web:1" "$REGISTRY/b/web:3"
	assert_status 3
	assert_output_has "other signatures"
	assert_eq "$(curl -sf -H "Accept: $type" "http://$REGISTRY/$at" | sha256sum)" "$(sha256sum <own)"
}

@test "one platform, no referrers, the state folder, what is refused" {
	registry_start
	make_all
	run plimsoll copy --platform linux/arm64 "oci:$SRC:all" "$REGISTRY/web:arm"
	assert_status 0
	assert_output_has "$CHILD"
	run plimsoll copy --platform linux/arm64/v8 --no-referrers "oci:$SRC:all" "$REGISTRY/bare:arm"
	assert_status 0
	run curl -sf "http://$REGISTRY/v2/bare/manifests/${CHILD/:/-}"
	assert_status 22
	run plimsoll copy --platform linux/riscv64 "oci:$SRC:all" "$REGISTRY/web:2"
	assert_status 5
	assert_output_has "linux/amd64, linux/arm64"
	run plimsoll copy "oci:$SRC:all" "$REGISTRY/web@$CHILD"
	assert_status 2
	run plimsoll copy "oci:$SRC:web:1" store:web:1
	assert_status 0
	assert_output_has "$DIGEST"
	run plimsoll copy web:1 "$REGISTRY/web:3"
	assert_status 0
	run plimsoll copy "oci:$SRC" "$REGISTRY/web:4"
	assert_status 2
	assert_output_has "holds 2 images"
	run plimsoll copy containers-storage:web "$REGISTRY/web:4"
	assert_status 2
	assert_output_has "is not copied from or to"
	run plimsoll copy "$REGISTRY/none:1" oci:none
	assert_status 5
	[ ! -e none ]
}

@test "pull of one platform" {
	registry_start
	make_all
	plimsoll copy "oci:$SRC:all" "$REGISTRY/web:all"
	run plimsoll --state one pull --platform linux/arm64 "$REGISTRY/web:all"
	assert_status 0
	assert_eq "${lines[-1]}" "$CHILD"
	assert_eq "$(plimsoll --state one inspect "$REGISTRY/web:all" | jq -r .digest)" "$CHILD"
	[ ! -e "one/blobs/sha256/${INDEX#*:}" ]
	plimsoll --state one --format json pull --platform linux/arm64 "$REGISTRY/web:all" | jq -e '.referrers >= 1'
	# By its tag again, all of it.
	run plimsoll --state one pull "$REGISTRY/web:all"
	assert_eq "${lines[-1]}" "$INDEX"
	run plimsoll --state one pull --platform linux/riscv64 "$REGISTRY/web:all"
	assert_status 5
	assert_output_has "linux/amd64, linux/arm64"
	assert_eq "$(plimsoll --state one inspect "$REGISTRY/web:all" | jq -r .digest)" "$INDEX"
	run plimsoll --state two pull --platform linux/arm64 "$REGISTRY/web@$INDEX"
	assert_status 2
}

@test "skopeo reads what was copied, and the other way; docker's archives" {
	need_cmd skopeo
	registry_start
	make_all
	plimsoll -q copy "oci:$SRC:all" "$REGISTRY/web:1" >/dev/null
	run skopeo copy --all --src-tls-verify=false "docker://$REGISTRY/web:1" "oci:sk:all"
	assert_status 0
	assert_eq "$(jq -r '.manifests[0].digest' sk/index.json)" "$INDEX"
	run plimsoll copy "$REGISTRY/web:1" oci:pl:all
	run skopeo inspect --raw oci:pl:all
	assert_status 0
	assert_eq "sha256:$(printf %s "$output" | sha256sum | cut -d' ' -f1)" "$INDEX"
	# A docker archive of skopeo's, into the registry and to an archive again.
	run skopeo copy --src-tls-verify=false "docker://$REGISTRY/web@$CHILD" docker-archive:sk.tar:web:9
	assert_status 0
	run plimsoll copy docker-archive:sk.tar "$REGISTRY/da:1"
	assert_status 0
	run skopeo inspect --tls-verify=false "docker://$REGISTRY/da:1"
	assert_status 0
	run plimsoll copy --platform linux/arm64 "$REGISTRY/web:1" docker-archive:pl.tar:web:7
	assert_status 0
	assert_eq "$(tar -xOf pl.tar manifest.json | jq -r '.[0].RepoTags[0]')" web:7
	run skopeo inspect docker-archive:pl.tar
	assert_status 0
}

@test "what hurts one referrer takes no other away" {
	registry_start
	make_layout "$SRC" web:1
	local good
	good=$(/usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/hurt_referrers.py" "$SRC" web:1)
	run plimsoll copy "oci:$SRC:web:1" oci:out:x
	assert_status 0
	assert_output_has "left out a referrer" "its descriptor says 3" "more than 6 deep" "is missing"
	grep -q "$good" out/index.json
	# The destination has {} of two bytes already.
	plimsoll -q copy "oci:out:x" "$REGISTRY/web:1" >/dev/null
	run plimsoll copy "oci:$SRC:web:1" "$REGISTRY/web:1"
	assert_status 0
	assert_output_has "left out a referrer" "its descriptor says 3" "more than 6 deep" "is missing"
	run curl -sf -H 'Accept: application/vnd.oci.image.manifest.v1+json' "http://$REGISTRY/v2/web/manifests/$good"
	assert_status 0
}

@test "a foreign layer is not fetched, a damaged referrer is left out and said" {
	registry_start
	make_all
	local blob
	blob=$(printf 'signature of the index' | sha256sum | cut -d' ' -f1)
	echo x >"$SRC/blobs/sha256/$blob"
	run plimsoll copy "oci:$SRC:all" "$REGISTRY/web:1"
	assert_status 0
	assert_output_has "left out a referrer"
	# One that the index holds, too, is not left out of it.
	/usr/bin/python3 - "$SRC" <<-'PY'
		import hashlib, json, sys
		where = sys.argv[1]
		top = json.load(open(f"{where}/index.json"))
		sig = next(e for e in top["manifests"] if e.get("artifactType") == "application/vnd.example.signature")
		subject = json.load(open(f"{where}/blobs/sha256/{sig['digest'][7:]}"))["subject"]
		inner = json.load(open(f"{where}/blobs/sha256/{subject['digest'][7:]}"))
		inner["manifests"] = [{k: d[k] for k in ("mediaType", "digest", "size")} for d in (subject, sig)]
		doc = json.dumps(inner).encode()
		digest = hashlib.sha256(doc).hexdigest()
		open(f"{where}/blobs/sha256/{digest}", "wb").write(doc)
		top["manifests"].append({"mediaType": inner["mediaType"], "digest": "sha256:" + digest, "size": len(doc),
		    "annotations": {"org.opencontainers.image.ref.name": "holds"}})
		json.dump(top, open(f"{where}/index.json", "w"))
	PY
	run plimsoll copy "oci:$SRC:holds" "$REGISTRY/web:2"
	assert_status 4
}

@test "tags in pages, without those that belong to an image; a repository that is not there" {
	registry_start
	make_layout "$STATE" web:1
	plimsoll -q push web:1 "$REGISTRY/team/web:1" >/dev/null
	# The registry's own folders: 2,100 tags are three pages.
	local link=$REGISTRY_ROOT/docker/registry/v2/repositories/team/web/_manifests/tags
	(cd "$link" && for i in $(seq 2 2100); do cp -r 1 "t$i"; done)
	run plimsoll tags "$REGISTRY/team/web"
	assert_status 0
	assert_eq "$(wc -l <<<"$output")" 2100
	run plimsoll tags --all --format json "docker://$REGISTRY/team/web"
	assert_eq "$(jq '.tags | length' <<<"$output")" 2101
	run plimsoll tags "$REGISTRY/none"
	assert_status 5
	run plimsoll tags "$REGISTRY/team/web:1"
	assert_status 2
}

@test "lists of tags that do not end, or are none" {
	make_layout "$SRC" web:1
	local mode want words
	while read -r mode want words; do
		bad_registry_start "$SRC" "$mode"
		run plimsoll tags "$BAD/x"
		bad_registry_stop
		assert_status "$want"
		assert_output_has "$words"
	done <<-END
		tags-loop 7 brings nothing new
		tags-endless 7 more than
		tags-nonsense 7 a tag that is none
		tags-number 7 something else than tags
		tags-null 0
		tags-elsewhere 7 another registry
		tags-garbled 7 next page that is none
		tags-empty-end 0 2
		tags-two-links 0 2
	END
}

@test "delete: in use, by force, disabled, gone" {
	registry_start
	make_all
	plimsoll -q copy "oci:$SRC:web:1" "$REGISTRY/web:1" >/dev/null
	plimsoll -q copy "oci:$SRC:web:1" "$REGISTRY/web:2" >/dev/null
	plimsoll -q copy "oci:$SRC:all" "$REGISTRY/web:all" >/dev/null
	run plimsoll delete "$REGISTRY/web:1"
	assert_status 3
	assert_output_has "$DIGEST is in use" "tags 2" "indexes all"
	run plimsoll tags "$REGISTRY/web"
	assert_output_has 1 2 all
	run plimsoll delete "$REGISTRY/web:all"
	assert_status 0
	assert_output_has "$INDEX" "tag all" "1 signatures or other referrers are left"
	# The fallback tag that lists a signature is no use of it.
	curl -sf -H 'Accept: application/vnd.oci.image.index.v1+json' "http://$REGISTRY/v2/web/manifests/${DIGEST/:/-}" >got
	run plimsoll delete "$REGISTRY/web@$(jq -r '.manifests[0].digest' got)"
	assert_status 0
	run plimsoll delete --force "$REGISTRY/web:1"
	assert_status 0
	assert_output_has "tag 1" "tag 2"
	run plimsoll tags "$REGISTRY/web"
	assert_eq "$output" ""
	run plimsoll delete "$REGISTRY/web:1"
	assert_status 5
	registry_stop
	sed -i 's/delete: {enabled: true}/delete: {enabled: false}/' "$BATS_TEST_TMPDIR/registry.yml"
	docker-registry serve "$BATS_TEST_TMPDIR/registry.yml" >>"$BATS_TEST_TMPDIR/registry.log" 2>&1 3>&- &
	REGISTRY_PID=$!
	wait_for 20 curl -sf -o v2 "http://$REGISTRY/v2/"
	plimsoll -q copy "oci:$SRC:web:1" "$REGISTRY/web:1" >/dev/null
	run plimsoll delete "$REGISTRY/web:1"
	assert_status 6
	assert_output_has REGISTRY_STORAGE_DELETE_ENABLED
}
