# registries.conf, certs.d and proxies: where a name is fetched from, and over what connection.
load ../lib/common
load ../lib/registry
load ../lib/registry_auth

setup() {
	common_setup
	need_cmd docker-registry curl jq openssl
	no_credentials
	export CONTAINERS_REGISTRIES_CONF=$BATS_TEST_TMPDIR/registries.conf
	: >"$CONTAINERS_REGISTRIES_CONF"
	CERTS=$HOME/.config/containers/certs.d
}

teardown() {
	registry_stop
	[ -z "${PROXY_PID:-}" ] || kill "$PROXY_PID" 2>/dev/null || true
	common_teardown
}

conf() {
	cat >"$CONTAINERS_REGISTRIES_CONF"
}

# An image in the registry under these names: push_as NAME...
push_as() {
	local name
	make_layout "$BATS_TEST_TMPDIR/src" web:1
	for name; do
		"$PLIMSOLL" --state "$BATS_TEST_TMPDIR/src" -q push web:1 "$REGISTRY/$name" >/dev/null
	done
}

# A CA, a server's certificate for 127.0.0.1 and 10.9.9.9, a client's: in $PKI
make_pki() {
	PKI=$BATS_TEST_TMPDIR/pki
	mkdir -p "$PKI"
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$PKI/ca.key" -out "$PKI/ca.crt" -days 2 -subj /CN=ca 2>/dev/null
	local who
	for who in server client; do
		openssl req -newkey rsa:2048 -nodes -keyout "$PKI/$who.key" -out "$PKI/$who.csr" -subj "/CN=$who" 2>/dev/null
		openssl x509 -req -in "$PKI/$who.csr" -CA "$PKI/ca.crt" -CAkey "$PKI/ca.key" -CAcreateserial -days 2 \
			-extfile <(echo "subjectAltName=IP:127.0.0.1,IP:10.9.9.9") -out "$PKI/$who.crt" 2>/dev/null
	done
}

@test "a location, and mirrors before it: the name stays the one that was asked for" {
	registry_start
	push_as real/web:1 mirror/team/web:1
	conf <<-TOML
		[[registry]]
		prefix = "logical.example/team"
		location = "$REGISTRY/real"
		[[registry.mirror]]
		location = "127.0.0.1:1/gone"
		[[registry.mirror]]
		location = "$REGISTRY/empty"
		[[registry.mirror]]
		location = "$REGISTRY/mirror/team"
	TOML
	run plimsoll pull logical.example/team/web:1
	assert_status 0
	assert_output_has "$DIGEST" "mirror 127.0.0.1:1 is passed over" "mirror $REGISTRY is passed over"
	[ "$(registry_requests 'GET /v2/mirror/team/web/blobs')" -gt 0 ]
	assert_eq "$(registry_requests 'GET /v2/real/web/(blobs|manifests/1)')" 0
	assert_eq "$(plimsoll images --format json | jq -r '.images[].repository')" logical.example/team/web
	run plimsoll trail show
	assert_output_has logical.example/team/web:1
	# No mirror has it: the place itself.
	sed -i s,mirror/team,nothing, "$CONTAINERS_REGISTRIES_CONF"
	run "$PLIMSOLL" --state "$BATS_TEST_TMPDIR/other" pull logical.example/team/web:1
	assert_status 0
	[ "$(registry_requests 'GET /v2/real/web/blobs')" -gt 0 ]
	# What goes out goes to the name itself, not to a mirror.
	run plimsoll push logical.example/team/web:1
	assert_status 7
	assert_output_has logical.example
}

@test "mirrors for digests only, and what a mirror must have" {
	registry_start
	push_as real/web:1 mirror/web:1
	conf <<-TOML
		[[registry]]
		location = "$REGISTRY/real"
		mirror-by-digest-only = true
		mirror = [{location = "$REGISTRY/mirror"}]
	TOML
	run plimsoll pull "$REGISTRY/real/web:1"
	assert_status 0
	assert_eq "$(registry_requests 'GET /v2/mirror/web/manifests/1 ')" 0
	run "$PLIMSOLL" --state "$BATS_TEST_TMPDIR/other" pull "$REGISTRY/real/web@$DIGEST"
	assert_status 0
	[ "$(registry_requests 'GET /v2/mirror/web/blobs')" -gt 0 ]
}

