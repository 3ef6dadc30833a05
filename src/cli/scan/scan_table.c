/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/scan/scan_table.h"

#include "base/table.h"
#include "scan/group.h"

enum { TITLE_WIDTH = 64, INSTRUCTION_WIDTH = 72 };

/* Cut to what a line holds, on a character. */
static void put_short(struct str s, size_t width, struct buf *ret)
{
	bool cut = s.n > width;

	if (cut)
		s.n = width - 3;
	while (cut && s.n && ((unsigned char)s.p[s.n] & 0xc0) == 0x80)
		s.n--;
	buf_put(ret, s.p, s.n);
	if (cut)
		buf_puts(ret, "...");
}

/* "openssl 3.0.11-1 (libssl3): 3.0.15-1 mends all 3" */
static void put_what(const struct finding_group *g, struct buf *ret)
{
	buf_printf(ret, "%s %s", g->name, g->installed);
	if (g->packages.n > 1 || strcmp(g->packages.v[0], g->name) != 0)
		for (size_t i = 0; i < g->packages.n; i++)
			buf_printf(ret, "%s%s%s", i ? ", " : " (", g->packages.v[i],
				   i + 1 == g->packages.n ? ")" : "");
	if (!*g->fixed)
		buf_puts(ret, ": no fix is known");
	else if (g->n == 1)
		buf_printf(ret, ": mended in %s", g->fixed);
	else if (g->fixable == g->n)
		buf_printf(ret, g->n == 2 ? ": %s mends both" : ": %s mends all %zu", g->fixed,
			   g->n);
	else
		buf_printf(ret, ": %s mends %zu of %zu", g->fixed, g->fixable, g->n);
}

/* The line of the Dockerfile that brought it. */
static void put_where(const struct finding_group *g, struct buf *ret)
{
	buf_puts(ret, "  ");
	if (*g->path)
		buf_printf(ret, "in %s, ", g->path);
	/* Where history says nothing, the layer by its digest. */
	if (*g->instruction) {
		auto_buf shown = BUF_INIT(SIZE_MAX);

		instruction_text(g->instruction, &shown);
		put_short(str_of(buf_str(&shown)), INSTRUCTION_WIDTH, ret);
	} else if (*g->layer) {
		buf_printf(ret, "layer %.19s", g->layer);
	} else {
		buf_puts(ret, "the image");
	}
}

/* Names come from hostile images. */
static int put_line(struct buf *line, struct buf *out, struct err *e)
{
	int r = buf_check(line, "report", e);

	if (r < 0)
		return r;
	text_sanitize(line->p);
	buf_printf(out, "%s\n", line->p);
	buf_reset(line);
	return 0;
}

/* The columns; those of which nothing is known in the whole report are left out. */
enum column { ADVISORY, SEVERITY, CVSS, EXPLOITED, EPSS, FIXED, TITLE, COLUMNS };

static const char *const headings[COLUMNS] = { "  ADVISORY", "SEVERITY", "CVSS", "EXPLOITED",
					       "EPSS",	     "FIXED",	 "TITLE" };

static void find_columns(const struct finding_groups *groups, bool used[static COLUMNS])
{
	used[ADVISORY] = used[SEVERITY] = used[FIXED] = true;
	for (size_t i = 0; i < groups->n; i++)
		for (size_t j = 0; j < groups->v[i].n; j++) {
			const struct finding *f = groups->v[i].v[j];

			used[CVSS] |= f->score >= 0;
			used[EXPLOITED] |= f->exploited;
			used[EPSS] |= f->epss_ppm >= 0;
			used[TITLE] |= *f->title != '\0';
		}
}

static int add_row(struct table *t, const struct finding *f, const bool used[static COLUMNS],
		   struct err *e)
{
	char score[16], epss[16];
	auto_buf title = BUF_INIT(1024), advisory = BUF_INIT(4096);
	const char *cells[COLUMNS] = { NULL }, *row[COLUMNS];
	int n = 0;

