#!/usr/bin/env bats
# ONBUILD.
load ../lib/common
load ../lib/compare

@test "ONBUILD" {
	same onbuild <<-'X'
	FROM base:1
	ONBUILD RUN echo "later" >/onbuild
	ONBUILD COPY a.txt /copied
	onbuild   env A=1
	ONBUILD CMD ["x"]
	X
	# What that left behind, in an image that is built from it.
	plimsoll sign onbuild:1 >sign.log 2>&1 || echo "sign: $(cat sign.log)" >>differences
	BASE=onbuild same onbuild-used <<-'X'
	FROM onbuild:1
	LABEL after=1
	X
	same onbuild-every <<-'X'
	FROM base:1
	RUN mkdir -m 1777 /o
	ONBUILD ARG A=1
	ONBUILD ENV B=$A
	ONBUILD LABEL l=$B
	ONBUILD WORKDIR /w/$B
	ONBUILD ADD a.tar d /o/
	ONBUILD COPY --chown=5:6 ["with space", "b.txt", "./"]
	ONBUILD USER 5:6
	ONBUILD SHELL ["/bin/sh", "-ec"]
	ONBUILD RUN id -u >/o/user; pwd >/o/pwd
	ONBUILD EXPOSE 80-81
	ONBUILD VOLUME /v
	ONBUILD STOPSIGNAL 9
	ONBUILD HEALTHCHECK --interval=5s CMD true
	ONBUILD ENTRYPOINT ["e"]
	ONBUILD CMD c
	X
	plimsoll sign onbuild-every:1 >sign.log 2>&1 || echo "sign: $(cat sign.log)" >>differences
	BASE=onbuild-every same onbuild-every-used --build-arg A=2 <<-'X'
	FROM onbuild-every:1
	RUN echo after >/o/after
	X
	# The triggers of a base are done once: not by who builds on that image.
	BASE=onbuild same onbuild-stage <<-'X'
	FROM onbuild:1 AS one
	FROM one
	COPY --from=one /onbuild /again
	X
	refused onbuild-maintainer <<-'X'
	FROM base:1
	ONBUILD MAINTAINER me
	X
	refused onbuild-nothing <<-'X'
	FROM base:1
	ONBUILD
	X
	refused onbuild-unknown <<-'X'
	FROM base:1
	ONBUILD FOO x
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
