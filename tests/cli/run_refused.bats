#!/usr/bin/env bats
# Options that docker's and podman's run and exec have: each is known to ours, be it that it works or that a sentence says
# why not and what to use instead. Nothing is started.

load ../lib/common
bats_require_minimum_version 1.5.0

setup() { common_setup; }
teardown() { common_teardown; }

# All of docker 29's and podman 4.3's, of run and create.
ALL="add-host annotation arch attach authfile blkio-weight blkio-weight-device cap-add cap-drop cgroup-conf cgroup-parent
cgroupns cgroups chrootdirs cidfile conmon-pidfile cpu-count cpu-percent cpu-period cpu-quota cpu-rt-period cpu-rt-runtime
cpu-shares cpus cpuset-cpus cpuset-mems detach detach-keys device device-cgroup-rule device-read-bps device-read-iops
device-write-bps device-write-iops disable-content-trust dns dns-option dns-search domainname entrypoint env env-file
env-host env-merge expose gidmap gpus group-add health-cmd health-interval health-on-failure health-retries
health-start-interval health-start-period health-timeout help hostname hostuser http-proxy image-volume init init-ctr
init-path interactive io-maxbandwidth io-maxiops ip ip6 ipc isolation kernel-memory label label-file link link-local-ip
log-driver log-opt mac-address memory memory-reservation memory-swap memory-swappiness mount name network network-alias
no-healthcheck no-hosts oom-kill-disable oom-score-adj os passwd passwd-entry personality pid pidfile pids-limit platform
pod pod-id-file preserve-fds privileged publish publish-all pull quiet read-only read-only-tmpfs replace requires restart
rm rmi rootfs runtime sdnotify seccomp-policy secret security-opt shm-size sig-proxy stop-signal stop-timeout storage-opt
subgidname subuidname sysctl systemd timeout tls-verify tmpfs tty tz uidmap ulimit umask unsetenv unsetenv-all
use-api-socket user userns uts variant volume volume-driver volumes-from workdir"

@test "every option of docker's and podman's run is known, or refused with what to use instead" {
	local option
	for option in $ALL; do
		run plimsoll run "--$option=x"
		[[ "$output" != *"unknown option"* ]] || fail "$output"
		run plimsoll create "--$option=x"
		[[ "$output" != *"unknown option"* ]] || fail "$output"
	done
	for option in detach detach-keys env env-file interactive latest preserve-fds privileged tty user workdir; do
		run plimsoll exec "--$option=x"
		[[ "$output" != *"unknown option"* ]] || fail "$output"
	done
	run plimsoll run --nosuch x
	assert_status 2
	assert_output_has "unknown option"
}

@test "what is refused says why, and what to do instead; its value is not taken for the image" {
	run plimsoll run --link db:db base:1
	assert_status 2
	assert_output_has "--link db:db: there are no links" "mend: containers reach each other by published ports"
	run plimsoll run --gpus=all base:1
	assert_status 2
	assert_output_has "--gpus all" "--device"
	run plimsoll run --oom-kill-disable base:1
	assert_status 2
	assert_output_has "would hang"
	run plimsoll exec --detach-keys ctrl-x c sh
	assert_status 2
	assert_output_has "exec -d"
}

@test "what only says how it is anyway is taken" {
	local option
	for option in "--isolation default" --isolation=process --disable-content-trust=false --http-proxy=false --sig-proxy \
		--sig-proxy=true --tls-verify "--image-volume anonymous" --oom-kill-disable=false "--volume-driver local" \
		--detach-keys= "--cgroups enabled" "--systemd false" "--sdnotify ignore"; do
		# shellcheck disable=SC2086
		run plimsoll run $option nosuch:1
		assert_status 5
		[[ "$output" != *"$option"* ]] || fail "$output"
	done
}
