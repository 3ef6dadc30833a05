#!/usr/bin/env bats
# plimsoll build: what comes out, what is refused and how, and that the same input gives the same bytes.

load ../lib/common
load ../lib/build

setup() {
	common_setup
	mkdir ctx
}

teardown() {
	common_teardown
}

build() { # arguments; stdout is the digest
	run plimsoll build "$@" ctx
}

config() { # name jq-filter
	plimsoll inspect "$1" | jq -c ".config$2"
}

# --- what comes out ---

@test "configuration: every instruction without files" {
	dockerfile <<-'EOF'
	FROM scratch
	ARG V=1
	ENV A="x y" B=$V
	LABEL a=$A
	USER 1:2
	EXPOSE 80 90-91/udp
	VOLUME ["/data"]
	STOPSIGNAL SIGINT
	HEALTHCHECK --interval=5s --retries=2 CMD ["/probe"]
	SHELL ["/bin/x", "-c"]
	ENTRYPOINT run $A
	CMD ["b"]
	EOF
	build -t t
	assert_status 0
	assert_eq "$(config t .config)" '{"Cmd":["b"],"Entrypoint":["/bin/x","-c","run $A"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","A=x y","B=1"],"ExposedPorts":{"80/tcp":{},"90/udp":{},"91/udp":{}},"Healthcheck":{"Interval":5000000000,"Retries":2,"Test":["CMD","/probe"]},"Labels":{"a":"x y"},"Shell":["/bin/x","-c"],"StopSignal":"SIGINT","User":"1:2","Volumes":{"/data":{}},"WorkingDir":"/"}'
	assert_eq "$(config t .rootfs.diff_ids)" '[]'
	assert_eq "$(config t '.history | [.[].empty_layer] | unique')" '[true]'
}

@test "COPY: files, folders, patterns, owners, modes, links" {
	need_root
	mkdir -p ctx/d/sub
	echo 1 >ctx/a.txt
	echo 2 >ctx/b.txt
	echo 3 >ctx/d/f
	ln -s ../a.txt ctx/d/link
	chmod 640 ctx/a.txt
	chmod 711 ctx/d/sub
	dockerfile <<-'EOF'
	FROM scratch
	COPY a.txt /one
	COPY *.txt /dir/
	COPY --chown=5:6 --chmod=0700 d /own
	EOF
	build -t t
	assert_status 0
	assert_eq "$(entries t)" "$(printf '%s\n' \
		'-rw-r----- 0/0 one' \
		'drwxr-xr-x 0/0 dir/' '-rw-r----- 0/0 dir/a.txt' '-rw-r--r-- 0/0 dir/b.txt' \
		'drwx------ 5/6 own/' '-rwx------ 5/6 own/f' 'lrwxrwxrwx 5/6 own/link -> ../a.txt' \
		'drwx------ 5/6 own/sub/')"
	assert_eq "$(config t '.history | [.[].created_by]')" '["COPY a.txt /one","COPY *.txt /dir/","COPY --chown=5:6 --chmod=0700 d /own"]'
}

@test "COPY: here-documents, replaced and quoted" {
	need_root
	dockerfile <<-'OUT'
	FROM scratch
	ENV X=val
	COPY <<a <<-"b" /etc/
	one "$X" it's
	a
	two $X
	b
	OUT
	build -t t
	assert_status 0
	assert_eq "$(content t etc/a)" "one \"val\" it's"
	assert_eq "$(content t etc/b)" 'two $X'
}

@test "stages: only what the target needs is built" {
	need_root
	echo 1 >ctx/a
	dockerfile <<-'EOF'
	FROM not-there AS unused
	COPY nothing /
	FROM scratch AS one
	COPY a /deep/a
	FROM scratch AS two
	COPY --from=one /deep /x
	FROM unused
	EOF
	build -t t --target two
	assert_status 0
	assert_eq "$(entries t)" "$(printf '%s\n' 'drwxr-xr-x 0/0 x/' '-rw-r--r-- 0/0 x/a')"
	build -t t
	assert_status 5
	assert_output_has "Dockerfile:1: base image 'not-there'"
}

