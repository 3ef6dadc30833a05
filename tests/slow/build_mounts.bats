#!/usr/bin/env bats
# RUN --mount: what the command sees, what of it reaches the layer, the key and the world (nothing).

load ../lib/common
load ../lib/build

setup() {
	common_setup
	mkdir ctx
}

teardown() {
	if [ -n "${AGENT_PID:-}" ]; then kill "$AGENT_PID"; fi
	common_teardown
}

build() { # arguments; stdout is the digest
	run plimsoll build --network none "$@" ctx
}

# The entries of an image's last layer, one name a line; none when the last step made none.
last_layer() { # name
	tar tzf "$(layers "$1" | tail -1)" | sort
}

# --- bind ---

@test "bind: the context, read-only, without what .dockerignore leaves out, owned by root" {
	host_base stat mkdir cp rm touch grep find
	mkdir -p ctx/src/d
	echo one >ctx/src/a
	echo two >ctx/src/d/b
	echo no >ctx/src/secret.key
	chown -R 1234:1234 ctx/src
	echo '**/*.key' >ctx/.dockerignore
	dockerfile <<-'OUT'
	FROM base
	WORKDIR /work
	RUN --mount=target=/in --mount=type=bind,source=src/d/b,dst=file --mount=src=src,destination=rel,readonly \
		find /in /work >/list; cat /in/src/a file rel/d/b >/all; \
		stat -c '%u:%g %n' /in/src/a >/owner; \
		echo x >/in/src/a || echo refused >>/all; echo x 2>/dev/null >file || echo refused >>/all
	OUT
	build -t t
	assert_status 0
	assert_eq "$(last_content t all | tr '\n' ' ')" "one two two refused refused "
	assert_eq "$(last_content t owner)" "0:0 /in/src/a"
	! last_content t list | grep -q key || fail "an ignored file is seen"
	# Neither /in nor /work/file nor /work/rel stays.
	assert_eq "$(last_layer t | xargs)" "all list owner"
}

@test "bind: rw is discarded, also in the context" {
	host_base stat mkdir cp rm touch grep find
	echo one >ctx/a
	dockerfile <<-'OUT'
	FROM base AS other
	RUN echo two >/b
	FROM base
	RUN --mount=target=/in,rw --mount=type=bind,from=other,target=/other,readwrite \
		echo changed >/in/a; echo changed >/other/b; rm -r /other/bin/cat; cat /in/a /other/b >/out
	RUN --mount=target=/in --mount=from=other,target=/other cat /in/a /other/b >/out
	OUT
	build -t t
	assert_status 0
	assert_eq "$(cat ctx/a)" one
	assert_eq "$(last_content t out | xargs)" "one two"
	assert_eq "$(last_layer t)" out
}

@test "bind: from a stage by name and index, from an image, a file of it, from scratch" {
	host_base stat mkdir cp rm touch grep find
	dockerfile <<-'OUT'
	FROM base AS tools
	RUN mkdir -p /opt/t; echo '#!/bin/sh' >/opt/t/tool; echo 'echo tool $1' >>/opt/t/tool; chmod 755 /opt/t/tool
	FROM base
	RUN --mount=from=TOOLS,source=/opt/t,target=/t --mount=from=0,source=opt/t/tool,target=/f \
		--mount=type=bind,from=base,source=/etc/passwd,target=/pw --mount=from=scratch,target=/none \
		/t/tool 1 >/out; /f 2 >>/out; grep -c root /pw >>/out; ls /none >>/out
	RUN --mount=from=tools,target=/t ["/t/opt/t/tool", "3"]
	OUT
	rm -f rootfs/bin/chmod
	sed -i 's/chmod 755 .*/cp -p \/bin\/sh \/opt\/t\/sh/' ctx/Dockerfile
	sed -i 's#/t/tool 1#sh /t/tool 1#; s#/f 2#sh /f 2#; s#\["/t/opt/t/tool", "3"\]#["/t/opt/t/sh", "-c", "echo 3"]#' ctx/Dockerfile
	build -t t
	assert_status 0
	assert_eq "$(last_content t out | xargs)" "tool 1 tool 2 1"
}

@test "bind: only the stages that a mount needs are built" {
	host_base stat mkdir cp rm touch grep find
	dockerfile <<-'OUT'
	FROM base AS unused
	RUN exit 1
	FROM base AS used
	RUN echo 1 >/u
	FROM base
	RUN --mount=from=used,target=/m cat /m/u
	OUT
	build
	assert_status 0
}

