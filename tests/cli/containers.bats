#!/usr/bin/env bats
# The commands around running containers, with the words that docker's users type.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root rm tail stty ps touch mkdir || return 0
	base_state
}

setup() { containers_setup python3; }

teardown() { containers_teardown; }

run_d() { # name, words of run...
	local name=$1
	shift
	plimsoll run -d --network none --name "$name" "$@"
}

# Of the trail: how many ends of the container with this id it knows, and with which status.
exits() {
	plimsoll --format json trail show | python3 -c '
import json, sys
text = sys.stdin.read()
entries = json.loads(text).get("entries", []) if text.lstrip().startswith("{\n") else map(json.loads, text.splitlines())
print(*[e["detail"]["status"] for e in entries if e["kind"] == "exit" and e["detail"]["container"] == sys.argv[1]])' "$1"
}

# ACTION[=exitCode] of a container's events, in order.
actions() {
	plimsoll events --since 1h --until 0s --filter "container=$1" --format json | python3 -c '
import json, sys
for e in map(json.loads, sys.stdin):
    code = e["Actor"]["Attributes"].get("exitCode")
    print(e["Action"] + ("=" + code if code else ""), end=" ")'
}

@test "events and the trail tell each end once: by itself, stopped, killed, removed, its monitor killed" {
	local id
	id=$(run_d one base:1 sh -c 'exit 3')
	plimsoll wait one
	wait_for 10 sh -c '"$PLIMSOLL" --state "$0" ps -a | grep -q "Exited (3)"' "$STATE"
	assert_eq "$(actions one)" "create start die=3 "
	assert_eq "$(exits "$id")" 3
	plimsoll rm one
	assert_eq "$(actions "$id")" "create start die=3 destroy "

	id=$(run_d two --label tier=web base:1 sleep 60)
	plimsoll stop two
	assert_eq "$(actions two)" "create start stop die=137 "
	assert_eq "$(exits "$id")" 137
	plimsoll rm -f two

	id=$(run_d three base:1 sleep 60)
	plimsoll rm -f three
	assert_eq "$(actions "$id")" "create start kill die=137 destroy "
	assert_eq "$(exits "$id")" 137

	id=$(run_d four base:1 sleep 60)
	kill_9 "$(cat "$STATE/containers/$id/conmon.pid")"
	plimsoll ps -a >/dev/null
	plimsoll ps -a >/dev/null
	assert_eq "$(actions four)" "create start die=137 "
	assert_eq "$(exits "$id")" 137

	run plimsoll run --rm --network none --name five base:1 sh -c 'exit 5'
	assert_status 5
	assert_eq "$(actions five)" "create start die=5 destroy "
	run -127 plimsoll run --rm --network none --name six base:1 /nosuch
	assert_status 127
	run plimsoll events --since 1h --until 0s --filter event=die --filter label=tier=web
	assert_eq "$(wc -l <<<"$output")" 1
	assert_output_has "container die" "exitCode=137" "name=two" "tier=web"
	run plimsoll events --since yesterday
	assert_status 2
	run plimsoll events --filter nosuch=x
	assert_status 2
	assert_output_has "container, event"
}

@test "events: a half-line of one who was killed, and an end that was begun twice" {
	local id
	id=$(run_d one base:1 sleep 60)
	printf '{"Type":"container","Action":"di' >>"$STATE/containers/events.jsonl"
	plimsoll stop one
	assert_eq "$(actions one)" "create start stop die=137 "
	# As if killed between the two: told to events.jsonl, and not yet noted as done.
	sed -i 's/ done$/ begun/' "$STATE/containers/$id/exit.noted"
	sed -i 's/"clean": *true/"clean": false/' "$STATE/containers/$id/state.json"
	plimsoll ps -a >/dev/null
	assert_eq "$(actions one)" "create start stop die=137 "
	assert_eq "$(exits "$id")" 137
	grep -q ' done$' "$STATE/containers/$id/exit.noted"
}

names() { # words of ps...
	plimsoll ps --format '{{.Names}}' "$@" | tr '\n' ' '
}

