/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/container/prune.h"

#include <string.h>

#include "cli/container/container_view.h"
#include "cli/container/containers.h"
#include "cli/container/volumes.h"
#include "cli/trust/signing.h"
#include "run/life/when.h"
#include "run/root/volume.h"
#include "run/run.h"

struct pruning {
	const struct filters *filters;
	int64_t now;
	struct strv ids;
};

int prune_check_times(const struct filters *f, struct err *e)
{
	int64_t ignored;
	int r = 0;

	for (size_t i = 0; r == 0 && i < f->n; i++)
		if (strcmp(f->v[i].name, "until") == 0)
			r = when_parse(f->v[i].value, when_now(), &ignored, e);
	return r;
}

static bool made_before(const struct pruning *p, const struct container *c, const char *when)
{
	int64_t t = 0;

	return when_parse(when, p->now, &t, NULL) == 0 &&
	       c->created * 1000000000 + c->created_nanos < t;
}

static bool wanted(const struct pruning *p, const struct container *c)
{
	FILTER_ALL(p->filters, "until", value, made_before(p, c, value));
	FILTER_ALL(p->filters, "label", value, filter_label(c->labels, value));
	FILTER_ALL(p->filters, "label!", value, !filter_label(c->labels, value));
	return true;
}

static int gather(void *arg, struct container *c, struct err *e)
{
	struct pruning *p = arg;
	struct container_status s;
	int r = container_status(c, &s, e);

	if (r < 0 || c->kind == CONTAINER_STEP || s.phase == PHASE_RUNNING || !c->clean ||
	    !wanted(p, c))
		return r;
	return strv_add(&p->ids, c->id, e);
}

static int remove_container(struct cli *c, const struct state *state, const char *id,
			    uint64_t *bytes, struct err *e)
{
	auto_container found = CONTAINER_INIT;
	struct subject subject;
	uint64_t size;
	int r;

	cli_subject(state, id, &subject);
	size = container_find(state, id, &found, NULL) == 0 ? view_size(&found) : 0;
	r = run_remove(state, id, false, e);
	*bytes += r == 0 ? size : 0;
	return cli_note_container(c, "rm", id, &subject, r, NULL, e);
}

/* All are tried; the last failure is told by whoever called, the others here. */
static void tell(int failed, struct err *e, const struct err *why)
{
	if (failed < 0) {
		text_sanitize(e->msg);
		(void)fprintf(stderr, "plimsoll: %s\n", e->msg);
	}
	if (e)
		*e = *why;
}

static int remove_containers(struct cli *c, const struct state *state, const struct pruning *p,
			     struct strv *ids, uint64_t *bytes, struct err *e)
{
	int failed = 0;

	for (size_t i = 0; i < p->ids.n; i++) {
		struct err why = ERR_INIT;
		int r = remove_container(c, state, p->ids.v[i], bytes, &why);

		if (r == 0)
			r = strv_add(ids, p->ids.v[i], &why);
		if (r < 0 && r != E_NOTFOUND) {
			tell(failed, e, &why);
			failed = r;
		}
	}
	return failed;
}

int prune_containers(struct cli *c, const struct filters *f, struct strv *ids, uint64_t *bytes,
		     struct err *e)
{
	struct pruning p = { .filters = f, .now = when_now() };
	const struct state *state;
	int r = cli_state(c, &state, e);

	if (r == 0)
		r = container_reap(state, e);
	if (r == 0)
		r = container_each(state, gather, &p, e);
	if (r == 0)
		r = remove_containers(c, state, &p, ids, bytes, e);
	strv_free(&p.ids);
	return r;
}

static int remove_volume(struct cli *c, const char *name, struct err *e)
{
	const struct desc none = { 0 };
	const struct state *state;
	int r = cli_state(c, &state, e);

	if (r == 0)
		r = volume_remove(state, name, e);
	return cli_note(c, "volume-rm", name, &none, r, NULL, e);
}

int prune_volumes(struct cli *c, const struct filters *f, struct strv *names, uint64_t *bytes,
		  struct err *e)
{
	auto_json *list = NULL;
	const json_t *v;
	size_t i;
	int r = volumes_find(c, f, &list, e), failed = 0;

	json_array_foreach(list, i, v)
	{
		const char *name = json_string_or_null(v, "name") ?: "";
		struct err why = ERR_INIT;
		uint64_t size;
		int done;

		if (json_array_size(json_object_get(v, "containers")))
			continue;
		size = view_tree_size(json_string_or_null(v, "mountpoint") ?: "");
		done = remove_volume(c, name, &why);
		if (done == 0) {
			done = strv_add(names, name, &why);
			*bytes += size;
		}
		if (done < 0 && done != E_NOTFOUND) {
			tell(failed, e, &why);
			failed = done;
		}
	}
	return r < 0 ? r : failed;
}
