# Sigstore bundles, keyless and by key: 270 that are right or wrong in one way, and another program's.
load ../lib/common

setup_file() {
	export CASES=$BATS_FILE_TMPDIR/cases
	/usr/bin/python3 -c 'import cryptography' 2>/dev/null || return 0
	N=$(/usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/sigstore_cases.py" "$CASES")
	export N
}

setup() {
	need_cmd openssl
	/usr/bin/python3 -c 'import cryptography' 2>/dev/null || skip "no python3-cryptography"
	common_setup
}

teardown() { common_teardown; }

# Prints what a case came to, when that is not what it should; the folder is the current one.
judge_case() {
	local args want out status=0 what=artifact
	mapfile -t args <args
	want=$(cat want)
	if [ "${args[-1]}" = DIGEST ]; then
		unset 'args[-1]'
		what=sha256:$(sha256sum <artifact | cut -d' ' -f1)
	fi
	local -x STATE=$STATE
	[ ! -e revoke ] || { STATE=$PWD/state; plimsoll trust revoke "$(cat revoke)" >/dev/null; }
	out=$(plimsoll trust verify-bundle --bundle bundle.json --trusted-root root.json "${args[@]}" "$what" 2>&1) || status=$?
	if [ -z "$want" ]; then
		[ "$status" = 0 ] || echo "$(basename "$PWD"): refused: $out"
	elif [ "$status" = 0 ]; then
		echo "$(basename "$PWD"): accepted"
	elif [ "$status" != 2 ] && [ "$status" != 4 ] && [ "$status" != 5 ]; then
		echo "$(basename "$PWD"): exit status $status: $out"
	else
		grep -qF -- "$want" <<<"$out" || echo "$(basename "$PWD"): no '$want' in: $out"
	fi
}

@test "every case is accepted, or refused for its reason" {
	local dir
	[ "$N" -ge 270 ]
	for dir in "$CASES"/*/; do
		(cd "$dir" && [ ! -e args ] || judge_case) >>wrong
	done
	[ ! -s wrong ] || { cat wrong; false; }
}

@test "the conformance suite's client knows the instances, and what is asked for" {
	local client=$PLIMSOLL_SRC/examples/sigstore/conformance-client who=https://git.example.com/team/app/release.yml@refs/heads/main
	local -a keyless=(--bundle a/v0.3/bundle.json --certificate-identity "$who"
		--certificate-oidc-issuer https://accounts.example.com)
	cp -r "$CASES" a
	export PLIMSOLL_STATE=$STATE ROOTS=$PWD
	cp a/v0.3/root.json public.json
	cp a/instance-other/root.json staging.json
	"$client" verify-bundle "${keyless[@]}" a/v0.3/artifact
	"$client" verify-bundle "${keyless[@]}" "sha256:$(sha256sum <a/v0.3/artifact | cut -d' ' -f1)"
	run "$client" verify-bundle --staging "${keyless[@]}" a/v0.3/artifact
	assert_status 4
	"$client" verify-bundle --staging "${keyless[@]}" --trusted-root public.json a/v0.3/artifact
	run "$client" verify-bundle "${keyless[@]}" --trusted-root staging.json a/v0.3/artifact
	assert_status 4
	"$client" verify-bundle --bundle a/key/bundle.json --key a/key/key.pub a/key/artifact
	run "$client" verify-bundle --bundle a/key/bundle.json --key a/key-wrong/key.pub a/key/artifact
	assert_status 4
	# What looks like a digest and is none is the name of a file.
	cp a/v0.3/artifact sha256:abc
	"$client" verify-bundle "${keyless[@]}" sha256:abc
	run "$client" verify-bundle "${keyless[@]}" sha256:abcd
	[ "$status" -ne 0 ]
	run "$client" sign-bundle --identity-token x --bundle new.json a/v0.3/artifact
	[ "$status" -ne 0 ]
}
