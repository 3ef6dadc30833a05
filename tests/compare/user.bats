#!/usr/bin/env bats
# USER.
load ../lib/common
load ../lib/compare

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
