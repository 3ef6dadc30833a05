# Credentials: where they are found, how registries get them, and who does not.
load ../lib/common
load ../lib/registry
load ../lib/registry_auth

setup() {
	common_setup
	need_cmd docker-registry curl jq openssl
	no_credentials
}

teardown() {
	registry_auth_stop
	bad_registry_stop
	common_teardown
}

B() { # in another state folder
	"$PLIMSOLL" --state "$BATS_TEST_TMPDIR/b" "$@"
}

@test "Basic: refused without credentials, with the command that mends it; then pushed and pulled" {
	registry_start_basic ann 'se:cret wörd'
	make_layout "$STATE" web:1
	run plimsoll push web:1 "$REGISTRY/web:1"
	assert_status 7
	assert_output_has "HTTP 401" "plimsoll login $REGISTRY"
	docker_config "$REGISTRY" 'ann:se:cret wörd'
	run plimsoll -q push web:1 "$REGISTRY/web:1"
	assert_status 0
	assert_eq "$output" "$DIGEST"
	run B -q pull "$REGISTRY/web:1"
	assert_status 0
	assert_eq "$output" "$DIGEST"
}

@test "Basic: a wrong password is refused, says whose and from where, and shows it nowhere" {
	registry_start_basic ann right
	make_layout "$STATE" web:1
	docker_config "$REGISTRY" ann:wrongsecret
	run plimsoll --debug push web:1 "$REGISTRY/web:1"
	assert_status 7
	assert_output_has "HTTP 401" ann "$CONFIG"
	refute_output_has wrongsecret "$(printf ann:wrongsecret | base64)"
	run grep -rE "wrongsecret|$(printf ann:wrongsecret | base64)" "$STATE"
	assert_status 1
}

@test "Basic: a name of a host that is not the registry's gets nothing" {
	registry_start_basic ann right
	make_layout "$STATE" web:1
	docker_config "${REGISTRY%:*}" ann:right
	run plimsoll push web:1 "$REGISTRY/web:1"
	assert_status 7
}

@test "the files in their order; REGISTRY_AUTH_FILE is the only one when it is set" {
	registry_start_basic ann right
	make_layout "$STATE" web:1
	docker_config "$REGISTRY" ann:wrong
	mkdir -p "$HOME/.config/containers" "$XDG_RUNTIME_DIR/containers"
	jq -n --arg k "$REGISTRY" '{auths: {($k): {auth: "YW5uOnJpZ2h0"}}}' >right.json
	cp right.json "$HOME/.config/containers/auth.json"
	run plimsoll -q push web:1 "$REGISTRY/web:1"
	assert_status 0
	cp "$CONFIG" "$XDG_RUNTIME_DIR/containers/auth.json"
	run plimsoll -q push web:1 "$REGISTRY/web:2"
	assert_status 7
	assert_output_has "$XDG_RUNTIME_DIR/containers/auth.json"
	REGISTRY_AUTH_FILE=right.json run plimsoll -q push web:1 "$REGISTRY/web:2"
	assert_status 0
	REGISTRY_AUTH_FILE=missing.json run plimsoll -q push web:1 "$REGISTRY/web:3"
	assert_status 7
	echo '{"auths":{"x":5' >"$XDG_RUNTIME_DIR/containers/auth.json"
	run plimsoll -q push web:1 "$REGISTRY/web:3"
	assert_status 5
	assert_output_has "$XDG_RUNTIME_DIR/containers/auth.json"
}

@test "a key of a repository goes before its registry's" {
	registry_start_basic ann right
	make_layout "$STATE" web:1
	mkdir -p "$(dirname "$CONFIG")"
	jq -n --arg k "$REGISTRY" '{auths: {($k): {auth: "YW5uOndyb25n"}, ($k + "/team"): {auth: "YW5uOnJpZ2h0"}}}' >"$CONFIG"
	run plimsoll -q push web:1 "$REGISTRY/web:1"
	assert_status 7
	run plimsoll -q push web:1 "$REGISTRY/team/web:1"
	assert_status 0
}

# docker-credential-NAME in a folder of its own in PATH, which keeps what it is told in a file.
make_helper() {
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	cat >"$BATS_TEST_TMPDIR/bin/docker-credential-$1" <<-SH
		#!/bin/sh
		key=\$(cat)
		echo "\$1 \$key" >>$BATS_TEST_TMPDIR/helper.log
		case \$1 in
		get) [ -s $BATS_TEST_TMPDIR/kept ] || { echo "credentials not found in native keychain"; exit 1; }
			cat $BATS_TEST_TMPDIR/kept ;;
		store) printf %s "\$key" >$BATS_TEST_TMPDIR/kept ;;
		erase) : >$BATS_TEST_TMPDIR/kept ;;
		broken) exit 3 ;;
		esac
	SH
	chmod +x "$BATS_TEST_TMPDIR/bin/docker-credential-$1"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

