# TUF repositories in Debian's registry. Load after common.bash and trust.bash.
# shellcheck shell=bash

# A keeper in $STATE with a signing key and a TUF repository for $SCOPE, and a host in production that trusts both.
tuf_start() { # arguments of init; $SCOPE is team/web unless set
	need_cmd docker-registry jq
	registry_start
	SCOPE=$REGISTRY/${SCOPE_NAME:-team/web}
	plimsoll trust init >init.out
	plimsoll trust tuf init "$@" "$SCOPE" >>init.out
	plimsoll trust tuf publish "$SCOPE" >>init.out
	prod_trusts
}

prod_trusts() {
	plimsoll trust export >cert.pem
	prod trust add cert.pem
	plimsoll trust tuf export "$SCOPE" >root.json
	assert_eq "$(prod --format json trust tuf trust --scope "$SCOPE" root.json | jq -r .scope)" "$SCOPE"
}

prod() { "$PLIMSOLL" --state "$BATS_TEST_TMPDIR/prod" "$@"; }

# An image of its own, signed and pushed; sets DIGEST.
release() { # REF, label
	image "$1"
	# The same name again is another image.
	jq -c --arg l "$2" '.config.Labels.release = $l' config >config.new
	mv config.new config
	jq -nc --argjson c "$(descriptor application/vnd.oci.image.config.v1+json config)" \
		'{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: $c, layers: []}' >manifest
	DIGEST=$(put manifest)
	jq -c --arg n "$1" --argjson d "$(descriptor application/vnd.oci.image.manifest.v1+json manifest)" \
		'.manifests |= [.[] | select(.annotations."org.opencontainers.image.ref.name" != $n)]
		+ [$d + {annotations: {"org.opencontainers.image.ref.name": $n}}]' "$STATE/index.json" >index
	cp index "$STATE/index.json"
	plimsoll sign "$1" >sign.out
	plimsoll push "$1" >push.out 2>&1
}

tuf() { /usr/bin/python3 "$PLIMSOLL_SRC/tests/lib/tuf_registry.py" "$@"; }
