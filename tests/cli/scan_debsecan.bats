#!/usr/bin/env bats
# Debian's debsecan and plimsoll on the same packages with the same data: they agree on every (vulnerability, binary
# package, whether a fix is there). They differ in one thing, on purpose: a kernel's vulnerabilities are not in headers.

load ../lib/common

setup() {
	common_setup
	need_cmd debsecan jq
}

teardown() {
	common_teardown
}

# debsecan_says JSON STATUS: "CVE package fixed|open" by line
debsecan_says() {
	mkdir -p served
	/usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/debsecan_data.py" convert "$1" bookworm >served/bookworm
	debsecan --config /dev/null --suite bookworm --source "file://$PWD/served" --status "$2" --format summary |
		awk '{ print $1, $2, ($0 ~ /\(fixed/ ? "fixed" : "open") }' | sort -u
}

plimsoll_says() { # JSON STATUS
	mkdir -p layers/base/etc layers/base/var/lib/dpkg
	printf 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n' >layers/base/etc/os-release
	cp "$2" layers/base/var/lib/dpkg/status
	"$PLIMSOLL_SRC/tests/lib/make_image.py" "$STATE" machine layers/base >/dev/null
	plimsoll advisories import "$1" >&2
	plimsoll --format json scan machine 2>/dev/null |
		jq -r '.findings[] | select(.advisory | test("^(CVE|TEMP)-")) |
			"\(.advisory) \(.package) \(if (.fixed // "") == "" then "open" else "fixed" end)"' | sort -u
}

# Headers and tools that are built from the kernel's source.
without_headers() {
	grep -vE ' linux-(libc-dev|headers|kbuild|compiler)[^ ]* ' || true
}

agree() { # JSON STATUS
	debsecan_says "$1" "$2" >theirs
	plimsoll_says "$1" "$2" >ours
	[ "$(wc -l <theirs)" -gt 0 ] || fail "debsecan found nothing: nothing was compared"
	without_headers <theirs >theirs.cut
	diff theirs.cut ours >differences || fail "$(wc -l <differences) differences" "$(head -40 differences)"
}

@test "debsecan and plimsoll agree: the cases of a tracker, by hand" {
	cat >status <<-'STATUS'
		Package: libssl3
		Status: install ok installed
		Architecture: amd64
		Source: openssl
		Version: 3.0.11-1~deb12u2

		Package: openssl
		Status: install ok installed
		Architecture: amd64
		Version: 3.0.11-1~deb12u2

		Package: zlib1g
		Status: hold ok installed
		Architecture: amd64
		Source: zlib
		Version: 1:1.2.13.dfsg-1

		Package: libgcc-s1
		Status: install ok installed
		Architecture: amd64
		Source: gcc-12 (12.2.0-14)
		Version: 12.2.0-14+b1

		Package: gone
		Status: deinstall ok config-files
		Architecture: amd64
		Version: 1

		Package: linux-libc-dev
		Status: install ok installed
		Architecture: amd64
		Source: linux
		Version: 6.1.1-1
	STATUS
	cat >tracker.json <<-'JSON'
		{"openssl": {
		  "CVE-2024-0001": {"releases": {"bookworm": {"status": "open", "urgency": "not yet assigned"}}},
		  "CVE-2024-0002": {"releases": {"bookworm": {"status": "open", "urgency": "low", "nodsa": "x", "nodsa_reason": ""}}},
		  "CVE-2024-0003": {"releases": {"bookworm": {"status": "open", "urgency": "unimportant"}}},
		  "CVE-2024-0004": {"releases": {"bookworm": {"status": "undetermined", "urgency": "not yet assigned"}}},
		  "CVE-2024-0005": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "3.0.11-1~deb12u2", "urgency": "low"}}},
		  "CVE-2024-0006": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "3.0.11-1~deb12u3", "urgency": "low"}}},
		  "CVE-2024-0007": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "0", "urgency": "low"}}},
		  "CVE-2024-0008": {"releases": {"sid": {"status": "open", "urgency": "low"}}}},
		 "zlib": {
		  "CVE-2024-0009": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "9", "urgency": "low"}}},
		  "CVE-2024-0010": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "1:1.2.13.dfsg-1+deb12u1", "urgency": "low"}}}},
		 "gcc-12": {
		  "CVE-2024-0011": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "12.2.0-14+b1", "urgency": "low"}}},
		  "CVE-2024-0012": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "12.2.0-14", "urgency": "low"}}}},
		 "zlib1g": {"CVE-2024-0013": {"releases": {"bookworm": {"status": "open", "urgency": "low"}}}},
		 "gone": {"CVE-2024-0014": {"releases": {"bookworm": {"status": "open", "urgency": "low"}}}},
		 "linux": {"CVE-2024-0015": {"releases": {"bookworm": {"status": "open", "urgency": "low"}}}}}
	JSON
	agree tracker.json status
	cat >expected <<-'WANT'
		CVE-2024-0001 libssl3 open
		CVE-2024-0001 openssl open
		CVE-2024-0002 libssl3 open
		CVE-2024-0002 openssl open
		CVE-2024-0003 libssl3 open
		CVE-2024-0003 openssl open
		CVE-2024-0004 libssl3 open
		CVE-2024-0004 openssl open
		CVE-2024-0006 libssl3 fixed
		CVE-2024-0006 openssl fixed
		CVE-2024-0010 zlib1g fixed
		CVE-2024-0011 libgcc-s1 fixed
	WANT
	diff expected ours
	# The one difference: what debsecan says of the kernel's headers.
	diff theirs ours >headers || true
	assert_eq "$(grep -c '^[<>]' headers)" 1
	grep -q '^< CVE-2024-0015 linux-libc-dev open' headers
	# What the security team said stands beside it.
	output=$(plimsoll --format json scan machine)
	assert_eq "$(jq -r '.findings[] | select(.advisory == "CVE-2024-0002" and .package == "openssl") | .status' <<<"$output")" no-dsa
	assert_eq "$(jq -r '.findings[] | select(.advisory == "CVE-2024-0003" and .package == "openssl") | .status' <<<"$output")" unimportant
}

