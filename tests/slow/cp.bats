#!/usr/bin/env bats
# plimsoll cp, both ways, and against containers that try to lead it out (CVE-2018-15664, CVE-2019-14271).

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root rm mkdir ln mv chmod chown stat mkfifo readlink || return 0
	mkdir "$ROOT/srv"
	base_state
}

setup() {
	containers_setup
	mkdir vol host
	plimsoll run -d --network none --name c -v "$PWD/vol:/vol" --cap-add CHOWN --cap-add DAC_OVERRIDE base:1 sleep 300
}

teardown() { containers_teardown; }

@test "in and out: files, folders, contents, new names, owners" {
	mkdir -p tree/sub
	echo one >tree/one
	echo two >tree/sub/two
	ln -s sub/two tree/link
	chown 7:8 tree/one
	chmod 4750 tree/one
	plimsoll cp tree c:/tmp
	assert_eq "$(plimsoll exec c sh -c 'cd /tmp/tree && cat one link && stat -c "%u:%g %a" one && readlink link')" \
		"$(printf 'one\ntwo\n0:0 4750\nsub/two')"
	plimsoll cp tree/. c:/vol
	plimsoll cp tree c:/tmp/new
	plimsoll exec c cat /tmp/new/sub/two /vol/sub/two
	assert_eq "$(stat -c %u:%g vol/one)" 0:0
	plimsoll cp -a tree/one c:/tmp/renamed
	assert_eq "$(plimsoll exec c stat -c '%u:%g' /tmp/renamed)" 7:8
	plimsoll exec c sh -c 'echo out >/tmp/f; chmod 4755 /tmp/f; mkdir -p /tmp/d/e; echo x >/tmp/d/e/x; chown 33:34 /tmp/f'
	plimsoll cp c:/tmp/f host
	plimsoll cp c:/tmp/f host/g
	plimsoll cp -a c:/tmp/f host/h
	assert_eq "$(cat host/f host/g)" "$(printf 'out\nout')"
	assert_eq "$(stat -c '%u:%g %a' host/f)" "0:0 755"
	assert_eq "$(stat -c '%u:%g %a' host/h)" "33:34 755"
	plimsoll cp c:/tmp/d host
	plimsoll cp c:/tmp/d/. host
	[ -f host/d/e/x ] && [ -f host/e/x ]
	plimsoll cp c:/tmp/d host/d2
	[ -f host/d2/e/x ]
	# Over what is there.
	echo again >tree/one
	plimsoll cp tree c:/tmp
	assert_eq "$(plimsoll exec c cat /tmp/tree/one)" again
	run plimsoll cp c:/tmp/f host/d
	assert_status 0
	run plimsoll cp c:/tmp/d host/f
	[ "$status" -ne 0 ]
	plimsoll cp c:/bin/sh host
	[ -L host/sh ]
	plimsoll cp -L c:/bin/sh host/dash
	[ -f host/dash ] && [ ! -L host/dash ]
}

@test "tar streams, and what is refused" {
	plimsoll exec c sh -c 'mkdir /tmp/d; echo x >/tmp/d/x; mkfifo /tmp/d/p'
	plimsoll cp c:/tmp/d - 2>said | tar -tf - >list
	assert_eq "$(cat list)" "$(printf 'd/\nd/x')"
	grep -q "1 devices, sockets, pipes" said
	mkdir t
	echo y >t/y
	tar -C t --owner=5 --group=6 -cf - y | plimsoll cp - c:/tmp
	assert_eq "$(plimsoll exec c stat -c '%u:%g' /tmp/y)" 5:6
	# Archives that lead out, or bring what is no file.
	python3 - <<-'PY'
		import io, tarfile
		def make(name, *members):
		    with tarfile.open(name, "w") as t:
		        for kind, path, link in members:
		            m = tarfile.TarInfo(path)
		            m.type, m.linkname, m.mode = kind, link, 0o644
		            data = b"evil" if kind == tarfile.REGTYPE else b""
		            m.size = len(data)
		            t.addfile(m, io.BytesIO(data))
		make("dots.tar", (tarfile.REGTYPE, "../evil", ""))
		make("through.tar", (tarfile.SYMTYPE, "out", "/vol"), (tarfile.REGTYPE, "out/evil", ""))
		make("device.tar", (tarfile.CHRTYPE, "null", ""))
		make("hard.tar", (tarfile.LNKTYPE, "shadow", "etc/shadow"))
	PY
	local bad
	for bad in dots through device hard; do
		run plimsoll cp - c:/tmp <$bad.tar
		[ "$status" -ne 0 ] || fail "$bad was taken"
	done
	[ ! -e vol/evil ]
	head -c 3000 /dev/urandom >junk
	run plimsoll cp - c:/tmp <junk
	assert_status 5
	for bad in c:/proc/version c:/sys/kernel c:/proc; do
		run plimsoll cp $bad host
		assert_status 3
		run plimsoll cp t/y $bad
		[ "$status" -ne 0 ]
	done
	run plimsoll cp t/y c:/srv
	assert_status 6
	assert_output_has "read-only" "--read-only=false"
	run plimsoll cp t/y c:/tmp/none/
	assert_status 5
	run plimsoll cp c:/tmp/none host
	assert_status 5
	run plimsoll cp a b
	assert_status 2
	run plimsoll cp c:/tmp c:/tmp
	assert_status 2
}

