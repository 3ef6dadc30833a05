#!/bin/sh
# Options alone mean the proxy; it runs as a master that restarts its workers in place.
set -e
case "${1-}" in
-*) set -- haproxy "$@" ;;
esac
if [ "$1" = haproxy ]; then
	shift
	set -- haproxy -W -db "$@"
fi
exec "$@"
