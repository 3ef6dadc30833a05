#!/usr/bin/env bats
# The comparison itself: it sees what differs.
load ../lib/common
load ../lib/compare

@test "a difference is found" {
	printf 'FROM base:1\nCOPY a.txt /x\nENV A=1\n' >ctx/Dockerfile
	with_docker buildkit differs
	"$DOCKER" save -o saved.tar differs:buildkit
	printf 'FROM base:1\nCOPY --chown=1 --chmod=600 b.txt /x\nCOPY a.txt /y\nENV A=2\n' >ctx/Dockerfile
	with_plimsoll differs
	run python3 "$PLIMSOLL_SRC/tests/lib/compare_images.py" "$STATE" saved.tar <<<"differs buildkit"
	assert_status 1
	assert_output_has 'differs buildkit Env: ours ["PATH' '/x mode: ours "0o600", docker "0o644"' '/x owner: ours "1:1", docker "0:0"' \
		'/x content: ' '/y: ours "file", docker null'
	echo differs >compared
}

@test "a declaration holds for its case and its builder, and has to be seen" {
	local name
	printf '%s\n' '# a comment' 'one buildkit ^/x mode: ' 'one classic ^/x size: ' 'two any ^/y: ' >declared.txt
	COMPARE_DIFFERENCES=declared.txt
	judge one buildkit <<<$'/x mode: ours 1, docker 2\n/x size: ours 1, docker 2'
	assert_eq "$(cat on-purpose)" 'one: buildkit: /x mode: ours 1, docker 2'
	assert_eq "$(cat differences)" 'one: buildkit: /x size: ours 1, docker 2'
	rm differences on-purpose
	judge two classic </dev/null
	assert_eq "$(cat differences)" 'two: classic: differs no longer: ^/y: '
	rm differences
	echo 'three,four,five any ^/z: ' >declared.txt
	for name in three four five; do
		judge $name buildkit <<<'/z: ours 1, docker 2'
	done
	assert_eq "$(wc -l <on-purpose)" 3
	for name in thre our six; do
		judge $name buildkit <<<'/z: ours 1, docker 2'
	done
	assert_eq "$(wc -l <on-purpose) $(wc -l <differences)" "3 3"
	rm differences on-purpose
	echo one >compared
}

@test "every declaration names a case" {
	local name
	while read -r name; do
		grep -qE "(^|[[:space:]])(same|equal|refused)( -[kc])* $name( |\$)" "$PLIMSOLL_SRC"/tests/compare/*.bats ||
			fail "differences.txt: no case is called $name"
	done < <(awk '!/^#/ && NF { gsub(",", "\n", $1); print $1 }' "$COMPARE_DIFFERENCES" | sort -u)
	echo declarations >compared
}
