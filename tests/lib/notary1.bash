# Debian's notary-server, and what notary publishes to it. Load after common.bash and trust.bash.
# shellcheck shell=bash

# A server by TLS on loopback: sets $NOTARY (its address) and $NOTARY_CA.
notary_start() {
	need_cmd notary notary-server openssl jq curl
	local port
	port=$(free_port)
	NOTARY=https://127.0.0.1:$port NOTARY_CA=$BATS_TEST_TMPDIR/notary-ca.pem
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout notary.key -out "$NOTARY_CA" -days 2 \
		-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 2>/dev/null
	jq -n --arg a "127.0.0.1:$port" --arg k "$PWD/notary.key" --arg c "$NOTARY_CA" '{
		server: {http_addr: $a, tls_key_file: $k, tls_cert_file: $c},
		trust_service: {type: "local", hostname: "", port: "", key_algorithm: "ecdsa"},
		storage: {backend: "memory"}, logging: {level: "error"}}' >server.json
	notary-server -config server.json >notary.log 2>&1 3>&- &
	NOTARY_PID=$!
	wait_for 20 curl -fs --cacert "$NOTARY_CA" -o /dev/null "$NOTARY/v2/"
	export NOTARY_ROOT_PASSPHRASE=password1 NOTARY_TARGETS_PASSPHRASE=password1 \
		NOTARY_SNAPSHOT_PASSPHRASE=password1 NOTARY_DELEGATION_PASSPHRASE=password1
}

notary_stop() {
	local pid
	for pid in ${NOTARY_PID:-} ${FILES_PID:-}; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	NOTARY_PID='' FILES_PID=''
}

# The publisher; another one with NOTARY_DIR.
notary_do() {
	notary -s "$NOTARY" -d "${NOTARY_DIR:-$BATS_TEST_TMPDIR/publisher}" --tlscacert "$NOTARY_CA" "$@" >>notary.out 2>&1
}

# Signs what a tag means: notary_tag GUN TAG DIGEST [ROLE]
notary_tag() {
	local size
	size=$(blob "$3" | wc -c)
	notary_do addhash -p "$1" "$2" "$size" --sha256 "${3#sha256:}" ${4:+--roles "$4"}
}

# A new image in the registry under a tag; sets $DIGEST: push_image REF LABEL
push_image() {
	image "$1"
	jq -c --arg l "$2" '.config.Labels.release = $l' config >config.new
	mv config.new config
	jq -nc --argjson c "$(descriptor application/vnd.oci.image.config.v1+json config)" \
		'{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: $c, layers: []}' >manifest
	DIGEST=$(put manifest)
	push_digest "$1" "$DIGEST"
}

# Puts a manifest of the store under a tag of the registry: push_digest REF DIGEST
push_digest() {
	local name=${1#*/} d b
	blob "$2" >manifest.out
	d=$(jq -r .config.digest manifest.out)
	b=$(curl -fsS -X POST -D - -o /dev/null "http://$REGISTRY/v2/${name%:*}/blobs/uploads/" | tr -d '\r' |
		sed -n 's/^[Ll]ocation: //p')
	blob "$d" >config.out
	curl -fsS -X PUT --data-binary @config.out -H 'Content-Type: application/octet-stream' "$b&digest=$d"
	curl -fsS -X PUT --data-binary @manifest.out -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' \
		"http://$REGISTRY/v2/${name%:*}/manifests/${name##*:}"
}

# All that the server has of a repository now, as files of a folder: notary_record GUN DIR
notary_record() {
	local at=$2/v2/$1/_trust/tuf url=$NOTARY/v2/$1/_trust/tuf role n
	rm -rf "$2"
	mkdir -p "$at/targets"
	for role in root timestamp snapshot targets targets/releases; do
		curl -fs --cacert "$NOTARY_CA" -o "$at/$role.json" "$url/$role.json" || continue
		cp "$at/$role.json" "$at/$role.$(sha256sum <"$at/$role.json" | cut -d' ' -f1).json"
	done
	for ((n = 1; n < 20; n++)); do
		curl -fs --cacert "$NOTARY_CA" -o "$at/$n.root.json" "$url/$n.root.json" || break
	done
}

# Serves the folder ./served by plain HTTP on loopback, to whoever has a token; what was asked for goes to ./tokens: sets
# $FILES.
files_start() {
	local port
	port=$(free_port)
	FILES=http://127.0.0.1:$port
	mkdir -p served
	/usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/notary1_files.py" "$port" tokens >files.log 2>&1 3>&- &
	FILES_PID=$!
	wait_for 20 curl -fs -o /dev/null "$FILES/"
}

# served := a recorded folder.
serve() {
	rm -rf served/v2
	cp -r "$1/v2" served/
}

prod() { "$PLIMSOLL" --state "$BATS_TEST_TMPDIR/prod" "$@"; }
