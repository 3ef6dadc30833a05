/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/table.h"
#include "cli/container/container_view.h"
#include "cli/filters.h"

/* What ps is asked for: which containers, and in which order. */
struct ps_filters {
	struct filters f;
	/* When the containers were made that the filters since and before name. */
	struct ps_bound {
		const char *name; /* the filter's value */
		int64_t created;
		int nanos;
	} bounds[LIMIT_FILTERS];
	size_t bounds_n;
};
int ps_filters_parse(const struct strv *list, struct ps_filters *ret, struct err *e);
/* E_NOTFOUND for a container that since or before names. */
int ps_filters_find(const struct state *state, struct ps_filters *ret, struct err *e);
bool ps_matches(const struct ps_filters *f, const struct view *v);

/* podman's --sort; NULL is fine. Both lists (of one length) are put in that order, the first to be
 * printed last, as they are without. */
int ps_sort_check(const char *by, struct err *e);
int ps_sort(const char *by, json_t *rows, json_t *own, struct err *e);

/* podman's --namespace: CGROUPNS, IPC, MNT, NET, PIDNS, USERNS and UTS of a row, "" while it does
 * not run, and the table of them. The table is owned. */
int ps_namespaces_add(const struct view *v, json_t *row, struct err *e);
int ps_namespaces_table(const json_t *rows, struct table **ret, struct err *e);