@test "credential helpers: one host's, everybody's, one that has nothing, one that is not there" {
	registry_start_basic ann right
	make_layout "$STATE" web:1
	make_helper test
	mkdir -p "$(dirname "$CONFIG")"
	jq -n --arg k "$REGISTRY" '{credHelpers: {($k): "test"}}' >"$CONFIG"
	run plimsoll push web:1 "$REGISTRY/web:1"
	assert_status 7
	echo '{"ServerURL":"x","Username":"ann","Secret":"right"}' >kept
	run plimsoll -q push web:1 "$REGISTRY/web:1"
	assert_status 0
	assert_eq "$(sort -u helper.log)" "get $REGISTRY"
	echo '{"credsStore":"test"}' >"$CONFIG"
	run plimsoll -q push web:1 "$REGISTRY/web:2"
	assert_status 0
	echo '{"credsStore":"absent"}' >"$CONFIG"
	run plimsoll -q push web:1 "$REGISTRY/web:3"
	assert_status 6
	assert_output_has docker-credential-absent
	echo 'ann:rightsecret' >kept
	echo '{"credsStore":"test"}' >"$CONFIG"
	run plimsoll -q push web:1 "$REGISTRY/web:3"
	assert_status 5
	refute_output_has rightsecret
}

@test "login tries before it writes; mode 0600, other keys stay, a link stays one; logout takes it out" {
	registry_start_basic ann right
	make_layout "$STATE" web:1
	mkdir -p "$(dirname "$CONFIG")"
	echo '{"psFormat":"x","auths":{"other":{"auth":"YTpw","email":"e"}}}' >elsewhere.json
	ln -s "$PWD/elsewhere.json" "$CONFIG"
	run plimsoll login -u ann --password-stdin "$REGISTRY" <<<wrong
	assert_status 7
	refute_output_has wrong
	assert_eq "$(jq -c .auths elsewhere.json)" '{"other":{"auth":"YTpw","email":"e"}}'
	run plimsoll login -u ann --password-stdin "https://$REGISTRY/" <<<right
	assert_status 0
	assert_output_has "$REGISTRY" ann
	[ -L "$CONFIG" ]
	assert_eq "$(stat -c %a elsewhere.json)" 600
	assert_eq "$(jq -c '.psFormat, .auths.other' elsewhere.json | paste -sd' ')" '"x" {"auth":"YTpw","email":"e"}'
	assert_eq "$(jq -r --arg k "$REGISTRY" '.auths[$k].auth' elsewhere.json | base64 -d)" ann:right
	run plimsoll login --get-login "$REGISTRY"
	assert_eq "$output" ann
	run plimsoll -q push web:1 "$REGISTRY/web:1"
	assert_status 0
	run skopeo inspect --tls-verify=false --authfile "$CONFIG" "docker://$REGISTRY/web:1"
	assert_status 0
	run plimsoll --format json logout "$REGISTRY"
	assert_status 0
	assert_eq "$(jq -r '.schema, .registry, (.from | length)' <<<"$output" | paste -sd' ')" "plimsoll.logout/v1 $REGISTRY 1"
	assert_eq "$(jq -c '.auths | keys' elsewhere.json)" '["other"]'
	run plimsoll logout "$REGISTRY"
	assert_status 5
	run plimsoll login --get-login "$REGISTRY"
	assert_status 5
}

@test "login of a repository, into a named file, and into a helper" {
	registry_start_basic ann right
	run plimsoll login -u ann --password-stdin --authfile a/b/auth.json "$REGISTRY/team" <<<right
	assert_status 0
	assert_eq "$(jq -r '.auths | keys[0]' a/b/auth.json)" "$REGISTRY/team"
	[ ! -e "$CONFIG" ]
	make_helper test
	mkdir -p "$(dirname "$CONFIG")"
	echo '{"credsStore":"test"}' >"$CONFIG"
	run plimsoll login -u ann --password-stdin "$REGISTRY" <<<right
	assert_status 0
	assert_output_has docker-credential-test
	assert_eq "$(jq -r .Secret kept)" right
	assert_eq "$(cat "$CONFIG")" '{"credsStore":"test"}'
	run plimsoll logout "$REGISTRY"
	assert_status 0
	[ ! -s kept ]
}

@test "login: an interrupt at the question is one, and the terminal echoes again" {
	/usr/bin/python3 - "$PLIMSOLL" "$STATE" <<-'PY'
		import fcntl, os, pty, sys, termios
		master, slave = pty.openpty()
		pid = os.fork()
		if pid == 0:
		    os.setsid()
		    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
		    for fd in range(3):
		        os.dup2(slave, fd)
		    os.execv(sys.argv[1], [sys.argv[1], "--state", sys.argv[2], "login", "-u", "ann", "127.0.0.1:1"])
		seen = b""
		while b"Password" not in seen:
		    seen += os.read(master, 100)
		os.write(master, b"\x03")
		status = os.waitpid(pid, 0)[1]
		assert os.waitstatus_to_exitcode(status) == 130, status
		assert termios.tcgetattr(slave)[3] & termios.ECHO
	PY
}

