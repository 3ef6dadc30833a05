# Dockerfiles written as the Debian-based official images are (examples/real), built on a base of ours from nothing but
# Debian packages, scanned, run, talked to, stopped, and built again elsewhere to the same digest. `make test-real`:
# an hour on two cores, and it needs a Debian mirror. PLIMSOLL_REAL_BASE=SOURCE imports the base (as plimsoll import
# takes it) instead of making it; PLIMSOLL_REAL_ONCE=1 leaves the second builds out.
load ../lib/common

REAL=$PLIMSOLL_SRC/examples/real

setup_file() {
	export REAL_STATE=$BATS_FILE_TMPDIR/state REAL_AGAIN=$BATS_FILE_TMPDIR/again
	local log=$BATS_FILE_TMPDIR/base.log
	[ "$(id -u)" = 0 ] || return 0
	"$PLIMSOLL" --state "$REAL_STATE" trust init
	"$PLIMSOLL" --state "$REAL_STATE" advisories import "$PLIMSOLL_SRC/examples/advisories"
	if [ -n "${PLIMSOLL_REAL_BASE:-}" ]; then
		"$PLIMSOLL" --state "$REAL_STATE" import "$PLIMSOLL_REAL_BASE" debian:bookworm
	elif ! "$PLIMSOLL" --state "$REAL_STATE" base debian:bookworm-slim --name debian:bookworm >"$log" 2>&1; then
		grep -q 'fetch from the Debian archive\|no source for Debian' "$log" || { cat "$log" >&2; return 1; }
		export REAL_SKIP="needs a Debian mirror"
	fi
	[ -n "${REAL_SKIP:-}" ] || "$PLIMSOLL" --state "$REAL_AGAIN" trust init
	[ -n "${REAL_SKIP:-}" ] ||
		"$PLIMSOLL" --state "$REAL_AGAIN" import "$REAL_STATE:debian:bookworm" debian:bookworm
}

setup() {
	need_root
	[ -z "${REAL_SKIP:-}" ] || skip "$REAL_SKIP"
	common_setup
	STATE=$REAL_STATE
	BUILD_OPTIONS=()
}

teardown() {
	plimsoll rm -f "real-$BATS_TEST_NUMBER" >/dev/null 2>&1 || true
	common_teardown
}

# Builds examples/real/NAME and signs it; sets DIGEST and says how long it took, also when nothing changed.
build() { # name
	local start=$SECONDS first
	DIGEST=$(plimsoll -q build "${BUILD_OPTIONS[@]}" -t "$1:1" "$REAL/$1")
	first=$((SECONDS - start))
	start=${EPOCHREALTIME/./}
	assert_eq "$(plimsoll -q build "${BUILD_OPTIONS[@]}" -t "$1:1" "$REAL/$1")" "$DIGEST"
	start=$(((${EPOCHREALTIME/./} - start) / 1000))
	echo "# $1: built in $first s, unchanged in $start ms; $(plimsoll images | awk -v n="$1" '$1 == n { print $NF }')" >&3
	run plimsoll --format json scan "$1:1"
	assert_status 0
	plimsoll sign "$1:1" >/dev/null
}

# The same in a state folder that knows nothing of the first.
build_again() { # name
	[ -z "${PLIMSOLL_REAL_ONCE:-}" ] || return 0
	local again
	again=$("$PLIMSOLL" --state "$REAL_AGAIN" -q build "${BUILD_OPTIONS[@]}" -t "$1:1" "$REAL/$1")
	[ "$again" = "$DIGEST" ] || fail "$1 built twice gives two images: $DIGEST and $again, which differ in" \
		"$(differences "$1")"
}

# Files in which the two differ, by the layers that differ.
differences() { # name
	local i one two
	skopeo inspect --raw "oci:$REAL_STATE:$1:1" | jq -r '.layers[].digest' >one
	skopeo inspect --raw "oci:$REAL_AGAIN:$1:1" | jq -r '.layers[].digest' >two
	paste one two | while read -r one two; do
		[ "$one" != "$two" ] || continue
		rm -rf a b && mkdir a b
		tar -C a -xf "$REAL_STATE/blobs/sha256/${one#sha256:}"
		tar -C b -xf "$REAL_AGAIN/blobs/sha256/${two#sha256:}"
		diff -rq --no-dereference a b | head -n 20
	done
}

