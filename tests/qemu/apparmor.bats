# On a kernel with AppArmor enforcing: what plimsoll's profile stops, that everything ordinary works under it, that it is
# loaded once, and that nothing starts without it. For the machine of tests/qemu/run, which brings /lockdown.tar.

load ../lib/common
bats_require_minimum_version 1.5.0

setup_file() {
	export STATE=$BATS_FILE_TMPDIR/state XDG_CONFIG_HOME=$BATS_FILE_TMPDIR/config
	mkdir -p "$XDG_CONFIG_HOME/plimsoll"
	"$PLIMSOLL" --state "$STATE" -q trust init
	"$PLIMSOLL" --state "$STATE" -q advisories import "$PLIMSOLL_SRC/examples/advisories"
	"$PLIMSOLL" --state "$STATE" -q import /lockdown.tar lockdown:1
}

setup() {
	[ "$(cat /sys/module/apparmor/parameters/enabled)" = Y ] || skip "needs AppArmor"
	export XDG_CONFIG_HOME=$BATS_FILE_TMPDIR/config
	STATE=$BATS_FILE_TMPDIR/state
	rm -f "$XDG_CONFIG_HOME/plimsoll/plimsoll.yaml"
	cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
	umount "$(type -P apparmor_parser)" 2>/dev/null || true
	[ -n "$BATS_TEST_COMPLETED" ] || plimsoll rm -f --all >/dev/null 2>&1 || true
	common_teardown
}

in_container() { # options and command
	plimsoll run --rm --network none "$@"
}

no_parser() {
	mount --bind /dev/null "$(type -P apparmor_parser)"
}

@test "a container is held by a profile that is loaded once" {
	run in_container lockdown:1 /bin/cat /proc/self/attr/current
	assert_status 0
	[[ "$output" =~ ^plimsoll-[0-9a-f]{24}\ \(enforce\)$ ]] || fail "$output"
	no_parser
	first=$output
	run in_container lockdown:1 /bin/cat /proc/self/attr/current
	assert_eq "$output" "$first"
}