@test "a mirror that has no signatures: they come from the registry itself" {
	registry_start
	push_as real/web:1
	"$PLIMSOLL" --state "$BATS_TEST_TMPDIR/src" -q push --no-referrers web:1 "$REGISTRY/mirror/web:1" >/dev/null
	conf <<-TOML
		[[registry]]
		location = "$REGISTRY/real"
		[[registry.mirror]]
		location = "$REGISTRY/mirror"
	TOML
	run plimsoll pull --quiet --format json "$REGISTRY/real/web:1"
	assert_status 0
	assert_eq "$(jq .referrers <<<"$output")" 1
	# Also where the mirror has the name that was asked for, and the registry another; and to copy.
	conf <<-TOML
		[[registry]]
		prefix = "logical.example/mirror"
		location = "$REGISTRY/real"
		[[registry.mirror]]
		location = "$REGISTRY/mirror"
	TOML
	local type=application/vnd.oci.image.manifest.v1+json tag=${DIGEST/:/-}.sig
	curl -sf -H "Accept: $type" "http://$REGISTRY/v2/real/web/manifests/1" >image
	curl -sf -X PUT -H "Content-Type: $type" --data-binary @image "http://$REGISTRY/v2/real/web/manifests/$tag"
	run "$PLIMSOLL" --state "$BATS_TEST_TMPDIR/b" pull --quiet --format json logical.example/mirror/web:1
	assert_status 0
	assert_eq "$(jq .referrers <<<"$output")" 1
	[ "$(registry_requests "GET /v2/real/web/manifests/$tag")" -gt 0 ]
	run plimsoll copy logical.example/mirror/web:1 oci:out
	assert_status 0
	run jq -c '[.manifests[] | .artifactType, .annotations["org.opencontainers.image.ref.name"]]' out/index.json
	assert_output_has notary.signature "$tag"
}

@test "blocked: nothing is asked, in either direction; a wildcard blocks too" {
	make_layout "$STATE" web:1
	conf <<-TOML
		[[registry]]
		location = "127.0.0.1:1"
		blocked = true
		[[registry]]
		prefix = "*.bad.example"
		blocked = true
	TOML
	run plimsoll pull 127.0.0.1:1/web:1
	assert_status 3
	assert_output_has "'127.0.0.1:1/web' is blocked by registries.conf (prefix '127.0.0.1:1')"
	run plimsoll push web:1 127.0.0.1:1/web:1
	assert_status 3
	run plimsoll pull very.bad.example/web:1
	assert_status 3
	run plimsoll login -u a --password-stdin x.bad.example <<<b
	assert_status 3
}

@test "short names: an alias, else the choices; a slip in the file is told with its place" {
	registry_start
	push_as team/web:1
	conf <<-TOML
		unqualified-search-registries = ["docker.io", "quay.example"]
		[aliases]
		"web" = "$REGISTRY/team/web"
	TOML
	run plimsoll pull web:1
	assert_status 0
	assert_eq "$(plimsoll images --format json | jq -r '.images[].repository')" "$REGISTRY/team/web"
	run plimsoll pull nginx-of-nobody
	assert_status 2
	assert_output_has "docker.io/library/nginx-of-nobody, quay.example/nginx-of-nobody"
	conf <<-TOML
		[[registry]]
		location = "a.example"
		blokced = true
	TOML
	run plimsoll pull a.example/web
	assert_status 5
	assert_output_has "registries.conf:3: 'blokced' is no key" "    blokced = true" "    ^"
}

