#!/usr/bin/env bats
# plimsoll build --check, the checks' warnings in a build, and what a Dockerfile's language comes to.

bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/build

setup() {
	common_setup
	mkdir ctx
}

teardown() {
	common_teardown
}

@test "--check: findings with place and caret, and exit status 3" {
	dockerfile <<-'X'
	FROM nowhere:1 AS Build
	COPY $src /x
	X
	run --separate-stderr plimsoll build --check ctx
	assert_status 3
	assert_eq "$output" "Dockerfile:1: StageNameCasing: the name of the stage 'Build' has capital letters
    FROM nowhere:1 AS Build
                      ^~~~~
    (names of stages are written in small letters)

Dockerfile:2: UndefinedVar: \$src is not set
    COPY \$src /x
         ^~~~
    (variables are set before they are used)"
	[[ "$stderr" == *"2 findings"* ]] || fail "$stderr"
	# Neither the base was wanted nor a state folder made.
	[ ! -e "$STATE" ] || fail "a state folder was made"
}

@test "--check: nothing found, as text and as JSON" {
	dockerfile <<-'X'
	FROM nowhere:1
	CMD ["true"]
	X
	run plimsoll build --check ctx
	assert_status 0
	assert_eq "$output" "no findings"
	run plimsoll build --check --format json ctx
	assert_status 0
	assert_eq "$(jq -c . <<<"$output")" '{"schema":"plimsoll.build-check/v1","error":false,"findings":[]}'
}

@test "--check: JSON names rule, line and column; .dockerignore and build arguments count" {
	echo secret >ctx/.dockerignore
	dockerfile <<-'X'
	# check=error=true
	FROM nowhere:1
	COPY secret /x
	CMD true
	X
	run --separate-stderr plimsoll build --check --format json ctx
	assert_status 3
	assert_eq "$(jq -c '[.error, (.findings[] | [.rule, .line, .column])]' <<<"$output")" \
		'[true,["CopyIgnoredFile",3,6],["JSONArgsRecommended",4,1]]'
	run plimsoll build --check --build-arg BUILDKIT_DOCKERFILE_CHECK='skip=CopyIgnoredFile,JSONArgsRecommended' ctx
	assert_status 0
	run plimsoll build --check --build-arg BUILDKIT_DOCKERFILE_CHECK=nonsense ctx
	assert_status 5
	assert_output_has "BUILDKIT_DOCKERFILE_CHECK: checks: 'nonsense' is not NAME=VALUE"
}

@test "--check: what stands above an instruction that cannot be read is looked at, too" {
	dockerfile <<-'X'
	FROM scratch AS A
	ARGH x
	CMD x
	X
	run --separate-stderr plimsoll build --check ctx
	assert_status 5
	[[ "$output" == *"Dockerfile:1: StageNameCasing"* ]] || fail "$output"
	[[ "$output" != *"JSONArgsRecommended"* ]] || fail "$output"
	[[ "$stderr" == *"Dockerfile:2: unknown instruction 'ARGH'"* ]] || fail "$stderr"
}

@test "--check: a Dockerfile that cannot be built shows what was found, then why it cannot" {
	dockerfile <<-'X'
	FROM scratch AS A
	COPY --from=7 /x /x
	X
	run plimsoll build --check ctx
	assert_status 5
	assert_output_has "StageNameCasing" "there is no stage 7"
	echo FOO >ctx/Dockerfile
	run plimsoll build --check ctx
	assert_status 5
	assert_output_has "unknown instruction 'FOO'"
}

@test "a build warns once for each finding, and error=true ends it before the first step" {
	need_root
	plimsoll trust init
	dockerfile <<-'X'
	FROM scratch AS Build
	ENV TOKEN=1
	COPY Dockerfile /x
	X
	run plimsoll build ctx
	assert_status 0
	assert_eq "$(grep -c 'warning: Dockerfile:1: StageNameCasing: ' <<<"$output")" 1
	assert_eq "$(grep -c 'warning: Dockerfile:2: SecretsUsedInArgOrEnv: ' <<<"$output")" 1
	run plimsoll build --build-arg BUILDKIT_DOCKERFILE_CHECK='error=true;skip=Nosuch' ctx
	assert_status 3
	assert_output_has "warning: there is no build check Nosuch" "StageNameCasing: "
	refute_output_has "COPY" "no ARG asks for"
	run plimsoll build --build-arg BUILDKIT_DOCKERFILE_CHECK=skip=all ctx
	assert_status 0
	refute_output_has "warning"
}

@test "two stages of one name: the later is meant, with a warning" {
	need_root
	plimsoll trust init
	dockerfile <<-'X'
	FROM scratch AS a
	LABEL which=first
	FROM scratch AS a
	LABEL which=second
	FROM a
	X
	run plimsoll build -t x:1 ctx
	assert_status 0
	assert_output_has "warning: Dockerfile:3: DuplicateStageName: "
	assert_eq "$(plimsoll inspect x:1 | jq -r '.config.config.Labels.which')" second
}

@test "a base's here-document behind ONBUILD, and its COPY --from an image" {
	need_root
	plimsoll trust init
	dockerfile <<-'X'
	FROM scratch
	COPY Dockerfile /f
	X
	plimsoll build -t files:1 ctx
	plimsoll sign files:1
	dockerfile <<-'X'
	FROM scratch
	ONBUILD COPY <<one <<-'two' /d/
	1 $V
	one
		2 $V
		two
	ONBUILD COPY --from=files:1 /f /from
	X
	plimsoll build -t base:1 ctx
	plimsoll sign base:1
	printf 'ARG V=x\nFROM base:1\nLABEL a=b\n' >ctx/Dockerfile
	run plimsoll build -t x:1 ctx
	assert_status 0
	assert_eq "$(plimsoll inspect x:1 | jq '.manifest.layers | length')" 2
	local d
	d=$(plimsoll inspect x:1 | jq -r '.manifest.layers[0].digest')
	assert_eq "$(tar xzOf "$STATE/blobs/sha256/${d#sha256:}" d/one d/two)" "1 
2 \$V"
	dockerfile <<-'X'
	FROM scratch
	ONBUILD COPY --from=later /f /from
	X
	plimsoll build -t base:2 ctx
	plimsoll sign base:2
	printf 'FROM base:2\nFROM scratch AS later\nFROM base:2\n' >ctx/Dockerfile
	run plimsoll build ctx
	assert_status 5
	assert_output_has "--from behind ONBUILD may name an image, not the stage 'later'"
}
