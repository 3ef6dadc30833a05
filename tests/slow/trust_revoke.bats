# Revoked keys, by the command line: at once, everywhere, and on other hosts by the list.
load ../lib/common
load ../lib/trust

setup() {
	need_cmd jq openssl
	common_setup
}

teardown() { common_teardown; }

@test "a revoked key stops verify at once, says why, and the trail has it" {
	image web:1
	plimsoll trust init
	plimsoll sign web:1
	plimsoll verify web:1
	run plimsoll trust revoke default --reason "laptop stolen"
	assert_status 0
	assert_output_has "revoked sha256:" "CN=default"
	run plimsoll verify web:1
	assert_status 4
	assert_output_has "was revoked at" "laptop stolen"
	run plimsoll sign web:1
	assert_status 4
	run plimsoll trail show --kind revoke --format json
	assert_output_has '"result":"ok"' "laptop stolen"
	run plimsoll trust revoke default
	assert_status 0
	assert_output_has "already revoked"
	run plimsoll trust revoke nobody
	assert_status 5
	assert_output_has "trust list"
	run plimsoll trust revoke
	assert_status 2
}

@test "run refuses it too" {
	need_root
	need_cmd crun
	image web:1
	plimsoll trust init
	plimsoll sign web:1
	plimsoll trust revoke default
	run plimsoll run --rm web:1 true
	[ "$status" -ne 0 ]
	assert_output_has "was revoked at"
}

@test "another host takes the list, by certificate or whole" {
	image web:1
	plimsoll trust init
	plimsoll sign web:1
	plimsoll trust export >cert.pem
	local builder=$STATE
	STATE=$BATS_TEST_TMPDIR/production
	mkdir "$STATE"
	cp -r "$builder"/{oci-layout,index.json,blobs} "$STATE"
	plimsoll trust add cert.pem
	plimsoll verify web:1
	cp -r "$STATE" other
	"$PLIMSOLL" --state "$builder" trust revoke default
	"$PLIMSOLL" --state "$builder" trust export --revocations >list.json
	assert_eq "$(jq -r '.keys[0].state' list.json)" revoked
	# The id is what openssl says of the public key.
	assert_eq "$(jq -r '.keys[0].key' list.json)" \
		"sha256:$(openssl x509 -in cert.pem -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1)"
	run plimsoll trust revoke --import list.json
	assert_status 0
	assert_output_has "1 withdrawn keys are new"
	run plimsoll verify web:1
	assert_status 4
	STATE=$BATS_TEST_TMPDIR/other
	plimsoll verify web:1
	openssl x509 -in cert.pem -pubkey -noout >key.pub
	plimsoll trust revoke --cert key.pub
	run plimsoll verify web:1
	assert_status 4
	assert_output_has revoked
}
