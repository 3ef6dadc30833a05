#!/usr/bin/env bats
# Go programs in layers: what they say that they were built from, beside what `go version -m` reads of the same files.

load ../lib/common

# One module with two dependencies, one of them replaced by another module and one by a folder, from a proxy that is a
# folder; built once for every test.
setup_file() {
	command -v go >/dev/null || return 0
	cd "$BATS_FILE_TMPDIR" || return 1
	unset GOFLAGS GOPATH GOROOT
	export GOCACHE=$PWD/cache GOMODCACHE=$PWD/modules GOPROXY=file://$PWD/proxy GONOSUMDB='*' GONOSUMCHECK=1 GOSUMDB=off
	export GOFLAGS='-mod=mod -modcacherw' GO111MODULE=on CGO_ENABLED=0 GOTOOLCHAIN=local
	module example.com/lib v1.4.0
	module example.com/old v1.0.0
	module example.com/fork v1.0.1-0.20240102030405-0123456789ab
	mkdir -p app/local
	printf 'module example.com/near\ngo 1.19\n' >app/local/go.mod
	printf 'package near\n' >app/local/near.go
	cat >app/go.mod <<-'END'
		module example.com/app
		go 1.19
		require (
			example.com/lib v1.4.0
			example.com/near v0.9.0
			example.com/old v1.0.0
		)
		replace example.com/old => example.com/fork v1.0.1-0.20240102030405-0123456789ab
		replace example.com/near => ./local
	END
	cat >app/main.go <<-'END'
		package main
		import (
			_ "example.com/lib"
			_ "example.com/near"
			_ "example.com/old"
		)
		func main() { println("here") }
	END
	build amd64
}

module() { # PATH VERSION: in the proxy
	python3 - "$1" "$2" <<-'END'
		import os, sys, zipfile
		path, version = sys.argv[1:]
		at = f"proxy/{path}/@v"
		os.makedirs(at, exist_ok=True)
		name = path.split("/")[-1]
		# A fork still calls itself what it was forked from.
		mod = f"module {path.replace('fork', 'old')}\ngo 1.19\n"
		open(f"{at}/list", "a").write(version + "\n")
		open(f"{at}/{version}.info", "w").write('{"Version":"%s","Time":"2024-01-02T03:04:05Z"}' % version)
		open(f"{at}/{version}.mod", "w").write(mod)
		with zipfile.ZipFile(f"{at}/{version}.zip", "w") as z:
		    z.writestr(f"{path}@{version}/go.mod", mod)
		    z.writestr(f"{path}@{version}/{name}.go", f"package {name}\n")
	END
}

build() { # NAME [VAR=VALUE|-FLAG...]: $BATS_FILE_TMPDIR/NAME
	local name=$1
	shift
	[ -e "$BATS_FILE_TMPDIR/$name" ] || (cd "$BATS_FILE_TMPDIR/app" && env "${@:-A=}" go build -p 1 -o "../$name" . 3>&-)
}

setup() {
	common_setup
	need_cmd go
	mkdir -p layers
}

teardown() {
	common_teardown
}

put() { # FILE LAYER PATH
	mkdir -p "layers/$2/$(dirname "$3")"
	cp "$1" "layers/$2/$3"
}

image() { # NAME LAYER...
	local name=$1
	shift
	"$PLIMSOLL_SRC/tests/lib/make_image.py" "$STATE" "$name" "${@/#/layers/}" >/dev/null
}

list() { # IMAGE JQ: of each package of the list
	plimsoll -q sbom "$1" |
		jq -r ".packages[1:][] | select(.annotations) | .annotations[0].comment | ltrimstr(\"plimsoll: \") | fromjson | $2" | sort
}

go_says() { # FILE: "NAME VERSION" by line
	go version -m "$1" | awk -F'\t' '
		NR == 1 { sub(/.*: go/, ""); print "stdlib", $0; next }
		$2 == "mod" || $2 == "dep" { flush(); name = $3; version = $4 }
		$2 == "=>" { if ($3 !~ /^[.]/) name = $3; version = $4 }
		END { flush() }
		function flush() { if (name) print name, version == "" ? "(devel)" : version; name = "" }' | sort
}

debian() { # LAYER
	mkdir -p "layers/$1/etc"
	printf 'ID=debian\nVERSION_ID=12\n' >"layers/$1/etc/os-release"
}

