# Images that other tools made, coming in by the one door: archives of docker, podman, buildah and skopeo, OCI layouts
# as folders and as archives, and archives that lie.
load ../lib/common

MAKER=$PLIMSOLL_SRC/tests/lib/docker_archive.py

setup() {
	common_setup
	plimsoll trust init >/dev/null
}

teardown() {
	docker_stop
	common_teardown
}

make_case() { # case
	/usr/bin/python3 "$MAKER" "$1.tar" "$1"
}

# A layout of two images of two layers: web:1 and other:1.
two_images() {
	make_case good
	plimsoll import good.tar:web:1 web:1 >/dev/null
	tiny_rootfs root
	tar -C root -cf root.tar .
	plimsoll import root.tar other:1 >/dev/null
}

config_of() { # name
	plimsoll --format json inspect "$1" | jq -cS .
}

@test "docker's archive: configuration and diff IDs as they are, found by any of its names" {
	make_case good
	run plimsoll import good.tar a:1
	assert_status 0
	run plimsoll import good.tar:web:1 b:1
	assert_status 0
	run plimsoll import good.tar:docker.io/library/web:1 c:1
	assert_status 0
	run plimsoll import good.tar:example.test/web d:1
	assert_status 0
	digest=$(plimsoll -q import good.tar e:1)
	for name in a b c d; do
		skopeo inspect --raw "oci:$STATE:$name:1" | sha256sum | grep -q "${digest#sha256:}" || fail "$name differs"
	done
	tar -xf good.tar
	config=$(skopeo inspect --raw "oci:$STATE:a:1" | jq -r .config.digest)
	cmp "$STATE/blobs/sha256/${config#sha256:}" "${config#sha256:}.json"
	assert_eq "$(plimsoll --format json trail show | jq -r 'map(select(.kind == "import"))[0].result' 2>/dev/null ||
		plimsoll --format json trail show | jq -rs 'map(select(.kind == "import"))[0].result')" ok
}

@test "docker's archive compressed, and from a pipe" {
	make_case good
	digest=$(plimsoll -q import good.tar a:1)
	for tool in gzip bzip2 xz zstd; do
		need_cmd $tool
		$tool -c good.tar >"good.tar.$tool"
		assert_eq "$(plimsoll -q import "good.tar.$tool:web:1" b:1)" "$digest"
	done
	assert_eq "$(plimsoll -q import - b:1 <good.tar)" "$digest"
	assert_eq "$(cat good.tar.xz | plimsoll -q import -- -:web:1 b:1)" "$digest"
}

@test "several images: a name picks, none and an unknown one are refused with what there is" {
	make_case two
	run plimsoll import two.tar a:1
	assert_status 2
	assert_output_has "more than one image" web:1 other:1
	run plimsoll import two.tar:nosuch:1 a:1
	assert_status 5
	assert_output_has "no image named nosuch:1" web:1
	run plimsoll import two.tar:other:1 a:1
	assert_status 0
	run plimsoll import missing.tar a:1
	assert_status 5
	tiny_rootfs root
	tar -C root -cf root.tar .
	run plimsoll import root.tar:web a:1
	assert_status 2
	assert_output_has "root filesystem"
}

@test "a layer that is a link to another's is followed; a manifest by a link too" {
	for case in layer-link manifest-link; do
		make_case $case
		run plimsoll import $case.tar $case:1
		assert_status 0
	done
}

