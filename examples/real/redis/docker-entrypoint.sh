#!/bin/sh
# "-option" or "file.conf" alone mean the server.
set -e
case "${1-}" in
-* | *.conf) set -- redis-server "$@" ;;
esac
umask 0077
exec "$@"
