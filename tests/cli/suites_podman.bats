#!/usr/bin/env bats
# What podman's own suites ask for (docs/suites.md says which were read): top, events, ps, names and formats.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root grep readlink printenv mkdir touch || return 0
	echo 'worker:x:7:9::/:/bin/sh' >>"$ROOT/etc/passwd"
	echo 'crew:x:9:' >>"$ROOT/etc/group"
	base_state
}

setup() { containers_setup python3; }

teardown() { containers_teardown; }

# What top is asked, with the spaces between columns as one.
top_of() { # argument of top...
	run plimsoll top "$@"
	output=$(sed 's/  */ /g' <<<"$output")
}

@test "top by podman's columns shows the container's own numbers and names" {
	plimsoll run -d --network none --name c --user worker:crew base:1 sh -c 'sleep 60; :'
	wait_for 10 sh -c "'$PLIMSOLL' --state '$STATE' top c pid args | grep -q 'sleep 60$'"
	top_of c pid ppid user,group "%c args"
	assert_status 0
	assert_eq "$(head -n 2 <<<"$output")" $'PID PPID USER GROUP COMMAND COMMAND\n1 0 worker crew sh sh -c sleep 60; :'
	assert_output_has "1 worker crew sleep sleep 60"
	top_of --latest capeff capbnd seccomp
	assert_eq "$(sed -n 2p <<<"$output")" "none none filter"
	top_of c %C etime time tty
	[[ $(sed -n 2p <<<"$output") =~ ^[0-9.]+\ [0-9hm.]+s\ [0-9m.]+s\ \?$ ]] || fail "$output"
	top_of c hpid
	[ "$(sed -n 2p <<<"$output")" = "$(plimsoll inspect -f '{{.State.Pid}}' c)" ]
	# What is no column of podman's is ps's affair, with the host's numbers.
	top_of c -eo pid,comm
	refute_output_has $'\n 1 sh'
	run plimsoll top c nosuchcolumn
	[ "$status" -ne 0 ]
	run plimsoll top --latest c
	[ "$status" -ne 0 ]
	run plimsoll top --list-descriptors
	assert_output_has hpid capeff seccomp
}

