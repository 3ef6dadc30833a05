#!/usr/bin/env bats
# Scanning: images made layer by layer, advisories of a few lines, and what the two give together.

load ../lib/common
load ../lib/scan

setup() {
	common_setup
	mkdir -p layers
}

teardown() {
	common_teardown
}

findings() { # IMAGE [ARG...]: "ADVISORY PACKAGE INSTALLED FIXED LAYER-INSTRUCTION" by line
	plimsoll --format json scan "$@" |
		jq -r '.findings[] | [.advisory, .package, .installed, .fixed, .instruction] | join(" ")'
}

@test "an image, an advisory, a finding: the source package's version is compared" {
	debian base
	{ deb libssl3 3.0.11-1~deb12u2+b1 'openssl (3.0.11-1~deb12u2)'; deb zlib1g 1:1.2.13.dfsg-1 zlib; } |
		put base var/lib/dpkg/status
	says base 'ADD rootfs.tar / # buildkit'
	image web base
	osv CVE-2024-0001 openssl 3.0.11-1~deb12u3 "$CVSS_98,\"summary\":\"Bad thing\"" >a.json
	osv CVE-2024-0002 openssl 3.0.11-1~deb12u2 >b.json
	plimsoll advisories import a.json b.json

	run plimsoll scan web
	assert_status 0
	assert_output_has 'openssl 3.0.11-1~deb12u2 (libssl3): mended in 3.0.11-1~deb12u3' '  ADD rootfs.tar /' \
		'  CVE-2024-0001  critical  9.8   3.0.11-1~deb12u3  Bad thing'
	assert_output_has '1 finding: 1 critical in 2 packages'
	refute_output_has CVE-2024-0002 buildkit

	output=$(plimsoll --format json scan web)
	[ "$(jq -r .schema <<<"$output")" = plimsoll.report/v2 ]
	[ "$(jq -r .findings[0].score <<<"$output")" = 9.8 ]
	[ "$(jq -r .findings[0].source <<<"$output")" = openssl ]
	[ "$(jq -r .findings[0].title <<<"$output")" = 'Bad thing' ]
}

