#!/usr/bin/env bats
# plimsoll build --cache-to and --cache-from: what another host knows, believed only when it is signed by somebody whom
# this host trusts, and whole.
bats_require_minimum_version 1.5.0

load ../lib/common
load ../lib/build

setup() {
	common_setup
	mkdir ctx
	host_archive
	cat >ctx/Dockerfile <<-'EOF'
		FROM base:1 AS one
		RUN id -u >/one
		RUN true
		FROM base:1
		COPY a /a
		COPY --from=one /one /one
		RUN cat /a /one >/both
		WORKDIR /made
	EOF
	echo a >ctx/a
	host one
	plimsoll trust export >one.pem
}

teardown() {
	registry_stop
	common_teardown
}

# Another host: its own state folder and key, and the same base, signed by itself.
host() { # name
	STATE=$BATS_TEST_TMPDIR/$1
	plimsoll trust init --subject "C=XX,ST=XX,O=$1,CN=$1"
	plimsoll import rootfs.tar base:1 >/dev/null
}

on() { # name: the host that plimsoll means from now on
	STATE=$BATS_TEST_TMPDIR/$1
}

build() {
	run --separate-stderr plimsoll --format json build --network none "$@" ctx
}

cached() { # steps cached: what the last build said
	assert_status 0
	assert_eq "$(jq -r '"\(.steps) \(.cached)"' <<<"$output")" "$1 $2"
}

@test "through a folder: built here, nothing to do there, the same image" {
	build -t web:1 --cache-to type=local,dest=cache,mode=max
	cached 6 0
	local digest
	digest=$(jq -r .digest <<<"$output")
	host two
	plimsoll trust add one.pem
	build -t web:1 --cache-from type=local,src=cache
	cached 6 6
	assert_eq "$(jq -r .digest <<<"$output")" "$digest"
	run plimsoll trail show --format json
	assert_output_has cache-import
	on one
	run plimsoll trail show --format json
	assert_output_has cache-export
}

@test "the same steps make the same artifact; a second export replaces the first" {
	build --cache-to type=local,dest=cache,mode=max
	cp cache/index.json first
	build --cache-to type=local,dest=cache,mode=max --cache-to type=local,dest=again,mode=max
	cached 6 6
	assert_eq "$(jq -r '.manifests[] | select(.annotations) | .digest' cache/index.json)" \
		"$(jq -r '.manifests[] | select(.annotations) | .digest' first)"
	assert_eq "$(jq -r '.manifests[] | select(.annotations) | .digest' again/index.json)" \
		"$(jq -r '.manifests[] | select(.annotations) | .digest' first)"
	echo b >ctx/a
	build --cache-to type=local,dest=cache
	assert_status 0
	assert_eq "$(jq '[.manifests[] | select(.annotations)] | length' cache/index.json)" 1
	# What the old one had is gone: the blobs are those that index.json reaches.
	assert_eq "$(find cache/blobs/sha256 -type f | wc -l)" 9
}

@test "mode=min has the steps of the image, mode=max those of all stages" {
	build --cache-to type=local,dest=min --cache-to type=local,dest=max,mode=max
	host two
	plimsoll trust add one.pem
	build --cache-from type=local,src=min
	cached 6 4
	host three
	plimsoll trust add one.pem
	build --cache-from type=local,src=max
	cached 6 6
}

@test "through a registry, by type= and by reference alone" {
	need_cmd docker-registry curl
	registry_start
	build --cache-to "type=registry,ref=$REGISTRY/cache:web,mode=max"
	cached 6 0
	host two
	plimsoll trust add one.pem
	build --cache-from "$REGISTRY/cache:web"
	cached 6 6
	host three
	plimsoll trust add one.pem
	build --cache-from "type=registry,ref=$REGISTRY/cache:nothing" --cache-from "type=registry,ref=$REGISTRY/cache:web"
	cached 6 6
	[[ "$stderr" == *"cache:nothing' is not used"* ]]
}

@test "inline: the image is its own cache, once it is signed" {
	need_cmd docker-registry curl
	registry_start
	build -t "$REGISTRY/web:1" --cache-to type=inline
	assert_status 0
	plimsoll push "$REGISTRY/web:1"
	host two
	plimsoll trust add one.pem
	build --cache-from "$REGISTRY/web:1"
	cached 6 0
	[[ "$stderr" == *"nobody signed"* ]]
	on one
	plimsoll sign "$REGISTRY/web:1"
	plimsoll push "$REGISTRY/web:1"
	host three
	plimsoll trust add one.pem
	build --cache-from "$REGISTRY/web:1"
	cached 6 4
	# An image without the annotation is no cache.
	build --cache-from base:1
	assert_status 0
	[[ "$stderr" == *"it holds no build cache"* ]]
}

