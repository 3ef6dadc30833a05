#!/usr/bin/env bats
# Options and their corner cases by docker and by plimsoll: they end alike, and print alike what is parsed. Where they differ
# on purpose stands in docs/docker-differences.md.

load ../lib/common
load ../lib/containers
load ../lib/surface
bats_require_minimum_version 1.5.0

setup_file() {
	base_root env stat true sort grep || return 0
	base_state
}

setup() { surface_setup; }

teardown() { surface_teardown; }

script() {
	cat <<'LINES'
printf 'A=1\n# no\n  B=2\nUNSET_HERE\nGIVEN\nX=y=z\n\nE=\n' >e1; GIVEN=g d run --rm --network none --env-file e1 base:1 env | grep -vE '^(HOME|HOSTNAME|PATH)=' | sort
printf ' A B=1\n' >e2; d create --env-file e2 base:1 true
printf '=x\n' >e3; d create --env-file e3 base:1 true
printf '\357\273\277A=1\n' >e4; d run --rm --network none --env-file e4 base:1 env | grep A=
d create --env-file nosuch base:1 true
d run --rm --network none --env-file e1 -e A=5 base:1 sh -c 'echo $A'
d run --rm --network none -m 64m base:1 true
d create -m 1m base:1 true
d create -m x base:1 true
d run -d --name mm --network none -m 64m --cpus 0.5 --cpu-shares 256 --pids-limit 50 --restart on-failure:3 --log-opt max-size=1m --shm-size 32m --hostname hh base:1 sleep 300
d inspect -f '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.CpuShares}} {{.HostConfig.PidsLimit}} {{.HostConfig.ShmSize}}' mm
d inspect -f '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}} {{.Config.Hostname}} {{.HostConfig.AutoRemove}}' mm
d update -m 128m --memory-swap 128m --pids-limit 60 --restart no mm
d inspect -f '{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}} {{.HostConfig.RestartPolicy.Name}}' mm
d update --cpus 0.7 mm
d inspect -f '{{.HostConfig.NanoCpus}}' mm
d update -m 1k mm
d update nosuch
d update --memory 128m nosuch
d rm -f mm
d create --restart on-failure:-1 base:1 true
d create --restart always:3 base:1 true
d create --restart sometimes base:1 true
d create --restart always --rm base:1 true
d run -d --name rr --network none --restart on-failure:2 base:1 sh -c 'exit 3'
sleep 6
d inspect -f '{{.RestartCount}} {{.State.Status}} {{.State.ExitCode}}' rr
d ps -aq --filter exited=3 --filter name=rr
d ps -aq --filter status=nonsense
d ps -aq --filter exited=nonsense
d ps -aq --filter nonsense=1
d rm rr
d run --rm --network none --ulimit nofile=100:200 base:1 sh -c 'ulimit -n; ulimit -Hn'
d create --ulimit nofile=200:100 base:1 true
d create --ulimit nonsense=1 base:1 true
d run --rm --network none --mount type=tmpfs,dst=/x,tmpfs-size=1m,tmpfs-mode=0700 base:1 stat -c %a /x
d run --rm --network none --mount type=volume,source=vv,target=/x base:1 sh -c 'echo 1 >/x/f'
d run --rm --network none --mount type=volume,source=vv,destination=/x,readonly base:1 sh -c 'cat /x/f; echo 2 >/x/f'
d run --rm --network none --mount 'src=vv,dst=/x,ro=true' base:1 sh -c 'echo 2 >/x/f' 2>/dev/null
d create --mount type=bind,src=/nosuch,dst=/x base:1 true
d create --mount type=bind,src=/usr,dst=/x,volume-nocopy base:1 true
d create --mount type=volume,src=vv,dst=/x,bind-propagation=rprivate base:1 true
d create --mount type=volume,src=vv,dst=/x,tmpfs-size=1m base:1 true
d create --mount type=tmpfs,src=vv,dst=/x base:1 true
d create --mount type=nonsense,dst=/x base:1 true
d create --mount type=volume base:1 true
d create --mount dst=x base:1 true
d create --mount dst=/x,readonly=maybe base:1 true
d create --mount nonsense base:1 true
d create -v /x:/y:nonsense base:1 true
d create -p 99999 base:1 true
d create -p 1-5:1-3 base:1 true
d create -p 80/nonsense base:1 true
d create -p 80:80:80:80 base:1 true
d create --name pp -p 127.0.0.1:5801-5803:81-83 -p 5810:90/udp base:1 sleep 1
d inspect -f '{{range $p, $b := .HostConfig.PortBindings}}{{$p}}={{(index $b 0).HostPort}} {{end}}' pp
d rm pp
d run --rm --network none --stop-signal USR1 base:1 true
d create --stop-signal NONSENSE base:1 true
d create --add-host nonsense base:1 true
d create --label =x base:1 true
d create --name 'a b' base:1 true
d create -w relative base:1 true
d create --health-cmd true --health-interval 1ns base:1 true
d run --rm --network none --entrypoint sh base:1 -c 'echo $0 $#' a b
d run --rm --network none --entrypoint '' base:1 sh -c 'echo no entrypoint'
d run --rm --network none -u 12:34 --group-add 56 base:1 sh -c 'id -u; id -g'
d run --rm --network none -i base:1 sh -c 'read x; echo got $x' <<<'typed'
echo typed | d run --rm --network none -a stdin -a stdout -i base:1 sh -c 'read x; echo got $x; echo err >&2'
rm -f cid; d run --network none --cidfile cid --name ci base:1 sh -c 'exit 126'
test "$(cat cid)" = "$(d inspect -f '{{.Id}}' ci)"
d create --cidfile cid base:1 true
d ps -a --filter name=ci --format '{{.Names}}|{{.Image}}|{{.Label "nosuch"}}|{{.Labels}}|{{.Ports}}'
d ps -a --filter name=ci --format '{{json .Names}} {{.Names | upper}} {{printf "%5s" .Names}} {{len .Names}}'
d ps -a --filter name=ci --format '{{if eq .Names "ci"}}yes{{else}}no{{end}}'
d ps -a --format '{{.Nonsense'
d inspect -f '{{.State.Nonsense}}' ci
d inspect -f '{{json .State.ExitCode}} {{.State.Pid}} {{.State.Paused}} {{.State.Dead}} {{printf "%.4s" .Created}}' ci
d inspect -f '{{join .Args " "}} {{.Path}} {{index .Config.Cmd 0}} {{len .Config.Cmd}}' ci
d inspect ci | jq -r '.[0].Name, .[0].State.Status'
d container ls -aq --no-trunc
d ps -a -n 1 --format '{{.Names}}'
d ps -l --format '{{.Names}}'
d rm ci ci
d volume create --label a=b vl
d volume ls --format '{{.Name}} {{.Driver}} {{.Label "a"}}' --filter label=a=b
d volume ls -q --filter name=v
d volume ls -q --filter dangling=true
d volume inspect -f '{{.Labels.a}} {{.Scope}}' vl
d volume create 'bad name'
d volume rm nosuch
d volume rm -f nosuch
d volume rm vl vv nosuch
d system df --format '{{.Type}}' | head -n 3
d version --format '{{.Client.Os}}'
d info --format '{{.OSType}} {{.ContainersRunning}} {{.Name}}'
d images --format '{{.Repository}}:{{.Tag}}' base
d images -q nosuch
d image inspect -f '{{.Os}} {{len .RootFS.Layers}}' base:1
d tag base:1 other:2
d images --filter reference='oth*' --format '{{.Tag}}'
d rmi -f nosuch:1 2>/dev/null; true
d rmi other:2 2>/dev/null | head -n 0
d image ls --format '{{.Repository}}'
LINES
}

# On purpose: docs/docker-differences.md. By the line that differs.
DIFFERENT=(
	"d inspect -f '{{.State.Nonsense}}' ci"
)

@test "docker surface: options and their corner cases end and print as with docker" { same_surface; }
