/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/container/containers.h"

static int run_rename(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	auto_container found = CONTAINER_INIT;
	const struct state *state;
	struct subject subject;
	int r = cli_state(c, &state, e);

	(void)opts, (void)argc;
	if (r == 0)
		r = container_reap(state, e);
	if (r == 0)
		r = container_find(state, argv[0], &found, e);
	if (r < 0)
		return r;
	cli_subject(state, argv[0], &subject);
	r = container_rename(state, &found, argv[1], e);
	return cli_note_container(c, "rename", argv[0], &subject, r,
				  json_pack("{s:s}", "newName", argv[1]), e);
}

const struct command cmd_rename = {
	.name = "rename",
	.group = "Containers",
	.args = "CONTAINER NAME",
	.brief = "Give a container another name",
	.example = "plimsoll rename web web-old",
	.min_args = 2,
	.max_args = 2,
	.run = run_rename,
};

static int print_port(struct cli *c, const struct port *p, bool bare, struct err *e)
{
	const char *ip = p->ip[0] ? p->ip : "0.0.0.0";
	const bool six = strchr(ip, ':') != NULL;

	if (!bare) {
		int r = cli_print(c, e, "%u/%s -> ", p->container, p->udp ? "udp" : "tcp");

		if (r < 0)
			return r;
	}
	return cli_print(c, e, "%s%s%s:%u\n", six ? "[" : "", ip, six ? "]" : "", p->host);
}

/* "80", "80/tcp". */
static int parse_private(const char *text, uint64_t *ret_port, bool *ret_udp, struct err *e)
{
	struct str rest = str_of(text), number;

	(void)str_cut(&rest, '/', &number);
	*ret_udp = str_eqz(rest, "udp");
	if (str_u64(number, 65535, ret_port, NULL) < 0 ||
	    (rest.n && !*ret_udp && !str_eqz(rest, "tcp")))
		return FAIL(e, E_USAGE, "'%s' is no port: want 80, 80/tcp or 80/udp", text);
	return 0;
}

struct port_opts {
	bool latest, all;
};

static int print_ports(struct cli *c, const struct container *found, const char *wanted,
		       struct err *e)
{
	uint64_t number = 0;
	bool udp = false, any = false;
	int r = wanted ? parse_private(wanted, &number, &udp, e) : 0;

	for (size_t i = 0; r == 0 && found->ports && i < found->ports->n; i++) {
		const struct port *p = &found->ports->p[i];

		if (wanted && (p->container != number || p->udp != udp))
			continue;
		any = true;
		r = print_port(c, p, wanted, e);
	}
	if (r == 0 && wanted && !any)
		r = FAIL(e, E_NOTFOUND, "no port '%s' of container '%s' is published", wanted,
			 found->name);
	return r;
}

/* podman's --all: those that run, each with its id. */
static int print_all_ports(void *arg, struct container *found, struct err *e)
{
	struct cli *c = arg;
	struct container_status status;
	int r = container_status(found, &status, e);

	if (r < 0 || found->kind == CONTAINER_STEP || status.phase != PHASE_RUNNING ||
	    !found->ports || !found->ports->n)
		return r;
	r = cli_print(c, e, "%.*s\n", CONTAINER_SHORT, found->id);
	return r == 0 ? print_ports(c, found, NULL, e) : r;
}

static int run_port(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct port_opts *o = opts;
	const int named = !o->latest;
	auto_container found = CONTAINER_INIT;
	auto_free char *name = NULL;
	const struct state *state;
	int r = cli_state(c, &state, e);

	if (r == 0 && o->all && (o->latest || argc))
		r = FAIL(e, E_USAGE, "--all and names do not go together");
	if (r < 0 || o->all)
		return r < 0 ? r : container_each(state, print_all_ports, c, e);
	if (argc > named + 1)
		return FAIL(e, E_USAGE, "one port at a time");
	r = cli_one_container(c, o->latest, named && argc ? 1 : 0, argv, &name, e);
	if (r == 0)
		r = container_find(state, name, &found, e);
	return r == 0 ? print_ports(c, &found, argc > named ? argv[named] : NULL, e) : r;
}

static const struct opt port_table[] = {
	OPT_AT(struct port_opts, all, "all", 'a', OPT_FLAG, NULL, "of every one that runs"),
	OPT_AT(struct port_opts, latest, "latest", 'l', OPT_FLAG, NULL, "of the newest container"),
	OPT_END,
};

const struct command cmd_port = {
	.name = "port",
	.group = "Containers",
	.args = "CONTAINER [PORT[/tcp|/udp]]",
	.brief = "Show where a container's ports are published",
	.example = "plimsoll port web\nplimsoll port web 80",
	.opts = port_table,
	.opts_size = sizeof(struct port_opts),
	.min_args = 0,
	.max_args = 2,
	.run = run_port,
};
