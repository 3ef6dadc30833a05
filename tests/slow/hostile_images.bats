#!/usr/bin/env bats
# Images that lie, with both runtimes: whatever they hold, the host's /dev, /etc and /run stay as they are, nothing of the
# host is seen, no descriptor is inherited, and no word of theirs commands a terminal.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root cp ln mkdir mv readlink rm stat touch true || return 0
	base_state
	gcc -D_GNU_SOURCE -O1 -static -o "$BATS_FILE_TMPDIR/inside" "$PLIMSOLL_SRC/tests/helpers/inside.c"
}

setup() {
	containers_setup runc python3 jq gcc script
	WHO=$BATS_FILE_TMPDIR
	mkdir -p outside
	echo canary >outside/canary
	host_manifest >before
}

teardown() {
	containers_teardown
}

# Names, kinds, owners and modes: files that other users of the machine write meanwhile differ in what is in them.
host_manifest() {
	find /dev /etc /run "$BATS_TEST_TMPDIR/outside" -xdev \( -path /dev/pts -o -path /dev/shm -o -path '/run/plimsoll*' \
		-o -path /run/user -o -path /run/netns -o -path /run/crun -o -path /run/runc -o -path '/run/docker*' -o -path '/run/containerd*' \
		-o -path '/run/sudo' -o -path '/run/utmp' -o -path '/run/lock' \) -prune -o \
		-printf '%p %y %m %U:%G %l\n' 2>/dev/null | grep -vE '/etc/(passwd|shadow|group|gshadow|subuid|subgid|\.pwd)' | LC_ALL=C sort
}

host_is_as_before() {
	host_manifest >after
	diff before after || fail "the host was changed"
}

image() { # config, entry...
	rm -rf layout
	python3 "$PLIMSOLL_SRC/tests/lib/hostile_image.py" layout "$WHO/base.tar" "$@"
	run plimsoll -q import layout:hostile:1 hostile:1
}

each() { # option of run...; by each runtime, what it said and its status in $said
	local rt
	said=''
	for rt in crun runc; do
		status=0
		output=$(timeout 60 "$PLIMSOLL" --state "$STATE" run --rm --network none --runtime $rt "$@" 2>&1 </dev/null 3>&-) || status=$?
		said+="$output"$'\n'"= $status"$'\n'
		[[ "$output" != *canary* ]] || fail "$rt shows the host's: $output"
	done
	host_is_as_before
}

all_say() { # word, or "= STATUS": once for each runtime
	[ "$(grep -cF -- "$1" <<<"$said")" -ge 2 ] || fail "not both said '$1':" "$said"
}

CMD='"Cmd":["/bin/sh","-c","id -u; ls -A /proc/self/fd; ls -l /dev/null"]'

@test "folders of the kernel and of ours that are links, files, pipes, sockets" {
	local name what
	for name in dev proc sys etc tmp run; do
		for what in "-> /etc" "-> ../../.." "-> $PWD/outside" "-> /proc/self/fd/7" "-> $name" "| fifo" "= file"; do
			image "{$CMD}" ".wh.$name" -- "$name $what"
			assert_status 0
			each hostile:1
			[[ "$said" != *"= 0"* ]] || fail "$name $what:" "$said"
			[ $name = etc ] || all_say "not a real folder"
		done
	done
}

@test "what lies in /dev, /proc and /sys of an image is never used" {
	image "{$CMD}" dev/ "dev/null -> $PWD/outside/null" "dev/shm/" "dev/pts -> ../../.." "dev/mqueue -> /proc/self/fd/5" \
		"dev/console -> /proc/sysrq-trigger" "dev/ptmx -> /etc/x" "dev/fd -> /etc" "dev/stdin -> $PWD/outside/in" \
		"dev/shim = #!/bin/sh" "proc/self -> /etc" "proc/sys -> /etc" "proc/kcore = x" \
		"sys/fs -> /etc" "sys/firmware -> $PWD/outside" ".plimsoll -> /"
	assert_status 0
	each hostile:1
	all_say "crw"
	[ ! -e outside/null ] && [ ! -e outside/in ]
	image "{$CMD}" dev/ "dev/sda | b 8 0"
	assert_status 5
	image "{$CMD}" "mem | c 1 1"
	assert_status 5
}

