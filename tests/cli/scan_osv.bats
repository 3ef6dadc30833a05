#!/usr/bin/env bats
# What OSV documents mean, beside packages that an SBOM lists.

load ../lib/common

setup() {
	common_setup
}

teardown() {
	common_teardown
}

sbom() { # PURL...: bom.json
	jq -n '{bomFormat: "CycloneDX", specVersion: "1.6", components: [$ARGS.positional[] |
		{type: "library", name: (split("@")[0] | split("/")[-1]), purl: .}]}' --args "$@" >bom.json
}

findings() { # JQ: of each finding, sorted
	plimsoll -q --format json scan --sbom bom.json | jq -r ".findings[] | $1" | sort
}

go_record() { # ID ALIASES IMPORTS: of example.com/m before 1.5.0
	printf '{"id":"%s","modified":"2026-01-02T03:04:05Z","aliases":%s,"affected":[{"package":{"ecosystem":"Go",' "$1" "$2"
	printf '"name":"example.com/m"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.5.0"}]}],'
	printf '"ecosystem_specific":{"imports":%s}}]}\n' "$3"
}

@test "an advisory of Windows does not concern a program for Linux, whoever else tells of it" {
	{
		go_record GO-2026-1 '["CVE-2026-1","GHSA-aaaa-bbbb-cccc"]' '[{"path":"example.com/m","goos":["windows"]}]'
		go_record GHSA-aaaa-bbbb-cccc '["CVE-2026-1"]' '[]'
		go_record GO-2026-2 '["GHSA-dddd-eeee-ffff"]' '[{"path":"example.com/m","goos":["windows"]}]'
		go_record GHSA-dddd-eeee-ffff '[]' '[]'
		go_record GO-2026-3 '["CVE-2026-3"]' '[{"path":"example.com/m","goarch":["386","arm"]}]'
		go_record GO-2026-4 '["CVE-2026-4"]' '[{"goos":["js"],"goarch":["wasm"]},{"goos":["linux"],"goarch":["s390x"]}]'
		go_record GO-2026-5 '["CVE-2026-5"]' '[{"goos":["windows"]},{"path":"example.com/m/all"}]'
	} >a.jsonl
	plimsoll advisories import a.jsonl
	sbom 'pkg:golang/example.com/m@v1.4.0?goarch=amd64&goos=linux'
	[ "$(findings .advisory)" = CVE-2026-5 ]
	sbom 'pkg:golang/example.com/m@v1.4.0?goarch=amd64&goos=windows'
	[ "$(findings .advisory | xargs)" = 'CVE-2026-1 CVE-2026-5 GO-2026-2' ] ||
		[ "$(findings .advisory | xargs)" = 'CVE-2026-1 CVE-2026-5 GHSA-dddd-eeee-ffff' ]
	sbom 'pkg:golang/example.com/m@v1.4.0?goarch=arm&goos=linux'
	[ "$(findings .advisory | xargs)" = 'CVE-2026-3 CVE-2026-5' ]
	sbom 'pkg:golang/example.com/m@v1.4.0?goarch=s390x&goos=linux'
	[ "$(findings .advisory | xargs)" = 'CVE-2026-4 CVE-2026-5' ]
	# Who does not say what it was built for may be built for anything.
	sbom 'pkg:golang/example.com/m@v1.4.0'
	[ "$(findings .advisory | wc -l)" -eq 5 ]
	[ "$(findings .advisory | wc -l)" -eq "$(findings .advisory | sort -u | wc -l)" ]

	sbom 'pkg:golang/example.com/m@v1.4.0?goarch=amd64&goos=linux'
	run plimsoll scan --sbom bom.json --explain GO-2026-1
	assert_status 0
	assert_output_has 'not reported' 'other platforms than the one' 'only on    windows'
	[ "$(plimsoll --format json scan --sbom bom.json --explain GO-2026-4 | jq -r '.answers[0] | .verdict, .platforms')" = \
		'other-platform
js/wasm linux/s390x' ]
}

record() { # ECOSYSTEM EVENTS [MEMBERS OF AFFECTED]: an advisory CVE-2026-9 of package p
	printf '{"id":"CVE-2026-9","modified":"2026-01-02T03:04:05Z","affected":[{"package":{"ecosystem":"%s","name":"p"},' "$1"
	printf '"ranges":[{"type":"ECOSYSTEM","events":[%s]}]%s}]}\n' "$2" "$3"
}

affected() { # PURL-VERSION...: those that CVE-2026-9 concerns, of p in Debian 12
	local v purls=()
	for v; do purls+=("pkg:deb/debian/p@$v?distro=debian-12"); done
	sbom "${purls[@]}"
	findings '"\(.installed)\(if .fixed != "" then ">" + .fixed else "" end)"' | xargs
}

@test "introduced, fixed, last_affected, limit, versions, several ranges, commits, withdrawn" {
	record Debian:12 '{"introduced":"0"},{"fixed":"2"}' >a.json
	plimsoll advisories import a.json
	[ "$(affected 0 1 2~rc1 2 3)" = '0>2 1>2 2~rc1>2' ]

	newer() { # RECORD...: instead of what was
		rm -f "$STATE/advisories.db" && record "$@" >a.json && plimsoll advisories import a.json
	}
	newer Debian:12 '{"introduced":"1"},{"last_affected":"2"}'
	[ "$(affected 0 1 2 2+b1)" = '1 2' ]
	newer Debian:12 '{"introduced":"1"},{"limit":"2"}'
	[ "$(affected 0 1 1.9 2 3)" = '1 1.9' ]
	newer Debian:12 '{"introduced":"1"},{"limit":"*"}'
	[ "$(affected 0 1 9)" = '1 9' ]
	newer Debian:12 '{"introduced":"0"},{"fixed":"1"},{"introduced":"2"},{"fixed":"3"}'
	[ "$(affected 0.5 1 2 3)" = '0.5>1 2>3' ]
	newer Debian:12 '{"introduced":"5"},{"fixed":"6"}' ',"versions":["1.0-1","2"]'
	[ "$(affected 1.0-1 1.0-2 2 5)" = '1.0-1 2 5>6' ]
	printf '%s' '{"id":"CVE-2026-9","modified":"2026-01-02T03:04:05Z","affected":[{"package":{"ecosystem":"Debian:12","name":"p"},
		"ranges":[{"type":"GIT","repo":"https://git.example/p","events":[{"introduced":"0"}]}],"versions":["7"]}]}' >b.json
	rm "$STATE/advisories.db" && plimsoll advisories import b.json
	[ "$(affected 6 7 8)" = 7 ]
	jq -c '. + {withdrawn: "2026-02-02T00:00:00Z", modified: "2026-02-02T00:00:00Z"}' b.json >c.json
	plimsoll advisories import c.json
	[ -z "$(affected 7)" ]
}

