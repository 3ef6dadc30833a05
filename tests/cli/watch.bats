#!/usr/bin/env bats
# Watching: what is new for an image that was shipped, told once, to the trail, to standard output and to a webhook.

load ../lib/common

setup() {
	common_setup
	HOOK=$BATS_TEST_TMPDIR/hook
	mkdir -p layers "$HOOK"
	: >"$HOOK/taken"
	: >"$HOOK/log"
	export PLIMSOLL_STALL_SECONDS=3
}

teardown() {
	hook_stop
	registry_stop
	common_teardown
}

hook_start() {
	rm -f port
	/usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/hook_server.py" "$HOOK" "$BATS_TEST_TMPDIR/port" >hook.out 2>&1 3>&- &
	HOOK_PID=$!
	wait_for 20 test -s "$BATS_TEST_TMPDIR/port"
	HOOK_PORT=$(cat "$BATS_TEST_TMPDIR/port")
	export PLIMSOLL_WATCH_WEBHOOK=http://127.0.0.1:$HOOK_PORT/hook
}

hook_stop() {
	[ -z "${HOOK_PID:-}" ] && return 0
	kill "$HOOK_PID" 2>/dev/null || true
	wait "$HOOK_PID" 2>/dev/null || true
	HOOK_PID=
}

# image NAME "PACKAGE VERSION"...: a Debian image with these packages
image() {
	local name=$1 p
	shift
	rm -rf layers/base
	mkdir -p layers/base/etc layers/base/var/lib/dpkg
	printf 'ID=debian\nVERSION_ID="12"\n' >layers/base/etc/os-release
	for p; do
		printf 'Package: %s\nStatus: install ok installed\nArchitecture: amd64\nVersion: %s\n\n' "${p% *}" "${p#* }"
	done >layers/base/var/lib/dpkg/status
	"$PLIMSOLL_SRC/tests/lib/make_image.py" "$STATE" "$name" layers/base >/dev/null
}

osv() { # ID PACKAGE FIXED [EXTRA MEMBERS]
	printf '{"id":"%s","modified":"2026-01-02T03:04:05Z","affected":[{"package":{"ecosystem":"Debian:12","name":"%s"},' "$1" "$2"
	printf '"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}%s]}]}]%s}\n' "${3:+,{\"fixed\":\"$3\"\}}" "$4"
}

news() { # of a trail: "IMAGE ADVISORY" by line
	plimsoll --format json trail show --kind watch |
		jq -r '.detail.images[] | .name as $n | .advisories[] | "\($n) \(.)"'
}

taken() { # of the webhook: "IMAGE ADVISORY" by line
	jq -r '.images[] | .name as $n | .advisories[] | "\($n) \(.advisory)"' "$HOOK/taken"
}

# two images that are watched, from advisories of one CVE
two_watched() {
	image web 'openssl 3.0.11-1' 'zlib 1.2'
	image db 'zlib 1.2'
	osv CVE-2024-1 openssl 3.0.12-1 >one.json
	plimsoll -q advisories import one.json
	plimsoll -q watch add web db
}

@test "what is new is told once, for the images that have it; what was known at first is not" {
	hook_start
	two_watched
	osv CVE-2024-2 zlib 1.3 ',"summary":"Bad","severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]' >two.json
	run plimsoll advisories import two.json
	assert_status 0
	assert_output_has 'new  web  CVE-2024-2  critical  zlib 1.2 -> 1.3' 'new  db  CVE-2024-2  critical  zlib 1.2 -> 1.3'
	refute_output_has CVE-2024-1
	assert_eq "$(news)" $'web CVE-2024-2\ndb CVE-2024-2'
	assert_eq "$(taken)" $'web CVE-2024-2\ndb CVE-2024-2'
	assert_eq "$(cat "$HOOK/log")" 'POST /hook 204 application/json'
	assert_eq "$(jq -r '[.schema, .page, .more, .images[0].advisories[0].score, .images[0].advisories[0].packages[0].fixed] | join(" ")' "$HOOK/taken")" \
		'plimsoll.watch/v1 1 false 9.8 1.3'
	assert_eq "$(jq -r .host "$HOOK/taken")" "$(hostname)"
	assert_eq "$(jq -r .images[0].digest "$HOOK/taken")" "$(plimsoll --format json watch list | jq -r '.images[] | select(.name == "web") | .digest')"

	# The same again, and a run without a change: silence.
	run plimsoll advisories import two.json
	refute_output_has "new  "
	run plimsoll watch run
	assert_status 0
	assert_eq "$output" ''
	assert_eq "$(wc -l <"$HOOK/log")" 1

	# An advisory that goes and comes back is not new.
	osv CVE-2024-2 zlib 1.1 | sed s/2026-01-02/2026-01-03/ >two.json
	plimsoll -q advisories import two.json
	osv CVE-2024-2 zlib 1.3 | sed s/2026-01-02/2026-01-04/ >two.json
	run plimsoll advisories import two.json
	refute_output_has CVE-2024-2
	plimsoll trail verify
}

