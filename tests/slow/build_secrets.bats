#!/usr/bin/env bats
# Secrets and SSH agents of a build: who sees them, and that nothing else ever does.

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

# Every file beneath the state folder as it is, and what can be decompressed also so, for a string.
found_in_state() { # string
	local f
	grep -rlaF -- "$1" "$STATE" || true
	find "$STATE" -type f | while read -r f; do
		case $(head -c 2 "$f" | od -An -tx1 | tr -d ' ') in
		1f8b) zcat "$f" 2>/dev/null | grep -qaF -- "$1" && echo "$f (gzip)" ;;
		28b5) zstd -dcq "$f" 2>/dev/null | grep -qaF -- "$1" && echo "$f (zstd)" ;;
		esac
	done
	return 0
}

@test "a secret: file and variable, id, target, owner, mode" {
	host_base stat
	printf 'from-file' >s.txt
	dockerfile <<-'OUT'
	FROM base
	WORKDIR /w
	RUN --mount=type=secret,id=f --mount=type=secret,id=e,target=rel,uid=5,gid=6,mode=0440 \
		--mount=type=secret,target=/a/f --mount=type=secret,id=f,env=VF,target=/both --mount=type=secret,id=e,env=VE \
		stat -c '%u:%g %a %s %n' /run/secrets/f rel /a/f /both >/out; \
		[ "$VF" = from-file ] && [ "$VE" = from-variable ] && echo same >>/out; \
		[ -e /run/secrets/e ] || echo only the variable >>/out; \
		echo x 2>/dev/null >/run/secrets/f || echo read-only >>/out
	RUN [ -z "$VF" ] && [ ! -e /run/secrets ] && [ ! -e /a ] && [ ! -e rel ] && ls /w / >/out2
	OUT
	SEC=from-variable build -t t --secret id=f,src=s.txt --secret id=e,env=SEC
	assert_status 0
	assert_eq "$(last_content t out2 | grep -c -e both -e secrets)" 0
	sed "\$d" ctx/Dockerfile >less; mv less ctx/Dockerfile
	SEC=from-variable build -t t --secret id=f,src=s.txt --secret id=e,env=SEC
	assert_eq "$(last_content t out | tr '\n' ';')" "0:0 400 9 /run/secrets/f;5:6 440 13 rel;0:0 400 9 /a/f;0:0 400 9 /both;same;only the variable;read-only;"
}

@test "secrets that are not there: required or not, and bad options" {
	host_base stat
	printf 'FROM base\nRUN --mount=type=secret,id=no [ ! -e /run/secrets/no ]\n' | dockerfile
	build
	assert_status 0
	printf 'FROM base\nRUN --mount=type=secret,id=no,required true\n' | dockerfile
	build
	assert_status 5
	assert_output_has "Dockerfile:2: the secret 'no' is required" "        ^~~" "--secret id=no,src=FILE"
	for bad in src=x id=a,src=x,env=y id=a,type=b id=a,colour=red id= 'id="a' id=a,env=NOT_SET_AT_ALL id=a,src=not/there; do
		build --secret "$bad"
		[ "$status" -ne 0 ] || fail "$bad was taken"
	done
	head -c 524289 /dev/zero >big
	build --secret id=a,src=big
	assert_status 5
	echo x >one
	build --secret id=a,src=one --secret id=a,src=one
	assert_status 2
	build --ssh "default=$PWD/one"
	assert_status 2
	assert_output_has "no socket" "ssh-add"
}

