#!/usr/bin/env bats
# Watching: what new advisories say of images that were shipped is told once, in the trail, on standard output and to a
# webhook.

load ../lib/common

setup() {
	common_setup
	mkdir -p layers
}

teardown() {
	hook_stop
	registry_stop
	common_teardown
}

image() { # NAME LAYER...
	local name=$1
	shift
	"$PLIMSOLL_SRC/tests/lib/make_image.py" "$STATE" "$name" "${@/#/layers/}" >/dev/null
}

debian() { # LAYER "PACKAGE VERSION"...: Debian 12 with these packages
	local layer=layers/$1 p
	shift
	mkdir -p "$layer"/{etc,var/lib/dpkg}
	printf 'ID=debian\nVERSION_ID="12"\n' >"$layer/etc/os-release"
	for p; do
		# shellcheck disable=SC2086 # two words
		printf 'Package: %s\nStatus: install ok installed\nArchitecture: amd64\nVersion: %s\n\n' $p
	done >"$layer/var/lib/dpkg/status"
}

osv() { # ID PACKAGE FIXED [EXTRA MEMBERS]
	printf '{"id":"%s","modified":"2026-01-02T03:04:05Z","affected":[{"package":{"ecosystem":"Debian:12","name":"%s"},' "$1" "$2"
	printf '"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}%s]}]}]%s}\n' "${3:+,{\"fixed\":\"$3\"\}}" "$4"
}

hook_start() { # sets $HOOK, its folder, and writes plimsoll.yaml
	HOOK=$BATS_TEST_TMPDIR/hook
	mkdir -p "$HOOK"
	/usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/webhook.py" "$HOOK" >"$HOOK/log" 2>&1 3>&- &
	HOOK_PID=$!
	wait_for 20 test -s "$HOOK/port"
	printf 'watch:\n  webhook: http://127.0.0.1:%s/new\n' "$(cat "$HOOK/port")" >plimsoll.yaml
}

hook_stop() {
	[ -z "${HOOK_PID:-}" ] && return 0
	kill "$HOOK_PID" 2>/dev/null || true
	wait "$HOOK_PID" 2>/dev/null || true
	HOOK_PID=
}

told() { # of a JSON document's watch member: "IMAGE ADVISORY PACKAGE" by line
	jq -r '.watch.images[] | .image as $i | .findings[] | [$i, .advisory, .package] | join(" ")'
}

import() {
	plimsoll --format json advisories import "$@"
}