@test "a thousand new advisories that no image has: no word, no request" {
	hook_start
	two_watched
	for i in $(seq 1000); do osv "CVE-2025-$i" "other$((i % 7))" 2; done >many.jsonl
	osv CVE-2025-2000 openssl 3.0.11-1 >>many.jsonl
	osv CVE-2025-2001 zlib 1.2 >>many.jsonl
	plimsoll --format json advisories import many.jsonl >out.json
	assert_eq "$(jq -c '[.documents, .watch.matched, (.watch.news | length)]' out.json)" '[1002,2,0]'
	assert_eq "$(news)" ''
	assert_eq "$(cat "$HOOK/log")" ''
	osv CVE-2025-3000 zlib 9 >one.json
	plimsoll --format json advisories import one.json >out.json
	assert_eq "$(jq -c '[.watch.delivered, .watch.pending, (.watch.news[].images[].name)]' out.json)" '[1,0,"web","db"]'
}

@test "a webhook that fails: tried again, kept, sent first and in order next time" {
	hook_start
	two_watched
	# Twice no, then yes, within one run; Retry-After is waited for.
	printf '503\n429 1\n' >"$HOOK/answers"
	osv CVE-2024-2 zlib 1.3 >two.json
	run plimsoll advisories import two.json
	assert_status 0
	assert_eq "$(cut -d' ' -f3 "$HOOK/log" | tr '\n' ' ')" '503 429 204 '
	assert_eq "$(wc -l <"$HOOK/taken")" 1

	# What cannot be mended by waiting is not tried again; the update is done all the same.
	echo 403 >"$HOOK/answers"
	osv CVE-2024-3 zlib 1.3 >three.json
	run plimsoll advisories import three.json
	assert_status 0
	assert_output_has 'new  db  CVE-2024-3' 'the webhook answered HTTP 403; 1 waiting'
	run plimsoll watch list
	assert_output_has '1 notification waits to be delivered'

	# Nobody listens.
	hook_stop
	osv CVE-2024-4 openssl 4 >four.json
	run plimsoll advisories import four.json
	assert_status 0
	assert_output_has 'connection refused; 2 waiting'
	run plimsoll watch run
	assert_status 7
	plimsoll --format json trail show -n 100 | grep -q watch-send

	# Somebody does again: an update without news sends what waits; each document has an id of its own.
	hook_start
	plimsoll -q advisories import four.json
	assert_eq "$(taken | tail -3)" $'web CVE-2024-3\ndb CVE-2024-3\nweb CVE-2024-4'
	assert_eq "$(jq -r .id "$HOOK/taken" | sort -u | wc -l)" 3
	assert_eq "$(plimsoll --format json watch list | jq .pending)" 0
}

@test "an answer that is lost: the document comes twice, under one id" {
	hook_start
	two_watched
	echo drop >"$HOOK/answers"
	osv CVE-2024-2 openssl 4 >two.json
	plimsoll -q advisories import two.json
	assert_eq "$(wc -l <"$HOOK/taken")" 2
	assert_eq "$(jq -r .id "$HOOK/taken" | sort -u | wc -l)" 1
}

@test "a webhook by plain http on another machine, or that leads elsewhere, is not followed" {
	two_watched
	osv CVE-2024-2 zlib 1.3 >two.json
	PLIMSOLL_WATCH_WEBHOOK=http://192.0.2.1/ run plimsoll advisories import two.json
	assert_status 0
	assert_output_has '1 waiting'
	hook_start
	echo "away http://127.0.0.1:$HOOK_PORT/other" >"$HOOK/answers"
	run plimsoll watch run
	assert_status 7
	assert_output_has 'HTTP 302'
	assert_eq "$(wc -l <"$HOOK/log")" 1
	printf 'watch: {webhook: "http://127.0.0.1:%s/by-file"}\n' "$HOOK_PORT" >plimsoll.yaml
	unset PLIMSOLL_WATCH_WEBHOOK
	run plimsoll --config plimsoll.yaml watch run
	assert_status 0
	grep -q 'POST /by-file 204' "$HOOK/log"
	printf 'watch: {webhooks: "x"}\n' >plimsoll.yaml
	run plimsoll --config plimsoll.yaml watch run
	assert_status 2
}