@test ".dockerignore: what is left out is not copied, also when named" {
	need_root
	mkdir -p ctx/keep ctx/drop
	touch ctx/keep/a ctx/drop/b ctx/drop/c ctx/x.log
	printf '%s\n' '# no logs' '*.log' drop '!drop/c' .dockerignore Dockerfile >ctx/.dockerignore
	printf 'FROM scratch\nCOPY . /\n' | dockerfile
	build -t t
	assert_status 0
	assert_eq "$(entries t | awk '{ print $3 }' | xargs)" "drop/ drop/c keep/ keep/a"
	printf 'FROM scratch\nCOPY x.log /\n' | dockerfile
	build
	assert_status 5
	assert_output_has "'x.log' is left out by .dockerignore" "    COPY x.log /" "         ^~~~~"
}

@test "ADD: archives are taken apart, by their content" {
	need_root
	mkdir a
	echo in >a/f
	for z in gzip:gz zstd:zst xz:xz bzip2:bz2; do
		command -v "${z%:*}" >/dev/null || continue
		tar c --owner=7 --group=8 a | "${z%:*}" -c >"ctx/x.tar.${z#*:}"
	done
	tar cf ctx/plain --owner=7 --group=8 a
	gzip -c a/f >ctx/f.gz
	{
		echo FROM scratch
		for f in ctx/x.* ctx/plain; do echo "ADD $(basename "$f") /$(basename "$f").d"; done
		echo ADD f.gz /
	} | dockerfile
	build -t t
	assert_status 0
	for f in ctx/x.* ctx/plain; do
		entries t | grep -qx -- "-rw-r--r-- 7/8 $(basename "$f").d/a/f" || fail "$f" "$(entries t)"
	done
	entries t | grep -qx -- '-rw-r--r-- 0/0 f.gz'
}

@test "annotations, and what was built in a file" {
	need_root
	printf 'FROM scratch\nLABEL a=b\n' >ctx/Dockerfile
	build -t a:1 -t b:2 --annotation org.example.k=v=w --annotation empty= --metadata-file meta.json
	assert_status 0
	assert_eq "$(plimsoll inspect a:1 | jq -cS .manifest.annotations)" '{"empty":"","org.example.k":"v=w"}'
	digest=$(plimsoll -q build ctx --annotation org.example.k=v=w --annotation empty=)
	assert_eq "$(jq -r '."containerimage.digest", ."containerimage.descriptor".digest' meta.json)" \
		"$digest"$'\n'"$digest"
	assert_eq "$(jq -r '."image.name"' meta.json)" a:1,b:2
	assert_eq "sha256:$(sha256sum "$STATE/blobs/sha256/$(jq -r '."containerimage.config.digest"' meta.json | cut -d: -f2)" |
		cut -d' ' -f1)" "$(jq -r '."containerimage.config.digest"' meta.json)"
	build --annotation no-value
	assert_status 2
	assert_output_has "annotation 'no-value' is not NAME=VALUE"
}

@test "files that a build leaves: wherever the user says, and said before the work when they cannot be" {
	need_root
	printf 'FROM scratch\nLABEL a=b\n' >ctx/Dockerfile
	mkdir -p elsewhere in
	ln -s elsewhere/real link
	echo old >elsewhere/real
	build --metadata-file "$PWD/elsewhere/meta.json" --iidfile "$PWD/elsewhere/iid"
	assert_status 0
	assert_eq "$(jq -r '."containerimage.digest"' elsewhere/meta.json)" "$(cat elsewhere/iid)"
	run env -C in "$PLIMSOLL" --state "$STATE" build --metadata-file ../elsewhere/up.json --iidfile ../link ../ctx
	assert_status 0
	cmp elsewhere/meta.json elsewhere/up.json
	assert_eq "$(readlink link) $(cat link)" "elsewhere/real $(cat elsewhere/iid)"
	assert_eq "$(ls -A elsewhere | xargs)" "iid meta.json real up.json"
	build -q --iidfile /dev/stdout
	assert_output_has "$(cat elsewhere/iid)"
	for file in "$PWD/nowhere/x" nowhere/x in in/; do
		for option in --metadata-file --iidfile; do
			rm -f ctx/Dockerfile
			build "$option" "$file"
			assert_status 2
			assert_output_has "${file%/x}"
			refute_output_has Dockerfile
		done
	done
}

