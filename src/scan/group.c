/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/group.h"

#include <stdlib.h>

#include "scan/finding.h"
#include "scan/version/version.h"

struct grouper {
	const struct report *report;
	struct finding_groups *groups;
	json_t *by_key;	    /* a group's key to its number */
	json_t *by_finding; /* key and advisory, for those that are in their group */
};

static void grouper_release(struct grouper *g)
{
	json_decref(g->by_key);
	json_decref(g->by_finding);
}

void finding_groups_free(struct finding_groups *g)
{
	for (size_t i = 0; i < g->n; i++) {
		free(g->v[i].v);
		strv_free(&g->v[i].packages);
	}
	free(g->v);
	*g = (struct finding_groups){ 0 };
}

static const struct version_order *order_of(const struct report *r, const struct finding *f)
{
	const char *own = json_string_or_null(f->package, "ecosystem");
	const char *name = own ? own : json_string_or_null(r->list, "ecosystem");

	return version_order_of(str_of(name));
}

/* Where a package of the distribution was read matters to nobody; a binary's path does. */
static const char *path_of(const struct finding *f)
{
	return json_string_or_null(f->package, "ecosystem") ? finding_package(f, "path") : "";
}

static void key_of(const struct report *r, const struct finding *f, struct buf *ret)
{
	buf_printf(ret, "%s\n%s\n%s\n%s\n%s", finding_package(f, "catalog"),
		   finding_package(f, "source"), finding_package(f, "source_version"),
		   report_layer(r, f), path_of(f));
}

static int new_group(struct grouper *g, const struct finding *f, const char *key, struct err *e)
{
	struct finding_groups *all = g->groups;
	struct finding_group *more = reallocarray(all->v, all->n + 1, sizeof(*more));

	if (!more)
		return FAIL_NOMEM(e);
	all->v = more;
	all->v[all->n++] = (struct finding_group){
		.fixed = "",
		.name = finding_package(f, "source"),
		.installed = finding_package(f, "source_version"),
		.layer = report_layer(g->report, f),
		.instruction = report_instruction(g->report, f),
		.path = path_of(f),
	};
	return json_put_u64(g->by_key, key, all->n - 1, e);
}

static int add_finding(struct grouper *g, struct finding_group *to, const struct finding *f,
		       struct err *e)
{
	const struct version_order *order = order_of(g->report, f);
	const struct finding **more = reallocarray(to->v, to->n + 1, sizeof(*more));

	if (!more)
		return FAIL_NOMEM(e);
	to->v = more;
	to->v[to->n++] = f;
	to->fixable += *f->fixed != '\0';
	if (*f->fixed &&
	    (!*to->fixed || (order && order->compare(str_of(f->fixed), str_of(to->fixed)) > 0)))
		to->fixed = f->fixed;
	return 0;
}

static int take(struct grouper *g, const struct finding *f, struct err *e)
{
	auto_buf key = BUF_INIT(SIZE_MAX);
	struct finding_group *to;
	int r;

	key_of(g->report, f, &key);
	if (!json_object_get(g->by_key, buf_str(&key))) {
		r = new_group(g, f, buf_str(&key), e);
		if (r < 0)
			return r;
	}
	to = &g->groups->v[json_integer_value(json_object_get(g->by_key, buf_str(&key)))];
	r = strv_has(&to->packages, finding_package(f, "name"))
		    ? 0
		    : strv_add(&to->packages, finding_package(f, "name"), e);
	buf_printf(&key, "\n%s", f->advisory);
	r = r < 0 ? r : buf_check(&key, "findings", e);
	if (r < 0 || json_object_get(g->by_finding, buf_str(&key)))
		return r;
	r = json_put(g->by_finding, buf_str(&key), json_true(), e);
	return r < 0 ? r : add_finding(g, to, f, e);
}

int report_groups(const struct report *r, struct finding_groups *ret, struct err *e)
{
	auto_finding_groups groups = { 0 };
	__attribute__((cleanup(grouper_release))) struct grouper g = {
		.report = r, .groups = &groups, .by_key = json_object(), .by_finding = json_object()
	};
	int error = g.by_key && g.by_finding ? 0 : FAIL_NOMEM(e);

	for (size_t i = 0; i < r->findings_n && error == 0; i++)
		error = take(&g, &r->findings[i], e);
	if (error < 0)
		return error;
	*ret = groups;
	groups = (struct finding_groups){ 0 };
	return 0;
}

void instruction_text(const char *history, struct buf *ret)
{
	static const char nop[] = "/bin/sh -c #(nop) ", shell[] = "/bin/sh -c ";
	static const char remark[] = " # buildkit";
	struct str s;

	if (starts_with(history, nop)) {
		history += sizeof(nop) - 1;
	} else if (starts_with(history, shell) || starts_with(history, "RUN /bin/sh -c ")) {
		history = strstr(history, shell) + sizeof(shell) - 1;
		buf_puts(ret, "RUN ");
	}
	s = str_trim(str_of(history));
	if (str_ends(s, remark))
		s.n -= sizeof(remark) - 1;
	buf_put(ret, s.p, s.n);
}
