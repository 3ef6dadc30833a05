# Registries that ask who we are, for tests. Load after common.bash and registry.bash.
# shellcheck shell=bash disable=SC2034

# docker-registry with what it is told of `auth:` on standard input: sets $REGISTRY, as registry_start does.
registry_start_with() {
	REGISTRY=127.0.0.1:$(free_port)
	REGISTRY_ROOT=$BATS_TEST_TMPDIR/registry
	mkdir -p "$REGISTRY_ROOT"
	{
		printf 'version: 0.1\nlog: {level: warn}\n'
		printf 'storage: {filesystem: {rootdirectory: %s}, delete: {enabled: true}}\n' "$REGISTRY_ROOT"
		printf 'http: {addr: %s}\n' "$REGISTRY"
		cat
	} >"$BATS_TEST_TMPDIR/registry.yml"
	docker-registry serve "$BATS_TEST_TMPDIR/registry.yml" >"$BATS_TEST_TMPDIR/registry.log" 2>&1 3>&- &
	REGISTRY_PID=$!
	wait_for 20 curl -s -o "$BATS_TEST_TMPDIR/registry.v2" "http://$REGISTRY/v2/"
}

# Basic, from an htpasswd file: registry_start_basic USER PASSWORD
registry_start_basic() {
	/usr/bin/python3 -W ignore -c 'import crypt, sys; print(sys.argv[1] + ":" + crypt.crypt(sys.argv[2],
		crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)))' "$1" "$2" >"$BATS_TEST_TMPDIR/htpasswd"
	registry_start_with <<-YML
		auth: {htpasswd: {realm: basic-realm, path: $BATS_TEST_TMPDIR/htpasswd}}
	YML
}

# Bearer, from a token server of our own (token_server.py): registry_start_token LIFE USER:PASSWORD... Sets $TOKENS,
# its address, and $TOKENS_LOG.
registry_start_token() {
	TOKENS_LOG=$BATS_TEST_TMPDIR/tokens.log
	: >"$TOKENS_LOG"
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$BATS_TEST_TMPDIR/token.key" -out "$BATS_TEST_TMPDIR/token.crt" \
		-days 2 -subj /CN=tokens 2>/dev/null
	/usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/token_server.py" "$BATS_TEST_TMPDIR/tokens.port" "$TOKENS_LOG" \
		"$BATS_TEST_TMPDIR/token.key" "$BATS_TEST_TMPDIR/token.crt" "$@" >"$BATS_TEST_TMPDIR/tokens.out" 2>&1 3>&- &
	TOKENS_PID=$!
	wait_for 20 test -s "$BATS_TEST_TMPDIR/tokens.port"
	TOKENS=127.0.0.1:$(cat "$BATS_TEST_TMPDIR/tokens.port")
	registry_start_with <<-YML
		auth: {token: {realm: "http://$TOKENS/token", service: reg, issuer: plimsoll-test,
		  rootcertbundle: $BATS_TEST_TMPDIR/token.crt}}
	YML
}

registry_auth_stop() {
	registry_stop
	[ -z "${TOKENS_PID:-}" ] && return 0
	kill "$TOKENS_PID" 2>/dev/null || true
	wait "$TOKENS_PID" 2>/dev/null || true
	TOKENS_PID=
}

# A folder of its own for all files of credentials: none of this machine's are read.
no_credentials() {
	export HOME=$BATS_TEST_TMPDIR/home
	mkdir -p "$HOME"
	export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/runtime
	unset REGISTRY_AUTH_FILE DOCKER_CONFIG XDG_CONFIG_HOME
	CONFIG=$HOME/.docker/config.json
}

# $CONFIG with USER:PASSWORD for KEY: docker_config KEY USER:PASSWORD
docker_config() {
	mkdir -p "$(dirname "$CONFIG")"
	jq -n --arg k "$1" --arg a "$(printf %s "$2" | base64 -w0)" '{auths: {($k): {auth: $a}}}' >"$CONFIG"
}
