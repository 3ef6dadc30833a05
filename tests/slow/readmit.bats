#!/usr/bin/env bats
# Admission is continuous: what runs is decided about anew when a key is withdrawn, an advisory comes, the gate or the policy
# changes, or an OCSP responder says that a signer was revoked; it is reported, or stopped where the policy says so.

load ../lib/common

setup() {
	common_setup
	need_root
	need_cmd crun conmon jq openssl
	HELPERS=$(dirname "$PLIMSOLL")/../../tests/unit/run
	export PLIMSOLL_STALL_SECONDS=3
	rm -rf root
	: >policy.yaml
	mkdir -p root/bin root/etc root/var/lib/dpkg
	cp "$HELPERS/inside" root/bin/inside
	printf 'root:x:0:0::/:/bin/sh\n' >root/etc/passwd
	printf 'ID=debian\nVERSION_ID="12"\n' >root/etc/os-release
	printf 'Package: %s\nStatus: install ok installed\nArchitecture: amd64\nVersion: %s\n\n' zlib 1.2 openssl 3.0.11-1 \
		>root/var/lib/dpkg/status
	"$PLIMSOLL_SRC/tests/lib/make_image.py" "$STATE" web:1 root >/dev/null
	osv CVE-2024-1 nothing 2 LOW >one.json
	plimsoll -q advisories import one.json
	plimsoll -q trust init
	plimsoll -q sign web:1
}

teardown() {
	local c
	[ -z "${SERVER:-}" ] || kill "$SERVER" 2>/dev/null || true
	for c in "$STATE"/containers/*/; do
		[ -d "$c" ] && plimsoll rm -f "$(basename "$c")" >/dev/null 2>&1
	done
	common_teardown
}

osv() { # ID PACKAGE FIXED low|high
	local v='AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N'
	[ "$4" != high ] || v='AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H'
	printf '{"id":"%s","modified":"2026-01-02T03:04:05Z","affected":[{"package":{"ecosystem":"Debian:12","name":"%s"},' "$1" "$2"
	printf '"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"%s"}]}]}],' "$3"
	printf '"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/%s"}]}\n' "$v"
}

plimsoll() {
	"$PLIMSOLL" --state "$STATE" --config policy.yaml "$@"
}

start() { # name [option...]
	plimsoll run -d --network none --name "$@" --entrypoint /bin/inside web:1 sleep 300 >/dev/null 2>&1
}

phase() { # name
	plimsoll --format json ps -a | jq -r --arg n "$1" '(.containers // .)[] | select(.name == $n) | .status // .phase'
}

is_running() {
	plimsoll ps | grep -q " $1\$\| $1 "
}

record() { # name: its admission.json
	local id
	id=$(plimsoll --format json inspect --type container "$1" 2>/dev/null | jq -r '.. | .id? // empty' | head -1)
	[ -n "$id" ] || id=$(grep -l "\"name\": \"$1\"" "$STATE"/containers/*/state.json | head -1 | xargs dirname | xargs basename)
	cat "$STATE/containers/$id/admission.json"
}

readmits() { # of the trail: "RESULT NAME OUTCOME" by line
	plimsoll --format json trail show --kind readmit | jq -r '"\(.result) \(.detail.containerName) \(.detail.outcome)"'
}

@test "the decision is kept beside the container: digest, signer, policy, findings" {
	start web
	record web >a.json
	assert_eq "$(jq -r '[.schema, .outcome, .image, .findings.packages, .over] | join(" ")' a.json)" \
		'plimsoll.admission/v1 admitted web:1 2 0'
	jq -e '.policy | startswith("sha256:")' a.json
	jq -e '(.signer | test("CN=default")) and .checked >= .time and .digest == .judged.digest and .advisories.changed > 0' a.json
	# The trail's entry of the admission has the same digest of the policy.
	assert_eq "$(plimsoll --format json trail show --kind admit | jq -r .detail.policyDigest)" "$(jq -r .policy a.json)"
	run plimsoll watch run
	assert_status 0
	assert_eq "$output" ''
	assert_eq "$(readmits)" ''
}

