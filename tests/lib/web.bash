# A web server on loopback (tests/lib/web_server.py).
# shellcheck shell=bash

# web_start [CERT KEY]: serves $WEB_ROOT at $WEB (scheme, host, port); requests are noted in $WEB_LOG.
web_start() {
	WEB_ROOT=$BATS_TEST_TMPDIR/web
	WEB_LOG=$BATS_TEST_TMPDIR/web.log
	mkdir -p "$WEB_ROOT/git"
	rm -f "$BATS_TEST_TMPDIR/web.port"
	: >"$WEB_LOG"
	python3 "$PLIMSOLL_SRC/tests/lib/web_server.py" "$WEB_ROOT" "$BATS_TEST_TMPDIR/web.port" "$WEB_LOG" "$@" \
		>"$BATS_TEST_TMPDIR/web.err" 2>&1 3>&- &
	WEB_PID=$!
	wait_for 20 test -s "$BATS_TEST_TMPDIR/web.port"
	WEB=http${1:+s}://127.0.0.1:$(cat "$BATS_TEST_TMPDIR/web.port")
}

web_stop() {
	[ -z "${WEB_PID:-}" ] && return 0
	kill "$WEB_PID" 2>/dev/null || true
	wait "$WEB_PID" 2>/dev/null || true
	WEB_PID=
}

# How many requests for this path were answered with this status.
web_count() { # path status
	grep -c " $1 $2 " "$WEB_LOG" || true
}

# A certificate for 127.0.0.1 by itself: $WEB_CERT and $WEB_KEY.
web_certificate() {
	WEB_CERT=$BATS_TEST_TMPDIR/web.crt
	WEB_KEY=$BATS_TEST_TMPDIR/web.key
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=test \
		-addext subjectAltName=IP:127.0.0.1 -keyout "$WEB_KEY" -out "$WEB_CERT" 2>"$BATS_TEST_TMPDIR/openssl.err"
}
