#!/usr/bin/env bats
# run --security-opt seccomp=FILE: docker's form of a profile takes calls away besides ours, and gives none. With crun and with
# runc.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root mkdir chmod cat sleep unshare ls grep || return 0
	base_state
}
setup() { containers_setup; }
teardown() { containers_teardown; }

# All calls but these rules.
profile() { # rules...
	local IFS=,
	printf '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [%s]}' "$*" >p.json
}

with() { in_c --security-opt seccomp=p.json "$@"; }

takes_away() {
	profile '{"names": ["mkdir", "mkdirat", "nosuchcall"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5}'
	with base:1 mkdir /tmp/x
	assert_status 1
	assert_output_has "Input/output error"
	with --init base:1 mkdir /tmp/x
	assert_output_has "Input/output error"
	in_c base:1 mkdir /tmp/x
	assert_status 0
	# Of what is executed later, too.
	plimsoll run -d --name c --network none --security-opt seccomp=p.json base:1 sleep 60 >/dev/null
	run plimsoll exec c mkdir /tmp/x
	assert_output_has "Input/output error"
	printf 'run:\n  allow: [privileged]\n' >policy.yaml
	run plimsoll --config policy.yaml exec --privileged --reason x c mkdir /tmp/x
	assert_output_has "Input/output error"
	plimsoll rm -f c >/dev/null
}

gives_none() {
	profile
	with base:1 unshare -U sh -c 'echo in'
	[ "$status" != 0 ]
	refute_output_has "in
"
	with base:1 grep Seccomp_filters /proc/self/status
	assert_output_has "2"
}

compares() {
	local op value ok
	while read -r op value ok; do
		profile '{"names": ["fchmodat", "chmod", "fchmodat2"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5,
			"args": [{"index": 2, "value": '"$value"', "op": "'"$op"'"}]}'
		with base:1 sh -c 'cd /tmp && echo >f && chmod 700 f && echo done'
		[ "$ok" = true ] && assert_eq "$output" "done"
		[ "$ok" = false ] && assert_output_has "Input/output error"
		:
	done <<-'END'
		SCMP_CMP_EQ 448 false
		SCMP_CMP_EQ 449 true
		SCMP_CMP_NE 448 true
		SCMP_CMP_NE 449 false
		SCMP_CMP_GT 447 false
		SCMP_CMP_GT 448 true
		SCMP_CMP_GE 448 false
		SCMP_CMP_GE 449 true
		SCMP_CMP_LT 449 false
		SCMP_CMP_LT 448 true
		SCMP_CMP_LE 448 false
		SCMP_CMP_LE 447 true
		SCMP_CMP_GE 4294967296 true
		SCMP_CMP_LT 4294967296 false
		SCMP_CMP_NE 4294967744 false
	END
}

@test "calls that the file refuses are refused, in exec, too" { each_runtime takes_away; }

@test "what the file allows stays refused when the profile refuses it" { each_runtime gives_none; }

@test "each comparison" { compares; }

@test "podman's own profile: includes, excludes and names of other machines" {
	[ -e /usr/share/containers/seccomp.json ] || skip "needs podman's seccomp.json"
	each_runtime in_c --security-opt seccomp=/usr/share/containers/seccomp.json base:1 ls /
	assert_status 0
	assert_output_has etc
}

@test "capabilities of includes are the container's own; several comparisons of one argument are alternatives" {
	profile '{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5, "includes": {"caps": ["CAP_CHOWN"]}}'
	with base:1 mkdir /tmp/x
	assert_status 0
	with --cap-add CHOWN base:1 mkdir /tmp/x
	assert_status 1
	profile '{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5, "args": [
		{"index": 1, "value": 1, "op": "SCMP_CMP_EQ"}, {"index": 1, "value": 511, "op": "SCMP_CMP_EQ"}]}'
	with base:1 mkdir /tmp/x
	assert_status 1
}

@test "a file that is none, and what cannot be together" {
	echo '{' >p.json
	refused 5 "p.json" --security-opt seccomp=p.json
	profile '{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}'
	refused 3 "handed to nobody" --security-opt seccomp=p.json
	# It is read by a child in the sandbox, which has ten seconds for it.
	jq -nc '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO",
		args: [range(65) | {index: 0, value: ., op: "SCMP_CMP_EQ"}]}]}' >p.json
	refused 5 "over 64 args" --security-opt seccomp=p.json
	if command -v strace >/dev/null; then
		profile
		LSAN_OPTIONS=detect_leaks=0 ASAN_OPTIONS=detect_leaks=0 strace -f -o calls -e trace=read,seccomp,landlock_restrict_self \
			"$PLIMSOLL" --state "$STATE" run --rm --security-opt seccomp=p.json nosuch:1 >/dev/null 2>&1 || true
		grep -q 'seccomp(SECCOMP_SET_MODE_FILTER' calls || fail "no filter:" "$(cat calls)"
	fi
	refused 5 "is not there" --security-opt seccomp=nosuch.json
	profile
	printf 'run:\n  allow: [seccomp-unconfined]\n' >policy.yaml
	run plimsoll --config policy.yaml run --rm --reason x --security-opt seccomp=unconfined --security-opt seccomp=p.json base:1 ls
	assert_status 2
	refused 3 "chosen by plimsoll" --security-opt label=type:x_t
	# It is read from where it was, at each start.
	plimsoll create --name c --network none --security-opt seccomp=p.json base:1 mkdir /tmp/x >/dev/null
	profile '{"name": "mkdir", "action": "SCMP_ACT_ERRNO", "errnoRet": 5}'
	run plimsoll start --attach c
	assert_status 1
}
