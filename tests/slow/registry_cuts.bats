# Connections that break at random bytes, and kills of plimsoll, in pushes and pulls (tests/lib/registry_cuts.py): every
# one comes to the right digest in the end. 100 here, PLIMSOLL_CUTS=1000 for the whole thing, with PLIMSOLL_CUTS_SEED.
# The thousand, 2026-11-26, seed 5, at a load of 13:
#     docker-registry: 501 cuts and 20 kills in 23 pushes and pulls; pushed 260 MB and 67.7 MB again, pulled 260 MB and 21.6 MB again
#     sessions: 528 cuts and 11 kills in 12 pushes and pulls; pushed 136 MB and 17.7 MB again, pulled 136 MB and 18.1 MB again
# Again is all that went over the proxy more than once, with all headers, and what a RST threw away behind it.
load ../lib/common

setup() {
	common_setup
	CUTS=$((${PLIMSOLL_CUTS:-100} / 2))
	SEED=${PLIMSOLL_CUTS_SEED:-$((RANDOM + 1))}
	echo "seed $SEED" >&2
}

teardown() {
	registry_stop
	if [ -n "${UPLOADS_PID:-}" ]; then
		kill "$UPLOADS_PID" 2>/dev/null || true
		wait "$UPLOADS_PID" 2>/dev/null || true
	fi
	common_teardown
}

cuts() { # port, kind
	mkdir cuts
	run timeout 3000 python3 "$PLIMSOLL_SRC/tests/lib/registry_cuts.py" "$BATS_TEST_TMPDIR/cuts" "$CUTS" "$SEED" "$1" "$2"
	echo "seed $SEED: $output"
	[ -z "${PLIMSOLL_CUTS:-}" ] || echo "# seed $SEED: $output" >&3
	assert_status 0
	assert_output_has "$2: "
}

@test "cuts between plimsoll and docker-registry, which forgets an upload that broke" {
	need_cmd docker-registry
	registry_start
	cuts "${REGISTRY#*:}" plain
}

@test "cuts between plimsoll and a registry whose uploads can be gone on with" {
	python3 "$PLIMSOLL_SRC/tests/lib/upload_server.py" "$BATS_TEST_TMPDIR/port" >server.out 2>&1 3>&- &
	UPLOADS_PID=$!
	wait_for 60 test -s port
	cuts "$(cat port)" sessions
}
