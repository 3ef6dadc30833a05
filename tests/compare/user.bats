#!/usr/bin/env bats
# USER.
load ../lib/common
load ../lib/compare

@test "USER" {
	same user-runs <<-'X'
	FROM base:1
	RUN mkdir -m 1777 /o && id >/o/0
	USER nobody
	RUN id >/o/1; touch /o/mine
	USER 5
	RUN id >/o/2
	USER 5:6
	RUN id >/o/3
	USER nobody:root
	RUN id >/o/4
	USER root:nogroup
	RUN id >/o/5
	X
	same user-home <<-'X'
	FROM base:1
	RUN mkdir -m 1777 /o && echo "$HOME" >/o/home0
	USER nobody
	RUN echo "$HOME" >/o/home1
	USER 5
	RUN echo "$HOME" >/o/home2
	X
	same root-mode <<-'X'
	FROM base:1
	RUN chmod 1777 /
	USER nobody
	RUN touch /mine
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
