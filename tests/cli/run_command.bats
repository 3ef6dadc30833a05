#!/usr/bin/env bats
# What a container runs, as whom, where and with which variables: as docker and podman take it, tables of which come from
# what their own tests expect.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root env stat tty stty ps || return 0
	mkdir -p "$ROOT/data"
	echo hello >"$ROOT/data/file"
	base_state
}

setup() { containers_setup; }

teardown() { containers_teardown; }

of_an_unknown_user() {
	in_c -u 12345 base:1 sh -c 'echo "home $HOME"'
	assert_eq "$output" "home /"
	plimsoll run -d --name h --network none base:1 sleep 1000
	run plimsoll exec -u 12345 h sh -c 'echo "home $HOME"'
	assert_eq "$output" "home /"
	run plimsoll exec -u 0 h sh -c 'echo "home $HOME"'
	assert_eq "$output" "home /root"
}

@test "HOME of a user whom the image does not know is /" {
	each_runtime of_an_unknown_user
}

@test "variables: HOSTNAME and TERM are there, what is given goes before them, a name alone takes ours or takes it away" {
	in_c -h testing -e FALSE=true -e HOME= base:1 env
	assert_eq "$(sort <<<"$output" | tr '\n' ' ')" \
		"FALSE=true HOME=/root HOSTNAME=testing PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "
	HOSTNAME=bar in_c -e HOSTNAME -e HOME=/root2 base:1 env
	assert_output_has HOSTNAME=bar HOME=/root2
	unset HOSTNAME NOSUCH
	in_c -e HOSTNAME -e NOSUCH base:1 env
	refute_output_has HOSTNAME NOSUCH
	in_c -t base:1 env
	assert_output_has TERM=xterm
	in_c -e TERM=foobar base:1 env
	assert_output_has TERM=foobar
	P_ONE=1 P_TWO=2 in_c -e 'P_*' base:1 env
	assert_output_has P_ONE=1 P_TWO=2
	refused 2 "want NAME=VALUE" -e =x
}

@test "files of variables: as docker reads them" {
	local text want
	while IFS='|' read -r text want; do
		printf "$text" >vars
		P_OURS=ours in_c --env-file vars base:1 env
		if [ -n "$want" ]; then
			assert_output_has "$want"
			assert_eq "$status" "$([[ $want == *"the "* ]] && echo 2 || echo 0)"
		fi
	done <<-'TABLE'
		A=1\n|A=1
		  A=1\n|A=1
		A= 1 2 \n|A= 1 2 
		\t#A=1\nB=2\n|B=2
		\357\273\277A=1\n|A=1
		A=1\r\n|A=1
		A="quoted"\n|A="quoted"
		A=b=c#d\n|A=b=c#d
		P_OURS\n|P_OURS=ours
		P_NOSUCH\n\n|HOME=
		A B=1\n|the name 'A B' has blanks
		=1\n|the line '=1' has no name
	TABLE
	printf 'P_NOSUCH\n' >vars
	in_c --env-file vars base:1 env
	refute_output_has P_NOSUCH
	in_c --env-file nosuch base:1 env
	assert_status 5
}

@test "the entry point: a program, a list, or none" {
	in_c --entrypoint '["/bin/env","-i"]' base:1 A=b
	assert_eq "$output" A=b
	in_c --entrypoint '["/bin/sh", "-c", "echo $0"]' base:1 word
	assert_eq "$output" word
	for none in '' '[]'; do
		in_c --entrypoint "$none" base:1 sh -c 'echo it runs'
		assert_eq "$output" "it runs"
		in_c --entrypoint "$none" base:1
		assert_status 125
		assert_output_has "nothing to run"
	done
	in_c --entrypoint '["no list' base:1
	assert_status 127
}

@test "the working folder is made when it is missing" {
	in_c -w /some/where/new base:1 sh -c 'pwd; stat -c %u:%g .'
	assert_eq "$output" "/some/where/new
0:0"
	in_c -w / base:1 sh -c pwd
	assert_eq "$output" /
	refused 125 "not a folder of the image" -w /data/file
	refused 125 "folder of the kernel's" -w /proc/1/x
	refused 125 "not absolute" -w data
}

@test "users: ids and names, and ids that no container has" {
	local as want
	while IFS='|' read -r as want; do
		in_c -u "$as" base:1 sh -c 'id -u; id -g'
		assert_eq "$(tr '\n' ' ' <<<"$output")" "$want "
	done <<-'TABLE'
		root|0 0
		nobody|65534 65534
		1|1 0
		1:2|1 2
		:2|0 2
		nobody:root|65534 0
		65535:65535|65535 65535
	TABLE
	for as in 65536 2147483648 -1 1:-1 1:65536; do
		in_c -u "$as" base:1 id
		assert_status 125
		assert_output_has "user '"
	done
	refused 125 "no user 'nosuch'" -u nosuch
	refused 125 "no group 'nosuch'" -u root:nosuch
}

@test "a terminal without one of ours: output is as to a terminal, nothing is read" {
	in_c -t base:1 sh -c 'tty; echo done' </dev/null
	assert_eq "$output" "/dev/pts/0"$'\r'"
done"$'\r'
	plimsoll run -d --name c --network none base:1 sleep 100 >/dev/null
	run plimsoll exec -t c sh -c 'tty; echo $TERM' </dev/null
	assert_eq "$output" "/dev/pts/0"$'\r'"
xterm"$'\r'
	run plimsoll exec -u nosuch c id
	assert_status 125
	run plimsoll top c -o pid,args
	assert_output_has "sleep 100"
	run plimsoll run -it --rm base:1 id </dev/null
	assert_status 2
	assert_output_has "not a terminal"
	run plimsoll exec -it c id </dev/null
	assert_status 2
}

@test "options in the spellings of others" {
	in_c --net none --dns-opt ndots:2 --dns 192.0.2.1 base:1 cat /etc/resolv.conf
	assert_output_has "options ndots:2"
	in_c -hfoo -eA=b -itd=false base:1 id
	assert_status 2
	in_c -hfoo -eA=b -w/tmp -u1:2 base:1 sh -c 'echo $HOSTNAME $A $PWD; id -u'
	assert_eq "$output" "foo b /tmp
1"
	in_c base:1 sh -c 'echo "$@"' x -h --rm -- --network
	assert_eq "$output" "-h --rm -- --network"
	in_c -- base:1 sh -c 'echo hi'
	assert_eq "$output" hi
	refused 3 "no way to its host" --add-host x:host-gateway
	run plimsoll run --help
	refute_output_has "--net " "--dns-opt "
}
