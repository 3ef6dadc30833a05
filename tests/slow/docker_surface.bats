#!/usr/bin/env bats
# One script of commands as scripts use them, by docker and by plimsoll: they end alike, and print alike what is parsed. Where
# they differ on purpose stands in docs/docker-differences.md.

load ../lib/common
load ../lib/containers
load ../lib/surface
bats_require_minimum_version 1.5.0

setup_file() {
	base_root touch rm mkdir env stat || return 0
	base_state
}

setup() { surface_setup; }

teardown() { surface_teardown; }

script() {
	cat <<'LINES'
d run --rm --network none base:1 sh -c 'echo out; exit 7'
d run --rm --network none base:1 /nosuch
d run --rm --network none base:1 /etc
d run --rm --network none -e A=B -w /tmp -u 1000:1000 base:1 sh -c 'echo $A; pwd; id -u'
d run -d --name cc --network none --label x.y=z --label k=v --read-only=false base:1 sh -c 'echo hello; sleep 0.3; echo err >&2; touch /new; rm /etc/os-release; sleep 300'
sleep 1
d ps --format '{{.Names}} {{.Image}} {{.State}} {{.Command}} {{.Label "x.y"}}'
d ps --no-trunc --format '{{.ID}} {{.Command}}'
d ps --format '{{.Status}}' | cut -d' ' -f1
d ps --format 'table {{.ID}}\t{{.Names}}\t{{.Status}}' | head -n 1 | tr -s ' '
d ps -q --filter name=cc --filter status=running
d ps -a --filter label=x.y=z --format '{{.Names}}'
d inspect -f '{{.Name}} {{.State.Status}} {{.State.Running}} {{.State.ExitCode}} {{.State.OOMKilled}} {{.Config.Image}}' cc
d inspect -f '{{index .Config.Labels "x.y"}} {{len .Config.Labels}} {{json .Config.Labels}}' cc
d inspect -f '{{range $k, $v := .Config.Labels}}{{$k}}={{$v}};{{end}}{{if .State.Running}}up{{else}}down{{end}}' cc
d inspect -f '[{{index .Config.Labels "nosuch"}}] {{.NetworkSettings.IPAddress}} {{range $n, $x := .NetworkSettings.Networks}}{{$n}}{{end}}' cc
d inspect -f '{{.Id}} {{.Config.Labels}}' cc
d logs cc 2>/dev/null
d logs -n 1 cc 2>&1 >/dev/null
d logs --tail 0 cc 2>&1
d diff cc | grep -E '/new|os-release' | sort
d exec cc sh -c 'exit 5'
d exec cc /nosuch
d exec -e X=1 -w /tmp cc sh -c 'echo $X $PWD'
d exec nosuch true
d cp cc:/etc/passwd - | tar -t
d export cc | tar -t | grep -x new
d rename cc ee
d inspect -f '{{.Name}}' ee
d top ee -o pid,cmd | head -n 1 | xargs
d pause ee
d ps --format '{{.State}}'
d pause ee
d unpause ee
d kill -s USR1 nosuch
d stop -t 0 ee
d wait ee
d ps -a --format '{{.State}} {{.Status}}' | cut -d' ' -f1-3
d ps -q
d inspect -f '{{.State.Status}} {{.State.ExitCode}} {{.State.Running}} {{.State.Pid}}' ee
d start ee
d rm ee
d rm -f ee
d rm -f ee nosuch
d inspect ee
d create --name ff --network none base:1 sh -c 'exit 3'
d inspect -f '{{.State.Status}} {{.State.ExitCode}}' ff
d start -a ff
d container inspect -f '{{.State.ExitCode}}' ff
d container prune -f | grep -c .
d ps -aq
d volume create vv
d volume ls -q
d volume inspect -f '{{.Name}} {{.Driver}}' vv
d volume rm vv
d volume rm vv
d image inspect -f '{{index .RepoTags 0}} {{.Os}} {{.Architecture}}' base:1
d run --rm --network none --nosuch base:1 true
d nosuch
LINES
}

# On purpose: docs/docker-differences.md, "Commands of containers". By the line that differs.
DIFFERENT=(
	"d ps --format '{{.Names}} {{.Image}} {{.State}} {{.Command}} {{.Label \"x.y\"}}'"
	"d ps --no-trunc --format '{{.ID}} {{.Command}}'"
	"d exec cc /nosuch"
	"d inspect ee"
	"d container prune -f | grep -c ."
	"d run --rm --network none --nosuch base:1 true"
)

@test "docker surface: a script of 60 commands ends and prints as with docker" { same_surface; }