@test "archives that lie are refused whole, and nothing has the name" {
	# case, exit status, what it says
	while read -r case expected words; do
		make_case "$case"
		run timeout 50 "$PLIMSOLL" --state "$STATE" import "$case.tar" lie:1
		[ "$status" = "$expected" ] || fail "$case: exit status $status, not $expected" "$output"
		[[ "$output" == *"$words"* ]] || fail "$case: no '$words' in" "$output"
		refute_output_has "a bug"
		run plimsoll inspect lie:1
		[ "$status" = 5 ] || fail "$case: it has the name"
		[ ! -e escaped ] && [ ! -e ../escaped ] && [ ! -e /tmp/escaped ] || fail "$case escaped"
	done <<-'CASES'
		layer-dots 5 ..
		layer-device 5 device
		layer-through-link 5 l/escaped
		layer-not-tar 5 layer
		diff-id 4 diff ID
		diff-id-missing 5 diff IDs
		config-not-json 5 json
		config-no-rootfs 5 rootfs
		config-hash 4 its bytes hash to
		layer-missing 5 no file
		layer-order 4 diff ID
		layer-more 5 diff IDs
		layer-number 5 no name
		layer-path 5 no file
		same-name 2 more than one
		empty 5 no image
		manifest-object 5 not a list
		manifest-twice-key 5 manifest.json
		member-twice 5 twice
		link-out 5 out of the archive
		link-absolute 5 out of the archive
		link-circle 5 circle
		member-dots 5 ..
		manifest-device 5 manifest.json
		many 5 16384
		short 5 cut short
	CASES
}

@test "a layer known under another diff ID does not pass for the one that is stated" {
	make_case good
	plimsoll import good.tar a:1
	make_case diff-id # the second layer, said to be the first, which is unpacked and scanned already
	run plimsoll import diff-id.tar lie:1
	assert_status 4
	run plimsoll inspect lie:1
	assert_status 5
}

@test "a root filesystem with a manifest.json of its own is a root filesystem" {
	tiny_rootfs root
	echo '[]' >root/manifest.json
	tar -C root -cf root.tar .
	run plimsoll import root.tar a:1
	assert_status 0
	plimsoll --format json inspect a:1 | grep -q 'plimsoll import' || plimsoll history a:1 | grep -q 'plimsoll import'
}

@test "skopeo's docker-archive and oci-archive, and layouts as folders: the same manifest" {
	need_cmd skopeo
	two_images
	digest=$(skopeo inspect --raw "oci:$STATE:web:1" | sha256sum | cut -d' ' -f1)
	skopeo copy -q --insecure-policy "oci:$STATE:web:1" oci-archive:oci.tar:web:1
	skopeo copy -q --insecure-policy "oci:$STATE:web:1" oci:layout:web:1
	skopeo copy -q --insecure-policy "oci:$STATE:other:1" oci:layout:other:1
	skopeo copy -q --insecure-policy "oci:$STATE:web:1" docker-archive:docker.tar:web:1
	tar -C layout -cf layout.tar .
	for source in oci.tar oci.tar:web:1 layout:web:1 layout.tar:web:1; do
		assert_eq "$(plimsoll -q import $source got:1)" "sha256:$digest"
	done
	run plimsoll import layout.tar got:1
	assert_status 2
	assert_output_has other:1
	run plimsoll import docker.tar got:1
	assert_status 0
	assert_eq "$(skopeo inspect --config --raw "oci:$STATE:got:1" | sha256sum)" \
		"$(skopeo inspect --config --raw "oci:$STATE:web:1" | sha256sum)"
}

@test "an oci-archive with a blob that is not what its digest says" {
	need_cmd skopeo
	two_images
	skopeo copy -q --insecure-policy "oci:$STATE:web:1" oci:layout:web:1
	for kind in manifest config layer; do
		rm -rf bad && cp -r layout bad
		manifest=$(jq -r '.manifests[0].digest' bad/index.json)
		case $kind in
		manifest) blob=$manifest ;;
		config) blob=$(jq -r .config.digest "bad/blobs/sha256/${manifest#sha256:}") ;;
		layer) blob=$(jq -r '.layers[1].digest' "bad/blobs/sha256/${manifest#sha256:}") ;;
		esac
		printf x | dd of="bad/blobs/sha256/${blob#sha256:}" bs=1 seek=3 conv=notrunc status=none
		tar -C bad -cf bad.tar .
		STATE=$BATS_TEST_TMPDIR/state-$kind
		plimsoll trust init >/dev/null
		run plimsoll import bad.tar lie:1
		assert_status 4
		rm "bad/blobs/sha256/${blob#sha256:}"
		tar -C bad -cf bad.tar .
		run plimsoll import bad.tar lie:1
		assert_status 5
	done
}

