# Many signatures, several at once, kills in the middle, mirrors that are bad: against docker-registry.
load ../lib/common
load ../lib/registry
load ../lib/registry_auth

setup() {
	common_setup
	need_cmd docker-registry curl jq
	no_credentials
	export CONTAINERS_REGISTRIES_CONF=/dev/null
	SRC=$BATS_TEST_TMPDIR/src
	OCI_INDEX='Accept: application/vnd.oci.image.index.v1+json'
	registry_start
}

teardown() {
	registry_stop
	bad_registry_stop
	common_teardown
}

# How many the fallback tag of $DIGEST lists: listed NAME
listed() {
	curl -sf -H "$OCI_INDEX" "http://$REGISTRY/v2/$1/manifests/${DIGEST/:/-}" | jq '.manifests | length'
}

@test "a thousand signatures: every list is written once, and read a few times" {
	make_layout "$SRC" web:1
	/usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/many_referrers.py" "$SRC" web:1 1000
	run plimsoll -q copy --format json "oci:$SRC:web:1" "$REGISTRY/a:1"
	assert_status 0
	assert_eq "$(jq -c '[.referrers, .skipped]' <<<"$output")" '[1001,0]'
	assert_eq "$(listed a)" 1001
	assert_eq "$(registry_requests "PUT /v2/a/manifests/${DIGEST/:/-} ")" 1
	run plimsoll -q copy --format json "$REGISTRY/a:1" "$REGISTRY/b:1"
	assert_status 0
	assert_eq "$(jq -c '[.referrers, .skipped]' <<<"$output")" '[1001,0]'
	assert_eq "$(listed b)" 1001
	# One list of tags instead of four questions for each signature.
	[ "$(registry_requests 'GET /v2/a/manifests/sha256-')" -lt 60 ]
	assert_eq "$(registry_requests 'GET /v2/a/tags/list')" 1
	run plimsoll -q copy --format json "$REGISTRY/b:1" oci:out:1
	assert_eq "$(jq -c '[.referrers, .skipped]' <<<"$output")" '[1001,0]'
	assert_eq "$(jq '.manifests | length' out/index.json)" 1002
	run plimsoll -q copy --format json oci:out:1 oci-archive:out.tar:1
	run plimsoll -q copy --format json oci-archive:out.tar:1 "$REGISTRY/c:1"
	assert_eq "$(jq -c '[.referrers, .skipped]' <<<"$output")" '[1001,0]'
	assert_eq "$(find "$STATE/tmp" -mindepth 1)" ""
}

@test "several who enter referrers at once: none is lost" {
	make_layout "$SRC" web:1
	local i round pids
	for i in 1 2 3 4; do
		cp -r "$SRC" "src$i"
		/usr/bin/python3 - "src$i" "$i" <<-'PY'
			import hashlib, json, sys
			where, n = sys.argv[1:]
			top = json.load(open(f"{where}/index.json"))
			old = next(e for e in top["manifests"] if "annotations" not in e)
			doc = json.load(open(f"{where}/blobs/sha256/{old['digest'][7:]}"))
			doc["annotations"] = {"who": n}
			data = json.dumps(doc).encode()
			digest = hashlib.sha256(data).hexdigest()
			open(f"{where}/blobs/sha256/{digest}", "wb").write(data)
			old.update(digest="sha256:" + digest, size=len(data))
			json.dump(top, open(f"{where}/index.json", "w"))
		PY
	done
	for round in 1 2 3 4 5 6; do
		pids=
		# docker-registry refuses one of two that send it the same blob at the same time.
		plimsoll -q copy --no-referrers "oci:$SRC:web:1" "$REGISTRY/race$round:1" >/dev/null
		for i in 1 2 3 4; do
			"$PLIMSOLL" --state "state$i" -q copy "oci:src$i:web:1" "$REGISTRY/race$round:1" >"out$i" 2>&1 3>&- &
			pids="$pids $!"
		done
		for i in $pids; do
			wait "$i" || { cat out?; return 1; }
		done
		assert_eq "$(listed "race$round")" 4
	done
}

@test "a copy that is killed anywhere shows nothing half, leaves nothing, and is done by the next" {
	make_layout "$SRC" web:1 3000000
	/usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/many_referrers.py" "$SRC" web:1 20
	plimsoll -q copy "oci:$SRC:web:1" "$REGISTRY/from:1" >/dev/null
	local i pid
	for i in 1 2 3 4 5 6 7 8; do
		"$PLIMSOLL" --state "$STATE" -q copy "$REGISTRY/from:1" "oci:out$i:1" >/dev/null 2>&1 3>&- &
		pid=$!
		sleep "0.$((i * i))"
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		[ ! -e "out$i/index.json" ] || ! grep -q '"1"' "out$i/index.json" ||
			assert_eq "$(jq '[.manifests[] | select(.artifactType)] | length' "out$i/index.json")" 21
		"$PLIMSOLL" --state "$STATE" -q copy "$REGISTRY/from:1" "$REGISTRY/to$i:1" >/dev/null 2>&1 3>&- &
		pid=$!
		sleep "0.$((i * i))"
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		! curl -sf -o got -H 'Accept: application/vnd.oci.image.manifest.v1+json' "http://$REGISTRY/v2/to$i/manifests/1" ||
			assert_eq "$(listed "to$i")" 21
	done
	run plimsoll copy "$REGISTRY/from:1" "$REGISTRY/to8:1"
	assert_status 0
	assert_eq "$(listed to8)" 21
	run plimsoll copy "$REGISTRY/from:1" oci:out8:1
	assert_status 0
	assert_eq "$(jq '[.manifests[] | select(.artifactType)] | length' out8/index.json)" 21
	assert_eq "$(find "$STATE/tmp" -mindepth 1)" ""
}

