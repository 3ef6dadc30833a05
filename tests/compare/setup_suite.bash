# One docker daemon, one state folder and one base image for all files of this folder; bats finds this file by its name.
# shellcheck shell=bash
# shellcheck source=../lib/common.bash
source "${BASH_SOURCE[0]%/*}/../lib/common.bash"
# shellcheck source=../lib/compare.bash
source "${BASH_SOURCE[0]%/*}/../lib/compare.bash"

setup_suite() {
	compare_have_all || return 0 # each test says what it misses
	STATE=$COMPARE_STATE
	BATS_TEST_TMPDIR=$BATS_SUITE_TMPDIR
	(cd "$BATS_SUITE_TMPDIR" && context)
	compare_base
	docker_start
	export DOCKERD_PID DOCKER_HOST=$DOCKER_SOCKET
	"$DOCKER" load -q -i "$BATS_SUITE_TMPDIR/base.docker"
}

teardown_suite() {
	BATS_TEST_TMPDIR=$BATS_SUITE_TMPDIR
	docker_stop
	nothing_left
}
