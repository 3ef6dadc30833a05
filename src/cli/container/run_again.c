/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/container/run_start.h"

#include <stdlib.h>
#include <string.h>

#include "base/userns.h"
#include "cli/container/run_attempt.h"
#include "run/root/secrets.h"

static int check_restart(const struct cli_start *s, struct err *e)
{
	const struct run_cli_opts *o = s->opts;

	if (!o->restart || strcmp(o->restart, "no") == 0)
		return 0;
	if (secrets_need_environment(&o->secret))
		return err_hint(e,
				FAIL(e, E_USAGE,
				     "--restart and a secret from the environment, which the next "
				     "start does not have"),
				"--secret id=NAME,src=FILE");
	if (o->rm || o->rmi)
		return FAIL(e, E_USAGE,
			    "--restart and --rm: either it is started again, or removed");
	if (!o->detach && !s->create_only)
		return err_hint(e,
				FAIL(e, E_USAGE, "--restart is for a container in the background"),
				"add --detach");
	return 0;
}

int cli_run_new(struct cli *c, const struct cli_start *s, struct err *e)
{
	auto_strv kept = { 0 };
	const struct attempt a = { .opts = s->opts,
				   .image = s->image,
				   .args = s->args,
				   .cause = s->create_only ? "create" : "run",
				   .create_only = s->create_only };
	const struct state *state;
	int r = check_restart(s, e);

	if (r == 0)
		r = cli_state(c, &state, e);
	if (r == 0)
		r = run_options_settle(state, s->opts, &kept, e);
	return r == 0 ? run_attempt(c, &a, e) : r;
}

int run_asked(const struct container *found, json_t **ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_STATE_JSON);
	auto_json *j = NULL;
	const char *schema;
	int r = fs_read(found->fd, "run.json", LIMIT_STATE_JSON, &text, e);

	if (r == E_NOTFOUND)
		return err_hint(e,
				FAIL(e, E_FORMAT,
				     "container '%s' is of an older plimsoll, which did not keep "
				     "what it was started with",
				     found->name),
				"plimsoll rm %s, and run it again", found->name);
	if (r == 0)
		r = json_parse(buf_str(&text), text.n, "run.json", &j, e);
	if (r == 0)
		r = json_get_string(j, "schema", &schema, "run.json", e);
	if (r == 0 && strcmp(schema, RUN_SCHEMA) != 0)
		r = FAIL(e, E_FORMAT, "run.json: schema '%s' is not %s", schema, RUN_SCHEMA);
	if (r == 0)
		*ret = TAKE(j);
	return r;
}

static int again(struct cli *c, const struct container *found, const json_t *asked,
		 const struct cli_again *s, struct err *e)
{
	const json_t *list = json_object_get(asked, "args");
	const size_t n = json_array_size(list);
	auto_free const char **args = calloc(n + 1, sizeof(*args));
	struct run_cli_opts o = { 0 };
	struct attempt a = { .opts = &o,
			     .args = args,
			     .again = found->id,
			     .cause = s->cause,
			     .by_policy = s->by_policy };
	int r = args ? 0 : FAIL_NOMEM(e);

	for (size_t i = 0; r == 0 && i < n; i++)
		args[i] = json_string_value(json_array_get(list, i)) ?: "";
	if (r == 0)
		r = json_get_string(asked, "image", &a.image, "run.json", e);
	if (r == 0)
		r = json_get_string(asked, "resolved", &a.resolved, "run.json", e);
	if (r == 0)
		r = run_options_load(json_object_get(asked, "options"), &o, e);
	if (r < 0)
		return r;
	o.detach = !s->attach;
	o.name = found->name;
	r = run_attempt(c, &a, e);
	run_options_free(&o);
	return r;
}

int cli_run_again(struct cli *c, const struct cli_again *s, struct err *e)
{
	auto_container found = CONTAINER_INIT;
	auto_json *asked = NULL;
	const struct state *state;
	int r = cli_state(c, &state, e);

	if (r == 0)
		r = container_reap(state, e);
	if (r == 0)
		r = container_find(state, s->container, &found, e);
	if (r == 0)
		r = run_asked(&found, &asked, e);
	return r == 0 ? again(c, &found, asked, s, e) : r;
}

struct anew {
	struct cli *c;
	const char *container;
};

static int run_anew(void *arg, struct err *e)
{
	const struct anew *a = arg;

	return cli_run_again(
		a->c, &(struct cli_again){ .container = a->container, .cause = "restart" }, e);
}

int cli_run_anew(struct cli *c, const char *container, struct err *e)
{
	return userns_call(run_anew, &(struct anew){ c, container }, e);
}
