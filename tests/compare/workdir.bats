#!/usr/bin/env bats
# WORKDIR.
load ../lib/common
load ../lib/compare

@test "WORKDIR" {
	same workdir <<-'X'
	FROM base:1
	WORKDIR /a
	WORKDIR b/../c
	WORKDIR ./d/
	RUN touch here
	ENV DIR=/env
	WORKDIR $DIR/${DIR}x
	WORKDIR /tmp
	X
	same workdir-user <<-'X'
	FROM base:1
	USER nobody
	WORKDIR /made/by/nobody
	X
	same workdir-link <<-'X'
	FROM base:1
	RUN mkdir /real && ln -s /real /l
	WORKDIR /l/in
	COPY a.txt .
	X
}

@test "WORKDIR: whose the folders are, and how the path is written" {
	same workdir-owner <<-'X'
	FROM base:1
	RUN mkdir -m 711 /there
	USER nobody:root
	WORKDIR /there/made
	USER 5
	WORKDIR /five/deep
	USER 5:6
	WORKDIR more
	USER root
	WORKDIR /roots
	X
	same workdir-unknown-user <<-'X'
	FROM base:1
	USER stranger
	WORKDIR /x
	X
	same workdir-scratch <<-'X'
	FROM scratch
	WORKDIR /x/y
	COPY a.txt .
	X
	same workdir-unclean <<-'X'
	FROM base:1
	WORKDIR /a//b/../c/
	X
	same workdir-root <<-'X'
	FROM base:1
	WORKDIR /
	WORKDIR ..
	X
	refused workdir-file <<-'X'
	FROM base:1
	COPY a.txt /x
	WORKDIR /x
	X
}
