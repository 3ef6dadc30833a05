#!/usr/bin/env bats
# ADD of files and archives.
load ../lib/common
load ../lib/compare

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
