# A network of the test's own, with servers that its steps reach (tests/lib/net_server.py): nothing leaves it.
# shellcheck shell=bash

# net_start: two network namespaces and a link between them. One is the host's, where the tests are; the other has the
# servers' addresses, 198.51.100.1 and .2, and a name server on the first that knows web.example.test and more.
net_start() {
	need_root
	need_cmd unshare nsenter ip pasta python3
	printf 'nameserver 198.51.100.1\n' >"$BATS_TEST_TMPDIR/resolv.conf"
	# shellcheck disable=SC2016
	unshare --net --mount sh -c '
		mount --bind "$1/resolv.conf" /etc/resolv.conf
		ip link set lo up
		ip link add up0 type veth peer name up1
		unshare --net sh -c "
			ip link set lo up
			until ip link set up1 up 2>/dev/null; do sleep 0.02; done
			ip addr add 192.0.2.1/24 dev up1 && ip route add default via 192.0.2.2
			ip addr add 198.51.100.1/32 dev lo && ip addr add 198.51.100.2/32 dev lo
			exec python3 \"\$@\"" sh "$2" "$1" &
		servers=$!
		trap "kill $servers" TERM
		until [ "$(readlink /proc/$servers/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.02; done
		ip link set up1 netns $servers && ip link set up0 up
		ip addr add 192.0.2.2/24 dev up0 && ip route add default via 192.0.2.1
		wait $servers' sh "$BATS_TEST_TMPDIR" "$PLIMSOLL_SRC/tests/lib/net_server.py" \
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
