/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/road.h"
#include "cli/run_options.h"

#define FIELD(field, name_, letter_, kind_, arg_, help_)                                           \
	OPT_AT(struct run_cli_opts, field, name_, letter_, kind_, arg_, help_)

const struct opt run_option_table[] = {
	FIELD(detach, "detach", 'd', OPT_FLAG, NULL, "run in the background and print the id"),
	FIELD(interactive, "interactive", 'i', OPT_FLAG, NULL, "hand on standard input"),
	FIELD(tty, "tty", 't', OPT_FLAG, NULL, "give it a terminal"),
	FIELD(rm, "rm", 0, OPT_FLAG, NULL, "remove the container once it ended"),
	FIELD(name, "name", 0, OPT_STRING, "NAME", "name of the container"),
	FIELD(cidfile, "cidfile", 0, OPT_STRING, "FILE", "write its id to this new file"),
	FIELD(profile, "profile", 0, OPT_STRING, "FILE",
	      "what this service needs beyond the default, or does without"),
	FIELD(platform, "platform", 0, OPT_STRING, "OS/ARCH",
	      "refuse an image of another platform than this machine's"),
	/* What it runs. */
	FIELD(env, "env", 'e', OPT_LIST, "NAME[=VALUE]", "set an environment variable"),
	FIELD(env_file, "env-file", 0, OPT_LIST, "FILE", "set those of a file"),
	FIELD(user, "user", 'u', OPT_STRING, "USER[:GROUP]", "run as this user"),
	FIELD(group_add, "group-add", 0, OPT_LIST, "GROUP", "give the user a further group"),
	FIELD(workdir, "workdir", 'w', OPT_STRING, "PATH", "run in this folder"),
	FIELD(entrypoint, "entrypoint", 0, OPT_STRING, "PROGRAM", "run this, not the image's"),
	FIELD(stop_signal, "stop-signal", 0, OPT_STRING, "SIGNAL",
	      "what stop sends first (the image's, or TERM)"),
	FIELD(stop_timeout, "stop-timeout", 0, OPT_STRING, "SECONDS",
	      "how long stop waits before it kills (default 10)"),
	FIELD(restart, "restart", 0, OPT_STRING, "POLICY",
	      "with -d, when it ended: no (default), on-failure[:N], always, unless-stopped"),
	FIELD(label, "label", 'l', OPT_LIST, "KEY=VALUE", "note on the container"),
	FIELD(label_file, "label-file", 0, OPT_LIST, "FILE", "those of a file, one a line"),
	/* What it sees. */
	FIELD(volume, "volume", 'v', OPT_LIST, "[HOST|NAME:]PATH[:OPTIONS]",
	      "show a folder of the host, a named volume, or an empty one of its own; options: ro, "
	      "noexec, nocopy, U"),
	FIELD(mount, "mount", 0, OPT_LIST, "type=TYPE,...",
	      "the same in words: type=bind|volume|tmpfs, src=, dst=, ro, noexec, volume-nocopy, "
	      "tmpfs-size=, tmpfs-mode="),
	FIELD(tmpfs, "tmpfs", 0, OPT_LIST, "PATH[:size=64m,...]",
	      "a folder in memory; options: size=, mode=, uid=, gid=, nr_inodes=, ro, exec"),
	{ .name = "read-only",
	  .kind = OPT_FLAG,
	  .offset = offsetof(struct run_cli_opts, writable),
	  .help = "root cannot be written (default; --read-only=false: it can)",
	  .inverted = true },
	FIELD(shm_size, "shm-size", 0, OPT_STRING, "SIZE", "of /dev/shm (default 64m)"),
	/* Its network. */
	FIELD(publish, "publish", 'p', OPT_LIST, "[IP:]HOST:PORT[/udp]",
	      "hand connections to a port of the host on (every address without IP)"),
	FIELD(hostname, "hostname", 0, OPT_STRING, "NAME", "host name (default: the short id)"),
	FIELD(network, "network", 0, OPT_STRING, "KIND", "pasta (default) or none"),
	FIELD(add_host, "add-host", 0, OPT_LIST, "NAME:ADDRESS", "a line of /etc/hosts"),
	FIELD(dns, "dns", 0, OPT_LIST, "ADDRESS", "a name server instead of the host's"),
	FIELD(dns_search, "dns-search", 0, OPT_LIST, "DOMAIN",
	      "search here instead of where the host does ('.': nowhere)"),
	FIELD(dns_option, "dns-option", 0, OPT_LIST, "OPTION", "an option of resolv.conf(5)"),
	/* Its limits. */
	FIELD(memory, "memory", 'm', OPT_STRING, "SIZE", "at most this memory (default 1g)"),
	FIELD(memory_reservation, "memory-reservation", 0, OPT_STRING, "SIZE",
	      "what it is pressed back to when the host's memory is short"),
	FIELD(memory_swap, "memory-swap", 0, OPT_STRING, "SIZE",
	      "memory and swap together (default: no swap)"),
	FIELD(cpus, "cpus", 0, OPT_STRING, "N", "at most this many cores (default 1)"),
	FIELD(cpu_shares, "cpu-shares", 'c', OPT_U64, "N",
	      "weight against others, 2 to 1024 (default)"),
	FIELD(cpuset_cpus, "cpuset-cpus", 0, OPT_STRING, "LIST", "on these cores only: 0-1,3"),
	FIELD(pids_limit, "pids-limit", 0, OPT_U64, "N", "at most N processes (default 512)"),
	FIELD(ulimit, "ulimit", 0, OPT_LIST, "NAME=SOFT[:HARD]", "a limit of each process"),
	FIELD(oom_score_adj, "oom-score-adj", 0, OPT_STRING, "N",
	      "0 to 1000: sooner killed when the host's memory is short"),
	FIELD(sysctl, "sysctl", 0, OPT_LIST, "KEY=VALUE",
	      "a kernel setting of its own: net.*, kernel.shm*, kernel.msg*, kernel.sem, "
	      "fs.mqueue.*"),
	/* Its rights. */
	FIELD(cap_add, "cap-add", 0, OPT_LIST, "CAPABILITY", "give a capability more"),
	FIELD(cap_drop, "cap-drop", 0, OPT_LIST, "CAPABILITY", "take one away, or ALL"),
	FIELD(security_opt, "security-opt", 0, OPT_LIST, "OPTION",
	      "no-new-privileges, which is so anyway; others are refused"),
	FIELD(reason, "reason", 0, OPT_STRING, "TEXT",
	      "why it needs what the policy allows by name; the trail keeps it"),
	FIELD(privileged, "privileged", 0, OPT_FLAG, NULL, "refused"),
	FIELD(pid, "pid", 0, OPT_STRING, "KIND", "private (default); others are refused"),
	FIELD(ipc, "ipc", 0, OPT_STRING, "KIND", "private (default); others are refused"),
	/* Whether the image may run. */
	FIELD(fail_on, "fail-on", 0, OPT_STRING, "SEVERITY",
	      "refuse findings of this severity and above (high; what has no fix passes)"),
	MAX_AGE_OPTION(struct run_cli_opts),
	FIELD(ignore_unfixed, "ignore-unfixed", 0, OPT_FLAG, NULL,
	      "with --fail-on: let findings pass for which no fix is known"),
	OPT_END,
};
