# The road end to end with the sanitized binary, on a base made of this machine's own shell: no network but loopback.
load ../lib/common

setup_file() {
	export BASE_TAR=$BATS_FILE_TMPDIR/base.tar
	host_rootfs "$BATS_FILE_TMPDIR/root"
	tar -C "$BATS_FILE_TMPDIR/root" --numeric-owner --owner=0 --group=0 -cf "$BASE_TAR" .
}

setup() {
	need_root
	common_setup
	registry_start
	STATE=$BATS_TEST_TMPDIR/builder
	PRODUCTION=$BATS_TEST_TMPDIR/production
	plimsoll trust init
	plimsoll advisories import "$PLIMSOLL_SRC/examples/advisories"
	plimsoll import "$BASE_TAR" base:1
}

teardown() {
	registry_stop
	docker_stop
	local id
	for id in $(production ps -q 2>/dev/null); do
		production rm -f "$id" || true
	done
	common_teardown
}

production() {
	"$PLIMSOLL" --state "$PRODUCTION" "$@"
}

production_host() {
	rm -rf "$PRODUCTION"
	plimsoll trust export >builder.pem
	production trust add builder.pem
	production advisories import "$PLIMSOLL_SRC/examples/advisories"
}

context() { # Dockerfile on standard input
	mkdir -p "$BATS_TEST_TMPDIR/context"
	cat >"$BATS_TEST_TMPDIR/context/Dockerfile"
}

hello() {
	context <<-'DOCKER'
		FROM base:1 AS made
		RUN echo "made at sea" >/note
		FROM base:1
		COPY --from=made /note /note
		USER 65534:65534
		CMD ["cat", "/note"]
	DOCKER
}

# Ships the context and sets DIGEST.
ship() {
	run plimsoll ship -t "$REGISTRY/$1:1" "$BATS_TEST_TMPDIR/context"
	assert_status 0
	# What all signatures share goes once: two requests at once for it are too many for docker's registry.
	[ "$(grep -c 'push sha256:44136fa355b3' <<<"$output")" -le 1 ] || fail "one blob, sent again"
	DIGEST=$(grep -oE 'sha256:[0-9a-f]{64}' <<<"$output" | tail -1)
	[ -n "$DIGEST" ] || fail "no digest in:" "$output"
}

