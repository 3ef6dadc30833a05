# Keys that are elsewhere: in a PKCS #11 token, behind a program, and what each holder cannot do.
load ../lib/common
load ../lib/trust

setup() {
	need_cmd jq openssl xxd
	common_setup
}

teardown() { common_teardown; }

token_start() { # a token "ci" with PIN 4711; sets MODULE
	need_cmd softhsm2-util pkcs11-tool
	MODULE=/usr/lib/softhsm/libsofthsm2.so
	[ -e "$MODULE" ] || skip "needs softhsm2"
	ls /usr/lib/*/engines-3/pkcs11.so >/dev/null 2>&1 || skip "needs libengine-pkcs11-openssl"
	export SOFTHSM2_CONF=$BATS_TEST_TMPDIR/softhsm2.conf
	mkdir tokens
	printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$PWD/tokens" >"$SOFTHSM2_CONF"
	softhsm2-util --init-token --free --label ci --pin 4711 --so-pin 0815
	echo 4711 >pin
}

token_key() { # type, label
	pkcs11-tool --module "$MODULE" --token-label ci --login --pin 4711 --keypairgen --key-type "$1" --label "$2" --id 0$3
}

@test "keys in a token: init, sign, verify, and what the token has stays in it" {
	token_start
	token_key EC:prime256v1 sign 1
	token_key EC:secp384r1 sign384 2
	token_key rsa:2048 signrsa 3
	image web:1
	local k form
	for k in sign sign384 signrsa; do
		plimsoll trust init --name $k --key "pkcs11:token=ci;object=$k" --passphrase-file pin
		for form in jws cose; do
			plimsoll sign --key $k --signature-format $form --passphrase-file pin web:1
		done
		run "$PLIMSOLL_SRC/tests/lib/verify_openssl" "$STATE" "$DIGEST" "$STATE/trust/keys/$k.crt"
		[ $k = signrsa ] || assert_status 0
		[ ! -e "$STATE/trust/keys/$k.pem" ]
	done
	plimsoll verify web:1
	# By its place, and by the PIN's place.
	image web:2
	plimsoll sign --key "pkcs11:token=ci;object=sign" --passphrase-file fd:5 web:2 5<pin
	plimsoll trust init --name again --key "pkcs11:token=ci;object=sign?pin-source=file:$PWD/pin&module-path=$MODULE"
	plimsoll sign --key again web:2
	# The public key is the one that pkcs11-tool reads.
	pkcs11-tool --module "$MODULE" --token-label ci --read-object --type pubkey --label sign -o pub.der
	cmp pub.der <(openssl pkey -pubin -in "$STATE/trust/keys/sign.pub" -outform DER)
	run grep -r 4711 "$STATE"
	[ "$status" -ne 0 ]
}

@test "a token that refuses, and names that are wrong" {
	token_start
	token_key EC:prime256v1 sign 1
	echo 9999 >wrong
	local uri want pin
	while IFS='|' read -r uri pin want; do
		run plimsoll trust init --name x --key "$uri" ${pin:+--passphrase-file $pin}
		assert_status 2
		assert_output_has "$want"
		refute_output_has 4711
		[ ! -e "$STATE/trust/keys/x.where" ]
	done <<-LIST
		pkcs11:token=ci;object=sign|wrong|refuses the PIN
		pkcs11:token=ci;object=sign||asks for a PIN
		pkcs11:token=ci;object=none|pin|no such key
		pkcs11:token=other;object=sign|pin|no such key
		pkcs11:token=ci|pin|names no key
		pkcs11:token=ci;object=sign?pin-value=4711||does not belong
		pkcs11:token=ci;object=sign;pin-value=4711||does not belong
		pkcs11:token=ci;object=sign?what=ever|pin|not known
		pkcs11:token=ci;object=sign?module-path=%zz|pin|hex digits
		pkcs11:token=ci;object=sign?module-path=/nonexistent.so|pin|Unable to load
	LIST
	# One wrong try is one try: the token is not locked by it.
	plimsoll trust init --name x --key "pkcs11:token=ci;object=sign" --passphrase-file pin
}

signer_keys() { # type... : makes keys/NAME.pem and .crt
	mkdir -p keys
	local type
	for type; do
		"$PLIMSOLL" --state "$BATS_TEST_TMPDIR/maker" trust init --name "$type" --key-type "$type" \
			--subject "C=DE,ST=Hamburg,O=Example,CN=$type"
		cp "$BATS_TEST_TMPDIR/maker/trust/keys/$type".{pem,crt} keys
	done
}

@test "keys behind a program: the example, with every type" {
	image web:1
	signer_keys P-256 P-384 P-521 RSA-2048 RSA-3072
	local type
	for type in P-256 P-384 P-521 RSA-2048 RSA-3072; do
		plimsoll trust init --name "$type" --key "exec:$PLIMSOLL_SRC/examples/signer/signer?id=$type&dir=$PWD/keys"
		cmp "keys/$type.crt" "$STATE/trust/keys/$type.crt"
		run plimsoll sign --key "$type" web:1
		assert_status 0
		run plimsoll verify web:1
		assert_status 4
		plimsoll trust add "keys/$type.crt"
		plimsoll verify web:1
		plimsoll trust remove "$(openssl x509 -in "keys/$type.crt" -outform DER | sha256sum | cut -c1-20)"
	done
}

# A program that misbehaves in one way, at one command.
bad_signer() { # name, command, what it does
	cat >"$1" <<-SH
		#!/bin/sh
		[ "\$1" = "$2" ] || exec "$PLIMSOLL_SRC/examples/signer/signer" "\$@"
		$3
	SH
	chmod 755 "$1"
}

@test "programs that lie, fail, flood or hang are refused, and nothing is signed" {
	image web:1
	signer_keys P-256 P-384
	local real="$PLIMSOLL_SRC/examples/signer/signer" name command what want
	while IFS=@ read -r name command what want; do
		bad_signer "$PWD/$name" "$command" "$what"
		run plimsoll trust init --name x --force --key "exec:$PWD/$name?id=P-256&dir=$PWD/keys"
		[ "$status" -ne 0 ] || fail "$name was taken"
		[[ "$output" == *"$want"* ]] || fail "$name: no '$want' in" "$output"
		[ "${#output}" -lt 1500 ] || fail "$name: a long message"
		[ ! -e "$STATE/trust/keys/x.where" ]
	done <<-LIST
		silent@describe-key@exit 0@no answer of the protocol
		nonsense@describe-key@echo nonsense@no answer of the protocol
		twice@describe-key@echo '{"keyId":"P-256","keyId":"P-256","keySpec":"EC-256"}'@no answer of the protocol
		otherid@describe-key@echo '{"keyId":"x","keySpec":"EC-256"}'@for another key
		spec@describe-key@echo '{"keyId":"P-256","keySpec":"EC-384"}'@
		type@describe-key@echo '{"keyId":"P-256","keySpec":"DSA"}'@not accepted
		says@describe-key@echo '{"errorCode":"ACCESS_DENIED","errorMessage":"no such role"}' >&2; exit 1@ACCESS_DENIED: no such role
		shouts@describe-key@head -c 9000000 /dev/zero | tr '\\0' x >&2; exit 3@exit status 3
		flood@generate-signature@exec cat /dev/zero@says more than
		othersig@generate-signature@$real "\$1" | jq -c '.signature = "AAAA"'@no signature of its certificate
		nochain@generate-signature@$real "\$1" | jq -c '.certificateChain = []'@no certificate
		killed@generate-signature@kill -9 \$\$@exit status 137
	LIST
	cp "$real" open
	chmod 777 open
	run plimsoll trust init --name x --key "exec:$PWD/open?id=P-256"
	assert_output_has "others may change it"
	run plimsoll trust init --name x --key "exec:relative?id=P-256"
	assert_output_has "absolute path"
	run plimsoll trust init --name x --key "exec:$real"
	assert_output_has "?id=KEY is missing"
	# Another key than at the beginning: nothing is signed with it.
	plimsoll trust init --name x --key "exec:$real?id=P-256&dir=$PWD/keys"
	cp "$BATS_TEST_TMPDIR/maker/trust/keys/P-384.pem" keys/P-256.pem
	run plimsoll sign --key x web:1
	[ "$status" -ne 0 ] || fail "signed with another key"
	plimsoll trust add keys/P-256.crt
	run plimsoll verify web:1
	assert_status 4
	assert_output_has "nobody signed"
}
