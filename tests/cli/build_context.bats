#!/usr/bin/env bats
# What a build takes from outside of its folder: contexts that are no folder, --build-context, provenance.

load ../lib/common
load ../lib/build
load ../lib/web
load ../lib/build_remote
load ../lib/git

setup() {
	need_cmd git
	remote_setup
}

teardown() {
	remote_teardown
}

# A tar of a small context on standard output.
context_tar() {
	mkdir -p tree/sub
	printf 'FROM scratch\nCOPY f /\n' >tree/Dockerfile
	printf 'FROM scratch\nCOPY f /other\n' >tree/sub/Dockerfile
	printf 'skipped\n' >tree/.dockerignore
	echo content >tree/f
	echo no >tree/skipped
	tar c -C tree .
}

@test "context: an archive on standard input, plain and compressed" {
	context_tar >c.tar
	for c in cat gzip bzip2 xz zstd; do
		need_cmd $c
		run bash -c "$c <c.tar | '$PLIMSOLL' --state '$STATE' build -t t -"
		assert_status 0
		assert_eq "$(content t f)" content
	done
	run bash -c "'$PLIMSOLL' --state '$STATE' build -t t -f sub/Dockerfile - <c.tar"
	assert_status 0
	assert_eq "$(content t other)" content
	run bash -c "'$PLIMSOLL' --state '$STATE' build -f nope - <c.tar"
	assert_status 5
	assert_output_has "no 'nope' in the context"
	run bash -c "'$PLIMSOLL' --state '$STATE' build -f - - <c.tar"
	assert_status 2
}

@test "context: a small dockerfile, where there is no other" {
	echo 'FROM scratch' >ctx/dockerfile
	rm -f ctx/Dockerfile
	echo a >ctx/a
	echo 'COPY nothing /' >>ctx/dockerfile
	run plimsoll build -t t ctx
	assert_output_has "dockerfile:2: "
	printf '%s\n' 'FROM scratch' 'COPY a /' >ctx/Dockerfile
	run plimsoll build -t t ctx
	assert_status 0
}

@test "context: a Dockerfile on standard input has no files" {
	run bash -c "printf 'FROM scratch\nLABEL a=b\n' | '$PLIMSOLL' --state '$STATE' build -t t -"
	assert_status 0
	run bash -c "printf 'FROM scratch\nCOPY f /\n' | '$PLIMSOLL' --state '$STATE' build -"
	assert_status 5
	assert_output_has "Dockerfile:2" "not there"
}

@test "context: hostile archives" {
	mkdir evil
	printf 'FROM scratch\nCOPY . /\n' >evil/Dockerfile
	tar cf up.tar -C evil --transform 's,^Dockerfile,../Dockerfile,' -P Dockerfile
	run bash -c "'$PLIMSOLL' --state '$STATE' build - <up.tar"
	assert_status 5
	[ ! -e "$STATE/tmp/Dockerfile" ]
	ln -s /etc evil/etc
	tar cf link.tar -C evil Dockerfile etc
	printf x >x
	tar rf link.tar --transform 's,^x,etc/x,' x
	run bash -c "'$PLIMSOLL' --state '$STATE' build - <link.tar"
	assert_status 5
	ln -s /etc/passwd evil/Dockerfile2
	tar cf out.tar -C evil Dockerfile2
	run bash -c "'$PLIMSOLL' --state '$STATE' build -f Dockerfile2 - <out.tar"
	[ "$status" != 0 ]
	refute_output_has root:
	head -c 100 /dev/urandom >junk
	run bash -c "'$PLIMSOLL' --state '$STATE' build - <junk"
	assert_status 5
	nothing_half_written
}

@test "context: an archive or a Dockerfile of the web" {
	context_tar >"$WEB_ROOT/c.tar"
	run plimsoll build -t t --metadata-file m "$WEB/c.tar"
	assert_status 0
	assert_eq "$(content t f)" content
	assert_eq "$(jq -r '."buildx.build.provenance".materials[0].uri' m)" "$WEB/c.tar"
	printf 'FROM scratch\nLABEL a=b\n' >"$WEB_ROOT/Dockerfile"
	run plimsoll build "$WEB/Dockerfile"
	assert_status 0
	run plimsoll build "$WEB/nope"
	assert_status 7
	assert_output_has "build context" "HTTP 404"
}

@test "context: a git repository, its folder, its commit's time" {
	git_repo r
	run plimsoll build -t t "$WEB/git/r.git"
	assert_status 0
	assert_eq "$(content t file)" one
	assert_eq "$(plimsoll inspect t | jq -r ".. | .created? // empty" | sort -u)" 2005-04-07T22:13:13Z
	run plimsoll build -t t "$WEB/git/r.git#side:sub"
	assert_status 0
	assert_eq "$(content t f)" deep
	run plimsoll build -t t -f sub/Dockerfile --build-arg BUILDKIT_CONTEXT_KEEP_GIT_DIR=1 "$WEB/git/r.git"
	assert_status 5
	nothing_half_written
}

@test "--build-context: a folder, in COPY --from, with its own .dockerignore, before a stage of that name" {
	mkdir other
	echo x >other/x
	echo no >other/no
	echo no >other/.dockerignore
	build -t t --build-context other=other --build-context stage=other --metadata-file m <<-'EOF'
	FROM nothing:such AS stage
	FROM scratch
	COPY --from=other . /a/
	COPY --from=stage x /b/
	EOF
	assert_status 0
	assert_eq "$(content t a/x)$(content t b/x)" xx
	run entries t
	refute_output_has a/no
	assert_eq "$(jq -r '[."buildx.build.provenance".materials[].uri] | join(" ")' m)" "context:other context:stage"
	echo y >other/x
	build -t t --build-context other=other <<-'EOF'
	FROM scratch
	COPY --from=other x /
	EOF
	assert_eq "$(content t x)" y
}

@test "--build-context: git and an archive of the web" {
	git_repo r
	context_tar >"$WEB_ROOT/c.tar"
	build -t t --build-context "g=$WEB/git/r.git#side" --build-context "w=$WEB/c.tar" <<-'EOF'
	FROM scratch
	COPY --from=g file /a
	COPY --from=w f /b
	EOF
	assert_status 0
	assert_eq "$(content t a) $(content t b)" "two content"
}

@test "--build-context: a folder is no base, an image is one when it is signed" {
	tiny_rootfs root
	tar cf root.tar -C root .
	plimsoll trust init
	plimsoll import root.tar base:1
	mkdir other
	build --build-context b=other <<<"FROM b"
	assert_status 3
	assert_output_has "nobody signed" "Dockerfile:1"
	build -t t --build-context b=docker-image://base:1 <<<"FROM docker.io/library/b:latest"
	assert_status 0
	build --build-context b=docker-image://none:1 <<<"FROM b"
	assert_status 5
	build -t t --build-context "b=oci-layout://$STATE:base:1" <<<"FROM b
COPY Dockerfile /"
	assert_status 0
	run plimsoll --state other-state build --build-context "b=oci-layout://$STATE:base:1" -f - ctx <<<"FROM b"
	assert_status 4
}

@test "--build-context: what is no NAME=VALUE is usage" {
	for c in a =b a= "a=target:x"; do
		build --build-context "$c" <<<"FROM scratch"
		assert_status 2
	done
}
