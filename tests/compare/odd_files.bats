#!/usr/bin/env bats
# Odd names, numbers and kinds of files.
load ../lib/common
load ../lib/compare

@test "odd names, numbers and kinds of files" {
	local long
	long=$(printf 'n%.0s' {1..200})
	mkdir -p "ctx/o/$long/$long"
	echo 1 >"ctx/o/$long/$long/$long"
	echo 2 >ctx/o/$'\xc3\xa9 \xe2\x82\xac'
	echo 3 >ctx/o/none
	chmod 000 ctx/o/none
	ln -s "$long/$long/$long" ctx/o/long-link
	: >ctx/o/zero
	find ctx/o -exec touch -h -d @1400000000.5 {} +
	same odd-context <<-'X'
	FROM base:1
	COPY o /o
	COPY --chown=3000000:4000000000 o/zero /big
	X
	same odd-run <<-'X'
	FROM base:1
	RUN mknod /fifo p && mkdir -m 000 /shut && ln -s "a b" "/c d" && touch -d @-5 /before && chown 3000000:3000001 /fifo
	RUN dd if=/dev/zero of=/sparse bs=1 seek=100000 count=1
	RUN echo x >"/new
	line" && chmod 2750 /tmp && mkdir /run && touch /run/x
	X
	same odd-paths <<-'X'
	FROM base:1
	COPY d/. /dot
	COPY ./ /slash/
	COPY /d/f /rooted
	ADD . /added-folder-with-archives
	ADD *.tar* /archives/
	COPY d/sub/../f /up
	COPY a.txt //double//slash
	COPY a.txt /etc/../up2
	X
}
