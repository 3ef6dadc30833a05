#!/usr/bin/env bats
# SBOMs, written and read: what ours say is what the image says, and what others' say is understood.

load ../lib/common
load ../lib/scan

setup() {
	common_setup
	mkdir -p layers
}

teardown() {
	common_teardown
}

valid() { # spdx|cyclonedx FILE...
	/usr/bin/python3 -c 'import jsonschema' || return 0
	"$PLIMSOLL_SRC/tests/schemas/validate.py" "$@"
}

# The scan of an image, and of both of its SBOMs, are one and the same document.
same_by_sbom() { # IMAGE
	local format
	plimsoll scan --format json "$1" >image.json
	plimsoll scan "$1" >image.txt 2>image.err
	for format in spdx-json cyclonedx-json; do
		plimsoll sbom --format "$format" -o "$format" "$1"
		valid "${format%-json}" "$format"
		plimsoll scan --format json --sbom "$format" | cmp - image.json
		plimsoll scan "sbom:$format" >sbom.txt 2>sbom.err
		cmp sbom.txt image.txt
		cmp sbom.err image.err
	done
}

findings() { # FILE: "ADVISORY PACKAGE INSTALLED FIXED" by line, of an SBOM
	plimsoll scan --format json --sbom "$1" | jq -r '.findings[] | [.advisory, .package, .installed, .fixed] | join(" ")'
}

@test "our own SBOM of an image has the image's findings, exactly: Debian" {
	debian base
	{ deb libssl3 3.0.11-1~deb12u2+b1 'openssl (3.0.11-1~deb12u2)'; deb zlib1g 1:1.2.13.dfsg-1 zlib
	  deb libc6 2 glibc i386; deb libc6 2 glibc amd64; deb 'c++lib' 1; } | put base var/lib/dpkg/status
	says base $'ADD rootfs.tar / # "quoted"\t<b>'
	printf 'nonsense\n' | put broken lib/apk/db/installed
	image web base
	image broken base broken
	for p in openssl zlib glibc c++lib; do osv "CVE-2024-$p" $p 9:9 "$CVSS_98"; done >all.jsonl
	plimsoll advisories import all.jsonl
	same_by_sbom web
	[ "$(jq '.findings | length' image.json)" = 4 ]
	same_by_sbom broken
	grep -q 'could not read lib/apk/db/installed in layer sha256:' image.err
	run plimsoll scan --fail-on critical --sbom spdx-json
	assert_status 3
	# What was built from what, in the words that Trivy reads.
	plimsoll sbom web -o web.spdx.json
	[ "$(jq -r '.packages[] | select(.name == "zlib1g") | .sourceInfo' web.spdx.json)" = 'built package from: zlib 1:1.2.13.dfsg-1' ]
	[ "$(jq '[.packages[] | select(.supplier == null)] | length' web.spdx.json)" = 0 ]
	plimsoll sbom --format cyclonedx-json web |
		jq -r '.components[] | select(.name | IN("libssl3", "zlib1g", "c++lib")) | [.properties[] | select(.name | startswith("aquasecurity:trivy:")) | .value] | join(" ")' >sources
	printf '%s\n' 'c++lib 1' 'openssl 3.0.11 1~deb12u2' 'zlib 1.2.13.dfsg 1 1' | cmp - <(sort sources)
	[ "$(jq -r '.compositions[0].aggregate' cyclonedx-json)" = incomplete ]
}

@test "our own SBOM of an image has the image's findings, exactly: Alpine, nothing at all, unknown" {
	alpine base 3.20.3
	printf 'P:libcrypto3\nV:3.3.2-r0\nA:x86_64\no:openssl\nL:Apache-2.0\n\nP:odd\nV:1-r0\nA:x86_64\nL:custom words\n\n' |
		put base lib/apk/db/installed
	image web base
	printf '{"distroversion":"v3.20","reponame":"main","packages":[{"pkg":{"name":"openssl","secfixes":{"3.3.2-r1":["CVE-2024-9143"]}}}]}' >main.json
	plimsoll advisories import main.json
	same_by_sbom web
	[ "$(jq '.findings | length' image.json)" = 2 ] # with the release's end of life
	[ "$(jq -r '.packages[] | select(.name == "libcrypto3") | .licenseDeclared' spdx-json)" = Apache-2.0 ]
	[ "$(jq -r '.packages[] | select(.name == "odd") | .licenseDeclared' spdx-json)" = LicenseRef-plimsoll-1 ]
	[ "$(jq -r '.hasExtractedLicensingInfos[0].extractedText' spdx-json)" = 'custom words' ]
	[ "$(jq -r '.components[] | select(.name == "odd") | .licenses[0].license.name' cyclonedx-json)" = 'custom words' ]

	put static app <<<'no package here'
	image static static
	same_by_sbom static
	put strange var/lib/dpkg/status < <(deb a 1)
	image strange strange
	same_by_sbom strange
}