@test "login asks for nothing it cannot get: no terminal, no user, an open registry" {
	run setsid -w "$PLIMSOLL" login -u ann "127.0.0.1:1" </dev/null
	assert_status 2
	assert_output_has "--password-stdin"
	run plimsoll login --password-stdin 127.0.0.1:1 <<<x
	assert_status 2
	run plimsoll login -u a:b --password-stdin 127.0.0.1:1 <<<x
	assert_status 2
	run plimsoll login -u ann --password-stdin web <<<x
	assert_status 2
	registry_start
	run plimsoll login -u ann --password-stdin "$REGISTRY" <<<x
	assert_status 0
	assert_output_has "asks for no password: nothing was checked, nothing is kept"
	[ ! -e "$CONFIG" ]
}

@test "Bearer: tokens for pushing and for pulling, each asked for once" {
	registry_start_token 300 ann:right
	make_layout "$STATE" web:1
	docker_config "$REGISTRY" ann:right
	run plimsoll -q push web:1 "$REGISTRY/team/web:1"
	assert_status 0
	assert_eq "$(cat "$TOKENS_LOG")" "GET ann reg repository:team/web:pull,push"
	run B -q pull "$REGISTRY/team/web:1"
	assert_status 0
	assert_eq "$output" "$DIGEST"
	assert_eq "$(tail -n +2 "$TOKENS_LOG")" "GET ann reg repository:team/web:pull"
}

@test "Bearer: as nobody, where nobody may; a mount asks for both repositories at once" {
	registry_start_token 300 ann:right
	make_layout "$STATE" web:1
	docker_config "$REGISTRY" ann:right
	plimsoll -q push web:1 "$REGISTRY/public/web:1"
	plimsoll tag web:1 "$REGISTRY/public/web:1"
	run plimsoll push "$REGISTRY/public/web:1" "$REGISTRY/two:1"
	assert_status 0
	assert_output_has mounted
	assert_eq "$(tail -1 "$TOKENS_LOG")" "GET ann reg repository:two:pull,push repository:public/web:pull"
	rm "$CONFIG"
	run B -q pull "$REGISTRY/public/web:1"
	assert_status 0
	assert_eq "$(tail -1 "$TOKENS_LOG")" "GET - reg repository:public/web:pull"
	run B -q pull "$REGISTRY/two:1"
	assert_status 7
	assert_output_has "HTTP 401" "plimsoll login $REGISTRY"
}

@test "Bearer: who may only read is told so; who is refused, too, and no password shows" {
	registry_start_token 300 ann:right reader:rpass
	make_layout "$STATE" web:1
	docker_config "$REGISTRY" reader:rpass
	run plimsoll -q push web:1 "$REGISTRY/web:1"
	assert_status 7
	assert_output_has "HTTP 401" reader
	docker_config "$REGISTRY" ann:wrongsecret
	run plimsoll --debug push web:1 "$REGISTRY/web:1"
	assert_status 7
	assert_output_has "credentials of 'ann'" "plimsoll login $REGISTRY"
	refute_output_has wrongsecret
	run plimsoll login -u ann --password-stdin "$REGISTRY" <<<wrongsecret
	assert_status 7
	refute_output_has wrongsecret
	run plimsoll login -u ann --password-stdin "$REGISTRY" <<<right
	assert_status 0
}

@test "Bearer: a refresh token is sent by POST, from a file or a helper" {
	registry_start_token 300 ann:right
	make_layout "$STATE" web:1
	mkdir -p "$(dirname "$CONFIG")"
	jq -n --arg k "$REGISTRY" '{auths: {($k): {auth: "PHRva2VuPjo=", identitytoken: "refresh-ann"}}}' >"$CONFIG"
	run plimsoll -q push web:1 "$REGISTRY/web:1"
	assert_status 0
	assert_eq "$(cat "$TOKENS_LOG")" "POST ann reg repository:web:pull,push"
	make_helper test
	echo '{"credsStore":"test"}' >"$CONFIG"
	echo '{"Username":"<token>","Secret":"refresh-bob"}' >kept
	run plimsoll -q push web:1 "$REGISTRY/web:2"
	assert_status 7
	assert_output_has "docker-credential-test"
	refute_output_has refresh-bob
	echo '{"Username":"<token>","Secret":"refresh-ann"}' >kept
	run plimsoll -q push web:1 "$REGISTRY/web:2"
	assert_status 0
}

@test "Bearer: tokens that end during a push are renewed" {
	registry_start_token 2 ann:right
	make_layout "$STATE" web:1 3000000
	docker_config "$REGISTRY" ann:right
	# The registry is stopped for longer than a token lives, in the middle of the blobs.
	plimsoll -q push web:1 "$REGISTRY/web:1" >out 2>err 3>&- &
	local pid=$!
	wait_for 20 grep -q "POST [^ ]*/blobs/uploads/" "$BATS_TEST_TMPDIR/registry.log"
	kill -STOP "$REGISTRY_PID"
	sleep 4
	kill -CONT "$REGISTRY_PID"
	wait "$pid"
	assert_eq "$(cat out)" "$DIGEST"
	[ "$(wc -l <"$TOKENS_LOG")" -ge 2 ]
}
