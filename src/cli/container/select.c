/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/container/select.h"

#include "cli/container/ps.h"

struct finding {
	struct ps_filters filters;
	enum each_kind kind;
	struct strv ids;
};

static int look(void *arg, struct container *c, struct err *e)
{
	struct finding *f = arg;
	struct view v;
	int r = c->kind == CONTAINER_STEP ? 1 : view_of(c, &v, e);

	if (r != 0)
		return r < 0 ? r : 0;
	if ((f->kind == EACH_RUNNING && v.status.phase != PHASE_RUNNING) ||
	    (f->kind == EACH_STOPPED && (v.status.phase == PHASE_RUNNING || !c->clean)) ||
	    !ps_matches(&f->filters, &v))
		return 0;
	return strv_add(&f->ids, c->id, e);
}

static int find(struct cli *c, const struct strv *filter, enum each_kind kind, struct strv *ret,
		struct err *e)
{
	struct finding f = { .kind = kind };
	const struct state *state;
	int r = ps_filters_parse(filter, &f.filters, e);

	if (r == 0)
		r = cli_state(c, &state, e);
	if (r == 0)
		r = container_reap(state, e);
	if (r == 0)
		r = ps_filters_find(state, &f.filters, e);
	if (r == 0)
		r = container_each(state, look, &f, e);
	*ret = f.ids;
	return r;
}

int cli_each_selected(struct cli *c, const struct selection *s, const struct strv *names, bool all,
		      enum each_kind kind,
		      int (*one)(struct cli *c, void *arg, const char *name, struct err *e),
		      void *arg, struct err *e)
{
	char newest[CONTAINER_ID + 1], *id = newest;
	auto_strv found = { 0 };
	int r;

	if (s->latest + (s->filter.n > 0) + (names->n > 0) + all > 1)
		return FAIL(e, E_USAGE,
			    "names, --all, --latest and --filter: one of them at a time");
	if (s->latest) {
		r = cli_latest(c, newest, e);
		return r < 0 ? r : cli_each_container(c, 1, &id, EACH_NAMED, one, arg, e);
	}
	if (!s->filter.n)
		return cli_each_container(c, (int)names->n, names->v, all ? kind : EACH_NAMED, one,
					  arg, e);
	r = find(c, &s->filter, kind, &found, e);
	return r == 0 && found.n
		       ? cli_each_container(c, (int)found.n, found.v, EACH_NAMED, one, arg, e)
		       : r;
}
