/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/catalog/catalog.h"

/* The fields that we read of a stanza (deb-control(5), dpkg(1) "Package states"). */
enum field { PACKAGE, STATUS, ARCHITECTURE, VERSION, SOURCE, FIELDS };

static const char *const field_names[FIELDS] = {
	[PACKAGE] = "Package", [STATUS] = "Status", [ARCHITECTURE] = "Architecture",
	[VERSION] = "Version", [SOURCE] = "Source",
};

struct stanza {
	struct str v[FIELDS];
	bool any;	/* a field at all */
	size_t line_no; /* of the file, for messages */
};

/* Field names are compared without regard to case. */
static bool name_is(struct str s, const char *name)
{
	return s.n == strlen(name) && strncasecmp(s.p, name, s.n) == 0;
}

static int read_field(struct stanza *st, struct str line, struct err *e)
{
	const char *colon = memchr(line.p, ':', line.n);
	struct str name, value;

	if (!colon || colon == line.p)
		return FAIL(e, E_FORMAT, "line %zu: not a field", st->line_no);
	name = (struct str){ line.p, (size_t)(colon - line.p) };
	value = str_trim((struct str){ colon + 1, line.n - name.n - 1 });
	st->any = true;
	for (int i = 0; i < FIELDS; i++) {
		if (!name_is(name, field_names[i]))
			continue;
		if (st->v[i].p)
			return FAIL(e, E_FORMAT, "line %zu: %s twice in one stanza", st->line_no,
				    field_names[i]);
		st->v[i] = value;
	}
	return 0;
}

/*
 * "want flag state". What is unpacked or half configured has its files on the disk, so only those
 * states do not count of which nothing but configuration remains.
 */
static int is_present(struct str status, bool *ret, struct err *e)
{
	static const char *const present[] = { "installed",	   "unpacked",
					       "half-configured",  "half-installed",
					       "triggers-awaited", "triggers-pending" };
	struct str rest = status, word, state = STR("");
	int words = 0;

	*ret = true;
	if (!status.n) /* dpkg always writes one; whoever made the file did not know of it */
		return 0;
	while (str_cut(&rest, ' ', &word))
		if (word.n) {
			state = word;
			words++;
		}
	if (words != 3)
		return FAIL(e, E_FORMAT, "'Status: %.*s' is not three words",
			    (int)(status.n < 80 ? status.n : 80), status.p ? status.p : "");
	*ret = false;
	for (size_t i = 0; i < sizeof(present) / sizeof(*present); i++)
		*ret |= str_eqz(state, present[i]);
	return 0;
}

/* "foo (1.2-3)": the version is given where it differs from the package's own. */
static int split_source(struct str s, struct str *ret_name, struct str *ret_version, struct err *e)
{
	const char *open = s.n ? memchr(s.p, '(', s.n) : NULL;

	*ret_name = s;
	*ret_version = STR("");
	if (!open)
		return 0;
	if (s.p[s.n - 1] != ')')
		return FAIL(e, E_FORMAT, "'Source: %.*s' has no closing bracket",
			    (int)(s.n < 80 ? s.n : 80), s.p);
	*ret_name = str_trim((struct str){ s.p, (size_t)(open - s.p) });
	*ret_version = str_trim((struct str){ open + 1, s.n - (size_t)(open - s.p) - 2 });
	return 0;
}

static int end_stanza(struct stanza *st, bool with_status, struct catalog_out *out, struct err *e)
{
	struct stanza done = *st;
	struct str source, source_version;
	bool present = true;
	int r;

	*st = (struct stanza){ .line_no = st->line_no };
	if (!done.any)
		return 0;
	if (!done.v[PACKAGE].n)
		return FAIL(e, E_FORMAT, "line %zu: a stanza without Package", done.line_no);
	if (with_status) {
		r = is_present(done.v[STATUS], &present, e);
		if (r < 0)
			return WRAP(e, r, "line %zu", done.line_no);
	}
	/* What is only known of, or was never there, has neither. */
	if (!present || (with_status && !done.v[STATUS].n && !done.v[VERSION].n))
		return 0;
	if (!done.v[VERSION].n)
		return FAIL(e, E_FORMAT, "line %zu: a stanza without Version", done.line_no);
	r = split_source(done.v[SOURCE], &source, &source_version, e);
	if (r == 0)
		r = catalog_add(out,
				&(struct package){ .name = done.v[PACKAGE],
						   .version = done.v[VERSION],
						   .arch = done.v[ARCHITECTURE],
						   .source = source,
						   .source_version = source_version },
				e);
	return r < 0 ? WRAP(e, r, "line %zu", done.line_no) : 0;
}

static int read_line(struct stanza *st, struct str line, bool with_status, struct catalog_out *out,
		     struct err *e)
{
	if (!str_trim(line).n)
		return end_stanza(st, with_status, out, e);
	if (*line.p != ' ' && *line.p != '\t')
		return read_field(st, line, e);
	return st->any ? 0 : FAIL(e, E_FORMAT, "line %zu: continues nothing", st->line_no);
}

static int parse(struct str text, bool with_status, struct catalog_out *out, struct err *e)
{
	struct catalog_damage damage = { .r = 0 };
	struct stanza st = { .line_no = 0 };
	struct err why = ERR_INIT;
	struct str line;
	int r = 0;

	while (str_line(&text, &line) && catalog_goes_on(&damage, r, &why)) {
		st.line_no++;
		r = read_line(&st, line, with_status, out, &why);
	}
	if (catalog_goes_on(&damage, r, &why))
		r = end_stanza(&st, with_status, out, &why);
	return catalog_end(&damage, r, &why, e);
}

int catalog_dpkg_status(struct str text, struct catalog_out *out, struct err *e)
{
	return parse(text, true, out, e);
}

/* As distroless images have it: one file a package, without a Status. */
int catalog_dpkg_status_d(struct str text, struct catalog_out *out, struct err *e)
{
	return parse(text, false, out, e);
}