@test "names, labels, iidfile, build arguments, standard input" {
	need_root
	run plimsoll build -t a:1 -t b:2 --label x=y --build-arg V=2 --iidfile iid -f - ctx <<-'EOF'
	ARG V=1
	FROM scratch
	ARG V
	LABEL v=$V
	EOF
	assert_status 0
	assert_output_has "$(cat iid)"
	assert_eq "$(config b:2 .config.Labels)" '{"v":"2","x":"y"}'
	assert_eq "$(plimsoll inspect a:1 | jq -r .digest)" "$(cat iid)"
	run plimsoll build --build-arg TYPO=1 -f - ctx <<<'FROM scratch'
	assert_status 0
	assert_output_has "no ARG asks for the build argument TYPO"
}

@test "history: newest first, with sizes" {
	need_root
	echo 1 >ctx/a
	printf 'FROM scratch\nCOPY a /\nENV X=1\n' | dockerfile
	build -t t
	run plimsoll history t
	assert_status 0
	[[ ${lines[0]} == "IMAGE  "*CREATED*SIZE*COMMENT* && ${lines[1]} == *"ENV X=1"*"0 B"* && ${lines[2]} == "<missing>"*"COPY a /"* ]] ||
		fail "$output"
	local digest
	digest=$(plimsoll images --format json | jq -r '.images[0].digest')
	run plimsoll history -q t
	assert_eq "${lines[0]} ${lines[1]}" "${digest:7:12} <missing>"
	run plimsoll history -q --no-trunc t
	assert_eq "${lines[0]}" "$digest"
	run plimsoll history --format '{{.ID}}|{{ .CreatedBy }}|{{.Size}}' t
	assert_eq "${lines[0]}" "${digest:7:12}|ENV X=1|0 B"
	run plimsoll history --human=false --format 'table {{.CreatedAt}}\t{{.CreatedSince}}\t{{.Size}}' t
	assert_eq "${lines[0]}" "$(printf 'CREATED AT\tCREATED\tSIZE')"
	[[ ${lines[1]} == 20*Z$'\t'20*Z$'\t'0 ]] || fail "$output"
	run plimsoll history --format '{{.Nothing}}' t
	assert_status 2
	assert_eq "$(plimsoll history --format json t | jq -r '.history[0].created_by')" "ENV X=1"
}

# --- the same bytes, and the cache ---

@test "two folders and two stores give one digest" {
	need_root
	mkdir -p ctx/d
	echo 1 >ctx/d/a
	touch -d 2021-01-01T00:00:00Z ctx/d/a
	printf 'FROM scratch\nCOPY d /d\nWORKDIR /w\nCMD ["x"]\n' | dockerfile
	cp -a ctx elsewhere
	touch -d 2022-01-01 elsewhere elsewhere/Dockerfile
	one=$(plimsoll build -q ctx)
	two=$("$PLIMSOLL" --state other build -q elsewhere)
	assert_eq "$one" "$two"
	plimsoll build -q -t t ctx
	assert_eq "$(config t .created)" '"2021-01-01T00:00:00Z"'
	SOURCE_DATE_EPOCH=86400 plimsoll build -q -t t ctx
	assert_eq "$(config t .created)" '"1970-01-02T00:00:00Z"'
}

@test "a touched file rebuilds nothing, a changed mode does" {
	need_root
	echo 1 >ctx/a
	printf 'FROM scratch\nCOPY a /\nWORKDIR /w\n' | dockerfile
	one=$(plimsoll build ctx)
	touch -d 2030-01-01 ctx/a
	build
	assert_output_has "COPY a / cached" "WORKDIR /w cached" "$one"
	chmod 600 ctx/a
	build
	refute_output_has "COPY a / cached" "$one"
	build --no-cache
	refute_output_has cached
}

# --- refusals ---

@test "no Dockerfile" {
	build
	assert_status 5
	assert_output_has "there is no Dockerfile in 'ctx'" "plimsoll build -f FILE ctx"
}

