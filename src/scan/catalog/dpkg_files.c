/* SPDX-License-Identifier: Apache-2.0 */
#include "base/encode.h"
#include "scan/catalog/catalog.h"

/* Which files dpkg's packages own: info/NAME.list or info/NAME:ARCH.list, and in distroless images
 * status.d/NAME.md5sums. */

/* "var/lib/dpkg/info/libc6:amd64.list" is of libc6. */
static struct str package_of(const char *path, const char *suffix)
{
	const char *leaf = strrchr(path, '/');
	struct str name = str_of(leaf ? leaf + 1 : path), ret;

	if (str_ends(name, suffix))
		name.n -= strlen(suffix);
	return str_cut(&name, ':', &ret) ? ret : STR("");
}

/* A folder stands before what is in it, and is nobody's own. */
static bool is_folder_of(struct str folder, struct str path)
{
	return str_eqz(folder, "/.") || (path.n > folder.n && path.p[folder.n] == '/' &&
					 memcmp(path.p, folder.p, folder.n) == 0);
}

int catalog_dpkg_list(struct str text, struct catalog_out *out, struct err *e)
{
	struct str package = package_of(out->path, ".list"), path, next;
	bool more = str_line(&text, &path);
	size_t line_no = 1;
	int r = 0;

	for (; more && r == 0; line_no++, path = next) {
		more = str_line(&text, &next);
		if (!path.n || *path.p != '/')
			return FAIL(e, E_FORMAT, "line %zu: not an absolute path", line_no);
		if (!more || !is_folder_of(path, next))
			r = catalog_owns(out, package, STR(""), path, e);
	}
	return r < 0 ? WRAP(e, r, "line %zu", line_no - 1) : 0;
}

/* Some distroless images name the files of status.d by base64 of the package's name, which has
 * letters and digits of lower case, "+", "-" and "." only (policy 5.6.7). */
static struct str plain_name(struct str name, struct buf *decoded)
{
	for (size_t i = 0; i < name.n; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789+-.", name.p[i]))
			return b64_decode(name, B64_STD, decoded, NULL) == 0
				       ? (struct str){ decoded->p, decoded->n }
				       : name;
	return name;
}

/* "digest  path": of md5sum(1), the path without a "/" before it. */
int catalog_dpkg_md5sums(struct str text, struct catalog_out *out, struct err *e)
{
	auto_buf decoded = BUF_INIT(LIMIT_PACKAGE_FIELD);
	struct str package = plain_name(package_of(out->path, ".md5sums"), &decoded), line, digest;
	size_t line_no = 0;
	int r = 0;

	while (r == 0 && str_line(&text, &line)) {
		line_no++;
		if (!str_cut(&line, ' ', &digest) || digest.n != 32 || line.n < 2)
			return FAIL(e, E_FORMAT, "line %zu: not a digest and a path", line_no);
		r = catalog_owns(out, package, STR(""), (struct str){ line.p + 1, line.n - 1 }, e);
	}
	return r < 0 ? WRAP(e, r, "line %zu", line_no) : 0;
}
