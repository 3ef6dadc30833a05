# The audit trail by its commands, and by a verifier that is not ours.
load ../lib/common

setup() {
	common_setup
	# In memory where that can be: an append syncs six times.
	MEMORY=$(mktemp -d /dev/shm/plimsoll-bats-XXXXXX 2>/dev/null) && STATE=$MEMORY/state
	FILL=$(dirname "$PLIMSOLL")/../../tests/unit/trail/trail_fill
	LIB=$PLIMSOLL_SRC/tests/lib
	[ -x "$FILL" ] || skip "needs trail_fill from the build folder"
}
teardown() {
	[ -z "$MEMORY" ] || rm -rf "$MEMORY"
	common_teardown
}

flip() { # file, offset: changes one bit
	local byte
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	printf "\\x$(printf %x $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

@test "no trail yet is exit 5" {
	run plimsoll trail show
	assert_status 5
	assert_output_has "there is no trail in"
	[ ! -e "$STATE/trail/key.pem" ]
}

@test "show, filters and json lines" {
	"$FILL" "$STATE" 2
	"$FILL" "$STATE" 1 admit refused registry.local/web@sha256:abcdef sha256:abcdef "no signature"
	"$FILL" "$STATE" 1 push ok web:1 sha256:abc0
	run plimsoll trail show
	assert_status 0
	assert_output_has INDEX TIME KIND RESULT SUBJECT REASON "no signature"
	assert_eq "${#lines[@]}" 5

	run plimsoll trail show --result refused -q
	assert_eq "$output" 2
	run plimsoll trail show --kind build -n 1 -q
	assert_eq "$output" 1
	run plimsoll trail show --digest sha256:abc -q
	assert_eq "$output" "$(printf '2\n3')"
	run plimsoll trail show --last 2 --quiet
	assert_eq "$output" "$(printf '2\n3')"

	run plimsoll trail show --format json --kind admit
	assert_eq "${#lines[@]}" 1
	assert_eq "$(jq -r '.schema, .index, .kind, .result, .subject.digest, .reason, .actor.uid' <<<"$output" | tr '\n' ' ')" \
		"plimsoll.trail/v1 2 admit refused sha256:abcdef no signature $(id -u) "
	jq -e '.time | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$")' <<<"$output"
}

@test "a control sequence in a name does not reach the terminal" {
	"$FILL" "$STATE" 1 build ok $'evil\e]0;title\a'
	run plimsoll trail show
	assert_status 0
	refute_output_has $'\e'
}

@test "verify tells size, origin, root and key" {
	"$FILL" "$STATE" 3
	run plimsoll trail verify
	assert_status 0
	assert_output_has "verified 3 entries" "origin   plimsoll.local/" "$(plimsoll trail key)"
	run plimsoll trail verify --format json
	assert_eq "$(jq -r .size <<<"$output")" 3
	run plimsoll trail verify --key "$(plimsoll trail key)"
	assert_status 0
}

@test "sizes around a tile's edge pass a verifier in python, and a flipped bit does not" {
	local n
	for n in 1 254 1 1 44; do # 1 255 256 257 301
		"$FILL" "$STATE" "$n"
		python3 "$LIB/verify_trail.py" "$STATE/trail" "$(plimsoll trail key)"
		plimsoll trail verify --quiet
	done
	for file in tile/0/000 tile/0/001.p/45 tile/1/000.p/1 tile/entries/000 checkpoint; do
		flip "$STATE/trail/$file" 29
		run python3 "$LIB/verify_trail.py" "$STATE/trail" "$(cat "$STATE/trail/vkey")"
		assert_status 1
		run plimsoll trail verify
		assert_status 4
		flip "$STATE/trail/$file" 29
	done
	plimsoll trail verify --quiet
}

@test "a trail signed by somebody else is refused when the key is given" {
	"$FILL" "$STATE" 1
	"$FILL" other 1
	run plimsoll trail verify --key "$("$PLIMSOLL" --state other trail key)"
	assert_status 4
	run plimsoll trail verify --key nonsense
	assert_status 2
}

@test "a tlog-proof holds by a verifier in python, for its entry only" {
	"$FILL" "$STATE" 300
	local i key
	key=$(plimsoll trail key)
	for i in 0 1 255 256 298 299; do
		plimsoll trail prove $i >proof
		plimsoll trail show --format json | sed -n "$((i + 1))p" >entry
		python3 "$LIB/verify_proof.py" proof entry "$key"
	done
	plimsoll trail show --format json | sed -n 7p >entry
	run python3 "$LIB/verify_proof.py" proof entry "$key"
	assert_status 1
	run plimsoll trail prove 300
	assert_status 5
	run plimsoll trail prove x
	assert_status 2
}

@test "a copy without the private key is verified, and shown" {
	"$FILL" "$STATE" 3
	cp -r "$STATE" copy
	rm copy/trail/key.pem
	run "$PLIMSOLL" --state copy trail verify
	assert_status 0
	run "$FILL" copy 1
	assert_status 5
}

@test "many at once lose nothing" {
	local i
	local -a pids=()
	for i in 1 2 3 4; do
		"$FILL" "$STATE" 20 &
		pids+=($!)
	done
	wait "${pids[@]}" # alone, it would wait for bats' countdown too
	assert_eq "$(plimsoll trail verify --format json | jq .size)" 80
}

@test "a full disk leaves the log as it was" {
	need_root
	mkdir -p "$STATE"
	mount -t tmpfs -o size=128k none "$STATE" || skip "needs to mount a tmpfs"
	"$FILL" "$STATE" 2
	run "$FILL" "$STATE" 250
	[ "$status" -eq 6 ] || { umount "$STATE"; false; }
	run plimsoll trail verify
	umount "$STATE"
	assert_status 0
}
