# Registries that are broken or hostile, one way each (tests/lib/bad_registry.py).
load ../lib/common
load ../lib/registry

setup() {
	common_setup
	need_cmd jq
	export PLIMSOLL_STALL_SECONDS=2
	SRC=$BATS_TEST_TMPDIR/src
	make_layout "$SRC" web:1
}

teardown() {
	bad_registry_stop
	common_teardown
}

# pull_from MODE: $status, $output
pull_from() {
	bad_registry_start "$SRC" "$@"
	run plimsoll pull "$BAD/web:1"
}

# A pull that fails leaves no name and nothing half-written.
refused() { # status, words...
	assert_status "$1"
	shift
	assert_output_has "$@"
	assert_empty_store "$STATE"
}

@test "a registry that is fine" {
	pull_from fine
	assert_status 0
	assert_output_has "$DIGEST"
}

@test "web pages instead of a registry" {
	pull_from html
	refused 7 "web page"
}

@test "not HTTP at all" {
	pull_from garbage
	refused 7 "$BAD"
}

@test "a web page instead of a manifest" {
	pull_from html-manifest
	refused 7 "text/html"
}

@test "half a JSON document instead of a manifest" {
	pull_from nonsense
	refused 7 nonsense
}

@test "a manifest under the type of an index" {
	pull_from wrong-type
	refused 7 "the document says"
}

@test "a digest header that lies" {
	pull_from liar
	refused 4 "sha256:0000" "$DIGEST"
}

@test "another manifest than the digest asked for" {
	bad_registry_start "$SRC" other-manifest
	run plimsoll pull "$BAD/web@$DIGEST"
	refused 4 "$DIGEST" "hash to"
}

@test "another manifest than the digest asked for, for who looks at all of a repository" {
	bad_registry_start "$SRC" other-by-digest
	run plimsoll prune --older-than 1d "$BAD/web"
	assert_status 4
	assert_output_has "its bytes hash to sha256:"
	assert_eq "$(grep -c "^DELETE" "$BAD_LOG")" 0
}

@test "a manifest without end" {
	pull_from endless-manifest
	refused 7 "more than 4194304 bytes"
}

@test "a manifest of 100 MB, announced as such" {
	pull_from large-manifest
	refused 7 "more than 4194304 bytes"
}

@test "a tag that means another manifest the second time: asked once, and what that gave is what is had" {
	pull_from changing
	assert_status 0
	assert_output_has "$DIGEST"
	assert_eq "$(grep -cE "^(GET|HEAD) .*/manifests/1( |$)" "$BAD_LOG")" 1
	assert_eq "$(jq -r '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] != null) | .digest' "$STATE/index.json")" "$DIGEST"
}

@test "a blob without end" {
	pull_from endless-blob
	refused 4 "longer than"
}

@test "a blob with one bit changed" {
	pull_from flipped
	refused 4 "hash to"
}

@test "a blob that is honestly too short" {
	pull_from short-honest
	refused 4 "1000 bytes, its descriptor says"
}

@test "a connection that breaks in a blob is resumed where it broke" {
	pull_from truncated
	assert_status 0
	assert_output_has "$DIGEST"
	grep -qE "GET .*/blobs/.* bytes=[0-9]{4,}-" "$BAD_LOG"
}

# A pull that is killed in the middle of its largest blob, with half of it there: sets $PART.
killed_pull() {
	make_layout "$SRC" web:1 3000000
	bad_registry_start "$SRC" drip
	"$PLIMSOLL" --state "$STATE" pull "$BAD/web:1" >out 2>&1 3>&- &
	local pid=$!
	half_there() {
		PART=$(find "$STATE/tmp" -name 'part-*' -size +1000k 2>/dev/null)
		[ -n "$PART" ]
	}
	wait_for 20 half_there
	kill -KILL "$pid"
	wait "$pid" || true
	bad_registry_stop
}

