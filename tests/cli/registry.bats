# push, pull, images, inspect, tag and rmi against Debian's docker-registry.
load ../lib/common
load ../lib/registry

setup() {
	common_setup
	need_cmd docker-registry curl jq
}

teardown() {
	registry_stop
	bad_registry_stop
	common_teardown
}

@test "plimsoll does not link libcurl, plimsoll-fetch does" {
	run readelf -d "$PLIMSOLL"
	assert_status 0
	refute_output_has libcurl
	run readelf -d "$(dirname "$PLIMSOLL")/plimsoll-fetch"
	assert_output_has libcurl
}

@test "plimsoll-fetch by hand says so and exits 2" {
	run "$(dirname "$PLIMSOLL")/plimsoll-fetch" </dev/null
	assert_status 2
	assert_output_has "started by plimsoll"
}

@test "an image pushed and pulled is the same, its signature with it" {
	registry_start
	make_layout "$STATE" web:1
	run plimsoll -q push web:1 "$REGISTRY/team/web:1"
	assert_status 0
	assert_eq "$output" "$DIGEST"
	run "$PLIMSOLL" --state "$BATS_TEST_TMPDIR/b" -q pull "$REGISTRY/team/web:1"
	assert_status 0
	assert_eq "$output" "$DIGEST"
	diff -r "$STATE/blobs" "$BATS_TEST_TMPDIR/b/blobs"
	run "$PLIMSOLL" --state "$BATS_TEST_TMPDIR/b" inspect "$REGISTRY/team/web:1"
	assert_status 0
	assert_eq "$(jq -r '.digest, .signatures, .referrers[0].artifactType' <<<"$output" | paste -sd' ')" \
		"$DIGEST 1 application/vnd.cncf.notary.signature"
}

@test "--digestfile: wherever the user says, and nothing is sent when it cannot be written" {
	registry_start
	make_layout "$STATE" web:1
	mkdir in
	plimsoll push --digestfile "$PWD/pushed" web:1 "$REGISTRY/web:1"
	assert_eq "$(cat pushed)" "$DIGEST"
	(cd in && plimsoll copy --digestfile ../copied "docker://$REGISTRY/web:1" "docker://$REGISTRY/web:2")
	assert_eq "$(cat copied)" "$DIGEST"
	if [ "$(id -u)" = 0 ]; then # a file that a container was given
		echo something longer than a digest, which has seventy-one characters in all >outside
		touch inside
		unshare -m sh -c 'mount --bind outside inside && exec "$@"' sh "$PLIMSOLL" --state "$STATE" copy \
			--digestfile "$PWD/inside" "docker://$REGISTRY/web:1" "docker://$REGISTRY/web:2"
		assert_eq "$(cat outside) $(cat inside)" "$DIGEST "
	fi
	run plimsoll push --digestfile "$PWD/nowhere/x" web:1 "$REGISTRY/web:3"
	assert_status 2
	assert_output_has "there is no folder '$PWD/nowhere/'"
	run plimsoll copy --digestfile "$PWD/nowhere/x" "docker://$REGISTRY/web:1" "docker://$REGISTRY/web:4"
	assert_status 2
	assert_eq "$(curl -s "http://$REGISTRY/v2/web/tags/list" | jq -c '.tags | map(select(length == 1)) | sort')" '["1","2"]'
}

@test "an archive on standard output is alone there" {
	make_layout "$STATE" web:1
	plimsoll copy --no-referrers web:1 docker-archive:file
	for out in - /dev/stdout; do
		plimsoll copy --no-referrers web:1 "docker-archive:$out" --digestfile digest | cat >piped
		cmp file piped
		assert_eq "$(cat digest)" "$DIGEST"
		plimsoll copy --no-referrers web:1 "docker-archive:$out" >redirected
		cmp file redirected
		run plimsoll --format json copy web:1 "oci-archive:$out"
		assert_status 2
	done
}

