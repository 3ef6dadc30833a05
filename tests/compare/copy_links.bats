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
