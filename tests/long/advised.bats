# Ten services of Debian's as they are: each is run with nothing but the default profile, then with what the report at its end
# advised, literally, until it serves. What it was given by then is no more than what is expected here. Needs a Debian mirror;
# PLIMSOLL_REAL_BASE=SOURCE imports the base (as plimsoll import takes it) instead of making it.
load ../lib/common

PACKAGES="nginx apache2 lighttpd haproxy php-fpm redis-server memcached postgresql mosquitto mosquitto-clients dnsmasq
	bind9 bind9-dnsutils curl procps"

setup_file() {
	export ADVISED_STATE=$BATS_FILE_TMPDIR/state
	local log=$BATS_FILE_TMPDIR/base.log context=$BATS_FILE_TMPDIR/context
	[ "$(id -u)" = 0 ] && command -v mmdebstrap >/dev/null || return 0
	"$PLIMSOLL" --state "$ADVISED_STATE" trust init
	"$PLIMSOLL" --state "$ADVISED_STATE" advisories import "$PLIMSOLL_SRC/examples/advisories"
	if [ -n "${PLIMSOLL_REAL_BASE:-}" ]; then
		"$PLIMSOLL" --state "$ADVISED_STATE" import "$PLIMSOLL_REAL_BASE" debian:bookworm
	elif ! "$PLIMSOLL" --state "$ADVISED_STATE" base debian:bookworm-slim --name debian:bookworm >"$log" 2>&1; then
		grep -q 'fetch from the Debian archive\|no source for Debian' "$log" || { cat "$log" >&2; return 1; }
		export ADVISED_SKIP="needs a Debian mirror"
		return 0
	fi
	mkdir "$context"
	printf 'FROM debian:bookworm\nRUN apt-get update -q && apt-get install -qy --no-install-recommends %s\nCMD ["sh"]\n' \
		"$(tr '\n\t' '  ' <<<"$PACKAGES")" >"$context/Dockerfile"
	"$PLIMSOLL" --state "$ADVISED_STATE" -q build -t programs:1 "$context" >/dev/null
	"$PLIMSOLL" --state "$ADVISED_STATE" sign programs:1 >/dev/null
}

setup() {
	need_root
	need_cmd mmdebstrap crun pasta
	[ -z "${ADVISED_SKIP:-}" ] || skip "$ADVISED_SKIP"
	common_setup
	STATE=$ADVISED_STATE
	NAME=advised-$BATS_TEST_NUMBER
}

teardown() {
	plimsoll rm -f "$NAME" >/dev/null 2>&1 || true
	common_teardown
}

