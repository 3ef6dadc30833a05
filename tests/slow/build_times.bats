#!/usr/bin/env bats
# plimsoll build: the times of what steps make, of contexts in git above all: one digest with and without a cache.

load ../lib/common
load ../lib/build

setup() {
	common_setup
	need_root
	need_cmd git
	unset SOURCE_DATE_EPOCH
	export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
	export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
}

teardown() {
	common_teardown
}

# Commits all of ./ctx, at that time.
commit() { # seconds
	git -C ctx add -A
	GIT_AUTHOR_DATE="$1 +0000" GIT_COMMITTER_DATE="$1 +0000" git -C ctx commit -qm "at $1"
}

# A repository in ./ctx: two stages, folders, an archive, here-documents.
repository() { # what FROM says
	git init -q ctx
	mkdir -p ctx/src/deep ctx/docs
	echo 1 >ctx/src/a
	echo 1 >ctx/src/deep/b
	echo 1 >ctx/other
	echo 1 >ctx/docs/page
	tar -C ctx --mtime=@1400000000 -cf archive.tar src
	mv archive.tar ctx/
	echo docs >ctx/.dockerignore
	dockerfile <<-DOCKERFILE
	FROM $1 AS one
	COPY other /o/
	WORKDIR /w
	COPY src src
	FROM $1
	COPY other /first
	ADD archive.tar /made/
	COPY <<words /words
	text
	words
	COPY --from=one /w /from-one
	COPY --link --chmod=600 s?c/a /link/
	COPY --parents src/./**/b /parents/
	WORKDIR /end
	DOCKERFILE
	commit 1500000000
}

# Builds ctx with a state folder of its own: sets $digest and $cached ("cached of steps").
built() { # state [ARGUMENT...]
	local state=$1
	shift
	"$PLIMSOLL" --state "$state" --format json build -t t "$@" ctx >result 2>build.err || { cat build.err >&2; return 1; }
	digest=$(jq -r .digest result)
	cached=$(jq -r '"\(.cached) of \(.steps)"' result)
}

# The same from a fresh clone, without anything known.
assert_as_without_cache() {
	local with=$digest fresh
	fresh=$(mktemp -d "$BATS_TEST_TMPDIR/fresh.XXXX")
	git clone -q "file://$PWD/ctx" "$fresh/clone"
	without=$("$PLIMSOLL" --state "$fresh/state" -q build --no-cache "$fresh/clone")
	assert_eq "$with" "$without"
}

# Seconds of a file's time in the topmost layer that has it.
time_of() { # path
	local layer
	for layer in $(layers t | tac); do
		tar tvzf "$layer" --full-time --utc "$1" 2>/dev/null | awk '{ print $4 "T" $5 "Z"; exit }' | grep . &&
			return
	done
	fail "no layer has $1"
}

at() { # seconds
	date -u -d "@$1" +%Y-%m-%dT%H:%M:%SZ
}

created() {
	plimsoll inspect t | jq -r .config.created
}

@test "a cache of an earlier commit gives the digest that no cache gives" {
	repository scratch
	built warm
	assert_as_without_cache
	# One file of the first stage, which the second copies.
	echo 2 >ctx/src/deep/b
	commit 1600000000
	built warm
	assert_eq "$cached" "6 of 10"
	assert_as_without_cache
	STATE=warm
	assert_eq "$(created) $(time_of first) $(time_of from-one/src/a) $(time_of link/a) $(time_of parents/deep/b)" \
		"$(at 1600000000) $(at 1500000000) $(at 1600000000) $(at 1500000000) $(at 1600000000)"
	# Back to what it held: known by content, not by time.
	echo 1 >ctx/src/deep/b
	commit 1650000000
	built warm
	assert_as_without_cache
	built warm
	assert_eq "$cached" "10 of 10"
}

@test "what no step copies changes nothing: another folder, the Dockerfile's comments, what is left out" {
	local first
	repository scratch
	built warm
	first=$digest
	echo 2 >ctx/docs/page
	echo '# a comment' >>ctx/Dockerfile
	mkdir ctx/elsewhere
	echo 1 >ctx/elsewhere/f
	commit 1600000000
	built warm
	assert_eq "$cached $digest" "10 of 10 $first"
	assert_as_without_cache
	# Also of a whole context.
	printf '%s\n' .git .dockerignore Dockerfile docs >ctx/.dockerignore
	printf 'FROM scratch\nCOPY . /all\n' | dockerfile
	commit 1630000000
	built warm
	first=$digest
	echo 3 >ctx/docs/page
	commit 1640000000
	built warm
	assert_eq "$cached $digest" "1 of 1 $first"
	assert_as_without_cache
}

@test "--exclude: a commit that touched only what is left out changes nothing" {
	repository scratch
	printf 'FROM scratch\nCOPY --exclude=*.md --exclude=deep src /src\n' | dockerfile
	commit 1600000000
	built warm
	local first=$digest
	echo 1 >ctx/src/x.md
	echo 2 >ctx/src/deep/b
	commit 1610000000
	built warm
	assert_eq "$cached $digest" "1 of 1 $first"
	assert_as_without_cache
}

