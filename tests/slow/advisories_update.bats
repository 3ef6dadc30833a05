#!/usr/bin/env bats
# `advisories update`: sources of a configuration, fetched from a web server that behaves as publishers do, and worse.

load ../lib/common
load ../lib/feeds

@test "files: fetched once, then only asked for; a new copy replaces the old whole" {
	echo "{$(tracker a CVE-2024-1 open),$(tracker b CVE-2024-2 open)}" >"$WEB/json"
	kev 2026-01-02 >"$WEB/kev.json"
	only debian "{url: $URL/json}" kev "{url: $URL/kev.json}"
	run update
	assert_status 0
	assert_output_has 'debian       updated' 'kev          updated' 'advisories updated'
	assert_eq "$(entries debian-tracker)" 2

	run update
	assert_status 0
	assert_output_has 'debian       unchanged' 'kev          unchanged' 'nothing new'
	assert_eq "$(requests '/json 200')" 1
	assert_eq "$(requests '/json 304')" 1

	echo "{$(tracker b CVE-2024-2 open)}" >"$WEB/json"
	run update debian
	assert_status 0
	assert_output_has 'debian       updated'
	refute_output_has kev
	assert_eq "$(entries debian-tracker)" 1

	# Without the database what was fetched counts for nothing: all of it is imported again.
	rm "$STATE/advisories.db"
	run update
	assert_status 0
	assert_eq "$(entries debian-tracker)" 1
	plimsoll trail show >trail.txt
	grep -q advisories-update trail.txt
}

@test "paths of a source, gzip, and a name that is not there" {
	mkdir -p "$WEB/v3.20"
	printf '{"distroversion":"v3.20","reponame":"main","packages":[{"pkg":{"name":"a","secfixes":{"1-r0":["CVE-2024-1"]}}}]}' \
		>"$WEB/v3.20/main.json"
	printf 'cve,epss,percentile\nCVE-2024-0001,0.5,0.9\n' | gzip >"$WEB/epss.csv.gz"
	only alpine "{url: $URL/, paths: [v3.20/main.json]}" epss "{url: $URL/epss.csv.gz}"
	run update
	assert_status 0
	assert_eq "$(entries secdb/v3.20/main)" 1
	run update nobody
	assert_status 2
	assert_output_has "no source 'nobody'"
	only alpine "{url: $URL/, paths: [v3.20/main.json, v3.21/main.json]}"
	run update
	assert_output_has 'alpine       ' '1 of its files is not there, the first: ' 'HTTP 404' 'v3.21/main.json'
	assert_eq "$(entries secdb/v3.20/main)" 1
	run plimsoll advisories status --format json
	assert_eq "$(jq '[.. | objects | select(.source == "alpine" and .checked)][0].unreadable' <<<"$output")" 1
	only alpine "{url: $URL/, paths: [v3.21/main.json, v3.22/main.json]}"
	run update
	assert_status 7
	assert_output_has 'alpine       failed' 'HTTP 404'
}

@test "OSV: the archive first, then single documents; a list that cannot be read is told" {
	mkdir -p "$WEB/Go" docs
	osv GO-1 2026-01-01T00:00:00Z >docs/GO-1.json
	osv GO-2 2026-01-02T00:00:00Z >docs/GO-2.json
	(cd docs && /usr/bin/python3 -m zipfile -c "$WEB/Go/all.zip" GO-1.json GO-2.json)
	printf '2026-01-02T00:00:00Z,GO-2\n2026-01-01T00:00:00Z,GO-1\n' >"$WEB/Go/modified_id.csv"
	only osv "{url: $URL, ecosystems: [Go]}"
	run update
	assert_status 0
	assert_eq "$(entries osv/Go)" 2
	assert_eq "$(requests '/Go/all.zip 200')" 1

	osv GO-3 2026-01-03T00:00:00.5Z >"$WEB/Go/GO-3.json"
	osv GO-2 2026-01-04T00:00:00Z b >"$WEB/Go/GO-2.json"
	printf '2026-01-04T00:00:00Z,GO-2\n2026-01-03T00:00:00.5Z,GO-3\n2026-01-01T00:00:00Z,GO-1\n' \
		>"$WEB/Go/modified_id.csv"
	run update
	assert_status 0
	assert_eq "$(entries osv/Go)" 3
	assert_eq "$(requests all.zip)" 1
	assert_eq "$(requests 'GO-1.json')" 0
	run update
	assert_status 0
	assert_output_has 'osv          unchanged'
	[ -z "$(find "$STATE/cache/fetch" -name '*doc*')" ] || fail "documents stay behind"

	# One that was taken away since is passed over.
	printf '2026-01-05T00:00:00Z,GO-9\n2026-01-04T00:00:00Z,GO-2\n' >"$WEB/Go/modified_id.csv"
	run update
	assert_status 0

	printf 'nonsense\n' >"$WEB/Go/modified_id.csv"
	run update
	assert_status 7
	assert_output_has 'modified_id.csv: line 1' 'osv          failed'
	printf '2026-01-06T00:00:00Z,../../x\n' >"$WEB/Go/modified_id.csv"
	run update
	assert_status 7
}

