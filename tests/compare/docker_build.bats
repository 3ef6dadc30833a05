#!/usr/bin/env bats
# The same Dockerfile and context, built by plimsoll and by Debian's docker (BuildKit or the classic builder), from one
# base: configuration and file system are the same, or the difference is one that docs/docker-differences.md argues.
load ../lib/common

# The classic builder takes twice BuildKit's time: BUILDERS='buildkit classic' compares with both.
BUILDERS=${BUILDERS:-buildkit}

# Debian's own client where a newer one is before it in the path: only that has BuildKit without a plugin.
DOCKER=/usr/bin/docker
NEEDED=("$DOCKER" dockerd skopeo python3 setcap)

have_all() {
	local c
	for c in "${NEEDED[@]}"; do
		command -v "$c" >/dev/null || return 1
	done
	[ "$(id -u)" = 0 ]
}

setup_file() {
	export STATE=$BATS_FILE_TMPDIR/state
	have_all || return 0
	# In a folder of the file's own, so that it outlives one test.
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	host_rootfs "$BATS_FILE_TMPDIR/root" mkdir rm ln chmod chown cp mv touch env setcap rmdir stat dd mknod
	tar -C "$BATS_FILE_TMPDIR/root" --numeric-owner --owner=0 --group=0 --mtime=@1000000000 \
		-cf "$BATS_FILE_TMPDIR/base.tar" .
	plimsoll trust init
	plimsoll import "$BATS_FILE_TMPDIR/base.tar" base:1
	skopeo copy -q --insecure-policy "oci:$STATE:base:1" "docker-archive:$BATS_FILE_TMPDIR/base.docker:base:1"
	docker_start
	export DOCKERD_PID DOCKER_HOST=$DOCKER_SOCKET
	"$DOCKER" load -q -i "$BATS_FILE_TMPDIR/base.docker"
}

teardown_file() {
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	docker_stop
	nothing_left
}

setup() {
	need_root
	need_cmd "${NEEDED[@]}"
	common_setup
	STATE=$BATS_FILE_TMPDIR/state
	context
}

# A test fails when one of its builds differs, after it did them all.
teardown() {
	# bats runs this without -e: each failure returns by itself.
	[ -e compared ] || [ -n "${BATS_TEST_SKIPPED:-}" ] || fail "nothing was compared" || return 1
	[ ! -s differences ] || fail "$(cat differences)" || return 1
	common_teardown
}

# What there is to copy: all of one old time, so that times of copied files can be compared.
context() {
	mkdir -p ctx/d/sub/deep ctx/d/empty ctx/e ctx/sticky ctx/setgid ctx/ar/x
	echo a >ctx/a.txt
	echo b >ctx/b.txt
	echo f >ctx/d/f
	echo g >ctx/d/sub/g
	echo h >ctx/d/sub/deep/h.txt
	echo e >ctx/e/f
	echo 'a name' >'ctx/with space'
	printf '#!/bin/sh\necho run\n' >ctx/run.sh
	ln -s f ctx/d/link
	ln -s /etc/passwd ctx/absolute
	ln -s d ctx/dlink
	ln -s nowhere ctx/dangling
	echo x >ctx/ar/x/y
	ln -s y ctx/ar/x/l
	ln ctx/ar/x/y ctx/ar/x/hard
	chown -R 7:8 ctx/ar/x
	echo own >ctx/own
	chown 1234:4321 ctx/own
	cp ctx/run.sh ctx/suid
	chmod 755 ctx/run.sh
	chmod 4755 ctx/suid
	chmod 600 ctx/b.txt
	chmod 700 ctx/d/sub
	chmod 1777 ctx/sticky
	chmod 2755 ctx/setgid
	mkdir ctx/hard
	echo hard >ctx/hard/1
	ln ctx/hard/1 ctx/hard/2
	find ctx -exec touch -h -d @1500000000 {} +
	tar -C ctx/ar --numeric-owner -cf ctx/a.tar .
	tar -C ctx/ar --numeric-owner -czf ctx/a.tar.gz x
	tar -C ctx/ar --numeric-owner -cjf ctx/a.tar.bz2 x
	tar -C ctx/ar --numeric-owner -cJf ctx/a.tar.xz x
	gzip -nc ctx/a.txt >ctx/a.txt.gz
	find ctx -exec touch -h -d @1500000000 {} +
}

