#!/usr/bin/env bats
# COPY and symbolic links, in the context and in the target.
load ../lib/common
load ../lib/compare

@test "COPY: links in the context and in the target" {
	same copy-links <<-'X'
	FROM base:1
	COPY d /links
	X
	refused copy-link-out <<-'X'
	FROM base:1
	COPY absolute /etc/
	X
	same copy-link-by-pattern <<-'X'
	FROM base:1
	COPY d/li* /by-pattern/
	COPY dl* /folder-by-pattern
	X
	refused copy-link-dangling <<-'X'
	FROM base:1
	COPY dangling /etc/
	X
	same copy-through-link <<-'X'
	FROM base:1
	COPY dlink /followed
	COPY d/link /file-of-link
	COPY dlink/f /beneath
	X
	same copy-into-linked-folder <<-'X'
	FROM base:1
	RUN mkdir /real && ln -s /real /absolute && ln -s real /relative
	COPY a.txt /absolute/
	COPY b.txt /relative/x
	COPY d /relative
	X
	same copy-over-link <<-'X'
	FROM base:1
	RUN ln -s /etc/passwd /l && mkdir /in && ln -s /etc/group /in/a.txt
	COPY a.txt /in/
	X
	same copy-to-file-link <<-'X'
	FROM base:1
	RUN ln -s /etc/passwd /l
	COPY a.txt /l
	X
}

@test "COPY: a link where a folder of the source goes, and links on the way" {
	refused copy-folder-over-linked-folder <<-'X'
	FROM base:1
	RUN mkdir -p /x/real && ln -s real /x/sub
	COPY d /x
	X
	same copy-link-over-file <<-'X'
	FROM base:1
	RUN mkdir /x && echo old >/x/link && ln -s f /x/f2
	COPY d /x
	X
	same copy-through-dangling-folder <<-'X'
	FROM base:1
	RUN ln -s /later/on /l
	COPY a.txt /l/in/
	WORKDIR /l/work
	X
	same copy-links-of-links <<-'X'
	FROM base:1 AS one
	RUN mkdir -p /a/b && echo 1 >/a/b/f && ln -s /a/b /abs && ln -s abs /twice && ln -s ../../../a /a/b/up
	FROM base:1
	COPY --from=one /twice/f /1
	COPY --from=one /twice /2
	COPY --from=one /abs/up/b/f /3
	COPY --from=one /a /4
	X
	refused copy-link-loop <<-'X'
	FROM base:1 AS one
	RUN ln -s loop /loop
	FROM base:1
	COPY --from=one /loop /x
	X
}