@test "the masked and the special cannot be replaced by links (CVE-2025-31133, CVE-2025-52565)" {
	image '{"Cmd":["/bin/sh","-c","for f in null zero full random tty; do [ -c /dev/$f ] || echo no $f; done; cat /proc/kcore /proc/keys /proc/sysrq-trigger | head -c 1; echo x >/proc/sysrq-trigger; echo end"]}' \
		dev/ "dev/null -> /proc/sysrq-trigger" "dev/console -> /proc/sys/kernel/core_pattern" "dev/full -> /proc/self/mem"
	each hostile:1
	all_say end
	[[ "$said" != *"no null"* && "$said" != *"no full"* ]] || fail "$said"
	each -t hostile:1
}

@test "/etc/hosts, resolv.conf, hostname, passwd and group" {
	local name
	for name in hosts resolv.conf hostname; do
		image "{$CMD}" "etc/$name -> $PWD/outside/made"
		each hostile:1
		all_say "= 0"
		image "{$CMD}" "etc/$name | fifo"
		each hostile:1
		all_say "= 0"
		image "{$CMD}" "etc/$name/"
		each hostile:1
		all_say "= 125"
	done
	[ ! -e outside/made ]
	for name in "passwd | fifo" "group | c 1 5" "passwd/" "passwd -> passwd" "group -> ../proc/self/fd/0"; do
		image "{$CMD,\"User\":\"app\"}" "etc/$name"
		each hostile:1
		[[ "$said" != *"= 0"* ]] || fail "$name:" "$said"
	done
	# Links within the image are its own business; what they would mean on the host is not there.
	image "{$CMD,\"User\":\"app\"}" "etc/passwd -> $PWD/outside/passwd"
	echo 'app:x:0:0::/:/bin/sh' >outside/passwd
	host_manifest >before
	each hostile:1
	[[ "$said" != *"= 0"* ]] || fail "$said"
}

@test "a passwd of a million lines" {
	python3 -c 'print("\n".join("u%d:x:%d:%d::/:/x" % (i, i % 60000, i % 60000) for i in range(1000000)))' >many
	image "{$CMD,\"User\":\"u999999\"}" "etc/passwd < $PWD/many" "etc/group < $PWD/many"
	each hostile:1
	[[ "$said" != *"= 0"* ]] || fail "$said"
}

@test "users by strange names and numbers" {
	local user
	for user in 4294967295 4294967296 18446744073709551616 -1 +0 0:4294967295 70000 65536 a:b:c "0 0" "é" "root:-1"; do
		image "{$CMD,\"User\":\"$user\"}" "etc/passwd = 4294967296:x:0:0::/:/x"$'\n'"-1:x:0:0::/:/x"$'\n'"+0:x:0:0::/:/x"$'\n'
		each hostile:1
		[[ "$said" != *"= 0"* ]] || fail "$user:" "$said"
	done
	image "{$CMD,\"User\":\"over\"}" "etc/passwd = over:x:4294967296:4294967296::/:/x"
	each hostile:1
	[[ "$said" != *"= 0"* ]] || fail "$said"
	image "{$CMD,\"User\":\"7\"}" "etc/passwd = 7:x:0:0::/:/x"
	each hostile:1
	all_say "= 0"
	[ "$(grep -cx 7 <<<"$said")" -ge 2 ] || fail "a number was taken for a name:" "$said"
}

@test "working folders that lead to descriptors (CVE-2024-21626)" {
	local n
	for n in /proc/self/fd/7 /sly /dev /sys/fs /proc/1/root ../../x; do
		image "{$CMD,\"WorkingDir\":\"$n\"}" "sly -> /proc/self/fd/8" "none/"
		each hostile:1
		[[ "$said" != *"= 0"* ]] || fail "$n:" "$said"
	done
	# One that is missing is made, beneath the root.
	image "{$CMD,\"WorkingDir\":\"/none/../../x\"}" "none/"
	each hostile:1
	all_say "= 0"
	[ ! -e /x ] || fail "/x was made on the host"
	# What is mounted over the image's folder is not the image's.
	image '{"Cmd":["/bin/sh","-c","pwd; ls -a ..; ls -a ../../.."],"WorkingDir":"/vol/x"}' vol/ vol/x/
	mkdir vol
	for n in 3 4 5 6 7 8 9 10 11 12 13 14; do
		ln -sfn /proc/self/fd/$n vol/x
		each -v "$PWD/vol:/vol" hostile:1
		[[ "$said" != *"= 0"* ]] || fail "$n:" "$said"
	done
}