@test "ps: filters, the last, templates, sizes" {
	local id
	id=$(run_d web --label tier=front --label x=1 base:1 sleep 60)
	run_d db --label tier=back base:1 sh -c 'exit 3' >/dev/null
	plimsoll wait db >/dev/null
	wait_for 10 sh -c '"$PLIMSOLL" --state "$0" ps -a | grep -q "Exited (3)"' "$STATE"
	assert_eq "$(names)" "web "
	assert_eq "$(names -a)" "db web "
	assert_eq "$(names -f status=exited)" "db "
	assert_eq "$(names -f exited=3)" "db "
	assert_eq "$(names -f exited=0)" ""
	assert_eq "$(names -a -f name=^d)" "db "
	assert_eq "$(names -a -f label=tier)" "db web "
	assert_eq "$(names -a -f label=tier=front -f label=x)" "web "
	assert_eq "$(names -a -f label=tier=front -f label=y)" ""
	assert_eq "$(names -f id="${id:0:8}")" "web "
	assert_eq "$(names -a -f ancestor=base)" "db web "
	assert_eq "$(names -a -f ancestor=bas)" ""
	assert_eq "$(names -a -f health=none -f status=running -f status=exited)" "db web "
	assert_eq "$(names -l)" "db "
	assert_eq "$(names -n 5)" "db web "
	assert_eq "$(plimsoll ps -q --no-trunc)" "$id"
	assert_eq "$(plimsoll ps -aq | wc -l)" 2
	run plimsoll ps --format 'table {{.Names}}\t{{.State}}'
	assert_eq "${lines[0]}" "NAMES  STATE"
	assert_eq "${lines[1]}" "web    running"
	run plimsoll ps --format '{{json .Names}} {{.Nosuch}} {{json .Nosuch}}'
	assert_eq "$output" '"web" <no value> null'
	run plimsoll ps --format '{{range .}}'
	assert_status 2
	run plimsoll ps --filter nosuch=x
	assert_status 2
	run plimsoll ps -as
	assert_output_has SIZE "0B"
	run plimsoll ps -a --format json
	assert_output_has '"plimsoll.ps/v1"' '"exitCode": 3'
}

@test "several at once: what fails does not stop the others; --all; container prune" {
	run_d a base:1 sleep 60 >/dev/null
	run_d b base:1 sleep 60 >/dev/null
	run plimsoll stop a nosuch b
	assert_status 5
	assert_eq "$(grep -c '^[ab]$' <<<"$output")" 2
	assert_output_has "no container is called 'nosuch'"
	run plimsoll rm nosuch a
	[ "$status" -ne 0 ]
	assert_eq "$(names -a)" "b "
	run plimsoll rm -f nosuch
	assert_status 0
	run_d c base:1 sleep 60 >/dev/null
	run plimsoll rm -a
	assert_status 0
	assert_eq "$(names -a)" "c "
	plimsoll kill -a >/dev/null
	assert_eq "$(names -f exited=137)" "c "
	run plimsoll container prune -f
	assert_status 0
	assert_eq "$(names -a)" ""
	run plimsoll stop
	assert_status 2
	run plimsoll stop -a x
	assert_status 2
}

@test "stop --signal, and stop --time of one that ignores it" {
	run_d polite base:1 sh -c 'trap "exit 9" USR1; while :; do sleep 0.1; done' >/dev/null
	sleep 0.5
	plimsoll stop --signal USR1 polite
	assert_eq "$(names -f exited=9)" "polite "
	run_d deaf base:1 sh -c 'trap : TERM; while :; do sleep 0.1; done' >/dev/null
	sleep 0.5
	SECONDS=0
	plimsoll stop -t 1 deaf
	[ $SECONDS -ge 1 ] && [ $SECONDS -lt 8 ]
	assert_eq "$(names -f exited=137)" "deaf "
}

@test "pause, and what still works on who is paused; rename; port; top" {
	local port id
	port=$(free_port)
	id=$(plimsoll run -d --name web -p "127.0.0.1:$port:80" -p "$port:81/udp" base:1 sleep 60)
	plimsoll pause web
	assert_eq "$(names -f status=paused)" "web "
	run plimsoll ps
	assert_output_has "(paused)"
	run plimsoll pause web
	assert_status 2
	plimsoll unpause web
	assert_eq "$(names -f status=running)" "web "
	run plimsoll unpause web
	assert_status 2
	plimsoll rename web www
	run plimsoll rename www www
	assert_status 2
	run plimsoll rename www 'a/b'
	assert_status 2
	assert_eq "$(names)" "www "
	run plimsoll port www
	assert_output_has "80/tcp -> 127.0.0.1:$port" "81/udp -> 0.0.0.0:$port"
	run plimsoll port www 80
	assert_eq "$output" "127.0.0.1:$port"
	run plimsoll port www 82
	assert_status 5
	run plimsoll top www
	assert_eq "${#lines[@]}" 2
	assert_output_has PID "sleep 60"
	run plimsoll top www pid,args
	assert_eq "${#lines[@]}" 2
	run plimsoll top www -o args
	assert_status 2
	assert_output_has "without a column PID"
	plimsoll pause www
	plimsoll stop www
	assert_eq "$(actions "$id")" "create start pause unpause rename pause stop die=137 "
	plimsoll start www
	plimsoll pause www
	plimsoll rm -f www
	id=$(run_d lost base:1 sleep 60)
	plimsoll pause lost
	kill_9 "$(cat "$STATE/containers/$id/conmon.pid")"
	assert_eq "$(names -f exited=137)" "lost "
}