@test "a revoked signer is reported once, and stopped where the policy says so" {
	start web
	start other
	plimsoll -q trust revoke default --reason "laptop stolen"
	run plimsoll watch run
	assert_status 3
	assert_output_has "container web (web:1) is no longer admitted" "laptop stolen" "2 of 2 running containers"
	is_running web
	assert_eq "$(readmits | sort)" $'refused other refused\nrefused web refused'
	assert_eq "$(record web | jq -r .outcome)" refused
	# Said again, and written down no second time.
	run plimsoll watch run
	assert_status 3
	assert_output_has "laptop stolen"
	assert_eq "$(readmits | wc -l)" 2
	# Nor does it start again.
	plimsoll stop -t 1 other
	run plimsoll start other
	[ "$status" -ne 0 ]
	assert_output_has "was revoked at"
	echo 'run: {on-refusal: stop}' >policy.yaml
	run plimsoll --format json watch run
	assert_output_has '"stopped": true'
	run is_running web
	assert_status 1
	plimsoll trail show --kind readmit --format json | jq -e -s 'any(.[]; .detail.stopped == true)'
	run plimsoll watch run
	assert_status 0
	plimsoll trail verify
}

@test "a new finding over the gate, by the update itself; gone again, it is admitted again" {
	start web
	osv CVE-2024-2 zlib 1.3 high >two.json
	run plimsoll advisories import two.json
	assert_status 0
	assert_output_has "container web (web:1) is no longer admitted: 1 finding of high or worse: critical CVE-2024-2 in zlib 1.2"
	assert_eq "$(readmits)" 'refused web refused'
	assert_eq "$(record web | jq -r '[.over, .findings.critical] | join(" ")')" '1 1'
	# The gate is the configuration's of the day.
	echo 'gate: {fail-on: critical, ignore-unfixed: true}' >policy.yaml
	run plimsoll watch run
	assert_status 3
	osv CVE-2024-2 zlib 1.1 high | sed s/2026-01-02/2026-01-03/ >two.json
	run plimsoll advisories import two.json
	assert_output_has "container web (web:1) is admitted again"
	run plimsoll watch run
	assert_status 0
	assert_eq "$output" ''
}

@test "a gate that was given to run stays the container's" {
	osv CVE-2024-2 zlib 1.3 high >two.json
	plimsoll -q advisories import two.json
	run start strict
	[ "$status" -ne 0 ]
	printf '{"id":"CVE-2024-3","modified":"2026-01-02T03:04:05Z","affected":[]}' >none.json
	plimsoll -q trust list >/dev/null
	osv CVE-2024-2 zlib 1.1 high | sed s/2026-01-02/2026-01-03/ >two.json
	plimsoll -q advisories import two.json
	start lax --fail-on critical
	osv CVE-2024-4 zlib 1.3 low >low.json
	plimsoll -q advisories import low.json
	echo 'gate: {fail-on: low}' >policy.yaml
	run plimsoll watch run
	assert_status 0
}

@test "what cannot be judged is not stopped, unless the policy says so" {
	start web
	echo 'gate: {max-age: 1s}
run: {on-refusal: stop}' >policy.yaml
	sleep 2
	run plimsoll watch run
	assert_status 0
	assert_output_has "container web (web:1) could not be judged: advisories" "old"
	is_running web
	assert_eq "$(readmits)" 'failed web unchecked'
	run plimsoll watch run
	assert_eq "$(readmits | wc -l)" 1
	# At the start the same refuses.
	run start more
	[ "$status" -ne 0 ]
	echo 'gate: {max-age: 1s}
run: {unchecked: stop}' >policy.yaml
	run plimsoll watch run
	assert_output_has "it was stopped"
	run is_running web
	assert_status 1
}

@test "watch run --every sees a withdrawn key within seconds, and ends by a signal" {
	start web
	echo 'run: {on-refusal: stop}' >policy.yaml
	"$PLIMSOLL" --state "$STATE" --config policy.yaml watch run --every 1h >every.out 2>&1 3>&- &
	SERVER=$!
	sleep 2
	is_running web
	plimsoll -q trust revoke default
	wait_for 15 grep -q "it was stopped" every.out
	run is_running web
	assert_status 1
	# The configuration, too, is read anew: nothing of that needs a restart.
	kill "$SERVER"
	wait "$SERVER"
	SERVER=
}

@test "the webhook is told of what changed" {
	mkdir hook
	: >hook/taken
	: >hook/log
	/usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/hook_server.py" hook "$BATS_TEST_TMPDIR/port" >hook.out 2>&1 3>&- &
	SERVER=$!
	wait_for 20 test -s port
	export PLIMSOLL_WATCH_WEBHOOK=http://127.0.0.1:$(cat port)/hook
	start web
	plimsoll -q trust revoke default --reason "laptop stolen"
	run plimsoll watch run
	assert_status 3
	run plimsoll watch run
	assert_eq "$(jq -r '[.schema, .containers[0].name, .containers[0].outcome, .containers[0].stopped] | join(" ")' hook/taken)" \
		'plimsoll.readmit/v1 web refused false'
	jq -e '(.id | startswith("sha256:")) and (.containers[0].reason | test("laptop stolen"))' hook/taken
}