@test "a program's modules: the main one, dependencies, replacements, the standard library" {
	put "$BATS_FILE_TMPDIR/amd64" app usr/local/bin/app
	image app app
	output=$(list app '"\(.name) \(.version) \(.arch) \(.path) \(.ecosystem) \(.catalog) \(.replaces // "-")"')
	echo "$output"
	go=$(go env GOVERSION)
	[ "$output" = "example.com/app (devel) amd64 usr/local/bin/app Go go -
example.com/fork v1.0.1-0.20240102030405-0123456789ab amd64 usr/local/bin/app Go go example.com/old@v1.0.0
example.com/lib v1.4.0 amd64 usr/local/bin/app Go go -
example.com/near (devel) amd64 usr/local/bin/app Go go example.com/near@v0.9.0
stdlib ${go#go} amd64 usr/local/bin/app Go go -" ]
	[ "$(list app '"\(.name) \(.version)"')" = "$(go_says "$BATS_FILE_TMPDIR/amd64")" ]
}

@test "the same of every system and machine, as go itself reads it" {
	for t in linux/arm64 linux/386 linux/s390x windows/amd64 darwin/arm64; do
		build "${t/\//-}" "GOOS=${t%/*}" "GOARCH=${t#*/}"
		put "$BATS_FILE_TMPDIR/${t/\//-}" all "bin/${t/\//-}"
	done
	image all all
	for t in linux/arm64 linux/386 linux/s390x windows/amd64 darwin/arm64; do
		[ "$(list all "select(.path == \"bin/${t/\//-}\") | \"\\(.name) \\(.version)\"")" = "$(go_says "$BATS_FILE_TMPDIR/${t/\//-}")" ]
		[ "$(list all "select(.path == \"bin/${t/\//-}\" and .name == \"stdlib\").arch")" = "${t#*/}" ]
	done
}

@test "stripped, position independent, and programs of this machine" {
	build stripped 'GOFLAGS=-mod=mod -ldflags=-s -trimpath'
	build pie 'GOFLAGS=-mod=mod -buildmode=pie'
	files=("$BATS_FILE_TMPDIR/stripped" "$BATS_FILE_TMPDIR/pie")
	for f in /usr/bin/containerd /usr/sbin/dockerd /usr/sbin/runc /usr/bin/docker-registry; do
		[ ! -e "$f" ] || files+=("$f")
	done
	for f in "${files[@]}"; do put "$f" some "bin/$(basename "$f")"; done
	put /bin/true some bin/true
	image some some
	for f in "${files[@]}"; do
		[ "$(list some "select(.path == \"bin/$(basename "$f")\") | \"\\(.name) \\(.version)\"")" = "$(go_says "$f")" ]
	done
	[ -z "$(list some 'select(.path == "bin/true")')" ]
}

@test "layers: replaced by what is no Go program, taken away, moved, hard links" {
	put "$BATS_FILE_TMPDIR/amd64" app usr/bin/app
	ln layers/app/usr/bin/app layers/app/usr/bin/twin
	echo 'COPY app /usr/bin/' >layers/app.instruction
	put /bin/true replace usr/bin/app
	mkdir -p layers/gone/usr/bin layers/all/usr && touch layers/gone/usr/bin/.wh.twin layers/all/usr/.wh.bin
	put /dev/null file usr
	ln -sfn /elsewhere layers/link && mkdir -p layers/bin/usr && ln -s elsewhere layers/bin/usr/bin
	paths() { list "$1" 'select(.name == "stdlib") | "\(.path) \(.layer)"'; }

	image one app
	[ "$(paths one)" = "usr/bin/app 0" ] # two names, one program
	image replaced app replace
	[ "$(paths replaced)" = "usr/bin/twin 0" ]
	image gone app gone
	[ "$(paths gone)" = "usr/bin/app 0" ]
	image both app gone replace
	[ -z "$(paths both)" ]
	image all app all
	[ -z "$(paths all)" ]
	image file app bin
	[ -z "$(paths file)" ]
	image back app replace app
	[ "$(paths back)" = "usr/bin/app 2" ]
}

@test "a program of a package is the package's matter, one put over it is not" {
	debian base
	mkdir -p layers/base/var/lib/dpkg/info
	printf 'Package: hello\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0-1\n' >layers/base/var/lib/dpkg/status
	printf '/.\n/bin\n/bin/hello\n/usr\n/usr/share\n/usr/share/doc\n' >layers/base/var/lib/dpkg/info/hello:amd64.list
	put "$BATS_FILE_TMPDIR/amd64" base usr/bin/hello # the list says /bin, which is a link to it
	put "$BATS_FILE_TMPDIR/amd64" base usr/local/bin/hello
	put "$BATS_FILE_TMPDIR/amd64" over usr/bin/hello
	owners() { list "$1" 'select(.name == "stdlib") | "\(.path) \(.owner // "-")"'; }
	image base base
	[ "$(owners base)" = "usr/bin/hello hello
usr/local/bin/hello -" ]
	image over base over
	[ "$(owners over)" = "usr/bin/hello -
usr/local/bin/hello -" ]

	# Without the package there is no owner.
	mkdir -p layers/purged/var/lib/dpkg/info
	touch layers/purged/var/lib/dpkg/status layers/purged/var/lib/dpkg/info/.wh.hello:amd64.list
	image purged base purged
	[ "$(owners purged)" = "usr/bin/hello -
usr/local/bin/hello -" ]

	mkdir -p layers/apk/lib/apk/db
	printf 'P:hello\nV:1-r0\nA:x86_64\nL:MIT\nF:usr/bin\nR:hello\nZ:Q1abc=\n\n' >layers/apk/lib/apk/db/installed
	put "$BATS_FILE_TMPDIR/amd64" apk usr/bin/hello
	image apk apk
	[ "$(owners apk)" = "usr/bin/hello hello" ]
	[ "$(list apk 'select(.catalog == "apk").license')" = MIT ]

	# Distroless, as it names its files today and as it did once: by base64.
	for file in hello aGVsbG8=; do
		rm -rf layers/distroless && mkdir -p layers/distroless/var/lib/dpkg/status.d
		printf 'Package: hello\nVersion: 1.0-1\n' >"layers/distroless/var/lib/dpkg/status.d/$file"
		printf '0123456789abcdef0123456789abcdef  usr/bin/hello\n' >"layers/distroless/var/lib/dpkg/status.d/$file.md5sums"
		put "$BATS_FILE_TMPDIR/amd64" distroless usr/bin/hello
		image distroless distroless
		[ "$(owners distroless)" = "usr/bin/hello hello" ]
	done
}

@test "cut in half, or without what it should say: not read, and not passed" {
	debian base
	head -c 700000 "$BATS_FILE_TMPDIR/amd64" >half
	put half base usr/bin/half
	# Without a frame of its own nothing tells that it is Go's.
	head -c 3000 /bin/ls >other
	put other base usr/bin/other
	# The information's magic gone; and its length, which then leads past the end.
	python3 - "$BATS_FILE_TMPDIR/amd64" <<-'END'
		import sys
		data = bytearray(open(sys.argv[1], "rb").read())
		at = data.index(b"\xff Go buildinf:")
		lost = bytearray(data)
		lost[at] = 0
		open("lost", "wb").write(lost)
		version = at + 32
		length = version + 1 + data[version]
		data[length:length + 3] = b"\xff\xff\xff"
		open("long", "wb").write(data)
	END
	put lost base usr/bin/lost
	put long base usr/bin/long
	put lost base usr/lib/debug/lost.debug
	put "$BATS_FILE_TMPDIR/amd64" base usr/bin/whole
	image broken base
	run plimsoll scan broken
	assert_status 0
	assert_output_has 'could not read usr/bin/half in layer' 'cut short' 'could not read usr/bin/lost' 'without build information' \
		'could not read usr/bin/long'
	refute_output_has usr/bin/other usr/bin/whole lost.debug
	[ "$(list broken 'select(.name == "stdlib").path')" = usr/bin/whole ]
	run plimsoll scan --fail-on critical broken
	assert_status 3
}

@test "advisories of Go are matched, the standard library among them" {
	put "$BATS_FILE_TMPDIR/amd64" app app
	echo 'COPY app /' >layers/app.instruction
	image app app
	osv() { # ID MODULE EVENTS
		printf '{"id":"%s","modified":"2026-01-02T03:04:05Z","affected":[{"package":{"ecosystem":"Go","name":"%s"},"ranges":[{"type":"SEMVER","events":[%s]}]}]}\n' "$@"
	}
	{
		osv GO-2026-0001 stdlib '{"introduced":"0"},{"fixed":"1.18.5"},{"introduced":"1.19.0-0"},{"fixed":"99.1.2"}'
		osv GO-2026-0002 stdlib '{"introduced":"0"},{"fixed":"1.18.9"}'
		osv GO-2026-0003 example.com/lib '{"introduced":"1.3.0"},{"fixed":"1.4.1"}'
		osv GO-2026-0004 example.com/lib '{"introduced":"1.3.0"},{"fixed":"1.4.0"}'
		osv GO-2026-0005 example.com/old '{"introduced":"0"}'
		osv GO-2026-0007 example.com/app '{"introduced":"0"}' # a version that the program does not tell
		osv GO-2026-0006 example.com/fork '{"introduced":"0"},{"fixed":"1.0.1"}'
	} >all.jsonl
	plimsoll advisories import all.jsonl
	output=$(plimsoll --format json scan app | jq -r '.findings[] | "\(.advisory) \(.package) \(.fixed) \(.instruction)"' | sort)
	echo "$output"
	[ "$output" = 'GO-2026-0001 stdlib 99.1.2 COPY app /
GO-2026-0003 example.com/lib 1.4.1 COPY app /
GO-2026-0006 example.com/fork 1.0.1 COPY app /' ]
	run plimsoll scan app
	assert_output_has 'not compared: 2 Go modules without a version'
	run plimsoll scan --explain GO-2026-0007 app
	assert_output_has 'example.com/app (devel): not reported' 'does not say of which version'
}