@test "the same image gives the same bytes; another image, another name; SOURCE_DATE_EPOCH is the time" {
	debian base
	deb a 1 | put base var/lib/dpkg/status
	image web base
	for format in spdx-json cyclonedx-json; do
		plimsoll sbom --format $format web >one
		rm -r "$STATE/cache"
		plimsoll sbom --format $format web:latest >two
		cmp one two
	done
	[ "$(plimsoll sbom web | jq -r .creationInfo.created)" = 2026-11-01T00:00:00Z ]
	[ "$(SOURCE_DATE_EPOCH=86400 plimsoll sbom web | jq -r .creationInfo.created)" = 1970-01-02T00:00:00Z ]
	[ "$(SOURCE_DATE_EPOCH=86400 plimsoll sbom --format cyclonedx-json web | jq -r .metadata.timestamp)" = 1970-01-02T00:00:00Z ]
	SOURCE_DATE_EPOCH=soon run plimsoll sbom web
	assert_status 2

	digest=$(plimsoll sbom web | jq -r '.packages[0].checksums[0].checksumValue')
	[ "$(plimsoll inspect web | jq -r .digest)" = "sha256:$digest" ]
	deb a 2 | put base var/lib/dpkg/status
	image other base
	for q in .documentNamespace .serialNumber; do
		[ "$q" = .serialNumber ] && format=cyclonedx-json || format=spdx-json
		[ "$(plimsoll sbom --format $format web | jq -r $q)" != "$(plimsoll sbom --format $format other | jq -r $q)" ]
	done
	run plimsoll sbom --format sarif web
	assert_status 2
	run plimsoll sbom no-such-image
	assert_status 5
}

