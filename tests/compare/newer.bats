#!/usr/bin/env bats
# What docker 20.10 cannot say, beside the same said in its words (`equal`).
load ../lib/common
load ../lib/compare
load ../lib/git
load ../lib/web

@test "COPY --link, --parents, --exclude, --chmod by letters" {
	equal -k copy-link <<-'X'
	FROM base:1
	RUN mkdir -m 700 /there && chown 5:6 /there && ln -s there /link
	COPY --link a.txt d /linked/
	COPY --link --chown=nobody:5 --chmod=600 b.txt /owned/b
	COPY --link e /there/e
	== docker
	FROM base:1
	RUN mkdir -m 700 /there && chown 5:6 /there && ln -s there /link
	COPY a.txt d /linked/
	RUN mkdir /owned
	COPY --chown=65534:5 --chmod=600 b.txt /owned/b
	RUN chown 65534:5 /owned
	COPY e /there/e
	RUN chmod 755 /there && chown 0:0 /there
	X
	equal copy-parents <<-'X'
	FROM base:1
	COPY --parents d/sub/g a.txt /p/
	COPY --parents d/./sub/deep e/*  /pivot/
	COPY --parents ./**/*.txt /deep/
	== docker
	FROM base:1
	COPY d/sub/g /p/d/sub/g
	COPY a.txt /p/
	COPY d/sub/deep /pivot/sub/deep
	COPY e /pivot/e
	COPY *.txt /deep/
	COPY d/sub/deep/h.txt /deep/d/sub/deep/h.txt
	RUN chmod 700 /p/d/sub /pivot/sub /deep/d/sub
	X
	CHANGE='rm -r d/sub/deep d/f a.tar* b.txt' equal copy-exclude <<-'X'
	FROM base:1
	COPY --exclude=f --exclude=**/deep d /d
	COPY --exclude=*.tar --exclude=a.tar.* --exclude=d/f --exclude=**/deep --exclude=b.txt --exclude=Dockerfile . /all/
	ADD --exclude=* --exclude=!link --exclude=!empty d /kept
	COPY --exclude=b.* *.txt /pattern/
	== docker
	FROM base:1
	COPY d /d
	COPY . /all/
	RUN rm /all/Dockerfile
	RUN mkdir -p /kept/empty && ln -s f /kept/link
	COPY *.txt /pattern/
	X
	equal copy-chmod-letters <<-'X'
	FROM base:1
	COPY --chmod=u=rwX,go=rX b.txt d /one/
	COPY --chmod=go-rwx run.sh d /two/
	COPY --chmod=a+x,o= a.txt /three
	ADD --chmod=g+s d /four
	== docker
	FROM base:1
	COPY b.txt d /one/
	COPY run.sh d /two/
	COPY a.txt /three
	COPY d /four
	RUN chmod -R u=rwX,go=rX /one && chmod -R go-rwx /two && chmod -R g+s /four && chmod a+x,o= /three
	RUN chmod 755 /two /one && chmod g-s /four
	X
}

@test "here-documents" {
	printf 'one $NAME\n' >ctx/literal
	printf 'one value\n\ttwo\n' >ctx/words
	printf 'three\n' >ctx/tabs
	equal heredoc-copy <<-'X'
	FROM base:1
	ENV NAME=value
	COPY <<literal <<"words" /quoted/
	one ${NAME}
	literal
	one $NAME
	words
	COPY a.txt <<-tabs b.txt /mixed/
		three
		tabs
	COPY --chown=5:6 --chmod=600 <<x /alone
	one $NAME
	x
	ADD <<'EOT' /added
	one $NAME
	EOT
	== docker
	FROM base:1
	ENV NAME=value
	RUN mkdir /quoted && echo "one value" >/quoted/literal
	COPY literal /quoted/words
	COPY a.txt tabs b.txt /mixed/
	RUN echo "one value" >/alone && chmod 600 /alone && chown 5:6 /alone
	COPY literal /added
	X
	equal heredoc-run <<-'X'
	FROM base:1
	ENV NAME=value
	RUN <<EOT
	echo "$NAME" >/plain
	  echo indented >>/plain
	EOT
	RUN <<"EOT"
	echo "$NAME" >/quoted
	EOT
	RUN <<-EOT
		echo stripped >/stripped
	EOT
	RUN cat >/one <<A && cat >/two <<"B"
	a $NAME
	A
	b $NAME
	B
	RUN <<EOT
	#!/bin/sh -e
	echo script >/script
	EOT
	RUN /bin/sh <<EOT
	echo fed >/fed
	EOT
	== docker
	FROM base:1
	ENV NAME=value
	RUN echo value >/plain && echo indented >>/plain
	RUN echo value >/quoted
	RUN echo stripped >/stripped
	RUN echo "a value" >/one && echo 'b $NAME' >/two
	RUN echo script >/script
	RUN echo fed >/fed
	X
}