@test "credential-helpers decide who is asked" {
	registry_start_basic ann right
	make_layout "$STATE" web:1
	docker_config "$REGISTRY" ann:right
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\necho "{\\"Username\\":\\"ann\\",\\"Secret\\":\\"right\\"}"\n' >"$BATS_TEST_TMPDIR/bin/docker-credential-mine"
	chmod +x "$BATS_TEST_TMPDIR/bin/docker-credential-mine"
	echo 'credential-helpers = []' | conf
	run plimsoll push web:1 "$REGISTRY/web:1"
	assert_status 7
	echo 'credential-helpers = ["containers-auth.json"]' | conf
	run plimsoll push web:1 "$REGISTRY/web:1"
	assert_status 0
	rm "$CONFIG"
	echo 'credential-helpers = ["containers-auth.json", "mine"]' | conf
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run plimsoll push web:1 "$REGISTRY/web:2"
	assert_status 0
	echo 'credential-helpers = ["/../bin/mine"]' | conf
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run plimsoll push web:1 "$REGISTRY/web:3"
	assert_output_has "is no name of a credential helper"
}

@test "insecure is only ever explicit: plain HTTP and unknown certificates of another machine" {
	need_root
	need_cmd unshare ip
	make_layout "$STATE" web:1
	make_pki
	cat >"$BATS_TEST_TMPDIR/plain.yml" <<-YML
		version: 0.1
		log: {level: warn}
		storage: {filesystem: {rootdirectory: $BATS_TEST_TMPDIR/registry}}
		http: {addr: "10.9.9.9:5000"}
	YML
	sed "s|addr: .*|addr: \"10.9.9.9:5001\", tls: {certificate: $PKI/server.crt, key: $PKI/server.key}}|" \
		"$BATS_TEST_TMPDIR/plain.yml" >"$BATS_TEST_TMPDIR/tls.yml"
	# The ports that a name without one means.
	sed 's|:5000|:80|' "$BATS_TEST_TMPDIR/plain.yml" >"$BATS_TEST_TMPDIR/plain80.yml"
	sed 's|10.9.9.9:5001|127.0.0.1:443|' "$BATS_TEST_TMPDIR/tls.yml" >"$BATS_TEST_TMPDIR/tls443.yml"
	mkdir -p "$CERTS/127.0.0.1"
	cp "$PKI/ca.crt" "$CERTS/127.0.0.1/"
	# A registry that is its own token server, and that leads to this machine.
	cat >"$BATS_TEST_TMPDIR/own.py" <<-'PY'
		from http.server import BaseHTTPRequestHandler, HTTPServer

		class Handler(BaseHTTPRequestHandler):
		    def do_GET(self):
		        known = self.headers.get("Authorization") == "Bearer t"
		        token = self.path.startswith("/token")
		        self.send_response(302 if self.path == "/far" else 200 if token else 404 if known else 401)
		        self.send_header("Location", "http://0.0.0.0:8081/")
		        self.send_header("WWW-Authenticate", 'Bearer realm="http://10.9.9.9:8080/token",service="s"')
		        self.end_headers()
		        self.wfile.write(b'{"token":"t"}' if token else b"{}")

		HTTPServer(("10.9.9.9", 8080), Handler).serve_forever()
	PY
	printf 'FROM scratch\nADD http://10.9.9.9:8080/far /a\n' >Dockerfile
	cat >"$BATS_TEST_TMPDIR/inside" <<-'SH'
		ip link set lo up && ip addr add 10.9.9.9/32 dev lo
		/usr/bin/python3 "$BATS_TEST_TMPDIR/own.py" 2>own.log &
		pids=$!
		for kind in plain tls plain80 tls443; do
			docker-registry serve "$BATS_TEST_TMPDIR/$kind.yml" >"$BATS_TEST_TMPDIR/$kind.log" 2>&1 &
			pids="$pids $!"
		done
		for try in 1 2 3 4 5 6 7 8 9 10; do curl -sk https://10.9.9.9:5001/v2/ && curl -s http://10.9.9.9:5000/v2/ && break; sleep 0.3; done
		for port in 5000 5001; do
			: >"$CONTAINERS_REGISTRIES_CONF"
			"$PLIMSOLL" --state "$STATE" push web:1 10.9.9.9:$port/web:1; echo "$port secure $?"
			printf '[[registry]]\nlocation="10.9.9.9:%s"\ninsecure=true\n' $port >"$CONTAINERS_REGISTRIES_CONF"
			"$PLIMSOLL" --state "$STATE" push web:1 10.9.9.9:$port/web:1; echo "$port insecure $?"
			"$PLIMSOLL" --state "$STATE" pull 10.9.9.9:$port/web:1; echo "$port pull $?"
		done
		printf '[[registry]]\nlocation="10.9.9.9"\ninsecure=true\n[[registry]]\nlocation="10.9.9.9:8080"\ninsecure=true\n' \
			>"$CONTAINERS_REGISTRIES_CONF"
		"$PLIMSOLL" --state "$STATE" push web:1 10.9.9.9/web:1; echo "80 insecure $?"
		"$PLIMSOLL" --state "$STATE" push web:1 127.0.0.1/web:1; echo "443 here $?"
		"$PLIMSOLL" --state "$STATE" pull 10.9.9.9:8080/web:1; echo "own token $?"
		"$PLIMSOLL" --state "$STATE" build -f Dockerfile .; echo "far $?"
		http_proxy=http://10.9.9.9:1 NO_PROXY=10.9.9.9:8080,0.0.0.0/8 "$PLIMSOLL" --state "$STATE" build -f Dockerfile . >far 2>&1
		echo "far beside a proxy $? $(grep -c "redirected to '0.0.0.0' on this machine" far)"
		kill $pids
	SH
	export STATE
	run unshare -n bash "$BATS_TEST_TMPDIR/inside"
	assert_output_has "80 insecure 0" "443 here 0" "own token 5" "far 7" "far beside a proxy 7 1" "redirected to '0.0.0.0' on this machine"
	assert_output_has "5000 secure 7" "5000 insecure 0" "5000 pull 0" "5001 secure 7" "5001 insecure 0" "5001 pull 0"
}

