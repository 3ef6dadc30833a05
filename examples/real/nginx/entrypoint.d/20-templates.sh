#!/bin/sh
# Fills the environment into the templates of server blocks.
set -e
export NGINX_PORT="${NGINX_PORT:-8080}"
for template in /etc/nginx/templates/*.template; do
	[ -e "$template" ] || exit 0
	name=${template##*/}
	# shellcheck disable=SC2016
	envsubst '$NGINX_PORT' <"$template" >"/etc/nginx/conf.d/${name%.template}"
done
