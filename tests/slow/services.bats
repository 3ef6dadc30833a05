# Debian's nginx, redis-server, postgresql and python3 (examples/services), each in an image built on a base of ours,
# serve requests under the default profile plus what their profile names. Needs a Debian mirror;
# PLIMSOLL_REAL_BASE=SOURCE imports the base (as plimsoll import takes it) instead of making it.
load ../lib/common

SERVICES=$PLIMSOLL_SRC/examples/services

setup_file() {
	export SERVICES_STATE=$BATS_FILE_TMPDIR/state
	local log=$BATS_FILE_TMPDIR/base.log
	[ "$(id -u)" = 0 ] && command -v mmdebstrap >/dev/null || return 0
	"$PLIMSOLL" --state "$SERVICES_STATE" trust init
	"$PLIMSOLL" --state "$SERVICES_STATE" advisories import "$PLIMSOLL_SRC/examples/advisories"
	if [ -n "${PLIMSOLL_REAL_BASE:-}" ]; then
		"$PLIMSOLL" --state "$SERVICES_STATE" import "$PLIMSOLL_REAL_BASE" debian:bookworm
	elif ! "$PLIMSOLL" --state "$SERVICES_STATE" base debian:bookworm-slim --name debian:bookworm >"$log" 2>&1; then
		grep -q 'fetch from the Debian archive\|no source for Debian' "$log" || { cat "$log" >&2; return 1; }
		export SERVICES_SKIP="needs a Debian mirror"
	fi
}

setup() {
	need_root
	need_cmd mmdebstrap curl crun pasta
	[ -z "${SERVICES_SKIP:-}" ] || skip "$SERVICES_SKIP"
	common_setup
	STATE=$SERVICES_STATE
	NAME=service-$BATS_TEST_NUMBER
	PORT=$(free_port)
}

teardown() {
	plimsoll rm -f "$NAME" >/dev/null 2>&1 || true
	common_teardown
}

serve() { # service, its port
	plimsoll -q build -t "$1:1" "$SERVICES/$1" >/dev/null
	plimsoll sign "$1:1" >/dev/null
	plimsoll run -d --name "$NAME" --profile "$SERVICES/$1/profile.yaml" -p "127.0.0.1:$PORT:$2" "$1:1"
}

# Still there after the requests, and ends by itself when asked to; what it said, else.
ends() { # exit status
	plimsoll stop "$NAME"
	run plimsoll wait "$NAME"
	[ "$output" = "$1" ] || fail "ended with $output:" "$(plimsoll logs "$NAME")"
}

answers() { # command...
	wait_for 30 "$@" >/dev/null 2>&1 || fail "no answer:" "$(plimsoll logs "$NAME" 2>&1 | tail -20)"
}

page() { curl -sf -m 10 "http://127.0.0.1:$PORT/"; }

@test "nginx: a page, 200 times" {
	serve nginx 80
	answers page
	for _ in $(seq 200); do
		page >page.html
	done
	grep -q 'Welcome to nginx' page.html
	plimsoll exec "$NAME" cat /var/log/nginx/access.log | grep -c 'GET / HTTP' | grep -qx '20[1-9]'
	ends 0
}

@test "nginx is not started without what its profile names" {
	plimsoll -q build -t nginx:1 "$SERVICES/nginx" >/dev/null
	plimsoll sign nginx:1 >/dev/null
	run plimsoll run --rm nginx:1
	[ "$status" -ne 0 ] || fail "it ran:" "$output"
}

talk() { # what is said to the port; prints what is answered
	exec 4<>"/dev/tcp/127.0.0.1/$PORT" || return 1
	printf '%s' "$1" >&4
	timeout 10 cat <&4
	exec 4>&-
}

@test "redis: a value set and read, and written to its folder" {
	serve redis 6379
	answers eval "talk $'PING\r\nQUIT\r\n' 2>/dev/null | grep -q PONG"
	run talk $'SET deep six\r\nGET deep\r\nSAVE\r\nQUIT\r\n'
	assert_output_has six
	refute_output_has ERR MISCONF
	plimsoll exec "$NAME" ls /var/lib/redis | grep -qx dump.rdb
	ends 0
}

@test "postgresql: tables, transactions, a vacuum, a checkpoint" {
	serve postgresql 5432
	sql() { plimsoll exec "$NAME" psql -At "$@"; }
	answers sql -c 'select 1'
	sql -c 'create table t as select n, md5(n::text) m from generate_series(1, 50000) n'
	sql -c 'create index on t (m)'
	sql -c 'vacuum analyze t' -c checkpoint
	assert_eq "$(sql -c 'select count(distinct m) from t')" 50000
	# From outside: asked whether it speaks TLS, it says that it does not.
	exec 4<>"/dev/tcp/127.0.0.1/$PORT"
	printf '\x00\x00\x00\x08\x04\xd2\x16\x2f' >&4
	assert_eq "$(timeout 10 head -c 1 <&4)" N
	exec 4>&-
	ends 0
}

@test "python: a page of its own server" {
	serve python 8000
	answers page
	assert_eq "$(page)" "python is here"
	plimsoll exec "$NAME" python3 -c 'import ssl, sqlite3, multiprocessing as m
print(sum(m.Pool(4).map(abs, range(100))))' | grep -qx 4950
	plimsoll stop "$NAME"
}