rated() { # ID ECOSYSTEM PACKAGE [ALIASES [MEMBERS]]: every version of it is affected
	printf '{"id":"%s","modified":"2026-01-02T03:04:05Z","aliases":%s,"affected":[{"package":{"ecosystem":"%s",' "$1" "${4:-[]}" "$2"
	printf '"name":"%s"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}]}]%s}\n' "$3" "$5"
}

@test "what its own records do not rate is as grave as others of the same vulnerability say" {
	local high=',"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}]'
	local low=',"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:L/AC:H/PR:L/UI:R/S:U/C:L/I:N/A:N"}]'
	local critical=',"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]'
	{
		rated DSA-1-1 Debian:12 p '["CVE-2026-1"]'
		rated GHSA-1111-2222-3333 Maven elsewhere '["CVE-2026-1"]' "$high"
		rated GHSA-2222-2222-3333 npm elsewhere '["CVE-2026-1"]' "$low"
		# An erratum is as grave as the worst that it mends.
		rated ALSA-2026:1 AlmaLinux:9 p '["CVE-2026-1","CVE-2026-2","CVE-2026-4"]' "$critical"
		rated DSA-2-1 Debian:12 p '["CVE-2026-2"]'
		rated GO-2026-3 Debian:12 p '["GHSA-3333-2222-3333"]'
		rated GHSA-3333-2222-3333 npm elsewhere '[]' "$low"
		# Its own word counts, though others think it graver.
		rated DSA-4-1 Debian:12 p '["CVE-2026-4"]' ',"database_specific":{"severity":"LOW"}'
		rated DSA-5-1 Debian:12 p '["CVE-2026-5"]'
	} >a.jsonl
	plimsoll advisories import a.jsonl
	sbom 'pkg:deb/debian/p@1?distro=debian-12'
	[ "$(findings '"\(.advisory) \(.severity) \(.score) \(.severity_from)"')" = 'CVE-2026-1 high 7.5 osv/GHSA-1111-2222-3333
CVE-2026-2 critical 9.8 osv/ALSA-2026:1
CVE-2026-4 low null osv/DSA-4-1
CVE-2026-5 unknown null 
GO-2026-3 low 2.2 osv/GHSA-3333-2222-3333' ]
	plimsoll -q --format json scan --sbom bom.json >first.json

	# The same whatever the order of the imports; and a rating that goes leaves none behind.
	rm "$STATE/advisories.db"
	split -a 1 -l 1 a.jsonl part. --additional-suffix=.jsonl
	for f in part.{i,h,g,f,e,d,c,b,a}.jsonl; do plimsoll advisories import "$f"; done
	plimsoll -q --format json scan --sbom bom.json >second.json
	cmp <(jq .findings first.json) <(jq .findings second.json)
	rated GHSA-1111-2222-3333 Maven elsewhere '["CVE-2026-1"]' | sed 's/2026-01/2026-03/' >b.json
	plimsoll advisories import b.json
	[ "$(findings 'select(.advisory == "CVE-2026-1") | .severity_from')" = osv/GHSA-2222-2222-3333 ]
}
