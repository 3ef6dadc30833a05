# An ordinary user's containers on a machine with systemd: his service manager makes a scope for each command, in which
# he has control groups of his own. For the machine of tests/qemu/run (mode systemd), which brings /lockdown.tar.

load ../lib/common
bats_require_minimum_version 1.5.0

UNITS=/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service

# As a login has it, from a group that is not hers.
hers() {
	setpriv --reuid 1000 --regid 1000 --clear-groups env -i PATH="$PATH" HOME=/home/alice XDG_RUNTIME_DIR=/run/user/1000 \
		/usr/local/bin/plimsoll "$@"
}

setup_file() {
	install -m 755 "$(dirname "$PLIMSOLL")"/plimsoll* /usr/local/bin
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/file" "$BATS_FILE_TMPDIR"
	cp -r "$PLIMSOLL_SRC/examples/advisories" "$BATS_FILE_TMPDIR/advisories"
	mkdir -p /home/alice/.config/plimsoll
	printf 'run:\n  without: [apparmor]\n' >/home/alice/.config/plimsoll/plimsoll.yaml
	chown -R 1000:1000 /home/alice
	wait_for 60 test -S /run/user/1000/systemd/private
	hers -q trust init
	hers -q advisories import "$BATS_FILE_TMPDIR/advisories"
	hers -q import /lockdown.tar lockdown:1
}

groups_of() {
	find $UNITS -type d -name 'plimsoll-*' ! -name plimsoll-self
}

no_group() {
	[ -z "$(groups_of)" ]
}

no_scope() {
	[ -z "$(find $UNITS -type d -name 'run-*.scope')" ]
}

@test "systemd, a user: limits are set in a scope, and nothing is left of it" {
	run hers run --rm --network none --memory 64m --pids-limit 99 --cpus 0.5 lockdown:1 /bin/sh -c \
		'cd /sys/fs/cgroup; cat memory.max memory.swap.max pids.max cpu.max'
	assert_status 0
	assert_output_has "67108864" "99" "50000 100000"
	wait_for 30 no_group
	wait_for 30 no_scope
}

@test "systemd, a user: detached, exec, stats, pause, stop" {
	hers run -d --name c --network none --memory 64m lockdown:1 /bin/sleep 1000
	[[ "$(groups_of)" = */run-*.scope/plimsoll-* ]] || fail "$(groups_of)"
	run hers exec c /bin/cat /proc/self/cgroup
	assert_status 0
	run hers stats --no-stream c
	assert_output_has "67.1MB"
	hers pause c
	assert_eq "$(cat "$(groups_of)/cgroup.freeze")" 1
	hers unpause c
	hers stop -t 1 c
	wait_for 30 no_group
	hers start c
	run hers exec c /bin/sh -c "echo again"
	assert_output_has again
	hers rm -f c
	wait_for 30 no_group
	wait_for 30 no_scope
}

@test "systemd, a user: without a scope it is refused, with the command that mends it" {
	run env PLIMSOLL_SCOPE=1 setpriv --reuid 1000 --regid 1000 --clear-groups env HOME=/home/alice /usr/local/bin/plimsoll \
		run --rm --network none lockdown:1 /bin/cat /etc/hostname
	assert_status 125
	assert_output_has "mend: "
	# Who asks the doctor is told of what a command would find, in a scope.
	run hers doctor
	grep -E "^memory-limit +fine" <<<"$output" || fail "$output"
	grep -E "^mode +fine +/sys/fs/cgroup/user.slice/.*/run-.*scope" <<<"$output" || fail "$output"
	wait_for 30 no_scope
}

@test "systemd, root: a generated unit starts and ends a container" {
	local name=served
	printf 'run:\n  without: [apparmor]\n' >/etc/plimsoll.yaml
	export PLIMSOLL_STATE=$BATS_FILE_TMPDIR/root
	root() { "$PLIMSOLL" --config /etc/plimsoll.yaml --state "$BATS_FILE_TMPDIR/root" "$@"; }
	root -q trust init
	root -q advisories import "$BATS_FILE_TMPDIR/advisories"
	root -q import /lockdown.tar lockdown:1
	root -q create --name $name --network none --restart always lockdown:1 /bin/sleep 1000
	root generate systemd $name >/etc/systemd/system/$name.service
	systemctl daemon-reload
	systemctl start $name
	run root ps
	assert_output_has $name
	systemctl stop $name
	run root ps -q
	assert_eq "$output" ""
	root rm -f $name
}