@test "CSAF: the archive that archive_latest.txt names, and what changed since" {
	mkdir -p "$WEB/vex/2026" 2026
	csaf CVE-2026-1 known_affected >2026/cve-2026-1.json
	csaf CVE-2026-2 known_affected >2026/cve-2026-2.json
	tar -cf - 2026 | zstd -q >"$WEB/vex/csaf_vex_2026-01-02.tar.zst"
	echo csaf_vex_2026-01-02.tar.zst >"$WEB/vex/archive_latest.txt"
	csaf CVE-2026-3 known_affected >"$WEB/vex/2026/cve-2026-3.json"
	printf '"2026/cve-2026-3.json","2026-01-03T10:00:00+00:00"\n"2026/cve-2026-1.json","2026-01-01T10:00:00+00:00"\n' \
		>"$WEB/vex/changes.csv"
	only redhat "{url: $URL/vex}"
	run update
	assert_status 0
	assert_eq "$(entries 'csaf/Red Hat')" 3
	assert_eq "$(requests 'cve-2026-1')" 0
	run update
	assert_status 0
	assert_output_has 'redhat       unchanged'
	assert_eq "$(requests tar.zst)" 1
}

@test "a transfer that is cut goes on where it was, within a run and in the next" {
	/usr/bin/python3 - >"$WEB/json" <<-'PY'
		import json
		print(json.dumps({f"p{i}": {f"CVE-2024-{i}": {"releases": {"bookworm": {"status": "open", "urgency": "low"}}}}
			for i in range(2000)}))
	PY
	only debian "{url: $URL/json}"
	echo 'json once-cut 50000' >"$WEB/.behave"
	run update
	assert_status 0
	assert_eq "$(entries debian-tracker)" 2000
	assert_eq "$(requests 'json 206 bytes=50000-')" 1

	# Cut each time: the run fails, what came stays, the next goes on.
	rm -rf "$STATE"
	echo 'json cut 20000' >"$WEB/.behave"
	: >"$WEB_LOG"
	run update
	assert_status 7
	assert_output_has 'debian       failed' 'again: it goes on where it was cut'
	assert_eq "$(requests 'json 206 bytes=60000-')" 1
	rm "$WEB/.behave"
	run update
	assert_status 0
	assert_eq "$(requests 'json 206 bytes=80000-')" 1
	assert_eq "$(entries debian-tracker)" 2000

	# Another file in between: If-Range gives the new one, whole.
	rm -rf "$STATE"
	echo 'json cut 20000' >"$WEB/.behave"
	run update
	assert_status 7
	rm "$WEB/.behave"
	echo "{$(tracker b CVE-2024-2 open)}" >"$WEB/json"
	run update
	assert_status 0
	assert_eq "$(entries debian-tracker)" 1
}

@test "servers that cannot go on, or do it wrong: all is fetched anew" {
	echo "{$(tracker a CVE-2024-1 open),$(tracker b CVE-2024-2 open),$(tracker c CVE-2024-3 open)}" >"$WEB/json"
	only debian "{url: $URL/json}"
	for how in norange wrongrange weak noetag; do
		rm -rf "$STATE"
		echo 'json cut 20' >"$WEB/.behave"
		run update
		assert_status 7
		echo "json $how" >"$WEB/.behave"
		run update
		assert_status 0
		assert_eq "$(entries debian-tracker)" 3
	done
}