@test "an unknown instruction is pointed at" {
	printf 'FROM scratch\n\nRUNN apt-get update\n' | dockerfile
	build
	assert_status 5
	assert_output_has "Dockerfile:3: unknown instruction 'RUNN' (did you mean RUN?)" \
		"    RUNN apt-get update" "    ^~~~"
}

@test "what is not supported is refused, not ignored" {
	echo a >ctx/a
	for line in 'ADD git@example.org:x.git /' 'ADD --checksum=sha256:00 a /' 'RUN --security=insecure true' \
		'RUN --network=host true' 'FROM --platform=linux/s390x scratch'; do
		printf 'FROM scratch\n%s\n' "$line" | dockerfile
		build
		assert_status 5
		assert_output_has "Dockerfile:2: " '^~~'
	done
}

@test "a base that is not there, and one that nobody signed" {
	need_root
	printf 'FROM nobase:1\n' | dockerfile
	build
	assert_status 5
	assert_output_has "Dockerfile:1: base image 'nobase:1'" "    FROM nobase:1" "         ^~~~~~~~"
	printf 'FROM scratch\nLABEL a=b\n' | dockerfile
	build -t unsigned:1
	assert_status 0
	plimsoll trust init >/dev/null
	printf 'FROM unsigned:1\n' | dockerfile
	build
	assert_status 4
	assert_output_has "Dockerfile:1: "
	plimsoll sign unsigned:1
	build
	assert_status 0
}

@test "COPY of nothing: a name has to be there, a pattern may match none" {
	need_root
	printf 'FROM scratch\nCOPY nothing /x/\n' | dockerfile
	build
	assert_status 5
	assert_output_has "Dockerfile:2: " "    COPY nothing /x/" '         ^~'
	for s in '*.none' 'd/*/x'; do
		printf 'FROM scratch\nCOPY %s /x/\n' "$s" | dockerfile
		build -t t
		assert_status 0
		assert_output_has "warning: Dockerfile:2: COPY: no file matches"
		assert_eq "$(config t '.rootfs.diff_ids')" '[]'
	done
}

@test "bad flags are usage" {
	printf 'FROM scratch\n' | dockerfile
	build --network host
	assert_status 2
	build --progress loud
	assert_status 2
	build -t 'Bad Name'
	assert_status 2
	build --bogus
	assert_status 2
	run plimsoll build
	assert_status 2
	SOURCE_DATE_EPOCH=x build
	assert_status 2
}

# --- hostile contexts ---

@test "nothing outside of the context is read" {
	need_root
	echo secret >secret
	mkdir ctx/d
	ln -s ../secret ctx/up
	ln -s "$PWD/secret" ctx/abs
	ln -s ../.. ctx/d/dots
	for s in ../secret d/../../secret up abs d/dots/secret /../secret; do
		printf 'FROM scratch\nCOPY %s /x/\n' "$s" | dockerfile
		build
		assert_status 5
		assert_output_has "Dockerfile:2: "
	done
	printf 'FROM scratch\nCOPY . /x/\n' | dockerfile
	build -t t
	assert_status 0
	entries t | grep -qx 'lrwxrwxrwx 0/0 x/up -> ../secret'
	! grep -rq secret "$STATE/layers" || fail "the secret was read"
}

@test "a Dockerfile that is a link out, a pipe or a folder" {
	echo 'secret words' >secret
	ln -s ../secret ctx/Dockerfile
	build
	[ "$status" -ne 0 ]
	refute_output_has "secret words"
	rm ctx/Dockerfile
	mkfifo ctx/Dockerfile
	run timeout 10 "$PLIMSOLL" --state "$STATE" build ctx
	assert_status 5
	rm ctx/Dockerfile
	mkdir ctx/Dockerfile
	build
	assert_status 5
}

@test "devices: in the context and in an added archive" {
	need_root
	mkdir ctx/d
	mknod ctx/d/dev b 8 0
	printf 'FROM scratch\nCOPY d /d\n' | dockerfile
	build
	assert_status 5
	assert_output_has "'dev' is a device"
	tar cf ctx/x.tar -C ctx d
	rm -r ctx/d
	printf 'FROM scratch\nADD x.tar /\n' | dockerfile
	build
	assert_status 5
	assert_output_has "Dockerfile:2: "
}