@test "signatures and inspect: of what is here, and of what a registry has" {
	registry_start
	make_layout "$STATE" web:1
	plimsoll push web:1 "$REGISTRY/web:1"
	local there="docker://$REGISTRY/web:1" other="$PLIMSOLL --state $BATS_TEST_TMPDIR/b" signature
	signature=$(plimsoll inspect web:1 | jq -r '.referrers[0].digest')
	assert_eq "$(plimsoll -q signatures web:1)" "$signature"
	assert_eq "$($other -q signatures "$there")" "$signature"
	assert_eq "$($other -q list "$REGISTRY/web:1")" "$signature"
	run $other signatures "$there"
	assert_output_has "$signature  ${DIGEST:0:19}  application/vnd.cncf.notary.signature  -"
	assert_eq "$($other --format json signatures "$there" | jq -c '[.schema, .digest, .signatures[].count]')" \
		"[\"plimsoll.signatures/v1\",\"$DIGEST\",1]"
	assert_eq "$($other -q inspect "$there")" "$DIGEST"
	assert_eq "$($other inspect "$there" | jq -r '.digest, .signatures, .config' | paste -sd' ')" "$DIGEST 1 null"
	# Nothing of it has a name here, and what is here is not what is asked for.
	assert_eq "$($other images -q)" ""
	run $other inspect "$REGISTRY/web:1"
	assert_status 5
	run plimsoll signatures docker://web:1
	assert_status 2
	run plimsoll signatures none:1
	assert_status 5
}

@test "by digest alone: pulled, listed without a tag, found by a prefix" {
	registry_start
	make_layout "$STATE" web:1
	plimsoll push web:1 "$REGISTRY/web:1"
	local b=$BATS_TEST_TMPDIR/b
	run "$PLIMSOLL" --state "$b" -q pull "$REGISTRY/web@$DIGEST"
	assert_status 0
	assert_eq "$output" "$DIGEST"
	run "$PLIMSOLL" --state "$b" images
	assert_output_has "$REGISTRY/web" "<none>" "${DIGEST:0:19}"
	run "$PLIMSOLL" --state "$b" -q inspect "${DIGEST:7:10}"
	assert_eq "$output" "$DIGEST"
	run "$PLIMSOLL" --state "$b" images -q
	assert_eq "$output" "$DIGEST"
}

