# The two internal bases of make ship, made by plimsoll base from where this machine's apt fetches Debian.
# shellcheck shell=bash disable=SC2154

make_base() { # name, option...
	local name=$1
	shift
	"$PLIMSOLL" --state "$BUILDER" base "debian:$SUITE-slim" --name "debian:$name" "$@" </dev/null
}

# Both bases, two at a time; what is there is kept.
make_bases() {
	if has_image "debian:$SUITE" && has_image "debian:$SUITE-build"; then
		say_note "kept (plimsoll --state $BUILDER base --refresh debian:$SUITE looks for newer packages)"
		return
	fi
	[ -t 1 ] || echo "plimsoll base of $SUITE and $SUITE-build"
	make_base "$SUITE" >"$SHIP/base-$SUITE.log" 2>&1 9>&- &
	local plain=$!
	make_base "$SUITE-build" --include gcc,libc6-dev >"$SHIP/base-$SUITE-build.log" 2>&1 9>&- &
	local tools=$!
	wait_long "plimsoll base debian:$SUITE" "$SHIP/base-$SUITE.log" $plain
	wait_long "plimsoll base debian:$SUITE-build (with gcc)" "$SHIP/base-$SUITE-build.log" $tools
}