@test "what is news for an image is told once; what was known when it was added is none" {
	debian one 'a 1' 'b 1'
	debian two 'a 1' 'c 1'
	image one one
	image two two
	osv CVE-2024-1 a 2 >1.json
	plimsoll advisories import 1.json
	run plimsoll watch add one two:latest
	assert_status 0
	assert_output_has 'one:latest: 2 packages, 1 advisories known' 'two:latest: 2 packages, 1 advisories known'

	osv CVE-2024-2 a 3 ',"summary":"Bad thing","aliases":["X-2"]' >2.json
	osv CVE-2024-3 c '' >3.json
	osv CVE-2024-4 d 9 >4.json # nobody has it
	run plimsoll advisories import ./[234].json
	assert_status 0
	assert_output_has 'New for 2 watched images' 'one:latest  CVE-2024-2  unknown   a        1          3' \
		'two:latest  CVE-2024-2' 'two:latest  CVE-2024-3  unknown   c        1          -'
	refute_output_has CVE-2024-1 CVE-2024-4
	[ "$(import ./[234].json | told)" = '' ]
	run plimsoll watch run
	assert_status 0
	assert_eq "$output" ''

	# An entry for each image.
	plimsoll --format json trail show --kind watch | jq -s 'flatten' |
		jq -r '.[] | [.subject.name, .detail.new, (.detail.advisories | sort | join(","))] | join(" ")' | sort >entries
	assert_eq "$(cat entries)" 'one:latest 1 CVE-2024-2
two:latest 2 CVE-2024-2,CVE-2024-3'

	run plimsoll watch list
	assert_output_has IMAGE 'one:latest' 'two:latest'
	[ "$(plimsoll --format json watch list | jq -r '.images[] | [.image, .packages, .advisories] | join(" ")')" = \
		'one:latest 2 2
two:latest 2 3' ]
}

@test "the same id for a second package, and an advisory that went and came back, are no news" {
	debian one 'a 1' 'b 1'
	image one one
	plimsoll watch add one # without any advisories
	osv CVE-2024-1 a 2 >1.json
	[ "$(import 1.json | told)" = 'one:latest CVE-2024-1 a' ]
	osv DSA-1 b 2 ',"upstream":["CVE-2024-1"]' >2.json
	[ "$(import 2.json | told)" = '' ]
	osv CVE-2024-1 a 2 ',"withdrawn":"2026-02-02T00:00:00Z"' | sed s/2026-01-02/2026-02-02/ >3.json
	osv CVE-2024-1 a 2 | sed s/2026-01-02/2026-03-02/ >4.json
	[ "$(import 3.json | told)" = '' ]
	[ "$(import 4.json | told)" = '' ]
}

@test "an image added beside others does not hide what they were not told yet" {
	debian one 'a 1'
	image one one
	image two one
	plimsoll watch add one
	osv CVE-2024-1 a 2 >1.json
	# As if the import had been killed before it told.
	mv "$STATE/watch.db" kept
	plimsoll advisories import 1.json
	mv kept "$STATE/watch.db"
	plimsoll watch add two
	[ "$(plimsoll --format json watch run | jq -r '.images[].image')" = one:latest ]
	[ "$(plimsoll --format json watch run | jq -r '.images[].image')" = '' ]
}

@test "a new image under an old name takes its place; rm ends it" {
	debian old 'a 1'
	debian new 'a 2' 'b 1'
	image web old
	plimsoll watch add web
	image web new
	plimsoll watch add web
	osv CVE-2024-1 a 2 >1.json
	osv CVE-2024-2 b 2 >2.json
	[ "$(import 1.json 2.json | told)" = 'web:latest CVE-2024-2 b' ]
	[ "$(plimsoll --format json watch list | jq '.images | length')" = 1 ]
	plimsoll watch rm web
	osv CVE-2024-3 b 2 >3.json
	[ "$(import 3.json | told)" = '' ]
	run plimsoll watch rm web
	assert_status 5
	assert_output_has "'web:latest' is not watched" 'plimsoll watch list'
	run plimsoll watch add nothing
	assert_status 5
}

@test "the webhook: one notification for all images; what it does not take is kept, and fails nothing" {
	debian one 'a 1'
	image one one
	image two one
	hook_start
	plimsoll watch add one two
	osv CVE-2024-1 a 2 ',"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]' >1.json
	run plimsoll --config plimsoll.yaml advisories import 1.json
	assert_status 0
	[ "$(ls "$HOOK"/*.json)" = "$HOOK/1.json" ]
	[ "$(cat "$HOOK/tries")" = '/new application/json' ]
	[ "$(jq -r '.schema, (.images[] | .image, .digest[:7], (.findings[] | .advisory, .score, .fixed))' "$HOOK/1.json" |
		tr '\n' ' ')" = 'plimsoll.watch/v1 one:latest sha256: CVE-2024-1 9.8 2 two:latest sha256: CVE-2024-1 9.8 2 ' ]

	echo 503 >"$HOOK/status"
	osv CVE-2024-2 a 2 >2.json
	run plimsoll --config plimsoll.yaml advisories import 2.json
	assert_status 0
	assert_output_has 'webhook: HTTP 503; 1 notification kept for the next time' CVE-2024-2
	[ "$(wc -l <"$HOOK/tries")" = 4 ] # it was asked three times

	hook_stop # nobody there at all
	osv CVE-2024-3 a 2 >3.json
	run plimsoll --config plimsoll.yaml --format json advisories import 3.json
	assert_status 0
	[ ! -e "$HOOK/2.json" ]
	rm "$HOOK/status" "$HOOK/port"
	hook_start
	run plimsoll --config plimsoll.yaml --format json watch run
	assert_status 0
	[ "$(jq .sent <<<"$output")" = 2 ]
	[ "$(jq .kept <<<"$output")" = 0 ]
	[ "$(jq -r '.images[0].findings[].advisory' "$HOOK/2.json" "$HOOK/3.json" | tr '\n' ' ')" = 'CVE-2024-2 CVE-2024-3 ' ]
	[ "$(jq -r .id "$HOOK"/[123].json | grep -cE '^sha256:[0-9a-f]{64}$')" = 3 ]
	[ "$(jq -r .id "$HOOK"/[123].json | sort -u | wc -l)" = 3 ]
	run plimsoll --config plimsoll.yaml --format json watch run
	[ "$(jq .sent <<<"$output")" = 0 ]
	[ ! -e "$HOOK/4.json" ]
}

@test "a thousand new advisories that no image has: no word, no entry, no request" {
	debian one 'a 1'
	image one one
	hook_start
	plimsoll watch add one
	for i in $(seq 1000); do osv "CVE-2025-$i" "other$((i % 7))" 2 ''; done >many.jsonl
	osv CVE-2025-2000 a 1 '' >>many.jsonl # mended in what it has
	plimsoll --config plimsoll.yaml --format json advisories import many.jsonl >out.json
	[ "$(jq .documents out.json)" = 1001 ]
	[ "$(plimsoll --format json trail show --kind watch | wc -c)" = 0 ]
	[ ! -e "$HOOK/tries" ] || [ ! -s "$HOOK/tries" ]
	osv CVE-2025-3000 a 2 '' >one.json # and it is heard
	plimsoll --config plimsoll.yaml -q advisories import one.json
	[ "$(wc -l <"$HOOK/tries")" = 1 ]
}

@test "a webhook's URL is checked; plain http leaves this machine only when it is told to" {
	debian one 'a 1'
	image one one
	plimsoll watch add one
	printf 'watch: {webhook: "ftp://example.org/"}\n' >bad.yaml
	run plimsoll --config bad.yaml watch run
	assert_status 2
	assert_output_has watch.webhook
	printf 'watch: {webhok: "https://example.org/"}\n' >bad.yaml
	run plimsoll --config bad.yaml watch run
	assert_status 2
	assert_output_has webhok
	printf 'watch: {webhook: "http://192.0.2.1/"}\n' >plain.yaml
	osv CVE-2024-1 a 2 >1.json
	run plimsoll --config plain.yaml advisories import 1.json
	assert_status 0
	assert_output_has 'kept for the next time'
}

@test "a list of watched images that is none is refused, with what mends it" {
	mkdir -p "$STATE"
	echo nonsense >"$STATE/watch.db"
	run plimsoll watch list
	assert_status 5
	assert_output_has watch.db 'plimsoll watch add'
}

@test "what is shipped is watched" {
	need_root
	need_cmd docker-registry gcc
	registry_start
	plimsoll trust init >/dev/null
	tiny_rootfs root
	printf 'FROM scratch\nCOPY root/ /\n' >Dockerfile
	osv CVE-2023-1 tiny 0.5 >0.json
	plimsoll advisories import 0.json
	plimsoll ship -t "$REGISTRY/web:1" .
	[ "$(plimsoll --format json watch list | jq -r '.images[].image')" = "$REGISTRY/web:1" ]
	osv CVE-2024-1 tiny 2 >1.json
	[ "$(import 1.json | told)" = "$REGISTRY/web:1 CVE-2024-1 tiny" ]
}