@test "an added archive does not climb out" {
	need_root
	python3 - <<-'EOF'
	import io, tarfile
	def make(name, *members):
	    with tarfile.open("ctx/" + name, "w") as t:
	        for n, kind, link in members:
	            i = tarfile.TarInfo(n)
	            i.type = kind
	            i.linkname = link
	            t.addfile(i, io.BytesIO())
	make("dots.tar", ("../escaped", tarfile.REGTYPE, ""))
	make("link.tar", ("l", tarfile.SYMTYPE, "../../../../../../tmp"), ("l/plimsoll-escaped", tarfile.REGTYPE, ""))
	make("hard.tar", ("h", tarfile.LNKTYPE, "../../../etc/passwd"))
	EOF
	for a in dots link hard; do
		printf 'FROM scratch\nADD %s.tar /\n' "$a" | dockerfile
		build
		assert_status 5
		[ ! -e /tmp/plimsoll-escaped ]
	done
}

# --- RUN ---

base() { # a signed base image from shared/
	need_root
	need_cmd crun
	need_shared data/images/alpine-minirootfs-3.20.3-x86_64.tar.gz
	plimsoll trust init >/dev/null
	plimsoll import "$SHARED_FILE" base >/dev/null
}

@test "RUN: shell, exec and here-document form, and what they leave" {
	base
	dockerfile <<-'OUT'
	FROM base
	ARG V=arg
	ENV E=env
	WORKDIR /work
	RUN echo $V $E $PWD >/out
	RUN ["/bin/sh", "-c", "cat /out >/out2"]
	RUN <<EOF
	rm /etc/motd
	echo multi >/three
	EOF
	RUN <<EOF
	#!/bin/sh
	echo "script" >/four
	EOF
	RUN cat >/five <<A && cat >>/five <<B
	a
	A
	b
	B
	RUN <<"A B"
	echo blank >/six
	A B
	RUN <<'A B'
	#!/bin/sh
	echo "script" >/seven
	A B
	USER nobody
	RUN id -un
	RUN true
	OUT
	build --network none -t t
	assert_status 0
	assert_output_has nobody
	assert_eq "$(content t out2)" "arg env /work"
	assert_eq "$(content t three)" multi
	assert_eq "$(content t four)" script
	assert_eq "$(content t five)" "$(printf 'a\nb')"
	assert_eq "$(content t six) $(content t seven)" "blank script"
	entries t | grep -q 'etc/.wh.motd$'
	assert_eq "$(config t '.history[-1]|[.created_by,.empty_layer]')" '["RUN |1 V=arg /bin/sh -c true",true]'
	build --network none -t t
	assert_output_has "RUN id -un cached" "RUN true cached"
}

@test "RUN: the steps of a stage share a network, which ends with the build" {
	host_base readlink grep
	need_cmd pasta
	dockerfile <<-'EOF'
	FROM base
	RUN readlink /proc/self/ns/net >/one; grep -q nameserver /etc/resolv.conf
	RUN readlink /proc/self/ns/net >/two
	RUN --network=none readlink /proc/self/ns/net >/three; ! test -s /etc/resolv.conf
	EOF
	build -t t
	assert_status 0
	assert_eq "$(content t one)" "$(content t two)"
	[ "$(content t two)" != "$(content t three)" ]
	[ "$(content t two)" != "$(readlink /proc/self/ns/net)" ]
	run pgrep -f -- "--state $STATE build"
	assert_status 1
}

@test "RUN: two builds from nothing give one digest" {
	base
	printf 'FROM base\nRUN date >/dev/null; echo x >/a; mkdir -p /b/c; ln -s a /b/l\n' | dockerfile
	one=$(plimsoll build -q --network none --no-cache ctx)
	sleep 1.1
	assert_eq "$(plimsoll build -q --network none --no-cache ctx)" "$one"
}

@test "RUN: a failing command is named, with its last words" {
	base
	printf 'FROM base\nRUN echo why it failed; \\\n    exit 3\n' | dockerfile
	build --network none -t t
	assert_status 5
	assert_output_has "Dockerfile:2: the command ended with exit status 3" "    RUN echo why it failed" "why it failed"
	run plimsoll inspect t
	assert_status 5
}

