/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/scan/scan_explain.h"

#include <stdarg.h>

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_or_null(o, key);

	return s ? s : "";
}

/* One line; its text comes from images and advisories, so it is cleaned for the terminal. */
__attribute__((format(printf, 2, 3))) static void put_line(struct buf *out, const char *fmt, ...)
{
	char one[4096];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(one, sizeof(one), fmt, ap);
	va_end(ap);
	text_sanitize(one);
	buf_printf(out, "%s\n", one);
}

/* "introduced in 0, fixed in 3.0.15-1: 3.0.11-1 is before it" */
static void put_events(const json_t *answer, struct buf *out)
{
	const char *version = text(json_object_get(answer, "compared"), "version");
	size_t i;
	json_t *event;

	json_array_foreach(json_object_get(answer, "events"), i, event)
	{
		const char *kind = text(event, "event");
		bool begins = json_is_true(json_object_get(event, "begins_range"));

		put_line(out, "  %-10s %s %s: %s is %s%s", begins ? "range" : "",
			 strcmp(kind, "last_affected") == 0 ? "last affected" : kind,
			 text(event, "version"), version, text(event, "installed_is"),
			 strcmp(text(event, "installed_is"), "same") == 0 ? " as it" : " it");
	}
	if (json_array_size(json_object_get(answer, "versions")))
		put_line(out, "  %-10s %zu named one by one", "versions",
			 json_array_size(json_object_get(answer, "versions")));
}

static void put_answer(const json_t *answer, struct buf *out)
{
	const json_t *compared = json_object_get(answer, "compared");

	put_line(out, "%s %s: %s", text(answer, "package"), text(answer, "installed"),
		 strcmp(text(answer, "verdict"), "affected") == 0 ? "affected" : "not reported");
	put_line(out, "  %-10s %s", "because", text(answer, "why"));
	put_line(out, "  %-10s %s, of %s%s%s", "record", text(answer, "record"),
		 text(answer, "source"), *text(answer, "title") ? ": " : "", text(answer, "title"));
	if (*text(answer, "status"))
		put_line(out, "  %-10s %s", "status", text(answer, "status"));
	if (*text(answer, "platforms"))
		put_line(out, "  %-10s %s", "only on", text(answer, "platforms"));
	put_line(out, "  %-10s %s %s %s, in the order of %s, under %s", "compared",
		 text(compared, "kind"), text(compared, "name"), text(compared, "version"),
		 text(compared, "order"), text(compared, "ecosystem"));
	put_events(answer, out);
	if (*text(answer, "fixed"))
		put_line(out, "  %-10s %s", "mended in", text(answer, "fixed"));
	put_line(out, "  %-10s %s in layer %.19s%s%s", "read from", text(answer, "path"),
		 text(answer, "layer"), *text(answer, "instruction") ? ", " : "",
		 text(answer, "instruction"));
}

int scan_print_explanation(struct cli *c, const json_t *explanation, struct err *e)
{
	const json_t *answers = json_object_get(explanation, "answers");
	const json_t *elsewhere = json_object_get(explanation, "elsewhere");
	auto_buf out = BUF_INIT(SIZE_MAX);
	size_t i;
	json_t *one;
	int r;

	json_array_foreach(answers, i, one)
	{
		if (i)
			buf_putc(&out, '\n');
		put_answer(one, &out);
	}
	if (!json_array_size(answers))
		put_line(&out, "%s: %s", text(explanation, "advisory"),
			 json_array_size(elsewhere)
				 ? "not reported: none of this image's packages is what it is about"
				 : "not reported: the advisories do not know it");
	json_array_foreach(elsewhere, i, one) put_line(&out, "  %s, %s: %s", text(one, "ecosystem"),
						       text(one, "package"), text(one, "record"));
	json_array_foreach(json_object_get(explanation, "unchecked"), i, one)
		put_line(&out, "not checked: %s", json_string_value(one));
	r = buf_check(&out, "explanation", e);
	return r < 0 ? r : cli_print(c, e, "%s", buf_str(&out));
}
