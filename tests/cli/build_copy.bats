#!/usr/bin/env bats
# plimsoll build: the flags of COPY and ADD that docker 20.10 does not have, by the Dockerfile reference, and archives
# that mean harm. What docker 20.10 has is compared with it in tests/compare.

load ../lib/common
load ../lib/build

setup() {
	common_setup
	need_root
	mkdir -p ctx/d/e
	echo 1 >ctx/a.txt
	echo 2 >ctx/b.md
	echo 3 >ctx/d/a.txt
	echo 4 >ctx/d/run.sh
	echo 5 >ctx/d/e/c.txt
	chmod 640 ctx/a.txt
	chmod 700 ctx/d/e ctx/d/run.sh
}

teardown() {
	common_teardown
}

build() { # arguments
	run plimsoll build "$@" ctx
}

# A Dockerfile of FROM scratch and these lines builds.
built() { # line...
	printf '%s\n' 'FROM scratch' "$@" | dockerfile
	build -t t
	assert_status 0
}

# It does not, and the message points at its second line.
refused() { # line, words that the message has...
	printf '%s\n' 'FROM scratch' "$1" | dockerfile
	shift
	build -t t
	assert_status 5
	assert_output_has "Dockerfile:2: " '^' "$@"
}

names() {
	entries t | awk '{ print $3 }' | xargs
}

history_of() { # nth from the end, 1 is the last
	plimsoll inspect t | jq -r ".config.history[-$1].created_by"
}

@test "--chmod: symbolic, on files and folders, and with variables" {
	built 'ARG M=u=rwX,go=rX' 'COPY --chmod=$M d /d'
	assert_eq "$(entries t)" "$(printf '%s\n' 'drwxr-xr-x 0/0 d/' '-rw-r--r-- 0/0 d/a.txt' 'drwxr-xr-x 0/0 d/e/' \
		'-rw-r--r-- 0/0 d/e/c.txt' '-rwxr-xr-x 0/0 d/run.sh')"
	assert_eq "$(history_of 1)" 'COPY --chmod=u=rwX,go=rX d /d'
	built 'COPY --chmod=g=u a.txt /' 'ADD --chmod=a+x,u+s a.txt /x'
	assert_eq "$(entries t)" "$(printf '%s\n' '-rw-rw---- 0/0 a.txt' '-rwsr-x--x 0/0 x')"
	refused 'COPY --chmod=u=rwz a.txt /x' "'u=rwz' is no mode"
	refused 'COPY --chmod=888 a.txt /x' "'888' is no mode"
	refused 'COPY --chmod=17777 a.txt /x' "'17777' is no mode"
	built 'COPY --chmod= --chown= --from= a.txt /x' # as with docker: none were said
	assert_eq "$(entries t)" '-rw-r----- 0/0 x'
}

@test "--chmod: folders that are made get it, as with BuildKit today; those that are there do not" {
	built 'COPY a.txt /there/f' 'COPY --chmod=u=rwx,g=rx,o= a.txt /there/made/too/f' 'COPY --chmod=700 d/e /folder'
	assert_eq "$(entries t | grep '/$')" "$(printf '%s\n' 'drwxr-xr-x 0/0 there/' 'drwxr-xr-x 0/0 there/' \
		'drwxr-x--- 0/0 there/made/' 'drwxr-x--- 0/0 there/made/too/' 'drwx------ 0/0 folder/')"
}

@test "ADD of an archive replaces what is of another kind, COPY does not" {
	mkdir -p x/new
	echo folder >x/new/f
	echo file >x/old
	tar -C x -cf ctx/x.tar .
	echo was >ctx/new
	built 'COPY new /' 'COPY d /old' 'ADD x.tar /'
	plimsoll build -o out ctx >/dev/null
	assert_eq "$(cat out/new/f out/old)" "$(printf '%s\n' folder file)"
	cp -a x ctx/x
	printf '%s\n' 'FROM scratch' 'COPY d /old' 'COPY x /' | dockerfile
	build -t t
	assert_status 5
	assert_output_has "Dockerfile:3: " "'old' is a folder in the image and a file in the source"
}

