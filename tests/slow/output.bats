#!/usr/bin/env bats
# plimsoll build --output: archives, folders, registries; the same bytes, whole or not at all.

bats_require_minimum_version 1.5.0

load ../lib/common

setup() {
	common_setup
	mkdir ctx
	mkdir ctx/d
	echo one >ctx/d/a
	ln -s ../../../../etc/passwd ctx/d/out
	printf 'two' >ctx/b
	cat >ctx/Dockerfile <<-'EOF'
		FROM scratch
		COPY d /d/
		COPY --chown=1234:5678 --chmod=4755 b /prog
		COPY b /gone/b
		COPY <<X /etc/motd
		hello
		X
		LABEL a=b
	EOF
}

teardown() {
	registry_stop
	docker_stop
	[ -z "${SMALL:-}" ] || umount "$SMALL" 2>/dev/null || true
	common_teardown
}

build() {
	run --separate-stderr plimsoll build "$@" ctx
}

nothing_else() { # folder: no file of ours is left in it
	run find "$1" -name '.plimsoll-*'
	assert_eq "$output" ""
}

@test "oci: a layout that skopeo reads, with the same bytes each time" {
	need_cmd skopeo
	build -t reg.example/team/web:1 -o type=oci,dest=a.tar
	assert_status 0
	build --no-cache -t reg.example/team/web:1 -o type=oci,dest=b.tar
	assert_status 0
	cmp a.tar b.tar
	run tar tf a.tar
	assert_eq "${lines[0]}" blobs/
	assert_output_has oci-layout index.json
	refute_output_has manifest.json
	run tar xOf a.tar index.json
	assert_eq "$(jq -r '.manifests[0].annotations["org.opencontainers.image.ref.name"]' <<<"$output")" 1
	assert_eq "$(jq -r '.manifests[0].annotations["io.containerd.image.name"]' <<<"$output")" reg.example/team/web:1
	run skopeo --insecure-policy inspect oci-archive:a.tar:1
	assert_status 0
	assert_eq "$(jq -r .Digest <<<"$output")" "$(plimsoll images --format json | jq -r '.images[0].digest')"
	nothing_else .
}

@test "oci: every name of the build, and name= instead of them" {
	build -t web:1 -t web:2 -o type=oci,dest=a.tar -o 'type=oci,dest=b.tar,"name=x:3,y:4"'
	assert_status 0
	assert_eq "$(tar xOf a.tar index.json | jq -r '[.manifests[].annotations["io.containerd.image.name"]] | join(" ")')" "web:1 web:2"
	assert_eq "$(tar xOf b.tar index.json | jq -r '[.manifests[].annotations["io.containerd.image.name"]] | join(" ")')" "x:3 y:4"
	plimsoll images --format json >list
	refute_has_name x:3
}

refute_has_name() { # name
	! grep -qF "\"$1\"" list || fail "the store has $1"
}

@test "oci: tar=false makes a folder that import takes" {
	build -t web:1 -o type=oci,tar=false,dest=layout
	assert_status 0
	[ -f layout/oci-layout ] && [ -f layout/index.json ]
	assert_eq "$(stat -c %a layout)" 755
	plimsoll trust init
	run "$PLIMSOLL" --state "$STATE" import layout base:1
	assert_status 0
	nothing_else .
	nothing_else layout
}

@test "docker: docker load takes it, and it is the same image" {
	need_root
	need_cmd docker dockerd
	build -t web:1 -t web:2 -o type=docker,dest=a.tar
	assert_status 0
	assert_eq "$(tar xOf a.tar manifest.json | jq -c '.[0].RepoTags')" '["web:1","web:2"]'
	docker_start
	run docker -H "$DOCKER_SOCKET" load -i a.tar
	assert_status 0
	assert_output_has web:1 web:2
	run docker -H "$DOCKER_SOCKET" image inspect web:1
	assert_status 0
	assert_eq "$(jq -r '.[0].Id' <<<"$output")" "$(plimsoll inspect web:1 | jq -r .manifest.config.digest)"
	assert_eq "$(jq -c '.[0].Config.Labels' <<<"$output")" '{"a":"b"}'
}

