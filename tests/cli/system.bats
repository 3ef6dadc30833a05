#!/usr/bin/env bats
# What docker calls the system: df, prune, info, version; and the prunes of containers, images and volumes, which ask first.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root head touch || return 0
	base_state
}

setup() { containers_setup jq; }

teardown() { containers_teardown; }

# Two containers, one of them running and with a volume; a volume that nobody has.
make_some() {
	plimsoll run -d --name a --network none -v data:/data base:1 sleep 100
	plimsoll run --name b --network none --label x=y --read-only=false base:1 sh -c 'head -c 300000 /dev/urandom >/x'
	plimsoll volume create idle
}

@test "system df: docker's columns, templates, JSON, and each with -v" {
	make_some
	run plimsoll system df
	assert_output_has "TYPE" "TOTAL" "ACTIVE" "SIZE" "RECLAIMABLE" "Local Volumes" "Build Cache"
	assert_eq "$(plimsoll system df --format '{{.Type}} {{.TotalCount}} {{.Active}}' | head -n 3)" \
		$'Images 1 1\nContainers 2 1\nLocal Volumes 2 1'
	assert_eq "$(plimsoll system df --format json | jq -r 'select(.Type == "Images").Reclaimable')" "0B (0%)"
	assert_eq "$(plimsoll system df --format 'table {{.Type}}\t{{.TotalCount}}' | head -n 1 | tr -s ' ')" "TYPE TOTAL"
	run plimsoll system df -v
	assert_output_has "Images space usage:" "Containers space usage:" "Local Volumes space usage:" \
		"Build cache usage:" "UNIQUE SIZE" "LOCAL VOLUMES" "VOLUME NAME"
	plimsoll system df -v --format json >v
	assert_eq "$(jq -r '[.Volumes[] | .Name + .Links] | join(" ")' v)" "data1 idle0"
	assert_eq "$(jq -r '.Images[0] | .Repository + ":" + .Tag + " " + .Containers' v)" "base:1 2"
	# What b wrote is what can be had back.
	assert_eq "$(jq -r '.Containers[] | select(.bytes >= 300000) | .Names' v)" b
	assert_eq "$(plimsoll system df -v --format '{{range .Volumes}}{{.Name}} {{end}}')" "data idle "
}

@test "prune asks first: of containers, images, volumes and the system; nothing goes without a yes" {
	local what
	make_some
	plimsoll stop a
	for what in container image volume system; do
		run sh -c "echo n | '$PLIMSOLL' --state '$STATE' $what prune"
		assert_status 1
		assert_output_has "WARNING!" "[y/N]" "--force asks nothing"
		run "$PLIMSOLL" --state "$STATE" $what prune </dev/null
		assert_status 1
	done
	assert_eq "$(plimsoll ps -aq | wc -l)" 2
	assert_eq "$(plimsoll volume ls -q | xargs)" "data idle"
	run sh -c "echo y | '$PLIMSOLL' --state '$STATE' container prune 2>/dev/null"
	assert_status 0
	assert_eq "${#lines[@]}" 2
	run sh -c "echo Yes | '$PLIMSOLL' --state '$STATE' volume prune 2>/dev/null"
	assert_eq "$output" $'data\nidle'
}

@test "system prune: what does not run; with --volumes and --all what nobody has; filters" {
	make_some
	plimsoll tag base:1 other:2
	run plimsoll system prune -f --filter label=no
	assert_status 0
	assert_eq "$(plimsoll ps -aq | wc -l)" 2
	run plimsoll system prune -f --filter until=1h
	assert_eq "$(plimsoll ps -aq | wc -l)" 2
	run plimsoll system prune -f --volumes --filter until=1h
	assert_status 2
	run plimsoll system prune -f --filter label=x=y
	assert_status 0
	assert_output_has "Deleted Containers:" "Total reclaimed space: "
	assert_eq "$(plimsoll ps -a --format '{{.Names}}')" a
	assert_eq "$(plimsoll volume ls -q | xargs)" "data idle"
	run plimsoll system prune -f --volumes
	assert_output_has "Deleted Volumes:" "idle"
	assert_eq "$(plimsoll volume ls -q)" data
	# The image is a's, under both names.
	run plimsoll system prune -af
	assert_status 0
	assert_eq "$(plimsoll images -q | wc -l)" 2
	plimsoll exec a touch /tmp/x
	plimsoll rm -f a
	run plimsoll system prune -af --volumes
	assert_status 0
	assert_output_has "Deleted Images:" "untagged: base:1" "untagged: other:2" "deleted: sha256:"
	assert_eq "$(plimsoll images -q)" ""
	assert_eq "$(plimsoll system df --format '{{.TotalCount}}' | xargs)" "0 0 0 0"
}

@test "image prune: -a takes what no container has, by age and label" {
	plimsoll create --name a base:1
	run plimsoll image prune -af
	refute_output_has "Deleted Images:"
	plimsoll rm a
	run plimsoll image prune -f
	assert_output_has "Total reclaimed space: 0B"
	run plimsoll image prune -af --filter until=2020-01-01
	run plimsoll image prune -af --filter label=none
	assert_eq "$(plimsoll images -q | wc -l)" 1
	run plimsoll image prune -f --filter dangling=false
	assert_output_has "untagged: base:1" "Total reclaimed space: "
	refute_output_has "space: 0B"
	assert_eq "$(plimsoll image list -q)" ""
}

@test "info and version, in docker's and podman's words" {
	make_some
	run plimsoll info
	assert_output_has "Containers: 2" " Running: 1" " Stopped: 1" "Images: 1" "Security Options:" " seccomp"
	assert_eq "$(plimsoll info -f '{{.ContainersRunning}} {{.Images}} {{.OSType}} {{.DockerRootDir}}')" "1 1 linux $STATE"
	assert_eq "$(plimsoll system info --format '{{json .}}' | jq -r '.Name, .NCPU' | xargs)" "$(uname -n) $(nproc --all)"
	assert_eq "$(plimsoll info --format '{{.Host.OCIRuntime.Name}} {{.Host.Security.Rootless}}')" "crun false"
	assert_eq "$(plimsoll info --format json | jq .Containers)" 2
	local version
	version=$(plimsoll version --format json | jq -r .version)
	assert_eq "$(plimsoll version -f '{{.Server.Version}} {{.Client.Version}} {{.Client.Os}}')" "$version $version linux"
	assert_eq "$(plimsoll info -f '{{.ServerVersion}} {{.Version.Version}}')" "$version $version"
}