@test "the gate: thresholds, unfixed findings, exit status 3 with the worst named and what mends it" {
	debian base
	{ deb a 1; deb b 1; } | put base var/lib/dpkg/status
	image web base
	osv CVE-2024-1 a 2 ',"database_specific":{"severity":"MODERATE"}' >1.json
	osv CVE-2024-2 b '' "$CVSS_98" >2.json
	osv CVE-2024-3 a 3 >3.json
	plimsoll advisories import ./*.json

	run plimsoll scan --fail-on critical web
	assert_status 3
	assert_output_has '1 finding of critical: critical CVE-2024-2 in b 1' '--ignore-unfixed'
	run plimsoll scan --fail-on critical --ignore-unfixed web
	assert_status 0
	refute_output_has CVE-2024-2
	run plimsoll scan --fail-on medium web
	assert_status 3
	assert_output_has '2 findings of medium or worse' 'mend:'
	run plimsoll scan --fail-on low --ignore-unfixed web
	assert_status 3
	assert_output_has '1 finding of low or worse: medium CVE-2024-1 in a 1 (fixed in 2)' apt-get
	run plimsoll scan --fail-on unknown web
	assert_status 3
	assert_output_has '3 findings: '
	run plimsoll scan --severity unknown,medium web
	assert_status 0
	assert_output_has CVE-2024-1 CVE-2024-3 '(1 not shown)'
	refute_output_has CVE-2024-2
	run plimsoll scan --fail-on urgent web
	assert_status 2
	run plimsoll scan --severity low,none web
	assert_status 2
}

@test "later layers replace and hide: upgrades, whiteouts, opaque folders, status.d" {
	debian base
	{ deb a 1; deb b 1; } | put base var/lib/dpkg/status
	says base 'FROM base'
	{ deb a 2; deb b 1; deb c 1; } | put upgrade var/lib/dpkg/status
	says upgrade 'RUN apt-get upgrade'
	printf 'Package: d\nVersion: 1\nArchitecture: all\n' | put distroless var/lib/dpkg/status.d/d
	printf '0123456789abcdef  ./usr/share/doc\n' | put distroless var/lib/dpkg/status.d/d.md5sums
	says distroless 'COPY d /'
	put hide-status var/lib/dpkg/.wh.status </dev/null
	put hide-d var/lib/dpkg/status.d/.wh.d </dev/null
	put opaque var/lib/dpkg/.wh..wh..opq </dev/null
	put hide-var .wh.var </dev/null
	for p in a b c d; do osv "CVE-2024-$p" "$p" 9; done >all.jsonl
	plimsoll advisories import all.jsonl

	image one base
	[ "$(findings one)" = 'CVE-2024-a a 1 9 FROM base
CVE-2024-b b 1 9 FROM base' ]
	image two base upgrade
	[ "$(findings two)" = 'CVE-2024-a a 2 9 RUN apt-get upgrade
CVE-2024-b b 1 9 FROM base
CVE-2024-c c 1 9 RUN apt-get upgrade' ]
	image three base distroless hide-status
	[ "$(findings three)" = 'CVE-2024-d d 1 9 COPY d /' ]
	image four base distroless hide-d
	[ "$(findings four | wc -l)" = 2 ]
	image five base distroless opaque
	[ "$(findings five)" = '' ]
	image six base hide-var distroless
	[ "$(findings six)" = 'CVE-2024-d d 1 9 COPY d /' ]
	image seven base hide-status upgrade
	[ "$(findings seven)" = 'CVE-2024-a a 2 9 RUN apt-get upgrade
CVE-2024-b b 1 9 RUN apt-get upgrade
CVE-2024-c c 1 9 RUN apt-get upgrade' ]
}

@test "a security database without a branch is of the distribution whose packages it is about; a day's edge is edge" {
	put base etc/os-release <<<'ID=wolfi'
	printf 'P:libcrypto3\nV:3.3.2-r0\nA:x86_64\no:openssl\n\n' | put base lib/apk/db/installed
	image wolfi base
	alpine edge 3.24_alpha20260822
	printf 'P:busybox\nV:1.37.0-r1\nA:x86_64\no:busybox\n\n' | put edge lib/apk/db/installed
	image edge edge
	printf '{"urlprefix":"https://packages.wolfi.dev","reponame":"os","archs":["x86_64"],"packages":[{"pkg":{"name":"openssl",
		"secfixes":{"3.3.2-r1":["CVE-2024-9143"]}}}]}' >wolfi.json
	printf '{"distroversion":"edge-20260822","packages":[{"pkg":{"name":"busybox","secfixes":{"1.37.0-r2":["CVE-2024-1"]}}}]}' \
		>edge.json
	plimsoll advisories import wolfi.json edge.json
	assert_eq "$(plimsoll scan wolfi --format json | jq -r '.findings[] | "\(.advisory) \(.package) \(.fixed)"')" \
		"CVE-2024-9143 libcrypto3 3.3.2-r1"
	assert_eq "$(plimsoll scan edge --format json | jq -r '.findings[] | "\(.advisory) \(.package) \(.fixed)"')" \
		"CVE-2024-1 busybox 1.37.0-r2"
	printf '{"urlprefix":"https://example.org","reponame":"os","packages":[]}' >other.json
	run plimsoll advisories import other.json
	assert_status 5
	assert_output_has "of no distribution that is known here"
}

@test "a package list of a kind that is not read refuses; without it the image would have no packages" {
	printf 'ID=ubuntu\nVERSION_ID="24.04"\n' | put chiselled etc/os-release
	image bare chiselled
	run plimsoll scan --fail-on critical bare
	assert_status 0
	printf 'any' | put chiselled var/lib/chisel/manifest.wall
	image chiselled chiselled
	run plimsoll scan chiselled
	assert_status 0
	assert_output_has 'could not read var/lib/chisel/manifest.wall in layer sha256:' 'of this kind are not read'
	run plimsoll scan --fail-on critical chiselled
	assert_status 3
}

@test "Alpine: origin packages, two fixes of one CVE, and fix version 0" {
	alpine base
	printf 'P:libcrypto3\nV:3.3.2-r0\nA:x86_64\no:openssl\n\nP:busybox\nV:1.36.1-r29\nA:x86_64\no:busybox\n\n' |
		put base lib/apk/db/installed
	image web base
	cat >main.yaml <<-'YAML'
		---
		distroversion: v3.99
		reponame: main
		packages:
		  - pkg:
		      name: openssl
		      secfixes:
		        3.3.2-r1:
		          - CVE-2024-9143 GHSA-aaaa-bbbb-cccc
		        3.3.2-r0:
		          - CVE-2024-6119
		        3.3.0-r0:
		          - CVE-2024-1111
		        3.3.3-r0:
		          - CVE-2024-1111
		  - pkg:
		      name: busybox
		      secfixes:
		        0:
		          - CVE-2021-42373
		        1.36.1-r30:
		          - CVE-2023-42366 (+ regression fix)
		  - pkg:
		      name: libcrypto3
		      secfixes:
	YAML
	plimsoll advisories import main.yaml
	[ "$(findings web)" = 'CVE-2023-42366 busybox 1.36.1-r29 1.36.1-r30 COPY base /
CVE-2024-1111 libcrypto3 3.3.2-r0 3.3.3-r0 COPY base /
CVE-2024-9143 libcrypto3 3.3.2-r0 3.3.2-r1 COPY base /' ]
	run plimsoll scan --fail-on low web
	assert_status 0
	run plimsoll scan --fail-on unknown web
	assert_status 3
	[ "$(plimsoll --format json scan web | jq -r '.findings[2].aliases[]')" = GHSA-aaaa-bbbb-cccc ]
}

@test "one vulnerability under several names is one finding; withdrawn is none" {
	debian base
	deb openssl 1 | put base var/lib/dpkg/status
	image web base
	{
		osv DSA-1-1 openssl 2 ',"upstream":["CVE-2024-1","CVE-2024-2"]'
		osv DEBIAN-CVE-2024-1 openssl 2 ',"upstream":["CVE-2024-1"],"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}]'
		osv CVE-2024-1 openssl 3 ',"aliases":["GHSA-x-y-z"]'
		osv CVE-2024-3 openssl 3 ',"withdrawn":"2026-01-01T00:00:00Z"'
	} >all.jsonl
	plimsoll advisories import all.jsonl
	[ "$(findings web)" = 'CVE-2024-1 openssl 1 3 COPY base /
CVE-2024-2 openssl 1 2 COPY base /' ]
	output=$(plimsoll --format json scan web)
	[ "$(jq -r '.findings[0].aliases | sort | join(" ")' <<<"$output")" = 'DEBIAN-CVE-2024-1 DSA-1-1 GHSA-x-y-z' ]
	[ "$(jq -r '.findings[0].severity' <<<"$output")" = high ]
}

@test "what a changelog says was mended counts where nobody else speaks of it" {
	debian base
	deb openssl 1 | put base var/lib/dpkg/status
	image web base
	printf 'openssl\tCVE-2024-1\t9\tbookworm\nopenssl\tCVE-2024-2\t9\tbookworm\n' >fixed.tsv
	osv CVE-2024-1 openssl 3 >osv.json
	plimsoll advisories import fixed.tsv
	[ "$(findings web)" = 'CVE-2024-1 openssl 1 9 COPY base /
CVE-2024-2 openssl 1 9 COPY base /' ]
	plimsoll advisories import osv.json # earlier, and closer
	[ "$(findings web)" = 'CVE-2024-1 openssl 1 3 COPY base /
CVE-2024-2 openssl 1 9 COPY base /' ]
}

@test "what could not be checked was not passed" {
	debian base
	deb a 1 | put base var/lib/dpkg/status
	image web base
	run plimsoll scan web
	assert_status 0
	assert_output_has 'no advisories: 1 packages could not be checked' 'mend: plimsoll advisories update'
	run plimsoll scan --fail-on critical web
	assert_status 3
	assert_output_has 'no advisories: 1 packages could not be checked' 'plimsoll advisories update'

	printf '{"distroversion":"v3.99","packages":[]}' >alpine.json
	plimsoll advisories import alpine.json
	run plimsoll scan --fail-on critical web
	assert_status 3
	assert_output_has 'no advisories for Debian:12'

	alpine good
	printf 'P:a\nV:1-r0\n\n' | put good lib/apk/db/installed
	image good good
	run plimsoll scan --fail-on unknown good
	assert_status 0
	printf 'nonsense\n' | put broken lib/apk/db/installed
	image broken good broken
	run plimsoll scan broken
	assert_status 0
	assert_output_has 'could not read lib/apk/db/installed in layer sha256:' 'line 1: not a field'
	run plimsoll scan --fail-on critical broken
	assert_status 3
	# What else such a list has is found.
	printf 'nonsense\n\nP:busybox\nV:1-r0\n\n' | put half lib/apk/db/installed
	printf '{"distroversion":"v3.99","reponame":"main","packages":[{"pkg":{"name":"busybox","secfixes":{"1-r1":["CVE-2024-5"]}}}]}' >alpine.json
	plimsoll advisories import alpine.json
	image half good half
	run plimsoll scan half
	assert_status 0
	assert_output_has CVE-2024-5 'could not read lib/apk/db/installed in layer sha256:' 'line 1: not a field'
	run plimsoll scan --fail-on critical half
	assert_status 3
	image mended good broken good
	run plimsoll scan --fail-on critical mended
	assert_status 0

	mkdir -p layers/link/lib/apk && ln -s /elsewhere layers/link/lib/apk/db
	image link good link
	run plimsoll scan --fail-on critical link
	assert_status 3
	assert_output_has 'could not read lib/apk/db in layer'

	put strange var/lib/dpkg/status < <(deb a 1)
	image strange strange
	run plimsoll scan strange
	assert_status 0
	assert_output_has 'unknown distribution: none of 1 packages could be matched'
	run plimsoll scan --fail-on critical strange
	assert_status 3
}

@test "distributions that have no os-release, or one that does not say who it is" {
	deb a 1 | put base var/lib/dpkg/status
	put base etc/debian_version <<<12.5
	put base etc/os-release <<<'NAME=something'
	osv CVE-2024-6 a 2 >a.json
	plimsoll advisories import a.json
	image web base
	plimsoll scan --format json web | jq -e '.ecosystem == "Debian:12" and .os.id == "debian" and .findings[0].advisory == "CVE-2024-6"'
	plimsoll sbom web -o web.spdx.json
	plimsoll scan --format json --sbom web.spdx.json | jq -e '.findings[0].advisory == "CVE-2024-6"'
	# It says who it is, and is believed.
	put later etc/os-release <<<$'ID=alpine\nVERSION_ID=3.99.1'
	image other base later
	plimsoll scan --format json other | jq -e '.ecosystem == "Alpine:v3.99"'
}

@test "an image without packages passes, and says so" {
	put static app <<<'no package here'
	image static static
	run plimsoll scan --fail-on low static
	assert_status 0
	assert_output_has 'unknown distribution: 0 packages could be matched' '0 findings in 0 packages'
}

@test "a layer is read once: its list is kept, mended when damaged, and may be deleted" {
	debian base
	deb a 1 | put base var/lib/dpkg/status
	image web base
	osv CVE-2024-1 a 2 >a.json
	plimsoll advisories import a.json
	plimsoll scan web
	list=("$STATE"/cache/packages/*.json)
	[ -s "${list[0]}" ] && [ ${#list[@]} = 1 ]

	# Without the layer's blob the list alone serves: nothing reads the layer again.
	layer=$(basename "${list[0]}" .json)
	layer=${layer%-*} # the list is of a blob and its diff ID
	mv "$STATE/blobs/sha256/$layer" kept
	[ "$(findings web)" = 'CVE-2024-1 a 1 2 COPY base /' ]
	mv kept "$STATE/blobs/sha256/$layer"

	printf '{"half' >"${list[0]}"
	[ "$(findings web)" = 'CVE-2024-1 a 1 2 COPY base /' ]
	jq -e .schema "${list[0]}"
	rm -r "$STATE/cache"
	[ "$(findings web)" = 'CVE-2024-1 a 1 2 COPY base /' ]
}

@test "importing: the same again changes nothing, order does not show, a newer copy replaces" {
	osv CVE-2024-1 a 2 >a.json
	osv CVE-2024-2 b 2 >b.json
	plimsoll advisories import a.json b.json
	before=$(sha256sum <"$STATE/advisories.db")
	sleep 1.1
	run plimsoll advisories import b.json a.json
	assert_status 0
	assert_output_has 'nothing new'
	[ "$(sha256sum <"$STATE/advisories.db")" = "$before" ]

	debian base
	deb a 1 | put base var/lib/dpkg/status
	image web base
	osv CVE-2024-1 a 5 | sed s/2026-01-02/2026-02-02/ >newer.json
	osv CVE-2024-1 a 4 | sed s/2026-01-02/2025-02-02/ >older.json
	plimsoll advisories import newer.json
	plimsoll advisories import older.json
	[ "$(findings web)" = 'CVE-2024-1 a 1 5 COPY base /' ]

	run plimsoll advisories status
	assert_status 0
	assert_output_has 'osv/Debian' '2026-02-02T03:04:05Z' 'Database of 20'
	[ "$(plimsoll --format json advisories status | jq '.sources[0].advisories')" = 2 ]
}

@test "importing: arrays, folders, other JSON; a broken file changes nothing" {
	mkdir -p dir/sub
	{ echo '['; osv CVE-2024-1 a 2; echo ','; osv CVE-2024-2 a 2; echo ']'; } >dir/array.json
	osv CVE-2024-3 a 2 | jq . >dir/sub/pretty.json
	echo '{"title":"something else"}' >dir/other.json
	echo 'not read' >dir/README.md
	run plimsoll advisories import dir
	assert_status 0
	assert_output_has '3 documents of 2 files' '1 other files passed over'
	before=$(sha256sum <"$STATE/advisories.db")

	run plimsoll advisories import dir/other.json
	assert_status 5
	assert_output_has 'dir/other.json' 'neither an OSV document'
	for bad in '{"id":' '[{"id":"C","modified":"2026-01-01T00:00:00Z"}' '{"id":"CVE-1","modified":"yesterday"}' '' '[1]' '{"id":"a","id":"b"}' \
		'{"id":"C","modified":"2026-01-01T00:00:00Z","affected":[{"package":{"name":"a"}}]}'; do
		printf '%s' "$bad" >dir/bad.json
		run plimsoll advisories import dir
		assert_status 5
		assert_output_has dir/bad.json
	done
	printf 'distroversion: v3.20\npackages: &a\n  - *a\n' >dir/bad.json
	run plimsoll advisories import dir/bad.json
	assert_status 5
	run plimsoll advisories import no-such-file
	assert_status 5
	[ "$(sha256sum <"$STATE/advisories.db")" = "$before" ]
	[ -z "$(find "$STATE" -name '.advisories-*')" ]
}

@test "a database of another make is refused, with the command that mends it" {
	mkdir -p "$STATE"
	echo 'not a database, but long enough to be read as one' >"$STATE/advisories.db"
	run plimsoll advisories status
	assert_status 5
	assert_output_has 'mend: rm'
}

@test "real Alpine images and real advisories" {
	need_shared data/advisories.tar.xz
	mkdir adv && tar -xJf "$SHARED_FILE" -C adv ./alpine
	plimsoll advisories import adv/alpine/v3.20-official-minirootfs-subset.json adv/alpine/secdb-2020-06-08/v3.6
	for v in 3.20.3 3.6.5; do
		cp "$PLIMSOLL_SHARED/data/images/alpine-minirootfs-$v-x86_64.tar.gz" layers/
		image "alpine:$v" "alpine-minirootfs-$v-x86_64.tar.gz"
	done
	run findings alpine:3.20.3
	assert_output_has 'CVE-2024-9143 libcrypto3 3.3.2-r0 3.3.2-r1'
	refute_output_has CVE-2021-42373 # fix version 0
	run plimsoll scan --fail-on unknown alpine:3.20.3
	assert_status 3
	run plimsoll scan --fail-on unknown alpine:3.6.5 # all that its secdb names is fixed in it
	assert_status 3
	assert_output_has 'EOL-alpine-3.6' 'gets no fixes since 2019-05-01' '1 finding: 1 high in 13 packages'
}