@test "kill -9 in the middle leaves no mount, and the next build works" {
	base
	printf 'FROM base\nRUN echo going; sleep 300\n' | dockerfile
	plimsoll build --network none ctx 2>log >/dev/null &
	pid=$!
	for _ in $(seq 100); do grep -q '^going' log && break; sleep 0.1; done
	grep -q '^going' log
	kill -9 "$(pgrep -P "$pid" || echo "$pid")" 2>/dev/null || true
	kill -9 "$pid" 2>/dev/null || true
	wait "$pid" || true
	assert_eq "$(leftover_mounts)" ""
	ls "$STATE"/tmp | grep -q '^build-.*'
	printf 'FROM base\nRUN true\n' | dockerfile
	build --network none -t t
	assert_status 0
	assert_eq "$(ls "$STATE/tmp")" build.lock
}

# A repository in ./repo with a Dockerfile, and its clone whose files have other times in ./clone.
two_clones() {
	export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
	export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
	export GIT_AUTHOR_DATE='1500000000 +0000' GIT_COMMITTER_DATE='1500000000 +0000'
	git init -q repo
	mkdir -p repo/app/d
	printf 'FROM scratch\nCOPY . /c/\nCOPY d/f /made/\nWORKDIR /w\nADD a.tar /t\n' >repo/app/Dockerfile
	echo 1 >repo/app/d/f
	tar -C repo/app --mtime=@1400000000 -cf a.tar d
	mv a.tar repo/app/
	echo other >repo/README
	git -C repo add .
	git -C repo commit -qm one
	git clone -q repo clone
	find repo/app -exec touch -d @1600000000 {} +
	touch -d @1450000000 repo/app/d/f
}

build_at() { # state context; sets $output to the digest
	run "$PLIMSOLL" -q --state "$1" build -t t "$2"
	assert_status 0
}

@test "two clones of one repository give one digest, that of the commit's time" {
	need_root
	need_cmd git
	two_clones
	build_at one repo/app
	first=$output
	build_at two clone/app
	assert_eq "$output" "$first"
	# A commit elsewhere in the repository changes nothing.
	echo more >>clone/README
	GIT_COMMITTER_DATE='1700000000 +0000' git -C clone commit -qam two
	build_at three clone/app
	assert_eq "$output" "$first"
	STATE=one
	assert_eq "$(plimsoll inspect t | jq -r .config.created)" 2017-07-14T02:40:00Z
	d=$(plimsoll inspect t | jq -r '.manifest.layers[0].digest')
	assert_eq "$(tar tvzf "one/blobs/sha256/${d#sha256:}" --full-time --utc | awk '{ print $4, $5 }' | sort -u)" \
		"2017-07-14 02:40:00"
}

@test "a context that differs from its commit has its files' times" {
	need_root
	need_cmd git
	two_clones
	build_at one clone/app
	committed=$output
	echo 2 >clone/app/new
	touch -d @1650000000 clone/app/new
	build_at two clone/app
	[ "$output" != "$committed" ] || fail "an untracked file changed nothing"
	STATE=two
	[ "$(plimsoll inspect t | jq -r .config.created)" != 2017-07-14T02:40:00Z ] || fail "the commit's time"
}

@test "a repository's configuration starts no program" {
	need_root
	need_cmd git
	two_clones
	printf '#!/bin/sh\ntouch %s/pwned\ncat\n' "$BATS_TEST_TMPDIR" >evil
	chmod 755 evil
	echo '* filter=evil' >clone/app/.gitattributes
	git -C clone config filter.evil.clean "$BATS_TEST_TMPDIR/evil"
	git -C clone config core.fsmonitor "$BATS_TEST_TMPDIR/evil"
	git -C clone config log.showSignature true
	git -C clone config gpg.program "$BATS_TEST_TMPDIR/evil"
	touch clone/app/d/f
	build_at one clone/app
	[ ! -e pwned ] || fail "the filter ran"
	# The attack is real: git itself starts it.
	git -C clone status >status.log 2>&1
	[ -e pwned ] || fail "git does not run it either: the test shows nothing"
}
