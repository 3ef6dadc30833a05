#!/usr/bin/env bats
# plimsoll cache du and prune: what can be made again, and that nothing goes which somebody needs.
bats_require_minimum_version 1.5.0

load ../lib/common
load ../lib/build

setup() {
	common_setup
	mkdir ctx
	host_archive
	cat >ctx/Dockerfile <<-'EOF'
		FROM base:1 AS one
		RUN id -u >/one; id -u >/two
		FROM base:1
		COPY a /a
		COPY --from=one /one /one
	EOF
	echo a >ctx/a
	plimsoll trust init
	plimsoll import rootfs.tar base:1 >/dev/null
}

teardown() {
	[ -z "${PID:-}" ] || kill "$PID" 2>/dev/null || true
	plimsoll rm -f c1 >/dev/null 2>&1 || true
	common_teardown
}

build() {
	run --separate-stderr plimsoll --format json build --network none "$@" ctx
}

cached() { # steps cached
	assert_status 0
	assert_eq "$(jq -r '"\(.steps) \(.cached)"' <<<"$output")" "$1 $2"
}

du() { # jq filter
	plimsoll --format json cache du | jq -r "$1"
}

@test "du: steps, layers and package lists; what images have is not reclaimable" {
	assert_eq "$(du '.items | map(select(.type == "step")) | length')" 0
	build -t web:1
	cached 3 0
	plimsoll scan web:1 >/dev/null 2>&1 || true
	assert_eq "$(du '[.items[] | select(.type == "step")] | length')" 3
	# Only the step of the stage that is not in the image.
	assert_eq "$(du '[.items[] | select(.type == "step" and .reclaimable)] | length')" 1
	assert_eq "$(du '[.items[] | select(.type == "layer")] | length')" 4
	assert_eq "$(du '[.items[] | select(.type == "packages")] | length > 0')" true
	assert_eq "$(du '([.items[].size] | add) == .size')" true
	run plimsoll cache du
	assert_status 0
	assert_output_has TYPE RECLAIMABLE step layer packages mount http total
	run plimsoll cache du -v
	assert_output_has "LAST USED"
	assert_eq "$(grep -c ' step ' <<<"$output")" 3
}

@test "prune: what no image needs goes, the image and its steps stay; --all takes those" {
	build -t web:1
	run plimsoll cache prune -f
	assert_status 0
	assert_output_has "Total reclaimed space"
	assert_eq "$(du .reclaimable)" 0
	build -t web:1
	cached 3 2
	run plimsoll cache prune -af
	assert_status 0
	assert_eq "$(du '.items | length')" 0
	run plimsoll inspect web:1
	assert_status 0
	build -t web:2
	cached 3 0
	assert_eq "$(plimsoll inspect web:2 | jq -r .digest)" "$(plimsoll inspect web:1 | jq -r .digest)"
}

@test "prune: asks, and takes nothing without a yes" {
	build
	run plimsoll cache prune <<<n
	assert_status 0
	refute_output_has reclaimed
	build
	cached 3 3
	run plimsoll cache prune <<<y
	assert_status 0
	assert_output_has reclaimed
	build
	cached 3 0
}

@test "prune: --filter until, --older-than and --keep-storage go by last use" {
	build
	run plimsoll cache prune -f --filter until=1h
	assert_status 0
	build
	cached 3 3
	find "$STATE/cache/build" -name '*.json' -exec touch -d '2 days ago' {} +
	build # a hit is a use
	cached 3 3
	run plimsoll cache prune -f --older-than 24h
	build
	cached 3 3
	find "$STATE/cache/build" -name '*.json' -exec touch -d '2 days ago' {} +
	run plimsoll cache prune -f --keep-storage 1g
	build
	cached 3 3
	find "$STATE/cache/build" -name '*.json' -exec touch -d '2 days ago' {} +
	run plimsoll cache prune -f --filter until=24h
	build
	cached 3 0
	local o
	for o in --filter=until=x --filter=label=a --older-than=1y --keep-storage=1x --keep-storage=99999999999999999999; do
		run plimsoll cache prune -f "$o"
		assert_status 2
	done
}

@test "prune: what is kept can still be used, also when no image has it" {
	build
	run plimsoll cache prune -f --filter until=1h
	build -t web:1
	cached 3 3
	run plimsoll run --rm web:1 /bin/cat /one
	[ "$status" = 0 ] || [ "$status" = 4 ] # unsigned: not admitted
}

@test "prune: caches of RUN --mount go, those in use stay" {
	printf 'FROM base:1\nRUN --mount=type=cache,id=mine,target=/c echo x >/c/f\n' >ctx/Dockerfile
	build
	[ "$status" = 0 ] || skip "RUN --mount is not there"
	assert_eq "$(du '[.items[] | select(.type == "mount")][0] | "\(.name) \(.reclaimable)"')" "mine true"
	local hex
	hex=$(du '[.items[] | select(.type == "mount")][0].id')
	exec 8>>"$STATE/cache/mounts/$hex.lock"
	flock -s 8
	assert_eq "$(du '[.items[] | select(.type == "mount")][0].inUse')" true
	run plimsoll cache prune -af
	assert_status 0
	[ -f "$STATE/cache/mounts/$hex/f" ]
	exec 8>&-
	run plimsoll cache prune -f
	assert_status 0
	assert_eq "$(ls -A "$STATE/cache/mounts")" ""
}

@test "prune: layers under a running container stay" {
	build -t web:1
	plimsoll sign web:1 >/dev/null
	plimsoll advisories import "$PLIMSOLL_SRC/examples/advisories" >/dev/null
	plimsoll run -d --name c1 web:1 /bin/sleep 100
	plimsoll rmi --force web:1
	run plimsoll cache prune -af
	assert_status 0
	run plimsoll exec c1 /bin/cat /one
	assert_status 0
	plimsoll rm -f c1
	run plimsoll cache prune -af
	assert_eq "$(du '[.items[] | select(.type == "layer")] | length')" 0
}

@test "prune beside a build: both end well, and the build's image is whole" {
	local n
	cat >ctx/Dockerfile <<-'EOF'
		FROM base:1
		RUN sleep 1; id -u >/1
		RUN sleep 1; id -u >/2
		RUN sleep 1; id -u >/3
	EOF
	"$PLIMSOLL" --state "$STATE" build --network none -t slow:1 ctx >log 2>&1 3>&- &
	PID=$!
	sleep 0.7
	for n in 1 2 3; do
		run plimsoll cache prune -af
		assert_status 0
	done
	wait $PID || fail "$(cat log)"
	PID=
	build -o type=tar,dest=root.tar
	assert_status 0
	tar -tf root.tar >list
	grep -qx 3 list
}

@test "what killed commands left half-made is swept" {
	build -t web:1
	mkdir -p "$STATE/layers/.tmp-0123456789abcdef/fs" "$STATE/tmp/build-0123456789abcdef" "$STATE/cache/mounts/new-1"
	touch "$STATE/cache/build/.tmp-1" "$STATE/.tmp-1" "$STATE/tmp/blob-0123456789abcdef" "$STATE/layers/.tmp-0123456789abcdef/fs/f"
	run plimsoll cache prune -f
	assert_status 0
	run find "$STATE" -name '.tmp-*' -o -name 'build-0*' -o -name 'blob-0*' -o -name 'new-*'
	assert_eq "$output" ""
	build -t web:1
	assert_status 0
}

@test "rmi leaves what cached steps need, and cache prune takes it" {
	build -t web:1
	plimsoll tag base:1 other:1
	plimsoll rmi other:1 web:1
	build -t web:1
	cached 3 3
}
