#!/usr/bin/env bats
# What scripts ask ps, inspect and events for: templates, filters, order.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root touch || return 0
	base_state
}

setup() { containers_setup jq; }

teardown() {
	[ -z "${WATCHER:-}" ] || kill "$WATCHER" 2>/dev/null || true
	containers_teardown
}

names() {
	plimsoll ps -a --format '{{.Names}}' "$@" | tr '\n' ' '
}

@test "ps: STATUS and COMMAND as docker's scripts look for them" {
	plimsoll run -d --name up --network none base:1 sleep 60
	plimsoll create --name made --network none base:1 sleep 60
	run plimsoll run --name over --network none base:1 sh -c 'exit 3'
	run plimsoll ps -a
	assert_output_has "Up " "Exited (3) " "Created" '"sleep 60"'
	assert_eq "$(plimsoll ps -a --format '{{.State}} {{.ExitCode}} {{.Command}}' --filter name=over)" 'exited 3 "sh -c exit 3"'
	assert_eq "$(plimsoll ps --filter status=running -q --no-trunc)" "$(plimsoll inspect -f '{{.Id}}' up)"
	assert_eq "$(names --filter status=stopped)" "over "
}

@test "ps: placeholders of docker and podman" {
	mkdir data
	plimsoll run -d --name c --network none --read-only=false -l a=b -l c.d=e -v vol:/v -v "$PWD/data:/data" base:1 \
		sh -c 'echo hello >/big; sleep 60'
	wait_for 10 plimsoll exec c sh -c '[ -s /big ]'
	assert_eq "$(plimsoll ps --no-trunc --format '{{.Mounts}} {{.Networks}} {{.LocalVolumes}}')" "vol,$PWD/data none 1"
	assert_eq "$(plimsoll ps --format '{{.Label "c.d"}}{{.Label "nosuch"}} {{.Labels}} {{.Ports}}')" "e a=b,c.d=e "
	[ "$(plimsoll ps --format '{{.Size}}')" != 0B ] || fail "no size"
	assert_eq "$(plimsoll ps --format '{{.Pid}}')" "$(plimsoll inspect -f '{{.State.Pid}}' c)"
	assert_eq "$(plimsoll ps --format '{{.ImageID}}')" "$(plimsoll inspect -f '{{truncate (index (split .Image ":") 1) 12}}' c)"
	run plimsoll ps --format 'table {{.ID}}\t{{.Names}}\t{{.RunningFor}}\t{{upper .State}}\t{{.Label "a"}}'
	assert_eq "$(head -n 1 <<<"$output" | tr -s ' ')" "CONTAINER ID NAMES CREATED STATE A"
	assert_output_has RUNNING
	assert_eq "$(plimsoll ps --format '{{json .}}' | jq -r '[.Names, .Labels, (.Label | type)] | join(" ")')" "c a=b,c.d=e null"
}

@test "ps: filters network, publish, expose, until, and --sort" {
	plimsoll create --name b --network none base:1 true
	sleep 1
	plimsoll create --name a -p 127.0.0.1:38471:80 -p 127.0.0.1:38472:81/udp base:1 true
	assert_eq "$(names --filter network=none)" "b "
	assert_eq "$(names --filter network=pasta)" "a "
	assert_eq "$(names --filter publish=38471)$(names --filter publish=38472/tcp)$(names --filter expose=70-90/udp)" "a a "
	assert_eq "$(names --filter until=1h)" ""
	assert_eq "$(names --filter until=0s)" "a b "
	assert_eq "$(names --sort names)" "a b "
	assert_eq "$(names --sort created)" "b a "
	run plimsoll ps --sort nosuch
	assert_status 2
	run plimsoll ps --filter until=yesterday
	assert_status 2
}

