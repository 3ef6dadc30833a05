#!/usr/bin/env bats
# --mount as docker's and podman's users write it, the runtime of plimsoll.yaml, and what profiles say.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root cat grep sleep touch || return 0
	base_state
}
setup() { containers_setup; }
teardown() { containers_teardown; }

@test "quotes, capitals, relative sources, and words without a meaning here" {
	mkdir here
	cd here
	mkdir "a,b" 'c"d'
	echo comma >"a,b/file"
	echo quote >'c"d/file'
	in_c --mount "type=bind,\"src=$PWD/a,b\",dst=/data" base:1 cat /data/file
	assert_eq "$output" comma
	in_c --mount "type=bind,\"src=$PWD/c\"\"d\",dst=/data" base:1 cat /data/file
	assert_eq "$output" quote
	in_c --mount "TYPE=bind,Source=./c\"d,TARGET=/data,ReadOnly=true,z,Z,consistency=cached,bind-propagation=rprivate" \
		base:1 sh -c 'cat /data/file; touch /data/x'
	assert_output_has quote Read-only
	in_c --mount type=bind,src=.,dst=/data,ro=false base:1 sh -c 'cat "/data/a,b/file" && touch /data/x'
	assert_eq "$output" comma
	in_c --mount type=volume,dst=/v,volume-nocopy=1 --mount type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=0700 base:1 \
		grep -E " /(v|t) " /proc/mounts
	assert_output_has "mode=700" "size=1024k"
	refused 2 "a quote is not closed" --mount 'type=bind,"src=/x'
	refused 2 "want a comma" --mount 'type=bind,"src=/x"y'
	refused 2 "want source=, an absolute path" --mount type=bind,src=data,dst=/data
	refused 3 "would reach the host's mounts" --mount "type=bind,src=$PWD,dst=/data,bind-propagation=shared"
	# Kept by its whole path: it is started from elsewhere.
	plimsoll create --name d --network none --mount 'type=bind,src=.,dst=/data' base:1 cat "/data/a,b/file" >/dev/null
	cd /
	run plimsoll start --attach d
	assert_eq "$output" comma
}

@test "the runtime of plimsoll.yaml; what is typed goes before it" {
	need_cmd runc
	unset PLIMSOLL_RUNTIME
	printf 'run:\n  runtime: runc\n' >policy.yaml
	plimsoll --config policy.yaml run -d --name a --network none base:1 sleep 60 >/dev/null
	plimsoll --config policy.yaml run -d --name b --network none --runtime crun base:1 sleep 60 >/dev/null
	plimsoll run -d --name c --network none base:1 sleep 60 >/dev/null
	assert_eq "$(plimsoll inspect --format '{{.HostConfig.Runtime}}' a b c | tr '\n' ' ')" "runc crun crun "
	printf 'run:\n  runtime: kata\n' >policy.yaml
	run plimsoll --config policy.yaml ps
	assert_status 2
	assert_output_has kata "crun, runc"
}

@test "profile show --image: what the policy allows it besides" {
	cat >policy.yaml <<-'END'
		run:
		  allow:
		    - cap:NET_ADMIN
		    - {what: network-host, images: [registry.example/ops]}
		    - {what: "device:/dev/fuse", images: [local/base]}
	END
	run plimsoll --config policy.yaml profile show --image base:1
	assert_status 0
	assert_output_has "cap:NET_ADMIN" "device:/dev/fuse" "--reason"
	refute_output_has "network-host"
	run plimsoll --config policy.yaml profile show --image registry.example/ops/vpn:1
	assert_output_has "network-host"
	run plimsoll --config policy.yaml profile show
	refute_output_has "cap:NET_ADMIN"
}

@test "cp into one that was never started: writable when its profile says so" {
	echo "read-only: false" >p.yaml
	echo hello >file
	plimsoll create --name w --network none --profile p.yaml base:1 cat /file >/dev/null
	plimsoll cp file w:/file
	run plimsoll start --attach w
	assert_eq "$output" hello
	plimsoll create --name r --network none base:1 cat /file >/dev/null
	run plimsoll cp file r:/file
	[ "$status" != 0 ]
}
