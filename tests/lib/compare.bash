# The same Dockerfile and context, built by plimsoll and by Debian's docker from one base: the image is the same, or
# differs as tests/compare/differences.txt says. A file of tests/compare begins with
#
#     load ../lib/common
#     load ../lib/compare
#
# and each of its tests calls `same`, `equal` and `refused` for as many Dockerfiles as it likes; a folder ctx is there with
# what context() made. A case has a name of its own in the whole folder.
#
#     BUILDERS='buildkit classic'    compares with both builders of docker (default: BuildKit; the classic one takes
#                                    twice its time)
# shellcheck shell=bash

export BUILDERS=${BUILDERS:-buildkit}

# Debian's own client where a newer one is before it in the path: only that has BuildKit without a plugin.
DOCKER=/usr/bin/docker
COMPARE_NEEDS=("$DOCKER" dockerd skopeo python3 setcap zstd bzip2 xz)
COMPARE_STATE=${BATS_SUITE_TMPDIR:-}/state
COMPARE_DIFFERENCES=$PLIMSOLL_SRC/tests/compare/differences.txt

compare_have_all() {
	local c
	for c in "${COMPARE_NEEDS[@]}"; do
		command -v "$c" >/dev/null || return 1
	done
	[ "$(id -u)" = 0 ]
}

# base:1 in the state folder and as base.docker for `docker load`. $BATS_TEST_TMPDIR is where it is made.
compare_base() {
	local dir=$BATS_TEST_TMPDIR
	host_rootfs "$dir/root" mkdir rm ln chmod chown cp mv touch env setcap rmdir stat dd mknod
	tar -C "$dir/root" --numeric-owner --owner=0 --group=0 --mtime=@1000000000 -cf "$dir/base.tar" .
	plimsoll trust init
	plimsoll import "$dir/base.tar" base:1
	skopeo copy -q --insecure-policy "oci:$STATE:base:1" "docker-archive:$dir/base.docker:base:1"
}

setup() {
	need_root
	need_cmd "${COMPARE_NEEDS[@]}"
	common_setup
	STATE=$COMPARE_STATE
	cp -a "$BATS_SUITE_TMPDIR/ctx" .
}

# A test fails when one of its builds differs, after it did them all.
teardown() {
	# bats runs this without -e: each failure returns by itself.
	! declare -F web_stop >/dev/null || web_stop
	[ -z "${BATS_TEST_SKIPPED:-}" ] || return 0
	[ "${BATS_TEST_COMPLETED:-}" = 1 ] || return 0
	compare_images
	[ -s compared ] || fail "nothing was compared" || return 1
	[ ! -s on-purpose ] || sed 's/^/# differs on purpose: /' on-purpose >&3
	[ ! -s differences ] || fail "$(cat differences)" || return 1
	common_teardown
}

# What there is to copy, made once and copied for each test: all of one old time, so that times of copied files can be
# compared.
context() {
	mkdir -p ctx/d/sub/deep ctx/d/empty ctx/e ctx/sticky ctx/setgid ctx/ar/x
	echo a >ctx/a.txt
	echo b >ctx/b.txt
	echo f >ctx/d/f
	echo g >ctx/d/sub/g
	echo h >ctx/d/sub/deep/h.txt
	echo e >ctx/e/f
	echo 'a name' >'ctx/with space'
	printf '#!/bin/sh\necho run\n' >ctx/run.sh
	ln -s f ctx/d/link
	ln -s /etc/passwd ctx/absolute
	ln -s d ctx/dlink
	ln -s nowhere ctx/dangling
	echo x >ctx/ar/x/y
	ln -s y ctx/ar/x/l
	ln ctx/ar/x/y ctx/ar/x/hard
	chown -R 7:8 ctx/ar/x
	echo own >ctx/own
	chown 1234:4321 ctx/own
	cp ctx/run.sh ctx/suid
	chmod 755 ctx/run.sh
	chmod 4755 ctx/suid
	chmod 600 ctx/b.txt
	chmod 700 ctx/d/sub
	chmod 1777 ctx/sticky
	chmod 2755 ctx/setgid
	mkdir ctx/hard
	echo hard >ctx/hard/1
	ln ctx/hard/1 ctx/hard/2
	find ctx -exec touch -h -d @1500000000 {} +
	tar -C ctx/ar --numeric-owner -cf ctx/a.tar .
	tar -C ctx/ar --numeric-owner -czf ctx/a.tar.gz x
	tar -C ctx/ar --numeric-owner -cjf ctx/a.tar.bz2 x
	tar -C ctx/ar --numeric-owner -cJf ctx/a.tar.xz x
	gzip -nc ctx/a.txt >ctx/a.txt.gz
	find ctx -exec touch -h -d @1500000000 {} +
}

