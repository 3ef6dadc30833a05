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

# In setup_file: an image base:1 with a user bob and these commands of the host, in a home that user_begin copies.
user_image() { # command...
	local HIS=$BATS_FILE_TMPDIR/begin root=$BATS_FILE_TMPDIR/root
	cd "$BATS_FILE_TMPDIR" || return 1
	install -d -o "$WHO" -g "$WHO" "$HIS"
	user true 2>/dev/null || return 0
	host_rootfs "$root" "$@"
	mkdir -p "$root/tmp"
	echo 'bob:x:1000:1000::/:/bin/sh' >>"$root/etc/passwd"
	chown -R 0:0 "$root"
	tar -C "$root" --numeric-owner -cf base.tar .
	cp -r "$PLIMSOLL_SRC/examples/advisories" advisories
	his trust init >log && his advisories import advisories >>log && his import base.tar base:1 >>log
}

user_begin() {
	cp -a "$BATS_FILE_TMPDIR/begin/." "$HIS"
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

# Control groups of v1 that are his, as an admin makes them by the command that doctor tells; skips where that cannot be.
# With his_groups_remove in teardown.
his_groups() { # controller...
	local c folder
	[ -d /sys/fs/cgroup/memory ] || skip "needs control groups of version 1"
	for c in "${@:-memory pids cpu cpuacct freezer}"; do
		for c in $c; do
			folder=/sys/fs/cgroup/$c/plimsoll-users/$(id -u "$WHO")
			mkdir -p "$folder" 2>/dev/null || skip "no group can be made in $c"
			chown -R "$WHO" "$folder"
		done
	done
}

his_groups_remove() {
	local c
	for c in /sys/fs/cgroup/*/plimsoll-users/"$(id -u "$WHO")"; do
		[ ! -d "$c" ] || rmdir "$c"
	done
	rmdir /sys/fs/cgroup/*/plimsoll-users 2>/dev/null || true
}