@test "a kill between the new database and the re-match loses nothing" {
	hook_start
	two_watched
	# What such a kill leaves: another database, and an index that was matched against the one before.
	mv "$STATE/watch" kept
	osv CVE-2024-2 zlib 1.3 >two.json
	plimsoll -q advisories import two.json
	mv kept "$STATE/watch"
	assert_eq "$(news)" ''
	# The next run is one that changes nothing.
	run plimsoll advisories import two.json
	assert_output_has 'nothing new' 'new  web  CVE-2024-2' 'new  db  CVE-2024-2'
	assert_eq "$(taken)" $'web CVE-2024-2\ndb CVE-2024-2'

	# And real ones, at whatever instant.
	for i in 3 4 5 6 7 8; do
		osv "CVE-2024-$i" zlib 1.3 >next.json
		timeout -s KILL "0.0$((i * i))" "$PLIMSOLL" --state "$STATE" -q advisories import next.json || true
	done
	for i in 3 4 5 6 7 8; do osv "CVE-2024-$i" zlib 1.3; done >next.jsonl
	plimsoll -q advisories import next.jsonl
	assert_eq "$(taken | sort -u | wc -l)" 14
	assert_eq "$(news | sort -u | wc -l)" 14
	plimsoll trail verify
}

@test "images that left the store are watched until they are removed" {
	two_watched
	plimsoll rmi web
	osv CVE-2024-2 openssl 4 >two.json
	run plimsoll advisories import two.json
	assert_output_has 'new  web  CVE-2024-2'
	run plimsoll watch rm nobody
	assert_status 5
	run plimsoll watch rm web
	assert_status 0
	assert_output_has '1 image no longer watched'
	hex=$(plimsoll --format json watch list | jq -r '.images[].digest | ltrimstr("sha256:")[:8]')
	osv CVE-2024-3 openssl 5 >three.json
	run plimsoll advisories import three.json
	refute_output_has "new  "
	plimsoll watch rm "$hex"
	assert_eq "$(plimsoll --format json watch list | jq -c .images)" '[]'
	assert_eq "$(ls "$STATE/watch/images")" ''
}

