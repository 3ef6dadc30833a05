#!/usr/bin/env bats
# `plimsoll profile`: what containers may do, as a person reads it.

load ../lib/common
bats_require_minimum_version 1.5.0

setup() { common_setup; }
teardown() { common_teardown; }

@test "profile show: the default one, and a file's changes" {
	run plimsoll profile show
	assert_status 0
	assert_output_has "capability" "none" "/proc proc nosuid,noexec,nodev,ro" "refused call" "CVE-2016-5195"
	printf 'name: web\ncapabilities: [service]\nsyscalls: [ptrace]\nbind: [80]\nconnect: []\nlimits: {memory: 64m}\nexec: [/tmp]\n' >p.yaml
	run plimsoll --format json profile show p.yaml
	assert_status 0
	assert_eq "$(jq -r '.rows[] | select(.what == "capability") | .which' <<<"$output" | sort | tr '\n' ' ')" \
		"CHOWN DAC_OVERRIDE KILL SETGID SETUID "
	assert_eq "$(jq -r '.rows[] | select(.what == "allowed call") | .which' <<<"$output")" ptrace
	assert_eq "$(jq -r '.rows[] | select(.what == "listen" or .what == "connect" or .what == "memory") | .which' \
		<<<"$output" | tr '\n' ' ')" "64m 80/tcp none "
	jq -r '.rows[] | select(.what == "mount") | .which' <<<"$output" | grep '^/tmp ' | grep -v noexec
}

@test "a profile that is none is refused with its file and key" {
	echo 'capabilties: [CHOWN]' >p.yaml
	run plimsoll profile show p.yaml
	assert_status 5
	assert_output_has "p.yaml" "capabilties"
	run plimsoll profile show nosuch.yaml
	assert_status 5
}
