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
	same maintainer <<-'X'
	FROM base:1
	MAINTAINER A B <a@b>
	X
}
