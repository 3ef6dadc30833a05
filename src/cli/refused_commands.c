/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of docker and podman that are not for us: known so that whoever types one is told what
 * to use. */
#include "cli/refused_commands.h"

#include <string.h>

static const struct {
	const char *name;
	enum err_code code;
	const char *why, *instead;
} table[] = {
	{ "commit", E_POLICY,
	  "there is no commit: of an image made from what a container did nobody knows how it was "
	  "made, and only builds and imports are scanned and signed",
	  "write a Dockerfile and use plimsoll build; plimsoll diff and plimsoll cp show what the "
	  "container changed" },
	{ "network", E_USAGE,
	  "there are no named networks: each container has a network of its own, which reaches "
	  "outward, and is reached by the ports that it publishes",
	  "-p HOST:PORT, --network none, or --network container:NAME of run" },
	{ "load", E_USAGE, "an image comes in by import, which checks, scans and signs it",
	  "plimsoll import FILE NAME[:TAG]; of several images FILE:NAME picks one" },
	{ "search", E_USAGE, "a registry is not searched",
	  "plimsoll tags REPOSITORY lists what a repository has" },
	{ "compose", E_USAGE, "files of compose are not read",
	  "plimsoll run of each service, with --restart and -p" },
	{ "builder", E_USAGE, "there is one builder, which is no service",
	  "plimsoll build; plimsoll cache du and plimsoll cache prune" },
	{ "buildx", E_USAGE, "there is one builder, which is no service",
	  "plimsoll build; plimsoll cache du and plimsoll cache prune" },
	{ "context", E_USAGE, "there is no daemon to choose",
	  "--state DIR chooses the state folder" },
	{ "manifest", E_USAGE, "an index is looked at and copied, not put together",
	  "plimsoll inspect docker://REF; plimsoll copy" },
	{ "plugin", E_USAGE, "there are no plugins", "plimsoll --help" },
	{ "pod", E_USAGE, "there are no pods", "--network, --pid and --ipc container:NAME of run" },
	{ "kube", E_USAGE, "there are no pods", "plimsoll run of each container" },
	{ "machine", E_USAGE, "containers run on this machine", "plimsoll doctor" },
	{ "secret", E_USAGE, "secrets are not kept here",
	  "--secret id=NAME,src=FILE of run and build" },
	{ "swarm", E_USAGE, "there is one machine", "plimsoll run --restart always" },
	{ "service", E_USAGE, "there is one machine",
	  "plimsoll run --restart always, or plimsoll generate systemd" },
	{ "stack", E_USAGE, "there is one machine", "plimsoll run of each service" },
	{ "node", E_USAGE, "there is one machine", "plimsoll info" },
	{ "play", E_USAGE, "there are no pods", "plimsoll run of each container" },
	{ "auto-update", E_USAGE, "an image changes when somebody says so",
	  "plimsoll pull and plimsoll run --replace; plimsoll watch run tells of findings" },
	{ "unshare", E_USAGE, "who is not root enters his own namespace by himself",
	  "the command itself" },
	{ "mount", E_USAGE, "nothing of a container is mounted on the host",
	  "plimsoll cp, plimsoll export or plimsoll diff" },
	{ "unmount", E_USAGE, "nothing of a container is mounted on the host",
	  "plimsoll cp, plimsoll export or plimsoll diff" },
	{ "checkpoint", E_USAGE, "a process that was stored would start without being admitted",
	  "plimsoll pause; volumes keep data" },
	{ "init", E_USAGE, "a container is made ready and started in one step",
	  "plimsoll start NAME" },
};

int refused_command(const char *name, struct err *e)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(table[i].name, name) == 0)
			return err_hint(e, FAIL(e, table[i].code, "%s: %s", name, table[i].why),
					"%s", table[i].instead);
	return 0;
}
