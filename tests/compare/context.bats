#!/usr/bin/env bats
# Where context and Dockerfile come from, and what else the command line says.
load ../lib/common
load ../lib/compare
load ../lib/git
load ../lib/web

@test "context: a git repository, a ref of it, a folder in it" {
	web_start
	git_repo r
	CONTEXT=$WEB/git/r.git#side same context-git-branch </dev/null
	CONTEXT=$WEB/git/r.git#v1 same context-git-tag </dev/null
	CONTEXT=$WEB/git/r.git#$FIRST same context-git-commit </dev/null
	# 20.10 knows no other branch than master by itself, and BuildKit's no folders.
	DOCKER_CONTEXT=$WEB/git/r.git#main CONTEXT=$WEB/git/r.git same context-git </dev/null
	DOCKER_CONTEXT=$REPO/sub CONTEXT=$WEB/git/r.git#main:sub same context-git-folder </dev/null
	DOCKER_CONTEXT=$REPO/sub CONTEXT=$WEB/git/r.git#:sub same context-git-folder-alone </dev/null
	tgit -C "$REPO" checkout -qb ignoring
	printf 'FROM base:1\nCOPY . /all/\n' >"$REPO/Dockerfile"
	printf 'file\nsub/deep\n' >"$REPO/.dockerignore"
	tgit -C "$REPO" add -A
	tgit -C "$REPO" commit -qm ignoring
	git_publish r
	CONTEXT=$WEB/git/r.git#ignoring same context-git-ignore </dev/null
	CONTEXT=$WEB/git/r.git#nowhere refused context-git-nowhere </dev/null
	CONTEXT=$WEB/git/r.git#main:nowhere refused context-git-no-folder </dev/null
}

@test "context: an archive or a Dockerfile, of the web and on standard input" {
	web_start
	printf 'FROM base:1\nCOPY . /all/\nCOPY d/sub /sub\n' >ctx/Dockerfile
	printf 'FROM base:1\nCOPY a.txt /x\n' >ctx/Other
	printf 'd/f\nown\n' >ctx/.dockerignore
	printf 'FROM base:1\nRUN echo 1 >/1\n' >alone
	touch -d @1500000000 ctx/Dockerfile ctx/Other ctx/.dockerignore
	tar -C ctx -cf ctx.tar .
	gzip -k ctx.tar
	bzip2 -k ctx.tar
	xz -k ctx.tar
	cp ctx.tar ctx.tar.gz alone "$WEB_ROOT"
	INPUT=alone CONTEXT=- same context-text </dev/null
	INPUT=ctx.tar CONTEXT=- same context-archive-tar </dev/null
	INPUT=ctx.tar.gz CONTEXT=- same context-archive-gz </dev/null
	INPUT=ctx.tar.bz2 CONTEXT=- same context-archive-bz2 </dev/null
	INPUT=ctx.tar.xz CONTEXT=- same context-archive-xz </dev/null
	INPUT=ctx.tar CONTEXT=- same context-archive-file -f Other </dev/null
	INPUT=ctx.tar CONTEXT=- refused context-archive-no-file -f Nothing </dev/null
	CONTEXT=$WEB/ctx.tar same context-web-tar </dev/null
	CONTEXT=$WEB/ctx.tar.gz same context-web-gz -f Other </dev/null
	CONTEXT=$WEB/alone same context-web-text </dev/null
	CONTEXT=$WEB/nothing refused context-web-nothing </dev/null
}

