#!/usr/bin/env bats
# What a crash, a full disk or a hand leaves in a container's folder: every command says what is wrong and what mends it, none
# ends by a signal, what runs is never lost, and rm --force removes it.

load ../lib/common
load ../lib/containers

setup_file() {
	base_root sleep head || return 0
	base_state
}
setup() { containers_setup; }
teardown() { containers_teardown; }

folder_of() { echo "$STATE/containers/$(plimsoll inspect -f '{{.Id}}' "$1")"; }

spoil() { # file, how
	case $2 in
	empty) : >"$1" ;;
	garbage) head -c 3000 /dev/urandom >"$1" ;;
	cut) truncate -s "$(($(stat -c %s "$1") / 2))" "$1" ;;
	other) echo '[1, {"a": null}]' >"$1" ;;
	gone) rm "$1" ;;
	esac
}

@test "what runs is not lost with its record: ps tells, rm --force ends it" {
	local how dir id pid
	for how in empty garbage cut other gone; do
		plimsoll run -d --name up --network none base:1 sleep 600 >/dev/null
		dir=$(folder_of up)
		id=${dir##*/}
		pid=$(plimsoll inspect -f '{{.State.Pid}}' up)
		spoil "$dir/state.json" "$how"
		run plimsoll ps -a
		assert_status 0
		assert_output_has "the record of container ${id:0:12} cannot be read" "plimsoll rm --force ${id:0:12}"
		kill -0 "$pid" || fail "$how: it was ended"
		run plimsoll logs up
		assert_status 5
		assert_output_has "no container is called 'up'" "plimsoll rm --force ${id:0:12}"
		run plimsoll stop "${id:0:12}"
		assert_status 5
		assert_output_has "the record of container ${id:0:12} cannot be read"
		plimsoll rm -f "${id:0:12}"
		[ ! -e "$dir" ] || fail "$how: the folder is there"
		wait_for 10 eval "! kill -0 $pid 2>/dev/null"
	done
}

@test "of one that has ended a record that is none is told; with the others rm -af takes it" {
	local how dir
	for how in garbage cut other; do
		plimsoll run --name down --network none base:1 sh -c 'echo out' >/dev/null
		dir=$(folder_of down)
		spoil "$dir/state.json" "$how"
		run plimsoll ps -a
		assert_output_has "cannot be read"
		plimsoll rm -af >/dev/null
		[ ! -e "$dir" ] || fail "$how: the folder is there"
		run plimsoll ps -a
		refute_output_has "cannot be read"
	done
}

@test "whatever stands in the other files, no command ends by a signal, and rm --force works" {
	local how file dir kept=$BATS_TEST_TMPDIR/kept
	plimsoll run --name down --network none base:1 sh -c 'echo out; exit 3' >/dev/null || true
	dir=$(folder_of down)
	cp -a "$dir" "$kept"
	for file in admission.json config.json run.json exit ctr.log denials exit.noted; do
		[ -f "$kept/$file" ] || continue
		for how in empty garbage cut other; do
			spoil "$dir/$file" "$how"
			for command in "ps -a" "inspect down" "logs down" "explain down" "diff down" "port down" "start down"; do
				# shellcheck disable=SC2086 # several words
				run timeout 30 "$PLIMSOLL" --state "$STATE" $command
				[ "$status" -lt 124 ] && [ "$status" != 70 ] || fail "$file $how: $command: $status" "$output"
				[ "$status" != 5 ] || [[ "$output" == *plimsoll:* ]] || fail "$file $how: $command says nothing"
			done
			timeout 20 "$PLIMSOLL" --state "$STATE" wait down >/dev/null 2>&1 || true
			rm -f "$dir/$file"
			cp -a "$kept/$file" "$dir/$file"
		done
	done
	for file in admission.json config.json run.json exit; do
		spoil "$dir/$file" garbage
	done
	plimsoll rm -f down
	[ ! -e "$dir" ]
}

@test "the file of events: what is no event is passed over" {
	plimsoll run --rm --network none base:1 sh -c :
	head -c 3000 /dev/urandom >>"$STATE/containers/events.jsonl"
	plimsoll run --rm --name after --network none base:1 sh -c :
	run plimsoll events --since 1h --until 0s --filter container=after
	assert_status 0
	assert_output_has "die"
}