@test "a file that differs from its commit concerns the steps that copy it, and nothing else" {
	repository scratch
	built warm
	echo 2 >ctx/other
	touch -d @1690000000 ctx/other
	built warm
	# Both stages begin with it; what --link copies does not care.
	STATE=warm
	assert_eq "$(time_of first) $(time_of link/a) $(created)" "$(at 1690000000) $(at 1500000000) $(at 1690000000)"
	git -C ctx checkout -q other
	mkdir ctx/docs/untracked
	echo 1 >ctx/docs/untracked/f
	built warm
	assert_eq "$cached" "10 of 10"
	echo 1 >ctx/src/new
	touch -d @1695000000 ctx/src/new ctx/src
	built warm
	assert_eq "$(time_of first) $(time_of from-one/src/new)" "$(at 1500000000) $(at 1695000000)"
	# Files that git is told to pass over have the times that they have.
	rm ctx/src/new
	printf 'FROM scratch\nCOPY dist /d/\nCOPY other /o\n' | dockerfile
	mkdir ctx/dist
	echo 1 >ctx/dist/f
	echo dist >ctx/.gitignore
	touch -d @1680000000 ctx/dist/f ctx/dist
	commit 1600000000
	built warm
	assert_eq "$(time_of d/f) $(time_of o)" "$(at 1680000000) $(at 1500000000)"
}

@test "RUN: the time of the image so far, and what a bind shows" {
	SOURCE_DATE_EPOCH=1400000000 host_base mkdir stat
	repository base
	cat >>ctx/Dockerfile <<-'DOCKERFILE'
	RUN --mount=target=/in,source=src stat -c %Y /in/a /in/deep/b >/times && mkdir /run-made
	RUN echo 1 >/last
	DOCKERFILE
	commit 1500000001
	cp -a "$STATE" other
	built "$STATE"
	echo 2 >ctx/src/deep/b
	commit 1600000000
	built "$STATE"
	local with=$digest
	assert_eq "$(content t times | sort -u)" 1600000000
	assert_eq "$(time_of last)" "$(at 1600000000)"
	git clone -q ctx clone
	run "$PLIMSOLL" --state other -q build clone
	assert_status 0
	assert_eq "$output" "$with"
}

@test "a base built anew from the same layers has another time, and steps upon it are not mistaken" {
	SOURCE_DATE_EPOCH=1400000000 host_base
	repository base
	built "$STATE"
	SOURCE_DATE_EPOCH=1700000000 plimsoll import rootfs.tar base >/dev/null
	built "$STATE"
	local with=$digest
	built "$STATE" --no-cache
	assert_eq "$digest" "$with"
	assert_eq "$(created)" "$(at 1700000000)"
}

@test "a shallow clone: said, known steps stay known, and its whole past gives the whole clone's digest" {
	repository scratch
	built full
	local full
	echo 2 >ctx/src/deep/b
	commit 1600000000
	built full
	full=$digest
	mv ctx whole
	git clone -q --depth 1 "file://$PWD/whole" ctx
	built shallow
	grep -q 'warning: the context is a shallow clone' build.err
	[ "$digest" != "$full" ]
	mv ctx old
	echo 2 >whole/docs/page
	(ctx=whole; git -C $ctx commit -qam later)
	git clone -q --depth 1 "file://$PWD/whole" ctx
	built shallow
	assert_eq "$cached" "10 of 10"
	git -C ctx fetch -q --unshallow
	built shallow
	assert_eq "$digest" "$full"
	run grep shallow build.err
	assert_status 1
}

@test "what is known is not asked again, and git is started as little as can be" {
	need_cmd strace
	repository scratch
	built warm
	ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o trace -e trace=execve "$PLIMSOLL" --state warm -q build ctx >again 2>/dev/null
	assert_eq "$(cat again)" "$digest"
	# Where it is, its configuration, what changed.
	assert_eq "$(grep -c '\["git", .* = 0$' trace)" 3
	echo broken >broken
	for file in warm/cache/content/*; do cp broken "$file"; done
	built warm
	assert_eq "$digest" "$(cat again)"
}

@test "names that mean something to git do not" {
	git init -q ctx
	mkdir -p 'ctx/:(exclude)x' ctx/-- 'ctx/a[b]' $'ctx/new\nline'
	for folder in ':(exclude)x' -- 'a[b]' $'new\nline'; do
		echo 1 >"ctx/$folder/f"
	done
	cat >ctx/Dockerfile <<-'DOCKERFILE'
	FROM scratch
	COPY :(exclude)x /1
	COPY ./-- /2
	COPY a[[]b] /3
	COPY new?line /4
	DOCKERFILE
	commit 1500000000
	built warm
	assert_as_without_cache
	echo 2 >'ctx/:(exclude)x/f'
	echo 2 >ctx/--/f
	commit 1600000000
	built warm
	assert_as_without_cache
	STATE=warm
	assert_eq "$(time_of 1/f) $(time_of 2/f) $(time_of 3/f) $(time_of 4/f)" \
		"$(at 1600000000) $(at 1600000000) $(at 1500000000) $(at 1500000000)"
	# The context itself in such a folder.
	cp ctx/Dockerfile .
	printf 'FROM scratch\nCOPY f /\n' >$'ctx/new\nline/Dockerfile'
	printf 'FROM scratch\nCOPY f /\n' >'ctx/:(exclude)x/Dockerfile'
	commit 1610000000
	plimsoll -q build -t t 'ctx/:(exclude)x'
	assert_eq "$(time_of f)" "$(at 1600000000)"
	plimsoll -q build -t t $'ctx/new\nline'
}
