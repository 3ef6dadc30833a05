# A network of the test's own, with servers that its steps reach (tests/lib/net_server.py): nothing leaves it.
# shellcheck shell=bash

# net_start: a network namespace with an uplink that leads nowhere and the servers' addresses, 198.51.100.1 and .2. Its
# name server, on its loopback, knows web.example.test and more.
net_start() {
	need_root
	need_cmd unshare nsenter ip pasta python3
	printf 'nameserver 127.0.0.1\n' >"$BATS_TEST_TMPDIR/resolv.conf"
	# shellcheck disable=SC2016
	unshare --net --mount sh -c '
		mount --bind "$1/resolv.conf" /etc/resolv.conf
		ip link set lo up
		ip link add up0 type veth peer name up1 && ip link set up1 up && ip link set up0 up
		ip addr add 192.0.2.2/24 dev up0 && ip route add default via 192.0.2.1
		ip addr add 198.51.100.1/32 dev lo && ip addr add 198.51.100.2/32 dev lo
		shift
		exec "$@"' sh "$BATS_TEST_TMPDIR" python3 "$PLIMSOLL_SRC/tests/lib/net_server.py" "$BATS_TEST_TMPDIR" \
		>"$BATS_TEST_TMPDIR/net.err" 2>&1 3>&- &
	NET_PID=$!
	wait_for 20 test -e "$BATS_TEST_TMPDIR/net.ready"
}

net_stop() {
	[ -z "${NET_PID:-}" ] && return 0
	kill "$NET_PID" 2>/dev/null || true
	wait "$NET_PID" 2>/dev/null || true
	NET_PID=
}

in_net() { # command...
	nsenter --target "$NET_PID" --net --mount --wd="$PWD" "$@"
}

# What every test of such a file begins and ends with.
net_setup() {
	common_setup
	mkdir ctx
	net_start
}

net_teardown() {
	net_stop
	common_teardown
}