note() { # text
	printf '%s\n' "$1" >>differences
}

with_docker() { # builder, image, further arguments
	local builder=$1 image=$2
	shift 2
	DOCKER_BUILDKIT=$([ "$builder" = buildkit ] && echo 1 || echo 0) \
		"$DOCKER" build --network none --force-rm -t "$image" "$@" ctx >docker.log 2>&1
}

# BuildKit sends a file again only when its size or time changed: each Dockerfile has a time of its own.
dockerfile() {
	cat >ctx/Dockerfile
	DOCKERFILES=$((${DOCKERFILES:-0} + 1))
	touch -d "@$((1500000000 + BATS_TEST_NUMBER * 1000 + DOCKERFILES))" ctx/Dockerfile
}

# The Dockerfile on standard input gives the same image everywhere.
#     same [-k] [-c] NAME [BUILD-ARGUMENT...] [-- KNOWN...]
# -k: BuildKit only, -c: the classic builder only (the other cannot do it, or does what we do not follow). KNOWN:
# patterns of differences that are ours on purpose: each must be there, and no other.
same() {
	local builders=$BUILDERS builder line name args=() pattern
	case $1 in
	-k) builders=${builders/classic/} && shift ;;
	-c) builders=${builders/buildkit/} && shift ;;
	esac
	name=$1
	shift
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		args+=("$1")
		shift
	done
	[ $# -eq 0 ] || shift
	dockerfile
	: >>compared
	plimsoll build -t "$name:1" "${args[@]}" ctx >ours.log 2>&1 || {
		note "$name: ours: $(cat ours.log)"
		return 0
	}
	for builder in $builders; do
		echo "$name" >>compared
		with_docker "$builder" "$name:1" "${args[@]}" || {
			note "$name: $builder: $(tail -5 docker.log)"
			continue
		}
		"$DOCKER" save -o saved.tar "$name:1"
		python3 "$PLIMSOLL_SRC/tests/lib/compare_images.py" "$STATE" "$name:1" saved.tar >lines || [ -s lines ] ||
			note "$name: $builder: cannot compare"
		for pattern; do
			grep -qE -- "$pattern" lines || note "$name: $builder: no longer differs: $pattern"
		done
		while read -r line; do
			for pattern; do
				grep -qE -- "$pattern" <<<"$line" && continue 2
			done
			note "$name: $builder: $line"
		done <lines
		rm -f saved.tar
	done
}

# Nobody builds it.
refused() { # [-k] NAME [BUILD-ARGUMENT...]
	local builders=$BUILDERS builder name
	case $1 in
	-k) builders=${builders/classic/} && shift ;;
	-c) builders=${builders/buildkit/} && shift ;;
	esac
	name=$1
	shift
	dockerfile
	echo "$name" >>compared
	plimsoll build -t "$name:1" "$@" ctx >ours.log 2>&1 && note "$name: ours builds it"
	for builder in $builders; do
		with_docker "$builder" "$name:1" "$@" && note "$name: $builder builds it"
	done
	return 0
}

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
	refused copy-pattern-none <<-'X'
	FROM base:1
	COPY *.nothing /x/
	X
	refused copy-missing <<-'X'
	FROM base:1
	COPY nothing /x
	X
	refused copy-many-to-file <<-'X'
	FROM base:1
	COPY a.txt b.txt /x
	X
	refused copy-outside <<-'X'
	FROM base:1
	COPY ../outside /x
	X
}

