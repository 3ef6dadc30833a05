#!/usr/bin/env bats
# Networks of steps that policy names: what they reach, and what they do not.

load ../lib/common
load ../lib/build
load ../lib/net

setup() {
	net_setup
}

teardown() {
	net_teardown
}

build() { # arguments
	run in_net timeout 120 "$PLIMSOLL" --state "$STATE" --config conf.yaml build --metadata-file meta "$@" ctx
}

net_base() {
	need_cmd gcc
	gcc -O1 -o talk "$PLIMSOLL_SRC/tests/helpers/talk.c"
	host_base grep curl "$PWD/talk"
}

@test "a named network reaches what policy allows, by name and by address, and is recorded" {
	net_base
	printf 'networks:\n  web:\n    allow: ["web.example.test:80", "198.51.100.2:7"]\n  all:\n    allow: ["198.51.100.0/24"]\n' >conf.yaml
	dockerfile <<-'OUT'
	FROM base
	RUN --network=web set -e; curl -sSf http://web.example.test/x/ok; curl -sSf http://198.51.100.1/x/ok; talk tcp 198.51.100.2 7 hello; \
		test ! -s /etc/resolv.conf; grep web.example.test /etc/hosts
	RUN --network=all set -e; curl -sSfk https://198.51.100.2/x/ok; curl -sSf http://198.51.100.1/x/ok; cat /proc/net/route
	RUN talk udp 198.51.100.1 7 datagram
	OUT
	build
	assert_status 0
	assert_eq "$(jq -r '."plimsoll.fetched"[] | .network + " " + (.fetched | map(.uri) | sort | join(" "))' meta)" \
		"web http://198.51.100.1/x/ok http://web.example.test/x/ok tcp://198.51.100.2:7
all http://198.51.100.1/x/ok tls://198.51.100.2:443
default udp://198.51.100.1:7"
	# No way but that one.
	assert_eq "$(grep -c '^step0' <<<"$output")" 1
	assert_output_has "step0	006433C6"
}

@test "and nothing else: other ports, addresses, protocols and names" {
	net_base
	printf 'networks:\n  web:\n    allow: ["web.example.test:80", "198.51.100.2:7", "[2001:db8::/32]:443"]\n' >conf.yaml
	dockerfile <<-'OUT'
	FROM base
	RUN for to in 198.51.100.1:7 198.51.100.1:443 198.51.100.2:80 198.51.100.3:80 192.0.2.1:80 192.0.2.2:80 169.254.1.1:53 8.8.8.8:80; do \
		talk tcp ${to%:*} ${to#*:} x && echo reached $to; done; \
		for to in 198.51.100.1:7 198.51.100.2:7 169.254.1.1:53 192.0.2.1:53 127.0.0.1:53; do \
		talk udp ${to%:*} ${to#*:} x && echo reached $to; done; \
		talk tcp other.example.test 7 x && echo reached by name; curl -sS -m 3 http://web.example.test/x/ok
	OUT
	build --network web
	assert_status 0
	refute_output_has "reached 1" "reached by"
	assert_eq "$(jq -r '[."plimsoll.fetched"[].fetched[].uri] | join(" ")' meta)" "http://web.example.test/x/ok"
}

@test "the network's name is in a step's key, its addresses are not" {
	net_base
	printf 'networks:\n  a:\n    allow: ["198.51.100.1:80"]\n  b:\n    allow: ["198.51.100.1:80"]\n' >conf.yaml
	printf 'FROM base\nRUN true\n' | dockerfile
	build --network a
	assert_status 0
	build --network a
	assert_output_has cached
	build --network b
	refute_output_has cached
	sed -i 's/100.1/100.2/' conf.yaml
	build --network a
	assert_output_has cached
}

@test "names that policy does not know, and policies that make no sense" {
	host_base
	printf 'networks:\n  web:\n    allow: ["198.51.100.1:80"]\n  packages:\n    allow: []\n' >conf.yaml
	printf 'FROM base\nRUN --network=wbe true\n' | dockerfile
	build
	assert_status 5
	assert_output_has "Dockerfile:2:" "one that the configuration names, not 'wbe'" "        ^~~" "packages" "web"
	build --network nope
	assert_status 2
	assert_output_has "not 'nope'" "the configuration names: web, packages"
	printf 'FROM base\nRUN --network=packages true\n' | dockerfile
	build
	assert_status 0
	echo '{}' >conf.yaml
	build
	assert_status 5
	assert_output_has "networks: {packages: {allow: "
	for bad in '{none: {allow: []}}' '{host: {allow: []}}' '{"a b": {allow: []}}' '{a: []}' '{a: {allow: x}}' '{a: {}}' '[]' \
		'{a: {allow: [], deny: []}}' '{a: {allow: [1]}}' '{a: {allow: ["h:0"]}}' '{a: {allow: ["h:65536"]}}' '{a: {allow: ["10.0.0.1/8:80"]}}' \
		'{a: {allow: ["10.0.0.0/33"]}}' '{a: {allow: ["10.0.0"]}}' '{a: {allow: ["fd00::1"]}}' '{a: {allow: ["[10.0.0.1]:80"]}}' \
		'{a: {allow: ["*.example.org:80"]}}' '{a: {allow: ["http://h/"]}}' '{a: {allow: ["-h"]}}' '{a: {allow: [""]}}'; do
		echo "networks: $bad" >conf.yaml
		build
		[ "$status" = 2 ] || fail "$bad: $status" "$output"
		assert_output_has conf.yaml networks
	done
	printf 'FROM base\nRUN true\n' | dockerfile
	echo 'networks: {gone: {allow: ["gone.example.test:80"]}}' >conf.yaml
	build --network gone
	assert_status 7
	assert_output_has "gone.example.test"
}

@test "the default network leads to neither the host's other addresses nor a metadata server" {
	net_base
	in_net ip addr add 203.0.113.9/32 dev lo
	in_net ip addr add 169.254.169.254/32 dev lo
	in_net ip -6 addr add fd5a::9/128 dev lo 2>/dev/null || true
	in_net python3 -m http.server --bind :: 80 >server.log 2>&1 3>&- &
	local server=$!
	wait_for 20 in_net curl -sf -o first http://203.0.113.9/
	echo '{}' >conf.yaml
	dockerfile <<-'OUT'
	FROM base
	RUN curl -sSf http://198.51.100.1/x/ok; for to in 203.0.113.9 169.254.169.254 192.0.2.2 127.0.0.1 '[fd5a::9]' '[::ffff:203.0.113.9]'; do \
		curl -gsf -m 2 -o /dev/null http://$to/ && echo reached $to; \
		curl -gsf -m 2 --interface 'if!eth0' -o /dev/null http://$to/ && echo reached $to; done; true
	OUT
	build
	kill $server
	wait $server 2>/dev/null || true
	assert_status 0
	refute_output_has "reached 2" "reached 1" "reached ["
	assert_eq "$(jq -r '."plimsoll.fetched"[0].fetched | map(.uri) | index("http://198.51.100.1/x/ok") != null' meta)" true
}
