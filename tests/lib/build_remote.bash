# What the tests of builds that fetch share: a web server with a file, and a look into what was built.
#
#     load ../lib/common; load ../lib/build; load ../lib/web; load ../lib/build_remote
# shellcheck shell=bash disable=SC2034,SC2154

remote_setup() {
	common_setup
	need_cmd python3 jq
	export PLIMSOLL_STALL_SECONDS=2
	mkdir ctx
	web_start
	echo hello >"$WEB_ROOT/hello"
	touch -d '2001-02-03 04:05:06Z' "$WEB_ROOT/hello"
	SUM=sha256:$(sha256sum <"$WEB_ROOT/hello" | cut -d' ' -f1)
}

remote_teardown() {
	web_stop
	common_teardown
}

build() { # arguments; the Dockerfile on standard input
	cat >ctx/Dockerfile
	run plimsoll build "$@" ctx
}

# "MODE OWNER SIZE DATE TIME NAME" of an image's files.
entries() { # name
	local layer
	for layer in $(layers "$1"); do
		TZ=UTC tar tvzf "$layer" --numeric-owner --full-time | awk '{ print $1, $2, $4, $5, $6 }'
	done
}

nothing_half_written() {
	[ -z "$(find "$STATE/tmp" -mindepth 1 -not -name '*.lock' 2>/dev/null)" ] || fail "left in tmp:" "$(find "$STATE/tmp")"
}
