#!/usr/bin/env bats
# What a RUN fetched is recorded: in the trail, in --metadata-file, and for steps that the cache knows.

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
	run in_net "$PLIMSOLL" --state "$STATE" build --metadata-file meta "$@" ctx
}

# Of the last build, one entry a line: URI, status, what is told of the end, size, digest. The name server is left out.
fetched() {
	jq -r '."plimsoll.fetched"[]?.fetched[]? | select(.uri != "udp://169.254.1.1:53") | [.uri, .method // "GET", .status // "-",
		(if .incomplete then "incomplete" else "whole" end), .size, .digest // "-"] | map(tostring) | join(" ")' meta
}

sum() { # file
	sha256sum "$1" | cut -d' ' -f1
}

sum_of() { # text
	printf '%s' "$1" | sum -
}

@test "HTTP: URL, status, and the digest of what passed whole" {
	host_base grep curl
	seq 100000 >www/numbers
	dockerfile <<-'OUT'
	FROM base
	RUN set -e; cd /tmp; curl -sSf http://web.example.test/numbers -o n http://web.example.test/x/chunked -o c -O \
		'http://user:pw@web.example.test/x/ok?a=b#frag'
	RUN set -e; h=http://198.51.100.2; curl -sS $h/x/toend $h/x/missing; curl -sS -d body $h/x/post; curl -sS -r 0-9 $h/numbers; \
		curl -sSI $h/numbers; curl -sS -I $h/x/ok | cat; ! curl -sS $h/x/short
	RUN echo nothing
	OUT
	build
	assert_status 0
	assert_eq "$(fetched | head -3)" "http://web.example.test/numbers GET 200 whole $(stat -c %s www/numbers) sha256:$(sum www/numbers)
http://web.example.test/x/chunked GET 200 whole 7 sha256:$(sum_of chunked)
http://web.example.test/x/ok?a=b GET 200 whole 2 sha256:$(sum_of ok)"
	fetched | grep -Fx "http://198.51.100.2/x/toend GET 200 whole 10 sha256:$(sum_of 'to the end')"
	fetched | grep -Fx "http://198.51.100.2/x/missing GET 404 whole 4 -"
	fetched | grep -Fx "http://198.51.100.2/x/post POST 201 whole 4 sha256:$(sum_of made)"
	fetched | grep -Fx "http://198.51.100.2/x/short GET 200 incomplete 9 -"
	fetched | grep -Fx "http://198.51.100.2/numbers HEAD 200 whole 0 -"
	assert_eq "$(jq -r '."plimsoll.fetched" | map("\(.stage) \(.step) \(.cached) \(.network)") | join(",")' meta)" \
		"0 2 false default,0 3 false default"
	assert_eq "$(jq -r '."plimsoll.fetched"[0].fetched[0].address' meta)" "198.51.100.1:80"
	# What has a digest is a material of the image, as what ADD fetches is.
	assert_eq "$(jq -r '."buildx.build.provenance".materials[1] | .uri + " " + .digest.sha256' meta)" \
		"http://web.example.test/numbers $(sum www/numbers)"
	# Credentials reached the server and nobody else.
	! grep -r 'user:pw' "$STATE/trail" meta || fail "credentials"
}