@test "a damaged index is made anew from the records; a damaged record is said" {
	two_watched
	osv CVE-2024-2 zlib 1.3 >two.json
	plimsoll -q advisories import two.json
	size=$(stat -c %s "$STATE/watch/index.db")
	osv CVE-2024-3 zlib 1.3 >three.json
	for how in cut noise text empty gone; do
		case $how in
		cut) truncate -s $((size / 2)) "$STATE/watch/index.db" ;;
		noise) dd if=/dev/urandom of="$STATE/watch/index.db" bs=1 seek=4200 count=9000 conv=notrunc status=none ;;
		text) echo 'no database at all, whatever it says it is' >"$STATE/watch/index.db" ;;
		empty) : >"$STATE/watch/index.db" ;;
		gone) rm "$STATE/watch/index.db" ;;
		esac
		run plimsoll watch run
		assert_status 0
		[[ $how = empty || $how = gone ]] || assert_output_has 'index.db' 'made anew'
		# It tells again what came since they were added, and nothing from before.
		assert_output_has 'new  web  CVE-2024-2' 'new  db  CVE-2024-2'
		refute_output_has CVE-2024-1
	done
	for f in "$STATE"/watch/images/*.json; do
		grep -q '"name":"web"' "$f" && echo '{"schema":' >"$f"
	done
	rm "$STATE/watch/index.db"
	run plimsoll advisories import three.json
	assert_status 0
	assert_output_has 'not watched: plimsoll watch add IMAGE' 'new  db  CVE-2024-3'
	refute_output_has 'new  web'
}

@test "what is told under another name already is not told again" {
	image web 'zlib 1.2'
	osv DSA-1-1 zlib 1.3 >a.json
	plimsoll -q advisories import a.json
	plimsoll watch add web
	osv DSA-1-1 zlib 1.3 ',"aliases":["CVE-2024-9"]' | sed s/2026-01-02/2026-01-03/ >a.json
	run plimsoll advisories import a.json
	assert_output_has 'advisories updated'
	refute_output_has CVE-2024-9
	# A package that has it as well makes it no newer, an advisory of it alone does.
	osv CVE-2024-10 zlib 1.3 >b.json
	run plimsoll advisories import b.json
	assert_output_has 'new  web  CVE-2024-10'
}

@test "much that is new: pages, entries of the trail that fit" {
	hook_start
	two_watched
	for i in $(seq 3000); do osv "CVE-2025-$i-a-name-that-is-longer-than-most" zlib 2; done >many.jsonl
	plimsoll -q advisories import many.jsonl
	assert_eq "$(taken | wc -l)" 6000
	assert_eq "$(taken | sort -u | wc -l)" 6000
	assert_eq "$(news | sort -u | wc -l)" 6000
	pages=$(wc -l <"$HOOK/taken")
	[ "$pages" -gt 3 ] || fail "$pages pages"
	assert_eq "$(jq -r .more "$HOOK/taken" | sort | uniq -c | tr -s ' \n' ' ')" " 1 false $((pages - 1)) true "
	assert_eq "$(jq -r .page "$HOOK/taken" | tr '\n' ' ')" "$(seq -s' ' "$pages") "
	plimsoll trail verify
}

@test "a receiver that takes its time holds nobody up" {
	hook_start
	two_watched
	echo hold >"$HOOK/answers"
	osv CVE-2024-2 zlib 1.3 >two.json
	plimsoll -q advisories import two.json 3>&- &
	importer=$!
	wait_for 20 test -e "$HOOK/held"
	image other 'zlib 1.2'
	run timeout 10 "$PLIMSOLL" --state "$STATE" watch add other
	assert_status 0
	assert_eq "$(plimsoll --format json watch list | jq -c '[.pending, (.images | length)]')" '[1,3]'
	touch "$HOOK/go"
	wait "$importer"
	assert_eq "$(taken)" $'web CVE-2024-2\ndb CVE-2024-2'
	assert_eq "$(plimsoll --format json watch list | jq .pending)" 0
}

@test "the same id for a second package is not new" {
	image web 'openssl 3' 'zlib 1.2'
	plimsoll watch add web # without any advisories
	osv CVE-2024-1 openssl 4 >1.json
	run plimsoll advisories import 1.json
	assert_output_has 'new  web  CVE-2024-1'
	osv DSA-1 zlib 2 ',"upstream":["CVE-2024-1"]' >2.json
	run plimsoll advisories import 2.json
	assert_output_has 'advisories updated'
	refute_output_has 'new  '
}

@test "an image added beside others does not hide what they were not told yet" {
	image one 'zlib 1.2'
	image two 'zlib 1.2' 'openssl 3'
	plimsoll -q watch add one
	# As if the import had been killed before it told.
	mv "$STATE/watch" kept
	osv CVE-2024-1 zlib 2 >1.json
	plimsoll -q advisories import 1.json
	mv kept "$STATE/watch"
	plimsoll -q watch add two
	plimsoll --format json watch run >out.json
	assert_eq "$(jq -r '.news[].images[].name' out.json)" one
	assert_eq "$(plimsoll --format json watch run | jq -c .news)" '[]'
}

@test "a tag that moves on: the older image may still run, and is watched beside the new one" {
	image web 'zlib 1.2'
	plimsoll -q watch add web
	image web 'zlib 1.9' 'openssl 3'
	plimsoll -q watch add web
	osv CVE-2024-1 zlib 1.3 >1.json
	plimsoll --format json advisories import 1.json >out.json
	assert_eq "$(jq -c '[.watch.matched, (.watch.news[].images | length)]' out.json)" '[2,1]'
	run plimsoll watch rm web
	assert_output_has '2 images no longer watched'
}

@test "a webhook's URL is checked; plain http leaves this machine only when it is told to" {
	two_watched
	printf 'watch: {webhook: "ftp://example.org/"}\n' >bad.yaml
	run plimsoll --config bad.yaml watch run
	assert_status 2
	assert_output_has watch.webhook
	printf 'watch: {webhook: "https://example.org/", insecure: perhaps}\n' >bad.yaml
	run plimsoll --config bad.yaml watch run
	assert_status 2
	assert_output_has watch.insecure
	# This machine, but not by an address of loopback; nobody listens there.
	here=$(hostname -I | tr ' ' '\n' | grep -m1 '\.') || skip 'the rest: no IPv4 address'
	unset PLIMSOLL_WATCH_WEBHOOK
	osv CVE-2024-2 zlib 2 >2.json
	echo "watch: {webhook: 'http://$here:1/', insecure: true}" >plain.yaml
	run plimsoll --config plain.yaml advisories import 2.json
	assert_status 0
	assert_output_has 'connection refused; 1 waiting'
	echo "watch: {webhook: 'http://$here:1/'}" >plain.yaml
	run plimsoll --config plain.yaml watch run
	assert_status 7
	refute_output_has refused
}

@test "who only looks makes nothing; nothing is watched" {
	run plimsoll watch list
	assert_status 0
	assert_eq "$(plimsoll --format json watch list | jq -c '[.images, .pending]')" '[[],0]'
	run plimsoll watch rm web
	assert_status 5
	[ ! -e "$STATE/watch" ]
	run plimsoll watch add nothing
	assert_status 5
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
	assert_eq "$(plimsoll --format json watch list | jq -r '.images[].name')" "$REGISTRY/web:1"
	osv CVE-2024-1 tiny 2 >1.json
	run plimsoll advisories import 1.json
	assert_output_has "new  $REGISTRY/web:1  CVE-2024-1"
}