blob_of() {
	local hex=${1#sha256:}
	echo "$REGISTRY_ROOT/docker/registry/v2/blobs/sha256/${hex:0:2}/$hex/data"
}

@test "a Dockerfile becomes a process in an empty production state" {
	hello
	ship hello
	run plimsoll watch list
	assert_output_has "$REGISTRY/hello:1" "$DIGEST"
	production_host
	run production run "$REGISTRY/hello@$DIGEST"
	assert_status 0
	assert_output_has "made at sea"
	run plimsoll trail verify
	assert_status 0
	run production trail verify
	assert_status 0
	run production trail show
	assert_output_has "${DIGEST:0:19}"
}

@test "run --pull: what a tag means at the registry now, or nothing that is not here" {
	hello
	ship hello
	production_host
	run production run --pull never "$REGISTRY/hello:1"
	assert_status 5
	assert_output_has "is not here" "plimsoll pull $REGISTRY/hello:1"
	run production run --pull sometimes "$REGISTRY/hello:1"
	assert_status 2
	run production run --rm "$REGISTRY/hello:1"
	assert_output_has "made at sea"
	sed 's/at sea/in port/' -i "$BATS_TEST_TMPDIR/context/Dockerfile"
	ship hello
	run production run --rm --pull never "$REGISTRY/hello:1"
	assert_output_has "made at sea"
	run production run --rm "$REGISTRY/hello:1"
	assert_output_has "made at sea"
	run production run --rm --pull=always "$REGISTRY/hello:1"
	assert_status 0
	assert_output_has "made in port"
}

@test "an image that nobody signed is refused with 4 and the refusal is in the trail" {
	hello
	plimsoll build -t unsigned:1 "$BATS_TEST_TMPDIR/context"
	skopeo copy -q --insecure-policy --dest-tls-verify=false --digestfile digest \
		"oci:$STATE:unsigned:1" "docker://$REGISTRY/unsigned:1"
	production_host
	run production run "$REGISTRY/unsigned@$(cat digest)"
	assert_status 4
	assert_output_has "sign"
	run production --format json trail show
	assert_output_has "$(cat digest)" "refuse"
	run production ps -q
	assert_eq "$output" ""
}

@test "an image whose layer changed by one bit in the registry is refused with 4" {
	hello
	ship hello
	layer=$(jq -r '.layers[-1].digest' "$(blob_of "$DIGEST")")
	file=$(blob_of "$layer")
	at=$(($(stat -c %s "$file") / 2))
	byte=$(xxd -s $at -l 1 -p "$file")
	printf '%02x' $((0x$byte ^ 1)) | xxd -r -p | dd of="$file" bs=1 seek=$at conv=notrunc status=none
	production_host
	run production run "$REGISTRY/hello@$DIGEST"
	assert_status 4
	assert_output_has "$layer"
	run production --format json trail show
	assert_output_has "refuse"
	[ ! -e "$PRODUCTION/blobs/sha256/${layer#sha256:}" ] || fail "the changed layer was kept"
}

@test "an image over the gate is refused with 3, is not pushed, and the refusal is in the trail" {
	context <<-'DOCKER'
		FROM base:1
		RUN printf 'Package: barnacle\nStatus: install ok installed\nArchitecture: all\nVersion: 1.0-1\n\n' >>/var/lib/dpkg/status
	DOCKER
	run plimsoll ship -t "$REGISTRY/overdue:1" "$BATS_TEST_TMPDIR/context"
	assert_status 3
	assert_output_has EXAMPLE-2026-0001 barnacle 1.0-2
	run plimsoll --format json trail show
	assert_output_has "refuse"
	run curl -s "http://$REGISTRY/v2/overdue/tags/list"
	refute_output_has '"1"'
}

@test "an advisory that arrives after the push stops the image from starting, with 3" {
	context <<-'DOCKER'
		FROM base:1
		RUN printf 'Package: kelp\nStatus: install ok installed\nArchitecture: all\nVersion: 1.0-1\n\n' >>/var/lib/dpkg/status
	DOCKER
	ship kelp
	production_host
	sed 's/barnacle/kelp/g; s/EXAMPLE-2026-0001/EXAMPLE-2026-0003/g' \
		"$PLIMSOLL_SRC/examples/advisories/EXAMPLE-2026-0001.json" >EXAMPLE-2026-0003.json
	production advisories import EXAMPLE-2026-0003.json
	run production run "$REGISTRY/kelp@$DIGEST" true
	assert_status 3
	assert_output_has EXAMPLE-2026-0003 kelp
}

@test "skopeo reads the state's layout and copies the pushed image" {
	hello
	ship hello
	run skopeo inspect --raw "oci:$STATE:$REGISTRY/hello:1"
	assert_status 0
	assert_eq "sha256:$(skopeo inspect --raw "oci:$STATE:$REGISTRY/hello:1" | sha256sum | cut -d' ' -f1)" "$DIGEST"
	run skopeo inspect --tls-verify=false "docker://$REGISTRY/hello@$DIGEST"
	assert_status 0
	assert_eq "$(jq -r .Os <<<"$output")" linux
	skopeo copy -q --insecure-policy --src-tls-verify=false "docker://$REGISTRY/hello@$DIGEST" oci:copy:1
	assert_eq "$(jq -r '.manifests[0].digest' copy/index.json)" "$DIGEST"
}

@test "a second ship builds from the cache and names the same digest" {
	hello
	ship hello
	first=$DIGEST
	ship hello
	assert_eq "$DIGEST" "$first"
}

@test "docker runs the pushed image" {
	need_cmd dockerd docker
	hello
	ship hello
	docker_start
	run docker -H "$DOCKER_SOCKET" run --rm --network none "$REGISTRY/hello@$DIGEST"
	docker_stop
	assert_status 0
	assert_output_has "made at sea"
}