@test "a pull that was killed is gone on with where it was" {
	killed_pull
	local have
	have=$(stat -c %s "$PART")
	bad_registry_start "$SRC" fine
	run plimsoll -q pull "$BAD/web:1"
	assert_status 0
	assert_eq "$output" "$DIGEST"
	grep -q "GET .*/blobs/.* bytes=$have-" "$BAD_LOG"
	[ ! -e "$PART" ]
}

@test "a kept part that went bad is not the registry's fault: fetched anew" {
	killed_pull
	printf X | dd of="$PART" bs=1 seek=1000 conv=notrunc status=none
	bad_registry_start "$SRC" fine
	run plimsoll -q pull "$BAD/web:1"
	assert_status 0
	assert_eq "$output" "$DIGEST"
	assert_eq "$(grep -c "GET .*/blobs/sha256:${PART##*part-}" "$BAD_LOG")" 2
	[ ! -e "$PART" ]
}

@test "a kept part that is too long is thrown away" {
	killed_pull
	head -c 5000000 /dev/zero >"$PART"
	bad_registry_start "$SRC" fine
	run plimsoll -q pull "$BAD/web:1"
	assert_status 0
	! grep -q "GET .* bytes=" "$BAD_LOG"
}

@test "a server that refuses to go on in the middle gives all of it" {
	killed_pull
	bad_registry_start "$SRC" range-416
	run plimsoll -q pull "$BAD/web:1"
	assert_status 0
	grep -q "GET .* bytes=" "$BAD_LOG"
}

@test "damaged bytes are not kept" {
	pull_from flipped
	refused 4 "hash to"
	# Of another blob, whose transfer ended with that, the beginning may be kept: the next pull goes on behind it.
	bad_registry_stop
	pull_from fine
	assert_status 0
	assert_output_has "$DIGEST"
	assert_eq "$(find "$STATE/tmp" -type f)" ""
}

@test "a server that begins anew instead of resuming" {
	pull_from ignores-range
	assert_status 0
	assert_output_has "$DIGEST"
}

@test "a server that resumes from elsewhere than asked" {
	pull_from bad-range
	refused 7 resume
}

@test "connections that break for ever end, too" {
	pull_from truncated-always
	refused 7 "bytes remaining to read"
	[ "$(grep -c "GET .*/blobs/" "$BAD_LOG")" -le 20 ]
}

@test "503 twice, then well" {
	pull_from flaky
	assert_status 0
	assert_output_has "$DIGEST"
}

@test "500 for ever: a few tries, the registry's words, no escape sequences" {
	pull_from down500
	refused 7 "HTTP 500 UNKNOWN: disk?[31m on fire"
	[ "$(wc -l <"$BAD_LOG")" -le 5 ] # one to learn whether it speaks HTTP, and four tries
}

@test "redirects without end" {
	pull_from loop
	refused 7 "more than 5 redirects"
}

@test "redirects of a blob without end" {
	pull_from loop-blob
	refused 7 "more than 5 redirects"
}

@test "a redirect to plain HTTP on another machine is not followed" {
	pull_from to-http
	refused 7 "plain HTTP is spoken only to this machine"
}

@test "a redirect of a blob to another origin is followed" {
	pull_from elsewhere
	assert_status 0
	assert_output_has "$DIGEST"
}

@test "silence in the middle of a blob ends" {
	pull_from silent
	refused 7 "running?"
}

@test "headers over the limit" {
	pull_from big-headers
	refused 7 "$BAD"
}

@test "a token server that is not there is named" {
	pull_from login
	refused 7 "token server auth.invalid"
}

@test "a token server of another domain is not given credentials, one in the clear is not asked at all" {
	export REGISTRY_AUTH_FILE=$PWD/auth.json
	bad_registry_start "$SRC" login
	jq -n --arg k "$BAD" '{auths: {($k): {auth: "YW5uOnNlY3JldHdvcmQ="}}}' >auth.json
	run plimsoll pull "$BAD/web:1"
	refused 7 "'auth.invalid' is not given the credentials" "another domain" PLIMSOLL_TOKEN_HOSTS=auth.invalid
	refute_output_has secretword
	bad_registry_stop
	echo '{}' >auth.json
	pull_from login-http
	refused 7 "'192.0.2.1' is not asked" "plain HTTP"
}

@test "challenges that are garbled, or of a kind that is not spoken here" {
	pull_from login-garbled
	refused 7 "stands twice"
	bad_registry_stop
	pull_from login-negotiate
	refused 7 "HTTP 401" "Negotiate"
}

@test "credentials do not follow a redirect to another host" {
	export REGISTRY_AUTH_FILE=$PWD/auth.json
	bad_registry_start "$SRC" elsewhere-basic
	jq -n --arg k "$BAD" '{auths: {($k): {auth: "YW5uOnNlY3JldHdvcmQ="}}}' >auth.json
	run plimsoll pull "$BAD/web:1"
	assert_status 0
	assert_output_has "$DIGEST"
	grep -q "Basic YW5uOnNlY3JldHdvcmQ=" "$BAD_LOG"
}

@test "a registry that says the password aloud is not quoted with it" {
	export REGISTRY_AUTH_FILE=$PWD/auth.json
	bad_registry_start "$SRC" echo
	jq -n --arg k "$BAD" '{auths: {($k): {auth: "YW5uOnNlY3JldHdvcmQ="}}}' >auth.json
	run plimsoll --debug pull "$BAD/web:1"
	refused 7 "HTTP 403 DENIED: not with ann:***"
	refute_output_has secretword
	bad_registry_stop
	# Nor in what else a message quotes.
	local mode
	for mode in echo-type echo-digest echo-warning; do
		bad_registry_start "$SRC" "$mode"
		jq -n --arg k "$BAD" '{auths: {($k): {auth: "YW5uOnNlY3JldHdvcmQ="}}}' >auth.json
		run plimsoll --debug pull "$BAD/web:1"
		[ "$status" -ne 0 ]
		assert_output_has "***"
		refute_output_has secretword YW5uOnNlY3JldHdvcmQ
		bad_registry_stop
	done
}

@test "a blob that the manifest names and the registry has not" {
	pull_from no-blob
	refused 7 "HTTP 404 BLOB_UNKNOWN"
}

@test "a full disk: exit 6, nothing half-written, and the next pull works" {
	need_root
	make_layout "$SRC" web:1 700000
	mkdir "$STATE"
	mount -t tmpfs -o size=512k tmpfs "$STATE" || skip "no mount here"
	pull_from fine
	local first=$status said=$output left
	left=$(find "$STATE/tmp" "$STATE/blobs" -type f -size +100k)
	mount -o remount,size=4m "$STATE"
	run plimsoll -q pull "$BAD/web:1"
	umount "$STATE"
	assert_status 0
	assert_eq "$output" "$DIGEST"
	assert_eq "$first" 6
	assert_eq "$left" ""
	[[ "$said" == *"No space left"* ]]
}

@test "a proxy is not used for this machine" {
	bad_registry_start "$SRC" fine
	http_proxy=http://127.0.0.1:1 https_proxy=http://127.0.0.1:1 all_proxy=http://127.0.0.1:1 \
		run plimsoll -q pull "$BAD/web:1"
	assert_status 0
	run plimsoll -q pull "localhost:${BAD#*:}/web:1"
	assert_status 0
}

@test "a name that does not resolve" {
	run plimsoll pull registry.invalid/web:1
	assert_status 7
	assert_output_has "registry.invalid" "running?"
}

@test "the helper is confined while it speaks" {
	bad_registry_start "$SRC" drip
	"$PLIMSOLL" --state "$STATE" pull "$BAD/web:1" >/dev/null 2>&1 3>&- &
	local pid=$! helper
	wait_for 20 grep -q "GET .*/blobs/.*" "$BAD_LOG"
	helper=$(tr -d ' ' <"/proc/$pid/task/$pid/children")
	run cat "/proc/$helper/status"
	kill -TERM "$pid"
	wait "$pid" || true
	output=$(tr '\t' ' ' <<<"$output")
	assert_output_has "NoNewPrivs: 1" "Seccomp: 2" "CapEff: 0000000000000000" "CapPrm: 0000000000000000"
	[ "$(id -u)" != 0 ] || assert_output_has "Uid: 65534 65534 65534 65534"
}

@test "plain HTTP is never spoken to another machine" {
	run timeout 60 "$PLIMSOLL" --state "$STATE" pull 192.0.2.1:5000/web:1
	assert_status 7
	assert_output_has "GET /v2/" "https://192.0.2.1:5000"
}

push_to() { # MODE
	bad_registry_start "$SRC" "$1"
	rm -rf "$STATE"
	make_layout "$STATE" other:1
	run plimsoll push other:1 "$BAD/new:1"
}

@test "an upload whose Location leads to another origin is refused" {
	push_to away
	assert_status 7
	assert_output_has "leads away"
}

@test "an upload without a Location is refused" {
	push_to no-location
	assert_status 7
	assert_output_has "no Location"
}

@test "a PUT that failed after it arrived is not sent again" {
	push_to put500
	assert_status 0
	assert_output_has "$DIGEST"
	assert_eq "$(grep "^PUT .*/blobs/uploads/" "$BAD_LOG" | grep -o 'sha256:.*' | sort | uniq -d)" ""
}

@test "a PUT that was lost twice arrives the third time" {
	push_to put500-twice
	assert_status 0
	assert_output_has "$DIGEST"
}

@test "somebody else writes the fallback tag between our write and our look: written again" {
	push_to race
	assert_status 0
	[ "$(grep -c "^PUT .*/manifests/sha256-" "$BAD_LOG")" -ge 2 ]
}

@test "a registry that looks at If-Match: what somebody else wrote before us stays" {
	local mode
	for mode in if-match if-match-etag; do
		push_to "$mode"
		assert_status 0
		# Theirs and ours.
		curl -sf "http://$BAD/v2/new/manifests/sha256-${DIGEST#sha256:}" >list
		assert_eq "$(jq '.manifests | length' list)" 2
		bad_registry_stop
	done
}

@test "a registry with the referrers API gets no fallback tag" {
	push_to referrers
	assert_status 0
	assert_eq "$(grep -c "^PUT .*/manifests/sha256-" "$BAD_LOG")" 0
}

@test "a registry that claims the referrers API and has none gets the fallback tag" {
	push_to empty-subject
	assert_status 0
	[ "$(grep -c "^PUT .*/manifests/sha256-" "$BAD_LOG")" -ge 1 ]
}

@test "a registry that has the referrers API now and fallback tags from before" {
	rm -rf "$STATE"
	cp -r "$SRC" "$STATE"
	bad_registry_start "$SRC" upgraded
	run plimsoll push web:1 "$BAD/web:2"
	assert_status 0
	curl -s -o /dev/null "http://$BAD/upgrade"
	run "$PLIMSOLL" --state pulled pull "$BAD/web:2"
	assert_status 0
	assert_eq "$(jq '[.manifests[] | select(.artifactType)] | length' pulled/index.json)" 1
}

@test "a registry that takes no cosign tag gets no name" {
	bad_registry_start "$SRC" no-sig-tag
	make_layout "$STATE" web:1
	/usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/make_index.py" "$STATE" web:1 "$BAD/new:all" >digests
	run plimsoll push "$BAD/new:all"
	assert_status 7
	assert_output_has "cosign signatures of"
	run grep -E "PUT /v2/new/manifests/all" "$BAD_LOG"
	assert_status 1
	# Nor one that takes no referrer: a copy without signatures is none.
	bad_registry_stop
	/usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/make_index.py" "$SRC" web:1 x:all >digests
	bad_registry_start "$SRC" no-subject
	run plimsoll copy "oci:$SRC:x:all" "$BAD/new:all"
	assert_status 7
	run grep -E "PUT /v2/new/manifests/all" "$BAD_LOG"
	assert_status 1
}

@test "delete of one tag where a registry can, or says so and takes all" {
	local dated=$PLIMSOLL_SRC/tests/lib/make_dated.py a b mode
	a=$(/usr/bin/python3 "$dated" "$SRC" web:v0 2020-01-01T00:00:00Z)
	/usr/bin/python3 "$dated" "$SRC" web:v1 2020-01-02T00:00:00Z
	jq -c --arg a "$a" '.manifests += [.manifests[] | select(.digest == $a) |
		.annotations["org.opencontainers.image.ref.name"] = "web:x"]' "$SRC/index.json" >new.json
	mv new.json "$SRC/index.json"
	bad_registry_start "$SRC" deletes
	# v1 names another image by now.
	run plimsoll delete "$BAD/web:v1@$a"
	assert_status 3
	assert_output_has "is in use" "v0, x"
	run grep DELETE "$BAD_LOG"
	assert_status 1
	run plimsoll delete "$BAD/web:x"
	assert_status 0
	run plimsoll tags "$BAD/web"
	assert_output_has v0 v1
	bad_registry_stop
	bad_registry_start "$SRC" deletes-all
	run plimsoll delete "$BAD/web:x"
	assert_status 3
	assert_output_has "gone from tags v0 too"
}

