# Every kind of key: made, imported, certified by a CA, rotated.
load ../lib/common
load ../lib/trust

setup() {
	need_cmd jq openssl
	common_setup
}

teardown() { common_teardown; }

ca_start() { # makes ca.key and ca.pem
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout ca.key -out ca.pem -days 30 \
		-subj "/C=DE/ST=Hamburg/O=Example/CN=root" -addext basicConstraints=critical,CA:TRUE \
		-addext keyUsage=critical,keyCertSign 2>/dev/null
}

certify() { # csr, out
	openssl x509 -req -in "$1" -CA ca.pem -CAkey ca.key -set_serial 7 -days 10 -copy_extensions copyall -out leaf.pem \
		2>/dev/null
	cat leaf.pem ca.pem >"$2"
}

# at_time +2d COMMAND...
at_time() {
	ASAN_OPTIONS=verify_asan_link_order=0:${ASAN_OPTIONS:-} faketime -f "$@"
}

@test "each type is made, signs in both forms, and openssl reads it" {
	local type form
	image web:1
	for type in P-521 RSA-2048 RSA-4096; do
		plimsoll trust init --name "k$type" --key-type "$type"
		for form in jws cose; do
			run plimsoll sign --signature-format $form --key "k$type" web:1
			assert_status 0
			assert_output_has "signed $DIGEST"
		done
		openssl verify -CAfile "$STATE/trust/keys/k$type.crt" "$STATE/trust/keys/k$type.crt"
		openssl pkey -in "$STATE/trust/keys/k$type.pem" -noout -text >text
		grep -q "${type#*-} bit" text
	done
	plimsoll verify web:1
	run plimsoll trust init --name x --key-type RSA-1024
	assert_status 2
	run plimsoll trust init --name x --key-type Ed25519
	assert_status 2
	assert_output_has "sign no images"
	[ ! -e "$STATE/trust/keys/x.pem" ]
	[ -z "$(find "$STATE/trust/keys" -name '.new*')" ]
}

@test "keys of others' making: PKCS 8, PKCS 1, SEC 1, encrypted or not" {
	image web:1
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out p8.pem 2>/dev/null
	openssl ec -in p8.pem -out sec1.pem 2>/dev/null
	openssl genrsa -traditional -out p1.pem 2048 2>/dev/null
	echo "open sesame" >pass
	openssl pkcs8 -topk8 -in p8.pem -passout file:pass -out p8enc.pem
	openssl rsa -in p1.pem -aes128 -passout file:pass -traditional -out p1enc.pem 2>/dev/null
	local f
	for f in p8 sec1 p1; do
		plimsoll trust init --name $f --key "$f.pem"
		plimsoll sign --key $f web:1
		cmp <(openssl pkey -in $f.pem -pubout) <(openssl pkey -in "$STATE/trust/keys/$f.pem" -pubout)
	done
	for f in p8enc p1enc; do
		run plimsoll trust init --name $f --key "$f.pem"
		assert_status 2
		assert_output_has "--key-passphrase-file"
		plimsoll trust init --name $f --key "$f.pem" --key-passphrase-file pass --passphrase-file pass
		grep -q "BEGIN ENCRYPTED PRIVATE KEY" "$STATE/trust/keys/$f.pem"
		plimsoll sign --passphrase-file pass --key $f web:1
	done
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -out koblitz.pem 2>/dev/null
	openssl ecparam -name prime256v1 -genkey -param_enc explicit -out explicit.pem 2>/dev/null
	openssl genrsa -out small.pem 1024 2>/dev/null
	openssl genpkey -algorithm ED25519 -out ed.pem
	echo nonsense >bad.pem
	local want
	while read -r f want; do
		run plimsoll trust init --name bad --key "$f.pem"
		[ "$status" -ne 0 ] || fail "$f was taken"
		assert_output_has "$want"
		[ ! -e "$STATE/trust/keys/bad.pem" ]
	done <<-LIST
		koblitz curve
		explicit explicit
		small 1024
		ed sign no images
		bad not a PEM private key
	LIST
}