# Both runtimes write the name into the container's /proc, which is read-only: our shim takes it.
exec_is_held() { # runtime
	local name=plimsoll-[0-9a-f]*
	plimsoll -q run -d --runtime "$1" --name held --network none lockdown:1 /bin/sleep 1000
	run plimsoll exec held /bin/cat /proc/self/attr/current
	assert_status 0
	[[ "$output" = $name\ \(enforce\) ]] || fail "$output"
	run plimsoll exec -u 33 held /bin/sh -c "cat /proc/self/attr/current; ls -l /proc/self/fd"
	[[ "${lines[0]}" = $name\ \(enforce\) ]] || fail "$output"
	refute_output_has socket: attr
	plimsoll exec -d held /bin/sleep 1001
	wait_for 30 sleeps_held
	run -127 plimsoll exec held /no/such
	# Without the profile nothing is executed.
	sed -n 's/.*"apparmorProfile": "\(.*\)".*/\1/p' "$STATE"/containers/*/config.json | tr -d '\n' >/sys/kernel/security/apparmor/.remove
	run plimsoll exec held /bin/echo executed
	assert_status 125
	assert_output_has "take the AppArmor profile plimsoll-"
	refute_output_has executed
	plimsoll rm -f held
}

sleeps_held() {
	grep -q '^plimsoll-.*(enforce)' "/proc/$(pgrep -n -f '^/bin/sleep 1001')/attr/current"
}

@test "exec is held by the container's profile, or does not happen (crun)" {
	exec_is_held crun
}

@test "exec is held by the container's profile, or does not happen (runc)" {
	need_cmd runc
	exec_is_held runc
}

@test "a profile that cannot be loaded stops the start, unless policy does without" {
	no_parser
	run in_container --tmpfs /other lockdown:1 /bin/cat /proc/self/attr/current
	assert_status 125
	assert_output_has "AppArmor profile" "without: [apparmor]"
	printf 'run:\n  without: [apparmor]\n' >"$XDG_CONFIG_HOME/plimsoll/plimsoll.yaml"
	run in_container --tmpfs /other lockdown:1 /bin/cat /proc/self/attr/current
	assert_status 0
	assert_output_has unconfined
}

@test "no primitive is allowed, and every ordinary operation works" {
	in_container lockdown:1 /lockdown >out.tsv
	run awk -F'\t' '$3 == "allowed" && $2 != "ordinary" && $2 != "optional" { print $1 }' out.tsv
	assert_eq "$output" ""
	# Linux before 6.9 does not show this file in a user namespace's network.
	run awk -F'\t' '$3 != "allowed" && $2 == "ordinary" && $1 != "read_somaxconn" { print }' out.tsv
	assert_eq "$output" ""
	[ "$(grep -c ordinary out.tsv)" -ge 40 ]
	[ "$(wc -l <out.tsv)" -ge 187 ]
}

@test "Dirty COW's primitive: it succeeds without protections, and one flag of the profile stops it" {
	printf 'run:\n  allow: [seccomp-unconfined, landlock-unconfined, apparmor-unconfined, proc-writable]\n' \
		>"$XDG_CONFIG_HOME/plimsoll/plimsoll.yaml"
	printf 'name: open\nseccomp: off\nlandlock: off\nproc: writable\napparmor: off\n' >open.yaml
	sed 's/apparmor: off/apparmor: on/' open.yaml >one.yaml
	in_container --profile open.yaml --reason demo lockdown:1 /lockdown force_proc_self_mem ptrace_poke >open.tsv
	in_container --profile one.yaml --reason demo lockdown:1 /lockdown force_proc_self_mem ptrace_poke >one.tsv
	cat open.tsv one.tsv
	run cut -f1,3 open.tsv
	assert_output_has "force_proc_self_mem	allowed" "ptrace_poke	allowed"
	run cut -f1,3 one.tsv
	assert_output_has "force_proc_self_mem	denied" "ptrace_poke	denied"
	# exec is held by the same one.
	for profile in open one; do
		plimsoll -q run -d --name $profile --profile $profile.yaml --reason demo --network none lockdown:1 /bin/sleep 1000
		plimsoll exec $profile /lockdown force_proc_self_mem ptrace_poke >$profile.tsv
		plimsoll rm -f $profile
	done
	cat open.tsv one.tsv
	assert_eq "$(cut -f3 open.tsv | sort -u)" allowed
	assert_eq "$(cut -f3 one.tsv | sort -u)" denied
}

@test "a profile of the user's choosing: by policy, by name, with a reason, and only if it holds" {
	local mine=(--security-opt apparmor=/srv/mine)
	run in_container "${mine[@]}" --reason demo lockdown:1 /bin/cat /etc/hostname
	assert_status 3
	assert_output_has 'run: {allow: ["apparmor:/srv/mine"]'
	printf 'run:\n  allow: ["apparmor:/srv/mine"]\n  without: [apparmor]\n' >"$XDG_CONFIG_HOME/plimsoll/plimsoll.yaml"
	run in_container "${mine[@]}" --reason demo lockdown:1 /bin/cat /etc/hostname
	assert_status 125
	assert_output_has "no profile of that name is loaded"
	printf 'profile /srv/mine flags=(attach_disconnected,complain) { file, }\n' >mine
	apparmor_parser --replace --skip-cache mine
	run in_container "${mine[@]}" --reason demo lockdown:1 /bin/cat /etc/hostname
	assert_status 125
	assert_output_has "only complains"
	printf 'profile /srv/mine flags=(attach_disconnected) { file, signal, network, ptrace, deny /etc/hostname r, }\n' >mine
	apparmor_parser --replace --skip-cache mine
	run in_container "${mine[@]}" lockdown:1 /bin/cat /etc/hostname
	assert_status 3
	assert_output_has "--reason TEXT"
	run in_container "${mine[@]}" --reason demo lockdown:1 /bin/cat /proc/self/attr/current
	assert_eq "$output" "/srv/mine (enforce)"
	run in_container "${mine[@]}" --reason demo lockdown:1 /bin/cat /etc/hostname
	assert_output_has "Permission denied"
	plimsoll -q run -d --name chosen "${mine[@]}" --reason demo --network none lockdown:1 /bin/sleep 1000
	run plimsoll exec chosen /bin/cat /proc/self/attr/current
	assert_eq "$output" "/srv/mine (enforce)"
	plimsoll rm -f chosen
}

@test "what AppArmor refused is told, of whose container it was, with what would allow it" {
	printf 'run:\n  allow: ["apparmor:mine", seccomp-unconfined, landlock-unconfined, proc-writable]\n' \
		>"$XDG_CONFIG_HOME/plimsoll/plimsoll.yaml"
	printf 'name: one\nseccomp: off\nlandlock: off\nproc: writable\n' >one.yaml
	run in_container --profile one.yaml --reason demo lockdown:1 /lockdown force_proc_self_mem
	assert_output_has "open /proc/" "mem: the AppArmor profile plimsoll-" "the line apparmor: off"
	# Of a profile of his own the line.
	printf 'profile mine flags=(attach_disconnected) { / r, /** rmix, signal, network, ptrace, }\n' >mine
	apparmor_parser --replace --skip-cache mine
	for name in one other; do
		plimsoll -q run -d --name $name --security-opt apparmor=mine --reason demo --network none lockdown:1 /bin/sleep 1000
	done
	run plimsoll exec one /bin/sh -c ': >/tmp/mine'
	assert_output_has "Permission denied"
	run plimsoll explain one
	assert_output_has "/tmp/mine: the AppArmor profile mine" "allow: the line '/tmp/mine w,' in the profile mine"
	run plimsoll explain --format json one
	assert_output_has '"rule": "apparmor"'
	run plimsoll explain other
	refute_output_has /tmp/mine
	# Also once it has ended.
	plimsoll stop -t 1 one
	run plimsoll explain one
	assert_output_has "'/tmp/mine w,'"
	plimsoll rm -f one other
}

@test "pasta under Debian's profile: a container with a port starts, and nothing is denied" {
	[ -e /etc/apparmor.d/usr.bin.passt ] || skip "needs passt's profile"
	apparmor_parser --replace --skip-cache /etc/apparmor.d/usr.bin.passt
	grep -q '^passt (enforce)' /sys/kernel/security/apparmor/profiles
	dmesg -C
	id=$(plimsoll -q run -d -p 127.0.0.1:8080:80 lockdown:1 /bin/sleep 100)
	run plimsoll port "$id"
	assert_output_has "127.0.0.1:8080"
	# pasta listens: who connects is answered, be it with a reset.
	run curl -sS -m 10 http://127.0.0.1:8080/
	refute_output_has "Failed to connect"
	plimsoll rm -f "$id"
	run sh -c 'dmesg | grep "profile=\"passt\""'
	assert_eq "$output" ""
}

@test "a clock source that pasta does not live with is named, by the build and by doctor" {
	local clock=/sys/devices/system/clocksource/clocksource0/current_clocksource
	grep -qw hpet /sys/devices/system/clocksource/clocksource0/available_clocksource || skip "needs a hpet"
	mkdir context
	printf 'FROM lockdown:1\nRUN ["/bin/cat", "/proc/self/attr/current"]\n' >context/Dockerfile
	echo hpet >$clock
	run plimsoll build -t made:1 context
	assert_output_has "clock source hpet" "tsc=reliable"
	run plimsoll doctor
	echo tsc >$clock
	assert_output_has "tsc=reliable"
	plimsoll build -t made:1 context
}
