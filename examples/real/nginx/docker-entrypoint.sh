#!/bin/sh
# Runs what is in /docker-entrypoint.d, in the order of the names, and then the command.
set -e
if [ "$1" = nginx ]; then
	for script in /docker-entrypoint.d/*.sh; do
		[ -x "$script" ] || continue
		echo "$0: $script"
		"$script"
	done
fi
exec "$@"
