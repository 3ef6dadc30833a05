# The command line itself: usage, help, errors, exit codes, configuration, completion, manual pages.
load ../lib/common

setup() { common_setup; export HOME=$BATS_TEST_TMPDIR; }
teardown() { common_teardown; }

# stdout and stderr apart: $out, $err, $status.
both() {
	status=0
	"$PLIMSOLL" "$@" >out 2>err || status=$?
	out=$(<out) err=$(<err)
}

@test "alone: short usage on stderr, exit 2" {
	both
	assert_status 2
	assert_eq "$out" ""
	[[ $err == *"Usage: plimsoll"* ]]
	[ "$(wc -l <err)" -le 3 ]
}

@test "help on stdout, exit 0, the same in each form" {
	both help
	assert_status 0
	assert_eq "$err" ""
	[[ $out == *"Usage:  plimsoll"*"Trail:"*"trail"*"Global options:"*"--state DIR"* ]]
	cp out first
	both --help
	cmp out first
	both -h
	cmp out first
}

@test "help of a command in each form" {
	both help trail show
	assert_status 0
	cp out first
	[[ $out == *"Usage:  plimsoll trail show"*"--last N"*"Examples:"* ]]
	for words in "trail show --help" "trail --help show" "--help trail show" "trail show -h" \
		"trail show --help --nonsense"; do
		# shellcheck disable=SC2086
		both $words
		assert_status 0
		cmp out first
	done
	both trail
	assert_status 2
}