@test "the trail has what was fetched, also of steps that the cache knows; the image does not change" {
	host_base grep curl
	printf 'FROM base\nRUN curl -sSf http://web.example.test/x/ok >/made\n' | dockerfile
	build
	assert_status 0
	id=$output
	plimsoll trail show --kind build --format json >trail
	assert_eq "$(jq -r '.detail.fetched.steps[0].fetched[0] | .uri + " " + .digest' trail)" \
		"http://web.example.test/x/ok sha256:$(sum_of ok)"
	fetched >first
	assert_eq "$(wc -l <first)" 1
	# The digest in the trail is that of the list in the metadata, in canonical form.
	assert_eq "$(jq -r .detail.fetched.digest trail)" \
		"sha256:$(jq -cjS '."plimsoll.fetched"' meta | sum -)"
	build
	assert_status 0
	assert_output_has cached
	fetched | diff - first
	assert_eq "$(jq -r '."plimsoll.fetched"[0].cached' meta)" true
	assert_eq "$(tail -1 <<<"$output")" "$(tail -1 <<<"$id")"
	# What prune leaves, it leaves whole.
	plimsoll cache prune >/dev/null
	build
	fetched | diff - first
	# An entry of before there were records, and one whose record is gone.
	entry=$(grep -l '"fetched"' "$STATE"/cache/build/*.json)
	jq -c 'del(.fetched)' "$entry" >entry && cp entry "$entry"
	build
	assert_status 0
	assert_output_has cached
	assert_eq "$(jq -c '."plimsoll.fetched"[0] | [.unknown, .fetched]' meta)" '[true,null]'
}

@test "a cache that is given away tells what its steps fetched" {
	host_base grep curl
	printf 'FROM base\nRUN curl -sSf http://web.example.test/x/ok >/made\nRUN curl -sSf http://198.51.100.2/x/ok >/dev/null\n' | dockerfile
	build --cache-to type=local,dest=given,mode=max
	assert_status 0
	fetched >first
	rm "$STATE"/cache/build/*.json
	plimsoll cache prune --all >/dev/null
	build --cache-from type=local,src=given
	assert_status 0
	assert_output_has cached
	fetched | diff - first
	# Inline there is no room for it: an image must not depend on how many bytes a handshake took.
	one=$(in_net "$PLIMSOLL" --state "$STATE" build -q --no-cache --cache-to type=inline -t one ctx)
	assert_eq "$(in_net "$PLIMSOLL" --state "$STATE" build -q --no-cache --cache-to type=inline -t one ctx)" "$one"
}

@test "other protocols: TLS by the name asked for, TCP and UDP by address and name, with bytes" {
	need_cmd gcc
	gcc -O1 -o talk "$PLIMSOLL_SRC/tests/helpers/talk.c"
	host_base grep curl "$PWD/talk"
	printf '%s\n' FROM\ base \
		'RUN curl -sSk https://web.example.test/x/ok https://198.51.100.2/x/ok; curl -sSk --connect-to named.example.test:443:198.51.100.2:443 https://named.example.test/x/ok' \
		'RUN talk tcp other.example.test 7 hello; talk udp 198.51.100.1 7 datagram; ! talk tcp 198.51.100.1 9 x' \
		'RUN https_proxy=http://198.51.100.1:3128 curl -sSk https://web.example.test/x/ok; http_proxy=http://u:p@198.51.100.1:3128 curl -sS http://198.51.100.2/x/ok' |
		dockerfile
	build
	assert_status 0
	list=$(jq -r '."plimsoll.fetched"[].fetched[] | [.uri, .address, .sent, .received] | map(tostring) | join(" ")' meta)
	for want in '^tls://web.example.test:443 198.51.100.1:443 [0-9]{3,} [0-9]{3,}$' '^tls://198.51.100.2:443 198.51.100.2:443 ' \
		'^tls://named.example.test:443 198.51.100.2:443 ' '^tcp://other.example.test:7 198.51.100.2:7 5 5$' \
		'^udp://198.51.100.1:7 198.51.100.1:7 8 8$' '^tls://web.example.test:443 198.51.100.1:3128 ' \
		'^http://198.51.100.2/x/ok 198.51.100.1:3128 '; do
		grep -Eq "$want" <<<"$list" || fail "$want" "$list"
	done
	! grep -q ':9 ' <<<"$list" || fail "what refused is no connection" "$list"
}

@test "secrets in a URL are in no record" {
	host_base grep curl tr
	printf 'hunter2 and/more\n' >s
	dockerfile <<-'OUT'
	FROM base
	RUN --mount=type=secret,id=s s=$(cat /run/secrets/s); curl -sS -G --data-urlencode "t=$s" http://web.example.test/x/ok; \
		curl -sS "http://web.example.test/x/$(tr ' ' + </run/secrets/s)"; curl -sS -u "x:$s" http://web.example.test/x/ok
	OUT
	build --secret id=s,src=s
	assert_status 0
	assert_eq "$(fetched | cut -d' ' -f1)" 'http://web.example.test/x/***
http://web.example.test/x/ok
http://web.example.test/x/ok?t=***'
	rm s
	! grep -rI -e hunter2 "$STATE" meta || fail "the secret was written"
}

@test "two stages at once, each with its own; a step without a network has nothing to tell" {
	host_base grep curl
	dockerfile <<-'OUT'
	FROM base AS one
	RUN curl -sSf http://198.51.100.1/x/one >/one; sleep 1
	FROM base AS two
	RUN curl -sSf http://198.51.100.2/x/two >/two; sleep 1
	FROM base
	COPY --from=one /one /
	COPY --from=two /two /
	RUN --network=none true
	OUT
	build --jobs 2
	assert_status 0
	assert_eq "$(jq -r '."plimsoll.fetched"[] | .stage + " " + (.fetched | map(.uri) | join(" "))' meta)" \
		"one http://198.51.100.1/x/one
two http://198.51.100.2/x/two"
}

@test "what is written to the network does not fill memory, disk or the record" {
	need_cmd gcc
	host_base grep
	gcc -O1 -static -o ctx/flood "$PLIMSOLL_SRC/tests/helpers/flood.c"
	printf 'FROM base\nRUN --mount=source=flood,target=/flood /flood 198.51.100.1\n' | dockerfile
	build
	assert_status 0
	[ "$(jq '[."plimsoll.fetched"[].fetched[]] | length' meta)" -le 4000 ]
	[ "$(jq '."plimsoll.fetched"[0].more' meta)" -gt 0 ]
	[ "$(stat -c %s meta)" -lt 8000000 ]
	# And the entry of the trail is one.
	plimsoll trail verify
}

@test "when the process that reads the packets is ended, so is the step" {
	host_base grep curl
	printf 'FROM base\nRUN curl -sSf http://198.51.100.1/x/ok; touch /tmp/here; sleep 4\n' | dockerfile
	in_net "$PLIMSOLL" --state "$STATE" build ctx >out 2>&1 3>&- &
	BUILD=$!
	wait_for 20 grep -q RUN out
	sleep 2
	# Of the two processes of that name the one whose parent is the other.
	reader=$(ps -o pid=,ppid=,comm=,args= -e | awk -v state="$STATE" '$3 == "plimsoll-net" && index($0, state) { parent[$1] = $2 }
		END { for (p in parent) if (parent[p] in parent) print p }')
	kill -KILL "$reader"
	wait "$BUILD" && fail "built" "$(cat out)"
	grep -q "Dockerfile:2: .*record what the step fetched: the process that reads its packets was ended" out || fail "$(cat out)"
}
