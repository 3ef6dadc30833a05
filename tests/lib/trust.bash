# Images and signatures in an image layout, made by hand.

put() { # file -> digest, as a blob of the store
	local hex
	hex=$(sha256sum <"$1" | cut -d' ' -f1)
	cp "$1" "$STATE/blobs/sha256/$hex"
	echo "sha256:$hex"
}

descriptor() { # media type, file
	jq -nc --arg m "$1" --arg d "$(put "$2")" --argjson n "$(stat -c %s "$2")" '{mediaType: $m, digest: $d, size: $n}'
}

# An image without layers, written by hand; sets DIGEST.
image() { # name
	mkdir -p "$STATE/blobs/sha256"
	printf '{"architecture":"amd64","os":"linux","config":{"Labels":{"name":"%s"}},"rootfs":{"type":"layers","diff_ids":[]}}' \
		"$1" >config
	jq -nc --argjson c "$(descriptor application/vnd.oci.image.config.v1+json config)" \
		'{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: $c, layers: []}' >manifest
	DIGEST=$(put manifest)
	[ -e "$STATE/index.json" ] || echo '{"schemaVersion":2,"manifests":[]}' >"$STATE/index.json"
	echo '{"imageLayoutVersion":"1.0.0"}' >"$STATE/oci-layout"
	jq -c --arg n "$1" --argjson d "$(descriptor application/vnd.oci.image.manifest.v1+json manifest)" \
		'.manifests += [$d + {annotations: {"org.opencontainers.image.ref.name": $n}}]' "$STATE/index.json" >index
	cp index "$STATE/index.json"
}

blob() { cat "$STATE/blobs/sha256/${1#sha256:}"; }

# The manifest of the first signature in the store, and its envelope.
signature() { jq -r '[.manifests[] | select(.artifactType)][0].digest' "$STATE/index.json"; }
envelope() { blob "$(blob "$(signature)" | jq -r '.layers[0].digest')"; }

# Puts an envelope in the place of the only signature in the store; everything around it is made right again, as somebody
# who holds the registry would do it.
replace_envelope() { # media type, file
	blob "$(signature)" | jq -c --argjson l "$(descriptor "$1" "$2")" '.layers = [$l]' >manifest
	jq -c --argjson d "$(descriptor application/vnd.oci.image.manifest.v1+json manifest)" \
		'.manifests = [.manifests[] | select(.artifactType | not)]
		+ [$d + {artifactType: "application/vnd.cncf.notary.signature"}]' "$STATE/index.json" >index
	cp index "$STATE/index.json"
}

forge() { # jq filter on a JWS envelope, its other arguments
	envelope | jq -c "$@" >forged
	replace_envelope application/jose+json forged
}