# Each builds the Dockerfile that lies in the folder ctx, or as the variables of `same` say.
with_plimsoll() { # NAME, further arguments
	local name=$1
	shift
	plimsoll build -t "$name:1" "${OURS_ONLY[@]}" "$@" "${CONTEXT:-ctx}" <"${INPUT:-/dev/null}" >ours.log 2>&1
}

# Images are called NAME:BUILDER, and NAME:1 for those that begin from them.
with_docker() { # builder, NAME, further arguments
	local builder=$1 name=$2
	shift 2
	[ -z "${BASE:-}" ] || "$DOCKER" tag "$BASE:$builder" "$BASE:1"
	DOCKER_BUILDKIT=$([ "$builder" = buildkit ] && echo 1 || echo 0) \
		"$DOCKER" build --network none --force-rm -t "$name:1" -t "$name:$builder" "$@" \
		"${DOCKER_CONTEXT:-${CONTEXT:-ctx}}" <"${INPUT:-/dev/null}" >"$builder.log" 2>&1
}

# BuildKit sends a file again only when its size or time changed: each Dockerfile has a time of its own.
dockerfile() {
	cat >ctx/Dockerfile
	DOCKERFILES=$((${DOCKERFILES:-0} + 1))
	touch -d "@$((1500000000 + BATS_SUITE_TEST_NUMBER * 1000 + DOCKERFILES))" ctx/Dockerfile
}

# The patterns that differences.txt has for a case and a builder, one a line.
declared() { # name, builder
	awk -v name="$1" -v builder="$2" '
		/^#/ || NF < 3 { next }
		index("," $1 ",", "," name ",") && ($2 == builder || $2 == "any") {
			sub(/^[^ \t]+[ \t]+[^ \t]+[ \t]+/, "")
			print
		}
	' "$COMPARE_DIFFERENCES"
}

# Sorts the lines on standard input into those that are declared and those that are not.
judge() { # name, builder
	local line pattern seen patterns
	mapfile -t patterns < <(declared "$1" "$2")
	cat >lines
	for pattern in "${patterns[@]}"; do
		grep -qE -- "$pattern" lines || echo "$1: $2: differs no longer: $pattern" >>differences
	done
	while read -r line; do
		seen=differences
		for pattern in "${patterns[@]}"; do
			grep -qE -- "$pattern" <<<"$line" && seen=on-purpose
		done
		printf '%s: %s: %s\n' "$1" "$2" "$line" >>$seen
	done <lines
}

# Sets $builders, $name and the array $args from the arguments of same and refused.
case_args() {
	builders=$BUILDERS
	case $1 in
	-k) builders=${builders/classic/} && shift ;;
	-c) builders=${builders/buildkit/} && shift ;;
	esac
	name=$1
	shift
	args=("$@")
	echo "$name" >>compared
	# Two cases of one name would share images and declarations.
	if grep -qxF "$name" "$BATS_SUITE_TMPDIR/names" 2>/dev/null; then
		echo "$name: there are two cases of this name" >>differences
	fi
	echo "$name" >>"$BATS_SUITE_TMPDIR/names"
}

