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
