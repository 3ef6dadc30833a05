/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/container/containers.h"

#include "cli/trust/signing.h"

void cli_subject(const struct state *state, const char *text, struct subject *ret)
{
	auto_container found = CONTAINER_INIT;

	*ret = (struct subject){ 0 };
	if (container_find(state, text, &found, NULL) < 0)
		return;
	memcpy(ret->id, found.id, sizeof(ret->id));
	if (found.digest)
		(void)digest_parse(str_of(found.digest), &ret->image.digest, NULL);
}

int cli_note_container(struct cli *c, const char *kind, const char *text, const struct subject *s,
		       int outcome, json_t *detail, struct err *e)
{
	auto_json *j = detail ? detail : json_object();

	if (s->id[0] && json_object_set_new(j, "container", json_string(s->id)) < 0)
		return outcome < 0 ? outcome : FAIL_NOMEM(e);
	return cli_note(c, kind, text, &s->image, outcome, TAKE(j), e);
}

json_t *cli_argv(const char *const *argv)
{
	auto_json *list = json_array();
	size_t left = LIMIT_NOTED_ARGS;

	for (; *argv && left; argv++) {
		size_t n = strnlen(*argv, left);
		auto_free char *text = strndup(*argv, n);

		if (!text)
			return NULL;
		text_sanitize(text); /* an argument need not be UTF-8; an entry is */
		if (json_array_append_new(list, json_string(text)) < 0)
			return NULL;
		left -= n;
	}
	return json_pack("{s:O}", "command", list);
}

struct gathering {
	enum each_kind kind;
	struct strv names;
};

static int gather(void *arg, struct container *c, struct err *e)
{
	struct gathering *g = arg;
	struct container_status s;
	int r = container_status(c, &s, e);

	if (r < 0 || c->kind == CONTAINER_STEP ||
	    (g->kind == EACH_RUNNING && s.phase != PHASE_RUNNING) ||
	    (g->kind == EACH_STOPPED && (s.phase == PHASE_RUNNING || !c->clean)))
		return r;
	return strv_add(&g->names, c->id, e);
}

static int gather_broken(void *arg, const char *id, struct err *e)
{
	return strv_add(arg, id, e);
}

/* All that run, and the like. */
static int gather_names(struct cli *c, enum each_kind kind, struct strv *ret, struct err *e)
{
	struct gathering g = { .kind = kind };
	const struct state *state;
	int r = cli_state(c, &state, e);

	if (r == 0)
		r = container_reap(state, e);
	if (r == 0)
		r = container_each(state, gather, &g, e);
	if (r == 0 && kind == EACH_FORCED)
		r = container_broken_each(state, gather_broken, &g.names, e);
	*ret = g.names;
	return r;
}

int cli_each_container(struct cli *c, int argc, char **argv, enum each_kind kind,
		       int (*one)(struct cli *c, void *arg, const char *name, struct err *e),
		       void *arg, struct err *e)
{
	auto_strv names = { 0 };
	int failed = 0, r = 0;

	if (kind == EACH_NAMED && argc == 0)
		return FAIL(e, E_USAGE, "want the name of a container");
	if (kind != EACH_NAMED && argc > 0)
		return FAIL(e, E_USAGE, "--all and names do not go together");
	if (kind != EACH_NAMED)
		r = gather_names(c, kind, &names, e);
	for (int i = 0; r == 0 && i < argc; i++)
		r = strv_add(&names, argv[i], e);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		struct err why = ERR_INIT;
		int done = one(c, arg, names.v[i], &why);

		if (done >= 0) {
			r = done == EACH_SAID ? 0 : cli_print(c, e, "%s\n", names.v[i]);
			continue;
		}
		if (failed < 0) { /* the last one is printed by who called us */
			text_sanitize(e->msg);
			(void)fprintf(stderr, "plimsoll: %s\n", e->msg);
		}
		failed = done;
		*e = why;
		if (failed == E_SIGNAL)
			break;
	}
	return r < 0 ? r : failed;
}

/* They come oldest first. */
static int keep_newest(void *arg, struct container *c, struct err *e)
{
	(void)e;
	if (c->kind != CONTAINER_STEP)
		memcpy(arg, c->id, sizeof(c->id));
	return 0;
}

int cli_latest(struct cli *c, char ret[static CONTAINER_ID + 1], struct err *e)
{
	const struct state *state;
	int r = cli_state(c, &state, e);

	ret[0] = '\0';
	if (r == 0)
		r = container_reap(state, e);
	if (r == 0)
		r = container_each(state, keep_newest, ret, e);
	return r == 0 && !ret[0] ? FAIL(e, E_NOTFOUND, "there is no container") : r;
}

int cli_one_container(struct cli *c, bool latest, int argc, char **argv, char **ret, struct err *e)
{
	char id[CONTAINER_ID + 1];
	int r = 0;

	if (latest && argc)
		return FAIL(e, E_USAGE, "--latest and a name do not go together");
	if (!latest && argc != 1)
		return FAIL(e, E_USAGE, "want the name of one container");
	if (latest)
		r = cli_latest(c, id, e);
	if (r < 0)
		return r;
	*ret = str_dup(str_of(latest ? id : argv[0]));
	return *ret ? 0 : FAIL_NOMEM(e);
}

int cli_named(int argc, char **argv, const struct strv *cidfiles, struct strv *ret, struct err *e)
{
	int r = 0;

	for (int i = 0; r == 0 && i < argc; i++)
		r = strv_add(ret, argv[i], e);
	for (size_t i = 0; r == 0 && i < cidfiles->n; i++) {
		auto_buf text = BUF_INIT(4096);
		struct str rest, line = { "", 0 };
		auto_free char *id = NULL;

		r = fs_read_user(cidfiles->v[i], 4096, &text, e);
		if (r < 0)
			return WRAP(e, r, "--cidfile");
		rest = (struct str){ buf_str(&text), text.n };
		(void)str_line(&rest, &line);
		id = str_dup(str_trim(line));
		r = id ? strv_add(ret, id, e) : FAIL_NOMEM(e);
	}
	return r;
}
