# An ordinary user's containers with control groups of version 2 that he was given, by the commands that doctor tells where
# there is no systemd. For the machine of tests/qemu/run (mode v2), which brings /lockdown.tar.

load ../lib/common
bats_require_minimum_version 1.5.0

OWN=/sys/fs/cgroup/plimsoll-users/33

his() { # as www-data, in the group that is his
	env HOME="$BATS_FILE_TMPDIR/his" bash -c 'echo $$ >'$OWN'/plimsoll-self/cgroup.procs &&
		exec setpriv --reuid 33 --regid 33 --clear-groups "$@"' - "$BATS_FILE_TMPDIR/bin/plimsoll" "$@"
}

setup_file() {
	local mend home=$BATS_FILE_TMPDIR/his
	[ -f /lockdown.tar ] && [ -f /sys/fs/cgroup/cgroup.controllers ] || return 0
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/file" "$BATS_FILE_TMPDIR"
	chmod u+s "$(type -P newuidmap)" "$(type -P newgidmap)"
	echo www-data:100000:65536 | tee /etc/subuid >/etc/subgid
	mkdir -p "$BATS_FILE_TMPDIR/bin" "$home/.config/plimsoll"
	install -m 755 "$(dirname "$PLIMSOLL")"/plimsoll* "$BATS_FILE_TMPDIR/bin"
	cp -r "$PLIMSOLL_SRC/examples/advisories" "$BATS_FILE_TMPDIR/advisories"
	chown -R 33:33 "$home"
	mend=$(HOME=$home setpriv --reuid 33 --regid 33 --clear-groups "$BATS_FILE_TMPDIR/bin/plimsoll" doctor --format json |
		jq -r '[.. | objects | select(.group? == "cgroups" and .name == "mode") | .mend // ""] | first') || true
	echo "# doctor: $mend" >&3
	mend=${mend#as root: }
	bash -c "${mend%; echo PID*}"
	his -q trust init
	his -q advisories import "$BATS_FILE_TMPDIR/advisories"
	his -q import /lockdown.tar lockdown:1
	# AppArmor's profile root loads, once after each boot, as the message says.
	! his run --rm --network none lockdown:1 /bin/cat /etc/hostname 2>"$BATS_FILE_TMPDIR/said"
	apparmor_parser --replace --skip-cache "$(sed -n 's/.*sudo apparmor_parser --replace \([^ ]*\) .*/\1/p' "$BATS_FILE_TMPDIR/said")"
}

setup() {
	[ -f /lockdown.tar ] && [ -f /sys/fs/cgroup/cgroup.controllers ] || skip "needs the test machine, with version 2"
	cd "$BATS_TEST_TMPDIR" || return 1
}

no_group() {
	[ -z "$(find $OWN -name 'plimsoll-*' ! -name plimsoll-self)" ]
}

@test "v2 as a user: limits are set, seen, and gone with the container" {
	run his run --rm --network none --memory 64m --pids-limit 99 --cpus 0.5 lockdown:1 /bin/sh -c \
		'cd /sys/fs/cgroup; cat memory.max memory.swap.max pids.max cpu.max; : >cgroup.procs'
	assert_output_has "67108864" "99" "50000 100000" "Read-only file system"
	wait_for 20 no_group
}

@test "v2 as a user: detached, exec, stats, pause, kill -9 of the supervisor" {
	his run -d --name c --network none --memory 64m lockdown:1 /bin/sleep 1000
	run his exec c /bin/cat /proc/self/cgroup
	assert_status 0
	run his exec c /bin/cat /proc/self/attr/current
	[[ "$output" = plimsoll-*\ \(enforce\) ]] || fail "$output"
	[ "$(cat $OWN/plimsoll-*/cgroup.procs | wc -l)" -ge 3 ]
	run his stats --no-stream c
	assert_output_has "67.1MB"
	his pause c
	run cat $OWN/plimsoll-*/cgroup.events
	assert_output_has "frozen 1"
	his unpause c
	kill_9 "$(jq .monitorPid "$BATS_FILE_TMPDIR"/his/.local/share/plimsoll/containers/*/state.json)"
	run his ps -a
	assert_output_has "xited (137)"
	wait_for 20 no_group
	his rm c
}

@test "v2 as a user: no primitive is allowed, and every ordinary operation works" {
	his run --rm --network none lockdown:1 /lockdown >out.tsv
	run awk -F'\t' '$3 == "allowed" && $2 != "ordinary" && $2 != "optional" { print $1 }' out.tsv
	assert_eq "$output" ""
	# Linux before 6.9 does not show this file in a user namespace's network.
	run awk -F'\t' '$3 != "allowed" && $2 == "ordinary" && $1 != "read_somaxconn" { print }' out.tsv
	assert_eq "$output" ""
	[ "$(wc -l <out.tsv)" -ge 187 ]
}
