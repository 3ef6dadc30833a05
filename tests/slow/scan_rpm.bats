#!/usr/bin/env bats
# Images with databases of rpm and of pacman. rpm itself makes them (tests/lib/make_rpmdb.py), and is asked what is in them.

load ../lib/common
load ../lib/scan

setup_file() {
	command -v rpmbuild >/dev/null && command -v db5.3_load >/dev/null || return 0
	"$PLIMSOLL_SRC/tests/lib/make_rpmdb.py" "$BATS_FILE_TMPDIR/db"
}

setup() {
	common_setup
	mkdir -p layers
	DB=$BATS_FILE_TMPDIR/db
	SQLITE=$DB/sqlite/rpmdb.sqlite
	QUERY='%{NAME} %|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\n'
	# What Debian's go-rpmdb tests itself with, where that is installed (36 MB).
	REAL=${PLIMSOLL_RPMDBS:-/usr/share/gocode/src/github.com/knqyf263/go-rpmdb/pkg/testdata}
}

teardown() {
	common_teardown
}

need_rpm() {
	need_cmd rpm rpmbuild db5.3_load
	[ -e "$SQLITE" ] || fail "make_rpmdb.py made nothing"
}

os() { # LAYER ID VERSION_ID [PRETTY_NAME]
	put "$1" etc/os-release <<<"ID=\"$2\"
VERSION_ID=\"$3\"
PRETTY_NAME=\"$4\""
}

osv() { # ID ECOSYSTEM PACKAGE FIXED [SUMMARY]
	printf '{"id":"%s","modified":"2026-01-02T03:04:05Z","summary":"%s","affected":[{"package":{"ecosystem":"%s","name":"%s"},' \
		"$1" "$5" "$2" "$3"
	printf '"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"%s"}]}]}]}\n' "$4"
}

findings() { # IMAGE: "ADVISORY PACKAGE INSTALLED FIXED" by line
	plimsoll --format json scan "$@" |
		jq -r '.findings[] | select(.status != "end-of-life") | [.advisory, .package, .installed, .fixed] | join(" ")' | sort
}

packages() { # IMAGE: "NAME VERSION" by line
	plimsoll sbom --format cyclonedx-json "$1" |
		jq -r '.components[] | select(.type == "library") | .name + " " + .version' | sort
}

