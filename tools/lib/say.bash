# How tools/ship speaks: bold headings and a moving line on a terminal, plain lines in a pipe.
# shellcheck shell=bash

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
	BOLD=$'\e[1m' DIM=$'\e[2m' RED=$'\e[31m' GREEN=$'\e[32m' PLAIN=$'\e[0m'
else
	BOLD='' DIM='' RED='' GREEN='' PLAIN=''
fi

say_step() { printf '\n%s── %s%s\n' "$BOLD" "$*" "$PLAIN"; }
say_note() { printf '%s%s%s\n' "$DIM" "$*" "$PLAIN"; }
say_command() { printf '%s%s$%s %s\n' "$DIM" "$1" "$PLAIN" "${2//"$PWD/"/}" >&2; }
say_refused() { printf '%s%s%s\n' "$GREEN" "$*" "$PLAIN"; }
say_failed() { printf '%smake ship: %s%s\n' "$RED" "$*" "$PLAIN" >&2; }
die() {
	say_failed "$*"
	exit 1
}

# Waits for a process; on a terminal with the time that went by.
wait_long() { # what, log, pid
	local start=$SECONDS status=0
	if [ -t 1 ]; then
		while kill -0 "$3" 2>/dev/null; do
			printf '\r\e[K%s %s s  %s' "$1" $((SECONDS - start)) \
				"$DIM$(tail -n 1 "$2" 2>/dev/null | tr -d '\r\033' | cut -c 1-60)$PLAIN"
			sleep 0.2
		done
		printf '\r\e[K'
	fi
	wait "$3" || status=$?
	if [ $status -ne 0 ]; then
		tail -n 30 "$2" >&2
		die "$1 failed with status $status; its whole output is in $2"
	fi
	printf '%s: done in %s s\n' "$1" $((SECONDS - start))
}

run_long() { # what, log, command...
	local what=$1 log=$2
	shift 2
	[ -t 1 ] || printf '%s\n' "$what"
	"$@" >"$log" 2>&1 </dev/null 9>&- &
	wait_long "$what" "$log" $!
}