# The secret itself is made at random. It is used by every kind of mount, printed by the command as it is, in pieces
# and over several lines, by a step that fails, and by one that is known the second time.
@test "no secret is ever found anywhere" {
	host_base stat
	secret=S3cr$(head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')
	second=T0k3n$(head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')
	printf '%s\nsecond line of %s\n' "$secret" "$secret" >s.txt
	export TOKEN_SOURCE=$second
	dockerfile <<-'OUT'
	FROM base
	RUN --mount=type=secret,id=f --mount=type=secret,id=e,env=TOKEN \
		cat /run/secrets/f; echo "token $TOKEN." >&2; sleep 0.1; cat /run/secrets/f >/dev/null; [ -n "$TOKEN" ]
	RUN --mount=type=secret,id=e,env=TOKEN --mount=type=secret,id=f,target=/f <<EOF
	set -x
	echo "$TOKEN" >/dev/null
	while read -r line; do echo "got $line"; done </f
	true
	EOF
	RUN --mount=type=secret,id=e,env=TOKEN --mount=type=cache,target=/c echo known >/known
	RUN --mount=type=secret,id=f --mount=type=secret,id=e,env=TOKEN \
		echo last words $TOKEN; cat /run/secrets/f; exit 7
	OUT
	sed 's/exit 7/true/' ctx/Dockerfile >ok
	status=0
	plimsoll build --network none --secret id=f,src=s.txt --secret id=e,env=TOKEN_SOURCE ctx >out 2>err || status=$?
	assert_status 5
	grep -q 'Dockerfile:11: .*exit status 7' err || fail "$(cat err)"
	grep -q 'last words \*\*\*' err || fail "$(cat err)"
	grep -q 'token \*\*\*\.' err
	mv ok ctx/Dockerfile
	for _ in 1 2; do
		plimsoll build --network none -t t --metadata-file meta --secret id=f,src=s.txt --secret id=e,env=TOKEN_SOURCE \
			ctx >>out 2>>err
	done
	tail -5 err | grep -q cached || fail "$(cat err)"
	plimsoll inspect t >inspect
	plimsoll history t >history
	plimsoll --format json trail list >trail 2>&1 || plimsoll trail show >trail 2>&1 || true
	grep -q -- '--mount=type=secret,id=f' inspect
	for s in "$secret" "$second"; do
		assert_eq "$(grep -laF "$s" out err meta inspect history trail || true)" ""
		assert_eq "$(found_in_state "$s")" ""
		# A piece of it, as a cut line would leave.
		assert_eq "$(found_in_state "${s:0:20}")" ""
		assert_eq "$(grep -aF "${s:0:20}" out err || true)" ""
	done
	# The search finds what is there.
	printf 'FROM base\nRUN --mount=type=secret,id=f cat /run/secrets/f >/leak\n' | dockerfile
	build -t leak --secret id=f,src=s.txt
	assert_status 0
	[ -n "$(found_in_state "$secret")" ] || fail "a leaked secret is not found: the test shows nothing"
}

@test "while a step runs, its secrets are neither on disk nor in another's environment" {
	host_base stat
	secret=R4nd$(head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')
	mkdir go
	printf 'FROM base\nRUN --mount=type=secret,id=a,env=A --mount=type=secret,id=a --mount=type=cache,target=/c \\\n  echo >/c/here; until [ -e /c/go ]; do sleep 0.1; done\n' | dockerfile
	SEC=$secret plimsoll build -q --network none --secret id=a,env=SEC ctx >/dev/null 2>err &
	pid=$!
	wait_for 60 sh -c "find '$STATE/cache/mounts' -name here 2>/dev/null | grep -q ."
	found=$(found_in_state "$secret" 2>/dev/null)
	# Of all processes, only those in the container have it: the shell and its sleep.
	names=$(grep -laF "$secret" /proc/[0-9]*/environ 2>/dev/null | while read -r f; do cat "${f%environ}comm" 2>/dev/null; done | sort -u | xargs)
	touch "$(dirname "$(find "$STATE/cache/mounts" -name here)")/go"
	wait $pid || fail "$(cat err)"
	assert_eq "$found" ""
	[[ "$names" == *sh* ]] || fail "nobody has it: the test shows nothing" "$names"
	for n in $names; do [[ $n == sh || $n == sleep || $n == dash ]] || fail "$n has it" "$names"; done
}

@test "ssh: an agent lists and signs for a step, and is not changed by it" {
	need_cmd ssh-agent ssh-add ssh-keygen
	host_base stat ssh-add
	ssh-keygen -q -t ed25519 -N '' -C the-key -f key
	eval "$(ssh-agent -a "$PWD/agent")" >/dev/null
	AGENT_PID=$SSH_AGENT_PID
	ssh-add -q key
	dockerfile <<-'OUT'
	FROM base
	RUN --mount=type=ssh ssh-add -L >/out; echo $SSH_AUTH_SOCK >>/out; stat -c '%u:%g %a' $SSH_AUTH_SOCK >>/out; \
		ssh-add -D 2>/dev/null || echo refused >>/out
	USER 65534:65534
	RUN --mount=type=ssh,id=other,uid=65534,mode=0600,target=/tmp/agent ssh-add -L >/tmp/out
	OUT
	build -t t --target 0 --ssh default --ssh "other=$PWD/agent"
	assert_status 0
	assert_eq "$(last_content t tmp/out)" "$(cat key.pub)"
	sed -i '/^USER/,$d' ctx/Dockerfile
	build -t t --ssh default
	assert_status 0
	assert_eq "$(last_content t out)" "$(cat key.pub)
/run/buildkit/ssh_agent.0
0:0 600
refused"
	[ -n "$(ssh-add -L)" ] || fail "the key is gone"
	# Not given: no mount, unless it is required.
	printf 'FROM base\nRUN --mount=type=ssh [ -z "$SSH_AUTH_SOCK" ]\nRUN --mount=type=ssh,required true\n' | dockerfile
	build
	assert_status 5
	assert_output_has "Dockerfile:3: the SSH agent 'default' is required"
	assert_eq "$(pgrep -f "plimsoll-agent.*$BATS_TEST_TMPDIR" || true)" ""
}