@test "an unsigned cache, and one signed by somebody else, are not used; the build goes on" {
	build --cache-to type=local,dest=cache,mode=max
	host two
	build --cache-from type=local,src=cache
	cached 6 0
	[[ "$stderr" == *"is not used: no signature of"* ]]
	host three
	plimsoll trust add one.pem
	jq '.manifests |= map(select(.annotations))' cache/index.json >index
	cp index cache/index.json
	build --cache-from type=local,src=cache
	cached 6 0
	[[ "$stderr" == *"is not used: nobody signed"* ]]
	run plimsoll trail show --format json
	assert_output_has cache-import refused
}

@test "a signer who is trusted no more: what came from their cache is not found again" {
	build --cache-to type=local,dest=cache,mode=max
	host two
	plimsoll trust add one.pem
	build --cache-from type=local,src=cache
	cached 6 6
	plimsoll trust remove "$(openssl x509 -in "$BATS_TEST_TMPDIR/one.pem" -outform der | sha256sum | cut -d' ' -f1)"
	build --cache-from type=local,src=cache
	cached 6 0
	[[ "$stderr" == *"is not used"* ]]
	# Nor does a build without --cache-from find any of it.
	host four
	plimsoll trust add one.pem
	build --cache-from type=local,src=cache
	build
	cached 6 0
}

# Makes the bytes of each blob of a kind something else, of the same length.
spoil() { # jq filter of the artifact's manifest
	local d
	for d in $(jq -r "$1" "$(artifact)"); do
		printf 'X' | dd of="cache/blobs/sha256/${d#sha256:}" bs=1 seek=20 conv=notrunc status=none
	done
}

artifact() {
	local d
	d=$(jq -r '.manifests[] | select(.annotations) | .digest' cache/index.json)
	echo "cache/blobs/sha256/${d#sha256:}"
}

@test "a tampered layer, list or manifest is told and not used" {
	build --cache-to type=local,dest=cache,mode=max
	cp -a cache whole
	spoil '.layers[].digest'
	host two
	plimsoll trust add one.pem
	build --cache-from type=local,src=cache
	cached 6 0
	[[ "$stderr" == *"its bytes hash to"* ]]
	rm -rf cache
	cp -a whole cache
	spoil .config.digest
	host three
	plimsoll trust add one.pem
	build --cache-from type=local,src=cache
	cached 6 0
	[[ "$stderr" == *"is not used"* ]]
	rm -rf cache
	cp -a whole cache
	printf ' ' | dd of="$(artifact)" bs=1 seek=1 conv=notrunc status=none
	build --cache-from type=local,src=cache
	cached 6 6 # this host's own by now
	[[ "$stderr" == *"is not used"* ]]
}

# The list rewritten by a jq filter and signed again by host one: what a signer who errs or lies can do.
resign() { # filter
	python3 - "$1" "$(artifact)" <<-'PY'
		import hashlib, json, os, subprocess, sys
		def put(b):
		    d = hashlib.sha256(b).hexdigest()
		    for root in ("one", "cache"):
		        open(f"{root}/blobs/sha256/{d}", "wb").write(b)
		    return "sha256:" + d
		m = json.load(open(sys.argv[2]))
		text = subprocess.run(["jq", "-c", sys.argv[1], "cache/blobs/sha256/" + m["config"]["digest"][7:]],
		                      capture_output=True, check=True).stdout
		m["config"].update(digest=put(text), size=len(text))
		b = json.dumps(m).encode()
		d = put(b)
		entry = {"mediaType": m["mediaType"], "digest": d, "size": len(b)}
		named = dict(entry, annotations={"org.opencontainers.image.ref.name": "cache"})
		index = json.load(open("one/index.json"))
		index["manifests"] = [x for x in index["manifests"] if "cache:1" not in x.get("annotations", {}).values()]
		index["manifests"].append(dict(entry, annotations={"org.opencontainers.image.ref.name": "cache:1"}))
		json.dump(index, open("one/index.json", "w"))
		json.dump({"schemaVersion": 2, "manifests": [named]}, open("cache/index.json", "w"))
	PY
	"$PLIMSOLL" --state "$BATS_TEST_TMPDIR/one" sign cache:1 >/dev/null
	python3 - <<-'PY'
		import json, shutil
		index, cache = json.load(open("one/index.json")), json.load(open("cache/index.json"))
		of = cache["manifests"][0]["digest"]
		for m in index["manifests"]:
		    path = "one/blobs/sha256/" + m["digest"][7:]
		    doc = json.load(open(path))
		    if doc.get("subject", {}).get("digest") == of:
		        cache["manifests"].append(m)
		        for d in [m["digest"], doc["config"]["digest"]] + [l["digest"] for l in doc["layers"]]:
		            shutil.copy("one/blobs/sha256/" + d[7:], "cache/blobs/sha256/")
		json.dump(cache, open("cache/index.json", "w"))
	PY
}

