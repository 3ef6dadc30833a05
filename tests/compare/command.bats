#!/usr/bin/env bats
# ENTRYPOINT, CMD, SHELL.
load ../lib/common
load ../lib/compare

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
