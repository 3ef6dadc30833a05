#!/usr/bin/env bats
# What scans are written as for other programs: SARIF, JUnit, SPDX, CycloneDX; valid, and the same each time.

load ../lib/common
load ../lib/scan

setup() {
	common_setup
	mkdir -p layers
}

teardown() {
	common_teardown
}

valid() { # spdx|cyclonedx|sarif FILE...
	"$PLIMSOLL_SRC/tests/schemas/validate.py" "$@"
}

# An image of two layers with findings of all severities, of which some have no fix.
web() {
	debian base
	{ deb libssl3 3.0.11-1~deb12u2+b1 'openssl (3.0.11-1~deb12u2)'; deb zlib1g 1:1.2.13.dfsg-1 zlib; deb c++lib 1; } |
		put base var/lib/dpkg/status
	says base 'ADD rootfs.tar / # buildkit'
	{ cat layers/base/var/lib/dpkg/status; deb curl 7.88.1-10 ''; } >status
	put extra var/lib/dpkg/status <status
	says extra 'RUN /bin/sh -c apt-get install -y curl # buildkit'
	image web base extra
	{
		osv CVE-2024-0001 openssl 3.0.11-1~deb12u3 "$CVSS_98,\"summary\":\"Bad thing\",\"aliases\":[\"GHSA-aaaa-bbbb-cccc\"]"
		osv CVE-2024-0002 curl '' ',"database_specific":{"severity":"MODERATE"}'
		osv CVE-2024-0003 zlib 1:1.2.13.dfsg-2 ',"database_specific":{"severity":"LOW"}'
		osv CVE-2024-0004 curl 7.88.1-11 ',"database_specific":{"severity":"HIGH"}'
		osv DSA-1-1 c++lib 2
		osv CVE-2024-0001 curl ''
	} >all.jsonl
	# One id twice is one document: the second gets a name of its own, the first as alias.
	sed -i '$s/"id":"CVE-2024-0001"/"id":"DSA-2-1","aliases":["CVE-2024-0001"]/' all.jsonl
	plimsoll advisories import all.jsonl
}

@test "every format is valid by its official schema, and the same bytes each time" {
	need_cmd xmllint
	/usr/bin/python3 -c 'import jsonschema' || skip "needs python3-jsonschema"
	web
	for format in sarif junit spdx-json cyclonedx; do
		plimsoll scan --format "$format" -o "one.$format" web
		rm -r "$STATE/cache"
		plimsoll scan --format "$format" web >"two.$format"
		cmp "one.$format" "two.$format"
	done
	valid sarif one.sarif
	valid spdx one.spdx-json
	valid cyclonedx one.cyclonedx
	xmllint --noout one.junit
}

@test "--format: scan's own goes before the global one, unknown ones are refused with all there are" {
	web
	[ "$(plimsoll scan --format json web | jq -r .schema)" = "$(plimsoll --format json scan web | jq -r .schema)" ]
	run plimsoll scan --format yaml web
	assert_status 2
	assert_output_has sarif junit spdx-json cyclonedx "'yaml'"
	plimsoll --format json scan --format table web | grep -q CVE-2024-0001
}

@test "-o: a file of every format, also the table; nothing on standard output, nothing half-done" {
	web
	run plimsoll scan -o table.txt web
	assert_status 0
	assert_output_has ''
	grep -q 'CVE-2024-0001 *critical' table.txt
	plimsoll scan --format json --output report.json web
	[ "$(jq '.findings | length' report.json)" = 6 ]
	[ "$(plimsoll scan --format json -o - web | jq '.findings | length')" = 6 ]

	echo old >kept
	run plimsoll scan --format sarif -o kept no-such-image
	[ "$status" -ne 0 ]
	[ "$(cat kept)" = old ]
	run plimsoll scan -o no/such/folder web
	[ "$status" -ne 0 ]
	assert_output_has no/such/folder
	run plimsoll scan -o '' web
	assert_status 2
	plimsoll scan --format sarif -o /dev/stdout web | jq -e .version
	# The gate speaks after the document was written.
	run plimsoll scan --format sarif -o gate.sarif --fail-on low web
	assert_status 3
	jq -e .version gate.sarif
}

