#!/usr/bin/env bats
# Why an advisory is, or is not, among the findings; and what matching leaves out on purpose.

load ../lib/common

setup() {
	common_setup
	mkdir -p layers/base/etc layers/base/var/lib/dpkg
	printf 'ID=debian\nVERSION_ID="12"\nNAME=Debian\n' >layers/base/etc/os-release
}

teardown() {
	common_teardown
}

deb() { # NAME VERSION [SOURCE]
	printf 'Package: %s\nStatus: install ok installed\nArchitecture: amd64\nVersion: %s\n%s\n' "$1" "$2" \
		"${3:+Source: $3
}" >>layers/base/var/lib/dpkg/status
}

image() {
	echo 'RUN apt-get install things' >layers/base.instruction
	"$PLIMSOLL_SRC/tests/lib/make_image.py" "$STATE" web layers/base >/dev/null
}

osv() { # ID PACKAGE FIXED [MEMBERS]
	printf '{"id":"%s","modified":"2026-01-02T03:04:05Z","affected":[{"package":{"ecosystem":"Debian:12","name":"%s"},' "$1" "$2"
	printf '"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}%s]}]}]%s}\n' "${3:+,{\"fixed\":\"$3\"\}}" "$4"
}

@test "an affected package: record, comparison, range, file, layer and instruction" {
	deb libssl3 3.0.11-1+b1 'openssl (3.0.11-1)'
	image
	osv DSA-1-1 openssl 3.0.12-1 ',"upstream":["CVE-2024-1"],"summary":"Bad"' >a.json
	plimsoll advisories import a.json
	run plimsoll scan --explain CVE-2024-1 web
	assert_status 0
	assert_output_has 'libssl3 3.0.11-1+b1: affected' 'osv/DSA-1-1, of osv/Debian: Bad' \
		'source package openssl 3.0.11-1, in the order of dpkg, under Debian:12' \
		'fixed 3.0.12-1: 3.0.11-1 is before it' 'mended in  3.0.12-1' \
		'var/lib/dpkg/status in layer sha256:' 'RUN apt-get install things'
	run plimsoll scan --explain dsa-1-1 web # by an alias, in any case
	assert_output_has 'libssl3 3.0.11-1+b1: affected'
	output=$(plimsoll --format json scan --explain CVE-2024-1 web)
	[ "$(jq -r '.schema, .answers[0].verdict, .answers[0].events[1].installed_is' <<<"$output")" = 'plimsoll.explanation/v1
affected
before' ]
}

@test "what is not reported, and why" {
	deb openssl 3.0.12-1
	deb linux-libc-dev 6.1.1-1 linux
	deb linux-headers-6.1 6.1.1-1 linux
	deb linux-image-6.1-amd64 6.1.1-1 'linux-signed-amd64 (6.1.1+1)'
	deb linux-base 4 # no kernel
	image
	{
		osv CVE-2024-1 openssl 3.0.12-1
		osv CVE-2024-2 linux 6.1.9-1
		osv CVE-2024-2 linux-signed-amd64 6.1.9+1 | sed 's/CVE-2024-2/DSA-2-1/; s/}$/,"upstream":["CVE-2024-2"]}/'
		osv CVE-2024-3 linux-base 5
	} >all.jsonl
	plimsoll advisories import all.jsonl
	run plimsoll scan --explain CVE-2024-1 web
	assert_output_has 'openssl 3.0.12-1: not reported' 'fixed 3.0.12-1: 3.0.12-1 is same as it'
	run plimsoll scan --explain CVE-2024-2 web
	assert_output_has 'linux-libc-dev 6.1.1-1: not reported' "brings none of the kernel's code" \
		'linux-image-6.1-amd64 6.1.1-1: affected'
	run plimsoll scan --explain CVE-2024-9 web
	assert_status 0
	assert_output_has 'CVE-2024-9: not reported: the advisories do not know it'
	osv CVE-2024-9 elsewhere 1 ',"aliases":["GHSA-1-2-3"]' >b.json
	plimsoll advisories import b.json
	run plimsoll scan --explain ghsa-1-2-3 web
	assert_output_has "none of this image's packages is what it is about" 'Debian:12, elsewhere: osv/CVE-2024-9'
	cat >secdb.json <<<'{"distroversion":"v3.99","reponame":"main","packages":[{"pkg":{"name":"x","secfixes":{"1":["CVE-2024-8"]}}}]}'
	plimsoll advisories import secdb.json
	run plimsoll scan --explain CVE-2024-8 web
	assert_output_has 'Alpine:v3.99, x: secdb/v3.99/main'
	[ "$(plimsoll --format json scan web | jq -r '.findings[] | .advisory + " " + .package')" = 'CVE-2024-3 linux-base
CVE-2024-2 linux-image-6.1-amd64' ]
}

@test "what could not be checked is said beside it; without advisories there is no explanation" {
	deb a 1
	image
	run plimsoll scan --explain CVE-2024-1 web
	assert_status 5
	assert_output_has 'no advisories'
	osv CVE-2024-1 a 2 | sed 's/Debian:12/Debian:11/' >a.json
	plimsoll advisories import a.json
	run plimsoll scan --explain CVE-2024-1 web
	assert_status 0
	assert_output_has 'not checked: no advisories for Debian:12'
}

@test "hostile names do not reach the terminal" {
	printf 'Package: a\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\nSource: a\033[2J\n\n' >layers/base/var/lib/dpkg/status
	image
	osv CVE-2024-1 "a\\u001b[2J" 2 >a.json
	plimsoll advisories import a.json
	run plimsoll scan web
	[[ $output == *CVE-2024-1* && $output != *$'\033'* ]]
	run plimsoll scan --explain CVE-2024-1 web
	[[ $output == *affected* && $output != *$'\033'* ]]
}