@test "Syft's SBOMs: purls with distro and upstream, and its own properties" {
	osv CVE-2024-1 openssl 3.0.11-1~deb12u3 >a.json
	osv CVE-2024-2 zlib 1:1.3 >b.json
	plimsoll advisories import a.json b.json
	cat >syft.cdx.json <<-'JSON'
		{"bomFormat":"CycloneDX","specVersion":"1.5","version":1,
		 "metadata":{"timestamp":"2026-01-02T03:04:05+01:00","component":{"type":"container","name":"debian:12",
		   "version":"sha256:0123456789012345678901234567890123456789012345678901234567890123"}},
		 "components":[
		  {"bom-ref":"os:debian@12","type":"operating-system","name":"debian","version":"12","description":"Debian GNU/Linux 12 (bookworm)",
		   "properties":[{"name":"syft:distro:id","value":"debian"},{"name":"syft:distro:versionCodename","value":"bookworm"}]},
		  {"bom-ref":"1","type":"library","name":"libssl3","version":"3.0.11-1~deb12u2",
		   "purl":"pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12&upstream=openssl",
		   "properties":[{"name":"syft:location:0:path","value":"/var/lib/dpkg/status"},{"name":"syft:location:0:layerID","value":"sha256:aa"}]},
		  {"bom-ref":"2","type":"library","name":"zlib1g","version":"1:1.2.13.dfsg-1",
		   "purl":"pkg:deb/debian/zlib1g@1%3A1.2.13.dfsg-1?arch=amd64&distro=debian-12&upstream=zlib%401:1.2.13.dfsg-1"},
		  {"bom-ref":"3","type":"library","name":"left-pad","version":"1.3.0","purl":"pkg:npm/left-pad@1.3.0"},
		  {"bom-ref":"4","type":"file","name":"/etc/passwd"}]}
	JSON
	[ "$(findings syft.cdx.json)" = 'CVE-2024-1 libssl3 3.0.11-1~deb12u2 3.0.11-1~deb12u3
CVE-2024-2 zlib1g 1:1.2.13.dfsg-1 1:1.3' ]
	run plimsoll scan --sbom syft.cdx.json
	assert_status 0
	assert_output_has 'not matched: 1 packages of type npm'
	[ "$(plimsoll scan --format json --sbom syft.cdx.json | jq -r .findings[0].layer)" = sha256:aa ]
	[ "$(plimsoll scan --format json --sbom syft.cdx.json | jq -r .image)" = \
		sha256:0123456789012345678901234567890123456789012345678901234567890123 ]

	# SPDX, without an operating system: the purls tell.
	cat >syft.spdx.json <<-'JSON'
		{"spdxVersion":"SPDX-2.3","dataLicense":"CC0-1.0","SPDXID":"SPDXRef-DOCUMENT","name":"debian",
		 "documentNamespace":"https://example.org/1","creationInfo":{"created":"2026-01-02T03:04:05Z","creators":["Tool: syft-1.0"]},
		 "packages":[{"SPDXID":"SPDXRef-1","name":"libssl3","versionInfo":"3.0.11-1~deb12u2","downloadLocation":"NOASSERTION",
		   "sourceInfo":"acquired package info from DPKG DB: /var/lib/dpkg/status","licenseDeclared":"NOASSERTION",
		   "externalRefs":[{"referenceCategory":"SECURITY","referenceType":"cpe23Type","referenceLocator":"cpe:2.3:a:x:x:1:*:*:*:*:*:*:*"},
		    {"referenceCategory":"PACKAGE_MANAGER","referenceType":"purl","referenceLocator":
		     "pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&upstream=openssl%403.0.11-1~deb12u2&distro=debian-12"}]}]}
	JSON
	[ "$(findings syft.spdx.json)" = 'CVE-2024-1 libssl3 3.0.11-1~deb12u2 3.0.11-1~deb12u3' ]
}

@test "Trivy's SBOMs: epochs apart, source packages in properties and in sourceInfo" {
	osv CVE-2024-1 openssl 3.0.11-1~deb12u3 >a.json
	osv CVE-2024-2 zlib 1:1.2.13.dfsg-2 >b.json
	plimsoll advisories import a.json b.json
	cat >trivy.cdx.json <<-'JSON'
		{"$schema":"http://cyclonedx.org/schema/bom-1.6.schema.json","bomFormat":"CycloneDX","specVersion":"1.6","version":1,
		 "metadata":{"component":{"bom-ref":"x","type":"container","name":"debian:12",
		   "purl":"pkg:oci/debian@sha256%3A0123456789012345678901234567890123456789012345678901234567890123?arch=amd64"}},
		 "components":[
		  {"bom-ref":"os","type":"operating-system","name":"debian","version":"12.4","properties":[{"name":"aquasecurity:trivy:Type","value":"debian"}]},
		  {"bom-ref":"a","type":"library","name":"libssl3","version":"3.0.11-1~deb12u2",
		   "purl":"pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12.4",
		   "properties":[{"name":"aquasecurity:trivy:LayerDigest","value":"sha256:bb"},{"name":"aquasecurity:trivy:SrcName","value":"openssl"},
		    {"name":"aquasecurity:trivy:SrcRelease","value":"1~deb12u2"},{"name":"aquasecurity:trivy:SrcVersion","value":"3.0.11"}]},
		  {"bom-ref":"b","type":"library","name":"zlib1g","version":"1.2.13.dfsg-1",
		   "purl":"pkg:deb/debian/zlib1g@1.2.13.dfsg-1?arch=amd64&distro=debian-12.4&epoch=1",
		   "properties":[{"name":"aquasecurity:trivy:SrcName","value":"zlib"},{"name":"aquasecurity:trivy:SrcEpoch","value":"1"},
		    {"name":"aquasecurity:trivy:SrcRelease","value":"1"},{"name":"aquasecurity:trivy:SrcVersion","value":"1.2.13.dfsg"}]},
		  {"bom-ref":"c","type":"application","name":"go.sum"}]}
	JSON
	[ "$(findings trivy.cdx.json)" = 'CVE-2024-1 libssl3 3.0.11-1~deb12u2 3.0.11-1~deb12u3
CVE-2024-2 zlib1g 1:1.2.13.dfsg-1 1:1.2.13.dfsg-2' ]
	cat >trivy.spdx.json <<-'JSON'
		{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","name":"debian:12","dataLicense":"CC0-1.0",
		 "creationInfo":{"created":"2026-01-02T03:04:05Z","creators":["Tool: trivy-0.50.0"]},
		 "packages":[
		  {"SPDXID":"SPDXRef-OperatingSystem-1","name":"debian","versionInfo":"12.4","primaryPackagePurpose":"OPERATING-SYSTEM"},
		  {"SPDXID":"SPDXRef-ContainerImage-1","name":"debian:12","primaryPackagePurpose":"CONTAINER","attributionTexts":["SchemaVersion: 2"]},
		  {"SPDXID":"SPDXRef-Package-1","name":"zlib1g","versionInfo":"1:1.2.13.dfsg-1","sourceInfo":"built package from: zlib 1:1.2.13.dfsg-1",
		   "primaryPackagePurpose":"LIBRARY","externalRefs":[{"referenceCategory":"PACKAGE-MANAGER","referenceType":"purl",
		    "referenceLocator":"pkg:deb/debian/zlib1g@1.2.13.dfsg-1?arch=amd64\u0026distro=debian-12.4\u0026epoch=1"}]}]}
	JSON
	[ "$(findings trivy.spdx.json)" = 'CVE-2024-2 zlib1g 1:1.2.13.dfsg-1 1:1.2.13.dfsg-2' ]
}

@test "an attestation of cosign's, a line of it; SPDX as tags and values; Syft's own JSON" {
	osv CVE-2024-1 openssl 3.0.11-1~deb12u3 >a.json
	plimsoll advisories import a.json
	purl='pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&upstream=openssl&distro=debian-12'
	want='CVE-2024-1 libssl3 3.0.11-1~deb12u2 3.0.11-1~deb12u3'
	printf 'SPDXVersion: SPDX-2.3\nDocumentName: web\n\nPackageName: libssl3\nExternalRef: PACKAGE-MANAGER purl %s\n' "$purl" >web.spdx
	[ "$(findings web.spdx)" = "$want" ]
	plimsoll scan sbom:web.spdx | grep -q CVE-2024-1
	jq -n --arg p "$purl" '{artifacts: [{name: "libssl3", type: "deb", purl: $p}], distro: {id: "debian", versionID: "12"}}' >syft.json
	[ "$(findings syft.json)" = "$want" ]
	jq -n --arg p "$purl" '{bomFormat: "CycloneDX", specVersion: "1.5", components: [{type: "library", name: "libssl3", purl: $p}]}' >cdx.json
	jq -c '{_type: "https://in-toto.io/Statement/v0.1", predicateType: "https://cyclonedx.org/bom", predicate: .}' cdx.json >statement.json
	[ "$(findings statement.json)" = "$want" ]
	for f in <(echo '{"predicateType":"https://slsa.dev/provenance/v1","predicate":{}}') statement.json; do
		jq -nc --arg p "$(base64 -w0 "$f")" '{payloadType: "application/vnd.in-toto+json", payload: $p, signatures: []}'
	done >attestations.jsonl
	[ "$(wc -l <attestations.jsonl)" = 2 ]
	[ "$(findings attestations.jsonl)" = "$want" ]
	[ "$(findings - <attestations.jsonl)" = "$want" ]
}

@test "what is no SBOM, is broken or cannot be matched is said" {
	bad() { # EXPECTED: of standard input
		cat >bad.json
		run plimsoll scan --sbom bad.json
		assert_status 5
		assert_output_has bad.json "$1"
	}
	bad 'neither SPDX 2, CycloneDX' <<<'{"some":"thing"}'
	bad 'XML' <<<'<?xml version="1.0"?><bom/>'
	bad 'without </text>' <<<'SPDXVersion: SPDX-2.3
DocumentName: <text>a'
	bad 'which is no SBOM' <<<'{"_type":"https://in-toto.io/Statement/v1","predicateType":"https://slsa.dev/provenance/v1","predicate":{}}'
	bad 'another version than 2' <<<'{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld"}'
	bad 'CycloneDX 2.0' <<<'{"bomFormat":"CycloneDX","specVersion":"2.0"}'
	bad 'SBOM' <<<'{"bomFormat":"CycloneDX",'
	bad 'no source' <<<'{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"library","name":"a","version":"1",
		"properties":[{"name":"plimsoll:catalog","value":"dpkg"},{"name":"plimsoll:arch","value":"amd64"}]}]}'
	python3 -c 'print("{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"components\":" + "[{\"components\":" * 70 + "[]" + "}]" * 70 + "}")' |
		bad deeper
	run plimsoll scan --sbom no-such-file
	assert_status 5
	run plimsoll scan
	assert_status 2
	run plimsoll scan --sbom bad.json image
	assert_status 2

	echo '{"bomFormat":"CycloneDX","specVersion":"1.4","components":[{"type":"library","name":"a","purl":"pkg:deb/debian/a?distro=debian-12"},
		{"type":"library","name":"b","purl":"not a purl"},{"type":"library","name":"c"}]}' >partly.json
	run plimsoll scan --sbom partly.json
	assert_status 0
	assert_output_has 'could not read pkg:deb/debian/a?distro=debian-12: no version' 'could not read not a purl: purl: does not begin with pkg:' \
		'not matched: 1 packages of type unknown'
	run plimsoll scan --fail-on critical --sbom partly.json
	assert_status 3
	plimsoll scan --format json --sbom - <partly.json | jq -e .schema
}