@test "-f: elsewhere, standard input, and whose .dockerignore counts" {
	mkdir ctx/sub
	printf 'FROM base:1\nCOPY . /all/\n' >ctx/sub/Named
	printf 'FROM base:1\nCOPY a.txt /x\nRUN ls /x >/out\n' >beside
	printf 'd\n*.tar*\n' >ctx/sub/Named.dockerignore
	printf 'e\n' >ctx/.dockerignore
	touch -d @1500000000 ctx/sub/* ctx/.dockerignore ctx/sub
	same -k file-own-ignore -f ctx/sub/Named <<<nothing
	rm ctx/sub/Named.dockerignore
	touch -d @1500000000 ctx/sub
	same file-ignore -f ctx/sub/Named <<<nothing
	same file-beside -f beside <<<nothing
	INPUT=beside same file-stdin -f - <<<nothing
	refused file-missing -f ctx/nothing <<<nothing
}

@test "--build-arg, --label, --add-host, --target by number, --platform" {
	local own
	own=linux/$(dpkg --print-architecture)
	FROM_SHELL=shell same args --build-arg FROM_SHELL --build-arg EMPTY= --build-arg TWICE=1 --build-arg TWICE=2 <<-'X'
	FROM base:1
	ARG FROM_SHELL
	ARG EMPTY=default
	ARG TWICE
	ENV A=$FROM_SHELL B=$EMPTY C=$TWICE
	X
	same -k args-predefined --build-arg HTTPS_PROXY=h --build-arg ftp_proxy=f --build-arg ALL_PROXY=a <<-'X'
	FROM --platform=$BUILDPLATFORM base:1 AS one
	ARG TARGETOS
	ARG TARGETARCH
	ARG TARGETVARIANT
	ARG BUILDOS
	ARG BUILDARCH
	ARG BUILDPLATFORM
	RUN echo "$TARGETOS $TARGETARCH $TARGETVARIANT $BUILDOS $BUILDARCH $BUILDPLATFORM" >/platform
	RUN echo "$HTTPS_PROXY $https_proxy $ftp_proxy $FTP_PROXY $ALL_PROXY $HTTP_PROXY-" >/proxies
	X
	same -k platform --platform "$own" <<-X
	FROM --platform=$own base:1
	RUN echo 1 >/1
	X
	same labels --label a=1 --label 'b=d e' --label a=2 --label x=override <<-'X'
	FROM base:1
	LABEL x=own y=kept
	X
	same -k add-host --add-host one:10.0.0.1 --add-host two:::1 <<-'X'
	FROM base:1
	RUN while read -r l; do case $l in *one*|*two*) echo "$l";; esac; done </etc/hosts >/seen
	X
	OURS_ONLY=(--target 1)
	equal target-number <<-'X'
	FROM base:1
	RUN echo 0 >/0
	FROM base:1
	RUN echo 1 >/1
	FROM base:1
	RUN echo 2 >/2
	== docker
	FROM base:1
	RUN echo 1 >/1
	X
	# BuildKit of 20.10 does not do this.
	# shellcheck disable=SC2034 # with_plimsoll's
	OURS_ONLY=(--shm-size 1m --ulimit nofile=77:88)
	equal limits <<-'X'
	FROM base:1
	RUN ulimit -Sn >/soft; ulimit -Hn >/hard; stat -f -c '%b %S' /dev/shm >/shm
	== docker
	FROM base:1
	RUN echo 77 >/soft; echo 88 >/hard; echo 256 4096 >/shm
	X
	OURS_ONLY=()
	same target-case --target OnE <<-'X'
	FROM base:1 AS oNe
	RUN echo 0 >/0
	FROM base:1
	RUN exit 1
	X
	refused target-unknown --target none <<-'X'
	FROM base:1
	X
}

@test "--iidfile, and -o: what is in the image is in the archive and the folder" {
	dockerfile <<-'X'
	FROM base:1
	COPY --chown=5:6 --chmod=640 a.txt /x
	COPY d /d
	RUN ln /x /hard && ln -s x /soft && rm /etc/passwd && mkdir -m 1777 /sticky
	X
	echo output >compared
	plimsoll build --iidfile ours.id -o type=tar,dest=ours.tar -o type=local,dest=ours ctx >ours.log 2>&1
	DOCKER_BUILDKIT=1 "$DOCKER" build --network none -q -t output:1 --iidfile docker.id ctx >docker.log
	DOCKER_BUILDKIT=1 "$DOCKER" build --network none -o type=tar,dest=docker.tar ctx 2>docker.err
	DOCKER_BUILDKIT=1 "$DOCKER" build --network none -o type=local,dest=docker ctx 2>docker.err
	assert_eq "$(tr '0-9a-f' x <ours.id | od -c)" "$(tr '0-9a-f' x <docker.id | od -c)"
	local of
	for of in ours docker; do
		tar tvf $of.tar --numeric-owner | sed 's/ \+/ /g' | cut -d' ' -f1,2,6- | sed 's/link to/->/' | sort >$of.list
		(cd $of && find . -mindepth 1 -printf '%M %P %l %n\n' | sort) >$of.tree
	done
	diff ours.list docker.list
	diff ours.tree docker.tree
}
