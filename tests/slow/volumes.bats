#!/usr/bin/env bats
# Issue 6: what -v, --mount and --tmpfs show to a container, and what they never do; named volumes.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root grep stat touch mkdir || return 0
	mkdir -p "$ROOT/data/sub"
	echo first >"$ROOT/data/file"
	echo web >"$ROOT/data/sub/web"
	chown 33:33 "$ROOT/data/sub" "$ROOT/data/sub/web"
	chmod 750 "$ROOT/data/sub"
	ln -s /etc/passwd "$ROOT/data/link"
	base_state
}

setup() {
	containers_setup
	mkdir -p share
	echo shared >share/f
}

teardown() { containers_teardown; }

@test "a named volume begins with the image's content, keeps what is written, and its ids are shared" {
	in_c -u 0:33 -v data:/data base:1 sh -c 'cat /data/file; stat -c "%u:%g %a" /data/sub /data/sub/web; echo second >/data/file'
	assert_status 0
	assert_eq "$output" "first
33:33 750
33:33 644"
	in_c -v data:/data base:1 cat /data/file # with other ids on the host than the first
	assert_eq "$output" second
	in_c -u 33:33 -v data:/elsewhere base:1 sh -c 'cat /elsewhere/sub/web; echo mine >/elsewhere/sub/new'
	assert_status 0
	assert_eq "$(stat -c %u:%g "$STATE/volumes/data/_data/sub/new")" 33:33
	assert_eq "$(readlink "$STATE/volumes/data/_data/link")" /etc/passwd
	in_c -v other:/data:nocopy base:1 ls -A /data
	assert_eq "$output" ""
	in_c -v new:/not/in/image base:1 sh -c 'touch /not/in/image/x; stat -c "%u:%g %a" /not/in/image /not/in/image/x'
	assert_eq "$output" "0:0 755
0:0 644"
}

@test "an anonymous volume is the container's own, and goes with it" {
	plimsoll create --name job --network none -v /data base:1 sh -c 'echo again >>/data/file; cat /data/file' >/dev/null
	run plimsoll start --attach job
	assert_eq "$output" "first
again"
	run plimsoll start --attach job
	assert_eq "$output" "first
again
again"
	plimsoll rm job
	run plimsoll volume ls -q
	assert_eq "$output" ""
}

@test "a folder of the host: its ids, read-only, no execution, all that is mounted below" {
	in_c -v "$PWD/share:/s" base:1 sh -c 'cat /s/f; touch /s/new; grep " /s " /proc/mounts'
	assert_status 0
	assert_output_has shared nosuid nodev
	assert_eq "$(stat -c %u:%g share/new)" 0:0
	in_c -v ./share:/s:ro base:1 touch /s/new2
	assert_status 1
	assert_output_has "Read-only file system"
	mkdir share/below
	mount -t tmpfs tmpfs share/below
	in_c --mount "type=bind,source=$PWD/share,target=/s,readonly" base:1 touch /s/below/x
	umount share/below
	assert_status 1
	assert_output_has "Read-only file system"
	cp "$BATS_FILE_TMPDIR/root/bin/id" share/prog
	# What can be written is not executed, unless that was asked for.
	in_c -v "$PWD/share:/s" base:1 /s/prog -u
	assert_status 126
	in_c -v "$PWD/share:/s:exec" base:1 /s/prog -u
	assert_eq "$output" 0
	in_c --mount "type=bind,source=$PWD/share,target=/s,exec" base:1 /s/prog -u
	assert_eq "$output" 0
	in_c -v "$PWD/share:/s:ro" base:1 /s/prog -u
	assert_eq "$output" 0
	in_c -v "$PWD/share:/s:ro,noexec" base:1 /s/prog -u
	assert_status 126
	in_c -u 33:33 -v "$PWD/share:/s:U" base:1 touch /s/web
	assert_status 0
	assert_eq "$(stat -c %u:%g share share/f share/web | sort -u)" 33:33
	in_c -v "$PWD/share/f:/etc/motd" base:1 cat /etc/motd
	assert_eq "$output" shared
}

@test "a device node in a volume opens nothing" {
	mknod share/null c 1 3
	chmod 666 share/null
	in_c -v "$PWD/share:/s" base:1 sh -c 'echo x >/s/null'
	[ "$status" -ne 0 ]
	assert_output_has "Permission denied"
}