start() { # image, option... [-- argument...]
	local image=$1 options=()
	shift
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	[ $# -eq 0 ] || shift
	NAME=real-$BATS_TEST_NUMBER
	plimsoll run -d --name "$NAME" "${options[@]}" "$image" "$@"
}

inside() { # command...
	plimsoll exec "$NAME" "$@"
}

# Stops it; the process itself must end, within the time a service has for it.
stop() { # expected exit status
	plimsoll stop "$NAME"
	run plimsoll wait "$NAME"
	assert_eq "$output" "$1"
	plimsoll rm "$NAME"
}

page() { # port
	curl -s --fail -m 10 "http://127.0.0.1:$1/"
}

@test "nginx: packages, templates filled at the start, a page, SIGQUIT" {
	build nginx
	port=$(free_port)
	start nginx:1 -p "127.0.0.1:$port:8080"
	wait_for 30 page "$port"
	page "$port" | grep -q 'served by nginx'
	plimsoll logs "$NAME" | grep -q 'GET / HTTP'
	stop 0
	build_again nginx
}

@test "haproxy: packages, COPY --link, SIGUSR1" {
	build haproxy
	port=$(free_port)
	start haproxy:1 -p "127.0.0.1:$port:8080"
	wait_for 30 page "$port"
	assert_eq "$(page "$port")" "haproxy is here"
	stop 0
	build_again haproxy
}

@test "memcached: packages, another user, a value set and read" {
	build memcached
	port=$(free_port)
	start memcached:1 -p "127.0.0.1:$port:11211" -- -m 32
	wait_for 30 eval "(exec 3<>/dev/tcp/127.0.0.1/$port)"
	exec 4<>"/dev/tcp/127.0.0.1/$port"
	printf 'set a 0 0 5\r\nhello\r\nget a\r\nquit\r\n' >&4
	run timeout 10 cat <&4
	exec 4>&-
	assert_output_has STORED hello
	stop 0
	build_again memcached
}

@test "redis: from Debian's source package, PING and a value" {
	build redis
	start redis:1 --network none
	wait_for 30 inside redis-cli ping
	assert_eq "$(inside redis-cli ping)" PONG
	inside redis-cli set deep six
	assert_eq "$(inside redis-cli get deep)" six
	stop 0
	build_again redis
}

@test "postgres: locales, diversions, a cluster made at the first start, a query" {
	build postgres
	start postgres:1 --network none
	wait_for 90 inside psql -h /tmp -U postgres -Atc 'select 1'
	assert_eq "$(inside psql -h /tmp -U postgres -Atc 'select 6 * 7')" 42
	assert_eq "$(inside psql -h /tmp -U postgres -Atc 'show server_encoding')" UTF8
	stop 0
	build_again postgres
}

@test "mariadb: debconf, a database made at the first start, a query" {
	build mariadb
	start mariadb:1 --network none
	wait_for 90 inside mariadb -S /tmp/mysqld.sock -u root -Ne 'select 1'
	assert_eq "$(inside mariadb -S /tmp/mysqld.sock -u root -Ne 'select 6 * 7')" 42
	stop 0
	build_again mariadb
}

@test "python: from Debian's source package, modules linked with what the image has" {
	[ -z "${PLIMSOLL_REAL_PYTHON:-}" ] || BUILD_OPTIONS=(--build-arg "SOURCE=$PLIMSOLL_REAL_PYTHON")
	build python
	run plimsoll run --rm --network none python:1 python -c 'import ssl, zlib, ctypes, json; print(6 * 7)'
	assert_status 0
	assert_output_has 42
	run plimsoll run --rm --network none python:1 sh -c 'ldd /usr/local/bin/python3.11'
	refute_output_has "not found"
	build_again python
}

@test "a C project in stages: library, test, program" {
	build c
	assert_eq "$(printf 123456789 | plimsoll run --rm -i --network none c:1)" cbf43926
	build_again c
}

@test "node with npm: modules by the lock file, from the registry that this machine's npm uses" {
	need_cmd npm curl
	registry=$(npm config get registry)
	curl -s -o /dev/null -m 20 "${registry%/}/ms" || skip "needs an npm registry"
	BUILD_OPTIONS=(--build-arg "NPM_REGISTRY=$registry")
	ca=$(npm config get cafile)
	[ ! -f "$ca" ] || BUILD_OPTIONS+=(--secret "id=ca,src=$ca")
	build node
	port=$(free_port)
	start node:1 -p "127.0.0.1:$port:3000"
	wait_for 30 page "$port"
	assert_eq "$(page "$port")" "two days are 172800000 ms"
	stop 0
	build_again node
}