@test "--severity and --ignore-unfixed choose what every format shows" {
	web
	# DSA-2-1 rates nothing itself: it is as grave as the CVE that it is an alias of.
	[ "$(plimsoll scan --format sarif --severity critical web | jq '.runs[0].results | length')" = 2 ]
	[ "$(plimsoll scan --format sarif --ignore-unfixed web | jq '[.runs[0].results[].ruleId] | sort | join(" ")' -r)" = \
		'CVE-2024-0001 CVE-2024-0003 CVE-2024-0004 DSA-1-1' ]
	plimsoll scan --format sarif --only-fixed web | cmp - <(plimsoll scan --format sarif --ignore-unfixed web)
	[ "$(plimsoll scan --format cyclonedx --severity low web | jq -r '.vulnerabilities[].id')" = CVE-2024-0003 ]
	[ "$(plimsoll scan --format junit --severity low web | grep -c '<failure')" = 1 ]
}

@test "SARIF: what code scanning reads of it" {
	web
	plimsoll scan --format sarif -o s web
	[ "$(jq -r '.runs[0].tool.driver.rules[] | select(.id == "CVE-2024-0001") | .properties["security-severity"]' s)" = 9.8 ]
	[ "$(jq -r '.runs[0].results[] | select(.ruleId == "CVE-2024-0004") | .level' s)" = error ]
	[ "$(jq -r '.runs[0].results[] | select(.ruleId == "CVE-2024-0002") | .level' s)" = warning ]
	[ "$(jq -r '.runs[0].results[] | select(.ruleId == "CVE-2024-0003") | .level' s)" = note ]
	[ "$(jq -r '[.runs[0].results[].locations[0].physicalLocation.artifactLocation.uri] | unique[]' s)" = var/lib/dpkg/status ]
	[ "$(jq -r '.runs[0].results[] | select(.ruleId == "CVE-2024-0004") | .properties.instruction' s)" = \
		'RUN /bin/sh -c apt-get install -y curl # buildkit' ]
	[ "$(jq -r '[.runs[0].results[].partialFingerprints["plimsollFinding/v1"]] | unique | length' s)" = 6 ]

	# The fingerprint outlives a new version and another layer.
	jq -r '.runs[0].results[] | select(.ruleId == "CVE-2024-0002") | .partialFingerprints[]' s >before
	sed 's/7.88.1-10/7.88.1-10+b1/' status >status.new
	put again var/lib/dpkg/status <status.new
	image web base extra again
	plimsoll scan --format sarif web | jq -r '.runs[0].results[] | select(.ruleId == "CVE-2024-0002") | .partialFingerprints[]' |
		cmp - before
}

@test "JUnit: a suite for the image, a failure for each finding, an error for what was not checked" {
	web
	plimsoll scan --format junit -o j web
	[ "$(xmllint --xpath 'string(/testsuites/testsuite/@name)' j)" = 'web:latest (Debian GNU/Linux 12 (bookworm))' ]
	[ "$(xmllint --xpath 'count(//failure)' j)" = 6 ]
	[ "$(xmllint --xpath 'string(//testsuite/@failures)' j)" = 6 ]
	[ "$(xmllint --xpath 'string(//testcase[@name="[HIGH] CVE-2024-0004"]/@classname)' j)" = curl-7.88.1-10 ]

	printf 'nonsense\n' | put broken lib/apk/db/installed
	image broken base broken
	plimsoll scan --format junit broken | xmllint --xpath 'string(//error/@message)' - |
		grep '^could not read lib/apk/db/installed in layer sha256:'
	debian clean
	deb a 1 | put clean var/lib/dpkg/status
	image clean clean
	[ "$(plimsoll scan --format junit clean | xmllint --xpath 'count(//testcase[not(*)])' -)" = 1 ]
}

