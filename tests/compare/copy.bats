#!/usr/bin/env bats
# COPY of files, folders and patterns, over what is there, and its flags.
load ../lib/common
load ../lib/compare

@test "COPY: files to names, into folders, over what is there" {
	same copy-file <<-'X'
	FROM base:1
	COPY a.txt /new
	COPY a.txt /etc/
	COPY b.txt /made/deep/b
	COPY run.sh suid own /bin/
	COPY b.txt /etc/passwd
	COPY ["with space", "/in a folder/"]
	COPY hard /hard
	X
	same copy-into-existing-folder <<-'X'
	FROM base:1
	COPY a.txt /etc
	COPY d/f /made
	COPY a.txt .
	COPY a.txt ./x/../y
	COPY b.txt /tmp/.
	X
	same copy-folders <<-'X'
	FROM base:1
	COPY d /d
	COPY d /etc
	COPY d/ /with-slash/
	COPY d e /both/
	COPY sticky /sticky
	COPY setgid /setgid
	COPY sticky setgid /contents/
	COPY d/empty /empty
	X
	same copy-all <<-'X'
	FROM base:1
	WORKDIR /app
	COPY . .
	X
}

@test "COPY: patterns" {
	same copy-patterns <<-'X'
	FROM base:1
	COPY *.txt /texts/
	COPY ?.txt /one-letter/
	COPY [ab].txt /class/
	COPY d/* /star/
	COPY */f /twice/
	COPY d/s* /s
	COPY a*.txt /single
	X
	same copy-pattern-none <<-'X'
	FROM base:1
	COPY *.nothing /x/
	COPY a.txt *.nothing /y/
	X
	refused copy-missing <<-'X'
	FROM base:1
	COPY nothing /x
	X
	refused copy-many-to-file <<-'X'
	FROM base:1
	COPY a.txt b.txt /x
	X
	refused copy-pattern-to-file <<-'X'
	FROM base:1
	COPY *.txt /x
	X
	same copy-many-to-folder-without-slash <<-'X'
	FROM base:1
	RUN mkdir /x
	COPY a.txt b.txt /x
	COPY *.txt d /etc
	COPY d e /merged
	X
	refused copy-outside <<-'X'
	FROM base:1
	COPY ../outside /x
	X
}

@test "COPY: over files and folders of other kinds" {
	same copy-folder-over-folder <<-'X'
	FROM base:1
	RUN mkdir -m 700 /x /x/sub && chown 5:5 /x && touch /x/kept
	COPY d /x
	X
	same copy-metadata-of-folders <<-'X'
	FROM base:1
	RUN mkdir -p -m 711 /x/sub/deep && chmod 711 /x /x/sub && chown -R 5:6 /x
	COPY d /x
	COPY --chown=7:8 d/sub /x/sub
	COPY d/sub /new/sub
	COPY --chown=7:8 d/sub /new/owned
	COPY . /
	X
	refused copy-folder-over-file <<-'X'
	FROM base:1
	RUN echo 1 >/x
	COPY d /x
	X
	refused copy-file-over-folder <<-'X'
	FROM base:1
	RUN mkdir -p /x/a.txt/y
	COPY a.txt /x/
	COPY d/f /x/a.txt/y
	COPY e /x/a.txt/y/f/
	X
	same copy-file-twice <<-'X'
	FROM base:1
	COPY a.txt /x
	COPY b.txt /x
	COPY run.sh /x
	X
}

@test "COPY --chown, --chmod" {
	same copy-chown <<-'X'
	FROM base:1
	COPY --chown=5:6 a.txt d /numbers/
	COPY --chown=5 d /user-only
	COPY --chown=nobody d /name
	COPY --chown=nobody:root a.txt /names/
	COPY --chown=nobody:nogroup suid /suid
	COPY --chown=9:9 a.txt /made/by/chown/x
	COPY --chown=9:9 d /etc
	X
	same copy-chown-arg --build-arg who=3:4 <<-'X'
	FROM base:1
	ARG who
	COPY --chown=$who a.txt /x
	X
	same -k copy-chmod <<-'X'
	FROM base:1
	COPY --chmod=640 a.txt /x
	COPY --chmod=0711 d /d
	COPY --chmod=600 --chown=3:4 d e /both/
	ADD --chmod=400 b.txt /added
	X
	same -k copy-flags-empty <<-'X'
	FROM base:1
	COPY --chmod= --chown= own run.sh /x/
	X
	refused copy-chown-unknown <<-'X'
	FROM base:1
	COPY --chown=stranger a.txt /x
	X
	refused copy-chown-unknown-group <<-'X'
	FROM base:1
	COPY --chown=0:strangers a.txt /x
	X
	refused copy-chown-no-passwd <<-'X'
	FROM scratch
	COPY --chown=nobody a.txt /x
	X
	same -k copy-chmod-set-id <<-'X'
	FROM base:1
	COPY --chmod=4755 run.sh /suid
	COPY --chmod=2711 d /sgid
	COPY --chmod=1777 d/empty /sticky/made
	COPY --chmod=755 suid /plain
	X
	refused -k copy-chmod-not-octal <<-'X'
	FROM base:1
	COPY --chmod=9 a.txt /x
	X
	refused -k copy-chmod-too-much <<-'X'
	FROM base:1
	COPY --chmod=17777 a.txt /x
	X
	same user-does-not-own-copies <<-'X'
	FROM base:1
	USER 65534
	COPY a.txt /x
	COPY d /made/d
	WORKDIR /w
	X
}
