#!/usr/bin/env bats
# What docker's and nerdctl's tests ask for around containers (docs/suites.md says which were read).

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root seq touch || return 0
	base_state
}

setup() { containers_setup jq; }

teardown() { containers_teardown; }

@test "logs -f of several, each line with its container's name; one that is not there is told, the others go on" {
	local c
	for c in a b; do
		plimsoll run -d --name $c --network none base:1 sh -c "for i in 1 2 3; do echo $c\$i; echo e$c\$i >&2; sleep 0.3; done"
	done
	run --separate-stderr timeout 30 "$PLIMSOLL" --state "$STATE" logs -f --names a b
	assert_status 0
	assert_eq "$(sort <<<"$output")" $'a a1\na a2\na a3\nb b1\nb b2\nb b3'
	assert_eq "$(sort <<<"$stderr" | head -n 2)" $'a ea1\na ea2'
	run timeout 30 "$PLIMSOLL" --state "$STATE" logs -f a nosuch
	assert_status 5
	assert_output_has "a3" "no container is called 'nosuch'"
	# Who is ended leaves no process behind.
	plimsoll run -d --name d --network none base:1 sleep 100
	"$PLIMSOLL" --state "$STATE" logs -f b d >/dev/null 2>&1 3>&- &
	local pid=$!
	wait_for 10 sh -c "pgrep -P $pid | grep -q ."
	local child
	child=$(pgrep -P $pid | head -n 1)
	kill -KILL $pid
	wait_for 10 sh -c "! kill -0 $child 2>/dev/null"
}

@test "ps: a filter that no container can meet is an error; -n=2; ports that follow each other are one range" {
	local filter
	for filter in status=rubbish exited=abc exited=256 health=fine; do
		run plimsoll ps -a --filter $filter
		assert_status 2
		assert_output_has "--filter ${filter%=*}='${filter#*=}'"
	done
	plimsoll create --name a -p 3800-3803:80-83 -p 3804:84/udp -p 127.0.0.1:3805:85 -p 3900:90 base:1
	plimsoll create --name b base:1
	plimsoll create --name c base:1
	assert_eq "$(plimsoll ps -n=2 --format '{{.Names}}' | xargs)" "c b"
	assert_eq "$(plimsoll ps -a --filter name=a --format '{{.Ports}}')" \
		"0.0.0.0:3800-3803->80-83/tcp, 0.0.0.0:3804->84/udp, 127.0.0.1:3805->85/tcp, 0.0.0.0:3900->90/tcp"
}

@test "what docker has and we have not says what to use, whatever is typed behind it" {
	local word
	for word in network "network ls --filter x=y" "load -i x" "image load --quiet" "search --limit 2 x" "compose up -d" \
		"builder prune -af" "buildx build ." "context ls" "plugin ls" "swarm init --x" "service ls" "stack deploy -c f s" \
		"node ls" "secret ls" "manifest inspect x" "pod ps" "kube play f" "machine ls" "commit -m x a b" "container commit a"; do
		# shellcheck disable=SC2086
		run plimsoll $word
		[[ $status = [23] ]] || fail "$word: $status"
		assert_output_has "mend: "
		refute_output_has "unknown"
	done
}

@test "save: to a file, to a pipe, as OCI; and in again" {
	plimsoll save -o x.tar base:1
	assert_eq "$(tar -xOf x.tar manifest.json | jq -r '.[0].RepoTags[0]')" base:1
	"$PLIMSOLL" --state "$STATE" save base:1 >y.tar 2>/dev/null
	cmp x.tar y.tar
	plimsoll save --format oci-archive -o z.tar base:1
	tar -tf z.tar | grep -x index.json
	plimsoll import x.tar again:1
	in_c again:1 sh -c 'echo in'
	assert_output_has in
	run plimsoll save -o x.tar nosuch:1
	assert_status 5
}

@test "mount: a key of another type is refused; inspect has the size of /dev/shm; volumes have .Label" {
	local mount
	for mount in type=volume,src=v,dst=/x,bind-propagation=rprivate type=bind,src=/usr,dst=/x,volume-nocopy \
		type=tmpfs,dst=/x,volume-nocopy type=tmpfs,dst=/x,bind-propagation=private; do
		refused 2 "is for type=" --mount "$mount"
	done
	plimsoll run -d --name c --network none --shm-size 32m base:1 sleep 100
	plimsoll run -d --name d --network none base:1 sleep 100
	assert_eq "$(plimsoll inspect -f '{{.HostConfig.ShmSize}}' c d | xargs)" "33554432 67108864"
	plimsoll volume create --label a=b v
	assert_eq "$(plimsoll volume ls --format '{{.Name}} {{.Label "a"}}')" "v b"
}
