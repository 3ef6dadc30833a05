# What every bats file begins with:
#
#     load ../lib/common            (or: source, from elsewhere)
#     setup() { common_setup; }
#     teardown() { common_teardown; }
#
# Gives: $PLIMSOLL, the binary under test; $STATE, a fresh state folder; plimsoll, which runs the one on the other;
# assertions that print what they saw; and a teardown that fails a test which left a mount, a process or a cgroup.
# shellcheck shell=bash

PLIMSOLL_SRC=${PLIMSOLL_SRC:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
PLIMSOLL=${PLIMSOLL:-$PLIMSOLL_SRC/build-asan/src/cli/plimsoll}
PLIMSOLL_SHARED=${PLIMSOLL_SHARED:-$PLIMSOLL_SRC/../shared}
export PLIMSOLL PLIMSOLL_SRC PLIMSOLL_SHARED
export NO_COLOR=1 LC_ALL=C.UTF-8
unset PLIMSOLL_STATE XDG_CONFIG_HOME XDG_DATA_HOME

common_setup() {
	STATE=$BATS_TEST_TMPDIR/state
	cd "$BATS_TEST_TMPDIR" || return 1
	[ -x "$PLIMSOLL" ] || { echo "no binary at $PLIMSOLL: ninja -C build-asan" >&2; return 1; }
}

common_teardown() {
	nothing_left
}

plimsoll() {
	"$PLIMSOLL" --state "$STATE" "$@"
}

# What this machine must have, else the test is skipped by name.
need_root() {
	[ "$(id -u)" = 0 ] || skip "needs root"
}

need_cmd() {
	local c
	for c; do
		command -v "$c" >/dev/null || skip "needs $c"
	done
}

need_shared() { # file beneath shared/; sets $SHARED_FILE
	SHARED_FILE=$PLIMSOLL_SHARED/$1
	[ -e "$SHARED_FILE" ] || skip "needs shared/$1 (PLIMSOLL_SHARED)"
}

# Assertions. After `run`: $status and $output.
fail() {
	printf '%s\n' "$@" >&2
	return 1
}

assert_status() { # code
	[ "$status" -eq "$1" ] || fail "exit status $status, expected $1; output:" "$output"
}

assert_output_has() { # fixed string...
	local s
	for s; do
		[[ "$output" == *"$s"* ]] || fail "output has no '$s':" "$output"
	done
}

refute_output_has() { # fixed string...
	local s
	for s; do
		[[ "$output" != *"$s"* ]] || fail "output has '$s':" "$output"
	done
}

assert_eq() { # got, expected
	[ "$1" = "$2" ] || fail "got '$1', expected '$2'"
}

# What a test may have left. Everything of ours carries the test's own folder in its name or arguments, so tests of
# other users of the machine are not mistaken for it.
leftover_mounts() {
	grep -F " $BATS_TEST_TMPDIR" /proc/self/mountinfo || true
}

leftover_processes() {
	local file pid
	# The pattern by file, so that grep does not find itself.
	printf '%s' "$BATS_TEST_TMPDIR" >"$BATS_RUN_TMPDIR/self"
	for file in $(grep -laF -f "$BATS_RUN_TMPDIR/self" /proc/[0-9]*/cmdline 2>/dev/null); do
		pid=${file//[^0-9]/}
		[ "$pid" = $$ ] || [ "$pid" = "$BASHPID" ] || [ "$pid" = "$PPID" ] ||
			printf '%s %s\n' "$pid" "$(tr '\0' ' ' 2>/dev/null <"$file")"
	done
}

leftover_cgroups() {
	local c
	[ -d "$STATE/containers" ] || return 0
	for c in "$STATE"/containers/*/; do
		[ -d "$c" ] || continue
		c=$(basename "$c")
		find /sys/fs/cgroup -type d -name "*$c*" 2>/dev/null || true
	done
}

nothing_left() {
	local try left
	for try in 1 2 3 4 5 6 7 8 9 10; do
		left=$(leftover_mounts; leftover_processes; leftover_cgroups)
		[ -z "$left" ] && return 0
		sleep 0.$try
	done
	fail "left behind:" "$left"
}

# A port on loopback that nobody listens on now.
free_port() {
	local port
	for port in $(shuf -i 20000-32000 -n 50); do
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
	done
	fail "no free port"
}

wait_for() { # seconds, command...
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || { fail "still not after its time: $*"; return 1; }
		sleep 0.1
	done
}

dead() { # pid; a zombie is, too
	! grep -q '^State:.[^XZ]' "/proc/$1/status" 2>/dev/null
}

# Returns when they are dead: until then others may find them alive.
kill_9() { # pid...
	local pid
	kill -9 "$@" || true # some may have ended by themselves
	for pid; do wait_for 20 dead "$pid"; done
}

# Debian's registry on loopback: sets $REGISTRY (host:port) and $REGISTRY_ROOT. registry_stop ends it.
registry_start() {
	local port
	port=$(free_port)
	REGISTRY=127.0.0.1:$port
	REGISTRY_ROOT=$BATS_TEST_TMPDIR/registry
	mkdir -p "$REGISTRY_ROOT"
	cat >"$BATS_TEST_TMPDIR/registry.yml" <<-YML
		version: 0.1
		log: {level: warn}
		storage: {filesystem: {rootdirectory: $REGISTRY_ROOT}, delete: {enabled: true}}
		http: {addr: $REGISTRY}
	YML
	docker-registry serve "$BATS_TEST_TMPDIR/registry.yml" >"$BATS_TEST_TMPDIR/registry.log" 2>&1 3>&- &
	REGISTRY_PID=$!
	wait_for 20 curl -sf -o "$BATS_TEST_TMPDIR/registry.v2" "http://$REGISTRY/v2/"
}

registry_stop() {
	[ -z "${REGISTRY_PID:-}" ] && return 0
	kill "$REGISTRY_PID" 2>/dev/null || true
	wait "$REGISTRY_PID" 2>/dev/null || true
	REGISTRY_PID=
}

# A tiny root filesystem without network: one static program and Debian's package list of one package.
#     tiny_rootfs DIR   (needs gcc)
tiny_rootfs() {
	mkdir -p "$1"/{bin,etc,tmp,var/lib/dpkg,proc,sys,dev}
	chmod 1777 "$1/tmp"
	printf 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n' \
		>"$1/etc/os-release"
	printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n' >"$1/etc/passwd"
	printf 'root:x:0:\nnogroup:x:65534:\n' >"$1/etc/group"
	printf 'Package: tiny\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0-1\n\n' \
		>"$1/var/lib/dpkg/status"
}

# A root filesystem with a shell, made of this machine's own dash and the libraries it needs: no network.
#     host_rootfs DIR [PROGRAM...]
host_rootfs() {
	local dir=$1 prog lib
	shift
	tiny_rootfs "$dir"
	for prog in dash cat ls id sleep "$@"; do
		prog=$(readlink -f "$(type -P "$prog")")
		install -D "$prog" "$dir/bin/$(basename "$prog")"
		for lib in $(ldd "$prog" 2>/dev/null | grep -o '/[^ ]*'); do
			install -D "$lib" "$dir$lib"
		done
	done
	ln -sf dash "$dir/bin/sh"
}

# Debian's dockerd with everything of its own and no bridge: sets $DOCKER_SOCKET. docker_stop ends it.
docker_start() {
	local dir=$BATS_TEST_TMPDIR/docker
	mkdir -p "$dir"
	DOCKER_SOCKET=unix://$dir/sock
	DOCKER_CONFIG=$dir/config
	export DOCKER_CONFIG
	dockerd --data-root "$dir/root" --exec-root "$dir/exec" -H "$DOCKER_SOCKET" --pidfile "$dir/pid" \
		--iptables=false --ip6tables=false --bridge=none >"$dir/log" 2>&1 3>&- &
	DOCKERD_PID=$!
	wait_for 60 docker -H "$DOCKER_SOCKET" version >"$dir/version" 2>&1
}

docker_stop() {
	[ -z "${DOCKERD_PID:-}" ] && return 0
	kill "$DOCKERD_PID" 2>/dev/null || true
	wait "$DOCKERD_PID" 2>/dev/null || true
	DOCKERD_PID=
	umount "$BATS_TEST_TMPDIR/docker/exec/netns/default" 2>/dev/null || true
}
