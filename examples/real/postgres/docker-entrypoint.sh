#!/bin/bash
# The first start makes the cluster, and runs the SQL of /docker-entrypoint-initdb.d in it.
set -euo pipefail
socket=${PGSOCKET:-/tmp}
if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
	mkdir -p "$PGDATA"
	chmod 0700 "$PGDATA" || true
	initdb --username=postgres --auth-local=trust --auth-host=scram-sha-256 --no-sync -D "$PGDATA"
	pg_ctl -D "$PGDATA" -o "-c listen_addresses='' -k $socket" -w start
	for file in /docker-entrypoint-initdb.d/*.sql; do
		[ -f "$file" ] || continue
		psql -h "$socket" -v ON_ERROR_STOP=1 -f "$file"
	done
	pg_ctl -D "$PGDATA" -m fast -w stop
fi
[ "$1" != postgres ] || set -- "$@" -k "$socket"
exec "$@"