@test "version" {
	both --version
	assert_status 0
	[[ $out =~ ^plimsoll\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	both version
	[[ $out == *openssl* ]]
	both version --format json
	assert_eq "$(jq -r .schema out)" plimsoll.version/v1
	jq -e '.version and .compiler and .libraries.openssl and (.features | index("trail"))' out
}

@test "mistakes: one line on stderr that names them and the nearest, exit 2" {
	local words
	while read -r words; do
		# shellcheck disable=SC2086
		both ${words%%|*}
		assert_status 2
		assert_eq "$out" ""
		assert_eq "$(wc -l <err)" 1
		[[ $err == *"${words##*|}"* ]] || fail "'$err' has no '${words##*|}'"
	done <<-'LIST'
		trial|unknown command 'trial', did you mean 'trail'? (try 'plimsoll --help')
		trail shwo|plimsoll: trail: unknown sub-command 'shwo', did you mean 'show'?
		trail show --lst 1|unknown option '--lst', did you mean '--last'? (try 'plimsoll trail show --help')
		version -Z|plimsoll: version: unknown option '-Z'
		doctor --format yaml|--format is table or json, not 'yaml'
		version --color sometimes|--color is auto, always or never
		version extra|too many arguments
		trail show --last x|option '--last' needs a number
		trail show --last|option '--last' needs N
		help nonsense|unknown command 'nonsense'
		completion tcsh|bash, zsh and fish are known
		man nonsense|no command 'nonsense'
	LIST
}

@test "an error has the command's name, a mend line, and with --debug its origin" {
	both --state "$STATE" trail show
	assert_status 5
	[[ $err == "plimsoll: trail show: there is no trail in"* ]]
	[[ $err == *$'\n  mend: '* ]]
	both --state "$STATE" --debug trail show
	[[ $err == *"src/trail/log.c:"* ]]
	[[ $err != *$'\e'* ]]
	both --state "$STATE" --color always trail show
	[[ $err == *$'\e[1;31m'* ]]
}

@test "control characters from outside do not reach the terminal" {
	both $'evil\e[2Jcommand'
	assert_status 2
	[[ $err != *$'\e'* ]]
}

@test "a full disk for our output is exit 6, a closed pipe is silent" {
	run bash -c '"$PLIMSOLL" version >/dev/full'
	assert_status 6
	assert_output_has "standard output"
	run bash -c '"$PLIMSOLL" help >/dev/full'
	assert_status 6
	run bash -c '(sleep 0.2; "$PLIMSOLL" version; echo "$?" >code) 2>err | true; cat err'
	assert_eq "$output" ""
}

@test "the state folder: --state, PLIMSOLL_STATE, XDG_DATA_HOME" {
	PLIMSOLL_STATE=$PWD/env both trail show
	[[ $err == *"'$PWD/env'"* ]]
	PLIMSOLL_STATE=$PWD/env both --state "$PWD/opt" trail show
	[[ $err == *"'$PWD/opt'"* ]]
	both --state= trail show
	assert_status 2
	both --state /dev/null/x trail show
	assert_status 6
	[[ $err == *"mend:"*"--state DIR"* ]]
}

@test "configuration: bad files are named, exit 2" {
	mkdir -p .config/plimsoll
	printf 'gate:\n  fail-on: high\n' >.config/plimsoll/plimsoll.yaml
	both version
	assert_status 0
	printf 'gaet:\n  fail-on: high\n' >.config/plimsoll/plimsoll.yaml
	both version
	assert_status 2
	[[ $err == *".config/plimsoll/plimsoll.yaml: unknown section 'gaet', did you mean 'gate'?"* ]]
	rm .config/plimsoll/plimsoll.yaml
	printf 'gate:\n  fail_on: high\n' >bad.yaml # what nothing reads is not passed over
	both --config bad.yaml version
	assert_status 2
	[[ $err == *"unknown key 'gate.fail_on', did you mean 'gate.fail-on'?"* ]]
	printf 'gate: [\n' >bad.yaml
	both --config bad.yaml version
	assert_status 2
	[[ $err == *bad.yaml* ]]
	both --config missing.yaml version
	assert_status 5
	mkdir -p xdg/plimsoll
	echo 'nope: 1' >xdg/plimsoll/plimsoll.yaml
	XDG_CONFIG_HOME=$PWD/xdg both version
	assert_status 2
	# Not a command of ours: help needs no configuration.
	XDG_CONFIG_HOME=$PWD/xdg both --help
	assert_status 0
}

@test "bash completion parses, and completes" {
	"$PLIMSOLL" completion bash >completion.bash
	bash -n completion.bash
	complete_line() { # words...: what bash would offer for the last one
		bash -c 'source ./completion.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _plimsoll; printf "%s\n" "${COMPREPLY[@]}"' \
			_ "$@"
	}
	assert_eq "$(complete_line plimsoll tra)" trail
	assert_eq "$(complete_line plimsoll trail sh)" show
	assert_eq "$(complete_line plimsoll trail show --la)" --last
	assert_eq "$(complete_line plimsoll --quiet trail show --las)" --last
	assert_eq "$(complete_line plimsoll trail show --sta)" --state
	assert_eq "$(complete_line plimsoll trail show sh)" ""
}

@test "zsh and fish completion parse where these shells are" {
	need_cmd zsh fish
	"$PLIMSOLL" completion zsh >c.zsh
	"$PLIMSOLL" completion fish >c.fish
	zsh -n c.zsh
	fish -n c.fish
}

@test "every command has a manual page that scdoc reads, with the promised sections" {
	need_cmd scdoc
	local page section
	for page in "" $("$PLIMSOLL" version --format json | jq -r '.features[]'); do
		"$PLIMSOLL" man $page >page.scd
		scdoc <page.scd >page.1
		for section in NAME SYNOPSIS DESCRIPTION OPTIONS EXAMPLES "EXIT STATUS" FILES ENVIRONMENT "SEE ALSO"; do
			grep -qx "# $section" page.scd || fail "plimsoll $page(1) has no $section"
		done
	done
}

@test "options in --help stand in the manual page as it is read" {
	need_cmd scdoc man
	local page option
	for page in $("$PLIMSOLL" version --format json | jq -r '.features[]'); do
		"$PLIMSOLL" man "$page" | scdoc | MANWIDTH=200 man -l - | col -b >page.txt
		for option in $("$PLIMSOLL" "$page" --help | grep -oE '^ {2,6}(-., )?--[a-z0-9-]+' | grep -oE -- '--[a-z0-9-]+'); do
			grep -qF -- "$option" page.txt || fail "plimsoll $page(1) has no $option"
		done
	done
}
