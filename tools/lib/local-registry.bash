# Debian's docker-registry on loopback, and what a bad registry may do to an image.
# shellcheck shell=bash disable=SC2154,SC2034,SC2155

free_port() { # the first free one from here on
	local port=$1
	while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
		port=$((port + 1))
	done
	echo "$port"
}

registry_start() {
	local port old
	# One that a killed run left behind serves the same files.
	old=$(cat "$SHIP/registry.pid" 2>/dev/null || true)
	if [ -n "$old" ] && grep -qzF "$SHIP/registry.yml" "/proc/$old/cmdline" 2>/dev/null; then
		kill "$old" && sleep 0.5
	fi
	mend_blob
	port=$(free_port 5000)
	REGISTRY=127.0.0.1:$port
	mkdir -p "$SHIP/registry"
	cat >"$SHIP/registry.yml" <<-YML
		version: 0.1
		log: {level: warn, accesslog: {disabled: true}}
		storage: {filesystem: {rootdirectory: $SHIP/registry}, delete: {enabled: true}}
		http: {addr: $REGISTRY}
	YML
	docker-registry serve "$SHIP/registry.yml" >"$SHIP/registry.log" 2>&1 </dev/null 9>&- &
	REGISTRY_PID=$!
	echo $REGISTRY_PID >"$SHIP/registry.pid"
	curl -s --fail -o /dev/null --retry 20 --retry-connrefused --retry-delay 1 --retry-max-time 20 \
		"http://$REGISTRY/v2/" || die "docker-registry did not come up: $SHIP/registry.log"
	say_note "docker-registry listens on $REGISTRY"
}

registry_stop() {
	[ -z "$REGISTRY_PID" ] && return 0
	kill "$REGISTRY_PID" 2>/dev/null
	wait "$REGISTRY_PID" 2>/dev/null
	rm -f "$SHIP/registry.pid"
	REGISTRY_PID=
}

# Copies an image of the builder's layout with another tool, which signs nothing; prints its digest.
push_by_skopeo() { # name in the layout, reference
	skopeo copy -q --insecure-policy --dest-tls-verify=false --digestfile "$SHIP/pushed.digest" \
		"oci:$BUILDER:$1" "docker://$2" >&2 || die "skopeo could not push $2"
	cat "$SHIP/pushed.digest"
}

blob_file() { # digest -> the registry's file
	local hex=${1#sha256:}
	printf '%s/docker/registry/v2/blobs/sha256/%s/%s/data' "$SHIP/registry" "${hex:0:2}" "$hex"
}

# Changes the middle byte of an image's last layer in the registry's storage, behind the registry's back.
tamper_with_layer() { # NAME@DIGEST
	local layer file size
	layer=$(grep -oE '"digest": *"sha256:[0-9a-f]{64}"' "$(blob_file "${1#*@}")" | tail -1 |
		grep -oE 'sha256:[0-9a-f]{64}')
	file=$(blob_file "$layer")
	size=$(stat -c %s "$file")
	cp "$file" "$SHIP/good.part"
	echo "$file" >"$SHIP/good.path"
	mv "$SHIP/good.part" "$SHIP/good.blob"
	flip_byte "$file" $((size / 2))
	say_note "changed byte $((size / 2)) of $layer in the registry's storage"
}

flip_byte() { # file, offset
	local byte
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	# shellcheck disable=SC2059
	printf "\\x$(printf %02x $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# Puts the good bytes back; also after a run that was killed in between.
mend_blob() {
	[ -e "$SHIP/good.blob" ] || return 0
	cp "$SHIP/good.blob" "$(cat "$SHIP/good.path")"
	rm -f "$SHIP/good.blob" "$SHIP/good.path"
}
