# Registries for tests, beside registry_start and registry_stop of common.bash: images to move, and a registry that is
# broken in one way. Load after common.bash.
# shellcheck shell=bash

# An image with a signature-like referrer in a state folder of its own: make_layout DIR NAME [BYTES]; sets $DIGEST.
make_layout() {
	DIGEST=$(/usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/make_layout.py" "$@")
}

# A registry that serves the layout $1 and is broken as mode $2 says (bad_registry.py): sets $BAD (host:port) and
# $BAD_LOG, the requests it saw. Further arguments: a certificate and its key.
bad_registry_start() {
	local layout=$1 mode=$2
	shift 2
	BAD_LOG=$BATS_TEST_TMPDIR/bad.log
	: >"$BAD_LOG"
	rm -f "$BATS_TEST_TMPDIR/bad.port"
	/usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/bad_registry.py" "$layout" "$BATS_TEST_TMPDIR/bad.port" "$BAD_LOG" "$mode" \
		"$@" >"$BATS_TEST_TMPDIR/bad.out" 2>&1 3>&- &
	BAD_PID=$!
	wait_for 20 test -s "$BATS_TEST_TMPDIR/bad.port"
	BAD=127.0.0.1:$(cat "$BATS_TEST_TMPDIR/bad.port")
}

bad_registry_stop() {
	[ -z "${BAD_PID:-}" ] && return 0
	kill "$BAD_PID" 2>/dev/null || true
	wait "$BAD_PID" 2>/dev/null || true
	BAD_PID=
}

# How often a pattern stands in the real registry's access log.
registry_requests() { # extended regular expression
	grep -cE "$1" "$BATS_TEST_TMPDIR/registry.log" || true
}

# No name and no half-written file in a state folder, but for parts that the next pull goes on with:
# assert_empty_store DIR
assert_empty_store() {
	[ ! -e "$1/index.json" ] || [ "$(jq '.manifests | length' "$1/index.json")" = 0 ] || fail "index.json has entries"
	[ -z "$(find "$1/tmp" -type f ! -name 'part-*' 2>/dev/null)" ] || fail "temporary files are left in $1/tmp"
}
