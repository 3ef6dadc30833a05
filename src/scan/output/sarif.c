/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/output/internal.h"

/*
 * SARIF 2.1.0: one run, a rule for each advisory, a result for each finding. Code scanning services
 * want a location in a file: that is the database (or binary) within the image that the package was
 * read from. Their fingerprint is made of what stays when the package's version or the layer
 * changes, so that a finding is the same one in the next build.
 */

static const char *level_of(enum severity s)
{
	return s >= SEVERITY_HIGH ? "error" : s == SEVERITY_MEDIUM ? "warning" : "note";
}

/* GitHub's "security-severity" is a number: the score, else the middle of the severity's span. What
 * nobody rated has none. */
static void put_security_severity(const struct finding *f, struct buf *ret)
{
	static const int middle[SEVERITIES] = { [SEVERITY_UNKNOWN] = 0,
						[SEVERITY_LOW] = 20,
						[SEVERITY_MEDIUM] = 55,
						[SEVERITY_HIGH] = 80,
						[SEVERITY_CRITICAL] = 95 };
	int score = f->score > 0 && severity_of_score(f->score) == f->severity
			    ? f->score
			    : middle[f->severity];

	buf_printf(ret, "%d.%d", score / 10, score % 10);
}

static void put_severity_title(enum severity s, struct buf *ret)
{
	for (const char *c = severity_name(s); *c; c++)
		buf_putc(ret, (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c));
}

/* Markdown that says what it says: nothing in a title is taken for a link, a tag or a table. */
static void put_markdown(const char *s, struct buf *ret)
{
	for (; *s; s++) {
		if (*s == '\n' || *s == '\r') {
			buf_putc(ret, ' ');
			continue;
		}
		if (strchr("\\`*_{}[]()<>#+-.!|~&:@", *s))
			buf_putc(ret, '\\');
		buf_putc(ret, *s);
	}
}

static void put_help(const struct finding *f, const char *url, struct buf *text, struct buf *md)
{
	buf_printf(text, "%s (%s)%s%s", f->advisory, severity_name(f->severity),
		   *f->title ? ": " : "", f->title);
	if (*f->aliases)
		buf_printf(text, "\nAlso known as: %s", f->aliases);
	if (*f->vector)
		buf_printf(text, "\n%s", f->vector);
	if (f->exploited)
		buf_printf(text, "\nKnown to be exploited%s%s",
			   *f->exploited_since ? " since " : "", f->exploited_since);
	if (*url)
		buf_printf(md, "**[");
	put_markdown(f->advisory, md);
	if (*url)
		buf_printf(md, "](%s)**", url);
	buf_printf(md, " (%s)  \n", severity_name(f->severity));
	put_markdown(f->title, md);
	if (f->exploited)
		buf_puts(md, "  \n**Known to be exploited.**");
	if (*f->vector) {
		buf_puts(md, "  \n");
		put_markdown(f->vector, md);
	}
}

static int rule_tags(json_t *properties, const struct finding *f, struct err *e)
{
	auto_buf severity = BUF_INIT(64);
	json_t *tags;

	put_severity_title(f->severity, &severity);
	tags = json_pack("[sss]", "vulnerability", "security", buf_str(&severity));
	if (tags && f->exploited)
		(void)json_array_append_new(tags, json_string("known-exploited"));
	return json_put(properties, "tags", tags, e);
}

static int add_rule(json_t *rules, const struct finding *f, struct err *e)
{
	auto_buf text = BUF_INIT(SIZE_MAX), md = BUF_INIT(SIZE_MAX), url = BUF_INIT(LIMIT_REF_TEXT);
	auto_buf severity = BUF_INIT(16);
	const char *title = *f->title ? f->title : f->advisory;
	json_t *rule;
	int r;

	advisory_url(f->advisory, &url);
	put_help(f, buf_str(&url), &text, &md);
	put_security_severity(f, &severity);
	rule = json_pack("{ss ss s{ss} s{ss} ss* s{ss ss} s{ss} s{ss ss*}}", "id", f->advisory,
			 "name", "VulnerablePackage", "shortDescription", "text", title,
			 "fullDescription", "text", title, "helpUri", url.n ? buf_str(&url) : NULL,
			 "help", "text", buf_str(&text), "markdown", buf_str(&md),
			 "defaultConfiguration", "level", level_of(f->severity), "properties",
			 "precision", "very-high", "security-severity",
			 f->severity == SEVERITY_UNKNOWN ? NULL : buf_str(&severity));
	r = json_push(rules, rule, e);
	return r < 0 ? r : rule_tags(json_object_get(rule, "properties"), f, e);
}

