# Sources of advisories on a web server that behaves as publishers do, and worse: setup, teardown and what tests ask.
# shellcheck shell=bash

setup() {
	common_setup
	WEB=$BATS_TEST_TMPDIR/web
	mkdir -p "$WEB"
	web_start
	export PLIMSOLL_STALL_SECONDS=3
}

teardown() {
	web_stop
	common_teardown
}

web_start() { # [CERT KEY]
	rm -f port
	WEB_LOG=$BATS_TEST_TMPDIR/web.log
	: >"$WEB_LOG"
	/usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/feed_server.py" "$WEB" "$BATS_TEST_TMPDIR/port" "$WEB_LOG" "$@" \
		>web.out 2>&1 3>&- &
	WEB_PID=$!
	wait_for 20 test -s "$BATS_TEST_TMPDIR/port"
	PORT=$(cat "$BATS_TEST_TMPDIR/port")
	URL=http://127.0.0.1:$PORT
}

web_stop() {
	[ -z "${WEB_PID:-}" ] && return 0
	kill "$WEB_PID" 2>/dev/null || true
	wait "$WEB_PID" 2>/dev/null || true
	WEB_PID=
}

# only NAME BODY...: a configuration in which these sources, and no others, are enabled
only() {
	{
		echo 'advisories:'
		echo '  sources:'
		for known in debian alpine osv wolfi chainguard ubuntu redhat kev epss; do
			[[ " $* " == *" $known "* ]] || echo "    $known: {enabled: false}"
		done
		while [ $# -gt 1 ]; do
			echo "    $1: $2"
			shift 2
		done
	} >plimsoll.yaml
}

# shellcheck disable=SC2119,SC2120 # most tests name no source
update() {
	"$PLIMSOLL" --state "$STATE" --config plimsoll.yaml advisories update "$@"
}

osv() { # ID MODIFIED [PACKAGE]
	printf '{"id":"%s","modified":"%s","affected":[{"package":{"ecosystem":"Go","name":"%s"},' "$1" "$2" "${3:-a}"
	printf '"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.2.3"}]}]}]}\n'
}

tracker() { # SOURCE CVE STATUS...: one source package of Debian's tracker
	printf '"%s":{"%s":{"releases":{"bookworm":{"status":"%s","urgency":"low"%s}}}}' "$1" "$2" "$3" "$4"
}

kev() {
	printf '{"catalogVersion":"1","dateReleased":"%sT00:00:00Z","vulnerabilities":[{"cveID":"CVE-2024-1",' "$1"
	printf '"dateAdded":"%s","knownRansomwareCampaignUse":"Known"}]}\n' "$1"
}

entries() { # SOURCE: how many advisories the database has of it
	plimsoll --format json advisories status | jq -r --arg s "$1" '.sources[] | select(.source == $s) | .advisories'
}

requests() { # EXTENDED-REGEX
	grep -cE "$1" "$WEB_LOG" || true
}

csaf() { # CVE STATUS
	printf '{"document":{"csaf_version":"2.0","publisher":{"name":"Red Hat"},"tracking":{"id":"%s"}},' "$1"
	printf '"product_tree":{"branches":[{"product":{"product_id":"r","product_identification_helper":{"cpe":'
	printf '"cpe:/o:redhat:enterprise_linux:9"}}}],"relationships":[{"full_product_name":{"product_id":"r:a"},'
	printf '"product_reference":"a","relates_to_product_reference":"r"}]},"vulnerabilities":[{"cve":"%s",' "$1"
	printf '"product_status":{"%s":["r:a"]}}]}\n' "$2"
}
