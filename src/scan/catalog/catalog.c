/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/catalog/rpm.h"

const struct catalog catalogs[] = {
	{ "dpkg", "var/lib/dpkg/status", catalog_dpkg_status, 0 },
	{ "dpkg", "var/lib/dpkg/info/*.list", catalog_dpkg_list, .files_only = true },
	/* Distroless images have a file a package, and one of digests beside it. */
	{ "dpkg", "var/lib/dpkg/status.d/*.md5sums", catalog_dpkg_md5sums, .files_only = true },
	{ "dpkg", "var/lib/dpkg/status.d/*", catalog_dpkg_status_d, 0 },
	{ "apk", "lib/apk/db/installed", catalog_apk_installed, 0 },
	{ "apk", "usr/lib/apk/db/installed", catalog_apk_installed, 0 },
	/* What such a file is, its content tells; its name depends on rpm's age. */
	{ "rpm", "var/lib/rpm/Packages", catalog_rpm, LIMIT_RPM_DATABASE },
	{ "rpm", "var/lib/rpm/Packages.db", catalog_rpm, LIMIT_RPM_DATABASE },
	{ "rpm", "var/lib/rpm/rpmdb.sqlite", catalog_rpm, LIMIT_RPM_DATABASE },
	{ "rpm", "var/lib/rpm/rpmdb.sqlite-wal", catalog_rpm_wal, LIMIT_RPM_DATABASE },
	{ "rpm", "var/lib/rpm/rpmdb.sqlite-journal", catalog_rpm_wal, LIMIT_RPM_DATABASE },
	{ "rpm", "usr/lib/sysimage/rpm/Packages", catalog_rpm, LIMIT_RPM_DATABASE },
	{ "rpm", "usr/lib/sysimage/rpm/Packages.db", catalog_rpm, LIMIT_RPM_DATABASE },
	{ "rpm", "usr/lib/sysimage/rpm/rpmdb.sqlite", catalog_rpm, LIMIT_RPM_DATABASE },
	{ "rpm", "usr/lib/sysimage/rpm/rpmdb.sqlite-wal", catalog_rpm_wal, LIMIT_RPM_DATABASE },
	{ "rpm", "usr/lib/sysimage/rpm/rpmdb.sqlite-journal", catalog_rpm_wal, LIMIT_RPM_DATABASE },
	{ "rpm", "usr/share/rpm/Packages", catalog_rpm, LIMIT_RPM_DATABASE },
	{ "rpm", "usr/share/rpm/Packages.db", catalog_rpm, LIMIT_RPM_DATABASE },
	{ "rpm", "usr/share/rpm/rpmdb.sqlite", catalog_rpm, LIMIT_RPM_DATABASE },
	{ "rpm", "usr/share/rpm/rpmdb.sqlite-wal", catalog_rpm_wal, LIMIT_RPM_DATABASE },
	{ "rpm", "usr/share/rpm/rpmdb.sqlite-journal", catalog_rpm_wal, LIMIT_RPM_DATABASE },
	{ "rpm", "var/lib/rpmmanifest/container-manifest-2", catalog_rpm_manifest, 0 },
	{ "pacman", "var/lib/pacman/local/*/desc", catalog_pacman_desc, 0 },
	{ "pacman", "var/lib/pacman/local/*/files", catalog_pacman_files, .files_only = true },
	/* Chiselled Ubuntu, OpenWrt, Void, Gentoo. */
	{ "chisel", "var/lib/chisel/manifest.wall", catalog_unread, 0 },
	{ "opkg", "usr/lib/opkg/status", catalog_unread, 0 },
	{ "opkg", "var/lib/opkg/status", catalog_unread, 0 },
	{ "xbps", "var/db/xbps/pkgdb-*.plist", catalog_unread, 0 },
	{ "portage", "var/lib/portage/world", catalog_unread, 0 },
	{ NULL },
};

/* Whether one name of a path fits one name of a pattern, which has at most one "*". */
static bool name_fits(struct str pattern, struct str name)
{
	const char *star = memchr(pattern.p, '*', pattern.n);
	size_t before, after;

	if (!star)
		return str_eq(pattern, name);
	before = (size_t)(star - pattern.p);
	after = pattern.n - before - 1;
	return name.n > before + after && memcmp(name.p, pattern.p, before) == 0 &&
	       memcmp(name.p + name.n - after, star + 1, after) == 0;
}

/* Compares name by name. When one of them ends first, *ret_rest is what is left of the pattern. */
static bool path_fits(const char *pattern, const char *path, struct str *ret_rest)
{
	struct str p = str_of(pattern), rest = str_of(path), want, have;

	while (str_cut(&rest, '/', &have))
		if (!str_cut(&p, '/', &want) || !name_fits(want, have))
			return false;
	*ret_rest = p;
	return true;
}

