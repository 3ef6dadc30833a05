#!/usr/bin/env bats
# docker's second names, and several containers or volumes in one command.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root true || return 0
	base_state
}
setup() { containers_setup; }
teardown() { containers_teardown; }

up() { # name [option...]: one that runs
	local name=$1
	shift
	plimsoll run -d --name "$name" --network none "$@" base:1 sleep 300 >/dev/null
}

@test "container and image have docker's commands under docker's names" {
	up a
	assert_eq "$(plimsoll container ls -q)" "$(plimsoll ps -q)"
	assert_eq "$(plimsoll container list -q --no-trunc)" "$(plimsoll container inspect -f '{{.Id}}' a)"
	plimsoll container stop a
	assert_eq "$(plimsoll container ls -aq --filter status=exited --format '{{.Names}}')" "$(plimsoll ps -aq)"
	plimsoll container rm a
	assert_eq "$(plimsoll image ls -q)" "$(plimsoll images -q)"
	plimsoll image tag base:1 other:1
	plimsoll image rm other:1
	run plimsoll commit a x:1
	assert_status 3
	assert_output_has "only builds and imports" "plimsoll build"
	run plimsoll container frob
	assert_status 2
}

@test "several in one command: the failures are told, the others carried on" {
	up a
	up b
	local command
	for command in "stop -t 1" start restart "kill" "start" "stop -t 1" "wait" "rm"; do
		# shellcheck disable=SC2086
		run --separate-stderr plimsoll $command a nosuch b
		assert_status 5
		[[ "$stderr" == *"no container is called 'nosuch'"* ]] || fail "$command: $stderr"
		[ "${#lines[@]}" = 2 ] || fail "$command: $output"
	done
	assert_eq "$(plimsoll ps -aq)" ""
	run plimsoll rm -f nosuch
	assert_status 0
	run plimsoll rm -i nosuch
	assert_status 0
	plimsoll volume create one
	plimsoll volume create two
	run --separate-stderr plimsoll volume rm one nosuch two
	assert_status 5
	assert_eq "$output" "$(printf 'one\ntwo')"
	plimsoll volume rm -f nosuch
	run plimsoll start
	assert_status 2
}

@test "wait: conditions" {
	plimsoll create --name a --network none base:1 sh -c "exit 4" >/dev/null
	assert_eq "$(plimsoll wait --condition created a)" -1
	plimsoll start a
	assert_eq "$(plimsoll wait --condition exited a)" 4
	assert_eq "$(plimsoll wait a)" 4
	assert_eq "$(plimsoll wait --ignore nosuch a)" "$(printf '%s\n4' -1)"
	up b
	assert_eq "$(plimsoll wait --condition running b)" -1
	(sleep 1 && plimsoll rm -f b) &
	timeout 20 "$PLIMSOLL" --state "$STATE" wait --condition removed b
	wait $!
	run plimsoll wait --condition frob a
	assert_status 2
	assert_output_has healthy
}

@test "ps: since, before, volume; what was last decided about the image" {
	up a
	up b -v data:/data
	up c
	assert_eq "$(plimsoll ps --filter since=a --format '{{.Names}}')" "$(printf 'c\nb')"
	assert_eq "$(plimsoll ps --filter before=b --format '{{.Names}}')" a
	assert_eq "$(plimsoll ps --filter volume=data --format '{{.Names}} {{.Admission}}')" "b admitted"
	run plimsoll ps --filter since=nosuch
	assert_status 5
	local id
	id=$(plimsoll ps --no-trunc -q --filter name=b)
	sed -i 's/"outcome": *"admitted"/"outcome":"refused"/' "$STATE/containers/$id/admission.json"
	assert_eq "$(plimsoll ps --filter admission=refused --format '{{.Names}}')" b
	run plimsoll ps
	assert_output_has "(admission: refused)"
}

@test "container prune --filter, and volumes in docker's words" {
	local old
	plimsoll run --name a -l keep=1 --network none base:1 true
	plimsoll run --name b --network none base:1 true
	sleep 1.1
	old=$(plimsoll inspect -f '{{.Id}}' b)
	assert_eq "$(plimsoll container prune -f --filter until=1h)" ""
	assert_eq "$(plimsoll container prune --filter until=1s --filter 'label!=keep' --force)" "$old"
	run plimsoll container prune --filter until=frob
	assert_status 2
	assert_eq "$(plimsoll ps -a --format '{{.Names}}')" a
	plimsoll volume create --driver local -l team=x data
	plimsoll volume create other
	up c -v data:/data
	assert_eq "$(plimsoll volume ls -q -f dangling=true)" other
	assert_eq "$(plimsoll volume ls -q -f label=team=x)" data
	assert_eq "$(plimsoll volume ls --format '{{.Driver}} {{.Name}}' -f name=da)" "local data"
	assert_eq "$(plimsoll volume inspect -f '{{.Mountpoint}}' data)" "$STATE/volumes/data/_data"
	run plimsoll volume create --opt type=tmpfs x
	assert_status 2
	assert_output_has "--tmpfs"
	run plimsoll volume rm -f data
	assert_status 2
	assert_eq "$(plimsoll volume prune -f --filter label=none)" ""
	assert_eq "$(plimsoll volume prune -f)" other
}