# Judges the images that the test made, all at once: docker writes, and we read, the base only once.
compare_images() {
	local name builder how status=0
	[ -s images ] || return 0
	awk '{ print $1 ":" $2 }' images | xargs "$DOCKER" save -o saved.tar
	python3 "$PLIMSOLL_SRC/tests/lib/compare_images.py" "$STATE" saved.tar <images >differing 2>compare.err || status=$?
	if [ $status -gt 1 ] || [ -s compare.err ]; then
		echo "cannot compare: $(tail -1 compare.err)" >>differences
		return 0
	fi
	while read -r name builder how; do
		awk -v case="$name $builder " 'index($0, case) == 1 { print substr($0, length(case) + 1) }' differing |
			judge "$name" "$builder"
	done <images
	rm -f images saved.tar
}

last_line() { # file
	grep -v '^ *$' "$1" | tail -1
}

# Both build at the same time; sets $ours and ${theirs[BUILDER]} to "yes" or "no". Needs what case_args sets.
build_both() {
	local builder pid
	with_plimsoll "$name" "${args[@]}" 3>&- &
	pid=$!
	for builder in $builders; do
		theirs[$builder]=yes
		with_docker "$builder" "$name" "${args[@]}" || theirs[$builder]=no
	done
	ours=yes
	wait $pid || ours=no
}

# Of a case that has to be the same; what both built is compared when the test ends.
judge_same() {
	local builder
	for builder in $builders; do
		case $ours-${theirs[$builder]} in
		yes-yes) echo "$name $builder $how" >>images ;;
		yes-no) echo "build: only ours does: $(last_line "$builder.log")" | judge "$name" "$builder" ;;
		no-yes) echo "build: only docker does: $(our_error)" | judge "$name" "$builder" ;;
		*) echo "build: nobody does: $(our_error); $(last_line "$builder.log")" | judge "$name" "$builder" ;;
		esac
	done
}

our_error() {
	grep -m1 -E 'Dockerfile:[0-9]+:|^plimsoll' ours.log
}

# The Dockerfile on standard input gives the same image everywhere.
#     same [-k] [-c] NAME [BUILD-ARGUMENT...]
# -k: BuildKit only, -c: the classic builder only: the other cannot do it.
#     CONTEXT=PLACE    instead of ctx; what stands on standard input is written to ctx/Dockerfile all the same
#     INPUT=FILE       the standard input of both
#     BASE=NAME        begins from the image of that case: each builder from its own
#     OURS_ONLY=(...)  further arguments for ours, which docker 20.10 does not have
same() {
	local -A theirs
	local builders name args how='' ours
	case_args "$@"
	dockerfile
	build_both
	judge_same
}

# What docker 20.10 says otherwise, or cannot say at all: our Dockerfile, a line "== docker", and docker's. It is built in a
# copy of ctx, in which the shell does $CHANGE.
equal() {
	local -A theirs
	local builders name args how=built-otherwise ours DOCKER_CONTEXT
	case_args "$@"
	DOCKER_CONTEXT=docker-$name
	dockerfile
	cp -a ctx "$DOCKER_CONTEXT"
	sed -i '/^== docker$/,$d' ctx/Dockerfile
	sed -i '1,/^== docker$/d' "$DOCKER_CONTEXT/Dockerfile"
	touch -r "$DOCKER_CONTEXT" "$DOCKER_CONTEXT/Dockerfile" ctx/Dockerfile
	(cd "$DOCKER_CONTEXT" && eval "${CHANGE:-}")
	build_both
	judge_same
}

# Nobody builds it. Options as for same.
refused() {
	local -A theirs
	local builder builders name args ours
	case_args "$@"
	dockerfile
	build_both
	for builder in $builders; do
		case $ours-${theirs[$builder]} in
		yes-yes) echo "build: both do" ;;
		yes-no) echo "build: only ours does: $(last_line "$builder.log")" ;;
		no-yes) echo "build: only docker does" ;;
		esac | judge "$name" "$builder"
	done
}
