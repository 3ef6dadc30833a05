#!/usr/bin/env bats
# Hostile files of advisories: sizes without end, and archives that lie. Each is refused, in bounded memory and time, and
# what was there stays.

load ../lib/common

setup() {
	common_setup
	kev >kev.json
	plimsoll advisories import kev.json
	cp "$STATE/advisories.db" before.db
}

teardown() {
	common_teardown
}

kev() {
	printf '{"catalogVersion":"1","dateReleased":"2026-01-02T00:00:00Z","vulnerabilities":[{"cveID":"CVE-2024-1",'
	printf '"dateAdded":"2026-01-02","knownRansomwareCampaignUse":"Known"}]}\n'
}

refused() { # FILE WORDS...
	local file=$1
	shift
	run timeout 100 "$PLIMSOLL" --state "$STATE" advisories import "$file"
	assert_status 5
	assert_output_has "$@"
	refute_output_has 'a bug'
	cmp "$STATE/advisories.db" before.db
	rm -f "$file"
	[ -z "$(find "$STATE" -name '.advisories-*')" ] || fail "temporary files stay behind"
}

@test "a JSON file of 2 GB: spaces, one string, one document" {
	printf '{"id":"x"' >big.json
	truncate -s 2G big.json
	refused big.json 'more than 33554432 bytes'
	printf '{"CVE-2024-1":{"CVE-2024-1":' >big.json
	truncate -s 2G big.json
	refused big.json big.json
}

@test "bombs: gzip, and a member of a zip archive that grow without end" {
	{ printf '{"id":"' && head -c 2000000000 /dev/zero | tr '\0' a; } | gzip -1 >bomb.json.gz
	refused bomb.json.gz 'more than 33554432 bytes'
	/usr/bin/python3 - <<-'PY'
		import zipfile
		with zipfile.ZipFile("bomb.zip", "w", zipfile.ZIP_DEFLATED) as z:
		    with z.open("a.json", "w", force_zip64=True) as f:
		        f.write(b'{"id":"')
		        for i in range(1000):
		            f.write(b"a" * 1000000)
	PY
	refused bomb.zip 'more than 33554432 bytes'
}

@test "zip archives that lie: ten million entries, sizes, duplicates, encryption" {
	/usr/bin/python3 - <<-'PY'
		import struct, zlib
		def archive(name, entries, flags=0, size=2, twice=1, method=0):
		    data = b"{}"
		    crc = zlib.crc32(data)
		    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, flags, method, 0, 0, crc, 2, size, 6, 0) + b"a.json" + data
		    central = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, flags, method, 0, 0, crc, 2, size, 6, 0, 0, 0, 0, 0, 0)
		    central = (central + b"a.json") * twice
		    at = len(local)
		    end64 = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, entries, entries, len(central), at)
		    locator = struct.pack("<4sIQI", b"PK\6\7", 0, at + len(central), 1)
		    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0xffff, 0xffff, 0xffffffff, 0xffffffff, 0)
		    open(name, "wb").write(local + central + end64 + locator + end)
		archive("many.zip", 10_000_000)
		archive("more.zip", 3_000_000)       # within the limit, and not there
		archive("long.zip", 1, size=1 << 30)
		archive("secret.zip", 1, flags=1)
		archive("twice.zip", 2, twice=2)
		archive("odd.zip", 1, method=99)
	PY
	refused many.zip 'more than 4000000 members'
	refused more.zip zip
	refused long.zip 'two sizes'
	refused secret.zip encrypted
	refused twice.zip 'no advisories' # the same twice is read twice, and says nothing
	refused odd.zip 'neither stored nor deflated'
}