@test "COPY: links in the context and in the target" {
	same copy-links <<-'X'
	FROM base:1
	COPY d /links
	COPY absolute dangling /etc/
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

@test "COPY: over files and folders of other kinds" {
	same copy-folder-over-folder <<-'X'
	FROM base:1
	RUN mkdir -m 700 /x /x/sub && chown 5:5 /x && touch /x/kept
	COPY d /x
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
	COPY --chmod=4755 run.sh /made/suid
	COPY --chmod=600 --chown=3:4 d e /both/
	ADD --chmod=400 b.txt /added
	X
	refused copy-chown-unknown <<-'X'
	FROM base:1
	COPY --chown=stranger a.txt /x
	X
	same user-does-not-own-copies <<-'X'
	FROM base:1
	USER 65534
	COPY a.txt /x
	COPY d /made/d
	WORKDIR /w
	X
}

@test "COPY --from a stage by name and number, and an image" {
	same copy-from <<-'X'
	FROM base:1 AS First
	RUN mkdir -p /out/sub && echo 1 >/out/a && echo 2 >/out/sub/b && chown -R 3:4 /out && chmod 4711 /out/a && \
	    ln -s a /out/l && ln /out/a /out/hard && touch -d @1400000000 /out/a /out/sub /out
	FROM base:1
	COPY --from=first /out /all
	COPY --from=0 out/a /number
	COPY --from=First /out/sub/ /out/l /several/
	COPY --from=base:1 /etc/passwd /image
	COPY --from=0 --chown=9:9 /out /owned
	X
	same copy-from-relative <<-'X'
	FROM base:1 AS one
	WORKDIR /w
	RUN echo 1 >f
	FROM base:1
	WORKDIR /x
	COPY --from=one w/f ./
	COPY --from=one /etc/*s* etc/
	X
	same from-stage <<-'X'
	FROM base:1 AS one
	ENV A=1
	USER 5
	WORKDIR /w
	CMD ["x"]
	FROM one AS two
	LABEL a=$A
	FROM two
	RUN echo "$A" >/tmp/a
	X
}

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

@test "ENV and ARG: substitution, quotes, escapes" {
	same env <<-'X'
	FROM base:1
	ENV A=1 B="two words" C='single $A' D=three\ words
	ENV E the rest of the line  is one
	ENV F=$A G=${B} H="${A}x" I='${A}' J=\$A K="\$A" L="\"" M='a\b' N="a\b" O=a\\b
	ENV A=2 P=$A
	ENV Q=${A:-x} R=${nope:-def} S=${nope:+no} T=${A:+yes} U=${nope} V=${nope:-$A} W=${nope:-${B}}
	ENV X= Y="" Z=end
	ENV PATH=/x:$PATH
	ENV abc=hello
	ENV abc=bye def=$abc
	ENV ghi=$abc
	X
	same arg --build-arg given=1 --build-arg override=new <<-'X'
	ARG before=base:1
	ARG kept=outer
	FROM $before
	ARG given
	ARG override=old
	ARG default=x
	ARG never
	ARG kept
	ENV A=$given B=$override C=$default D=${never:-unset} E=$kept F=$before
	ARG A=shadowed
	ENV G=$A
	RUN echo "$given $override $default $never $kept" >/seen
	X
	same arg-platform <<-'X'
	FROM base:1
	ARG default=1
	ENV default=2
	RUN echo $default >/env-wins
	X
	same substitution-places <<-'X'
	FROM base:1
	ENV V=val P=80 U=5
	LABEL a=$V $V=b "c $V"="$V d"
	EXPOSE $P
	USER $U
	VOLUME /$V ["/x"]
	STOPSIGNAL SIGTERM
	WORKDIR /$V
	CMD ["$V"]
	ENTRYPOINT echo $V
	ONBUILD ENV Z=$V
	HEALTHCHECK CMD echo $V
	COPY a.txt /$V/${V}2
	RUN echo $V '$V' >/shell
	X
	same escape-directive <<-'X'
	# escape=`
	FROM base:1
	ENV A=`$x B=a\b C="q`"q"
	RUN echo one `
	    two >/x
	X
	same continuation <<-'X'
	FROM base:1
	# a comment
	RUN echo a \
	    # a comment within
	    b \

	    c >/x
	env lower=case
	LABEL a=1 \
	      b=2
	X
}

@test "ENTRYPOINT, CMD, SHELL" {
	same command-forms <<-'X'
	FROM base:1
	ENTRYPOINT ["/bin/sh", "-c"]
	CMD ["echo hi"]
	X
	same command-shell-forms <<-'X'
	FROM base:1
	ENTRYPOINT exec cat "$A"   'b'
	CMD echo hi && ls
	X
	same command-reset <<-'X'
	FROM base:1
	ENTRYPOINT ["a"]
	X
	same command-order <<-'X'
	FROM base:1
	CMD ["kept"]
	ENTRYPOINT ["a"]
	X
	same command-inherited <<-'X'
	FROM base:1 AS one
	ENTRYPOINT ["a"]
	CMD ["b"]
	FROM one
	ENTRYPOINT ["c"]
	X
	same command-empty <<-'X'
	FROM base:1
	ENTRYPOINT []
	CMD []
	X
	same command-twice <<-'X'
	FROM base:1
	CMD one
	CMD ["two", "a \"quoted\" \\ word", "\u00e9"]
	X
	same command-not-json <<-'X'
	FROM base:1
	CMD ['single', 'quotes']
	ENTRYPOINT [ "a", "b"
	X
	same shell <<-'X'
	FROM base:1
	SHELL ["/bin/sh", "-e", "-c"]
	RUN echo $- >/flags
	CMD a
	ENTRYPOINT b
	HEALTHCHECK CMD c
	X
	same run-exec <<-'X'
	FROM base:1
	RUN ["/bin/touch", "/a b", "$HOME"]
	RUN ["sh", "-c", "echo $0 >/zero", "name"]
	X
}

@test "USER" {
	same user-runs <<-'X'
	FROM base:1
	RUN id >/0 && chmod 1777 /
	USER nobody
	RUN id >/1; touch /mine
	USER 5
	RUN id >/2
	USER 5:6
	RUN id >/3
	USER nobody:root
	RUN id >/4
	USER root:nogroup
	RUN id >/5
	X
	same user-home <<-'X'
	FROM base:1
	RUN chmod 1777 / && echo "$HOME" >/home0
	USER nobody
	RUN echo "$HOME" >/home1
	USER 5
	RUN echo "$HOME" >/home2
	X
	refused user-unknown <<-'X'
	FROM base:1
	USER stranger
	RUN id
	X
	same user-unknown-unused <<-'X'
	FROM base:1
	USER stranger
	X
}

@test "LABEL, EXPOSE, VOLUME, STOPSIGNAL, HEALTHCHECK, MAINTAINER" {
	same label --label cli=1 --label empty= <<-'X'
	FROM base:1
	LABEL a=1 "b c"="d e" f='g h' i="multi\
	line" j=
	LABEL old form with blanks
	LABEL a=2 k="quote \" in" l='single " in'
	X
	same expose <<-'X'
	FROM base:1
	EXPOSE 80 443/tcp 53/udp 8000-8003
	EXPOSE 80/TCP 9-10/udp 7/sctp
	X
	same volume <<-'X'
	FROM base:1
	VOLUME /a /b
	VOLUME ["/c", "/with space"]
	VOLUME relative
	VOLUME /a
	X
	same volume-and-run <<-'X'
	FROM base:1
	RUN mkdir /v && touch /v/before
	VOLUME /v /made
	COPY a.txt /v/copied
	X
	same stopsignal <<-'X'
	FROM base:1
	STOPSIGNAL 9
	X
	same stopsignal-name <<-'X'
	FROM base:1
	STOPSIGNAL SIGRTMIN+3
	X
	same stopsignal-short <<-'X'
	FROM base:1
	STOPSIGNAL term
	X
	refused stopsignal-unknown <<-'X'
	FROM base:1
	STOPSIGNAL SIGNOTHING
	X
	same healthcheck <<-'X'
	FROM base:1
	HEALTHCHECK --interval=1m30s --timeout=500ms --start-period=2h --retries=5 CMD ["a", "b"]
	X
	same healthcheck-shell <<-'X'
	FROM base:1
	HEALTHCHECK --interval=0s CMD curl -f "http://x/" || exit 1
	X
	same healthcheck-none <<-'X'
	FROM base:1
	HEALTHCHECK CMD a
	HEALTHCHECK NONE
	X
	same maintainer <<-'X'
	FROM base:1
	MAINTAINER A B <a@b>
	X
}

@test "ONBUILD" {
	same onbuild <<-'X'
	FROM base:1
	ONBUILD RUN echo "later" >/onbuild
	ONBUILD COPY a.txt /copied
	onbuild   env A=1
	ONBUILD CMD ["x"]
	X
	# What that left behind, in an image that is built from it.
	"$DOCKER" tag onbuild:1 trigger:1
	plimsoll sign onbuild:1 >sign.log 2>&1 || note "sign: $(cat sign.log)"
	same onbuild-used <<-'X'
	FROM onbuild:1
	LABEL after=1
	X
	refused onbuild-from <<-'X'
	FROM base:1
	ONBUILD FROM base:1
	X
	refused onbuild-onbuild <<-'X'
	FROM base:1
	ONBUILD ONBUILD RUN x
	X
}

@test ".dockerignore" {
	printf '%s\n' '# comment' '*.txt' '!a.txt' 'd/sub' '' '  e  ' '/own' 'hard/' >ctx/.dockerignore
	same ignore-1 <<-'X'
	FROM base:1
	COPY . /c/
	X
	printf '%s\n' '**/*.txt' '**/f' '!d/f' 'Dockerfile' '.dockerignore' '*/empty' 'a.tar.?z' >ctx/.dockerignore
	same ignore-2 <<-'X'
	FROM base:1
	COPY . /c/
	X
	printf '%s\n' '*' '!d/sub' 'd/sub/deep' '!e/**' >ctx/.dockerignore
	same ignore-3 <<-'X'
	FROM base:1
	COPY . /c/
	X
	printf '%s\n' '**' '!**/h.txt' '![ab].txt' >ctx/.dockerignore
	same ignore-4 <<-'X'
	FROM base:1
	COPY . /c/
	X
	printf '%s\n' './d' 'e/../own' 'a.t*' '\!x' >ctx/.dockerignore
	echo x >'ctx/!x'
	touch -d @1500000000 'ctx/!x'
	same ignore-5 <<-'X'
	FROM base:1
	COPY . /c/
	X
	echo b.txt >ctx/.dockerignore
	refused ignore-copied <<-'X'
	FROM base:1
	COPY b.txt /x
	X
}

@test "RUN: what it deletes and replaces" {
	same run-deletes <<-'X'
	FROM base:1
	RUN mkdir -p /x/y/z && echo 1 >/x/f && echo 2 >/x/y/g && echo 3 >/x/y/z/h && touch -d @1400000000 /x/f
	RUN rm /x/f && rm -r /x/y/z
	RUN rm -r /x && echo file >/x
	RUN rm /x && mkdir /x && echo new >/x/n
	RUN rm -r /x && mkdir /x
	X
	same run-opaque <<-'X'
	FROM base:1
	RUN mkdir -p /x/sub && echo 1 >/x/a && echo 2 >/x/sub/b
	RUN rm -r /x && mkdir /x && echo 3 >/x/c && mkdir /x/sub
	COPY a.txt /x/sub/
	RUN rm -r /etc && mkdir /etc && echo 'root:x:0:0::/:/bin/sh' >/etc/passwd
	X
	same run-kinds <<-'X'
	FROM base:1
	RUN mkdir /k && echo 1 >/k/f && ln /k/f /k/hard && ln -s f /k/l && ln -s /nowhere /k/d && chmod 6755 /k/f && chown 7:8 /k/d /k/l
	RUN ln /k/f /k/later
	RUN chmod 1777 /k && chown 9:9 /etc
	RUN mv /k /moved
	RUN cp /bin/cat /cap && setcap cap_net_bind_service+ep /cap
	RUN :
	X
	same run-nothing <<-'X'
	FROM base:1
	RUN true
	RUN touch /x && rm /x
	X
	same run-env --build-arg ARG_SEEN=1 --build-arg HTTP_PROXY=http://127.0.0.1:1 <<-'X'
	FROM base:1
	ARG ARG_SEEN
	ENV B=2
	WORKDIR /w
	RUN env >/env0; sh -c 'unset HOSTNAME OLDPWD SHLVL; env' >/env
	RUN rm /env0
	X
	refused run-fails <<-'X'
	FROM base:1
	RUN exit 3
	X
	refused run-missing <<-'X'
	FROM base:1
	RUN ["/nothing"]
	X
}

@test "FROM scratch, targets, build arguments" {
	same scratch <<-'X'
	FROM scratch
	COPY a.txt /x/y
	X
	same target --target two <<-'X'
	FROM base:1 AS one
	RUN echo 1 >/1
	FROM base:1 AS two
	COPY --from=one /1 /2
	FROM base:1 AS three
	RUN false
	X
	same arg-from --build-arg TAG=1 <<-'X'
	ARG TAG=none
	ARG NAME=base:${TAG}
	FROM ${NAME}
	ENV T=$TAG
	X
	refused nothing </dev/null
	refused no-from <<-'X'
	RUN x
	X
	refused unknown <<-'X'
	FROM base:1
	FOO x
	X
	refused from-unknown-stage <<-'X'
	FROM base:1
	COPY --from=7 /x /x
	X
}

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

@test "RUN: what the machinery of a step may leave" {
	same left-by-run <<-'X'
	FROM base:1
	RUN ls -la /etc /dev /proc/self/fd >/dev/null
	RUN rm -rf /etc/resolv.conf /tmp/x; touch /tmp/y && mkdir -p /dev/shm /run/lock && echo 1 >/dev/shm/x
	RUN rm -r /var /sys/x 2>/dev/null || true
	X
	same umask-and-limits <<-'X'
	FROM base:1
	RUN umask >/umask && pwd >/pwd && echo $$ >/pid && ls /proc/self/fd >/fds
	RUN cat >/stdin
	X
	same special-bits <<-'X'
	FROM base:1
	RUN cp /bin/cat /s && chmod 4755 /s && cp /s /t && chown 5:5 /t && mkdir -m 3777 /sticky
	USER 5
	WORKDIR /tmp
	RUN touch mine && chmod 2755 mine || true
	X
}

@test "what a RUN may not do" {
	same -k run-device <<-'X' -- '^/device: ours null, docker "char device"$' '^/refused: ours "file", docker null$'
	FROM base:1
	RUN mknod /device c 1 3 || touch /refused
	X
	same -k run-rights <<-'X' -- '^/rights (content|size): '
	FROM base:1
	RUN cat /proc/self/status >/status; while read -r k v; do case $k in CapBnd:|NoNewPrivs:) echo "$k$v";; esac; done </status >/rights; rm /status
	X
}

@test "the comparison finds a difference" {
	printf 'FROM base:1\nCOPY a.txt /x\nENV A=1\n' >ctx/Dockerfile
	with_docker buildkit differs:1
	"$DOCKER" save -o saved.tar differs:1
	printf 'FROM base:1\nCOPY --chown=1 --chmod=600 b.txt /x\nCOPY a.txt /y\nENV A=2\n' >ctx/Dockerfile
	plimsoll build -q -t differs:1 ctx
	run python3 "$PLIMSOLL_SRC/tests/lib/compare_images.py" "$STATE" differs:1 saved.tar
	assert_status 1
	assert_output_has 'Env: ours ["PATH' '/x mode: ours "0o600", docker "0o644"' '/x owner: ours "1:1", docker "0:0"' \
		'/x content: ' '/y: ours "file", docker null'
	: >compared
}