@test "substitution as in a shell" {
	equal substitution-newer --build-arg path=/a/b.tar.gz <<-'X'
	FROM base:1
	ARG path
	ENV none=
	ENV A=${path#*/} B=${path##*/} C=${path%.*} D=${path%%.*} E=${path/a/x} F=${path//a/x} G=${none-set} H=${none:-empty} I=${nope-not} J=${path+is} K=${path:?must}
	ARG a=1 b=$a
	ENV L=$b
	== docker
	FROM base:1
	ARG path
	ENV none=
	ENV A=a/b.tar.gz B=b.tar.gz C=/a/b.tar D=/a/b E=/x/b.tar.gz F=/x/b.tx
	ENV F=/x/b.txr.gz G= H=empty I=not J=is K=/a/b.tar.gz
	ENV L=1
	X
	refused -k substitution-required <<-'X'
	FROM base:1
	ENV A=${nope:?is missing}
	X
}

@test "ADD: git, --checksum, --unpack, --keep-git-dir" {
	web_start
	git_repo r
	cp ctx/a.tar.gz "$WEB_ROOT/x.tar.gz"
	echo hello >"$WEB_ROOT/hello"
	touch -d @1500000000 "$WEB_ROOT"/*
	SUM=sha256:$(sha256sum <"$WEB_ROOT/hello" | cut -d' ' -f1)
	export WEB
	# shellcheck disable=SC2016 # $WEB is for the shell that makes the change
	CHANGE='tgit clone -q $WEB/git/r.git main; cp -a main side; tgit -C side checkout -q side; cp -a main dir
		rm -r main/.git side/.git; tgit clone -q $WEB/git/r.git v1; tgit -C v1 checkout -q v1; rm -r v1/.git
		rm -r dir/.git/* && cp main/file dir/.git/HEAD' equal add-git <<-X
	FROM base:1
	ADD $WEB/git/r.git /main
	ADD $WEB/git/r.git#side /side/
	ADD --chown=5:6 $WEB/git/r.git#v1 /v1
	ADD $WEB/git/r.git#main:sub /sub
	ADD --keep-git-dir=true $WEB/git/r.git /dir
	RUN rm -r /dir/.git/* && cp /main/file /dir/.git/HEAD
	== docker
	FROM base:1
	COPY main /main
	COPY side /side/
	COPY --chown=5:6 v1 /v1
	COPY main/sub /sub
	COPY dir /dir
	X
	CHANGE="cp $WEB_ROOT/hello $WEB_ROOT/x.tar.gz . && chmod 600 hello" equal add-newer <<-X
	FROM base:1
	ADD --checksum=$SUM $WEB/hello /checked
	ADD --unpack $WEB/x.tar.gz /unpacked/
	ADD --unpack=false a.tar /kept/
	== docker
	FROM base:1
	COPY hello /checked
	ADD x.tar.gz /unpacked/
	COPY a.tar /kept/
	X
	refused -k add-checksum-wrong <<-X
	FROM base:1
	ADD --checksum=sha256:$(printf %064d 7) $WEB/hello /checked
	X
}

@test "RUN --network, --security, --mount=type=secret,env; --build-context" {
	printf word >s.txt
	equal -k run-newer --secret id=a,src=s.txt <<-'X'
	FROM base:1
	RUN --network=none --security=sandbox echo 1 >/1
	RUN --mount=type=secret,id=a,env=WORD echo "$WORD" >/2
	RUN --mount=type=bind,target=/tmp,source=d,rw echo 3 >/3
	== docker
	FROM base:1
	RUN echo 1 >/1
	RUN echo word >/2
	RUN echo 3 >/3
	X
	mkdir named
	cp -a ctx/d named/
	# shellcheck disable=SC2034 # with_plimsoll's
	OURS_ONLY=(--build-context other=named)
	equal build-context <<-'X'
	FROM base:1
	COPY --from=other d /d
	COPY --from=other /d/sub/g /g
	== docker
	FROM base:1
	COPY d /d
	COPY d/sub/g /g
	X
}
