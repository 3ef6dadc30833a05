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

static int run_port(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	auto_container found = CONTAINER_INIT;
	const struct state *state;
	uint64_t wanted = 0;
	bool udp = false, any = false;
	int r = cli_state(c, &state, e);

	(void)opts;
	if (r == 0 && argc > 1)
		r = parse_private(argv[1], &wanted, &udp, e);
	if (r == 0)
		r = container_find(state, argv[0], &found, e);
	for (size_t i = 0; r == 0 && found.ports && i < found.ports->n; i++) {
		const struct port *p = &found.ports->p[i];

		if (argc > 1 && (p->container != wanted || p->udp != udp))
			continue;
		any = true;
		r = print_port(c, p, argc > 1, e);
	}
	if (r == 0 && argc > 1 && !any)
		r = FAIL(e, E_NOTFOUND, "no port '%s' of container '%s' is published", argv[1],
			 found.name);
	return r;
}

const struct command cmd_port = {
	.name = "port",
	.group = "Containers",
	.args = "CONTAINER [PORT[/tcp|/udp]]",
	.brief = "Show where a container's ports are published",
	.example = "plimsoll port web\nplimsoll port web 80",
	.min_args = 1,
	.max_args = 2,
	.run = run_port,
};