@test "a registry that asks for a client's certificate; halves of a pair are told" {
	make_pki
	make_layout "$STATE" web:1
	REGISTRY=127.0.0.1:$(free_port)
	cat >"$BATS_TEST_TMPDIR/registry.yml" <<-YML
		version: 0.1
		log: {level: warn}
		storage: {filesystem: {rootdirectory: $BATS_TEST_TMPDIR/registry}}
		http: {addr: "$REGISTRY", tls: {certificate: $PKI/server.crt, key: $PKI/server.key, clientcas: [$PKI/ca.crt]}}
	YML
	docker-registry serve "$BATS_TEST_TMPDIR/registry.yml" >"$BATS_TEST_TMPDIR/registry.log" 2>&1 3>&- &
	REGISTRY_PID=$!
	wait_for 20 curl -s -o v2 --cacert "$PKI/ca.crt" --cert "$PKI/client.crt" --key "$PKI/client.key" "https://$REGISTRY/v2/"
	mkdir -p "$CERTS/$REGISTRY"
	run plimsoll push web:1 "$REGISTRY/web:1"
	assert_status 7
	assert_output_has "certificate"
	cp "$PKI/ca.crt" "$CERTS/$REGISTRY/ca.crt"
	run plimsoll push web:1 "$REGISTRY/web:1"
	assert_status 7
	assert_output_has "client.cert"
	cp "$PKI/client.crt" "$CERTS/$REGISTRY/client.cert"
	run plimsoll push web:1 "$REGISTRY/web:1"
	assert_status 7
	assert_output_has "without its key 'client.key'"
	cp "$PKI/client.key" "$CERTS/$REGISTRY/client.key"
	chmod 600 "$CERTS/$REGISTRY/client.key"
	run plimsoll push web:1 "$REGISTRY/web:1"
	assert_status 0
	run plimsoll pull "$REGISTRY/web:1"
	assert_status 0
	cp "$PKI/client.key" "$CERTS/$REGISTRY/other.key"
	run plimsoll pull "$REGISTRY/web:1"
	assert_status 7
	assert_output_has "without its certificate 'other.cert'"
}