@test "--chown with variables, and owners up to the last number" {
	built 'ARG U=5' 'ENV G=6' 'COPY --chown=$U:${G} a.txt /' 'COPY --chown=4294967294:4294967294 a.txt /x'
	assert_eq "$(entries t)" "$(printf '%s\n' '-rw-r----- 5/6 a.txt' '-rw-r----- 4294967294/4294967294 x')"
	refused 'COPY --chown=4294967295 a.txt /x' 'no user or group number'
	refused 'COPY --chown=web a.txt /x' 'the image has no /etc/passwd'
}

@test "--exclude: many, of paths within what is copied" {
	built 'COPY --exclude=*.md --exclude=d/e --exclude=Dockerfile . /x/'
	assert_eq "$(names)" "x/ x/a.txt x/d/ x/d/a.txt x/d/run.sh"
	assert_eq "$(history_of 1)" 'COPY --exclude=*.md --exclude=d/e --exclude=Dockerfile . /x/'
	built 'ADD --exclude=**/*.txt d /x'
	assert_eq "$(names)" "x/ x/e/ x/run.sh"
	built 'COPY --exclude=* --exclude=!*.sh d /x'
	assert_eq "$(names)" "x/ x/run.sh"
	# What a pattern finds goes by its name.
	built 'ARG KIND=txt' 'COPY --exclude=*.$KIND *.txt *.md /x/'
	assert_eq "$(names)" "x/ x/b.md"
	refused 'COPY --exclude=[ . /x/' "not a well-formed pattern"
	refused 'COPY --exclude= . /x/'
}

@test "--exclude: another pattern is another step, and the same one is known" {
	printf '%s\n' 'FROM scratch' 'COPY --exclude=*.md . /x/' | dockerfile
	build -t t
	build -t t
	assert_output_has "cached"
	echo changed >ctx/b.md
	build -t t
	assert_output_has "cached"
	printf '%s\n' 'FROM scratch' 'COPY --exclude=*.txt . /x/' | dockerfile
	build -t t
	refute_output_has "COPY --exclude=*.txt . /x/ cached"
}

@test "--exclude and --parents in what another stage has" {
	printf '%s\n' 'FROM scratch AS one' 'COPY . /src/' 'FROM scratch' 'COPY --from=one --exclude=**/*.txt /src /y/' \
		'COPY --from=one --parents /src/./d/**/c.txt /z' | dockerfile
	build -t t
	assert_status 0
	assert_eq "$(names)" "y/ y/Dockerfile y/b.md y/d/ y/d/e/ y/d/run.sh z/ z/d/ z/d/e/ z/d/e/c.txt"
}

@test "--parents: folders are kept from the pivot on" {
	built 'COPY --parents d/e/c.txt ./a.txt /x/'
	assert_eq "$(entries t)" "$(printf '%s\n' 'drwxr-xr-x 0/0 x/' '-rw-r----- 0/0 x/a.txt' 'drwxr-xr-x 0/0 x/d/' \
		'drwx------ 0/0 x/d/e/' '-rw-r--r-- 0/0 x/d/e/c.txt')"
	assert_eq "$(history_of 1)" 'COPY --parents d/e/c.txt ./a.txt /x/'
	built 'COPY --parents ./d/./*/*.txt /x/'
	assert_eq "$(names)" "x/ x/e/ x/e/c.txt"
	built 'COPY --parents **/*.txt /x'
	assert_eq "$(names)" "x/ x/a.txt x/d/ x/d/a.txt x/d/e/ x/d/e/c.txt"
	built 'COPY --parents --exclude=d/e --chown=5:6 --chmod=g=u d /x'
	assert_eq "$(entries t)" "$(printf '%s\n' 'drwxrwxr-x 5/6 x/' 'drwxrwxr-x 5/6 x/d/' '-rw-rw-r-- 5/6 x/d/a.txt' \
		'-rwxrwx--- 5/6 x/d/run.sh')"
	built 'COPY --parents=false d/e/c.txt /x/'
	assert_eq "$(names)" "x/ x/c.txt"
	refused 'COPY --parents d/none.txt /x/' "'d/none.txt' is not there"
	refused 'COPY https://example.org/a /x/' 'COPY takes files, not a URL: ADD fetches one'
	refused 'COPY --parents ../x /x/' "lies outside"
	refused 'COPY --parents=perhaps a.txt /x/' "either true or false"
	refused 'ADD --parents a.txt /x/' "has no flag --parents"
}

