/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of docker and podman that are not for us: known so that whoever types one is told what
 * to use. */
#include "cli/cli.h"

#define REFUSED_COMMAND(id, word, why, mend)                                                       \
	static int run_##id(struct cli *c, void *opts, int argc, char **argv, struct err *e)       \
	{                                                                                          \
		(void)c, (void)opts, (void)argc, (void)argv;                                       \
		return err_hint(e, FAIL(e, E_USAGE, why), mend);                                   \
	}                                                                                          \
	const struct command cmd_##id = { .name = word,                                            \
					  .group = "Other",                                        \
					  .args = "",                                              \
					  .brief = "Refused",                                      \
					  .hidden = true,                                          \
					  .max_args = -1,                                          \
					  .any_words = true,                                       \
					  .run = run_##id }

REFUSED_COMMAND(
	network, "network",
	"there are no named networks: each container has a network of its own, which reaches "
	"outward, and is reached by the ports that it publishes",
	"-p HOST:PORT, --network none, or --network container:NAME of run");
REFUSED_COMMAND(load, "load", "an image comes in by import, which checks, scans and signs it",
		"plimsoll import FILE NAME[:TAG]; of several images FILE:NAME picks one");
REFUSED_COMMAND(search, "search", "a registry is not searched",
		"plimsoll tags REPOSITORY lists what a repository has");
REFUSED_COMMAND(compose, "compose", "files of compose are not read",
		"plimsoll run of each service, with --restart and -p");
REFUSED_COMMAND(builder, "builder", "there is one builder, which is no service",
		"plimsoll build; plimsoll cache du and plimsoll cache prune");
REFUSED_COMMAND(buildx, "buildx", "there is one builder, which is no service",
		"plimsoll build; plimsoll cache du and plimsoll cache prune");
REFUSED_COMMAND(context, "context", "there is no daemon to choose",
		"--state DIR chooses the state folder");
REFUSED_COMMAND(manifest, "manifest", "an index is looked at and copied, not put together",
		"plimsoll inspect docker://REF; plimsoll copy");
REFUSED_COMMAND(plugin, "plugin", "there are no plugins", "plimsoll --help");
REFUSED_COMMAND(pod, "pod", "there are no pods",
		"--network, --pid and --ipc container:NAME of run");
REFUSED_COMMAND(kube, "kube", "there are no pods", "plimsoll run of each container");
REFUSED_COMMAND(machine, "machine", "containers run on this machine", "plimsoll doctor");
REFUSED_COMMAND(secret, "secret", "secrets are not kept here",
		"--secret id=NAME,src=FILE of run and build");
REFUSED_COMMAND(swarm, "swarm", "there is one machine", "plimsoll run --restart always");
REFUSED_COMMAND(service, "service", "there is one machine",
		"plimsoll run --restart always, or plimsoll generate systemd");
REFUSED_COMMAND(stack, "stack", "there is one machine", "plimsoll run of each service");
REFUSED_COMMAND(node, "node", "there is one machine", "plimsoll info");
REFUSED_COMMAND(play, "play", "there are no pods", "plimsoll run of each container");
REFUSED_COMMAND(auto_update, "auto-update", "an image changes when somebody says so",
		"plimsoll pull and plimsoll run --replace; plimsoll watch run tells of findings");
REFUSED_COMMAND(unshare, "unshare", "who is not root enters his own namespace by himself",
		"the command itself");
REFUSED_COMMAND(mount, "mount", "nothing of a container is mounted on the host",
		"plimsoll cp, plimsoll export or plimsoll diff");
REFUSED_COMMAND(unmount, "unmount", "nothing of a container is mounted on the host",
		"plimsoll cp, plimsoll export or plimsoll diff");
REFUSED_COMMAND(checkpoint, "checkpoint",
		"a process that was stored would start without being admitted",
		"plimsoll pause; volumes keep data");
REFUSED_COMMAND(init, "init", "a container is made ready and started in one step",
		"plimsoll start NAME");
