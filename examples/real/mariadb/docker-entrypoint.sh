#!/bin/bash
# The first start makes the system tables.
set -euo pipefail
if [ "$1" = mariadbd ]; then
	if [ ! -d /var/lib/mysql/mysql ]; then
		mariadb-install-db --user=mysql --datadir=/var/lib/mysql --skip-test-db --auth-root-authentication-method=normal
	fi
	set -- "$@" --socket=/tmp/mysqld.sock --pid-file=/tmp/mysqld.pid
fi
exec "$@"