# What a part of the report advises and was not given yet; the first of several ways. One for the same folder replaces the other.
take_from() { # text
	local advice fresh=1 i
	while read -r advice; do
		advice=${advice%% (*}
		advice=${advice%%, or *}
		advice=${advice/NAME:/$NAME-$(tr -dc a-z <<<"$advice"):}
		for i in "${!GIVEN[@]}"; do
			[ "${GIVEN[i]}" != "$advice" ] || continue 2
			[[ "$advice" != "${GIVEN[i]}":* ]] || unset 'GIVEN[i]'
		done
		GIVEN+=("$advice")
		fresh=0
	done < <(sed -n 's/^ *allow: //p' <<<"$1")
	return $fresh
}

# What most programs go on without comes last.
take_advice() {
	take_from "$(sed '/which most programs go on without:/,$d' out)" || take_from "$(cat out)"
}

# Whether it serves before it ends; its report is in out.
serves() { # check, words of run...
	local check=$1 pid works=1
	shift
	# shellcheck disable=SC2086 # several words
	timeout 90 "$PLIMSOLL" --state "$STATE" run --rm --name "$NAME" $(printf '%s ' "${GIVEN[@]}") "$@" >out 2>&1 </dev/null &
	pid=$!
	for _ in $(seq 40); do
		kill -0 $pid 2>/dev/null || break
		if timeout 10 "$PLIMSOLL" --state "$STATE" exec "$NAME" sh -c "$check" >said 2>&1; then
			works=0
			break
		fi
		sleep 0.5
	done
	plimsoll stop -t 3 "$NAME" >/dev/null 2>&1 || true
	wait $pid || true
	return $works
}

# expected: a pattern that each option it was given has.
advised() { # expected, check, words of run...
	local expected=$1 check=$2 option
	shift 2
	GIVEN=()
	for _ in $(seq 12); do
		if serves "$check" "$@"; then
			for option in "${GIVEN[@]}"; do
				[[ "$option" =~ ^($expected)$ ]] || fail "it was advised $option"
			done
			return 0
		fi
		take_advice || fail "no further advice, with ${GIVEN[*]}:" "$(tail -n 30 out)" "$(cat said)"
	done
	fail "it does not serve with ${GIVEN[*]}:" "$(tail -n 30 out)"
}

SERVICE="--cap-add (CHOWN|SETUID|SETGID|DAC_OVERRIDE|KILL|FOWNER)"

folder() { echo "(-v [a-z0-9-]*:|--tmpfs )$1(:mode=1777)?"; }

page() { echo "curl -m 5 -sf http://127.0.0.1/ | grep -i '<title>'"; }

@test "advice is enough: nginx" {
	advised "$SERVICE|$(folder /var/l[a-z/]*/nginx)" "$(page)" programs:1 nginx -g 'daemon off;'
}

@test "advice is enough: apache2" {
	advised "$SERVICE|$(folder /var/log/apache2)|--ulimit nofile=8192" "$(page)" programs:1 apache2ctl -D FOREGROUND
}

@test "advice is enough: lighttpd" {
	advised "$SERVICE|$(folder /var/log/lighttpd)" 'curl -m 5 -s -o /dev/null http://127.0.0.1/' programs:1 \
		lighttpd -D -f /etc/lighttpd/lighttpd.conf
}

@test "advice is enough: haproxy" {
	advised "$SERVICE|--cap-add SYS_CHROOT" 'ps ax | grep -c "[h]aproxy -W" | grep -qx 2' programs:1 \
		haproxy -W -db -f /etc/haproxy/haproxy.cfg
}

@test "advice is enough: php-fpm" {
	advised "$SERVICE|$(folder /var/log)" 'ps ax | grep "[p]ool www"' programs:1 php-fpm8.2 -F
}

@test "advice is enough: redis" {
	advised "$(folder /var/lib/redis)|--ulimit nofile=[0-9]*" 'redis-cli set a 6 && redis-cli save | grep OK' --user redis programs:1 \
		redis-server /etc/redis/redis.conf --daemonize no --logfile ''
}

@test "advice is enough: memcached" {
	advised "$SERVICE" 'curl -m 2 -s http://127.0.0.1:11211/ | grep ERROR; ps -o user= -C memcached | grep memcache' \
		programs:1 memcached -u memcache
}

@test "advice is enough: postgresql" {
	advised "$(folder '/var/(lib/postgresql/15/main|log/postgresql)')" 'psql -Atc "select 6"' --user postgres programs:1 \
		/usr/lib/postgresql/15/bin/postgres -c config_file=/etc/postgresql/15/main/postgresql.conf
}

@test "advice is enough: mosquitto" {
	advised "$SERVICE|$(folder '/(run|var/log)/mosquitto')" \
		'mosquitto_pub -t a -r -m hello && mosquitto_sub -W 3 -t a -C 1 | grep hello' programs:1 \
		mosquitto -c /etc/mosquitto/mosquitto.conf
}

@test "advice is enough: named" {
	advised "$SERVICE|$(folder /var/cache/bind)|--ulimit nofile=[0-9]*" \
		'dig +time=2 +tries=1 @127.0.0.1 localhost | grep -w NOERROR' programs:1 named -g -u bind
}
