/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/output/html.h"

#include "base/encode.h"

/*
 * The report as one HTML page for people. It needs nothing but itself: no network, no font, no
 * script (one filters, where scripts run). Its policy allows exactly its own style and script, so
 * that even text that got through unescaped could not run or load anything.
 */

static void put_hash(struct buf *b, const char *text)
{
	unsigned char h[SHA256_LEN];

	sha256_once(text, strlen(text), h);
	buf_puts(b, "'sha256-");
	b64_put(b, B64_STD, h, sizeof(h));
	buf_puts(b, "'");
}

static void put_head(struct buf *b, const struct subject *s)
{
	buf_puts(b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
		    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		    "base-uri 'none'; form-action 'none'; style-src ");
	put_hash(b, html_style);
	buf_puts(b, "; script-src ");
	put_hash(b, html_script);
	buf_puts(b, "\"/>\n<meta name=\"viewport\" content=\"width=device-width, "
		    "initial-scale=1\"/>\n<meta name=\"referrer\" content=\"no-referrer\"/>\n"
		    "<title>");
	xml_put(b, s->name);
	buf_printf(b, ": findings</title>\n<style>%s</style>\n</head>\n<body>\n", html_style);
}

static void put_fact(struct buf *b, const char *before, const char *text, const char *after)
{
	if (!*text)
		return;
	buf_printf(b, "<li>%s", before);
	xml_put(b, text);
	buf_printf(b, "%s</li>", after);
}

/* The mark on the hull: a ring and the line through it. */
static void put_banner(struct buf *b, const struct subject *s, const struct report *r)
{
	const json_t *os = json_object_get(r->list, "os");
	char date[RFC3339_MAX] = "";

	buf_puts(b,
		 "<header><div><svg viewBox=\"0 0 72 72\" aria-hidden=\"true\"><circle cx=\"36\" "
		 "cy=\"36\" r=\"21\" stroke-width=\"5\"/><path d=\"M4 36H68\" "
		 "stroke-width=\"5\"/></svg>\n<div><h1>");
	xml_put(b, *s->name ? s->name : "an image");
	buf_puts(b, "</h1>\n<ul class=\"facts\">");
	put_fact(b, "", *member(os, "name") ? member(os, "name") : member(os, "id"), "");
	buf_printf(b, "<li>%zu packages</li>",
		   json_array_size(json_object_get(r->list, "packages")));
	if (r->advisories_date > 0)
		clock_rfc3339(r->advisories_date, date);
	date[10 < strlen(date) ? 10 : strlen(date)] = '\0';
	put_fact(b, "advisories of ", date, "");
	if (strcmp(s->digest, s->name) != 0)
		put_fact(b, "<span class=\"mono\">", s->digest, "</span>");
	buf_puts(b, "</ul></div></div></header>\n<main>\n");
}

static void put_verdict(struct buf *b, const struct html_counts *n)
{
	if (!n->total)
		return;
	buf_printf(b, "<p class=\"big\">%zu vulnerabilit%s", n->total, n->total == 1 ? "y" : "ies");
	if (n->exploited)
		buf_printf(b, ", <b>%zu known to be exploited</b>", n->exploited);
	buf_puts(b, ". ");
	if (n->mending)
		buf_printf(b, "Upgrading %zu package%s mends %s%zu.", n->mending,
			   n->mending == 1 ? "" : "s", n->fixable == n->total ? "all " : "",
			   n->fixable);
	else
		buf_puts(b, "No fix is known for any of them.");
	buf_puts(b, "</p>\n<ul class=\"tally\">");
	for (int s = SEVERITIES - 1; s >= 0; s--)
		buf_printf(b, "<li class=\"%s%s\"><b>%zu</b><span>%s</span></li>",
			   html_class((enum severity)s), n->severity[s] ? "" : " none",
			   n->severity[s], severity_name((enum severity)s));
	buf_puts(b, "</ul>\n");
}

static void put_clear(struct buf *b, const struct report *r, const struct strv *unchecked)
{
	buf_puts(b, "<section class=\"clear\"><p class=\"big\">");
	buf_puts(b, unchecked->n ? "No findings in what could be checked." : "No findings.");
	buf_printf(b, "</p><p>%zu packages were matched against the advisories.</p></section>\n",
		   json_array_size(json_object_get(r->list, "packages")));
}

static void put_list(struct buf *b, const char *title, const struct strv *lines, size_t from)
{
	if (from >= lines->n)
		return;
	buf_printf(b, "<section class=\"warn\"><h2>%s</h2><ul>", title);
	for (size_t i = from; i < lines->n; i++) {
		buf_puts(b, "<li>");
		xml_put(b, lines->v[i]);
		buf_puts(b, "</li>");
	}
	buf_puts(b, "</ul></section>\n");
}

static void count_all(const struct finding_groups *groups, struct html_counts *n)
{
	*n = (struct html_counts){ 0 };
	for (size_t i = 0; i < groups->n; i++) {
		const struct finding_group *g = &groups->v[i];

		n->total += g->n;
		n->fixable += g->fixable;
		n->mending += *g->fixed != '\0';
		for (size_t j = 0; j < g->n; j++) {
			n->severity[g->v[j]->severity]++;
			n->exploited += g->v[j]->exploited;
		}
	}
}

static void put_foot(struct buf *b, const struct subject *s, const struct report *r)
{
	char date[RFC3339_MAX] = "never";

	if (r->advisories_date > 0)
		clock_rfc3339(r->advisories_date, date);
	buf_puts(b, "</main>\n<footer>Read by " TOOL " " PLIMSOLL_VERSION
		    " from the image's package databases and programs, as ");
	xml_put(b, *member(r->list, "ecosystem") ? member(r->list, "ecosystem")
						 : "an unknown distribution");
	buf_printf(b, "; advisories last changed %s; image created ", date);
	xml_put(b, *s->created ? s->created : "at an unknown time");
	buf_printf(b,
		   ". EPSS is the probability of attacks within 30 days.</footer>\n"
		   "<script>%s</script>\n</body>\n</html>\n",
		   html_script);
}

int output_html(const struct subject *s, const struct report *r, struct buf *ret, struct err *e)
{
	auto_finding_groups groups = { 0 };
	auto_strv unchecked = { 0 }, notes = { 0 };
	struct html_counts n;
	int error = report_groups(r, &groups, e);

	error = error < 0 ? error : report_unchecked(r, &unchecked, e);
	error = error < 0 ? error : report_notes(r, &notes, e);
	if (error < 0)
		return error;
	count_all(&groups, &n);
	put_head(ret, s);
	put_banner(ret, s, r);
	put_verdict(ret, &n);
	if (!n.total)
		put_clear(ret, r, &unchecked);
	put_list(ret, "What was not checked", &unchecked, 0);
	if (n.total) {
		html_layers(ret, r, &groups);
		html_groups(ret, &groups);
	}
	/* The notes begin with what was not checked. */
	put_list(ret, "Notes", &notes, unchecked.n);
	put_foot(ret, s, r);
	return buf_check(ret, "the page", e);
}