@test "bind: content counts in the key, times do not" {
	host_base stat mkdir cp rm touch grep find
	echo one >ctx/a
	echo x >ctx/other
	printf 'FROM base\nRUN --mount=source=a,target=/a cat /a >/out\n' | dockerfile
	build -t t
	assert_status 0
	touch -d @1500000000 ctx/a
	echo y >ctx/other
	build -t t
	assert_output_has "cached"
	echo two >ctx/a
	build -t t
	refute_output_has "/out cached"
	assert_eq "$(last_content t out)" two
	# So do the layers of a stage.
	printf 'FROM base AS s\nRUN echo 1 >/x\nFROM base\nRUN --mount=from=s,target=/s cat /s/x >/out\n' | dockerfile
	build -t t
	sed -i 's/echo 1/echo 2/' ctx/Dockerfile
	build -t t
	assert_eq "$(last_content t out)" 2
}

@test "mounts within mounts, and variables in the fields" {
	host_base stat mkdir cp rm touch grep find
	mkdir ctx/src
	echo a >ctx/src/a
	dockerfile <<-'OUT'
	FROM base
	ARG WHERE=/build
	ENV ID=cache-$WHERE
	RUN --mount=type=cache,id=$ID,target=${WHERE}/out/cache --mount=type=tmpfs,target=$WHERE/tmp \
		--mount=type=bind,source=src,target=$WHERE --mount=type=tmpfs,target=$WHERE/tmp/deep/er \
		cat $WHERE/a >/r; echo c >$WHERE/out/cache/c; echo t >$WHERE/tmp/t; echo t >$WHERE/tmp/deep/er/t
	RUN --mount=type=cache,id=cache-/build,target=/k cat /k/c >>/r
	OUT
	build -t t
	assert_status 0
	assert_eq "$(last_content t r | xargs)" "a c"
	assert_eq "$(last_layer t)" r
	[ ! -e ctx/src/out ]
}

# --- cache ---

@test "cache: kept between builds and steps, never in a layer, and no part of the key" {
	host_base stat mkdir cp rm touch grep find
	dockerfile <<-'OUT'
	FROM base
	ARG N
	RUN --mount=type=cache,target=/var/c echo $N >>/var/c/log; cat /var/c/log >/out
	OUT
	build -t t --build-arg N=1
	assert_status 0
	build -t t --build-arg N=2
	assert_eq "$(last_content t out | xargs)" "1 2"
	assert_eq "$(last_layer t)" out
	build -t t --build-arg N=1
	assert_output_has cached
	assert_eq "$(last_content t out | xargs)" 1
	assert_eq "$(jq -r .id "$STATE"/cache/mounts/*.json)" /var/c
	[ "$(ls "$STATE/cache/mounts" | wc -l)" = 3 ]
}

@test "cache: id, owner, mode, ro, from" {
	host_base stat mkdir cp rm touch grep find
	dockerfile <<-'OUT'
	FROM base AS seed
	RUN mkdir /seed; echo seeded >/seed/f
	FROM base
	RUN --mount=type=cache,id=a,target=/1,uid=12,gid=34,mode=0710 stat -c '%u:%g %a' /1 >/out; echo x >/1/f
	RUN --mount=type=cache,id=a,target=/2,uid=12,gid=34,mode=0710,ro cat /2/f >>/out; echo y >/2/f || echo ro >>/out
	RUN --mount=type=cache,id=a,target=/3 ls /3 >>/out; stat -c %a /3 >>/out
	RUN --mount=type=cache,target=/4,from=seed,source=/seed cat /4/f >>/out; echo more >/4/f
	RUN --mount=type=cache,target=/4,from=seed,source=seed cat /4/f >>/out
	OUT
	build -t t
	assert_status 0
	assert_eq "$(last_content t out | xargs)" "12:34 710 x ro 755 seeded more"
}

@test "cache: locked waits, private gets another folder, shared does not wait" {
	host_base stat mkdir cp rm touch grep find
	mkdir ctx2
	for sharing in locked private shared; do
		printf 'FROM base\nARG N\nRUN --mount=type=cache,id=%s,sharing=%s,target=/c \\\n  ls /c >/out; touch /c/$N; [ $N != 1 ] || sleep 3\n' \
			$sharing $sharing | tee ctx/Dockerfile >ctx2/Dockerfile
		plimsoll build -q --network none --build-arg N=1 -t one ctx >log 2>&1 &
		pid=$!
		wait_for 60 sh -c "find '$STATE/cache/mounts' -name 1 2>/dev/null | grep -q ."
		begin=$EPOCHSECONDS
		plimsoll build -q --network none --build-arg N=2 -t two ctx2
		alive=no
		if kill -0 $pid 2>/dev/null && [ "$(cat /proc/$pid/stat | cut -d' ' -f3)" != Z ]; then alive=yes; fi
		wait $pid || fail "$(cat log)"
		case $sharing in
		locked) assert_eq "$alive" no; assert_eq "$(last_content two out)" 1 ;;
		private) assert_eq "$(last_content two out)" "" ;;
		shared) assert_eq "$(last_content two out)" 1 ;;
		esac
		rm -rf "$STATE/cache/mounts"
	done
}

