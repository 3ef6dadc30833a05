/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/build/road.h"

#include <string.h>

#include "cli/image/images.h"
#include "cli/registry/login.h"
#include "cli/trust/signing.h"
#include "pipeline/steps.h"

int cli_road(struct cli *c, const char *name, struct road *ret, struct err *e)
{
	const struct state *state;
	struct store *store = NULL;
	int r = cli_state(c, &state, e);

	if (r == 0)
		r = cli_store(c, &store, e);
	if (r < 0)
		return r;
	*ret = (struct road){
		.state = state,
		.store = store,
		.progress = c->progress,
		.name = name,
		.rules = c->rules,
	};
	return 0;
}

int cli_look(struct road *road, struct ref *ret, struct err *e)
{
	const char *name = without_transport(road->name);
	const bool remote = name != road->name;
	int r = E_NOTFOUND;

	road->name = name;
	if (!remote)
		r = store_lookup(road->store, name, ret, &road->image, e);
	if (r != E_NOTFOUND)
		return r;
	if (ref_parse(name, ret, remote ? e : NULL) < 0)
		return remote ? E_USAGE : r;
	if (remote && (r = registry_qualify(ret, e)) < 0)
		return r;
	if (!ret->host[0])
		return r;
	if (e)
		*e = ERR_INIT;
	return step_look(road, ret, e);
}

int cli_max_age(struct cli *c, const char *max_age, int64_t *ret, struct err *e)
{
	const char *text = max_age ? max_age : cli_config(c, "gate.max-age");
	int r;

	*ret = 0;
	r = text ? cli_duration(text, ret, e) : 0;
	return r < 0 ? WRAP(e, r, "%s", max_age ? "--max-age" : "gate.max-age") : 0;
}

int cli_gate(struct cli *c, const char *fail_on, bool ignore_unfixed, const char *max_age,
	     struct gate *ret, struct err *e)
{
	struct gate g = { .fail_on = SEVERITY_HIGH };
	const char *unfixed = cli_config(c, "gate.ignore-unfixed");
	int r = 0;

	if (unfixed && strcmp(unfixed, "true") != 0 && strcmp(unfixed, "false") != 0)
		return FAIL(e, E_USAGE, "gate.ignore-unfixed is true or false, not '%s'", unfixed);
	/* A line given on the command line replaces the configured one as a whole. */
	if (!fail_on) {
		fail_on = cli_config(c, "gate.fail-on");
		ignore_unfixed |= unfixed ? strcmp(unfixed, "true") == 0 : !fail_on;
	}
	if (fail_on)
		r = severity_parse(fail_on, &g.fail_on, e);
	g.ignore_unfixed = ignore_unfixed;
	r = r < 0 ? r : cli_max_age(c, max_age, &g.max_age, e);
	if (r == 0)
		*ret = g;
	return r;
}

int cli_report_line(const struct report *r, struct buf *ret, struct err *e)
{
	size_t packages = json_array_size(json_object_get(r->list, "packages")),
	       n[SEVERITIES] = { 0 };
	bool any = false;

	for (size_t i = 0; i < r->findings_n; i++)
		n[r->findings[i].severity]++;
	for (int s = SEVERITIES - 1; s >= 0; s--) {
		if (!n[s])
			continue;
		buf_printf(ret, "%s%zu %s", any ? ", " : "", n[s], severity_name((enum severity)s));
		any = true;
	}
	buf_printf(ret, "%s in %zu packages", any ? "" : "no findings", packages);
	return buf_check(ret, "report", e);
}
