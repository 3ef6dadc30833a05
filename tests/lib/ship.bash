# A registry whose every request can be made to fail (step_registry.py), and what ships to it. Load after common.bash.
# shellcheck shell=bash

step_registry_start() { # sets $STEPS (host:port), $STEPS_LOG; control with step_registry JSON
	STEPS_LOG=$BATS_TEST_TMPDIR/steps.log
	: >"$STEPS_LOG"
	step_registry '{}'
	/usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/step_registry.py" "$BATS_TEST_TMPDIR/steps.port" "$STEPS_LOG" \
		"$BATS_TEST_TMPDIR/steps.json" >"$BATS_TEST_TMPDIR/steps.out" 2>&1 3>&- &
	STEPS_PID=$!
	wait_for 20 test -s "$BATS_TEST_TMPDIR/steps.port"
	STEPS=127.0.0.1:$(cat "$BATS_TEST_TMPDIR/steps.port")
}

step_registry() { # JSON: how the registry behaves from now on
	printf '%s' "$1" >"$BATS_TEST_TMPDIR/steps.json.new"
	mv "$BATS_TEST_TMPDIR/steps.json.new" "$BATS_TEST_TMPDIR/steps.json"
}

step_registry_stop() {
	[ -z "${STEPS_PID:-}" ] && return 0
	kill "$STEPS_PID" 2>/dev/null || true
	wait "$STEPS_PID" 2>/dev/null || true
	STEPS_PID=
}

step_tag() { # NAME:TAG -> digest, or nothing
	curl -sf "http://$STEPS/state" | jq -r --arg t "$1" '.tags[$t] // empty'
}
