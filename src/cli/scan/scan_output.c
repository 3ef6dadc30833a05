/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/scan/scan_output.h"

#include <stdlib.h>

static const struct {
	const char *name;
	enum scan_format format;
} formats[] = {
	{ "table", SCAN_TABLE },	 { "json", SCAN_JSON },
	{ "sarif", SCAN_SARIF },	 { "junit", SCAN_JUNIT },
	{ "html", SCAN_HTML },		 { "spdx-json", SCAN_SPDX },
	{ "cyclonedx", SCAN_CYCLONEDX }, { "cyclonedx-json", SCAN_CYCLONEDX },
};

int scan_format_parse(const struct cli *c, const char *name, enum scan_format *ret, struct err *e)
{
	if (!name)
		name = c->json ? "json" : "table";
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (strcmp(name, formats[i].name) == 0) {
			*ret = formats[i].format;
			return 0;
		}
	return FAIL(e, E_USAGE,
		    "--format is table, json, sarif, junit, html, spdx-json or cyclonedx, not "
		    "'%.40s'",
		    name);
}

enum { LIMIT_DOCUMENT = 1024 * 1024 * 1024 };

static int print_text(struct cli *c, const struct buf *b, struct err *e)
{
	int r = buf_check(b, "the document", e);

	return r < 0 || fwrite(buf_str(b), 1, b->n, c->out) == b->n
		       ? r
		       : FAIL_SYS(e, "write to standard output");
}

int scan_print(struct cli *c, enum scan_format format, const struct subject *s,
	       const struct report *report, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_DOCUMENT);
	auto_json *doc = NULL;
	int r = 0;

	switch (format) {
	case SCAN_SARIF: r = output_sarif(s, report, &doc, e); break;
	case SCAN_JUNIT: r = output_junit(s, report, &text, e); break;
	case SCAN_HTML: r = output_html(s, report, &text, e); break;
	case SCAN_SPDX: r = output_spdx(s, report->list, &doc, e); break;
	case SCAN_CYCLONEDX: r = output_cyclonedx(s, report->list, report, &doc, e); break;
	case SCAN_TABLE:
	case SCAN_JSON: return FAIL(e, E_INTERNAL, "not a document's format");
	}
	if (r < 0)
		return r;
	return doc ? cli_print_json(c, doc, e) : print_text(c, &text, e);
}

int sbom_print(struct cli *c, enum scan_format format, const struct subject *s, const json_t *list,
	       struct err *e)
{
	auto_json *doc = NULL;
	int r = format == SCAN_SPDX ? output_spdx(s, list, &doc, e)
				    : output_cyclonedx(s, list, NULL, &doc, e);

	return r < 0 ? r : cli_print_json(c, doc, e);
}

int source_date_epoch(int64_t *ret, struct err *e)
{
	const char *s = getenv("SOURCE_DATE_EPOCH");
	uint64_t v = 0;

	/* Four-digit years, as RFC 3339 has them. */
	if (s && *s && str_u64(str_of(s), UINT64_C(253402300799), &v, NULL) < 0)
		return FAIL(e, E_USAGE, "SOURCE_DATE_EPOCH '%.40s' is no unix time", s);
	*ret = s && *s ? (int64_t)v : -1;
	return 0;
}