@test "inspect: containers before images, in docker's words; templates; --type" {
	local id digest
	mkdir shared
	id=$(plimsoll create --network none --name web -v "$PWD/shared:/data:ro" -v named:/n --tmpfs /t -m 64m --cpus 0.5 \
		--label a.b=c -e A=b --restart on-failure:3 base:1 sleep 60)
	run plimsoll inspect -f '{{.State.Status}} {{.State.Running}} {{.Config.Image}}' web
	assert_eq "$output" "created false base:1"
	plimsoll start web
	digest=$(plimsoll inspect -q --type image base:1)
	plimsoll inspect web "${id:0:12}" >web.json
	python3 - "$id" "$digest" "$PWD" "$STATE" <<-'PY'
		import json, sys
		one, two = json.load(open("web.json"))
		id, digest, here, state = sys.argv[1:]
		assert one["Id"] == two["Id"] == id and one["Name"] == "/web" and one["Image"] == digest
		s = one["State"]
		assert s["Status"] == "running" and s["Running"] and s["Pid"] > 1 and s["FinishedAt"].startswith("0001"), s
		assert one["Path"] == "sleep" and one["Args"] == ["60"] and one["Config"]["Cmd"] == ["sleep", "60"]
		assert "A=b" in one["Config"]["Env"] and one["Config"]["Labels"] == {"a.b": "c"}
		assert one["Config"]["StopSignal"] == "SIGTERM"
		h = one["HostConfig"]
		assert h["Memory"] == 64 << 20 and h["NanoCpus"] == 500000000 and h["PidsLimit"] == 512, h
		assert h["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 3} and h["ReadonlyRootfs"] is True
		m = {x["Destination"]: x for x in one["Mounts"]}
		assert m["/data"]["Source"] == here + "/shared" and m["/data"]["RW"] is False and m["/t"]["Type"] == "tmpfs"
		assert m["/n"]["Name"] == "named" and m["/n"]["Source"] == state + "/volumes/named/_data", m
		p = one["Plimsoll"]
		assert p["Digest"] == digest and p["Admission"]["outcome"] == "admitted" and p["Denials"] == []
	PY
	[ -d "$STATE/volumes/named/_data" ]
	assert_eq "$(plimsoll inspect -f '{{index .Config.Labels "a.b"}}' web)" c
	assert_eq "$(plimsoll inspect -f '{{json .Config.Labels}}' web)" '{"a.b":"c"}'
	assert_eq "$(plimsoll inspect -q web)" "$id"
	run plimsoll inspect -f '{{index .Config.Labels a.b}}' web
	assert_status 2
	run plimsoll inspect --type image web
	assert_status 5
	run plimsoll inspect nosuch
	assert_status 5
	assert_output_has "no container and no image"
	plimsoll inspect base:1 | python3 -c 'import json, sys; assert json.load(sys.stdin)["schema"] == "plimsoll.inspect/v1"'
	plimsoll rm -f web
}

@test "exec: confined as the first process, environment, user, folder, statuses, in the background" {
	run_d web -e FIRST=1 base:1 sh -c 'trap "echo hup >/tmp/hup" HUP; while :; do sleep 0.1; done' >/dev/null
	run plimsoll exec web cat /proc/self/status
	assert_output_has "CapEff:	0000000000000000" "NoNewPrivs:	1" "Seccomp:	2"
	assert_eq "$(plimsoll exec web cat /proc/self/uid_map)" "$(plimsoll exec web cat /proc/1/uid_map)"
	run plimsoll exec web sh -c 'echo x >/dev/shm/x && cat /dev/shm/x && ! echo x >/etc/x'
	assert_status 0
	# Of a further process Landlock does not keep signals from the others.
	plimsoll exec web sh -c 'kill -HUP 1'
	wait_for 10 plimsoll exec web ls /tmp/hup
	printf '# of a file\nA=b\nC\n' >env
	C=from-here run plimsoll exec -e X=y -e HOME=/nowhere --env-file env -w /tmp web sh -c 'echo $FIRST $A $C $X $HOME; pwd'
	assert_eq "$output" "$(printf '1 b from-here y /nowhere\n/tmp')"
	run plimsoll exec web sh -c 'exit 9'
	assert_status 9
	run -127 plimsoll exec web /nosuch
	run -126 plimsoll exec web /etc
	run plimsoll exec --privileged web id
	assert_status 3
	assert_output_has "run: {allow: [privileged]"
	assert_eq "$(echo typed | plimsoll exec -i web cat)" typed
	assert_eq "$(echo typed | plimsoll exec web cat)" ""
	run plimsoll exec -d web sh -c 'echo later >/tmp/later'
	assert_status 0
	assert_eq "$output" ""
	wait_for 10 plimsoll exec web cat /tmp/later
	run plimsoll events --since 1h --until 0s -f event=exec_die --format json
	assert_output_has '"exitCode":"9"'
	refute_output_has from-here "exit 9"
	# Nothing of it stays in the folder.
	[ -z "$(find "$STATE/containers" -name 'exec-*')" ]
	plimsoll stop web
	run plimsoll exec web id
	assert_status 2
}

@test "exec --user: a number is a number (CVE-2026-30892 and the like)" {
	local bad
	mkdir hostile
	tar -C hostile -xf "$BATS_FILE_TMPDIR/base.tar"
	printf '33:x:0:0::/:/\n-1:x:0:0::/:/\n4294967295:x:0:0::/:/\n:x:0:0::/:/\nroot:x:0:0::/:/\nweb:x:33:34::/:/\n' >hostile/etc/passwd
	printf ':x:0:\nroot:x:0:\n-1:x:0:\nweb:x:34:\n' >hostile/etc/group
	tar -C hostile --numeric-owner --owner=0 --group=0 -cf hostile.tar .
	plimsoll import hostile.tar hostile:1
	run_d web hostile:1 sleep 60 >/dev/null
	assert_eq "$(plimsoll exec -u 33 web sh -c 'echo $(id -u):$(id -g)')" 33:34
	assert_eq "$(plimsoll exec -u 33:34 web sh -c 'echo $(id -u):$(id -g)')" 33:34
	assert_eq "$(plimsoll exec -u web web sh -c 'echo $(id -u):$(id -g)')" 33:34
	assert_eq "$(plimsoll exec -u 7:8 web sh -c 'echo $(id -u):$(id -g)')" 7:8
	for bad in -1 +1 " 33" "33 " "33x" 033 0x21 3.3 1e1 4294967295 4294967296 18446744073709551616 \
		99999999999999999999999 : 33: :33 33:34:35 33:-1 33:4294967295 "33: 34" nosuch web:nosuch "33
0" /etc ../0; do
		run plimsoll exec "--user=$bad" web id -u
		[ "$status" -ne 0 ] || fail "'$bad' was taken: $output"
		[ "$output" != 0 ] || fail "'$bad' is root"
	done
	run plimsoll exec -u 70000 web id -u
	[ "$status" -ne 0 ]
}

@test "exec -it: the terminal's size, and its changes" {
	run_d web base:1 sleep 60 >/dev/null
	run timeout 60 python3 "$PLIMSOLL_SRC/tests/lib/exec_tty.py" "$PLIMSOLL" --state "$STATE" exec -it web sh
	assert_eq "$output" "exit 7"
	run plimsoll exec -it web id </dev/null
	assert_status 2
}

@test "logs: since, until, timestamps, tail, follow" {
	local pid second
	run_d web base:1 sh -c 'echo one; echo wrong >&2; sleep 3; echo two; sleep 60' >/dev/null
	wait_for 10 sh -c '"$PLIMSOLL" --state "$0" logs web 2>&1 | grep -q wrong' "$STATE"
	"$PLIMSOLL" --state "$STATE" logs -f web >followed 2>&1 3>&- &
	pid=$!
	wait_for 10 grep -q two followed
	run --separate-stderr plimsoll logs web
	assert_eq "$output" "$(printf 'one\ntwo')"
	assert_eq "$stderr" wrong
	run --separate-stderr plimsoll logs -t web
	[[ "${lines[0]}" =~ ^20[0-9-]+T[0-9:]+\.[0-9]{9}Z\ one$ ]] || fail "$output"
	second=${lines[1]%% *}
	run --separate-stderr plimsoll logs --since "$second" web
	assert_eq "$output" two
	run plimsoll logs --until "$second" web
	assert_output_has one wrong two
	run plimsoll logs --until 1s --since 2s web
	refute_output_has one
	run plimsoll logs --tail 1 web
	assert_eq "$output" two
	run plimsoll logs -n 0 web
	assert_eq "$output" ""
	run timeout 20 "$PLIMSOLL" --state "$STATE" logs -f --until -1s web
	assert_status 0
	assert_output_has one two
	run plimsoll logs --since whenever web
	assert_status 2
	plimsoll stop web
	wait "$pid"
	assert_eq "$(sort followed)" "$(printf 'one\ntwo\nwrong')"
}