@test "docker: skopeo reads it as docker-archive; without dest it is the store" {
	need_cmd skopeo
	build -t web:1 -o type=docker,dest=a.tar
	run skopeo --insecure-policy inspect --config docker-archive:a.tar:web:1
	assert_status 0
	build -t web:9 -o type=docker
	assert_status 0
	plimsoll inspect web:9 >x
}

@test "tar: the final tree, whiteouts applied, owners and modes as in the image" {
	host_rootfs base rm
	tar -C base -cf base.tar .
	plimsoll trust init
	plimsoll import base.tar base:1
	cat >ctx/Dockerfile <<-'EOF'
		FROM base:1
		COPY --chown=1234:5678 --chmod=755 b /prog
		COPY d /d/
		RUN rm /etc/os-release
	EOF
	need_root
	build -t web:1 -o type=tar,dest=root.tar
	assert_status 0
	run tar --numeric-owner -tvf root.tar
	assert_output_has prog d/a 1234/5678 bin/dash
	refute_output_has os-release .wh.
	build -o -
	assert_status 0
	plimsoll build -o - ctx >again.tar
	cmp root.tar again.tar
	nothing_else .
}

@test "tar: standard output holds the archive and nothing else" {
	plimsoll build -o type=tar ctx >x.tar
	run tar -xOf x.tar etc/motd
	assert_eq "$output" hello
	plimsoll build -o type=oci ctx | tar -tf - >list
	grep -q oci-layout list
	run plimsoll build -o - -o type=oci,dest=- ctx
	assert_status 2
	assert_output_has "only one can go to standard output"
	run plimsoll --format json build -o - ctx
	assert_status 2
}

@test "tar: /dev/stdout is standard output, too" {
	need_root
	printf 'FROM scratch\nLABEL a=b\n' >ctx/Dockerfile
	plimsoll build -o type=oci,dest=file ctx
	plimsoll build -o type=oci,dest=/dev/stdout ctx | cat >piped
	cmp file piped
}

@test "local: a folder, everything the caller's, links as they are" {
	build -o out
	assert_status 0
	assert_eq "$(cat out/d/a)" one
	assert_eq "$(readlink out/d/out)" ../../../../etc/passwd
	assert_eq "$(stat -c '%u %g %a' out/prog)" "$(id -u) $(id -g) 755"
	assert_eq "$(stat -c %a out)" 755
	nothing_else .
	build -o type=local,dest=deep/er/out
	assert_status 0
	assert_eq "$(cat deep/er/out/etc/motd)" hello
}

@test "local: merged into a folder that is there; no link in it is followed" {
	mkdir out elsewhere out/etc
	echo mine >out/etc/mine
	echo old >out/etc/motd
	ln -s "$PWD/elsewhere" out/d
	build -o out
	assert_status 0
	assert_eq "$(cat out/etc/mine)" mine
	assert_eq "$(cat out/etc/motd)" hello
	[ -d out/d ] && [ ! -L out/d ]
	assert_eq "$(ls elsewhere)" ""
	nothing_else out
}

@test "local: a folder of the user's is not replaced, and then nothing is" {
	mkdir -p out/prog
	echo old >out/keep
	build -o out
	assert_status 5
	[[ "$stderr" == *"'prog': a folder there"* ]]
	assert_eq "$(ls out | tr '\n' ' ')" "keep prog "
	nothing_else out
}

@test "local: hard links stay, set-user-id goes with its owner" {
	need_root
	host_rootfs base ln
	tar -C base -cf base.tar .
	plimsoll trust init
	plimsoll import base.tar base:1
	cat >ctx/Dockerfile <<-'EOF'
		FROM base:1
		COPY --chown=1234:5678 --chmod=4755 b /prog
		RUN ln /prog /again
	EOF
	build -o out
	assert_status 0
	assert_eq "$(stat -c %i out/prog)" "$(stat -c %i out/again)"
	assert_eq "$(stat -c '%u %a' out/prog)" "0 755"
}

