/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/catalog/catalog.h"

/* The installed database of apk: lines of "X:value", a blank line after each package (apk-tools,
 * apk-v2(5) and src/database.c's field letters). */
struct entry {
	struct package p;
	struct str folder; /* of the files that follow */
	bool any;
};

static int set_once(struct str *field, struct str value, char letter, size_t line_no, struct err *e)
{
	if (field->p)
		return FAIL(e, E_FORMAT, "line %zu: %c: twice in one package", line_no, letter);
	*field = value;
	return 0;
}

static int read_file(struct entry *en, struct str name, struct catalog_out *out, size_t line_no,
		     struct err *e)
{
	int r = en->folder.p ? catalog_owns(out, en->p.name, en->folder, name, e)
			     : FAIL(e, E_FORMAT, "R: before F:");

	return r < 0 ? WRAP(e, r, "line %zu", line_no) : 0;
}

static int read_line(struct entry *en, struct str line, struct catalog_out *out, size_t line_no,
		     struct err *e)
{
	struct str value;

	if (line.n < 2 || line.p[1] != ':')
		return FAIL(e, E_FORMAT, "line %zu: not a field", line_no);
	value = (struct str){ line.p + 2, line.n - 2 };
	en->any = true;
	switch (line.p[0]) {
	case 'P': return set_once(&en->p.name, value, 'P', line_no, e);
	case 'V': return set_once(&en->p.version, value, 'V', line_no, e);
	case 'A': return set_once(&en->p.arch, value, 'A', line_no, e);
	case 'o': return set_once(&en->p.source, value, 'o', line_no, e);
	case 'L': return set_once(&en->p.license, value, 'L', line_no, e);
	case 'F': en->folder = value; return 0;
	case 'R': return read_file(en, value, out, line_no, e);
	default: return 0;
	}
}

static int end_entry(struct entry *en, size_t line_no, struct catalog_out *out, struct err *e)
{
	struct entry done = *en;
	int r;

	*en = (struct entry){ .any = false };
	if (!done.any)
		return 0;
	if (!done.p.name.n || !done.p.version.n)
		return FAIL(e, E_FORMAT, "line %zu: a package without P: or V:", line_no);
	r = catalog_add(out, &done.p, e);
	return r < 0 ? WRAP(e, r, "line %zu", line_no) : 0;
}

int catalog_apk_installed(struct str text, struct catalog_out *out, struct err *e)
{
	struct catalog_damage damage = { .r = 0 };
	struct entry en = { .any = false };
	struct err why = ERR_INIT;
	struct str line;
	size_t line_no = 0;
	int r = 0;

	while (str_line(&text, &line) && catalog_goes_on(&damage, r, &why)) {
		line_no++;
		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		r = line.n ? read_line(&en, line, out, line_no, &why)
			   : end_entry(&en, line_no, out, &why);
	}
	if (catalog_goes_on(&damage, r, &why))
		r = end_entry(&en, line_no, out, &why);
	return catalog_end(&damage, r, &why, e);
}
