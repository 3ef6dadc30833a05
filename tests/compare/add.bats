#!/usr/bin/env bats
# ADD of files and archives.
load ../lib/common
load ../lib/compare
load ../lib/web

@test "ADD: files and archives" {
	same add <<-'X'
	FROM base:1
	ADD a.txt /plain
	ADD d /d
	ADD *.txt /texts/
	ADD a.txt.gz /not-an-archive.gz
	X
	same add-archives <<-'X'
	FROM base:1
	ADD a.tar /tar
	ADD a.tar.gz /gz/
	ADD a.tar.bz2 /bz2/
	ADD a.tar.xz /xz/
	COPY a.tar /copied/
	X
	same add-archive-over <<-'X'
	FROM base:1
	RUN mkdir -p /o/x && echo old >/o/x/y && echo kept >/o/x/kept && chmod 700 /o
	ADD a.tar /o
	X
	same add-archive-chown <<-'X'
	FROM base:1
	ADD --chown=5:6 a.tar.gz /c/
	X
}

@test "ADD: the archive's own root, its owners, and what told by content is" {
	mkdir -m 700 top
	echo 1 >top/f
	chown 7:8 top top/f
	touch -d @1500000000 top top/f
	tar -C top --numeric-owner -cf ctx/root.tar .
	tar -C top --numeric-owner -cJf ctx/xz-without-a-name .
	tar -C top --numeric-owner -cjf ctx/bz2-without-a-name .
	xz -k <ctx/a.txt >ctx/no.tar.xz
	bzip2 -k <ctx/a.txt >ctx/no.tar.bz2
	head -c 3 ctx/a.tar.gz >ctx/cut.tar.gz
	: >ctx/empty.tar
	find ctx -maxdepth 1 -type f -exec touch -d @1500000000 {} +
	same add-archive-root <<-'X'
	FROM base:1
	RUN mkdir -m 711 /there && chown 5:5 /there
	ADD root.tar /new
	ADD root.tar /there
	ADD --chown=9:9 root.tar /owned/deep
	X
	same add-archive-by-content <<-'X'
	FROM base:1
	ADD xz-without-a-name /xz/
	ADD bz2-without-a-name /bz2/
	ADD no.tar.xz no.tar.bz2 /none/
	ADD empty.tar cut.tar.gz /broken/
	X
	same -k add-archive-chmod <<-'X'
	FROM base:1
	ADD --chmod=600 root.tar /mode/
	X
}

@test "ADD: archives in zstd" {
	zstd -q -c ctx/a.tar >ctx/a.tar.zst
	touch -d @1500000000 ctx/a.tar.zst
	same add-zstd <<-'X'
	FROM base:1
	ADD a.tar.zst /zst/
	X
}

# Docker's daemon fetches from the network that it runs in, whatever --network says of a RUN.
@test "ADD: files of the web" {
	web_start
	echo hello >"$WEB_ROOT/hello"
	cp ctx/a.tar.gz "$WEB_ROOT/x.tar.gz"
	touch -d @1500000000 "$WEB_ROOT"/*
	same add-url <<-X
	FROM base:1
	ADD $WEB/hello /named
	ADD $WEB/hello?x=/y $WEB/x.tar.gz a.txt /folder/
	ADD --chown=5:6 $WEB/hello /owned/
	RUN mkdir /there
	ADD $WEB/hello /there
	X
	echo other >hello
	touch -d @1500000000 hello
	mv hello ctx/hello
	same -k add-url-mode <<-X
	FROM base:1
	ADD --chmod=4711 $WEB/hello /mode
	X
	same add-url-order <<-X
	FROM base:1
	ADD $WEB/hello hello /last-is-the-context/
	ADD a.txt hello $WEB/hello b.txt /last-is-the-web/
	X
	refused add-url-missing <<-X
	FROM base:1
	ADD $WEB/nothing /x
	X
	refused copy-url <<-X
	FROM base:1
	COPY $WEB/hello /x
	X
}
