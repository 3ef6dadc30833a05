/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/output/html.h"

/* A card for each package to upgrade, with a table of what that mends. */

static void put_aliases(struct buf *b, const char *aliases)
{
	if (!*aliases)
		return;
	buf_puts(b, "<small>");
	xml_put(b, aliases);
	buf_puts(b, "</small>");
}

static void put_advisory(struct buf *b, const struct finding *f)
{
	auto_buf url = BUF_INIT(LIMIT_REF_TEXT);

	advisory_url(f->advisory, &url);
	buf_puts(b, "<td class=\"c1 mono\">");
	if (url.n) {
		buf_puts(b, "<a rel=\"noreferrer\" href=\"");
		xml_put(b, buf_str(&url));
		buf_puts(b, "\">");
	}
	xml_put(b, f->advisory);
	if (url.n)
		buf_puts(b, "</a>");
	put_aliases(b, f->aliases);
	buf_puts(b, "</td>");
}

static void put_severity(struct buf *b, const struct finding *f)
{
	buf_printf(b, "<td class=\"c2\"><span class=\"chip %s\">%s</span></td>",
		   html_class(f->severity), severity_name(f->severity));
	buf_puts(b, "<td class=\"c3 num\"");
	if (*f->vector) {
		buf_puts(b, " title=\"");
		xml_put(b, f->vector);
		buf_putc(b, '"');
	}
	buf_putc(b, '>');
	if (f->score >= 0)
		buf_printf(b, "%d.%d", f->score / 10, f->score % 10);
	buf_puts(b, "</td><td class=\"c4 num\">");
	if (f->epss_ppm >= 0)
		buf_printf(b, "%.1f%%", f->epss_ppm / 1e4);
	buf_puts(b, "</td>");
}

static void put_fix(struct buf *b, const struct finding *f)
{
	buf_printf(b, "<td class=\"c5 mono\" data-l=\"%s\">", *f->fixed ? "fixed in " : "");
	if (*f->fixed)
		xml_put(b, f->fixed);
	else if (*f->status)
		xml_put(b, f->status);
	else
		buf_puts(b, "no fix known");
	buf_puts(b, "</td><td class=\"c6\">");
	xml_put(b, f->title);
	if (f->exploited) {
		buf_printf(b, "%s<span class=\"kev\">exploited", *f->title ? " " : "");
		if (*f->exploited_since)
			buf_printf(b, ", listed %s", f->exploited_since);
		buf_printf(b, "%s</span>", f->ransomware ? ", by ransomware" : "");
	}
	buf_puts(b, "</td></tr>\n");
}

static void put_row(struct buf *b, const struct finding *f, size_t group, size_t row)
{
	buf_printf(b, "<tr id=\"f%zu-%zu\" data-s=\"%s\"%s%s>", group, row, html_class(f->severity),
		   *f->fixed ? " data-fix=\"1\"" : "", f->exploited ? " data-hot=\"1\"" : "");
	put_advisory(b, f);
	put_severity(b, f);
	put_fix(b, f);
}

static void put_head(struct buf *b, const struct finding_group *g)
{
	bool other = g->packages.n > 1 || (g->packages.n && strcmp(g->packages.v[0], g->name) != 0);

	buf_puts(b, "<h3>");
	xml_put(b, g->name);
	buf_puts(b, " <span class=\"v mono\">");
	xml_put(b, g->installed);
	buf_puts(b, "</span>");
	if (*g->fixed) {
		buf_puts(b, " → <span class=\"to mono\">");
		xml_put(b, g->fixed);
		buf_puts(b, "</span>");
	}
	buf_puts(b, "</h3>\n<p>");
	if (!*g->fixed)
		buf_puts(b, "No fix is known");
	else if (g->fixable == g->n)
		buf_printf(b, g->n == 1 ? "Mends it" : "Mends all %zu", g->n);
	else
		buf_printf(b, "Mends %zu of %zu", g->fixable, g->n);
	if (other)
		buf_puts(b, " · installed as ");
	for (size_t i = 0; other && i < g->packages.n; i++) {
		buf_puts(b, i ? ", " : "");
		xml_put(b, g->packages.v[i]);
	}
	buf_puts(b, "</p>\n<p>");
	if (*g->path) {
		buf_puts(b, "in <code>");
		xml_put(b, g->path);
		buf_puts(b, "</code> · ");
	}
	buf_puts(b, "<code>");
	if (*g->instruction)
		html_instruction(b, g->instruction);
	else
		xml_put(b, *g->layer ? g->layer : "the system as a whole");
	buf_puts(b, "</code></p>");
}

static void put_group(struct buf *b, const struct finding_group *g, size_t number)
{
	enum severity worst = SEVERITY_UNKNOWN;

	for (size_t i = 0; i < g->n; i++)
		worst = g->v[i]->severity > worst ? g->v[i]->severity : worst;
	buf_printf(b, "<article id=\"g%zu\" class=\"%s\"><header>", number, html_class(worst));
	put_head(b, g);
	buf_puts(b, "</header>\n<table><thead><tr><th class=\"c1\">Advisory</th><th "
		    "class=\"c2\">Severity</th><th class=\"c3\">CVSS</th><th "
		    "class=\"c4\">EPSS</th><th class=\"c5\">Fixed in</th><th>What it "
		    "is</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < g->n; i++)
		put_row(b, g->v[i], number, i);
	buf_puts(b, "</tbody></table></article>\n");
}

static void put_filter(struct buf *b)
{
	buf_puts(b, "<form class=\"filter\" hidden><input type=\"search\" "
		    "placeholder=\"Advisory, package, word\" aria-label=\"Filter\">");
	for (int s = SEVERITIES - 1; s >= 0; s--)
		buf_printf(b, "<label><input type=\"checkbox\" value=\"%s\" checked> %s</label>",
			   html_class((enum severity)s), severity_name((enum severity)s));
	buf_puts(b, "<label><input type=\"checkbox\" value=\"fix\"> with a fix</label>"
		    "<label><input type=\"checkbox\" value=\"hot\"> exploited</label></form>\n");
}

void html_groups(struct buf *b, const struct finding_groups *groups)
{
	buf_puts(b, "<section>\n<h2>What to upgrade</h2>\n<p>By package and the line of the "
		    "Dockerfile that brought it, the most urgent first: known to be exploited, "
		    "then by severity, with a fix before without.</p>\n");
	put_filter(b);
	for (size_t i = 0; i < groups->n; i++)
		put_group(b, &groups->v[i], i);
	buf_puts(b, "</section>\n");
}