# --- the root folder, and HOME ---

@test "the mode of / itself is kept, by every later layer; HOME is / for a user that nobody knows" {
	host_base stat mkdir cp rm touch grep find chmod chown
	dockerfile <<-'X'
	FROM base
	RUN chmod 1777 /
	USER 5
	RUN echo "$HOME" >/home
	USER 0
	RUN chmod 0755 / && chown 3 /
	X
	build -t t
	assert_status 0
	assert_eq "$(last_layer t)" ./
	sed -i '/^USER 0/,$d' ctx/Dockerfile
	build -t t
	assert_status 0
	assert_eq "$(last_content t home)" /
	rm -r "$STATE"/layers
	echo "RUN stat -c '%a %u' / >/out" >>ctx/Dockerfile
	build -t t
	assert_status 0
	assert_eq "$(last_content t out)" "1777 0"
}

# --- tmpfs ---

@test "tmpfs: the mode is that of the folder below it, else as of /tmp" {
	host_base stat mkdir cp rm touch grep find
	dockerfile <<-'X'
	FROM base
	RUN mkdir -m 2750 /t
	RUN --mount=type=tmpfs,target=/t --mount=type=tmpfs,target=/new --mount=type=tmpfs,target=/t/in \
		stat -c '%u:%g %a' /t /new /t/in >/out
	X
	build -t t
	assert_status 0
	assert_eq "$(last_content t out | xargs)" "0:0 2750 0:0 1777 0:0 1777"
}

@test "tmpfs: empty, bounded, gone" {
	host_base stat mkdir cp rm touch grep find
	dockerfile <<-'OUT'
	FROM base
	RUN mkdir /t; echo below >/t/f
	RUN --mount=type=tmpfs,target=/t,size=64k ls /t >/out; stat -f -c '%T' /t >>/out; \
		cat /bin/dash >/t/big || echo full >>/out
	OUT
	build -t t
	assert_status 0
	assert_eq "$(last_content t out | xargs)" "tmpfs full"
	assert_eq "$(last_layer t)" out
}

# --- what is refused, and where ---

@test "bad mounts point at the flag" {
	while IFS='|' read -r flag message; do
		printf 'FROM scratch\nRUN --mount=%s true\n' "$flag" | dockerfile
		build
		assert_status 5
		assert_output_has "Dockerfile:2: " "$message" "        ^~~"
	done <<-'OUT'
	type=volume,target=/x|there is no type 'volume'
	type=tmp,target=/x|there is no type 'tmp' (did you mean tmpfs?)
	typ=tmpfs,target=/x|--mount has no option 'typ' (did you mean type?)
	type=cache|the target is missing
	type=bind,target=/x,size=1m|type=bind takes no size
	type=cache,target=/x,sharing=none|there is no sharing 'none'
	type=cache,target=/x,mode=9|mode takes an octal mode
	type=cache,target=/x,colour=red|no option 'colour'
	type=tmpfs,target=/x,size=0|a size is a number
	type=secret|the secret's id is missing
	type=secret,id=a,env=1x|'1x' is no name for a variable
	type=secret,id=a,source=b|an id or a source, not both
	from=$x,target=/x|variables are not replaced in from
	from=7,target=/x|there is no stage 7
	target=/|the target is the root itself
	source=nothing,target=/x|'nothing'
	source=../../etc/passwd,target=/x|lies outside
	OUT
	printf 'FROM scratch\nRUN --security=insecure true\n' | dockerfile
	build
	assert_output_has "a step always runs confined" "        ^~~"
	printf 'FROM scratch\nRUN --network=host true\n' | dockerfile
	build
	assert_output_has "never given the host's network" "        ^~~"
}

@test "targets in the kernel's folders, and links that lead out" {
	host_base stat mkdir cp rm touch grep find
	for target in /proc/x /sys/kernel /dev/x; do
		printf 'FROM base\nRUN --mount=type=tmpfs,target=%s true\n' $target | dockerfile
		build
		[ "$status" -ne 0 ]
		assert_output_has "lies in a folder of the kernel's"
	done
	ln -s "$PWD" ctx/out
	ln -s /etc/passwd ctx/passwd
	for source in out passwd out/ctx; do
		printf 'FROM base\nRUN --mount=source=%s,target=/x ls /x\n' $source | dockerfile
		build
		assert_status 5
	done
}