const struct catalog *catalog_of(const char *path)
{
	struct str rest;

	for (const struct catalog *c = catalogs; c->name; c++)
		if (path_fits(c->path, path, &rest) && !rest.n)
			return c;
	return NULL;
}

bool catalog_concerns(const char *path)
{
	struct str rest;

	for (const struct catalog *c = catalogs; c->name; c++)
		if (path_fits(c->path, path, &rest))
			return true;
	return false;
}

static bool has_row(struct str folder, struct str rest)
{
	for (const struct catalog *c = catalogs; c->name; c++) {
		struct str p = str_of(c->path);

		if (p.n == folder.n + 1 + rest.n && str_ends(p, rest.p) && p.p[folder.n] == '/' &&
		    memcmp(p.p, folder.p, folder.n) == 0)
			return true;
	}
	return false;
}

bool catalog_follows(const char *path, const char *target)
{
	struct str rest;

	for (const struct catalog *c = catalogs; c->name; c++)
		if (path_fits(c->path, path, &rest) &&
		    (rest.n ? !has_row(str_of(target), rest) : !catalog_of(target)))
			return false;
	return true;
}

static int put(json_t *o, const char *key, struct str s, struct err *e)
{
	if (s.n > LIMIT_PACKAGE_FIELD)
		return FAIL(e, E_FORMAT, "a package's %s is longer than %d bytes", key,
			    LIMIT_PACKAGE_FIELD);
	if (!str_utf8(s))
		return FAIL(e, E_FORMAT, "a package's %s is not UTF-8", key);
	return json_put(o, key, json_stringn(s.p ? s.p : "", s.n), e);
}

int catalog_add(struct catalog_out *out, const struct package *p, struct err *e)
{
	const struct {
		const char *key;
		struct str value;
		bool always;
	} members[] = {
		{ "name", p->name, true },
		{ "version", p->version, true },
		{ "arch", p->arch, true },
		{ "source", p->source.n ? p->source : p->name, true },
		{ "source_version", p->source_version.n ? p->source_version : p->version, true },
		{ "ecosystem", p->ecosystem, false },
		{ "license", p->license, false },
		{ "module", p->module, false },
		{ "replaces", p->replaces, false },
		{ "os", p->os, false },
	};
	auto_json *o = json_object();
	int r = 0;

	if (!o)
		return FAIL_NOMEM(e);
	if (json_array_size(out->packages) >= LIMIT_PACKAGES)
		return FAIL(e, E_FORMAT, "more than %d packages", LIMIT_PACKAGES);
	for (size_t i = 0; r == 0 && i < sizeof(members) / sizeof(*members); i++)
		if (members[i].always || members[i].value.n)
			r = put(o, members[i].key, members[i].value, e);
	return r < 0 ? r : json_push(out->packages, TAKE(o), e);
}

bool catalog_goes_on(struct catalog_damage *d, int r, const struct err *why)
{
	if (r == E_FORMAT && d->r == 0) {
		d->r = r;
		d->e = *why;
	}
	return r >= 0 || r == E_FORMAT;
}

int catalog_end(struct catalog_damage *d, int r, const struct err *why, struct err *e)
{
	const bool whole = catalog_goes_on(d, r, why);

	if (whole && d->r == 0)
		return 0;
	if (e)
		*e = whole ? d->e : *why;
	return whole ? d->r : r;
}

/* "/usr", "./usr" and "usr" are the same. */
static struct str without_root(struct str path)
{
	while (path.n &&
	       (*path.p == '/' || (*path.p == '.' && (path.n == 1 || path.p[1] == '/')))) {
		path.p++;
		path.n--;
	}
	return path;
}

int catalog_owns(struct catalog_out *out, struct str package, struct str folder, struct str name,
		 struct err *e)
{
	char path[LIMIT_PACKAGE_PATH];
	size_t n = 0;

	if (!out->file)
		return 0;
	folder = without_root(folder);
	name = folder.n ? name : without_root(name);
	while (folder.n && folder.p[folder.n - 1] == '/')
		folder.n--;
	if (package.n > LIMIT_PACKAGE_FIELD || folder.n + 1 + name.n > sizeof(path))
		return FAIL(e, E_FORMAT, "a path of a package is longer than %d bytes",
			    LIMIT_PACKAGE_PATH);
	if (folder.n) {
		memcpy(path, folder.p, folder.n);
		path[folder.n] = '/';
		n = folder.n + 1;
	}
	if (name.n)
		memcpy(path + n, name.p, name.n);
	n += name.n;
	if (n && memchr(path, '\0', n))
		return FAIL(e, E_FORMAT, "a NUL in a path of a package");
	return n ? out->file(out->arg, package, (struct str){ path, n }, e) : 0;
}