@test "a signed list that lies about a diff ID, or is malformed, is told and not used" {
	build --cache-to type=local,dest=cache,mode=max
	cp -a cache whole
	resign .
	host two
	plimsoll trust add one.pem
	build --cache-from type=local,src=cache
	cached 6 6 # the helper itself works
	resign '.entries |= map(if .diffId then .diffId = "sha256:" + ("0" * 64) else . end)'
	host three
	plimsoll trust add one.pem
	build --cache-from type=local,src=cache
	cached 6 0
	[[ "$stderr" == *"diff ID"* ]]
	local f
	for f in '.entries[0].layer = 99' '.entries += [.entries[0]]' '.entries[0].epoch = -1' '.more = 1' '.entries = {}' \
		'.entries[0].key = "sha256:../../x"'; do
		rm -rf cache
		cp -a whole cache
		resign "$f"
		build --no-cache --cache-from type=local,src=cache
		cached 6 0
		[[ "$stderr" == *"is not used"* ]] || fail "$f" "$stderr"
	done
}

@test "what a cache to or from cannot be is refused before the build" {
	local o
	for o in type=local type=local,src=x,ref=y type=gha type=registry,ref=UPPER '"x=' type=inline; do
		build --cache-from "$o"
		assert_status 2
	done
	for o in type=local type=local,dest=x,mode=all type=s3,dest=x type=registry,ref=nohost type=inline,mode=max nohost; do
		build --cache-to "$o"
		assert_status 2
	done
	mkdir mine
	touch mine/file
	build --cache-to type=local,dest=mine
	assert_status 2
	[[ "$stderr" == *"neither empty nor an OCI image layout"* ]]
	assert_eq "$(ls mine)" file
	build --cache-to type=local,dest=mine,ignore-error=true
	assert_status 0
	[[ "$stderr" == *"warning: "* ]]
	build --cache-to type=local,dest=cache,key=none
	assert_status 5
}

@test "a kill in the middle of an export leaves the old cache or the new one" {
	head -c 3000000 /dev/urandom >ctx/a
	build --cache-to type=local,dest=cache,mode=max
	host two
	plimsoll trust add one.pem
	on one
	local i pid
	for i in 1 2 3 4 5; do
		head -c 3000000 /dev/urandom >ctx/a
		"$PLIMSOLL" --state "$STATE" build --network none --cache-to type=local,dest=cache,mode=max ctx >log 2>&1 3>&- &
		pid=$!
		sleep 0.$((i * 17 % 10))$i
		kill -9 $pid 2>/dev/null || true
		wait $pid 2>/dev/null || true
		on two
		build --cache-from type=local,src=cache
		assert_status 0
		[[ "$stderr" != *"is not used"* ]] || fail "$stderr"
		on one
	done
	build --cache-to type=local,dest=cache,mode=max
	assert_status 0
	assert_eq "$(ls cache/tmp 2>/dev/null)" ""
}

@test "a secret of a step is in no blob of its cache" {
	cat >ctx/Dockerfile <<-'EOF'
		FROM base:1
		RUN --mount=type=secret,id=s cat /run/secrets/s >/dev/null
	EOF
	printf 'SECRET-%s' WORD >s
	build --secret id=s,src=s --cache-to type=local,dest=cache,mode=max
	[ "$status" = 0 ] || skip "--secret is not there yet"
	local f
	for f in cache/blobs/sha256/*; do
		! { cat "$f"; gzip -dc "$f" 2>/dev/null; } | grep -qa SECRET-WORD || fail "$f"
	done
}

@test "--no-cache-filter does the steps of a stage again, --pull asks the registry for a newer base" {
	build
	cached 6 0
	build --no-cache-filter one
	cached 6 4
	build --no-cache-filter 0,1
	cached 6 0
	build --no-cache-filter other
	assert_status 2
	need_cmd docker-registry curl
	registry_start
	plimsoll tag base:1 "$REGISTRY/base:1"
	plimsoll sign "$REGISTRY/base:1" # under its new name
	plimsoll push "$REGISTRY/base:1"
	sed -i "s,base:1,$REGISTRY/base:1," ctx/Dockerfile
	build
	assert_status 0
	host two
	echo more >rootfs/etc/more
	tar -C rootfs -cf rootfs.tar .
	plimsoll import rootfs.tar "$REGISTRY/base:1"
	plimsoll push "$REGISTRY/base:1"
	on one
	build
	cached 6 6
	build --pull
	assert_status 4 # the newer one is signed by another
	plimsoll --state "$BATS_TEST_TMPDIR/two" trust export >two.pem 2>/dev/null ||
		"$PLIMSOLL" --state "$BATS_TEST_TMPDIR/two" trust export >two.pem
	plimsoll trust add two.pem
	build --pull
	cached 6 0
}
