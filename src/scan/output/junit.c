/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/output/internal.h"
#include "scan/output/xml.h"

/*
 * JUnit's XML, in the shape that pipelines know from Trivy's template: one suite for the image, a
 * test case for each finding, which failed, named "[HIGH] CVE-…" in class "package-version". What
 * could not be checked is a test case with an error; if all was well there is one that passed.
 */

static void put_upper(struct buf *b, const char *s)
{
	for (; *s; s++)
		buf_putc(b, (char)(*s >= 'a' && *s <= 'z' ? *s - 'a' + 'A' : *s));
}

static void put_attribute(struct buf *b, const char *name, const char *value)
{
	buf_printf(b, " %s=\"", name);
	xml_put(b, value);
	buf_putc(b, '"');
}

static void put_property(struct buf *b, const char *name, const char *value)
{
	buf_puts(b, "      <property");
	put_attribute(b, "name", name);
	put_attribute(b, "value", value);
	buf_puts(b, "/>\n");
}

static void put_line(struct buf *b, const char *label, const char *value)
{
	if (!*value)
		return;
	buf_printf(b, "%s: ", label);
	xml_put(b, value);
	buf_putc(b, '\n');
}

static void put_finding(struct buf *b, const struct report *r, const struct finding *f)
{
	auto_buf class = BUF_INIT(LIMIT_REF_TEXT), name = BUF_INIT(LIMIT_REF_TEXT);
	auto_buf url = BUF_INIT(LIMIT_REF_TEXT);

	buf_printf(&class, "%s-%s", member(f->package, "name"), member(f->package, "version"));
	buf_putc(&name, '[');
	put_upper(&name, severity_name(f->severity));
	buf_printf(&name, "] %s", f->advisory);
	advisory_url(f->advisory, &url);
	buf_puts(b, "    <testcase");
	put_attribute(b, "classname", buf_str(&class));
	put_attribute(b, "name", buf_str(&name));
	buf_puts(b, " time=\"0\">\n      <failure");
	put_attribute(b, "message", *f->title ? f->title : f->advisory);
	buf_puts(b, " type=\"vulnerability\">");
	put_line(b, "Package", member(f->package, "name"));
	put_line(b, "Installed", member(f->package, "version"));
	put_line(b, "Fixed in", *f->fixed ? f->fixed : "no fix is known");
	put_line(b, "Status", f->status);
	put_line(b, "Also known as", f->aliases);
	put_line(b, "CVSS", f->vector);
	if (f->exploited)
		put_line(b, "Known to be exploited",
			 *f->exploited_since ? f->exploited_since : "yes");
	put_line(b, "Brought by", report_instruction(r, f));
	put_line(b, "Layer", report_layer(r, f));
	put_line(b, "Read", buf_str(&url));
	buf_puts(b, "</failure>\n    </testcase>\n");
}

static void put_case(struct buf *b, const char *name, const char *error)
{
	buf_puts(b, "    <testcase");
	put_attribute(b, "classname", TOOL);
	put_attribute(b, "name", name);
	buf_puts(b, " time=\"0\"");
	if (!error) {
		buf_puts(b, "/>\n");
		return;
	}
	buf_puts(b, ">\n      <error");
	put_attribute(b, "message", error);
	buf_puts(b, " type=\"not checked\"/>\n    </testcase>\n");
}

static void put_suite_head(struct buf *b, const struct subject *s, const struct report *r,
			   size_t cases, size_t errors)
{
	const char *os = member(json_object_get(r->list, "os"), "name");
	auto_buf name = BUF_INIT(LIMIT_REF_TEXT);

	buf_printf(&name, "%s%s%s%s", s->name, *os ? " (" : "", os, *os ? ")" : "");
	buf_printf(b,
		   "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"" TOOL
		   "\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\">\n  <testsuite",
		   cases, r->findings_n, errors);
	put_attribute(b, "name", buf_str(&name));
	buf_printf(b,
		   " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"0\" time=\"0\">\n"
		   "    <properties>\n",
		   cases, r->findings_n, errors);
	put_property(b, "type", member(r->list, "ecosystem"));
	put_property(b, "digest", s->digest);
	buf_puts(b, "    </properties>\n");
}

int output_junit(const struct subject *s, const struct report *r, struct buf *ret, struct err *e)
{
	auto_strv notes = { 0 };
	int error = report_unchecked(r, &notes, e);
	bool clean = notes.n == 0 && r->findings_n == 0;

	if (error < 0)
		return error;
	put_suite_head(ret, s, r, r->findings_n + notes.n + clean, notes.n);
	for (size_t i = 0; i < notes.n; i++)
		put_case(ret, "what could be checked", notes.v[i]);
	for (size_t i = 0; i < r->findings_n; i++)
		put_finding(ret, r, &r->findings[i]);
	if (clean)
		put_case(ret, "no findings", NULL);
	buf_puts(ret, "  </testsuite>\n</testsuites>\n");
	return buf_check(ret, "JUnit's XML", e);
}
