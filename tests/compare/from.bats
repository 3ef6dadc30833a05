#!/usr/bin/env bats
# FROM, targets, and what is no Dockerfile.
load ../lib/common
load ../lib/compare

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
