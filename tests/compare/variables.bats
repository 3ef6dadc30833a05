#!/usr/bin/env bats
# ENV and ARG: substitution, quotes, escapes, and where they happen.
load ../lib/common
load ../lib/compare

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
	RUN mkdir -m 1777 /o
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
	RUN echo $V '$V' >/o/shell
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

@test "ENV and ARG of one name, over stages, and a proxy" {
	same env-then-arg --build-arg B=cli <<-'X'
	FROM base:1 AS one
	ENV A=1
	ARG A=2
	ENV C=$A
	ARG B=def
	ARG never
	ARG B
	RUN echo "$A $B $C ${never-unset}" >/one
	ARG A=3
	ENV D=$A
	FROM one
	ENV E=$A F=$B G=${never:-unset}
	RUN echo "$A $B $C $D" >/two
	X
	same arg-global --build-arg X=cli <<-'X'
	ARG X=outer
	ARG Y=kept
	FROM base:1
	ARG X
	ARG Y
	ARG X=local
	ARG Z=$X
	ARG TARGETPLATFORM
	ARG TARGETOS=mine
	RUN echo $X $Y $Z $TARGETPLATFORM $TARGETOS >/seen
	X
	same proxy --build-arg HTTP_PROXY=http://127.0.0.1:1 --build-arg no_proxy=x <<-'X'
	FROM base:1
	RUN echo "$HTTP_PROXY $http_proxy $NO_PROXY $no_proxy" >/seen
	X
	same pairs-legacy <<-'X'
	FROM base:1
	ENV A=1
	ENV D x=y
	LABEL a b=c
	LABEL "a"=$A 'x y'='z'$A"q"
	LABEL $A=1
	ENV n$A=2
	X
}

@test "how a Dockerfile is written" {
	# Not by a pipe: then what `same` counts would be forgotten.
	same dos < <(printf '\xef\xbb\xbffrom base:1\r\nrun echo 1 \\\r\n  >/1\r\nenv A=1\r\n')
	same directives < <(printf '# check=skip=all\n# ESCAPE=`\nFROM base:1\nRUN echo 1 `\n >/1')
	same directive-after-comment <<-'X'
	# a comment
	# escape=`
	FROM base:1
	RUN echo `echo 1` >/1
	X
	same blanks < <(printf '\n# escape=`\n\tFROM base:1 as\tone \n \t\n  RUN\techo 1 >/1\n')
	same comments-within <<-'X'
	FROM base:1
	RUN echo 1 \
	# between
	  # indented

	  && echo 2 >/2 # not a comment
	ENV A=1 \
	# b
	    B=2
	X
	same continued-at-end <<-'X'
	FROM base:1
	RUN echo 1 >/1 \
	X
	refused directive-twice <<-'X'
	# escape=`
	# escape=`
	FROM base:1
	X
	refused directive-wrong <<-'X'
	# escape=x
	FROM base:1
	X
	refused flag-unknown <<-'X'
	FROM base:1
	COPY --nothing a.txt /x
	X
	refused flag-twice <<-'X'
	FROM base:1
	COPY --chown=1 --chown=2 a.txt /x
	X
	refused before-from <<-'X'
	RUN true
	FROM base:1
	X
}
