#!/usr/bin/env bats
# What a build takes from outside of its folder: ADD of git repositories.

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

names() { # of the image t's files, in a line
	entries t | awk '{ print $5 }' | sort | xargs
}

add() { # url [flags]
	local url=$1
	shift
	build -t t <<<"FROM scratch
ADD $* $url /d/"
}

@test "ADD git: files, modes, times and owners of the default branch's commit; no .git" {
	git_repo r
	add "$WEB/git/r.git"
	assert_status 0
	run entries t
	assert_output_has "-rw-r--r-- 0/0 2005-04-07 22:13:13 d/file" "-rwxr-xr-x 0/0 2005-04-07 22:13:13 d/run" \
		"lrwxrwxrwx 0/0 2005-04-07 22:13:13 d/link" "drwxr-xr-x 0/0 2005-04-07 22:13:13 d/sub/"
	refute_output_has .git
	assert_eq "$(content t d/file)" one
	run plimsoll trail show --kind build --format json
	assert_output_has "\"digest\":\"sha1:$FIRST\"" "$WEB/git/r.git"
	nothing_half_written
}

@test "ADD git: branch, tag, commit, folder; by fragment and by query" {
	git_repo r
	for url in "r.git#side" "r.git?branch=side" "r.git?ref=refs/heads/side" "r.git#$SECOND" "r.git?commit=$SECOND" \
		"r.git?branch=side&checksum=$SECOND"; do
		add "$WEB/git/$url"
		assert_status 0
		assert_eq "$(content t d/file)" two
	done
	for url in "r.git#v1" "r.git?tag=v1" "r.git?tag=v1&commit=$FIRST"; do
		add "$WEB/git/$url"
		assert_status 0
		assert_eq "$(content t d/file)" one
	done
	for url in "r.git#side:sub/deep" "r.git?subdir=sub/deep" "r.git#:/sub/deep/"; do
		add "$WEB/git/$url"
		assert_status 0
		assert_eq "$(content t d/f)" deep
		assert_eq "$(content t d/file)" ""
	done
}

