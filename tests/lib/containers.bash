# Containers by the whole program: one admitted base image, base:1, made of this machine's own programs once for a file; each
# test begins with a copy of that state, and ends without containers.
# shellcheck shell=bash

# For setup_file: base_root PROGRAM...; what else the image is to have goes into $ROOT; then base_state. As another user than
# root nothing is made, since setup skips.
base_root() {
	export BEGIN=$BATS_FILE_TMPDIR/begin
	ROOT=$BATS_FILE_TMPDIR/root
	[ "$(id -u)" = 0 ] || return 1
	host_rootfs "$ROOT" "$@"
	chown -R 0:0 "$ROOT"
}

base_state() {
	tar -C "$ROOT" --numeric-owner -cf "$BATS_FILE_TMPDIR/base.tar" .
	"$PLIMSOLL" --state "$BEGIN" trust init
	"$PLIMSOLL" --state "$BEGIN" advisories import "$PLIMSOLL_SRC/examples/advisories"
	"$PLIMSOLL" --state "$BEGIN" import "$BATS_FILE_TMPDIR/base.tar" base:1
}

containers_setup() { # further command it needs...
	common_setup
	need_root
	need_cmd crun conmon pasta "$@"
	cp -a "$BEGIN" "$STATE"
}

containers_teardown() {
	plimsoll rm -af >/dev/null 2>&1 || true
	common_teardown
}

# Once with each runtime that is there, and no container of the one is the next one's.
each_runtime() { # function...
	local runtime
	for runtime in crun runc; do
		command -v "$runtime" >/dev/null || continue
		PLIMSOLL_RUNTIME=$runtime "$@"
		plimsoll rm -af >/dev/null
	done
}

# Without a network, which is the fast way.
in_c() { # word of run...
	run timeout 60 "$PLIMSOLL" --state "$STATE" run --rm --network none "$@"
}

# What run says no to, before anything of the image is executed.
refused() { # status, words the message has, option...
	local want=$1 words=$2
	shift 2
	in_c "$@" base:1 id
	assert_status "$want"
	assert_output_has "$words"
	refute_output_has "uid=0"
}
