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

# The attestations of a digest in the state's store, a statement a file: statements DIGEST DIR. A file is named by the last
# words of its type: provenance-v1.json.
statements() {
	local carrier layer
	mkdir -p "$2"
	for carrier in $(bundles_of "$1"); do
		layer=$(jq -r '.layers[0].digest' "$STATE/blobs/sha256/${carrier#*:}")
		jq -r '.dsseEnvelope.payload | @base64d' "$STATE/blobs/sha256/${layer#*:}" >"$2/new"
		mv "$2/new" "$2/$(jq -r '.predicateType | split("/")[-2:] | join("-")' "$2/new").json"
	done
}

bundles_of() { # DIGEST -> the manifests that carry a bundle about it
	local d
	for d in $(jq -r '.manifests[] | select(.artifactType == "application/vnd.dev.sigstore.bundle.v0.3+json").digest' \
		"$STATE/index.json"); do
		[ "$(jq -r '.subject.digest' "$STATE/blobs/sha256/${d#*:}")" = "$1" ] && echo "$d"
	done
	return 0
}