@test "what is no advisory is refused, forgotten and fetched anew" {
	echo '{"a": "b"}' >"$WEB/json"
	only debian "{url: $URL/json}"
	run update
	assert_status 7
	assert_output_has 'debian       failed' 'import'
	echo "{$(tracker a CVE-2024-1 open)}" >"$WEB/json"
	run update
	assert_status 0
	echo "{$(tracker a CVE-2024-1 sideways)}" >"$WEB/json"
	run update
	assert_status 7
	assert_output_has "unknown status 'sideways'"
	assert_eq "$(entries debian-tracker)" 1
}

@test "killed in the middle of a transfer: what came is gone on with" {
	/usr/bin/python3 - >"$WEB/json" <<-'PY'
		import json
		print(json.dumps({f"p{i}": {f"CVE-2024-{i}": {"releases": {"bookworm": {"status": "open"}}}} for i in range(3000)}))
	PY
	only debian "{url: $URL/json}"
	echo 'json once-cut 100000' >"$WEB/.behave"
	# The kill comes while the second request of it is answered, a byte a second.
	"$PLIMSOLL" --state "$STATE" --config plimsoll.yaml advisories update >out 2>&1 3>&- &
	local pid=$!
	wait_for 20 grep -q 'json 200' "$WEB_LOG"
	echo 'json slow' >"$WEB/.behave"
	wait_for 20 grep -q 'json 206' "$WEB_LOG"
	kill -9 "$pid"
	wait "$pid" 2>/dev/null || true
	rm "$WEB/.behave"
	run update
	assert_status 0
	assert_eq "$(entries debian-tracker)" 3000
	[ "$(requests 'json 206 bytes=1[0-9]{5}-')" -ge 2 ] || fail "$(cat "$WEB_LOG")"
	assert_eq "$(requests 'json 200')" 1
}

@test "TLS: a certificate that nobody vouches for is refused; https does not lead to http" {
	need_cmd openssl
	web_stop
	openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \
		-addext 'subjectAltName=IP:127.0.0.1,DNS:localhost' 2>/dev/null
	echo "{$(tracker a CVE-2024-1 open)}" >"$WEB/json"
	web_start cert.pem key.pem
	only debian "{url: https://127.0.0.1:$PORT/json}"
	run update
	assert_status 7
	assert_output_has TLS
	mkdir -p /etc/docker/certs.d/127.0.0.1:"$PORT"
	cp cert.pem /etc/docker/certs.d/127.0.0.1:"$PORT"/ca.crt
	run update
	rm -r /etc/docker/certs.d/127.0.0.1:"$PORT"
	rmdir /etc/docker/certs.d /etc/docker 2>/dev/null || true
	assert_status 0
	assert_eq "$(entries debian-tracker)" 1
}

@test "the configuration: unknown keys, plain http elsewhere, paths that lead out" {
	only debian "{url: http://192.0.2.1/json}"
	run update
	assert_status 2
	assert_output_has 'plain http to another machine' 'insecure: true'
	only debian '{link: https://x}'
	run update
	assert_status 2
	assert_output_has "unknown key 'link'"
	only mine '{type: file}'
	run update
	assert_status 2
	assert_output_has 'advisories.sources.mine: no url'
	only mine "{type: file, url: $URL, paths: [../x]}"
	run update
	assert_status 2
	only import "{type: file, url: $URL}"
	run update
	assert_status 2
	only Big/Name "{type: file, url: $URL}"
	run update
	assert_status 2
	only osv "{ecosystems: []}"
	run update
	assert_status 2
}

@test "--max-age: sources that were not asked for too long refuse, with what mends it" {
	kev 2026-01-02 >"$WEB/kev.json"
	only kev "{url: $URL/kev.json}"
	update
	run plimsoll advisories status --max-age 1h
	assert_status 0
	assert_output_has kev
	jq -c '.sources.kev.checked -= 7300' "$STATE/advisories.json" >new && mv new "$STATE/advisories.json"
	run plimsoll advisories status --max-age 1h
	assert_status 3
	assert_output_has "advisories of 'kev' are 2 hours old" 'plimsoll advisories update'
	run plimsoll advisories status --max-age 3h
	assert_status 0
	echo 'kev.json status 500' >"$WEB/.behave"
	run update
	assert_status 7
	run plimsoll advisories status --max-age 1h
	assert_status 3
	assert_output_has 'HTTP 500'
	rm "$WEB/.behave"
	update
	run plimsoll advisories status --max-age 1h
	assert_status 0
	refute_output_has 'HTTP 500'

	# The gate of a scan looks at the same.
	tiny_rootfs layers/base
	"$PLIMSOLL_SRC/tests/lib/make_image.py" "$STATE" web layers/base >/dev/null
	jq -c '.sources.kev.checked -= 90000' "$STATE/advisories.json" >new && mv new "$STATE/advisories.json"
	run plimsoll scan --max-age 24h web
	assert_status 3
	assert_output_has "advisories of 'kev' are 25 hours old, and may be 24 hours at most" 'plimsoll advisories update'
	run plimsoll scan --max-age 48h web
	assert_status 0
	run plimsoll scan --max-age soon web
	assert_status 2
	run env PLIMSOLL_GATE_MAX_AGE=1h "$PLIMSOLL" --state "$STATE" advisories status
	assert_status 3
}

