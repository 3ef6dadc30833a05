# A script of commands as scripts use them, by docker and by plimsoll: what they print and how they end, to be compared.
# shellcheck shell=bash

DOCKER=/usr/bin/docker
[ -x "$DOCKER" ] || DOCKER=docker

surface_setup() {
	containers_setup "$DOCKER" dockerd jq
	docker_start
	"$DOCKER" -H "$DOCKER_SOCKET" import "$BATS_FILE_TMPDIR/base.tar" base:1 >/dev/null
}

surface_teardown() {
	if [ -n "${DOCKERD_PID:-}" ]; then
		"$DOCKER" -H "$DOCKER_SOCKET" ps -aq | xargs -r "$DOCKER" -H "$DOCKER_SOCKET" rm -f >/dev/null 2>&1 || true
	fi
	docker_stop
	containers_teardown
}

# Each line of the script, by both. What is run in a container ends with its own status; of all else it counts whether it failed.
try() { # which
	local which=$1 line status out
	d() {
		if [ "$which" = docker ]; then "$DOCKER" -H "$DOCKER_SOCKET" "$@"; else "$PLIMSOLL" --state "$STATE" "$@"; fi
	}
	while IFS= read -r line; do
		[ -n "$line" ] || continue
		out=$(eval "$line" 2>err) && status=0 || status=$?
		case $line in
		"d run"* | "d exec cc"*) ;;
		*) [ "$status" = 0 ] || status=failed ;;
		esac
		printf '$ %s\n%s\n=> %s\n' "$line" "$out" "$status"
	done | sed -E 's/[0-9a-f]{64}/ID/g; s/\b[0-9a-f]{12}\b/SHORT/g'
}

# Runs the function script by both; the lines in the array DIFFERENT are left out. $SURFACE_OUT: where to put both outputs.
same_surface() {
	local line which
	script | try docker >docker.out
	script | try plimsoll >plimsoll.out
	cp docker.out plimsoll.out "${SURFACE_OUT:-$BATS_TEST_TMPDIR}" 2>/dev/null || true
	for line in "${DIFFERENT[@]}"; do
		for which in docker plimsoll; do
			awk -v line="\$ $line" '$0 == line { print "$ (left out)"; skip = 1; next } /^\$ / { skip = 0 } !skip' $which.out >$which.cut
			mv $which.cut $which.out
		done
	done
	diff -u docker.out plimsoll.out || fail "docker and plimsoll differ"
}