@test "--parents sees what .dockerignore leaves" {
	printf '%s\n' 'd/e' '*.md' >ctx/.dockerignore
	built 'COPY --parents **/*.txt **/*.md /x'
	assert_eq "$(names)" "x/ x/a.txt x/d/ x/d/a.txt"
	refused 'COPY --parents d/e/c.txt /x' "left out by .dockerignore"
}

@test "--link: links below are not followed, and names of owners are those of the image" {
	mkdir -p ctx/etc
	echo 'web:x:33:44::/:' >ctx/etc/passwd
	ln -s /elsewhere ctx/etc/l
	printf '%s\n' 'FROM scratch AS one' 'COPY etc /etc' 'COPY a.txt /elsewhere/' 'FROM one' \
		'COPY --link --chown=web a.txt /etc/l/' 'COPY --link --chmod=a=r a.txt /new' | dockerfile
	build -t t
	assert_status 0
	assert_eq "$(entries t | tail -4)" "$(printf '%s\n' 'drwxr-xr-x 33/44 etc/' 'drwxr-xr-x 33/44 etc/l/' \
		'-rw-r----- 33/44 etc/l/a.txt' '-r--r--r-- 0/0 new')"
	# The layer does not depend on what is below.
	layer=$(plimsoll inspect t | jq -r '.config.rootfs.diff_ids[-1]')
	printf '%s\n' 'FROM scratch' 'COPY b.md /other' 'COPY --link --chmod=a=r a.txt /new' | dockerfile
	build -t t
	assert_output_has "--link --chmod=a=r a.txt /new cached"
	assert_eq "$(plimsoll inspect t | jq -r '.config.rootfs.diff_ids[-1]')" "$layer"
	refused 'COPY --link --chown=stranger a.txt /' "'stranger' cannot be looked up"
}

@test "here-documents take --chmod and --chown" {
	dockerfile <<-'OUT'
	FROM scratch
	COPY --chmod=u=rwx,go=rx --chown=5:6 <<one <<two /bin/
	1
	one
	2
	two
	ADD --chmod=400 <<one /three
	3
	one
	OUT
	build -t t
	assert_status 0
	assert_eq "$(entries t)" "$(printf '%s\n' 'drwxr-xr-x 5/6 bin/' '-rwxr-xr-x 5/6 bin/one' '-rwxr-xr-x 5/6 bin/two' \
		'-r-------- 0/0 three')"
	printf '%s\n' 'FROM scratch' 'COPY <<one <<two /x' 1 one 2 two | dockerfile
	build
	assert_status 5
	assert_output_has "each would replace the one before" "Dockerfile:2: "
}