archive() { # ZIP FOLDER: all of its documents
	(cd "$2" && /usr/bin/python3 -m zipfile -c "$1" ./*.json)
}

@test "a document of a collection that cannot be read: told, the older copy stays, the rest is taken" {
	mkdir -p "$WEB/Go" docs
	for i in 1 2 3; do osv GO-$i 2026-01-01T00:00:00Z >docs/GO-$i.json; done
	archive "$WEB/Go/all.zip" docs
	printf '2026-01-01T00:00:00Z,GO-1\n' >"$WEB/Go/modified_id.csv"
	kev 2026-01-02 >"$WEB/kev.json"
	only osv "{url: $URL, ecosystems: [Go]}" kev "{url: $URL/kev.json}"
	run update
	assert_status 0
	assert_eq "$(entries osv/Go)" 3

	# One of two that changed is broken.
	osv GO-4 2026-01-03T00:00:00Z >"$WEB/Go/GO-4.json"
	echo '{"id":"GO-1","modified":"2026-01-03T00:00:00Z","affected":[{"package":7}]}' >"$WEB/Go/GO-1.json"
	printf '2026-01-03T00:00:00Z,GO-1\n2026-01-03T00:00:00Z,GO-4\n' >"$WEB/Go/modified_id.csv"
	run update
	assert_status 7
	assert_output_has 'osv          updated: 1 document could not be read, the first:' 'GO-1.json' 'kev          unchanged' \
		'1 of 2 sources could not be read whole'
	assert_eq "$(entries osv/Go)" 4
	run plimsoll advisories status
	assert_output_has '1 document could not be read, the first:' 'GO-1'
	assert_eq "$(plimsoll --format json advisories status | jq -c '.asked[] | select(.source == "osv") | .unreadable')" 1
	plimsoll advisories status --max-age 1h >/dev/null # the source did answer

	# It is not forgotten while nothing changes, and is there as soon as it can be read.
	run update osv
	assert_status 7
	osv GO-1 2026-01-03T00:00:00Z other >"$WEB/Go/GO-1.json"
	run update osv
	assert_status 0
	refute_output_has 'could not be read'
	run plimsoll advisories status
	refute_output_has 'could not be read'
	run update osv
	assert_output_has 'osv          unchanged'
	assert_eq "$(entries osv/Go)" 4
}

@test "the same in an archive: one broken of three, a damaged member, and too many" {
	mkdir -p "$WEB/Go" docs
	for i in 1 2 3; do osv GO-$i 2026-01-01T00:00:00Z >docs/GO-$i.json; done
	echo '{"id": "GO-2", "modified": ' >docs/GO-2.json
	archive "$WEB/Go/all.zip" docs
	printf '2026-01-01T00:00:00Z,GO-1\n' >"$WEB/Go/modified_id.csv"
	only osv "{url: $URL, ecosystems: [Go]}"
	run update
	assert_status 7
	assert_output_has 'osv          updated: 1 document could not be read, the first: GO-2.json'
	assert_eq "$(entries osv/Go)" 2
	# Read again as long as it is so; whole, it is forgotten.
	run update
	assert_status 7
	osv GO-2 2026-01-01T00:00:00Z >docs/GO-2.json
	archive "$WEB/Go/all.zip" docs
	run update
	assert_status 0
	assert_eq "$(entries osv/Go)" 3
	assert_eq "$(find "$STATE/cache/fetch" -name '*archive*')" ''

	# A member whose bytes are not those of its CRC.
	rm -rf "$STATE"
	/usr/bin/python3 - "$WEB/Go/all.zip" <<-'PY'
		import sys, zipfile
		z = zipfile.ZipFile(sys.argv[1]); at = z.getinfo("GO-2.json").header_offset + 60; z.close()
		b = bytearray(open(sys.argv[1], "rb").read()); b[at] ^= 1; open(sys.argv[1], "wb").write(b)
	PY
	run update
	assert_status 7
	assert_output_has '1 document could not be read' 'GO-2.json'
	assert_eq "$(entries osv/Go)" 2

	# Ten of a small source are too many by one; then what is here stays as it is.
	for i in $(seq 4 30); do osv GO-$i 2026-01-01T00:00:00Z >docs/GO-$i.json; done
	for i in $(seq 20 30); do echo '{"id":"x","modified":"x"}' >docs/GO-$i.json; done
	archive "$WEB/Go/all.zip" docs
	run update
	assert_status 7
	assert_output_has 'osv          failed' '11 of 30 documents could not be read'
	assert_eq "$(entries osv/Go)" 2
	osv GO-20 2026-01-01T00:00:00Z >docs/GO-20.json
	archive "$WEB/Go/all.zip" docs
	run update
	assert_status 7
	assert_output_has 'osv          updated: 10 documents could not be read'
	assert_eq "$(entries osv/Go)" 20

	# An import by hand is all or nothing.
	run plimsoll advisories import "$WEB/Go/all.zip"
	assert_status 5
	assert_output_has 'GO-2'
}

@test "the same of JSON lines and of Debian's tracker, which replaces itself" {
	for i in 1 2 3 4 5 6; do osv GO-$i 2026-01-01T00:00:00Z; done >"$WEB/ours.jsonl"
	only ours "{type: file, url: $URL/ours.jsonl}" debian "{url: $URL/json}"
	echo "{$(tracker a CVE-2024-1 open),$(tracker b CVE-2024-2 open),$(tracker c CVE-2024-3 open)}" >"$WEB/json"
	run update
	assert_status 0
	{
		osv GO-7 2026-01-01T00:00:00Z
		osv GO-8 2026-01-01T00:00:00Z | cut -c 1-60 # cut short
		echo 'a line of words'
		osv GO-9 2026-01-01T00:00:00Z
		echo '{"id":"GO-10"}}'
		osv GO-11 2026-01-01T00:00:00Z
		osv GO-12 2026-01-01T00:00:00Z | head -c 50
	} >"$WEB/ours.jsonl"
	# a is broken, b is gone, c is as it was.
	echo "{$(tracker a CVE-2024-1 sideways),$(tracker c CVE-2024-3 open)}" >"$WEB/json"
	run update
	assert_status 7
	assert_output_has 'ours         updated: ' "documents could not be read, the first: " 'debian       updated: 1 document' \
		"unknown status 'sideways'"
	assert_eq "$(entries osv/Go)" 9
	assert_eq "$(entries debian-tracker)" 2
	run plimsoll advisories import "$WEB/ours.jsonl"
	assert_status 5
}

@test "several sources are one rebuild, and a broken one does not undo the others" {
	echo "{$(tracker a CVE-2024-1 open)}" >"$WEB/json"
	kev 2026-01-02 >"$WEB/kev.json"
	osv GO-1 2026-01-01T00:00:00Z >"$WEB/ours.json"
	echo '{"a": 1}' >"$WEB/broken.json"
	only debian "{url: $URL/json}" kev "{url: $URL/kev.json}" ours "{type: file, url: $URL/ours.json}" \
		zbroken "{type: file, url: $URL/broken.json}"
	run strace -f -qq -e trace=rename,renameat,renameat2 -o trace.txt \
		"$PLIMSOLL" --state "$STATE" --config plimsoll.yaml advisories update
	if [ "$status" = 7 ]; then # not where nothing may be traced, nor with LeakSanitizer
		assert_eq "$(grep -c '"advisories.db"' trace.txt)" 1
	else
		rm -rf "$STATE"
		run update
	fi
	assert_status 7
	assert_output_has 'zbroken      failed' 'kev          updated' '1 of 4 sources failed'
	assert_eq "$(entries debian-tracker) $(entries osv/Go)" '1 1'
	# Only one at a time.
	exec 9>"$STATE/cache/fetch.lock"
	flock 9
	run update
	assert_status 6
	assert_output_has 'another update is running'
	exec 9>&-
}