@test "one that does not run: its root and its volumes, both ways; it starts with what was put there" {
	plimsoll stop c
	plimsoll cp c:/etc/passwd host
	cmp host/passwd "$BATS_FILE_TMPDIR/root/etc/passwd"
	echo v >vol/v
	plimsoll cp c:/vol/v host
	assert_eq "$(cat host/v)" v
	echo in >payload
	plimsoll cp payload c:/vol/in
	assert_eq "$(cat vol/in)" in
	run plimsoll cp payload c:/srv
	assert_status 6
	assert_output_has "read-only" "--read-only=false"
	# Made and never started; then started.
	plimsoll create --name w --network none --read-only=false -v data:/data base:1 sleep 60
	plimsoll cp payload w:/srv/new
	tar -cf - payload | plimsoll cp - w:/srv
	plimsoll start w
	assert_eq "$(plimsoll exec w cat /srv/new /srv/payload)" "$(printf 'in\nin')"
	assert_eq "$(plimsoll exec w stat -c %u:%g /srv/new)" 0:0
	plimsoll exec w sh -c 'mkdir /srv/d; echo x >/srv/d/x; chown 7:8 /srv/d/x; echo d >/data/d' || true
	plimsoll stop -t 1 w
	plimsoll cp w:/srv/d - | tar -tf - >list
	assert_eq "$(cat list)" "$(printf 'd/\nd/x')"
	assert_eq "$(plimsoll cp w:/data/d - | tar -xOf -)" d
	echo two >payload
	plimsoll cp payload w:/data/d
	plimsoll start w
	assert_eq "$(plimsoll exec w cat /data/d /srv/d/x)" "$(printf 'two\nx')"
	# Links in there lead nowhere else.
	plimsoll exec w sh -c "ln -s $PWD /srv/there; ln -s $PWD/payload /srv/file"
	plimsoll stop -t 1 w
	run plimsoll cp w:/srv/there/payload host
	assert_status 5
	run plimsoll cp -L w:/srv/file host
	assert_status 5
	run plimsoll cp payload w:/srv/there/planted
	assert_status 5
	[ ! -e planted ]
	assert_eq "$(leftover_mounts)" ""
}

@test "a start waits for who copies, and a copy of what was just started is of what runs" {
	plimsoll create --name w --network none --read-only=false base:1 sleep 60
	{ tar -cf - vol; sleep 2; } | plimsoll cp - w:/srv &
	local copying=$!
	sleep 0.7
	plimsoll start w
	! kill -0 "$copying" 2>/dev/null || fail "it was started meanwhile"
	wait "$copying"
	plimsoll exec w test -d /srv/vol || plimsoll exec w sh -c '[ -d /srv/vol ]'
}

@test "a slash behind a path, as docker takes it" {
	mkdir -p tree/sub
	echo one >tree/one
	local n=0 where
	for where in running stopped; do
		[ $where = running ] || plimsoll stop -t 1 c
		run plimsoll cp tree/one c:/vol/none$n/
		assert_status 5
		run plimsoll cp tree/one/ c:/vol
		assert_status 5
		plimsoll cp tree c:/vol/new$n/
		[ -f vol/new$n/one ]
		plimsoll cp tree/ c:/vol/again$n
		[ -f vol/again$n/one ]
		plimsoll cp tree/. c:/vol/new$n/
		[ ! -e vol/new$n/tree ]
		ln -s new$n vol/link$n
		plimsoll cp c:/vol/link$n host
		[ -L host/link$n ]
		plimsoll cp c:/vol/link$n/ host/linked$n
		[ -f host/linked$n/one ] && [ ! -L host/linked$n ]
		plimsoll cp c:/vol/link$n/. host/dots$n
		[ -f host/dots$n/one ]
		run plimsoll cp c:/vol/new$n/one/ host
		assert_status 5
		run plimsoll cp c:/vol/new$n/one host/none/
		assert_status 5
		n=$((n + 1))
	done
}