static void put_fingerprint(const struct report *r, const struct finding *f,
			    char ret[static DIGEST_HEX + 1])
{
	auto_buf b = BUF_INIT(SIZE_MAX);
	struct digest d;

	buf_printf(&b, "%s\n%s\n%s\n%s\n%s", f->advisory, member(r->list, "ecosystem"),
		   member(f->package, "catalog"), member(f->package, "name"),
		   strcmp(member(f->package, "catalog"), "go") == 0 ? member(f->package, "path")
								    : "");
	digest_of(buf_str(&b), b.n, &d);
	(void)snprintf(ret, DIGEST_HEX + 1, "%s", digest_hex(&d));
}

/* A path as a relative reference (RFC 3986): every segment encoded. */
static void put_uri(const char *path, struct buf *ret)
{
	for (path += strspn(path, "/"); *path; path++) {
		unsigned char c = (unsigned char)*path;

		if ((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
		    strchr("/-._~", c))
			buf_putc(ret, (char)c);
		else
			buf_printf(ret, "%%%02X", c);
	}
}

static json_t *location(const struct report *r, const struct finding *f)
{
	const char *path = member(f->package, "path"), *instruction = report_instruction(r, f);
	const char *name = member(f->package, "name");
	auto_buf uri = BUF_INIT(SIZE_MAX), full = BUF_INIT(SIZE_MAX), said = BUF_INIT(SIZE_MAX);

	put_uri(*path ? path : "packages", &uri);
	buf_printf(&full, "%s/%s@%s", member(f->package, "catalog"), name,
		   member(f->package, "version"));
	if (*instruction)
		buf_printf(&said, "brought by: %s", instruction);
	else
		buf_printf(&said, "layer %s", report_layer(r, f));
	return json_pack("{s{s{ss ss} s{si si si si}} s[{ss ss ss}] s{ss}}", "physicalLocation",
			 "artifactLocation", "uri", buf_str(&uri), "uriBaseId", "IMAGE", "region",
			 "startLine", 1, "startColumn", 1, "endLine", 1, "endColumn", 1,
			 "logicalLocations", "name", name, "fullyQualifiedName", buf_str(&full),
			 "kind", "package", "message", "text", buf_str(&said));
}

static void put_message(const struct finding *f, struct buf *ret)
{
	buf_printf(ret, "%s %s: %s (%s)", member(f->package, "name"), member(f->package, "version"),
		   f->advisory, severity_name(f->severity));
	if (*f->title)
		buf_printf(ret, ", %s", f->title);
	if (*f->fixed)
		buf_printf(ret, ". Fixed in %s.", f->fixed);
	else
		buf_printf(ret, ". No fix is known%s%s%s.", *f->status ? " (" : "", f->status,
			   *f->status ? ")" : "");
}

static int put_properties(json_t *result, const struct report *r, const struct finding *f,
			  struct err *e)
{
	json_t *p = json_pack("{ss ss ss ss* ss* ss* ss*}", "package", member(f->package, "name"),
			      "installed", member(f->package, "version"), "severity",
			      severity_name(f->severity), "fixed", *f->fixed ? f->fixed : NULL,
			      "status", *f->status ? f->status : NULL, "layer",
			      *report_layer(r, f) ? report_layer(r, f) : NULL, "instruction",
			      *report_instruction(r, f) ? report_instruction(r, f) : NULL);
	int error = json_put(result, "properties", p, e);

	if (error == 0 && f->epss_ppm >= 0)
		error = json_put(p, "epss", json_real(f->epss_ppm / 1e6), e);
	if (error == 0 && f->exploited)
		error = json_put(p, "exploited", json_true(), e);
	return error;
}

static int add_result(json_t *results, const struct report *r, const struct finding *f,
		      json_int_t rule, struct err *e)
{
	auto_buf message = BUF_INIT(SIZE_MAX), line = BUF_INIT(DIGEST_HEX + 8);
	char print[DIGEST_HEX + 1];
	json_t *result;
	int error;

	put_message(f, &message);
	put_fingerprint(r, f, print);
	buf_printf(&line, "%.16s:1", print);
	result = json_pack("{ss sI ss s{ss} s[o] s{ss ss}}", "ruleId", f->advisory, "ruleIndex",
			   rule, "level", level_of(f->severity), "message", "text",
			   buf_str(&message), "locations", location(r, f), "partialFingerprints",
			   "plimsollFinding/v1", print, "primaryLocationLineHash", buf_str(&line));
	error = json_push(results, result, e);
	return error < 0 ? error : put_properties(result, r, f, e);
}

static int add_findings(json_t *rules, json_t *results, const struct report *r, struct err *e)
{
	auto_json *index = json_object();
	int error = index ? 0 : FAIL_NOMEM(e);

	for (size_t i = 0; i < r->findings_n && error == 0; i++) {
		const struct finding *f = &r->findings[i];
		const json_t *known = json_object_get(index, f->advisory);
		json_int_t rule =
			known ? json_integer_value(known) : (json_int_t)json_array_size(rules);

		if (!known) {
			error = add_rule(rules, f, e);
			error = error < 0 ? error
					  : json_put(index, f->advisory, json_integer(rule), e);
		}
		error = error < 0 ? error : add_result(results, r, f, rule, e);
	}
	return error;
}

/* What was not checked is told as the tool's own notifications. */
static int put_invocation(json_t *run, const struct report *r, struct err *e)
{
	auto_strv notes = { 0 };
	json_t *list = json_array();
	int error = json_put(run, "invocations",
			     json_pack("[{sb so}]", "executionSuccessful", 1,
				       "toolExecutionNotifications", list),
			     e);

	error = error < 0 ? error : report_notes(r, &notes, e);
	for (size_t i = 0; i < notes.n && error == 0; i++)
		error = json_push(
			list,
			json_pack("{ss s{ss}}", "level", "warning", "message", "text", notes.v[i]),
			e);
	return error;
}

int output_sarif(const struct subject *s, const struct report *r, json_t **ret, struct err *e)
{
	auto_buf what = BUF_INIT(LIMIT_REF_TEXT);
	auto_json *doc = NULL;
	json_t *run, *driver;
	int error;

	buf_printf(&what, "the root of image %s", s->name);
	if (*s->digest && strcmp(s->digest, s->name) != 0)
		buf_printf(&what, " (%s)", s->digest);
	doc = json_pack("{ss ss s[{s{s{ss ss ss s[]}} s{s{s{ss}}} s[] ss s{ss ss ss}}]}", "$schema",
			"https://json.schemastore.org/sarif-2.1.0.json", "version", "2.1.0", "runs",
			"tool", "driver", "name", TOOL, "version", PLIMSOLL_VERSION,
			"semanticVersion", PLIMSOLL_VERSION, "rules", "originalUriBaseIds", "IMAGE",
			"description", "text", buf_str(&what), "results", "columnKind",
			"utf16CodeUnits", "properties", "image", s->name, "digest", s->digest,
			"ecosystem", member(r->list, "ecosystem"));
	if (!doc)
		return FAIL_NOMEM(e);
	run = json_array_get(json_object_get(doc, "runs"), 0);
	driver = json_object_get(json_object_get(run, "tool"), "driver");
	error = put_invocation(run, r, e);
	error = error < 0 ? error
			  : add_findings(json_object_get(driver, "rules"),
					 json_object_get(run, "results"), r, e);
	if (error == 0)
		*ret = TAKE(doc);
	return error;
}
