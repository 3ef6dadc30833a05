# The root folders that benches measure with, as tar archives; for sourcing, with PLIMSOLL set.
# shellcheck shell=bash disable=SC2154

# FOLDER/NAME.tar, Debian bookworm with further packages, from where this machine's apt fetches Debian. What is there stays.
make_base_tar() { # folder, name, package,...
	local folder=$1 name=$2 include=${3:-} state
	[ -e "$folder/$name.tar" ] && return
	state=$(mktemp -d "${TMPDIR:-/tmp}/plimsoll-bench-base.XXXXXX")
	echo "bench: plimsoll base of $name" >&2
	if ! "$PLIMSOLL" -q --state "$state" trust init >/dev/null ||
		! "$PLIMSOLL" -q --state "$state" base debian:bookworm-slim --name "bench-base:1" \
			${include:+--include "$include"} </dev/null >"$state/log" 2>&1; then
		cat "$state/log" >&2
		rm -rf --one-file-system "$state"
		return 1
	fi
	mkdir -p "$folder"
	# Its one layer: nothing else of the store is as large.
	find "$state/blobs/sha256" -type f -size +1M -exec gzip -dc {} \; >"$folder/$name.tar.part"
	rm -rf --one-file-system "$state"
	mv "$folder/$name.tar.part" "$folder/$name.tar"
}
