/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/registry/login.h"
#include "registry/auth/login.h"

struct logout_options {
	const char *authfile;
};

static int print_json(struct cli *c, const char *where, const struct strv *from, struct err *e)
{
	json_t *list = json_array();
	auto_json *j = json_pack("{s:s, s:s, s:o}", "schema", "plimsoll.logout/v1", "registry",
				 where, "from", list);
	int r = j ? 0 : FAIL_NOMEM(e);

	for (size_t i = 0; i < from->n && r == 0; i++)
		r = json_push(list, json_string(from->v[i]), e);
	return r < 0 ? r : cli_print_json(c, j, e);
}

static int run_logout(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct logout_options *o = opts;
	auto_strv from = { 0 };
	char where[512], host[256];
	int r = cli_login_where(argv[0], where, host, e);

	(void)argc;
	if (r < 0)
		return r;
	if (o->authfile && setenv("REGISTRY_AUTH_FILE", o->authfile, 1) < 0)
		return FAIL_SYS(e, "setenv");
	r = login_erase(where, &from, e);
	if (r == 0 && c->json)
		return print_json(c, where, &from, e);
	for (size_t i = 0; i < from.n && r == 0 && !c->quiet; i++)
		r = cli_print(c, e, "logged out of %s: %s\n", where, from.v[i]);
	return r;
}

static const struct opt logout_options[] = {
	OPT_AT(struct logout_options, authfile, "authfile", 0, OPT_STRING, "FILE",
	       "look in FILE and in no other"),
	OPT_END,
};

const struct command cmd_logout = {
	.name = "logout",
	.group = "Registry",
	.args = "HOST[:PORT][/NAME]",
	.brief = "Forget the credentials of a registry",
	.details = "In every file and credential helper that push and pull look into, which are "
		   "printed. Credentials of repositories (HOST/NAME) stay, unless named.",
	.example = "plimsoll logout registry.example",
	.opts = logout_options,
	.opts_size = sizeof(struct logout_options),
	.min_args = 1,
	.max_args = 1,
	.run = run_logout,
};