@test "exec: the working folder, the root and /etc of a running container are its own" {
	local rt n
	for rt in crun runc; do
		plimsoll -q run -d --name h --runtime $rt --network none base:1 sleep 300 >/dev/null
		for n in 3 4 5 6 7 8 9 10 11 12; do
			plimsoll exec h sh -c "rm -f /tmp/x; ln -s /proc/self/fd/$n /tmp/x"
			run timeout 60 "$PLIMSOLL" --state "$STATE" exec -w /tmp/x h sh -c 'pwd; ls -a ../../..'
			[ "$status" -ne 0 ] || fail "$rt $n: $output"
		done
		run plimsoll exec h ls /proc/self/fd
		assert_eq "$output" "0
1
2
3"
		plimsoll -q rm -f h
	done
	host_is_as_before
}

@test "no descriptor, no variable and no file of the runtime's is inherited" {
	image '{"Entrypoint":["/inside"],"Cmd":["fds"],"Env":["_OCI_SYNCPIPE=3","_LIBCONTAINER_INITPIPE=3","LISTEN_FDS=9","NOTIFY_SOCKET=/x"]}' \
		"inside < $WHO/inside"
	each hostile:1
	all_say "= 0"
	[[ "$said" != *[3-9]" "* ]] || fail "$said"
}

@test "the runtime and the shim cannot be had (CVE-2019-5736)" {
	local link
	for link in "run = #!/proc/self/exe" "run -> /proc/self/exe" "run -> /dev/shim" "run = #!/dev/shim" "run -> /proc/1/exe" "run -> ../../../usr/bin/crun"; do
		image '{"Entrypoint":["/x/run"],"Cmd":["/bin/id"]}' x/ "x/$link"
		each hostile:1
		[[ "$said" != *"= 0"* && "$said" != *uid=* ]] || fail "$link:" "$said"
	done
	# A library of the image's is what the runtime would load, were it started in there.
	image "{$CMD,\"Env\":[\"LD_PRELOAD=/evil.so\",\"LD_LIBRARY_PATH=/\",\"GCONV_PATH=/\",\"GLIBC_TUNABLES=glibc.malloc.mxfast=glibc.malloc.mxfast=A\",\"PATH=/proc/self/fd/3:/bin\"]}" "evil.so = x"
	each hostile:1
	all_say "= 0"
	image '{"Cmd":["/bin/sh","-c","for p in /proc/1/exe /proc/self/exe /dev/shim; do : >>$p; cp /bin/sh $p; done; true"]}'
	each hostile:1
	plimsoll run --rm --network none base:1 id >/dev/null # the shim is as it was
}

@test "VOLUME at places that are not the image's; nothing that an image makes writable is executed" {
	local v
	for v in / /proc /sys /dev /dev/shm /proc/self/fd/3 relative ../../x /a/../../etc "" /link /up; do
		image "{$CMD,\"Volumes\":{\"$v\":{}}}" "link -> /proc/sys" "up -> ../../../../dev"
		each hostile:1
		all_say "= 125"
	done
	image "{$CMD,\"Volumes\":{\"/etc\":{},\"/tmp\":{},\"/run\":{},\"/out\":{}}}" "out -> $PWD/outside"
	each hostile:1
	all_say "= 0"
	image '{"Cmd":["/bin/sh","-c","cp /bin/true /data/x && echo copied; /data/x && echo EXECUTED; /lib64/ld-linux-x86-64.so.2 /data/x && echo EXECUTED"],"Volumes":{"/data":{}}}'
	each hostile:1
	all_say copied
	[[ "$said" != *EXECUTED* ]] || fail "$said"
	run plimsoll run --rm --network none --mount type=volume,dst=/data,exec hostile:1 # asked for, it is
	assert_output_has EXECUTED
	python3 -c 'import json; print(json.dumps({"Cmd":["/bin/id"],"Volumes":{"/v%d" % i:{} for i in range(10000)}}))' >config
	image @config
	each hostile:1
	all_say "= 125"
}

@test "a VOLUME or a secret where the image has a link" {
	echo mine >key
	local what
	for what in "-> /" "-> ../../../../tmp" "-> /proc/self/fd/3" "-> $PWD/outside" "= x"; do
		image '{"Cmd":["/bin/cat","/run/secrets/key"]}' run/ "run/secrets $what"
		each --secret id=key,src=key hostile:1
		all_say "not a real folder"
	done
	image '{"Cmd":["/bin/sh","-c","echo hello >/data/f; readlink /data; cat /real/f"],"Volumes":{"/data":{}}}' real/ "data -> /real"
	each hostile:1
	all_say hello
}