@test "in here-documents the escape is the backslash, whatever the Dockerfile's is, as with BuildKit" {
	dockerfile <<-'OUT'
	# escape=`
	FROM scratch
	ARG V=v
	COPY <<one <<'two' /
	$V \$V `$V a\b "q"
	one
	$V \$V `$V
	two
	OUT
	build -t t
	assert_status 0
	local layer
	layer=$(plimsoll inspect t | jq -r '.manifest.layers[0].digest')
	assert_eq "$(tar xzOf "$STATE/blobs/sha256/${layer#sha256:}" one)" 'v $V `v ab "q"'
	assert_eq "$(tar xzOf "$STATE/blobs/sha256/${layer#sha256:}" two)" '$V \$V `$V'
}

@test "several files for one name are refused, for a folder they are not" {
	refused 'COPY a.txt b.md /x' "each would replace the one before"
	refused 'COPY *.* /x' "each would replace the one before"
	built 'COPY a.txt /x/' 'COPY a.txt b.md /x' 'COPY d ./d/e /y'
	assert_eq "$(names)" "x/ x/a.txt x/ x/a.txt x/b.md y/ y/a.txt y/c.txt y/e/ y/e/c.txt y/run.sh"
}

@test "ADD --unpack, and archives told by what is in them" {
	tar cf ctx/x.tar --owner=7 --group=8 -C ctx d/a.txt
	for z in gzip zstd xz bzip2; do
		command -v $z >/dev/null || continue
		$z -qc ctx/x.tar >ctx/$z.arc
		built "ADD $z.arc /x/" "ADD --unpack=true $z.arc /y/" "ADD --unpack=false $z.arc /z/"
		assert_eq "$(names)" "x/ x/d/ x/d/a.txt y/ y/d/ y/d/a.txt z/ z/$z.arc"
		assert_eq "$(history_of 1)" "ADD --unpack=false $z.arc /z/"
		# Not an archive within: copied as it is.
		$z -qc ctx/a.txt >ctx/no.tar.$z
		built "ADD no.tar.$z /"
		assert_eq "$(names)" "no.tar.$z"
	done
	refused 'ADD --unpack=maybe x.tar /' "either true or false"
	refused 'COPY --unpack x.tar /' "has no flag --unpack"
}

# An archive with one entry that means harm after a good one; nothing of it reaches an image.
@test "hostile archives are refused whole" {
	python3 - <<-'PY'
	import io, tarfile, zlib
	R, S, L, D = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE
	def make(name, *members):
	    with tarfile.open("ctx/" + name, "w", format=tarfile.PAX_FORMAT) as t:
	        for n, kind, link in (("good", R, ""), *members):
	            i = tarfile.TarInfo(n)
	            i.type = kind
	            i.linkname = link
	            if kind in (tarfile.CHRTYPE, tarfile.BLKTYPE):
	                i.devmajor, i.devminor = 8, 0
	            t.addfile(i, io.BytesIO())
	make("dots.tar", ("a/../../../escaped", R, ""))
	make("link-out.tar", ("l", S, "../../../../../../tmp"), ("l/plimsoll-escaped", R, ""))
	make("link-abs.tar", ("l", S, "/tmp"), ("l/plimsoll-escaped", R, ""))
	make("hard-out.tar", ("h", L, "../../../etc/passwd"))
	make("hard-by-link.tar", ("l", S, "/etc"), ("h", L, "l/passwd"))
	make("hard-nothing.tar", ("h", L, "not-there"))
	make("block.tar", ("sda", tarfile.BLKTYPE, ""))
	make("char.tar", ("mem", tarfile.CHRTYPE, ""))
	make("whiteout.tar", ("d", D, ""), ("d/.wh.a", R, ""))
	make("file-as-folder.tar", ("good/in", R, ""))
	with open("ctx/good.tar", "wb") as f:
	    with tarfile.open(fileobj=f, mode="w") as t:
	        i = tarfile.TarInfo("good"); i.size = 100000; t.addfile(i, io.BytesIO(b"x" * 100000))
	data = open("ctx/good.tar", "rb").read()
	open("ctx/cut.tar", "wb").write(data[:50000])
	open("ctx/cut.tar.gz", "wb").write(zlib.compress(data, wbits=31)[:-20])
	# 70 GiB of nothing said in a header.
	i = tarfile.TarInfo("bomb"); i.size = 70 << 30
	open("ctx/bomb.tar", "wb").write(i.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
	PY
	for a in ctx/*.tar ctx/*.tar.gz; do
		a=${a#ctx/}
		[ "$a" != good.tar ] || continue
		refused "ADD $a /" "$a"
		[ ! -e /tmp/plimsoll-escaped ]
	done
	run plimsoll inspect t
	[ "$status" -ne 0 ]
}

@test "an absolute name in an archive stays within the target" {
	python3 - <<-'PY'
	import io, tarfile
	with tarfile.open("ctx/abs.tar", "w") as t:
	    i = tarfile.TarInfo("/plimsoll-escaped"); t.addfile(i, io.BytesIO())
	PY
	built 'ADD abs.tar /x/'
	assert_eq "$(names)" "x/ x/plimsoll-escaped"
	[ ! -e /plimsoll-escaped ]
}

@test "names with odd bytes, and long ones" {
	mkdir ctx/odd
	touch ctx/odd/$'new\nline' ctx/odd/$'\xff\xfe' ctx/odd/'star*' ctx/odd/' blank'
	long=$(printf 'n%.0s' {1..200})
	mkdir -p "ctx/odd/$long/$long/$long/$long/$long"
	echo deep >"ctx/odd/$long/$long/$long/$long/$long/f"
	built 'COPY odd /odd' 'COPY ["odd/ blank", "/b/"]'
	plimsoll inspect t | jq -r '.manifest.layers[0].digest' | {
		read -r d
		tar tzf "$STATE/blobs/sha256/${d#sha256:}" --quoting-style=escape
	} >listing
	grep -qF 'odd/\377\376' listing
	grep -qF 'odd/new\nline' listing
	grep -qF "$long/f" listing
}
