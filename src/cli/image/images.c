/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/image/images.h"

#include "pipeline/prune/usage.h"
#include "run/life/events.h"

int cli_store(struct cli *c, struct store **ret, struct err *e)
{
	const struct state *state;
	int r = cli_state(c, &state, e);

	return r < 0 ? r : store_open(ret, state, e);
}

void size_human(uint64_t bytes, char ret[static 16])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB" };
	double n = (double)bytes;
	size_t u = 0;

	while (n >= 1000 && u + 1 < sizeof(units) / sizeof(*units)) {
		n /= 1000;
		u++;
	}
	(void)snprintf(ret, 16, "%.3g%s", n, units[u]);
}

void age_human(int64_t seconds, char ret[static 32])
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = { { 365 * 86400, "year" }, { 30 * 86400, "month" }, { 7 * 86400, "week" },
		      { 86400, "day" },	       { 3600, "hour" },	{ 60, "minute" },
		      { 1, "second" } };

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		long long n = seconds / units[i].seconds;

		if (n < 1)
			continue;
		(void)snprintf(ret, 32, "%lld %s%s ago", n, units[i].name, n == 1 ? "" : "s");
		return;
	}
	(void)snprintf(ret, 32, "now");
}

int cli_collect(struct cli *c, struct store *s, struct err *e)
{
	const struct state *state;
	auto_json *keep = NULL;
	uint64_t bytes = 0;
	char size[16], text[64];
	int r = cli_state(c, &state, e);

	/* Build steps outlive the images they made, as with docker: cache prune takes them. */
	if (r == 0)
		r = usage_blobs(state, &keep, e);
	if (r == 0)
		r = store_gc_but(s, keep, &bytes, e);

	if (r < 0 || bytes == 0)
		return r;
	size_human(bytes, size);
	(void)snprintf(text, sizeof(text), "freed %s", size);
	progress_line(c->progress, text);
	return 0;
}

void image_event(struct cli *c, const char *action, const struct digest *d, const char *name)
{
	const struct state *state;

	if (cli_state(c, &state, NULL) == 0)
		(void)event_note_other(state, "image", action, d->s,
				       json_pack("{s:s*}", "name", name), NULL);
}