@test "debsecan and plimsoll agree on all packages of this Debian machine" {
	[ -s /var/lib/dpkg/status ] || skip "no dpkg here"
	/usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/debsecan_data.py" make /var/lib/dpkg/status >tracker.json
	agree tracker.json /var/lib/dpkg/status
	# Enough of each kind to mean something.
	[ "$(grep -c ' open$' ours)" -gt 100 ] || fail "$(wc -l <ours) findings"
	[ "$(grep -c ' fixed$' ours)" -gt 100 ] || fail "$(wc -l <ours) findings"
}

@test "debsecan and plimsoll agree on real fixes of bookworm, on a machine of its first day" {
	need_shared data/advisories.tar.xz
	[ -s /var/lib/dpkg/status ] || skip "no dpkg here"
	tar -xJf "$SHARED_FILE" --wildcards '*bookworm-fixed.tsv'
	local list
	list=$(find . -name bookworm-fixed.tsv | head -1)
	/usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/debsecan_data.py" tsv "$list" >tracker.json
	# Versions of the first day: what +deb12uN added is off.
	sed -E '/^(Version|Source):/s/[+~]deb12u[0-9]+//g' /var/lib/dpkg/status >status
	agree tracker.json status
}

@test "the tracker's word counts where Debian's OSV says otherwise" {
	printf 'Package: a\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n' >status
	osv() { # CVE FIXED
		printf '{"id":"DEBIAN-%s","modified":"2026-01-01T00:00:00Z","upstream":["%s"],"affected":[{"package":' "$1" "$1"
		printf '{"ecosystem":"Debian:12","name":"a"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}'
		printf '%s]}]}]}\n' "${2:+,{\"fixed\":\"$2\"\}}"
	}
	{ osv CVE-2024-1 2; osv CVE-2024-2 ''; osv CVE-2024-3 2; osv CVE-2024-4 1; osv CVE-2024-5 2; } >osv.jsonl
	plimsoll advisories import osv.jsonl
	cat >tracker.json <<-'JSON'
		{"a": {"CVE-2024-1": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "1", "urgency": "low"}}},
		 "CVE-2024-2": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "0", "urgency": "low"}}},
		 "CVE-2024-3": {"releases": {"bookworm": {"status": "open", "urgency": "low", "nodsa": "x", "nodsa_reason": "postponed"}}},
		 "CVE-2024-4": {"releases": {"bookworm": {"status": "open", "urgency": "low"}}}}}
	JSON
	plimsoll_says tracker.json status >ours
	# 1: mended by what is installed; 2: never had it; 3: one finding, with the tracker's status; 4: open, as the
	# tracker says; 5: of OSV alone.
	assert_eq "$(cut -d' ' -f1 ours | tr '\n' ' ')" 'CVE-2024-3 CVE-2024-4 CVE-2024-5 '
	output=$(plimsoll --format json scan machine)
	assert_eq "$(jq -r '.findings[] | select(.advisory == "CVE-2024-3") | .status' <<<"$output")" postponed
	assert_eq "$(jq -r '[.findings[] | select(.advisory == "CVE-2024-3")] | length' <<<"$output")" 1
}
