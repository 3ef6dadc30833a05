# Sigstore bundles, keyless and by key: 250 that are right or wrong in one way, and another program's.
load ../lib/common

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
	local n dir bad=0
	n=$(/usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/sigstore_cases.py" cases)
	[ "$n" -ge 250 ]
	for dir in cases/*/; do
		(cd "$dir" && [ ! -e args ] || judge_case) >>wrong
	done
	[ ! -s wrong ] || { cat wrong; false; }
}
