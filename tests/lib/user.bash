# An ordinary user who is made for a file of tests and removed at its end: $WHO, the only one with an id in his name.
#
#     setup_file() { user_make NAME; ... }      teardown_file() { user_remove; }      setup() { user_setup; ... }
#
# Gives: user COMMAND..., as him; his WORD..., plimsoll as him with the state folder that is his by default. His home is $HIS.
# shellcheck shell=bash

user_make() { # as root, with his programs; false when nothing can be made
	[ "$(id -u)" = 0 ] || return 1
	command -v newuidmap useradd setpriv >/dev/null || return 1
	user_remove
	useradd --no-create-home --home-dir /nonexistent --shell /bin/bash --user-group "$WHO"
	# The programs where he may read them: a worktree can lie in a folder of root's own.
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/file" "$BATS_RUN_TMPDIR/test" "$BATS_FILE_TMPDIR" 2>/dev/null || true
	install -d -m 755 "$BATS_FILE_TMPDIR/bin"
	install -m 755 "$PLIMSOLL" "$(dirname "$PLIMSOLL")"/plimsoll-fetch \
		"$(dirname "$PLIMSOLL")"/plimsoll-shim "$(dirname "$PLIMSOLL")"/plimsoll-guard "$BATS_FILE_TMPDIR/bin"
}

user_remove() {
	userdel "$WHO" 2>/dev/null || true
}

# His home is fresh; skips where he cannot have a namespace.
user_setup() {
	need_root
	need_cmd newuidmap newgidmap useradd setpriv
	common_setup
	chmod 755 "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR" 2>/dev/null || true
	HIS=$BATS_TEST_TMPDIR/his
	install -d -o "$WHO" -g "$WHO" "$HIS"
	user true 2>/dev/null || skip "the folder for temporary files is closed to other users"
	user unshare --user true 2>/dev/null || skip "needs user namespaces for users"
}

user() { # command, as the user
	[ -x "$BATS_FILE_TMPDIR/bin/plimsoll" ] || return 1
	setpriv --reuid "$WHO" --regid "$WHO" --clear-groups --reset-env \
		env HOME="$HIS" NO_COLOR=1 LC_ALL=C.UTF-8 ASAN_OPTIONS="${ASAN_OPTIONS:-}" \
		SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-}" "$@"
}

his() {
	user "$BATS_FILE_TMPDIR/bin/plimsoll" "$@"
}

# What policy says of his machine.
his_policy() { # line...
	user mkdir -p "$HIS/.config/plimsoll"
	printf '%s\n' "$@" | user tee "$HIS/.config/plimsoll/plimsoll.yaml" >/dev/null
}