@test "registry: pushed under every tag; what nobody named is refused before the build" {
	need_cmd docker-registry curl
	registry_start
	build -t "$REGISTRY/web:1" -t "$REGISTRY/web:2" --push
	assert_status 0
	curl -sf "http://$REGISTRY/v2/web/tags/list" >tags
	assert_eq "$(jq -c '.tags | sort' tags)" '["1","2"]'
	build -o "type=image,name=$REGISTRY/other:3,push=true"
	assert_status 0
	curl -sf "http://$REGISTRY/v2/other/tags/list" >tags
	assert_eq "$(jq -c .tags tags)" '["3"]'
	build --push
	assert_status 2
	[[ "$stderr" == *"nothing says where to push to"* ]]
	build -t web --push
	assert_status 2
	[[ "$stderr" == *"names no registry"* ]]
}

@test "what is not done is refused: types, fields, values" {
	local o
	for o in type=cacheonly type=oci,dest= type=oci,dest=a,dest=b type=oci,dest=a,compression=zstd type=local \
		type=oci,dest=a,unpack=true type=tar,dest=a,name=b type=oci,dest=a,oci-mediatypes=false dest=a '"type=oci' \
		type=oci,tar=false type=image,dest=a type=oci,tar=maybe,dest=a; do
		build -o "$o"
		assert_status 2
	done
	build -o type=oci,dest=ctx
	assert_status 2
	build -o type=local,dest=ctx/b
	assert_status 2
	[ ! -e "$STATE/index.json" ] || assert_eq "$(jq '.manifests | length' "$STATE/index.json")" 0
}

@test "an existing file is replaced whole, a link to it stays one, a device is written as it is" {
	echo old >a.tar
	ln -s a.tar l.tar
	build -o type=oci,dest=l.tar
	assert_status 0
	[ -L l.tar ]
	tar -tf a.tar >list
	build -o type=tar,dest=/dev/null
	assert_status 0
	[ -c /dev/null ]
}

@test "a disk that fills leaves no output" {
	need_root
	SMALL=$PWD/small
	mkdir small
	head -c 4000000 /dev/urandom >ctx/b
	mount -t tmpfs -o size=1m none "$SMALL"
	local o
	for o in type=oci,dest=small/a.tar type=docker,dest=small/a.tar type=tar,dest=small/a.tar type=local,dest=small/out \
		type=oci,tar=false,dest=small/out; do
		build -o "$o"
		assert_status 6
		[[ "$stderr" == *"No space left"* ]]
		assert_eq "$(ls -A small)" ""
	done
	umount "$SMALL"
	SMALL=
}

@test "a kill leaves no output, and the next one sweeps what it left" {
	need_root
	head -c 30000000 /dev/urandom >ctx/b
	plimsoll build -t web:1 ctx
	local i pid
	for i in 1 2 3 4 5 6; do
		"$PLIMSOLL" --state "$STATE" build -o type=oci,dest=a.tar -o type=local,dest=out ctx >log 2>&1 3>&- &
		pid=$!
		sleep 0.$((i * 13 % 10))$i
		kill -9 $pid 2>/dev/null || true
		wait $pid 2>/dev/null || true
		[ ! -e a.tar ] || tar -tf a.tar >list
		[ ! -e out ] || cmp ctx/b out/prog
		rm -rf a.tar out
	done
	build -o type=local,dest=out -o type=oci,dest=a.tar
	assert_status 0
	nothing_else .
}

@test "--iidfile, --metadata-file and -q are true with outputs" {
	build -q -t web:1 -o type=oci,dest=a.tar --iidfile iid --metadata-file meta
	assert_status 0
	assert_eq "$stderr" ""
	assert_eq "$(cat iid)" "$output"
	assert_eq "$(jq -r '.["containerimage.digest"]' meta)" "$output"
	assert_eq "$(tar xOf a.tar index.json | jq -r '.manifests[0].digest')" "$output"
	assert_eq "$(jq -r '.["image.name"]' meta)" web:1
}

@test "the trail tells where it went" {
	build -t web:1 -o type=oci,dest=a.tar
	assert_status 0
	run plimsoll trail show --format json
	assert_output_has '"output"' a.tar
}
