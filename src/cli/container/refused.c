/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/container/refused.h"

#include <string.h>

#define NETWORKS "containers reach each other by published ports (-p), or --network container:NAME"
#define IDS "each container has 65,536 ids of its own; volumes are translated"
#define DEVICES "--device PATH, where the policy allows it by name"
#define GROUPS "--memory, --cpus, --pids-limit and the like; 'plimsoll run --help'"
#define ROAD "the registry and its keys are in plimsoll.yaml: docs/registries.md"

const struct refused_opt run_refused[] = {
	/* Said for what is so anyway. */
	{ "cgroups", false, "enabled", "without control groups nothing would limit it", GROUPS },
	{ "disable-content-trust", true, "false", "an image runs because its signature was checked",
	  "plimsoll sign IMAGE, or plimsoll trust add" },
	{ "http-proxy", true, "false", "our proxies' addresses may hold passwords",
	  "-e http_proxy -e https_proxy -e no_proxy takes ours" },
	{ "image-volume", false, "anonymous bind", "a VOLUME of the image is a folder of its own",
	  "--tmpfs PATH puts memory there" },
	{ "isolation", false, "default process", "there is one kind of isolation on Linux",
	  "leave it out" },
	{ "oom-kill-disable", true, "false",
	  "a container at its limit that is not ended would hang, and hold what it has",
	  "--memory" },
	{ "passwd", true, "false", "the image's /etc/passwd stays as it was signed",
	  "-e HOME=..., and --user with numbers" },
	{ "read-only-tmpfs", true, "true", "/tmp, /run and /dev/shm are in memory",
	  "--read-only=false for a root that can be written" },
	{ "seccomp-policy", false, "default", "an image does not choose its own filter",
	  "--security-opt seccomp=FILE" },
	{ "sig-proxy", true, "true", "one in the foreground ends with us",
	  "run -d, then attach --sig-proxy=false" },
	{ "systemd", false, "false", "systemd within needs control groups that can be written",
	  "run the service's own program, with --init" },
	{ "tls-verify", true, "true", "registries are verified", ROAD },
	{ "volume-driver", false, "local", "volumes are folders of this host", "-v NAME:PATH" },
	{ "preserve-fds", false, "0", "what is open here is not for the container",
	  "-v FILE:PATH:ro, or --secret" },
	{ "detach-keys", false, "", "one in the foreground ends with its terminal",
	  "run -dit, then attach --detach-keys KEYS" },

	/* Network. */
	{ "ip", false, NULL, "the address is the host's own (pasta)", NETWORKS },
	{ "ip6", false, NULL, "the address is the host's own (pasta)", NETWORKS },
	{ "link", false, NULL, "there are no links", NETWORKS },
	{ "link-local-ip", false, NULL, "the address is the host's own (pasta)", NETWORKS },
	{ "mac-address", false, NULL,
	  "the container's network device is behind pasta: no other "
	  "machine sees its address",
	  "leave it out" },
	{ "network-alias", false, NULL, "there are no named networks", NETWORKS },
	{ "net-alias", false, NULL, "there are no named networks", NETWORKS },
	{ "no-hosts", true, "false",
	  "/etc/hosts is plimsoll's: names of the image's could not be told "
	  "from the host's",
	  "--add-host NAME:ADDRESS" },
	{ "no-hostname", true, "false", "/etc/hostname is plimsoll's", "--hostname NAME" },
	{ "hosts-file", false, NULL, "/etc/hosts is plimsoll's", "--add-host NAME:ADDRESS" },

	{ "domainname", false, NULL,
	  "only the host's root may set a NIS domain name, and a "
	  "container has none of his rights",
	  "--hostname web.example.org" },

	/* Ids, groups and what the kernel is told. */
	{ "uidmap", false, NULL, "its ids are chosen by plimsoll", IDS },
	{ "gidmap", false, NULL, "its ids are chosen by plimsoll", IDS },
	{ "subuidname", false, NULL, "its ids are chosen by plimsoll", IDS },
	{ "subgidname", false, NULL, "its ids are chosen by plimsoll", IDS },
	{ "hostuser", false, NULL, "the image's /etc/passwd stays as it was signed", IDS },
	{ "passwd-entry", false, NULL, "the image's /etc/passwd stays as it was signed",
	  "--user with numbers" },
	{ "group-entry", false, NULL, "the image's /etc/group stays as it was signed",
	  "--group-add with numbers" },
	{ "cgroup-parent", false, NULL,
	  "plimsoll finds and ends a container by its own control group", GROUPS },
	{ "cgroup-conf", false, NULL, "only limits are set, each by its name", GROUPS },
	{ "cpu-rt-period", false, NULL, "real-time scheduling could starve the host",
	  "--cpu-shares" },
	{ "cpu-rt-runtime", false, NULL, "real-time scheduling could starve the host",
	  "--cpu-shares" },
	{ "kernel-memory", false, NULL, "it is part of --memory, and no longer a limit of its own",
	  "--memory" },
	{ "rdt-class", false, NULL, "caches are not divided", GROUPS },
	{ "personality", false, NULL, "the filter of system calls is for the native one",
	  "leave it out" },
	{ "device-cgroup-rule", false, NULL, "a device is given by its path", DEVICES },
	{ "gpus", false, NULL, "there is no vendor's hook that would run as root", DEVICES },
	{ "shm-size-systemd", false, NULL, "systemd does not run within", "--shm-size" },
	{ "cpu-count", false, NULL, "it is for Windows", "--cpus" },
	{ "cpu-percent", false, NULL, "it is for Windows", "--cpus" },
	{ "io-maxbandwidth", false, NULL, "it is for Windows", "--device-read-bps" },
	{ "io-maxiops", false, NULL, "it is for Windows", "--device-read-iops" },

	/* Files. */
	{ "use-api-socket", true, "false", "the socket would be the host's root", NETWORKS },
	{ "chrootdirs", false, NULL, "there is one /etc/hosts and resolv.conf", "leave it out" },
	{ "rootfs", true, "false", "only images that are signed run",
	  "plimsoll import FOLDER NAME" },
	{ "init-path", false, NULL, "the init is plimsoll's own, which nobody can replace",
	  "--init" },
	{ "conmon-pidfile", false, NULL, "the monitor's number is no contract", "--pidfile FILE" },

	/* Variables. */
	{ "env-host", true, "false", "our environment may hold secrets",
	  "-e NAME takes one of ours, -e 'PREFIX*' all that begin so" },
	{ "env-merge", false, NULL, "values are taken as they stand", "-e NAME=VALUE" },
	{ "unsetenv-all", true, "false", "the image's PATH would be gone, too", "--unsetenv NAME" },

	/* Images. */
	{ "arch", false, NULL, "this machine runs its own architecture", "--platform" },
	{ "os", false, NULL, "this machine runs Linux", "--platform" },
	{ "variant", false, NULL, "this machine runs its own architecture", "--platform" },
	{ "authfile", false, NULL, "one file has the logins", "plimsoll login REGISTRY" },
	{ "creds", false, NULL, "a password on the command line is everybody's",
	  "plimsoll login REGISTRY" },
	{ "cert-dir", false, NULL, "a registry's certificates are configured once", ROAD },
	{ "retry", false, NULL, "what can be tried again, is", "plimsoll pull IMAGE" },
	{ "retry-delay", false, NULL, "what can be tried again, is", "plimsoll pull IMAGE" },
	{ "decryption-key", false, NULL, "images are signed, not encrypted",
	  "plimsoll pull IMAGE" },

	/* Pods, and others' daemons. */
	{ "pod", false, NULL, "there are no pods",
	  "--network container:NAME, --ipc container:NAME, --pid container:NAME" },
	{ "pod-id-file", false, NULL, "there are no pods",
	  "--network container:NAME, --ipc container:NAME, --pid container:NAME" },
	{ "init-ctr", false, NULL, "there are no pods", "plimsoll run it first, without -d" },
	{ "requires", false, NULL, "what starts first is for the host's systemd to say",
	  "plimsoll generate systemd NAME" },
	{ NULL, false, NULL, NULL, NULL },
};

const struct refused_opt exec_refused[] = {
	{ "detach-keys", false, "", "a command in the foreground ends with its terminal",
	  "exec -d leaves it in the background" },
	{ "preserve-fds", false, "0", "what is open here is not for the container",
	  "pipe it in: exec -i" },
	{ "latest", true, "false", "a container is named", "plimsoll ps" },
	{ NULL, false, NULL, NULL, NULL },
};

const struct refused_opt *refused_find(const struct refused_opt *table, struct str name)
{
	for (const struct refused_opt *o = table; o && o->name; o++)
		if (str_eqz(name, o->name))
			return o;
	return NULL;
}

int refused_check(const struct refused_opt *o, const char *value, struct err *e)
{
	const char *given = value ?: "true";
	int r;

	if (o->fine && (*given ? has_word(o->fine, given) : !*o->fine))
		return 0;
	r = FAIL(e, E_USAGE, "--%s%s%.60s: %s", o->name, value ? " " : "", value ?: "", o->why);
	return err_hint(e, r, "%s", o->instead);
}