@test "whiteouts, opaque marks and hard links of things below" {
	image "{$CMD}" "var/tmp/.wh..wh..opq" "bin/.wh.cat" "tmp/" -- "etc/passwd = root:x:0:0::/:/bin/sh" "dev/.wh..wh..opq"
	assert_status 0
	each hostile:1
	all_say "= 0"
	local what
	for what in "x => etc/passwd" "x => ../../../../etc/passwd" "x => /etc/shadow" "../../x = y" "/etc/x -> /etc/shadow" ".wh... = " ".wh.. = " "a/.wh.../b = "; do
		image "{$CMD}" "$what"
		[ "$status" -ne 0 ] || each hostile:1
	done
	host_is_as_before
}

@test "configurations without end" {
	cat >make.py <<-'PY'
	import json
	cases = {
	    "env": {"Cmd": ["/bin/id"], "Env": ["A%d=x" % i for i in range(100000)]},
	    "arg": {"Cmd": ["/bin/id", "a" * 2000000]},
	    "entry": {"Entrypoint": ["/" + "a" * 2000000]},
	    "labels": {"Cmd": ["/bin/id"], "Labels": {"k%d" % i: "v" * 100 for i in range(100000)}},
	    "cwd": {"Cmd": ["/bin/id"], "WorkingDir": "/" + "a/" * 100000},
	    "user": {"Cmd": ["/bin/id"], "User": "a" * 1000000},
	    "signal": {"Cmd": ["/bin/id"], "StopSignal": "999999999999"},
	    "types": {"Cmd": "id", "Env": "x", "Volumes": [], "Labels": [], "User": 5, "WorkingDir": {}},
	    "nul": {"Cmd": ["/bin/id"], "Env": ["A\0B=x"]},
	    "noname": {"Cmd": ["/bin/id"], "Env": ["=x"]},
	}
	for name, config in cases.items():
	    json.dump(config, open(name + ".json", "w"))
	PY
	python3 make.py
	local f
	for f in env arg entry labels cwd user signal types nul noname; do
		image @$f.json
		[ "$status" -eq 0 ] || continue
		each hostile:1
		all_say "= 125"
	done
}

@test "a health check of an image's is not asked more than once a second" {
	image '{"Cmd":["/bin/sleep","60"],"Healthcheck":{"Test":["CMD","/bin/true"],"Interval":1000000,"StartInterval":1000000,"Timeout":-5,"Retries":-1}}'
	plimsoll run -d --name h --network none hostile:1
	sleep 4
	[ "$(jq -r 'select(.Action == "exec_create") | .id' "$STATE/containers/events.jsonl" | wc -l)" -le 6 ]
}

# A terminal that is looked at: what it would be sent.
shown() { # word of plimsoll...
	script -qec "$(printf '%q ' "$PLIMSOLL" --state "$STATE" "$@")" /dev/null </dev/null
}

obeyed() { # controls, also those of 8 bits, but tabs, line ends and colours of a log
	LC_ALL=C grep -aP '[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]|\xc2[\x80-\x9f]|\x1b(?!\[[0-9;]*m)' || true
}

@test "no word of a container or an image commands the terminal" {
	cat >make.py <<-'PY'
	import json
	bad = "\x1b]0;owned\x07\x1b[2J\u009b31m\x0e"
	json.dump({"Cmd": ["/bin/sh", "-c", "printf '\\033]0;owned\\007\\033[31mred\\033[0m\\033[6n\\0x\\r\\n'; echo err >&2; exec sleep 60 #" + bad],
	           "Labels": {"a" + bad: bad}, "Env": ["E=" + bad]}, open("config", "w"))
	PY
	python3 make.py
	image @config
	assert_status 0
	plimsoll run -d --name bad --network none --label $'l\e[2J=\e[2J' hostile:1
	wait_for 10 grep -q err "$STATE/containers/$(plimsoll ps -q --no-trunc | head -1)/ctr.log"
	local words seen
	for words in "ps -a" "ps -a --no-trunc" "ps --format {{.Command}}{{.Labels}}" "--format json ps" "inspect bad" "inspect hostile:1" \
		"inspect --format {{.Config.Labels}}{{.Config.Cmd}}{{.Config.Env}} bad" "inspect --format {{.Path}}{{.Args}} bad" "top bad" "images" \
		"history hostile:1" "stats --no-stream" "events --since 1h --until 0s" "explain bad" "trail show" "logs bad"; do
		# shellcheck disable=SC2086
		seen=$(shown $words | obeyed)
		[ -z "$seen" ] || fail "$words:" "$(cat -v <<<"$seen")"
	done
	shown logs bad | grep -qF $'\e[31mred\e[0m' # colours are let through
	plimsoll logs bad | grep -qaF $'\e]0;owned' # and to a program, all of it
}
