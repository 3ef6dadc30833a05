# A git repository for the tests, made without anybody's configuration.
# shellcheck shell=bash

tgit() {
	GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null \
		GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b \
		GIT_AUTHOR_DATE='2005-04-07T22:13:13Z' GIT_COMMITTER_DATE='2005-04-07T22:13:13Z' \
		git -c protocol.file.allow=always -c init.defaultBranch=main "$@"
}

# git_repo NAME: a work tree at $REPO with a commit on main and one on "side", a tag v1 (annotated) at the first,
# published as $WEB_ROOT/git/NAME.git. Sets $FIRST and $SECOND, their commits.
git_repo() {
	REPO=$BATS_TEST_TMPDIR/$1
	tgit init -q "$REPO"
	mkdir -p "$REPO/sub/deep"
	echo one >"$REPO/file"
	echo deep >"$REPO/sub/deep/f"
	printf '#!/bin/sh\n' >"$REPO/run"
	chmod 755 "$REPO/run"
	ln -s file "$REPO/link"
	printf 'FROM scratch\nCOPY file run /\n' >"$REPO/Dockerfile"
	printf 'FROM scratch\nCOPY deep/f /\n' >"$REPO/sub/Dockerfile"
	tgit -C "$REPO" add -A
	tgit -C "$REPO" commit -qm one
	FIRST=$(tgit -C "$REPO" rev-parse HEAD)
	tgit -C "$REPO" tag -am v1 v1
	tgit -C "$REPO" checkout -qb side
	echo two >"$REPO/file"
	tgit -C "$REPO" commit -qam two
	SECOND=$(tgit -C "$REPO" rev-parse HEAD)
	tgit -C "$REPO" checkout -q main
	git_publish "$1"
}

git_publish() { # NAME
	rm -rf "$WEB_ROOT/git/$1.git"
	tgit clone -q --bare "$BATS_TEST_TMPDIR/$1" "$WEB_ROOT/git/$1.git"
	tgit -C "$WEB_ROOT/git/$1.git" config uploadpack.allowAnySHA1InWant true
	tgit -C "$WEB_ROOT/git/$1.git" update-server-info
}
