# No secret in anything that plimsoll writes: its output, its errors, the trail, the state folder, what other programs see.
load ../lib/common
load ../lib/trust

setup() {
	need_cmd jq openssl strace
	common_setup
}

teardown() { common_teardown; }

# Each command's whole output, and its arguments and environment as its children get them, into seen/.
watch() {
	mkdir -p seen
	n=$((${n:-0} + 1))
	strace -f -qq -v -s 65536 -e trace=execve -o "seen/$n.exec" "$PLIMSOLL" --debug --state "$STATE" "$@" >"seen/$n.out" 2>&1 || true
	sed -i 1d "seen/$n.exec" # our own: what the caller gave us
}

@test "passphrases, PINs and keys are in no output, error, trail or file" {
	export ASAN_OPTIONS=detect_leaks=0 # not under strace
	local secret="opEn-sesAme-7391" pin=47118
	image web:1
	printf '%s\n' "$secret" >pass
	printf '%s' "$pin" >pin
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out plain.pem
	openssl pkcs8 -topk8 -in plain.pem -passout file:pass -out sealed.pem
	printf 'wrong-%s\n' "$secret" >wrong
	watch trust init --passphrase-file pass
	watch sign --passphrase-file pass web:1
	watch sign --passphrase-file wrong --annotation a=b web:1
	watch sign --passphrase-file fd:5 --expiry 1h web:1 5<pass
	PLIMSOLL_PASSPHRASE_FILE=pass watch sign --expiry 2h web:1
	watch trust init --name imported --key sealed.pem --key-passphrase-file pass --passphrase-file pass
	watch trust init --name bad --key sealed.pem --key-passphrase-file wrong
	watch trust init --name bad --key sealed.pem
	watch trust rotate --until 30d --passphrase-file pass
	watch trust list
	watch trust list --format json
	watch trust export
	watch trust init --name p --key "pkcs11:token=no;object=x?pin-value=$pin"
	watch trust init --name p --key "pkcs11:token=no;object=x;pin-value=$pin"
	watch trust init --name p --key "pkcs11:token=no;object=x?pin-source=file:$PWD/pin"
	watch trust init --name p --key "pkcs11:token=no;object=x" --passphrase-file pin
	watch sign --key "pkcs11:token=no;object=x?pin-value=$pin" web:1
	# A program of ours for a key: it gets no secret, and what it says is not believed to have none.
	printf '#!/bin/sh\nenv >%s/env\ncat >/dev/null\nexit 1\n' "$PWD" >program
	chmod 755 program
	PLIMSOLL_PASSPHRASE_FILE=pass COSIGN_PASSWORD=$secret watch trust init --name x --key "exec:$PWD/program?id=1"
	grep -q PATH= env
	run grep -E "PLIMSOLL_|COSIGN|$secret" env
	[ "$status" -eq 1 ] || fail "the program sees" "$output"
	watch trust revoke "exec:$PWD/program?token=$secret"
	watch trust rotate --until 3d "exec:$PWD/program?token=$secret"
	watch trust remove "pkcs11:token=no;object=x?pin-value=$secret"
	watch trail show --format json
	watch trust revoke imported --reason why
	[ "$n" -ge 20 ]
	# What the keys are made of, as their files have it when they are not encrypted.
	grep -v -- ----- plain.pem | head -n 1 | cut -c20-60 >needles
	openssl pkey -in plain.pem -noout -text | sed -n '/^priv:/,/^pub:/p' | sed '1d;$d' | tr -d ' :\n' | cut -c1-40 >>needles
	printf '%s\n%s\n' "$secret" "$(printf '%s' "$secret" | base64)" >>needles
	[ "$(grep -c . needles)" -eq 4 ] && [ "$(grep -cE '.{12}' needles)" -eq 4 ]
	run grep -rlFf needles seen "$STATE"
	[ "$status" -eq 1 ] || fail "a secret in" "$output"
	# A PIN given as an argument is the caller's doing, in our own execve; but it goes no further.
	run grep -rlF "$pin" "$STATE" seen --include='*.out'
	[ "$status" -eq 1 ] || fail "the PIN in" "$output"
}

@test "public-key: a private key is read and decrypted by the process that holds it, by no other" {
	export ASAN_OPTIONS=detect_leaks=0 COSIGN_PASSWORD=secret # no leak detection under strace
	plimsoll generate-key-pair
	openssl genpkey -algorithm ED25519 -out plain.pem
	openssl pkey -in plain.pem -pubout -out plain.pub
	for name in cosign.key:cosign.pub plain.pem:plain.pub; do
		strace -f -qq -y -s 64 -e trace=execve,read,pread64 -o calls "$PLIMSOLL" --state "$STATE" public-key \
			--key "${name%:*}" >public
		cmp public "${name#*:}"
		grep -q 'PRIVATE KEY-----' calls
		run grep "^$(head -n 1 calls | cut -d' ' -f1) .*PRIVATE KEY-----" calls
		[ "$status" -eq 1 ] || fail "the first process reads it" "$output"
	done
}

@test "what a key's name says behind the ? is in no entry of the trail, whichever command signs" {
	need_root
	local key
	"$PLIMSOLL" --state maker trust init --name kms --subject "C=DE,ST=Hamburg,O=Example,CN=kms"
	mkdir keys root
	cp maker/trust/keys/kms.{pem,crt} keys
	echo x >root/file
	tar -C root -cf root.tar .
	key="exec:$PLIMSOLL_SRC/examples/signer/signer?id=kms&dir=$PWD/keys&token=opEn-sesAme-7391"
	plimsoll advisories import "$PLIMSOLL_SRC/examples/advisories"
	plimsoll trust init --name kms --key "$key"
	plimsoll import --key "$key" root.tar 127.0.0.1:5000/base:1
	plimsoll sign --key "$key" 127.0.0.1:5000/base:1
	plimsoll sign-blob --key "$key" root.tar
	plimsoll attest --key "$key" --predicate - 127.0.0.1:5000/base:1 <<<'{"a":1}'
	assert_eq "$(plimsoll --format json trail show | jq -r 'select(.detail.key).detail.key' | sort | uniq -c | xargs)" \
		"3 exec:$PLIMSOLL_SRC/examples/signer/signer"
	run grep -rl opEn-sesAme "$STATE/trail"
	[ "$status" -eq 1 ] || fail "$output"
}
