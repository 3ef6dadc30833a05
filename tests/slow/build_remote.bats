#!/usr/bin/env bats
# What a build takes from outside of its folder: ADD of URLs.

load ../lib/common
load ../lib/build
load ../lib/web
load ../lib/build_remote

setup() {
	remote_setup
}

teardown() {
	remote_teardown
}

# --- files of the web ---

@test "ADD URL: name, mode, owner, time, target" {
	build -t t <<-EOF
	FROM scratch
	ADD $WEB/hello?x=/y /d/
	ADD --chown=3:4 --chmod=755 $WEB/hello /renamed
	ADD $WEB/hel%6co $WEB/hello /many/
	EOF
	assert_status 0
	run entries t
	assert_output_has "-rw------- 0/0 2001-02-03 04:05:06 d/hello" "-rwxr-xr-x 3/4 2001-02-03 04:05:06 renamed" \
		"-rw------- 0/0 2001-02-03 04:05:06 many/hello"
	assert_eq "$(content t renamed)" hello
	run plimsoll history t
	assert_output_has "ADD $WEB/hello?x=/y /d/"
}

@test "ADD URL: --exclude goes by the file's own name" {
	echo other >"$WEB_ROOT/other.md"
	build -t t <<-EOF
	FROM scratch
	ADD --exclude=*.md $WEB/hello $WEB/other.md /d/
	EOF
	assert_status 0
	assert_eq "$(content t d/hello)" hello
	assert_eq "$(content t d/other.md)" ""
}

@test "ADD URL: a later date than the build's is clamped; none is 1970" {
	touch -d '2030-01-01Z' "$WEB_ROOT/hello"
	export SOURCE_DATE_EPOCH=1000000000
	build -t t <<-EOF
	FROM scratch
	ADD $WEB/hello /a
	ADD $WEB/bad/part /b
	EOF
	assert_status 0
	run entries t
	assert_output_has "2001-09-09 01:46:40 a" "1970-01-01 00:00:00 b"
}

@test "ADD URL: the server is asked whether it changed, and the step is not done again" {
	local df="FROM scratch
ADD $WEB/hello /a"
	build -t t <<<"$df"
	assert_status 0
	first=$output
	build -t t <<<"$df"
	assert_output_has cached
	assert_eq "$(web_count /hello 200) $(web_count /hello 304)" "1 1"
	echo changed >"$WEB_ROOT/hello"
	build -t t <<<"$df"
	assert_status 0
	refute_output_has cached
	assert_eq "$(content t a)" changed
	build --no-cache -t t <<<"$df"
	assert_status 0
	assert_eq "$(web_count /hello 200)" 3
}

@test "ADD URL: known by its digest though the layer is not: fetched anew" {
	build <<<"FROM scratch
ADD $WEB/hello /a"
	build -t t <<<"FROM scratch
ADD $WEB/hello /b"
	assert_status 0
	assert_eq "$(content t b)" hello
}

@test "ADD --checksum: what holds is not fetched twice, what does not is refused" {
	local df="FROM scratch
ARG SUM=$SUM
ADD --checksum=\$SUM $WEB/hello /a"
	build -t t <<<"$df"
	assert_status 0
	web_stop
	build -t t <<<"$df"
	assert_status 0
	assert_output_has cached
	web_start
	build -t u <<<"FROM scratch
ADD --checksum=sha256:$(printf %064d 7) $WEB/hello /a"
	assert_status 4
	assert_output_has "Dockerfile:2" "$SUM" "--checksum"
	nothing_half_written
	run plimsoll inspect u
	assert_status 5
}

@test "ADD --checksum: malformed, and of two sources" {
	build <<<"FROM scratch
ADD --checksum=sha256:12 $WEB/hello /a"
	assert_status 5
	assert_output_has "Dockerfile:2" "^~~"
	build <<<"FROM scratch
ADD --checksum=$SUM $WEB/hello $WEB/hello /a/"
	assert_status 5
	assert_output_has "one source"
}

@test "ADD URL: credentials reach the server and nothing else" {
	build -t t <<-EOF
	FROM scratch
	ADD ${WEB/:\/\//:\/\/user:s3cret@}/private/hello /a
	EOF
	assert_status 0
	refute_output_has s3cret
	assert_eq "$(content t a)" hello
	! grep -rqF s3cret "$STATE" || fail "in the state folder"
	run plimsoll trail show --no-trunc
	refute_output_has s3cret
	build <<-EOF
	FROM scratch
	ADD ${WEB/:\/\//:\/\/user:wr0ng@}/private/hello /a
	EOF
	assert_status 7
	assert_output_has "HTTP 401" "Dockerfile:2"
	refute_output_has wr0ng
	! grep -rqF wr0ng "$STATE" || fail "in the state folder"
}

@test "ADD URL: what was fetched is recorded in the trail, also when it was known" {
	local df="FROM scratch
ADD $WEB/hello /a"
	for i in 1 2; do
		build -t t <<<"$df"
		assert_status 0
	done
	run plimsoll trail show --kind build --format json
	assert_eq "$(jq -r '.detail.materials[0] | .uri + " " + .digest' <<<"$output" | sort | uniq -c | xargs)" \
		"2 $WEB/hello $SUM"
}

@test "redirects: followed, but not without end, not to files" {
	build -t t <<<"FROM scratch
ADD $WEB/bad/hops9 /a"
	assert_status 0
	assert_eq "$(content t a)" hello
	for what in loop hops10 file ftp; do
		build <<<"FROM scratch
ADD $WEB/bad/$what /a"
		assert_status 7
		assert_output_has "Dockerfile:2" "redirect"
		nothing_half_written
	done
}

@test "servers that do not end, stop, or send something else" {
	for what in "short:7:" "slow:7:" "500:7:HTTP 500" "huge:5:more than" "endless:5:more than"; do
		IFS=: read -r path code words <<<"$what"
		PLIMSOLL_FETCH_MAX=1000000 build <<<"FROM scratch
ADD $WEB/bad/$path /a"
		assert_status "$code"
		assert_output_has "$words" "Dockerfile:2"
		nothing_half_written
	done
	build <<<"FROM scratch
ADD $WEB/not-there /a"
	assert_status 7
	assert_output_has "HTTP 404"
}

@test "the limit of bytes: at it, and one past it" {
	head -c 1000 /dev/zero >"$WEB_ROOT/k"
	PLIMSOLL_FETCH_MAX=1000 build <<<"FROM scratch
ADD $WEB/k /a"
	assert_status 0
	PLIMSOLL_FETCH_MAX=999 build --no-cache <<<"FROM scratch
ADD $WEB/k /a"
	assert_status 5
}

@test "TLS: verified, by SSL_CERT_FILE when it is given" {
	need_cmd openssl
	web_stop
	web_certificate
	web_start "$WEB_CERT" "$WEB_KEY"
	build <<<"FROM scratch
ADD $WEB/hello /a"
	assert_status 7
	assert_output_has "TLS"
	SSL_CERT_FILE=$WEB_CERT build -t t <<<"FROM scratch
ADD $WEB/hello /a"
	assert_status 0
	SSL_CERT_FILE=$WEB_CERT build <<<"FROM scratch
ADD $WEB/bad/plain /a"
	assert_status 7
	assert_output_has "plain http"
}

@test "malformed URLs are pointed at" {
	for url in 'http://' 'http://h/%zz' 'http://u:s3cret@/x'; do
		build <<<"FROM scratch
ADD $url /a"
		assert_status 5
		assert_output_has "Dockerfile:2" "URL"
		refute_output_has s3cret
	done
}
