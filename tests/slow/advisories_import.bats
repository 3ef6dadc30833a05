#!/usr/bin/env bats
# `advisories import`: what advisories are packed in, and the formats that are tables.

load ../lib/common

setup() {
	common_setup
	mkdir -p in/osv
	for i in 1 2 3; do osv "GO-$i"; done >in/osv/go.jsonl
	osv GO-4 >in/osv/GO-4.json
	printf '7zip\tCVE-2023-31102\t22.01+dfsg-8+deb12u1\tbookworm\na\tCVE-2024-1\t2\tunstable\n' >in/fixed.tsv
	printf '{"id":"CVE-2019-1","t":"x","cvss":7.8,"f":["a.c"],"r":[["4.3","4.14.291"],["4.3","6.0"]]}\n' >in/vulns.jsonl
	printf '[29 Mar 2023] DSA-5380-1 xorg-server - security update\n\t{CVE-2023-1393}\n\t[bullseye] - xorg-server 1\n' \
		>in/DSA.list
	echo '{"name":"of another kind"}' >in/other.json
	printf '{"a":1}\n{"b":2}\n' >in/other.jsonl
	printf 'a\tb\n' >in/other.tsv
	echo 'not read' >in/README.md
}

teardown() {
	common_teardown
}

osv() { # ID
	printf '{"id":"%s","modified":"2026-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"Go","name":"a"},' "$1"
	printf '"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.2.3"}]}]}]}\n'
}

sources() {
	plimsoll --format json advisories status | jq -r '[.sources[] | "\(.source) \(.advisories)"] | join(", ")'
}

@test "a folder, and the same as tar, in every compression: the same, other files passed over and counted" {
	local want='debian-changelogs 1, debian-dsa 1, kernel 1, osv/Go 4' packed
	run plimsoll advisories import in
	assert_status 0
	assert_output_has '7 documents of' '3 other files passed over'
	assert_eq "$(sources)" "$want"
	tar -cf all.tar in
	gzip -k all.tar
	zstd -q all.tar
	bzip2 -k all.tar
	xz -k all.tar
	(cd in && /usr/bin/python3 -m zipfile -c ../all.zip osv/* ./*.*)
	for packed in all.tar all.tar.gz all.tar.zst all.tar.bz2 all.tar.xz all.zip; do
		rm -rf "$STATE"
		run plimsoll advisories import "$packed"
		assert_status 0
		assert_output_has '7 documents of' '3 other files passed over'
		assert_eq "$(sources)" "$want"
	done
	rm -rf "$STATE"
	xz in/osv/GO-4.json
	run plimsoll advisories import in/osv/GO-4.json.xz
	assert_status 0
	assert_eq "$(sources)" 'osv/Go 1'
}

@test "one broken file, cut archives, nothing of ours in it: nothing changes" {
	plimsoll advisories import in/osv/GO-4.json
	tar -cJf all.tar.xz in
	head -c 300 all.tar.xz >cut.tar.xz
	tar -cjf all.tar.bz2 in
	head -c 300 all.tar.bz2 >cut.tar.bz2
	tar -cf others.tar in/other.json in/README.md
	echo '{"id":"GO-1","modified":"never"}' >in/osv/GO-5.json
	tar -cf broken.tar in
	for file in cut.tar.xz cut.tar.bz2 others.tar broken.tar in in/other.json in/other.tsv; do
		run plimsoll advisories import "$file"
		assert_status 5
		refute_output_has 'a bug'
		assert_eq "$(sources)" 'osv/Go 1'
	done
	ln -s "$(command -v true)" true
	run env PATH="$PWD" "$PLIMSOLL" --state "$STATE" advisories import all.tar.xz
	assert_status 6
	assert_output_has xz
}

@test "real advisories, as they came and unpacked" {
	local data=${PLIMSOLL_SHARED:-/work/shared}/data
	[ -e "$data/advisories.tar.xz" ] || skip "no $data/advisories.tar.xz"
	run plimsoll advisories import "$data/advisories.tar.xz" "$data/kernel-cves.tsv.gz"
	assert_status 0
	run sources
	assert_output_has 'debian-changelogs 14' 'debian-dsa 149' 'kernel 14626' 'osv/AlmaLinux 7798' 'secdb/v3.3/main 458'
}