@test "a CA's certificate: the request out, the chain in" {
	image web:1
	ca_start
	plimsoll trust init --csr --subject "C=DE,ST=Hamburg,O=Example,CN=ci" >ci.csr
	openssl req -in ci.csr -verify -noout -subject -nameopt RFC2253 >text 2>&1
	grep -q "CN=ci,O=Example,ST=Hamburg,C=DE" text
	run plimsoll sign web:1
	assert_status 5
	assert_output_has "has no certificate yet" "plimsoll trust import-cert"
	certify ci.csr chain.pem
	run plimsoll trust import-cert leaf.pem
	[ "$status" -ne 0 ] || fail "half a chain was taken"
	assert_eq "$(plimsoll --format json trust import-cert chain.pem | jq -r '.schema, .name, .thumbprint' | paste -sd' ')" \
		"plimsoll.trust-import-cert/v1 default $(openssl x509 -in leaf.pem -outform DER | sha256sum | cut -d' ' -f1)"
	plimsoll --format json trust export | jq -rj .certificates | cmp - chain.pem
	plimsoll sign web:1
	run plimsoll verify web:1
	assert_status 4
	plimsoll --format json trust add --identity "C=DE,ST=Hamburg,O=Example" ca.pem >added
	assert_eq "$(jq -r '.schema, .type, .store' added | paste -sd' ')" "plimsoll.trust-add/v1 ca default"
	plimsoll verify web:1
	assert_eq "$(plimsoll -q trust list | paste -sd' ')" \
		"default $(openssl x509 -in ca.pem -outform DER | sha256sum | cut -d' ' -f1)"
	# A certificate of another key is refused, and the right one stays.
	plimsoll trust init --name other --csr --subject "C=DE,ST=Hamburg,O=Example,CN=x" >x.csr
	certify x.csr x.pem
	run plimsoll trust import-cert x.pem
	assert_status 5
	assert_output_has "not of this key"
	plimsoll trust init --name third --key <(cat "$STATE/trust/keys/other.pem") --cert x.pem
	plimsoll sign --key third web:1
	# Who could sign from when on, for an auditor: each change, with the policy as it was then.
	plimsoll trust remove --type ca ca.pem && fail "no file has that name"
	thumb=$(openssl x509 -in ca.pem -outform DER | sha256sum | cut -d' ' -f1)
	run plimsoll trust remove --type ca "$thumb"
	assert_output_has "removed $thumb from ca:default (CN=root,O=Example,ST=Hamburg,C=DE)"
	plimsoll --format json trail show | jq -c 'select(.kind | startswith("trust-")) | [.kind, .result]' | sort | uniq -c >kinds
	assert_eq "$(tr -s ' ' <kinds | paste -sd,)" \
		' 1 ["trust-add","ok"], 1 ["trust-import-cert","failed"], 1 ["trust-import-cert","ok"], 1 ["trust-import-cert","refused"], 3 ["trust-init","ok"], 1 ["trust-remove","failed"], 1 ["trust-remove","ok"]'
	plimsoll --format json trail show | jq --arg p "sha256:$(sha256sum <"$STATE/trust/trustpolicy.json" | cut -d' ' -f1)" \
		--arg t "$thumb" 'select(.kind == "trust-add").detail | .policy == $p and .certificates[0].thumbprint == $t' |
		grep -qx true
}

