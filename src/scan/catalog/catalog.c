/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/catalog/catalog.h"

const struct catalog catalogs[] = {
	{ "dpkg", "var/lib/dpkg/status", NULL, catalog_dpkg_status },
	{ "dpkg", "var/lib/dpkg/status.d/", NULL, catalog_dpkg_status_d },
	{ "apk", "lib/apk/db/installed", "usr/lib/apk/db/installed", catalog_apk_installed },
	{ NULL },
};

static bool matches(const char *pattern, const char *path)
{
	size_t n = strlen(pattern);

	if (pattern[n - 1] != '/')
		return strcmp(pattern, path) == 0;
	/* The folder's own files; dpkg keeps digests beside them in distroless images. */
	return strncmp(pattern, path, n) == 0 && path[n] != '\0' && !strchr(path + n, '/') &&
	       !ends_with(path, ".md5sums");
}

const struct catalog *catalog_of(const char *path)
{
	for (const struct catalog *c = catalogs; c->name; c++)
		if (matches(c->path, path) || (c->alias && matches(c->alias, path)))
			return c;
	return NULL;
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

int catalog_add(json_t *packages, struct str name, struct str version, struct str arch,
		struct str source, struct str source_version, struct err *e)
{
	auto_json *p = json_object();
	int r;

	if (!p)
		return FAIL_NOMEM(e);
	if (json_array_size(packages) >= LIMIT_PACKAGES)
		return FAIL(e, E_FORMAT, "more than %d packages", LIMIT_PACKAGES);
	if ((r = put(p, "name", name, e)) < 0 || (r = put(p, "version", version, e)) < 0 ||
	    (r = put(p, "arch", arch, e)) < 0 ||
	    (r = put(p, "source", source.n ? source : name, e)) < 0 ||
	    (r = put(p, "source_version", source_version.n ? source_version : version, e)) < 0)
		return r;
	return json_push(packages, TAKE(p), e);
}