@test "events: podman's words, labels as attributes, images and volumes, short identifiers" {
	plimsoll run --rm --network none --label 'fruit=pear tree' --name zz base:1 sh -c 'exit 17' || true
	run plimsoll events --stream=false --filter container=zz --filter status=died \
		--format '{{.Attributes.fruit}} {{.ContainerExitCode}} {{.Name}}'
	assert_eq "$output" "pear tree 17 zz"
	run plimsoll events --stream=false -f container=zz -f event=remove --no-trunc=false
	[[ $output =~ \ container\ destroy\ [0-9a-f]{12}\ \( ]] || fail "$output"
	plimsoll tag base:1 base:2 base:3
	plimsoll untag base:1 base:2
	run plimsoll rmi base:3 nosuch
	assert_status 5
	plimsoll rmi --force nosuch
	run plimsoll untag base:1 nosuch
	assert_status 5
	run plimsoll events --stream=false -f type=image --format '{{.Action}} {{.Name}}'
	assert_eq "$(tail -n 4 <<<"$output")" $'tag base:2\ntag base:3\nuntag base:2\nuntag base:3'
	[[ $output == *"import base:1"* ]] || fail "$output"
	plimsoll run --rm --network none -v made:/x base:1 sh -c :
	plimsoll volume rm made
	run plimsoll events --stream=false -f volume=made --format '{{.Type}} {{.Action}} {{.ID}}'
	assert_eq "$output" $'volume create made\nvolume destroy made'
	run plimsoll events --stream=false -f pod=made
	assert_eq "$status:$output" 0:
}

@test "ps: namespaces, no heading, labels that are not, the command's first word" {
	plimsoll run -d --network none --name c --label a=1 base:1 sleep 60
	plimsoll run -d --network none --name d base:1 sh -c 'sleep 60; :'
	ipc=$(plimsoll exec c readlink /proc/self/ns/ipc)
	assert_eq "ipc:[$(plimsoll ps --filter name=c --format '{{.IPC}}')]" "$ipc"
	run plimsoll ps --namespace --filter name=c
	assert_output_has PIDNS USERNS "$(plimsoll inspect -f '{{.State.Pid}}' c)" "${ipc//[^0-9]/}"
	run plimsoll ps --ns --noheading --filter label!=a
	assert_eq "$(wc -l <<<"$output")" 1
	assert_output_has " d "
	assert_eq "$(plimsoll ps --filter command=sleep --format '{{.Names}}')" c
	assert_eq "$(plimsoll ps -q --filter pod=x)" ""
	run plimsoll ps --namespace --size
	assert_status 2
}

@test "the newest is meant by --latest of exec, port, stats, inspect and attach" {
	plimsoll run -d --network none --name c base:1 sleep 60
	plimsoll run -d -p 127.0.0.1::80 --name d base:1 sleep 60
	assert_eq "$(plimsoll exec --latest cat /proc/1/comm; plimsoll inspect -l -f '{{.Name}}')" $'sleep\n/d'
	[[ $(plimsoll port -l 80) =~ ^127.0.0.1:[0-9]+$ ]]
	run plimsoll port --all
	assert_output_has "$(plimsoll ps -q --latest)" "80/tcp -> 127.0.0.1:"
	assert_eq "$(plimsoll stats --latest --no-stream --format '{{.Name}}')" d
	for command in 'exec --latest' 'port --latest --all' 'stats -l c' 'inspect -l c' 'attach -l c' 'port --all c' exec inspect port; do
		run plimsoll $command
		assert_status 2
	done
}

@test "inspect has podman's and docker's further words, before and while it runs" {
	plimsoll create --network none --name c --health-cmd 'ls /up' --health-interval 90s --stop-timeout 33 --umask 027 \
		--tmpfs /q:size=1m --log-opt max-size=100k --annotation a=b base:1 sleep 60
	local words='{{.Config.Healthcheck.Test}} {{.Config.StopTimeout}} {{.Config.Umask}} {{.HostConfig.LogConfig.Size}}'
	words+=' {{.HostConfig.Tmpfs}} {{.Config.Annotations.a}} {{.HostConfig.CgroupMode}}'
	assert_eq "$(plimsoll inspect -f "$words" c)" '[CMD-SHELL ls /up] 33 027 100k map[/q:size=1m] b private'
	assert_eq "$(plimsoll inspect -f '{{.State.ConmonPid}}' c)" 0
	plimsoll start c
	assert_eq "$(plimsoll inspect -f "$words" c)" '[CMD-SHELL ls /up] 33 027 100k map[/q:size=1m] b private'
	assert_eq "$(plimsoll inspect -f '{{.Config.Healthcheck.Interval}} {{.EffectiveCaps}} {{.State.Healthcheck.Status}}' c)" \
		'90000000000 [] starting'
	[ "$(cat "/proc/$(plimsoll inspect -f '{{.State.ConmonPid}}' c)/comm")" = conmon ]
	assert_eq "$(plimsoll inspect -f '{{.ID}} {{.OCIRuntime}}' c)" "$(plimsoll inspect -f '{{.Id}} {{.HostConfig.Runtime}}' c)"
	[ -e "$(plimsoll inspect -f '{{.NetworkSettings.SandboxKey}}' c)" ]
}

@test "commands of docker's and podman's that are not here say why, and what to use" {
	local command
	for command in 'network ls' 'pod ps' 'secret create x' 'load -i x' 'play kube x' 'auto-update' 'unshare ls' 'mount c' 'unmount c' 'checkpoint c' 'init c'; do
		run plimsoll $command
		assert_status 2
		assert_output_has "mend: "
		refute_output_has "unknown command"
	done
	run plimsoll netwrk
	assert_output_has "unknown command 'netwrk'"
}

@test "--sdnotify conmon tells the service manager who is to be watched, once it runs" {
	local runtime
	for runtime in crun runc; do
		rm -f sock told
		python3 -c 'if True:
			import socket
			s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
			s.bind("sock")
			s.settimeout(30)
			open("told", "wb").write(s.recv(4096))' 3>&- &
		wait_for 10 test -S sock
		NOTIFY_SOCKET=$PWD/sock plimsoll run -d --runtime $runtime --network none --sdnotify conmon --name c base:1 \
			sh -c 'printenv NOTIFY_SOCKET; sleep 60'
		wait_for 20 test -s told
		assert_eq "$(cat told)" "MAINPID=$(plimsoll inspect -f '{{.State.ConmonPid}}' c)"$'\nREADY=1'
		assert_eq "$(plimsoll inspect -f '{{.Config.SdNotifyMode}}' c)" conmon
		assert_eq "$(plimsoll logs c)" ""
		plimsoll rm -f c
	done
	# The runtimes would hand on a service manager's socket and descriptors.
	for runtime in crun runc; do
		run env NOTIFY_SOCKET="$PWD/other" LISTEN_FDS=1 LISTEN_PID=1 "$PLIMSOLL" --state "$STATE" run --rm \
			--runtime $runtime --network none base:1 sh -c 'printenv | grep -e NOTIFY -e LISTEN; ls -d /run/notify; id'
		assert_output_has "uid=0"
		refute_output_has LISTEN_ NOTIFY_ $'\n/run/notify'
	done
	refused 2 "--sdnotify container" --sdnotify container
	refused 2 "goes with --detach" --sdnotify conmon
	run plimsoll run --rm --network none --sdnotify ignore base:1 id
	assert_status 0
}

@test "memory of one with --ipc private is not joined; of shareable and of the default it is" {
	plimsoll run -d --network none --ipc private --name p base:1 sleep 60
	plimsoll run -d --network none --ipc shareable --name s base:1 sleep 60
	plimsoll run -d --network none --name d base:1 sleep 60
	refused 125 "'p' shares its memory with nobody" --ipc container:p
	for c in s d; do
		in_c --ipc container:$c base:1 readlink /proc/self/ns/ipc
		assert_eq "$output" "$(plimsoll exec $c readlink /proc/self/ns/ipc)"
	done
}