@test "a prune that is killed anywhere has taken nothing that a tag needs, and is done by the next" {
	make_layout "$SRC" web:1
	/usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/many_referrers.py" "$SRC" web:1 30
	local i pid
	plimsoll -q copy "oci:$SRC:web:1" "$REGISTRY/app:keep" >/dev/null
	/usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/make_dated.py" old web:old 2020-01-01T00:00:00Z >/dev/null
	plimsoll -q copy oci:old:web:old "$REGISTRY/app:old" >/dev/null
	for i in 1 2 3 4; do
		"$PLIMSOLL" --state "$STATE" -q prune --older-than 30d --keep 1 "$REGISTRY/app" >/dev/null 2>&1 3>&- &
		pid=$!
		sleep "0.$i"
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		run plimsoll copy "$REGISTRY/app:keep" "oci:kept$i:1"
		assert_status 0
		assert_eq "$(jq '[.manifests[] | select(.artifactType)] | length' "kept$i/index.json")" 31
	done
	run plimsoll prune --older-than 30d --keep 1 "$REGISTRY/app"
	assert_status 0
	run plimsoll tags "$REGISTRY/app"
	assert_eq "$output" keep
}

@test "a mirror with a bad blob is passed over: the next one, then the place itself" {
	make_layout "$SRC" web:1
	plimsoll -q copy "oci:$SRC:web:1" "$REGISTRY/real/web:1" >/dev/null
	export CONTAINERS_REGISTRIES_CONF=$BATS_TEST_TMPDIR/registries.conf
	local mode
	for mode in flipped no-blob short-honest truncated-always wrong-type; do
		bad_registry_start "$SRC" "$mode"
		cat >"$CONTAINERS_REGISTRIES_CONF" <<-TOML
			[[registry]]
			prefix = "logical.example"
			location = "$REGISTRY/real"
			[[registry.mirror]]
			location = "$BAD/x"
		TOML
		run "$PLIMSOLL" --state "state-$mode" pull logical.example/web:1
		assert_status 0
		assert_output_has "$DIGEST" "mirror $BAD is passed over"
		run plimsoll copy logical.example/web:1 "oci:out-$mode:1"
		assert_status 0
		assert_output_has "$DIGEST"
		bad_registry_stop
	done
}

@test "docker's and podman's archives, either way" {
	need_root
	need_cmd podman
	make_layout "$SRC" web:1
	run plimsoll copy "oci:$SRC:web:1" docker-archive:d.tar:localhost/web:7
	assert_status 0
	run podman --root "$PWD/pod" --runroot "$PWD/podrun" --storage-driver vfs load -i d.tar
	assert_status 0
	assert_output_has "localhost/web:7"
	run podman --root "$PWD/pod" --runroot "$PWD/podrun" --storage-driver vfs save --format oci-archive -o p.tar localhost/web:7
	assert_status 0
	run plimsoll copy oci-archive:p.tar "$REGISTRY/pod:1"
	assert_status 0
	run podman --root "$PWD/pod" --runroot "$PWD/podrun" --storage-driver vfs save -o p2.tar localhost/web:7
	assert_status 0
	run plimsoll copy docker-archive:p2.tar:localhost/web:7 "$REGISTRY/pod:2"
	assert_status 0
	podman --root "$PWD/pod" --runroot "$PWD/podrun" --storage-driver vfs rmi -a -f >/dev/null
}

@test "the words that others use" {
	make_layout "$SRC" web:1
	echo '{}' >auth.json
	run plimsoll copy --multi-arch all --preserve-digests --digestfile d --authfile auth.json "oci:$SRC:web:1" "docker://$REGISTRY/web:1"
	assert_status 0
	assert_eq "$(cat d)" "$DIGEST"
	run plimsoll copy --multi-arch system "$REGISTRY/web:1" oci:out:1
	assert_status 0
	run plimsoll copy --multi-arch index-only "$REGISTRY/web:1" oci:out:2
	assert_status 2
	run plimsoll copy --all --platform linux/arm64 "$REGISTRY/web:1" oci:out:2
	assert_status 2
	run plimsoll copy --platform plan9/mips "$REGISTRY/web:1" oci:out:2
	assert_status 5
	assert_output_has "not for 'plan9/mips'"
	run plimsoll pull --authfile auth.json "docker://$REGISTRY/web:1"
	assert_status 0
	run plimsoll push --authfile auth.json "$REGISTRY/web:1" "docker://$REGISTRY/web:2"
	assert_status 0
	run plimsoll tags --authfile auth.json "docker://$REGISTRY/web"
	assert_eq "$(sort <<<"$output")" $'1\n2'
	run plimsoll delete --force --authfile auth.json "docker://$REGISTRY/web:2"
	assert_status 0
	run plimsoll prune --authfile none.json "$REGISTRY/web"
	assert_status 6
	assert_output_has "--authfile 'none.json'"
	# The trail has what was copied, and not where this machine's users keep it.
	run plimsoll trail show --format json
	refute_output_has "$BATS_TEST_TMPDIR"
}