@test "ADD git: --exclude, within the folder that is taken; another pattern is another step" {
	git_repo r
	add "$WEB/git/r.git" --exclude=sub --exclude=r*
	assert_status 0
	assert_eq "$(names)" "d/ d/Dockerfile d/file d/link"
	add "$WEB/git/r.git" "--exclude=*" "--exclude=!run"
	assert_status 0
	refute_output_has cached
	assert_eq "$(names)" "d/ d/run"
	add "$WEB/git/r.git#:sub" --exclude=deep/f
	assert_status 0
	assert_eq "$(names)" "d/ d/Dockerfile d/deep/"
	add "$WEB/git/r.git" --keep-git-dir --exclude=**/*.idx --exclude=.git/objects
	assert_status 0
	run names
	assert_output_has d/.git/config d/sub/deep/f
	refute_output_has objects
}

@test "ADD git: a known commit is not fetched, a named one needs no server" {
	git_repo r
	add "$WEB/git/r.git" --checksum="$FIRST"
	assert_status 0
	web_stop
	add "$WEB/git/r.git" --checksum="$FIRST"
	assert_status 0
	assert_output_has cached
}

@test "ADD git: what is not there, and what is not as it was said" {
	git_repo r
	add "$WEB/git/r.git#nope"
	assert_status 7
	assert_output_has "no branch or tag 'nope'" "Dockerfile:2"
	add "$WEB/git/none.git"
	assert_status 7
	add "$WEB/git/r.git?branch=side&commit=$FIRST"
	assert_status 4
	assert_output_has "$SECOND"
	add "$WEB/git/r.git" "--checksum=$(printf %040d 7)"
	assert_status 7
	add "$WEB/git/r.git#:nope"
	assert_status 5
	assert_output_has "no folder 'nope'"
	add "$WEB/git/r.git" --checksum=sha256:12
	assert_status 5
	add "git@127.0.0.1:r.git"
	assert_status 5
	assert_output_has "ssh is not supported"
	nothing_half_written
}

@test "ADD git: the dumb protocol of a plain web server" {
	git_repo r
	mkdir -p "$WEB_ROOT/plain"
	cp -r "$WEB_ROOT/git/r.git" "$WEB_ROOT/plain/r.git"
	for url in r.git "r.git#$SECOND" "r.git#v1"; do
		add "$WEB/plain/$url"
		assert_status 0
	done
	assert_eq "$(content t d/file)" one
}

@test "ADD --keep-git-dir: a repository that git reads, the same bytes in two builds" {
	git_repo r
	export SOURCE_DATE_EPOCH=1500000000 # the Dockerfile is written twice
	add "$WEB/git/r.git" --keep-git-dir=true
	assert_status 0
	first=${lines[-1]}
	mkdir out
	plimsoll inspect t | jq -r '.manifest.layers[].digest' | while read -r d; do
		tar xzf "$STATE/blobs/sha256/${d#sha256:}" -C out
	done
	assert_eq "$(tgit -c safe.directory='*' -C out/d rev-parse HEAD)" "$FIRST"
	assert_eq "$(tgit -c safe.directory='*' -C out/d status --porcelain)" ""
	sleep 1
	rm -rf "$STATE"
	add "$WEB/git/r.git" --keep-git-dir=true
	assert_eq "${lines[-1]}" "$first"
}

@test "ADD git: submodules, unless the URL says no" {
	git_repo lib
	git_repo r
	printf '[submodule "lib"]\n\tpath = lib\n\turl = ../lib.git\n' >"$REPO/.gitmodules"
	tgit -C "$REPO" add .gitmodules
	tgit -C "$REPO" update-index --add --cacheinfo 160000,"$(tgit -C "$BATS_TEST_TMPDIR/lib" rev-parse main)",lib
	tgit -C "$REPO" commit -qm sub
	git_publish r
	add "$WEB/git/r.git"
	assert_status 0
	assert_eq "$(content t d/lib/file)" one
	run entries t
	refute_output_has "/.git "
	add "$WEB/git/r.git?submodules=false"
	assert_status 0
	assert_eq "$(content t d/lib/file)" ""
}

@test "ADD git: a submodule cannot be a file of this machine or start a program" {
	git_repo r
	local url
	for url in "file://$BATS_TEST_TMPDIR/r" "ext::sh -c touch% $BATS_TEST_TMPDIR/pwned" "$BATS_TEST_TMPDIR/r"; do
		printf '[submodule "lib"]\n\tpath = lib\n\turl = %s\n' "$url" >"$REPO/.gitmodules"
		tgit -C "$REPO" add .gitmodules
		tgit -C "$REPO" update-index --add --cacheinfo 160000,"$FIRST",lib
		tgit -C "$REPO" commit -qm sub
		git_publish r
		add "$WEB/git/r.git"
		assert_status 7
		[ ! -e "$BATS_TEST_TMPDIR/pwned" ] || fail "a program was started"
	done
}

@test "ADD git: nobody's configuration counts, no filter and no hook runs" {
	git_repo r
	export HOME=$BATS_TEST_TMPDIR/home
	mkdir -p "$HOME"
	printf '[url "%s"]\n\tinsteadOf = %s\n[filter "x"]\n\tsmudge = touch %s\n' http://127.0.0.1:1/ "$WEB/" \
		"$BATS_TEST_TMPDIR/pwned" >"$HOME/.gitconfig"
	echo 'file filter=x' >"$REPO/.gitattributes"
	tgit -C "$REPO" add -A
	tgit -C "$REPO" commit -qm attributes
	git_publish r
	GIT_SSH_COMMAND=false GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=http.proxy GIT_CONFIG_VALUE_0=http://127.0.0.1:1 \
		add "$WEB/git/r.git"
	assert_status 0
	[ ! -e "$BATS_TEST_TMPDIR/pwned" ] || fail "a filter was started"
}

@test "ADD git: more files than a commit may have are not written" {
	git_repo r
	# Eight folders in eight folders...: 8^7 files in some twenty objects.
	local tree i k
	tree=$(echo x | tgit -C "$REPO" hash-object -w --stdin)
	tree=$(for k in 1 2 3 4 5 6 7 8; do printf '100644 blob %s\t%s\n' "$tree" $k; done | tgit -C "$REPO" mktree)
	for i in 1 2 3 4 5 6; do
		tree=$(for k in 1 2 3 4 5 6 7 8; do printf '040000 tree %s\t%s\n' "$tree" $k; done | tgit -C "$REPO" mktree)
	done
	tgit -C "$REPO" update-ref refs/heads/bomb "$(echo bomb | tgit -C "$REPO" commit-tree "$tree")"
	git_publish r
	add "$WEB/git/r.git#bomb"
	assert_status 5
	nothing_half_written
}

@test "ADD git: TLS and credentials" {
	need_cmd openssl
	web_stop
	web_certificate
	web_start "$WEB_CERT" "$WEB_KEY"
	git_repo r
	add "$WEB/git/r.git"
	assert_status 7
	SSL_CERT_FILE=$WEB_CERT add "${WEB/:\/\//:\/\/user:s3cret@}/git/r.git" --keep-git-dir=true
	assert_status 0
	grep -q "Basic $(printf user:s3cret | base64)" "$WEB_LOG" || fail "no credentials came" "$(cat "$WEB_LOG")"
	! grep -rqF s3cret "$STATE" || fail "in the state folder"
	assert_eq "$(content t d/.git/config | grep -c s3cret)" 0
}