@test "rotation: old and new side by side until a date" {
	image old:1
	plimsoll trust init --subject "C=DE,ST=Hamburg,O=Example,CN=build" --key-type P-384
	plimsoll sign old:1
	cp "$STATE/trust/keys/default.pem" stolen.pem
	cp "$STATE/trust/keys/default.crt" stolen.crt
	run plimsoll trust rotate
	assert_status 2
	run plimsoll trust rotate --until 2020-01-01
	assert_status 2
	assert_output_has revoked
	sleep 1
	run plimsoll trust rotate --until 90d
	assert_status 0
	assert_output_has "counts until" "plimsoll trust export --revocations"
	openssl x509 -in "$STATE/trust/keys/default.crt" -noout -text >text
	grep -q "secp384r1" text
	assert_eq "$(openssl x509 -in "$STATE/trust/keys/default.crt" -noout -subject)" \
		"$(openssl x509 -in stolen.crt -noout -subject)"
	run plimsoll trust list
	assert_output_has "rotated, counts until" "P-384, file"
	plimsoll verify old:1
	image new:1
	plimsoll sign new:1
	plimsoll verify new:1
	# Who still has the old key signs nothing that counts.
	mkdir -p "$BATS_TEST_TMPDIR/thief"
	image late:1
	sleep 1
	install -m 600 stolen.pem "$STATE/trust/keys/thief.pem"
	cp stolen.crt "$STATE/trust/keys/thief.crt"
	run plimsoll sign --key thief late:1
	assert_status 4
	assert_output_has "was rotated"
	cp "$STATE/trust/withdrawn.json" list
	rm "$STATE/trust/withdrawn.json"
	plimsoll sign --key thief late:1
	plimsoll verify late:1
	cp list "$STATE/trust/withdrawn.json"
	run plimsoll verify late:1
	assert_status 4
	assert_output_has "was rotated at"
	# And after the date nothing of the old key counts.
	command -v faketime >/dev/null || skip "needs faketime"
	jq '.keys[0].until = "2026-01-01T00:00:00Z"' list >"$STATE/trust/withdrawn.json"
	run plimsoll verify old:1
	assert_status 4
	assert_output_has "counted until 2026-01-01"
	plimsoll verify new:1
}

@test "rotation keeps what was encrypted encrypted, and takes a successor of any making" {
	image web:1
	echo "open sesame" >pass
	plimsoll trust init --passphrase-file pass
	run plimsoll trust rotate --until 30d
	assert_status 2
	assert_output_has "would not be"
	plimsoll trust rotate --until 30d --passphrase-file pass
	grep -q "BEGIN ENCRYPTED PRIVATE KEY" "$STATE/trust/keys/default.pem"
	plimsoll sign --passphrase-file pass web:1
	plimsoll trust init --name successor --key-type RSA-3072
	run plimsoll trust rotate --to default --until 30d
	assert_status 2
	plimsoll trust rotate --to successor --until 30d
	[ ! -e "$STATE/trust/keys/successor.pem" ]
	openssl pkey -in "$STATE/trust/keys/default.pem" -noout -text >text
	grep -q "3072 bit" text
	plimsoll sign web:1
	plimsoll verify web:1
}

@test "trust list tells what each key is, where it is, and how long" {
	plimsoll trust init --name a --key-type RSA-2048
	plimsoll trust init --name b --csr --subject "C=DE,ST=Hamburg,O=Example,CN=b" >b.csr
	plimsoll trust init --name c --days 1
	plimsoll trust revoke a --reason "laptop stolen"
	plimsoll trust list --format json >list
	assert_eq "$(jq -r '.keys[] | [.name, .algorithm, .where, .state] | join(" ")' list)" \
		"a RSA-2048 file revoked
b P-256 file no certificate yet
c P-256 file ok"
	assert_eq "$(jq -r '.keys[0].reason' list)" "laptop stolen"
	assert_eq "$(jq -r '.certificates[] | select(.subject | startswith("CN=a")).state' list)" revoked
	# A third of its life before its end.
	local ends by
	ends=$(date -d "$(jq -r '.keys[2].notAfter' list)" +%s)
	by=$(date -d "$(jq -r '.keys[2].rotateBy' list)" +%s)
	[ $((ends - by)) -eq 28799 ] || fail "rotate by $((ends - by)) s before its end"
	command -v faketime >/dev/null || skip "needs faketime"
	run at_time "+20h" "$PLIMSOLL" --state "$STATE" trust list
	assert_output_has "ok, rotate now"
	run at_time "+2d" "$PLIMSOLL" --state "$STATE" trust list
	assert_output_has expired
}
