#!/usr/bin/env bats
# What layers hide from each other, what cannot be read in them, and what is kept of them. That each catalog's places are
# hidden alike is in tests/unit/scan/test_layer.c.

load ../lib/common
load ../lib/scan

setup() {
	common_setup
	need_cmd jq python3
	mkdir -p layers
}

teardown() {
	common_teardown
}

debian() { # LAYER
	put "$1" etc/os-release <<<'ID=debian
VERSION_ID=12'
}

list() { # IMAGE JQ: of each package of the list
	plimsoll -q sbom "$1" |
		jq -r ".packages[1:][] | select(.annotations) | .annotations[0].comment | ltrimstr(\"plimsoll: \") | fromjson | $2" | sort
}

packages() { # IMAGE: "NAME VERSION LAYER PATH" by line
	list "$1" '"\(.name) \(.version) \(.layer) \(.path)"'
}

@test "every package knows its layer and the file that tells of it" {
	debian base
	{ deb a 1; deb b 1; } | put base var/lib/dpkg/status
	{ deb a 1; deb b 2; deb c 1; } | put upgrade var/lib/dpkg/status
	printf 'Package: d\nVersion: 1\n' | put distroless var/lib/dpkg/status.d/d
	printf '0123456789abcdef0123456789abcdef  usr/share/doc/d\n' | put distroless var/lib/dpkg/status.d/d.md5sums
	printf 'P:e\nV:1-r0\nL:GPL-2.0-only AND MIT\n\n' | put apk usr/lib/apk/db/installed
	image all base upgrade distroless apk
	[ "$(packages all)" = 'a 1 0 var/lib/dpkg/status
b 2 1 var/lib/dpkg/status
c 1 1 var/lib/dpkg/status
d 1 2 var/lib/dpkg/status.d/d
e 1-r0 3 usr/lib/apk/db/installed' ]
	[ "$(list all 'select(.name == "e").license')" = 'GPL-2.0-only AND MIT' ]
}

@test "an archive without entries for its folders hides what its paths hide" {
	debian base
	deb a 1 | put base var/lib/dpkg/status
	printf 'Package: d\nVersion: 1\n' | put base var/lib/dpkg/status.d/d
	tar_of() { # LAYER.tar NAME...: files and nothing else
		python3 - "$@" <<-'END'
			import sys, tarfile
			with tarfile.open("layers/" + sys.argv[1], "w") as t:
			    for name in sys.argv[2:]:
			        t.addfile(tarfile.TarInfo(name))
		END
	}
	tar_of beneath.tar var/lib/dpkg/status/x # so that is a folder now
	image beneath base beneath.tar
	[ "$(packages beneath)" = 'd 1 0 var/lib/dpkg/status.d/d' ]
	tar_of whiteout.tar var/lib/dpkg/status.d/.wh.d
	image whiteout base whiteout.tar
	[ "$(packages whiteout)" = 'a 1 0 var/lib/dpkg/status' ]
	tar_of opaque.tar var/lib/.wh..wh..opq
	image opaque base opaque.tar
	[ -z "$(packages opaque)" ]
	tar_of other.tar var/lib/dpkg/statu var/lib/dpkg/status.d.old usr/var/lib/dpkg/.wh.status
	image other base other.tar
	[ "$(packages other | wc -l)" = 2 ]
}

@test "links: to where we look as well, and elsewhere" {
	debian base
	printf 'P:a\nV:1-r0\n\n' | put base usr/lib/apk/db/installed
	ln -s usr/lib layers/base/lib
	image merged base
	run plimsoll scan merged
	assert_status 0
	refute_output_has 'could not read'
	[ "$(packages merged)" = 'a 1-r0 0 usr/lib/apk/db/installed' ]

	mkdir -p layers/rpm/var/lib && ln -s ../../usr/share/rpm layers/rpm/var/lib/rpm
	image rpm base rpm
	run plimsoll scan rpm
	refute_output_has 'could not read'

	mkdir -p layers/lost/var/lib && ln -s /data/dpkg layers/lost/var/lib/dpkg
	deb a 1 | put lost data/dpkg/status
	image lost base lost
	run plimsoll scan --fail-on critical lost
	assert_status 3
	assert_output_has 'could not read var/lib/dpkg in layer sha256:' 'not a regular file'

	deb a 1 | put twin var/lib/dpkg/status
	ln layers/twin/var/lib/dpkg/status layers/twin/a-first
	image twin twin
	run plimsoll scan twin
	assert_output_has 'could not read var/lib/dpkg/status in layer'
}

@test "what cannot be read is a result, and the rest is read" {
	debian base
	deb a 1 | put base var/lib/dpkg/status
	mkdir -p layers/base/lib/apk/db layers/base/var/lib/dpkg/info layers/base/var/lib/dpkg/status.d
	truncate -s $((64 * 1024 * 1024 + 1)) layers/base/lib/apk/db/installed
	printf 'relative\n' >layers/base/var/lib/dpkg/info/a.list
	printf 'no digest\n' >layers/base/var/lib/dpkg/status.d/b.md5sums
	printf 'Package: b\nVersion: 1\n' >"layers/base/var/lib/dpkg/status.d/"$'\xff'
	image broken base
	run plimsoll scan broken
	assert_status 0
	assert_output_has 'could not read lib/apk/db/installed' '67108865 bytes, at most 67108864 are read' \
		'could not read var/lib/dpkg/info/a.list' 'line 1: not an absolute path' \
		'could not read var/lib/dpkg/status.d/b.md5sums' 'could not read var/lib/dpkg/status.d/\xff' 'not UTF-8'
	[ "$(packages broken)" = 'a 1 0 var/lib/dpkg/status' ]
	run plimsoll scan --fail-on critical broken
	assert_status 3

	# They are of that layer: what hides it mends it.
	mkdir -p layers/mend/lib/apk/db layers/mend/var/lib/dpkg/info layers/mend/var/lib/dpkg/status.d
	touch layers/mend/lib/apk/db/.wh.installed layers/mend/var/lib/dpkg/info/.wh.a.list
	touch "layers/mend/var/lib/dpkg/status.d/.wh."$'\xff' layers/mend/var/lib/dpkg/status.d/.wh.b.md5sums
	image mended base mend
	run plimsoll scan mended
	assert_status 0
	refute_output_has 'could not read'

	# A broken archive is no layer at all.
	printf 'x' | put whole var/lib/dpkg/status
	tar -C layers/whole -cf layers/whole.tar var
	head -c 1800 layers/whole.tar >layers/cut.tar
	image cut base cut.tar
	run plimsoll scan cut
	assert_status 5
	assert_output_has 'scan layer 2' 'cut short'
}

@test "the three files of a layer go together: without one, or with a damaged one, it is read again" {
	debian base
	deb a 1 | put base var/lib/dpkg/status
	mkdir -p layers/upper/var/lib/dpkg && touch layers/upper/var/lib/dpkg/.wh.status
	image web base upper
	[ -z "$(packages web)" ]
	cache=$STATE/cache/packages
	[ "$(find "$cache" -type f | wc -l)" = 6 ]
	for suffix in json marks owned; do
		for f in "$cache"/*."$suffix"; do
			rm "$f"
			[ -z "$(packages web)" ]
			[ -s "$f" ]
			truncate -s -1 "$f"
			[ -z "$(packages web)" ]
			printf x >>"$f"
			[ -z "$(packages web)" ]
		done
	done
	[ "$(find "$cache" -type f | wc -l)" = 6 ] # nothing half-written stays

	# A cache that cannot be written costs time only.
	rm -r "$STATE/cache"
	touch "$STATE/cache"
	[ -z "$(packages web)" ]
	image base base
	[ "$(packages base)" = 'a 1 0 var/lib/dpkg/status' ]
}

@test "a hundred thousand files, and whiteouts of as many" {
	debian base
	deb a 1 | put base var/lib/dpkg/status
	python3 - <<-'END'
		import tarfile
		with tarfile.open("layers/many.tar", "w") as t:
		    for i in range(50000):
		        t.addfile(tarfile.TarInfo(f"usr/share/{i % 100}/{i}"))
		        t.addfile(tarfile.TarInfo(f"usr/share/{i % 100}/.wh.x{i}"))
	END
	image many base many.tar
	[ "$(packages many)" = 'a 1 0 var/lib/dpkg/status' ]
}