@test "CycloneDX: one vulnerability for each advisory, with what it affects and how grave it is" {
	web
	plimsoll scan --format cyclonedx -o c web
	[ "$(jq '.vulnerabilities | length' c)" = 5 ]
	[ "$(jq -r '.vulnerabilities[] | select(.id == "CVE-2024-0001") | .affects[].ref' c | sort)" = \
		'pkg:deb/debian/curl@7.88.1-10?arch=amd64&distro=debian-12
pkg:deb/debian/libssl3@3.0.11-1~deb12u2%2Bb1?arch=amd64&distro=debian-12&upstream=openssl%403.0.11-1~deb12u2' ]
	[ "$(jq -r '.vulnerabilities[] | select(.id == "CVE-2024-0001") | .ratings[0] | "\(.score) \(.severity)"' c)" = '9.8 critical' ]
	[ "$(jq -r '.vulnerabilities[] | select(.id == "CVE-2024-0001") | .references[].id' c | sort | tr '\n' ' ')" = 'DSA-2-1 GHSA-aaaa-bbbb-cccc ' ]
	# An SBOM has no findings, a scan has them.
	[ "$(plimsoll sbom --format cyclonedx-json web | jq .vulnerabilities)" = null ]
}

@test "text from outside stays text in every format" {
	need_cmd xmllint
	/usr/bin/python3 -c 'import jsonschema' || skip "needs python3-jsonschema"
	debian base
	deb a 1 | put base var/lib/dpkg/status
	printf 'RUN echo "</failure><x a=\x27b\x27>&amp; ]]> \x01\x1b[31m \xef\xbf\xbf"' >layers/base.instruction
	image hostile base
	osv CVE-2024-1 a 2 ',"summary":"</failure></testcase><script>alert(1)</script> \u0000\u0001\ufffe [x](javascript:1) `\"\u0027&lt;"' |
		sed 's/\\u0000//' >a.json
	osv 'CVE-2024-2\"><b>&' a 2 >b.json
	plimsoll advisories import a.json b.json
	for format in sarif junit spdx-json cyclonedx; do
		plimsoll scan --format "$format" -o "h.$format" hostile
	done
	xmllint --noout h.junit
	[ "$(xmllint --xpath 'count(//failure)' h.junit)" = 2 ]
	[ "$(xmllint --xpath 'count(//script | //b | //x)' h.junit)" = 0 ]
	valid sarif h.sarif
	valid spdx h.spdx-json
	valid cyclonedx h.cyclonedx
	jq -r '.runs[0].tool.driver.rules[0].help.markdown' h.sarif | grep -F '\[x\]\(javascript\:1\)'
}

page() { # FILE: is what it promises to be
	"$PLIMSOLL_SRC/tests/lib/check_page.py" "$1"
}

@test "HTML: one page without a network, layers and packages in it, the same bytes each time" {
	web
	plimsoll scan --format html -o one.html web
	rm -r "$STATE/cache"
	plimsoll scan --format html web >two.html
	cmp one.html two.html
	page one.html
	[ "$(grep -c '<article' one.html)" = 4 ] # openssl, curl, zlib, c++lib
	[ "$(grep -o '<rect ' one.html | wc -l)" = 6 ]
	grep -q 'RUN apt-get install -y curl' one.html
	grep -q '6 vulnerabilities' one.html

	# Nothing found, and what was not checked, are said.
	printf 'nonsense\n' | put broken lib/apk/db/installed
	debian clean
	deb a 1 | put clean var/lib/dpkg/status
	image clean clean
	image broken clean broken
	plimsoll scan --format html -o clean.html clean
	page clean.html
	grep -q 'No findings\.' clean.html
	run grep -q 'not checked' clean.html
	assert_status 1
	plimsoll scan --format html -o broken.html broken
	page broken.html
	grep -q 'What was not checked.*could not read lib/apk/db/installed' broken.html
}

@test "HTML: hostile names, titles and instructions are text" {
	debian base
	{ deb 'a"><script>x' 1; deb "b'onload=x" '1<b>'; } | put base var/lib/dpkg/status
	printf '</code><script>alert(1)</script><img src=x onerror="alert(2)">\x01' >layers/base.instruction
	sed -i 's/bookworm)/<\/title><script>y<\/script>/' layers/base/usr/lib/os-release
	image hostile base
	osv CVE-2024-1 'a\"><script>x' 2 ',"summary":"</td><script src=//evil>alert(1)</script>","aliases":["GHSA-\"><i onclick=x>"]' >a.json
	osv 'javascript:alert(1)' "b'onload=x" '2<b>' >b.json
	osv 'CVE-2024-\"><u>' "b'onload=x" 3 >c.json
	plimsoll advisories import a.json b.json c.json
	plimsoll scan --format html -o h.html hostile
	page h.html
	[ "$(grep -c '<script' h.html)" = 1 ]
	[ "$(grep -o '<rect ' h.html | wc -l)" = 3 ]
	grep -qF '&lt;script src=//evil&gt;alert(1)&lt;/script&gt;' h.html
}

@test "HTML: a browser shows it, and its filter works by the page's own policy" {
	need_cmd chromium
	web
	plimsoll scan --format html -o p.html web
	timeout 60 chromium --headless --no-sandbox --disable-gpu --user-data-dir="$BATS_TEST_TMPDIR/chromium" --dump-dom \
		"file://$PWD/p.html" >dom.html 2>chromium.err
	# The script ran: it is what takes "hidden" off the filter.
	grep -q '<form class="filter">' dom.html
	run grep -i 'refused\|violat' chromium.err
	assert_status 1
}