@test "blobs that the registry has are not sent again" {
	registry_start
	make_layout "$STATE" web:1
	run plimsoll push web:1 "$REGISTRY/web:1"
	assert_status 0
	local before
	before=$(registry_requests '"(PUT|PATCH|POST) [^"]*/blobs/uploads/')
	[ "$before" -gt 0 ]
	run plimsoll push web:1 "$REGISTRY/web:again"
	assert_status 0
	assert_output_has exists
	assert_eq "$(registry_requests '"(PUT|PATCH|POST) [^"]*/blobs/uploads/')" "$before"
}

@test "blobs of another repository of the registry are mounted, not sent" {
	registry_start
	make_layout "$STATE" web:1
	plimsoll push web:1 "$REGISTRY/one:1"
	plimsoll tag web:1 "$REGISTRY/one:1"
	local before
	before=$(registry_requests '"PUT [^"]*/blobs/uploads/')
	run plimsoll push "$REGISTRY/one:1" "$REGISTRY/two:1"
	assert_status 0
	assert_output_has mounted
	assert_eq "$(registry_requests '"PUT [^"]*/blobs/uploads/')" "$before"
	run "$PLIMSOLL" --state "$BATS_TEST_TMPDIR/b" -q pull "$REGISTRY/two:1"
	assert_eq "$output" "$DIGEST"
}

@test "blobs that are here are not fetched again, and a damaged one is mended" {
	registry_start
	make_layout "$STATE" web:1
	plimsoll push web:1 "$REGISTRY/web:1"
	local b=$BATS_TEST_TMPDIR/b big
	"$PLIMSOLL" --state "$b" pull "$REGISTRY/web:1"
	local before
	before=$(registry_requests '"GET [^"]*/blobs/sha256')
	run "$PLIMSOLL" --state "$b" pull "$REGISTRY/web:1"
	assert_status 0
	assert_eq "$(registry_requests '"GET [^"]*/blobs/sha256')" "$before"
	big=$(find "$b/blobs/sha256" -size +100k)
	printf X | dd of="$big" bs=1 seek=1000 conv=notrunc status=none
	run "$PLIMSOLL" --state "$b" pull "$REGISTRY/web:1"
	assert_status 0
	assert_eq "$(registry_requests '"GET [^"]*/blobs/sha256')" $((before + 1))
	assert_eq "$(sha256sum <"$big" | cut -d' ' -f1)" "$(basename "$big")"
}

@test "the fallback tag names the signature, as the specification has it" {
	registry_start
	make_layout "$STATE" web:1
	plimsoll push web:1 "$REGISTRY/web:1"
	run curl -fsS -H "Accept: application/vnd.oci.image.index.v1+json" \
		"http://$REGISTRY/v2/web/manifests/sha256-${DIGEST#sha256:}"
	assert_status 0
	assert_eq "$(jq -r '.manifests | length' <<<"$output")" 1
	assert_eq "$(jq -r '.manifests[0] | .artifactType, .annotations["org.opencontainers.image.created"]' <<<"$output" |
		paste -sd' ')" "application/vnd.cncf.notary.signature 2026-11-01T00:00:01Z"
	# Again changes nothing; without referrers nothing is entered.
	local puts
	puts=$(registry_requests '"PUT [^"]*/manifests/sha256-')
	plimsoll push web:1 "$REGISTRY/web:1"
	assert_eq "$(registry_requests '"PUT [^"]*/manifests/sha256-')" "$puts"
	plimsoll push --no-referrers web:1 "$REGISTRY/bare:1"
	run curl -s -o /dev/null -w '%{http_code}' "http://$REGISTRY/v2/bare/manifests/sha256-${DIGEST#sha256:}"
	assert_eq "$output" 404
}

@test "an entry of the fallback tag whose manifest is gone does not stop the next signature" {
	registry_start
	make_layout "$STATE" web:1
	plimsoll push web:1 "$REGISTRY/web:1"
	# The signature's manifest is deleted from the registry; its entry stays.
	local tag=sha256-${DIGEST#sha256:} gone
	gone=$(curl -fsS -H "Accept: application/vnd.oci.image.index.v1+json" "http://$REGISTRY/v2/web/manifests/$tag" |
		jq -r '.manifests[0].digest')
	curl -fsS -X DELETE "http://$REGISTRY/v2/web/manifests/$gone"
	make_layout "$BATS_TEST_TMPDIR/other" other:1
	# A second, different referrer of the same subject, made from the first.
	local second
	second=$(jq -c '.annotations.n = "2"' "$STATE/blobs/sha256/${gone#sha256:}")
	local hex
	hex=$(printf %s "$second" | sha256sum | cut -d' ' -f1)
	printf %s "$second" >"$STATE/blobs/sha256/$hex"
	jq -c --arg d "sha256:$hex" --argjson n "${#second}" --arg gone "$gone" \
		'.manifests |= map(if .digest == $gone then .digest = $d | .size = $n else . end)' "$STATE/index.json" >i
	mv i "$STATE/index.json"
	run plimsoll push web:1 "$REGISTRY/web:1"
	assert_status 0
	run curl -fsS -H "Accept: application/vnd.oci.image.index.v1+json" "http://$REGISTRY/v2/web/manifests/$tag"
	assert_eq "$(jq -r '.manifests[].digest' <<<"$output")" "sha256:$hex"
}

@test "skopeo reads what was pushed, and our layout" {
	need_cmd skopeo
	registry_start
	make_layout "$STATE" web:1
	plimsoll push web:1 "$REGISTRY/web:1"
	run skopeo inspect --tls-verify=false "docker://$REGISTRY/web:1"
	assert_status 0
	assert_eq "$(jq -r .Digest <<<"$output")" "$DIGEST"
	"$PLIMSOLL" --state "$BATS_TEST_TMPDIR/b" pull "$REGISTRY/web:1"
	run skopeo copy --preserve-digests "oci:$BATS_TEST_TMPDIR/b:$REGISTRY/web:1" "dir:$BATS_TEST_TMPDIR/copy"
	assert_status 0
	assert_eq "$(sha256sum <"$BATS_TEST_TMPDIR/copy/manifest.json" | cut -d' ' -f1)" "${DIGEST#sha256:}"
}

@test "what skopeo pushed, an index too, is pulled" {
	need_cmd skopeo
	registry_start
	make_layout "$STATE" web:1
	# An index of our image and of one for a machine that this is not, whose image is not here.
	local image index
	image=$(jq -c '.manifests[0] | del(.annotations) + {platform: {os: "linux", architecture: "amd64"}}' "$STATE/index.json")
	index=$(jq -nc --argjson i "$image" '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json",
		manifests: [($i | .platform.architecture = "mips"), $i]}')
	[ "$(uname -m)" = x86_64 ] || skip "the image is for amd64"
	skopeo copy --dest-tls-verify=false "oci:$STATE:web:1" "docker://$REGISTRY/multi:amd64"
	curl -fsS -X PUT -H "Content-Type: application/vnd.oci.image.index.v1+json" -d "$index" \
		"http://$REGISTRY/v2/multi/manifests/all"
	local b=$BATS_TEST_TMPDIR/b want
	want=sha256:$(printf %s "$index" | sha256sum | cut -d' ' -f1)
	run "$PLIMSOLL" --state "$b" -q pull "$REGISTRY/multi:all"
	assert_status 0
	assert_eq "$output" "$want"
	run "$PLIMSOLL" --state "$b" inspect "$REGISTRY/multi:all"
	assert_status 0
	assert_eq "$(jq -r '.digest + " " + .platformDigest' <<<"$output")" "$want $DIGEST"
	run "$PLIMSOLL" --state "$b" -q push "$REGISTRY/multi:all" "$REGISTRY/again:all"
	assert_status 0
	assert_eq "$output" "$want"
}

@test "a byte of a layer changed in the registry's storage: pull exits 4, names both digests, keeps nothing" {
	registry_start
	make_layout "$STATE" web:1
	plimsoll push web:1 "$REGISTRY/web:1"
	local data hex
	data=$(find "$REGISTRY_ROOT" -name data -size +100k)
	hex=$(basename "$(dirname "$data")")
	printf X | dd of="$data" bs=1 seek=5000 conv=notrunc status=none
	run "$PLIMSOLL" --state "$BATS_TEST_TMPDIR/b" pull "$REGISTRY/web:1"
	assert_status 4
	assert_output_has "sha256:$hex" "hash to sha256:$(sha256sum <"$data" | cut -d' ' -f1)" "mend: "
	assert_empty_store "$BATS_TEST_TMPDIR/b"
	[ ! -e "$BATS_TEST_TMPDIR/b/blobs/sha256/$hex" ]
}

@test "a byte of a blob changed here: push exits 4 and sends nothing of it" {
	registry_start
	make_layout "$STATE" web:1
	local big
	big=$(find "$STATE/blobs/sha256" -size +100k)
	printf X | dd of="$big" bs=1 seek=5000 conv=notrunc status=none
	run plimsoll push web:1 "$REGISTRY/web:1"
	assert_status 4
	assert_output_has "$(basename "$big")"
	run curl -s -o /dev/null -w '%{http_code}' "http://$REGISTRY/v2/web/manifests/1"
	assert_eq "$output" 404
}

@test "no registry: exit 7, what to ask; no such tag, no such repository: exit 5" {
	local port
	port=$(free_port)
	make_layout "$STATE" web:1
	run plimsoll push web:1 "127.0.0.1:$port/web:1"
	assert_status 7
	assert_output_has "127.0.0.1:$port: connection refused" "curl -fsS http://127.0.0.1:$port/v2/"
	run plimsoll pull "127.0.0.1:$port/web:1"
	assert_status 7
	registry_start
	run plimsoll pull "$REGISTRY/web:none"
	assert_status 5
	assert_output_has "HTTP 404 MANIFEST_UNKNOWN" "tags/list"
	run plimsoll pull web:1
	assert_status 2
	assert_output_has "names no registry"
	run plimsoll push web:1
	assert_status 2
	run plimsoll push nothing:1 "$REGISTRY/web:1"
	assert_status 5
}

@test "tag, rmi: names move, blobs go with their last name" {
	make_layout "$STATE" web:1
	run plimsoll tag web:1 web:2
	assert_status 0
	run plimsoll tag web:1 "web@$DIGEST"
	assert_status 2
	run plimsoll images
	assert_output_has "web         1 " "web         2 " "3"
	run plimsoll images --format json
	assert_eq "$(jq -r '.images | map(.tag) | join(",")' <<<"$output")" "1,2"
	run plimsoll rmi web:1
	assert_status 0
	assert_eq "${lines[0]}" web:1
	run plimsoll inspect web:2
	assert_status 0
	run plimsoll rmi web:1
	assert_status 5
	run plimsoll rmi "$DIGEST"
	assert_status 0
	run plimsoll images -q
	assert_eq "$output" ""
	assert_eq "$(find "$STATE/blobs/sha256" -type f -size +100k | wc -l)" 0
	assert_eq "$(jq '.manifests | length' "$STATE/index.json")" 0
}

@test "kill -9 in the middle of a pull: nothing visible, no helper left, and the next pull works" {
	make_layout "$BATS_TEST_TMPDIR/src" web:1
	bad_registry_start "$BATS_TEST_TMPDIR/src" drip
	plimsoll pull "$BAD/web:1" >/dev/null 2>&1 3>&- &
	local pid=$! helper
	wait_for 20 grep -q "GET .*/blobs/.*" "$BAD_LOG"
	wait_for 20 bash -c "find '$STATE/tmp' -type f -size +50k | grep -q ."
	# The shell function runs in a subshell: the program is its child.
	pid=$(cat "/proc/$pid/task/$pid/children" | tr -d ' ' | grep . || echo "$pid")
	helper=$(tr -d ' ' <"/proc/$pid/task/$pid/children")
	[ -n "$helper" ]
	kill -9 "$pid"
	wait_for 5 test ! -e "/proc/$helper"
	assert_eq "$(jq '.manifests | length' "$STATE/index.json")" 0
	[ -z "$(find "$STATE/blobs" -size +50k)" ]
	bad_registry_stop
	bad_registry_start "$BATS_TEST_TMPDIR/src" fine
	run plimsoll -q pull "$BAD/web:1"
	assert_status 0
	assert_eq "$output" "$DIGEST"
	plimsoll rmi "$BAD/web:1"
	assert_eq "$(find "$STATE/tmp" -type f | wc -l)" 0
}

@test "Ctrl-C in the middle of a pull: exit 130, nothing left" {
	make_layout "$BATS_TEST_TMPDIR/src" web:1
	bad_registry_start "$BATS_TEST_TMPDIR/src" drip
	"$PLIMSOLL" --state "$STATE" pull "$BAD/web:1" >/dev/null 2>&1 3>&- &
	local pid=$! status=0
	wait_for 20 bash -c "find '$STATE/tmp' -type f -size +50k 2>/dev/null | grep -q ."
	kill -TERM "$pid"
	wait "$pid" || status=$?
	assert_status 130
	assert_empty_store "$STATE"
}
