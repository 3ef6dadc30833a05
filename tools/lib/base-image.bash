# Base root filesystems by mmdebstrap, from where this machine's apt fetches Debian, checked with Debian's keys.
# shellcheck shell=bash disable=SC2154,SC2016

# The lines of sources.list for the Debian archive among this machine's sources (others are left out).
debian_sources() {
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' |
		awk -v suite="$SUITE" '$4 == "Debian" && ($2 == suite || $2 == suite "-updates" || $2 == suite "-security") {
			print "deb", $1, $2, $3 }' | sort -u
}

# What this machine's apt was told about proxies and dates holds for the base's apt too.
apt_options() {
	apt-config dump --format '%F "%v";%n' Acquire |
		grep -E '^Acquire::(https?::Proxy|Check-Valid-Until|Check-Date) ' || true
}

make_base() { # name, mmdebstrap option...
	local name=$1 tar=$SHIP/base/$1.tar option
	shift
	local -a options=(--mode=root --variant=minbase --format=tar --skip=output/dev
		--customize-hook='rm -rf "$1"/usr/share/man/* "$1"/usr/share/locale/*'
		--customize-hook='find "$1/usr/share/doc" ! -type d ! -name copyright -delete')
	while read -r option; do
		[ -n "$option" ] && options+=(--aptopt="$option")
	done < <(apt_options)
	mmdebstrap "${options[@]}" "$@" "$SUITE" "$tar.part" "$SHIP/base/sources.list" </dev/null || return
	sync "$tar.part"
	mv "$tar.part" "$tar"
	echo "made $name"
}

# Both bases, two at a time; what is there is kept.
make_bases() {
	local age
	mkdir -p "$SHIP/base"
	if [ -e "$SHIP/base/$SUITE.tar" ] && [ -e "$SHIP/base/$SUITE-build.tar" ]; then
		age=$((($(date +%s) - $(stat -c %Y "$SHIP/base/$SUITE.tar")) / 86400))
		say_note "kept from $age days ago (rm -r ${SHIP#"$PWD/"} makes everything anew)"
		return
	fi
	debian_sources >"$SHIP/base/sources.list"
	if [ ! -s "$SHIP/base/sources.list" ]; then
		run_long "apt-get update" "$SHIP/base/update.log" apt-get -q update
		debian_sources >"$SHIP/base/sources.list"
	fi
	[ -s "$SHIP/base/sources.list" ] || die "this machine's apt has no source for Debian $SUITE"
	[ -t 1 ] || echo "mmdebstrap of $SUITE and $SUITE-build"
	make_base "$SUITE" >"$SHIP/base/$SUITE.log" 2>&1 9>&- &
	local plain=$!
	make_base "$SUITE-build" --include=gcc,libc6-dev >"$SHIP/base/$SUITE-build.log" 2>&1 9>&- &
	local tools=$!
	wait_long "mmdebstrap $SUITE" "$SHIP/base/$SUITE.log" $plain
	wait_long "mmdebstrap $SUITE-build (with gcc)" "$SHIP/base/$SUITE-build.log" $tools
}
