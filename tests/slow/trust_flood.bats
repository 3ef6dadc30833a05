# Ten thousand signatures on one image, by somebody who may write to where it lies.
load ../lib/common
load ../lib/trust

setup() {
	need_cmd jq openssl
	common_setup
	image web:1
	plimsoll trust init
}

teardown() { common_teardown; }

flood() { # thumbprint
	/usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/many_referrers.py" "$STATE" web:1 10000 "$1"
}

@test "ten thousand signatures of others: the one that counts is found, and not made twice" {
	local made
	flood "$(printf '%064d' 0)"
	made=$(plimsoll -q sign web:1)
	run plimsoll verify --format json web:1
	assert_status 0
	assert_eq "$(jq -r .verified <<<"$output")" true
	assert_eq "$(jq -r .signature <<<"$output")" "$made"
	run plimsoll -q sign web:1
	assert_status 0
	assert_eq "$output" "$made"
}

@test "ten thousand that name a trusted certificate: not all are tried, and that is said" {
	flood "$(openssl x509 -in "$STATE/trust/keys/default.crt" -outform DER | sha256sum | cut -d' ' -f1)"
	plimsoll sign web:1
	run plimsoll verify web:1
	assert_status 4
	assert_output_has "more signatures than are tried" "deletes what is no signature"
}