@test "the referrers API is read page by page; what lies is left out" {
	pull_from referrers
	assert_status 0
	assert_output_has "skipped a referrer"
	run plimsoll inspect "$BAD/web:1"
	assert_eq "$(jq '.referrers | length' <<<"$output")" 1
}

@test "a second page of referrers that is not there takes nothing of the first away" {
	pull_from second-page-gone
	assert_status 0
	assert_output_has "the others are left"
	run plimsoll inspect "$BAD/web:1"
	assert_eq "$(jq '.referrers | length' <<<"$output")" 1
	# A copy would lose them.
	run plimsoll copy "$BAD/web:1" oci:out:1
	assert_status 7
}

@test "a flood of referrers is cut off, and the signature at its end is not what is left" {
	pull_from flood
	assert_status 0
	assert_output_has "more than 100 refer to sha256:"
	run plimsoll inspect "$BAD/web:1"
	assert_eq "$(jq '.referrers | length' <<<"$output")" 1
	assert_eq "$(grep -c "^PUT" "$BAD_LOG")" 0
	# What is pushed into it counts as listed, though 150 others are before it.
	run "$PLIMSOLL" --state "$SRC" push web:1 "$BAD/web:1"
	assert_status 0
	[ "$(grep -c "^GET .*/manifests/sha256:" "$BAD_LOG")" -le 100 ]
}

@test "a flood of bundles and others leaves room for the signature whose entry says no type" {
	pull_from flood-bundles
	assert_status 0
	assert_output_has "more than 100 refer to sha256:"
	run plimsoll inspect "$BAD/web:1"
	assert_eq "$(jq '.referrers | length' <<<"$output")" 1
}

@test "TLS: an unknown certificate is refused, a known one is not, https never turns to http" {
	need_cmd openssl
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -out c.pem -days 2 -subj /CN=test \
		-addext subjectAltName=IP:127.0.0.1 2>/dev/null
	pull_from fine c.pem k.pem
	refused 7 "TLS" "/etc/docker/certs.d/$BAD/ca.crt"
	SSL_CERT_FILE=$PWD/c.pem run plimsoll -q pull "$BAD/web:1"
	assert_status 0
	assert_eq "$output" "$DIGEST"
	bad_registry_stop
	rm -rf "$STATE"
	bad_registry_start "$SRC" to-http c.pem k.pem
	SSL_CERT_FILE=$PWD/c.pem run plimsoll pull "$BAD/web:1"
	refused 7 "from https to plain http"
}
