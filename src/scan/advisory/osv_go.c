/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/osv.h"

/* What Go's database says of platforms: each of a module's packages that an advisory is about may
 * have "goos" and "goarch", lists of those that it is about. */

enum { LIMIT_PLATFORMS = 1024 }; /* of a package in one document; bytes, as they are written */

/* A name of Go's, "windows" or "amd64"; NULL for what is none. */
static const char *name_at(const json_t *list, size_t i)
{
	const char *s = json_string_value(json_array_get(list, i));

	return s && *s && s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789")] == '\0' ? s : NULL;
}

static void add_word(struct buf *to, const char *os, const char *arch)
{
	auto_buf word = BUF_INIT(LIMIT_PLATFORMS);

	buf_printf(&word, "%s%s%s", os, *arch ? "/" : "", arch);
	if (!has_word(buf_str(to), buf_str(&word)))
		buf_printf(to, "%s%s", to->n ? " " : "", buf_str(&word));
}

/* Adds the platforms of one import; false when it is about all of them, or names what is none. */
static bool add_import(const json_t *import, struct buf *to)
{
	const json_t *oses = json_object_get(import, "goos");
	const json_t *arches = json_object_get(import, "goarch");
	const size_t n = json_array_size(oses), m = json_array_size(arches);

	if (!n && !m)
		return false;
	for (size_t i = 0; i < (n ? n : 1); i++)
		for (size_t j = 0; j < (m ? m : 1); j++) {
			const char *os = n ? name_at(oses, i) : "";
			const char *arch = m ? name_at(arches, j) : "";

			if (!os || !arch)
				return false;
			add_word(to, os, arch);
		}
	return true;
}

/* Several entries of one package are one row, which is about all that any of them is about. */
int osv_platforms(const json_t *affected, json_t *row, struct err *e)
{
	const json_t *specific = json_object_get(affected, "ecosystem_specific");
	const json_t *imports = json_object_get(specific, "imports");
	const char *before = json_string_or_null(row, "on");
	auto_buf words = BUF_INIT(LIMIT_PLATFORMS);
	/* A row that is rated had an entry before. */
	bool restricted = json_array_size(imports) && (before || !json_object_get(row, "s"));
	size_t i;
	json_t *import;

	buf_puts(&words, before ? before : "");
	json_array_foreach(imports, i, import) restricted =
		restricted && add_import(import, &words);
	if (restricted && !words.failed) /* more than fit are about nearly all */
		return json_put_string(row, "on", buf_str(&words), e);
	(void)json_object_del(row, "on");
	return 0;
}
