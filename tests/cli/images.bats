#!/usr/bin/env bats
# images and rmi with docker's words.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root touch || return 0
	base_state
}

setup() { containers_setup jq; }

teardown() { containers_teardown; }

@test "images: by name, pattern, label and age; templates" {
	plimsoll tag base:1 127.0.0.1:5000/team/web:2
	assert_eq "$(plimsoll images --format '{{.Repository}}:{{.Tag}}' base)" base:1
	assert_eq "$(plimsoll images -q base:2)" ""
	assert_eq "$(plimsoll images -q --filter 'reference=team/*' | wc -l)" 1
	assert_eq "$(plimsoll images --format '{{.Tag}}' -f 'reference=web:*')" 2
	assert_eq "$(plimsoll images -aq --filter reference='b*' --filter reference='*:2' | wc -l)" 2
	assert_eq "$(plimsoll images -q --filter dangling=true)" ""
	assert_eq "$(plimsoll images -q --filter label=none)$(plimsoll images -q --filter before=base:1)" ""
	assert_eq "$(plimsoll images -q --filter until=2020-01-01)" ""
	local id
	id=$(plimsoll image ls --format '{{.ID}}' base:1)
	assert_eq "$id" "$(plimsoll inspect -f '{{.Id}}' base:1 | cut -c 8-19)"
	assert_eq "$(plimsoll images --filter "id=$id" --format '{{.Tag}}' | xargs)" "1 2"
	assert_eq "$(plimsoll images --no-trunc --format '{{.ID}}' base)" "$(plimsoll images -q base)"
	assert_eq "$(plimsoll images --format 'table {{.Tag}}' base | xargs)" "TAG 1"
	assert_eq "$(plimsoll images --format json base | jq -r '.images[].tag')" 1
	run plimsoll images --filter since=nosuch:1
	assert_status 5
	run plimsoll images --filter color=red
	assert_status 2
}

@test "rmi: all are tried; -f of nothing; an image that a container has keeps its last name" {
	plimsoll tag base:1 other:1
	plimsoll create --name c base:1
	run plimsoll rmi nosuch:1 other:1
	assert_status 5
	assert_output_has "nosuch:1" "other:1"
	assert_eq "$(plimsoll images -q | wc -l)" 1
	run plimsoll rmi base:1
	assert_status 2
	assert_output_has "is that of container 'c'" "plimsoll rm c"
	plimsoll image rm -f nosuch:1
	plimsoll rm c
	plimsoll rmi base:1
	assert_eq "$(plimsoll images -q)" ""
}
