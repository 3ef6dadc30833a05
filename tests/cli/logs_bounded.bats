#!/usr/bin/env bats
# A container's log has a bound, and who follows it misses nothing when it is begun anew.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root sleep || return 0
	base_state
}
setup() { containers_setup; }
teardown() { containers_teardown; }

@test "--log-opt max-size bounds the file on the host; logs -f sees every line across it" {
	# 6,000 lines of 90 bytes: some ten files of 64 KiB.
	plimsoll run -d --name c --network none --log-driver json-file --log-opt max-size=64k base:1 sh -c '
		sleep 1; i=0; while [ $i -lt 6000 ]; do echo "$i 0123456789012345678901234567890123456789"; i=$((i + 1))
		[ $((i % 200)) != 0 ] || sleep 0.25; done' >/dev/null
	local id
	id=$(plimsoll inspect -f '{{.Id}}' c)
	timeout 60 "$PLIMSOLL" --state "$STATE" logs -f c >all
	assert_eq "$(cut -d' ' -f1 all | cksum)" "$(seq 0 5999 | cksum)"
	[ "$(stat -c %s "$STATE/containers/$id/ctr.log")" -le 65536 ]
	[ "$(plimsoll logs c | wc -l)" -lt 1000 ]
	assert_eq "$(plimsoll logs --tail 1 c)" "$(tail -n 1 all)"
	# Nothing else grew beside it.
	[ "$(du -sk "$STATE/containers/$id" | cut -f1)" -lt 400 ]
}

@test "which drivers and options are known" {
	local bad
	for bad in "--log-driver none" "--log-driver journald" "--log-driver syslog" "--log-opt max-size=1k" \
		"--log-opt max-size=2g" "--log-opt max-size=x" "--log-opt max-file=3" "--log-opt tag=x"; do
		# shellcheck disable=SC2086
		in_c $bad base:1 true
		assert_status 2
	done
	in_c --log-driver journald base:1 true
	assert_output_has "systemd-cat"
	in_c --log-driver k8s-file --log-opt max-size=10m base:1 sh -c :
	assert_status 0
}
