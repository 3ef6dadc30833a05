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
	RUN echo x >"$(printf '/new\nline')" && chmod 2750 /tmp && mkdir /run && touch /run/x
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

@test "sparse files, extended attributes, many hard links, odd bytes in names" {
	python3 - <<-'PY'
	import os
	os.makedirs("ctx/o/h")
	with open("ctx/o/sparse", "wb") as f:
	    f.truncate(3000000)
	    f.seek(1500000)
	    f.write(b"x")
	with open("ctx/o/attr", "w") as f:
	    f.write("a")
	os.setxattr("ctx/o/attr", "user.color", b"blue\0\xff")
	for i in range(3):
	    with open(f"ctx/o/h/{i}", "w") as f:
	        f.write(str(i))
	    os.link(f"ctx/o/h/{i}", f"ctx/o/{i}")
	for name in ["a\nb", "tab\there", "-dash", "star*", "back\\slash", "quote'\"", " lead", "caf\u00e9", ".wh", "$HOME"]:
	    open("ctx/o/" + name, "w").close()
	PY
	find ctx/o -exec touch -h -d @1400000000 {} +
	same odd-files <<-'X'
	FROM base:1
	COPY o /o
	COPY ["o/star*", "o/-dash", "o/ lead", "/names/"]
	COPY o/$HOME /home/
	X
	same odd-from-stage <<-'X'
	FROM base:1 AS one
	COPY o /o
	RUN ln /o/attr /o/attr2
	FROM base:1
	COPY --from=one /o /p
	X
}