@test "links in the container lead nowhere else, in any part of a path" {
	echo secret >outside
	plimsoll exec c sh -c "ln -s $PWD/outside /tmp/abs; ln -s / /tmp/top; ln -s ../../../../../.. /tmp/up; ln -s $PWD /tmp/there"
	run plimsoll cp -L c:/tmp/abs host/abs
	assert_status 5
	plimsoll cp c:/tmp/abs host
	[ -L host/abs ]
	rm host/abs
	run plimsoll cp "c:/tmp/up/$PWD/outside" host
	assert_status 5
	run plimsoll cp "c:/tmp/there/outside" host
	assert_status 5
	plimsoll cp c:/tmp/top/etc/passwd host/passwd
	assert_eq "$(cat host/passwd)" "$(cat "$BATS_FILE_TMPDIR/root/etc/passwd")"
	run plimsoll cp outside c:/tmp/there/new
	assert_status 5
	[ ! -e new ]
	# A folder that holds links: they come as links, and are not gone through on the host.
	plimsoll exec c sh -c "mkdir /tmp/d; ln -s $PWD/host /tmp/d/host; echo evil >/tmp/d/passwd"
	mkdir got
	ln -s "$PWD/outside" got/passwd
	plimsoll cp c:/tmp/d/. got
	assert_eq "$(cat outside)" secret
	[ -L got/host ] && [ ! -L got/passwd ]
	# With what is left there, the same again: the link is not followed for the second.
	plimsoll exec c sh -c "rm /tmp/d/host; mkdir /tmp/d/host; echo evil >/tmp/d/host/planted"
	run plimsoll cp c:/tmp/d/. got
	[ "$status" -ne 0 ]
	[ ! -e host/planted ]
}

@test "a container that swaps folders and links while it is copied from and to (CVE-2018-15664)" {
	mkdir secretdir
	echo host-secret >secretdir/file
	echo payload >payload
	plimsoll exec -d c sh -c "mkdir -p /vol/a /vol/real; echo mine >/vol/real/file; cd /vol
		while [ ! -e stop ]; do rm -rf x; ln -s $PWD/secretdir x; rm -f x; mkdir x; echo mine >x/file; sleep 0.02; done"
	wait_for 10 test -e vol/x
	local n ok=0 end=$((SECONDS + 15))
	for n in $(seq 200); do
		[ $SECONDS -lt $end ] || break
		if plimsoll cp c:/vol/x/file host/got 2>/dev/null; then
			ok=$((ok + 1))
			! grep -q host-secret host/got || fail "the host's file came out"
		fi
		plimsoll cp -L c:/vol/x host/tree >/dev/null 2>&1 || true
		! grep -rq host-secret host || fail "the host's file came out"
		plimsoll cp payload c:/vol/x/planted >/dev/null 2>&1 || true
		[ ! -e secretdir/planted ] || fail "a file was planted on the host"
	done
	touch vol/stop
	echo "# $ok of $n copies met a folder" >&3
	[ "$ok" -gt 0 ]
}

@test "nothing of the container is executed or loaded (CVE-2019-14271)" {
	need_cmd strace
	plimsoll run -d --network none --name w --read-only=false base:1 sleep 300
	# What another tool's helper loads from the container's root: its libraries and programs leave a mark.
	plimsoll exec w sh -c 'for f in /lib/x86_64-linux-gnu/libnss_files.so.2 /bin/tar /usr/bin/tar /lib/x86_64-linux-gnu/gconv; do
		mkdir -p "${f%/*}"; echo evil >$f; done; mkdir -p /tmp/d; echo x >/tmp/d/x'
	# LeakSanitizer does not work under ptrace.
	ASAN_OPTIONS=detect_leaks=0 strace -f -e trace=execve,openat,openat2 -o trace "$PLIMSOLL" --state "$STATE" cp w:/tmp/d host
	[ -f host/d/x ]
	# One execve, our own; in the sandboxes nothing is opened by a path of a library.
	assert_eq "$(grep -c 'execve(' trace)" 1
	! grep -E 'nss|gconv|/bin/tar' trace
	plimsoll cp payload w:/srv/x 2>/dev/null || echo p >payload
	plimsoll cp payload w:/srv/x
	assert_eq "$(plimsoll exec w stat -c '%u:%g' /srv/x)" 0:0
}
