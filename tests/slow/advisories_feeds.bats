#!/usr/bin/env bats
# `advisories update` of lists that are too long to be followed, and from servers that lie or keep one waiting.

load ../lib/common
load ../lib/feeds

changes() { # TIME FORMAT: more of them than are fetched one by one, newest first
	/usr/bin/python3 -c 'import sys
for i in range(20001): print(sys.argv[2] % {"n": 20001 - i, "t": sys.argv[1]})' "$1" "$2"
}

@test "OSV: where too much has changed, the archive is taken again, and nothing by itself" {
	mkdir -p "$WEB/Go" docs
	osv GO-1 2026-01-01T00:00:00Z >docs/GO-1.json
	(cd docs && /usr/bin/python3 -m zipfile -c "$WEB/Go/all.zip" GO-1.json)
	echo '2026-01-01T00:00:00Z,GO-1' >"$WEB/Go/modified_id.csv"
	only osv "{url: $URL, ecosystems: [Go]}"
	run update
	assert_status 0

	osv GO-1 2026-02-01T00:00:00Z b >docs/GO-1.json
	osv GO-2 2026-02-01T00:00:00Z b >docs/GO-2.json
	(cd docs && /usr/bin/python3 -m zipfile -c "$WEB/Go/all.zip" GO-1.json GO-2.json)
	changes 2026-02-01T00:00:00Z '%(t)s,GO-%(n)d' >"$WEB/Go/modified_id.csv"
	run update
	assert_status 0
	assert_eq "$(entries osv/Go)" 2
	assert_eq "$(requests '/Go/all.zip 200')" 2
	assert_eq "$(requests 'GO-[0-9]+.json')" 0

	# How far it is known goes with it: what comes later is fetched by itself again.
	osv GO-3 2026-02-02T00:00:00Z >"$WEB/Go/GO-3.json"
	printf '2026-02-02T00:00:00Z,GO-3\n2026-01-01T00:00:00Z,GO-1\n' >"$WEB/Go/modified_id.csv"
	run update
	assert_status 0
	assert_eq "$(entries osv/Go)" 3
	assert_eq "$(requests '/Go/all.zip 200')" 2
	assert_eq "$(requests 'GO-3.json 200')" 1
}

@test "CSAF: too much for single documents, and no archive, or one that is too old" {
	mkdir -p "$WEB/vex" 2026
	changes 2026-02-01T10:00:00+00:00 '"2026/cve-2026-%(n)d.json","%(t)s"' >"$WEB/vex/changes.csv"
	only redhat "{url: $URL/vex}"
	run update
	assert_status 7
	assert_output_has 'more than 20000 documents, and no archive of them'

	csaf CVE-2026-1 known_affected >2026/cve-2026-1.json
	tar -cf - 2026 | zstd -q >"$WEB/vex/csaf_vex_2026-01-02.tar.zst"
	echo csaf_vex_2026-01-02.tar.zst >"$WEB/vex/archive_latest.txt"
	run update
	assert_status 7
	assert_output_has 'more than 20000 documents changed since its archive'
	assert_eq "$(requests 'cve-2026-')" 0
}

@test "lies about length, silence, sizes without end, errors: told, and nothing changes" {
	kev 2026-01-02 >"$WEB/kev.json"
	echo "{$(tracker a CVE-2024-1 open)}" >"$WEB/json"
	only debian "{url: $URL/json}" kev "{url: $URL/kev.json}"
	for how in lie slow huge 'status 500' 'status 403' 'away /loop' 'away file:///etc/passwd'; do
		rm -rf "$STATE"
		printf 'json %s\nloop away /loop\n' "$how" >"$WEB/.behave"
		run update
		assert_status 7
		# The other source is there all the same.
		assert_output_has 'debian       failed' 'kev          updated' '1 of 2 sources failed'
		assert_eq "$(entries debian-tracker)" ''
		run plimsoll --format json advisories status
		assert_eq "$(jq -r '.asked[] | select(.source == "debian") | .error != null and .checked == null' <<<"$output")" true
	done
}
