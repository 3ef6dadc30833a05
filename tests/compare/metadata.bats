#!/usr/bin/env bats
# LABEL, EXPOSE, VOLUME, STOPSIGNAL, HEALTHCHECK, MAINTAINER.
load ../lib/common
load ../lib/compare

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
	same volume-then-run <<-'X'
	FROM base:1
	VOLUME /v
	COPY a.txt /v/copied
	RUN [ -e /v/copied ] && mkdir -p /w/x
	VOLUME /w
	COPY d /w/x/
	WORKDIR /w/x/y
	X
	same -k volume-run-changes <<-'X'
	FROM base:1
	RUN mkdir /v
	VOLUME /v
	RUN echo 1 >/v/f
	RUN [ -e /v/f ] && echo kept >/seen
	X
	same expose-words --build-arg from=8000 <<-'X'
	FROM base:1
	ARG from
	EXPOSE $from-8002/udp "90" 90/tcp 70/udp
	X
	refused expose-nothing <<-'X'
	FROM base:1
	EXPOSE http
	X
	refused expose-too-much <<-'X'
	FROM base:1
	EXPOSE 70000
	X
	refused expose-backwards <<-'X'
	FROM base:1
	EXPOSE 9-8
	X
	refused expose-protocol <<-'X'
	FROM base:1
	EXPOSE 80/http
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
	same healthcheck-each <<-'X'
	FROM base:1
	HEALTHCHECK --interval=1h CMD a
	HEALTHCHECK --timeout=2m --retries=1 CMD b "c d"
	HEALTHCHECK --start-period=1.5s CMD ["c"]
	X
	refused healthcheck-no-command <<-'X'
	FROM base:1
	HEALTHCHECK --retries=2
	X
	refused healthcheck-not-a-time <<-'X'
	FROM base:1
	HEALTHCHECK --interval=fast CMD a
	X
	refused healthcheck-too-short <<-'X'
	FROM base:1
	HEALTHCHECK --timeout=1us CMD a
	X
	refused healthcheck-negative <<-'X'
	FROM base:1
	HEALTHCHECK --retries=-1 CMD a
	X
	refused healthcheck-unknown <<-'X'
	FROM base:1
	HEALTHCHECK TEST a
	X
	same healthcheck-none-flags <<-'X'
	FROM base:1
	HEALTHCHECK --interval=5s NONE
	X
	same expose-host <<-'X'
	FROM base:1
	EXPOSE 127.0.0.1:80:81 5000:5001/udp [::1]:70:71
	X
	same -k stage-twice <<-'X'
	FROM base:1 AS a
	RUN echo 1 >/x
	FROM base:1 AS a
	RUN echo 2 >/x
	FROM a
	X
	same commands-of-nothing <<-'X'
	FROM base:1
	ENTRYPOINT
	CMD
	X
	same healthcheck-none <<-'X'
	FROM base:1
	HEALTHCHECK CMD a
	HEALTHCHECK NONE
	X
	refused label-nothing <<-'X'
	FROM base:1
	LABEL
	X
	same maintainer <<-'X'
	FROM base:1
	MAINTAINER A B <a@b>
	X
}