@test "inspect: the fields that scripts use most, as docker prints them" {
	mkdir data
	plimsoll run -d --name c --network none -m 64m --cpus 0.5 -l x.y=z -e A=B -v "$PWD/data:/data:ro" --health-cmd true \
		--health-interval 1s base:1 sleep 60
	local id
	id=$(plimsoll ps -q --no-trunc)
	assert_eq "$(plimsoll inspect -f '{{.Id}} {{.Name}} {{.State.Status}} {{.State.Running}} {{.State.ExitCode}} {{.State.OOMKilled}}' c)" \
		"$id /c running true 0 false"
	assert_eq "$(plimsoll inspect -f '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{index .Config.Labels "x.y"}}' c)" \
		"67108864 500000000 z"
	assert_eq "$(plimsoll inspect -f '{{range .Config.Env}}{{println .}}{{end}}' c | grep '^A=')" A=B
	assert_eq "$(plimsoll inspect -f '{{range .Mounts}}{{.Type}} {{.Source}} {{.Destination}} {{.RW}}{{end}}' c)" \
		"bind $PWD/data /data false"
	assert_eq "$(plimsoll inspect -f '{{json .Mounts}}' c | jq length)" 1
	assert_eq "$(plimsoll inspect -f '{{len .Config.Env}}{{with .NetworkSettings.IPAddress}}has{{else}} none{{end}}' c | cut -d' ' -f2)" none
	assert_eq "$(plimsoll inspect -f '{{range $n, $v := .NetworkSettings.Networks}}{{$n}}{{end}}' c)" none
	assert_eq "$(plimsoll inspect -f '{{join .Args " "}}' c)" 60
	wait_for 15 sh -c '[ "$("$PLIMSOLL" --state "$0" inspect -f "{{if .State.Health}}{{.State.Health.Status}}{{end}}" c)" = healthy ]' "$STATE"
	plimsoll volume create v
	assert_eq "$(plimsoll inspect --type volume -f '{{.Name}}' v)" v
	run plimsoll inspect --type volume c
	assert_status 5
	run plimsoll inspect --type network c
	assert_status 2
	assert_eq "$(plimsoll inspect -s c | jq '.[0].SizeRw')" 0
}

@test "inspect: docker's words of an image, in templates" {
	local digest
	digest=$(plimsoll images -q)
	assert_eq "$(plimsoll inspect -f '{{.Id}} {{index .RepoTags 0}} {{.Architecture}} {{.Os}}' base:1)" "$digest base:1 amd64 linux"
	assert_eq "$(plimsoll image inspect -f '{{index .RepoDigests 0}} {{len .RootFS.Layers}}' base:1)" "base@$digest 1"
	[ "$(plimsoll image inspect -f '{{.Size}}' base:1)" -gt 1000 ]
}

@test "events: templates, past and live, --stream=false, filters of type and image" {
	"$PLIMSOLL" --state "$STATE" events --filter type=container --format "{{.Status}} {{.Name}} {{.Actor.Attributes.image}}" >live 3>&- &
	WATCHER=$!
	wait_for 5 sh -c 'ls -l /proc/$0/fd | grep -q inotify' "$WATCHER"
	run plimsoll run --rm --name one --network none -l k=v base:1 sh -c 'exit 4'
	assert_status 4
	wait_for 10 grep -q 'destroy one base:1' live
	kill $WATCHER
	wait $WATCHER 2>/dev/null || true
	grep -qx 'die one base:1' live || fail "$(cat live)"
	assert_eq "$(plimsoll events --stream=false --filter event=die --format '{{.ContainerExitCode}} {{.Type}} {{.Action}}')" "4 container die"
	assert_eq "$(plimsoll events --since 1h --until 0s --filter image=base --filter event=die --filter label=k=v --format '{{json .Actor.Attributes.exitCode}}')" '"4"'
	assert_eq "$(plimsoll events --stream=false --filter image=bas --format '{{.Status}}')" ""
	assert_eq "$(plimsoll events --stream=false --filter type=network --format '{{.Status}}')" ""
	run plimsoll events --stream=false --format 'table {{.Status}}'
	assert_status 2
}
