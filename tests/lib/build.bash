# What tests of builds share: a Dockerfile, a base, and a look into what was built. After ../lib/common.
# shellcheck shell=bash disable=SC2154

dockerfile() { # lines on standard input
	cat >ctx/Dockerfile
}

# A shell and some programs of this machine, in rootfs/ and rootfs.tar.
host_archive() { # [PROGRAM...]
	need_root
	need_cmd crun
	host_rootfs rootfs "$@"
	tar -C rootfs -cf rootfs.tar .
}

# Imports and signs it as `base`.
host_base() { # [PROGRAM...]
	host_archive "$@"
	plimsoll trust init >/dev/null
	plimsoll import rootfs.tar base >/dev/null
}

# The layers of an image as files, the lowest first.
layers() { # name
	plimsoll inspect "$1" | jq -r --arg to "$STATE/blobs/sha256/" '.manifest.layers[].digest | sub("sha256:"; $to)'
}

# Their entries, one "MODE OWNER NAME" a line; a link says where it leads.
entries() { # name
	local layer
	for layer in $(layers "$1"); do
		tar tvzf "$layer" --numeric-owner | awk '{ print $1, $2, $6, $7, $8 }' | sed 's/ *$//'
	done
}

# What a file holds, in each layer that has it.
content() { # name path
	local layer
	for layer in $(layers "$1"); do
		tar xzOf "$layer" "$2" 2>/dev/null || true
	done
}

last_content() { # name path: of the topmost layer
	tar xzOf "$(layers "$1" | tail -1)" "$2"
}