	(void)snprintf(score, sizeof(score), "%d.%d", f->score / 10, f->score % 10);
	(void)snprintf(epss, sizeof(epss), "%.1f%%", f->epss_ppm / 1e4);
	put_short(str_of(f->title), TITLE_WIDTH, &title);
	buf_printf(&advisory, "  %s", f->advisory);
	cells[ADVISORY] = buf_str(&advisory);
	cells[SEVERITY] = severity_name(f->severity);
	cells[CVSS] = f->score < 0 ? NULL : score;
	cells[EXPLOITED] = f->ransomware ? "ransomware" : f->exploited ? "yes" : NULL;
	cells[EPSS] = f->epss_ppm < 0 ? NULL : epss;
	cells[FIXED] = *f->fixed ? f->fixed : *f->status ? f->status : NULL;
	cells[TITLE] = buf_str(&title);
	for (int i = 0; i < COLUMNS; i++)
		if (used[i])
			row[n++] = cells[i];
	return table_row(t, row, e);
}

static int build_table(const struct finding_groups *groups, struct buf *ret, struct err *e)
{
	auto_release(table_free) struct table *t = NULL;
	bool used[COLUMNS] = { false };
	const char *names[COLUMNS];
	size_t n = 0;
	int r;

	find_columns(groups, used);
	for (int i = 0; i < COLUMNS; i++)
		if (used[i])
			names[n++] = headings[i];
	r = table_new(&t, names, n, e);
	for (size_t i = 0; i < groups->n && r == 0; i++)
		for (size_t j = 0; j < groups->v[i].n && r == 0; j++)
			r = add_row(t, groups->v[i].v[j], used, e);
	return r < 0 ? r : table_render(t, ret, e);
}

/* One table, so that its columns stand below each other throughout, cut into the groups. */
static int print_groups(struct cli *c, const struct finding_groups *groups, struct err *e)
{
	auto_buf table = BUF_INIT(SIZE_MAX), out = BUF_INIT(SIZE_MAX);
	struct str rest, line;
	int r = build_table(groups, &table, e);

	if (r < 0)
		return r;
	rest = (struct str){ buf_str(&table), table.n };
	if (str_line(&rest, &line))
		buf_printf(&out, "%.*s\n", (int)line.n, line.p);
	for (size_t i = 0; i < groups->n; i++) {
		auto_buf heading = BUF_INIT(SIZE_MAX);

		buf_putc(&out, '\n');
		put_what(&groups->v[i], &heading);
		r = put_line(&heading, &out, e);
		put_where(&groups->v[i], &heading);
		r = r < 0 ? r : put_line(&heading, &out, e);
		if (r < 0)
			return r;
		for (size_t j = 0; j < groups->v[i].n && str_line(&rest, &line); j++)
			buf_printf(&out, "%.*s\n", (int)line.n, line.p);
	}
	r = buf_check(&out, "report", e);
	return r < 0 ? r : cli_print(c, e, "%s\n", buf_str(&out));
}

static int print_summary(struct cli *c, const struct report *report, size_t hidden, struct err *e)
{
	size_t counts[SEVERITIES] = { 0 }, total = report->findings_n, exploited = 0;
	auto_buf b = BUF_INIT(256);

	for (size_t i = 0; i < total; i++) {
		counts[report->findings[i].severity]++;
		exploited += report->findings[i].exploited;
	}
	for (int s = SEVERITIES - 1; s >= 0; s--)
		if (counts[s])
			buf_printf(&b, "%s%zu %s", b.n ? ", " : ": ", counts[s],
				   severity_name((enum severity)s));
	if (exploited)
		buf_printf(&b, "; %zu known to be exploited", exploited);
	if (hidden)
		buf_printf(&b, " (%zu not shown)", hidden);
	return cli_print(c, e, "%zu finding%s%s in %zu packages\n", total, total == 1 ? "" : "s",
			 buf_str(&b), json_array_size(json_object_get(report->list, "packages")));
}

int scan_print_table(struct cli *c, const struct report *report, size_t hidden, struct err *e)
{
	auto_finding_groups groups = { 0 };
	int r = report_groups(report, &groups, e);

	if (r == 0 && groups.n)
		r = print_groups(c, &groups, e);
	return r < 0 ? r : print_summary(c, report, hidden, e);
}
