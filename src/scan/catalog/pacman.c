/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/catalog/catalog.h"

/*
 * pacman's local database: a folder a package, with "desc" and "files" in it: "%FIELD%" on a line,
 * its values on the lines below, a blank line after them.
 */
struct desc {
	struct str name, version, base, arch, licence;
};

static struct str *member(struct desc *d, struct str field)
{
	const struct {
		const char *name;
		struct str *at;
	} members[] = {
		{ "%NAME%", &d->name }, { "%VERSION%", &d->version }, { "%BASE%", &d->base },
		{ "%ARCH%", &d->arch }, { "%LICENSE%", &d->licence },
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (str_eqz(field, members[i].name))
			return members[i].at;
	return NULL;
}

static bool is_field(struct str line)
{
	return line.n > 2 && line.p[0] == '%' && line.p[line.n - 1] == '%';
}

/* One line of a value; a package with two licences has both, in one text. */
static int put_value(struct desc *d, struct str *at, struct str value, struct buf *licences,
		     size_t line_no, struct err *e)
{
	if (at == &d->licence) {
		buf_printf(licences, "%s%.*s", licences->n ? " AND " : "", (int)value.n, value.p);
		return 0;
	}
	if (at->p)
		return FAIL(e, E_FORMAT, "line %zu: a second value", line_no);
	*at = value;
	return 0;
}

static int read_desc(struct str text, struct desc *ret, struct buf *licences, struct err *e)
{
	struct str line, *at = NULL;
	bool inside = false;
	size_t line_no = 0;

	while (str_line(&text, &line)) {
		int r = 0;

		line_no++;
		if (!line.n) {
			inside = false;
		} else if (!inside) {
			if (!is_field(line))
				return FAIL(e, E_FORMAT, "line %zu: not a field", line_no);
			inside = true;
			at = member(ret, line);
		} else if (at) {
			r = put_value(ret, at, line, licences, line_no, e);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

int catalog_pacman_desc(struct str text, struct catalog_out *out, struct err *e)
{
	auto_buf licences = BUF_INIT(LIMIT_PACKAGE_FIELD);
	struct desc d = { .name = { NULL, 0 } };
	struct package p;
	int r = read_desc(text, &d, &licences, e);

	if (r < 0)
		return r;
	if (!d.name.n || !d.version.n)
		return FAIL(e, E_FORMAT, "a package without %%NAME%% or %%VERSION%%");
	p = (struct package){
		.name = d.name, .version = d.version, .arch = d.arch, .source = d.base
	};
	if (!licences.failed && str_utf8((struct str){ licences.p, licences.n }))
		p.license = (struct str){ licences.p, licences.n };
	return catalog_add(out, &p, e);
}

/* "…/local/NAME-PKGVER-PKGREL/files": which package this is, only the folder tells. */
static struct str package_of(const char *path)
{
	const char *end = strrchr(path, '/'), *start;
	struct str folder;

	if (!end)
		return STR("");
	start = memrchr(path, '/', (size_t)(end - path));
	start = start ? start + 1 : path;
	folder = (struct str){ start, (size_t)(end - start) };
	for (int i = 0; i < 2; i++) {
		const char *dash = folder.n ? memrchr(folder.p, '-', folder.n) : NULL;

		if (!dash)
			return STR("");
		folder.n = (size_t)(dash - folder.p);
	}
	return folder;
}

int catalog_pacman_files(struct str text, struct catalog_out *out, struct err *e)
{
	struct str package = package_of(out->path), line;
	bool inside = false, files = false;

	if (!package.n)
		return FAIL(e, E_FORMAT, "a folder that names no package");
	while (str_line(&text, &line)) {
		int r = 0;

		if (!line.n) {
			inside = false;
		} else if (!inside) {
			inside = true;
			files = str_eqz(line, "%FILES%");
		} else if (files && line.p[line.n - 1] != '/') {
			r = catalog_owns(out, package, STR(""), line, e);
		}
		if (r < 0)
			return r;
	}
	return 0;
}