@test "HTTP/2: pushes in sessions, what refers, and pulls, by several hands at once" {
	make_pki
	make_layout "$STATE" web:1 9000000
	/usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/many_referrers.py" "$STATE" web:1 30
	REGISTRY=127.0.0.1:$(free_port)
	cat >"$BATS_TEST_TMPDIR/registry.yml" <<-YML
		version: 0.1
		log: {level: warn}
		storage: {filesystem: {rootdirectory: $BATS_TEST_TMPDIR/registry}}
		http: {addr: "$REGISTRY", tls: {certificate: $PKI/server.crt, key: $PKI/server.key}}
	YML
	docker-registry serve "$BATS_TEST_TMPDIR/registry.yml" >"$BATS_TEST_TMPDIR/registry.log" 2>&1 3>&- &
	REGISTRY_PID=$!
	wait_for 20 curl -s -o v2 --cacert "$PKI/ca.crt" "https://$REGISTRY/v2/"
	mkdir -p "$CERTS/$REGISTRY"
	cp "$PKI/ca.crt" "$CERTS/$REGISTRY/"
	run plimsoll push web:1 "$REGISTRY/web:1"
	assert_status 0
	run "$PLIMSOLL" --state pulled pull "$REGISTRY/web:1"
	assert_status 0
	assert_output_has "$DIGEST"
	assert_eq "$(jq '[.manifests[] | select(.artifactType)] | length' pulled/index.json)" 31
	grep -q '"PATCH /v2/web/blobs/uploads/.* HTTP/2.0" 202' "$BATS_TEST_TMPDIR/registry.log"
	! grep -q 'HTTP/1' <(grep plimsoll/ "$BATS_TEST_TMPDIR/registry.log") || fail "not all of it was HTTP/2"
}

@test "a proxy: TLS goes through it, NO_PROXY around it, this machine never" {
	need_root
	need_cmd unshare ip
	make_pki
	make_layout "$STATE" web:1
	mkdir -p "$CERTS/10.9.9.9:5001"
	cp "$PKI/ca.crt" "$CERTS/10.9.9.9:5001/"
	cat >"$BATS_TEST_TMPDIR/registry.yml" <<-YML
		version: 0.1
		log: {level: warn}
		storage: {filesystem: {rootdirectory: $BATS_TEST_TMPDIR/registry}}
		http: {addr: "10.9.9.9:5001", tls: {certificate: $PKI/server.crt, key: $PKI/server.key}}
	YML
	cat >"$BATS_TEST_TMPDIR/inside" <<-'SH'
		ip link set lo up && ip addr add 10.9.9.9/32 dev lo
		docker-registry serve "$BATS_TEST_TMPDIR/registry.yml" >"$BATS_TEST_TMPDIR/registry.log" 2>&1 &
		pids=$!
		/usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/proxy.py" 3128 proxy.log &
		pids="$pids $!"
		for try in 1 2 3 4 5 6 7 8 9 10; do curl -sk https://10.9.9.9:5001/v2/ && [ -e proxy.log ] && break; sleep 0.3; done
		export HTTPS_PROXY=http://10.9.9.9:3128
		"$PLIMSOLL" --state "$STATE" push web:1 10.9.9.9:5001/web:1; echo "through $? $(sort -u <proxy.log)"
		: >proxy.log
		NO_PROXY=10.9.9.9 "$PLIMSOLL" --state "$STATE" pull 10.9.9.9:5001/web:1; echo "around $? $(wc -l <proxy.log)"
		NO_PROXY=10.9.9.9:5001 "$PLIMSOLL" --state "$STATE" pull 10.9.9.9:5001/web:1; echo "port around $? $(wc -l <proxy.log)"
		NO_PROXY=10.9.9.9:5000 "$PLIMSOLL" --state "$STATE" pull 10.9.9.9:5001/web:1; echo "port through $? $(sort -u <proxy.log)"
		HTTPS_PROXY=http://10.9.9.9:1 "$PLIMSOLL" --state "$STATE" pull 10.9.9.9:5001/web:1; echo "dead $?"
		kill $pids
	SH
	export STATE
	run unshare -n bash "$BATS_TEST_TMPDIR/inside"
	assert_output_has "through 0 CONNECT 10.9.9.9:5001" "around 0 0" "port around 0 0" "port through 0 CONNECT 10.9.9.9:5001" "dead 7"
}
