#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Libraries that are loaded with their first call (base/lazy.h): who needs none of them loads none, and who does finds them.

load ../lib/common

setup() {
	common_setup
	[ ! -x "${PLIMSOLL_RELEASE:-}" ] || PLIMSOLL=$PLIMSOLL_RELEASE
	readelf -d "$PLIMSOLL" | grep -q 'NEEDED.*libcrypto' && skip "linked as ever: another machine than x86-64, or sanitizers"
	return 0
}

teardown() {
	common_teardown
}

loaded() { # command...
	LD_DEBUG=files "$@" 2>&1 | sed -n 's/.*calling init: .*\/\(lib[a-z0-9]*\)\.so.*/\1/p' | sort -u
}

@test "a command that hashes and parses nothing loads neither OpenSSL nor SQLite" {
	run loaded "$PLIMSOLL" --version
	assert_output_has libjansson
	refute_output_has libcrypto
	refute_output_has libsqlite3
}

@test "one that makes a key loads OpenSSL" {
	run loaded "$PLIMSOLL" --state "$STATE" trust init
	assert_output_has libcrypto
	[ -s "$STATE/trust/trustpolicy.json" ]
}

@test "a library that is missing is told by its name, and ends the program" {
	unshare --mount true 2>/dev/null || skip "no mount namespace"
	library=$(ldconfig -p | sed -n 's/.*libcrypto.so.3 .*x86-64.*=> //p' | head -1)
	[ -n "$library" ]
	run unshare --mount sh -c 'mount --bind /dev/null "$1" && exec "$2" --state "$3" trust init' sh "$(readlink -f "$library")" \
		"$PLIMSOLL" "$STATE"
	assert_status 127
	assert_output_has "libcrypto.so.3"
}
