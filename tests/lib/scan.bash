# Images of a few package lists and advisories of a few lines, for tests of scans.
# shellcheck shell=bash

# image NAME LAYER...: an image of those folders, or archives, under layers/
image() {
	local name=$1
	shift
	"$PLIMSOLL_SRC/tests/lib/make_image.py" "$STATE" "$name" "${@/#/layers/}" >/dev/null
}

# put LAYER PATH: standard input as that file of that layer
put() {
	mkdir -p "layers/$1/$(dirname "$2")"
	cat >"layers/$1/$2"
}

says() { # LAYER INSTRUCTION
	printf '%s\n' "$2" >"layers/$1.instruction"
}

debian() { # LAYER: an os-release of Debian 12, the way Debian has it
	put "$1" usr/lib/os-release <<<'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
VERSION_ID="12"
VERSION_CODENAME=bookworm
ID=debian'
	mkdir -p "layers/$1/etc"
	ln -sf ../usr/lib/os-release "layers/$1/etc/os-release"
}

alpine() { # LAYER [VERSION]: of a release that does not end, as none has its number
	put "$1" etc/os-release <<<'NAME="Alpine Linux"
ID=alpine
VERSION_ID='"${2:-3.99.1}"
}

deb() { # NAME VERSION [SOURCE [ARCH]]: a stanza of dpkg's status
	printf 'Package: %s\nStatus: install ok installed\nArchitecture: %s\nVersion: %s\n' "$1" "${4:-amd64}" "$2"
	[ -z "$3" ] || printf 'Source: %s\n' "$3"
	echo
}

osv() { # ID PACKAGE FIXED [EXTRA MEMBERS]: an advisory for Debian 12
	printf '{"id":"%s","modified":"2026-01-02T03:04:05Z","affected":[{"package":{"ecosystem":"Debian:12","name":"%s"},' "$1" "$2"
	printf '"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}%s]}]}]%s}\n' "${3:+,{\"fixed\":\"$3\"\}}" "$4"
}

# shellcheck disable=SC2034
CVSS_98=',"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]'