@test "every form of rpm's database gives what rpm -qa gives" {
	need_rpm
	rpm --dbpath "$DB/sqlite" -qa --qf "$QUERY" |
		grep -v ^gpg-pubkey | sed 's/ 0:/ /' | sort >want
	[ "$(wc -l <want)" -gt 60 ]
	for form in sqlite/rpmdb.sqlite ndb/Packages.db hash/Packages btree/Packages hash-be/Packages btree-be/Packages; do
		rm -rf layers/*
		os base almalinux 8.10
		put base "var/lib/rpm/$(basename "$form")" <"$DB/$form"
		image web base
		packages web >got
		diff want got || fail "$form"
	done
}

@test "databases of real CentOS 5 to 8 installations" {
	need_cmd rpm
	[ -e "$REAL/centos5-plain" ] || skip "needs $REAL (golang-github-knqyf263-go-rpmdb-dev)"
	local real
	for real in "$REAL"/*/; do
		[ -e "$real/Packages" ] || continue
		rpm --dbpath "$real" --define '_db_backend bdb_ro' -qa --qf "$QUERY" 2>err |
			grep -v ^gpg-pubkey | sed 's/ 0:/ /' | LC_ALL=C sort -u >want
		[ "$(wc -l <want)" -gt 60 ]
		rm -rf layers/*
		os base centos 8
		put base var/lib/rpm/Packages <"$real/Packages"
		image web base
		packages web | LC_ALL=C sort -u >got
		diff want got || fail "$real"
	done
}

@test "AlmaLinux: epochs, versions of their own, and streams of modules" {
	need_rpm
	os base almalinux 8.10
	put base var/lib/rpm/rpmdb.sqlite <"$SQLITE"
	image web base
	{
		osv ALSA-1 AlmaLinux:8 perl 4:5.26.3-423.el8 'Moderate: perl security update'
		osv ALSA-2 AlmaLinux:8 perl-libs 4:5.26.3-422.el8
		osv ALSA-3 AlmaLinux:8 perl-File-Path 2.15-422.el8_1
		osv ALSA-4 AlmaLinux:8 perl-Exporter 1:5.72-3~rc1^git2.el8
		osv ALSA-5 AlmaLinux:8 perl-Exporter 5.73-1.el8 # without its epoch it is older
		osv ALSA-6 AlmaLinux:9 perl 4:5.26.3-999.el9
		# A stream's fix is for that stream, and nothing else's.
		osv ALSA-7 AlmaLinux:8 nodejs 1:18.20.0-1.module_el8.9.0+1+a 'Important: nodejs:18 security update'
		osv ALSA-8 AlmaLinux:8 nodejs 1:20.1.0-1.module_el8.9.0+1+a 'Important: nodejs:20 security update'
		osv ALSA-9 AlmaLinux:8 nodejs 1:99.0-1.el8 'Important: nodejs security update'
		osv ALSA-10 AlmaLinux:8 filler-p7 9-1.module_el8.9.0+1+a 'Important: filler:9 security update'
		osv ALSA-11 AlmaLinux:8 gpg-pubkey 9-9
	} >a.jsonl
	plimsoll advisories import a.jsonl
	[ "$(findings web)" = 'ALSA-1 perl 4:5.26.3-422.el8 4:5.26.3-423.el8
ALSA-3 perl-File-Path 2.15-422.el8 2.15-422.el8_1
ALSA-4 perl-Exporter 1:5.72-3~rc1^git.el8 1:5.72-3~rc1^git2.el8
ALSA-7 nodejs 1:18.19.1-1.module_el8.9.0+3743+e9eb5f36 1:18.20.0-1.module_el8.9.0+1+a' ]
	run plimsoll scan --fail-on unknown web
	assert_status 3
	run plimsoll scan --explain ALSA-8 web
	assert_output_has stream
}

@test "Rocky Linux and SUSE name sources: the source's epoch is known from its sisters" {
	need_rpm
	os rocky rocky 8.10
	put rocky var/lib/rpm/rpmdb.sqlite <"$SQLITE"
	image rocky rocky
	os suse sles 15.6 'SUSE Linux Enterprise Server 15 SP6'
	put suse usr/lib/sysimage/rpm/Packages.db <"$DB/ndb/Packages.db"
	image suse suse
	{
		osv RLSA-1 'Rocky Linux:8' perl 0:5.26.3-999.el8  # all have epoch 4 of their source
		osv RLSA-2 'Rocky Linux:8' perl 4:5.26.3-423.el8
		osv SUSE-SU-1 'SUSE:Linux Enterprise Module for Basesystem 15 SP6' filler 1.0-2
	} >a.jsonl
	plimsoll advisories import a.jsonl
	[ "$(findings rocky | cut -d' ' -f1,2)" = 'RLSA-2 perl
RLSA-2 perl-Exporter
RLSA-2 perl-File-Path
RLSA-2 perl-libs' ]
	[ "$(findings suse | wc -l)" = 60 ]
}

@test "rows that name the stream, as Red Hat's do; a module's package whose stream is not known" {
	need_rpm
	os base rhel 8.10
	put base var/lib/rpm/rpmdb.sqlite <"$SQLITE"
	image web base
	os bare rhel 8.10
	printf 'nodejs\t18.1-1.module+el8+1\t1\t1\tx\t1\t1\tx86_64\t1\tnodejs-18.1-1.module+el8+1.src.rpm\n' |
		put bare var/lib/rpmmanifest/container-manifest-2
	image bare bare
	{
		osv R-1 Red\ Hat:enterprise_linux:8 nodejs:18/nodejs 1:18.20.0-1.module+el8.9.0+1+a
		osv R-2 Red\ Hat:enterprise_linux:8::appstream nodejs:20/nodejs 1:20.20.0-1.module+el8.9.0+1+a
		osv R-3 Red\ Hat:enterprise_linux:8::appstream nodejs 1:18.3-1.module+el8.9.0+1+a
		osv R-4 Red\ Hat:enterprise_linux:8::baseos nodejs 1:99-1.el8
	} >a.jsonl
	plimsoll advisories import a.jsonl
	[ "$(findings web | cut -d' ' -f1,2)" = 'R-1 nodejs
R-1 nodejs-npm' ]
	[ "$(findings bare | cut -d' ' -f1,2)" = 'R-3 nodejs' ]
}

@test "links between the places where rpm keeps its database; a link to elsewhere is not passed over" {
	need_rpm
	osv A-1 Fedora:40 big 2-1 >a.jsonl
	plimsoll advisories import a.jsonl
	os base fedora 40
	put base usr/lib/sysimage/rpm/rpmdb.sqlite <"$SQLITE"
	mkdir -p layers/base/var/lib
	ln -s ../../usr/lib/sysimage/rpm layers/base/var/lib/rpm
	image web base
	[ "$(findings web)" = 'A-1 big 1-1 2-1' ]
	run plimsoll scan --fail-on unknown web
	refute_output_has 'could not read'

	os other fedora 40
	mkdir -p layers/other/var/lib
	ln -s /opt/rpm layers/other/var/lib/rpm
	put other opt/rpm/rpmdb.sqlite <"$SQLITE"
	image other other
	run plimsoll scan --fail-on critical other
	assert_status 3
	assert_output_has 'could not read var/lib/rpm in layer'
}

@test "what a killed rpm left in the log is said, and so is a database that is cut off" {
	need_rpm
	os base almalinux 9.4
	put base var/lib/rpm/rpmdb.sqlite <"$DB/wal/rpmdb.sqlite"
	put base var/lib/rpm/rpmdb.sqlite-wal </dev/null
	put base var/lib/rpm/rpmdb.sqlite-shm <<<x
	osv ALSA-1 AlmaLinux:9 none 1 >a.json
	plimsoll advisories import a.json
	image web base
	run plimsoll scan --fail-on critical web
	assert_status 0
	put base var/lib/rpm/rpmdb.sqlite-wal <"$DB/wal/rpmdb.sqlite-wal"
	image log base
	run plimsoll scan --fail-on critical log
	assert_status 3
	assert_output_has 'could not read var/lib/rpm/rpmdb.sqlite-wal in layer' '1 transactions' rebuilddb

	for form in sqlite/rpmdb.sqlite ndb/Packages.db hash/Packages; do
		rm -rf layers/cut
		os cut almalinux 9.4
		head -c 100000 "$DB/$form" | put cut "var/lib/rpm/$(basename "$form")"
		put cut lib/apk/db/installed <<<$'P:a\nV:1-r0\n'
		image cut cut
		run plimsoll scan --fail-on critical cut
		assert_status 3
		assert_output_has "could not read var/lib/rpm/$(basename "$form") in layer" 'findings in'
		plimsoll sbom cut | jq -e '[.packages[] | select(.name == "a")] | length == 1'
	done
	# Of the last one, what stands before the cut.
	[ "$(plimsoll sbom cut | jq '[.packages[].externalRefs[]? | select(.referenceLocator | startswith("pkg:rpm/"))] | length')" -gt 1 ]
}

@test "images without rpm, which have a manifest" {
	os base azurelinux 3.0
	put base var/lib/rpmmanifest/container-manifest-2 <<-'TXT'
		filesystem	1.1-19.azl3	1700000000	1690000000	Microsoft Corporation	(none)	7596	x86_64	0	filesystem-1.1-19.azl3.src.rpm
		openssl-libs	3.3.0-1.azl3	1700000000	1690000000	Microsoft Corporation	(none)	7596	x86_64	0	openssl-3.3.0-1.azl3.src.rpm
	TXT
	image web base
	osv AZL-1 'Azure Linux:3' openssl 3.3.0-2.azl3 >a.json
	osv AZL-2 'Azure Linux:3' filesystem 0:1.1-19.azl3 >b.json
	plimsoll advisories import a.json b.json
	[ "$(findings web)" = 'AZL-1 openssl-libs 3.3.0-1.azl3 3.3.0-2.azl3' ]
}

@test "Arch Linux: pacman's database, as pacman reads it" {
	need_cmd pacman vercmp
	local p
	for p in zlib-1:1.3.1-1 openssl-3.3.0-1 a-b-1.0.r5.gabc-2; do
		local name=${p%-*-*} version=${p#"${p%-*-*}"-}
		put base "var/lib/pacman/local/$p/desc" <<-TXT
			%NAME%
			$name

			%VERSION%
			$version

			%BASE%
			$name-base

			%ARCH%
			x86_64

		TXT
		put base "var/lib/pacman/local/$p/files" <<<$'%FILES%\nusr/\nusr/lib/\nusr/lib/'"$name"
	done
	put base var/lib/pacman/local/ALPM_DB_VERSION <<<9
	os base arch ''
	image web base
	pacman -Q -b layers/base/var/lib/pacman --config /dev/null | sort >want
	[ "$(wc -l <want)" = 3 ]
	diff want <(packages web)
	osv ASA-1 'Arch Linux' zlib 1:1.3.1-2 >a.json
	osv ASA-2 'Arch Linux' openssl 3.3.0.a-1 >b.json # 3.3.0 < 3.3.0.a
	osv ASA-3 'Arch Linux' a-b 1.0.r5.gabb-9 >c.json
	plimsoll advisories import ./*.json
	[ "$(findings web)" = 'ASA-1 zlib 1:1.3.1-1 1:1.3.1-2
ASA-2 openssl 3.3.0-1 3.3.0.a-1' ]
}

# same_findings IMAGE DBPATH BACKEND: what osv_expected.py works out is what the scan finds
same_findings() {
	"$PLIMSOLL_SRC/tests/lib/osv_expected.py" "$2" "$3" AlmaLinux:8 adv/osv/almalinux.jsonl | LC_ALL=C sort >want
	findings "$1" | cut -d' ' -f1-3 | LC_ALL=C sort >got
	diff want got
}

@test "real AlmaLinux advisories: what rpm's own comparison gives" {
	need_rpm
	need_shared data/advisories.tar.xz
	mkdir adv && tar -xJf "$SHARED_FILE" -C adv ./osv/almalinux.jsonl
	plimsoll advisories import adv/osv/almalinux.jsonl
	os base almalinux 8.10
	put base var/lib/rpm/rpmdb.sqlite <"$SQLITE"
	image web base
	same_findings web "$DB/sqlite" sqlite
	[ "$(wc -l <want)" -gt 10 ]

	[ -e "$REAL/centos8-modularitylabel" ] || skip "the rest needs $REAL"
	put base var/lib/rpm/Packages <"$REAL/centos8-modularitylabel/Packages"
	rm layers/base/var/lib/rpm/rpmdb.sqlite
	image centos base
	same_findings centos "$REAL/centos8-modularitylabel" bdb_ro
	[ "$(wc -l <want)" -gt 1000 ]
}