@test "docker 25 and later: an OCI layout that is docker's archive as well" {
	need_cmd skopeo
	two_images
	skopeo copy -q --insecure-policy "oci:$STATE:web:1" oci:both:latest
	digest=$(jq -r '.manifests[0].digest' both/index.json)
	jq -c '.manifests[0].annotations["io.containerd.image.name"] = "docker.io/library/web:1"' both/index.json >index
	mv index both/index.json
	config=$(jq -r .config.digest "both/blobs/sha256/${digest#sha256:}")
	jq -c --arg c "${config#sha256:}" '[{Config: ("blobs/sha256/" + $c), RepoTags: ["web:1"],
		Layers: [.layers[].digest | "blobs/sha256/" + ltrimstr("sha256:")]}]' \
		"both/blobs/sha256/${digest#sha256:}" >both/manifest.json
	tar -C both -cf both.tar .
	assert_eq "$(plimsoll -q import both.tar:web:1 got:1)" "$digest"
	rm both/oci-layout # the older half of it alone
	tar -C both -cf both.tar .
	assert_eq "$(plimsoll -q import both.tar:web:1 got:1)" "$digest"
}

@test "docker save" {
	need_root
	need_cmd dockerd docker
	host_rootfs root
	tar -C root -cf root.tar .
	mkdir context
	docker_start
	docker -H "$DOCKER_SOCKET" import root.tar base:1 >/dev/null
	printf 'FROM base:1\nCOPY note /note\nLABEL made=here\nCMD ["cat", "/note"]\n' >context/Dockerfile
	echo "saved by docker" >context/note
	docker -H "$DOCKER_SOCKET" build -q -t saved:1 context >/dev/null
	docker -H "$DOCKER_SOCKET" tag saved:1 saved:2
	docker -H "$DOCKER_SOCKET" save -o saved.tar saved:1 saved:2 base:1
	id=$(docker -H "$DOCKER_SOCKET" inspect -f '{{.Id}}' saved:1)
	docker_stop
	run plimsoll import saved.tar:saved:2 saved:2
	assert_status 0
	assert_eq "$(skopeo inspect --raw "oci:$STATE:saved:2" | jq -r .config.digest)" "$id"
	plimsoll advisories import "$PLIMSOLL_SRC/examples/advisories" >/dev/null
	run plimsoll run --rm --network none saved:2
	assert_status 0
	assert_output_has "saved by docker"
}

@test "podman save and buildah push, docker's form and OCI's" {
	need_root
	need_cmd podman buildah
	make_case good
	local store=(--root "$PWD/containers" --runroot "$PWD/run" --storage-driver vfs)
	podman "${store[@]}" load -q -i good.tar >/dev/null
	podman "${store[@]}" save -q --format docker-archive -o podman.tar web:1
	podman "${store[@]}" save -q --format oci-archive -o podman-oci.tar web:1
	buildah "${store[@]}" push -q web:1 "docker-archive:buildah.tar:web:1"
	buildah "${store[@]}" push -q web:1 "oci-archive:buildah-oci.tar:web:1"
	for archive in podman podman-oci buildah buildah-oci; do
		run plimsoll import "$archive.tar:web:1" "$archive:1"
		assert_status 0
		assert_eq "$(skopeo inspect --config "oci:$STATE:$archive:1" | jq -c .rootfs.diff_ids)" \
			"$(tar -xOf good.tar "$(tar -xOf good.tar manifest.json | jq -r '.[0].Config')" | jq -c .rootfs.diff_ids)"
	done
}