@test "--mount and --tmpfs as docker spells them" {
	in_c --mount type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=1777 --tmpfs /u:size=2m,uid=5,exec,rw,nosuid \
		--mount src=data,target=/v,volume-nocopy --mount "type=volume,destination=/w,ro=1" \
		base:1 sh -c 'grep -E " /(t|u|v|w) " /proc/mounts; stat -c "%a %u %n" /t /u'
	assert_status 0
	assert_output_has "/t tmpfs rw,nosuid,nodev,noexec,relatime,size=1024k" \
		"/u tmpfs rw,nosuid,nodev,relatime,size=2048k" "1777 0 /t" " 5 /u"
	[ "$(grep -c ' /w .* ro,nosuid,nodev' <<<"$output")" = 1 ] || fail "$output"
	refused 2 "want source=" --mount type=bind,dst=/x
	refused 2 "want target=" --mount type=bind,src=/srv
	refused 2 "type is bind" --mount type=npipe,src=/srv,dst=/x
	refused 2 "no source" --mount type=tmpfs,src=/srv,dst=/x
	refused 2 "unknown key" --mount type=bind,src=/srv,dst=/x,bogus
	refused 2 "neither true nor false" --mount type=volume,dst=/x,ro=maybe
	refused 3 "propagation" --mount type=bind,src=/srv,dst=/x,bind-propagation=rshared
	refused 2 "want private" --mount type=bind,src=/srv,dst=/x,bind-propagation=bogus
	refused 2 "for type=tmpfs" --mount type=bind,src=/srv,dst=/x,tmpfs-size=1m
	refused 2 "want octal" --mount type=tmpfs,dst=/x,tmpfs-mode=9
	refused 2 "want octal" --tmpfs /x:mode=123456
	refused 2 "a name has letters" --mount type=volume,src=a/b,dst=/x
	refused 3 "more rights" --tmpfs /x:suid
	refused 2 "size" --tmpfs /x:size=90%
	refused 2 "mounted on twice" -v a:/x --tmpfs /x
	refused 125 "folder of the kernel" -v a:/proc/x
}

@test "what of the host is refused, and only opened by name with a reason" {
	local bad
	ln -s /etc sly
	mkdir -p home/.ssh
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("docker.sock")'
	refused 3 "own state" -v /:/x
	for bad in /etc /etc/shadow /proc /sys /dev /root /run /var/run /lib /boot /usr/bin "$PWD/sly" \
		"$PWD/home/.ssh" "$PWD/docker.sock"; do
		refused 3 "sensitive host paths" -v "$bad:/x"
		refused 3 "sensitive host paths" --mount "type=bind,src=$bad,dst=/x,ro"
	done
	refused 3 "own state" -v "$STATE:/x"
	refused 3 "own state" -v "$STATE/volumes:/x" || refused 5 "not there" -v "$STATE/volumes:/x"
	refused 5 "is not there" -v /nosuch:/x
	refused 3 "would reach the host" -v a:/x:rshared
	printf 'run:\n  allow: ["mount:/etc"]\n' >policy.yaml
	run plimsoll --config policy.yaml run --rm --network none -v /etc:/x base:1 ls /x/passwd
	assert_status 3
	assert_output_has --reason
	run plimsoll --config policy.yaml run --rm --network none --reason "reads accounts" -v "$PWD/sly:/x:ro" base:1 ls /x/passwd
	assert_status 0
	run plimsoll --config policy.yaml run --rm --network none --reason "reads accounts" -v /etc/ssl:/x:ro base:1 ls /x
	assert_status 3
	run plimsoll trail show --format json
	assert_output_has '"allowed":[{"reason":"reads accounts","what":"mount:/etc"}]'
}

@test "plimsoll volume: create, ls, inspect, rm, prune; what is in use stays" {
	assert_eq "$(plimsoll volume create data -l team=blue)" data
	plimsoll volume create data
	[ -n "$(plimsoll volume create)" ]
	run plimsoll volume inspect data
	assert_output_has '"team": "blue"' "$STATE/volumes/data/_data" '"containers": []'
	plimsoll create --name user --network none -v data:/x base:1 id >/dev/null
	run plimsoll volume rm data
	assert_status 2
	assert_output_has "in use by container 'user'" "plimsoll rm user"
	plimsoll volume prune -f
	assert_eq "$(plimsoll volume ls -q)" data
	plimsoll rm user
	assert_eq "$(plimsoll volume rm data)" data
	run plimsoll volume rm data
	assert_status 5
	run plimsoll volume create ../x
	assert_status 2
	run plimsoll trail show
	assert_output_has volume-create volume-rm
}
