/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/materials.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

enum { LIMIT_URI = 1024 * 1024 };

/* "pkg:docker/NAME?platform=linux%2Famd64", as BuildKit's provenance has a base image (package-url,
 * type docker). */
static int base_material(json_t *list, const struct build_base *b, struct err *e)
{
	auto_buf uri = BUF_INIT(LIMIT_URI);
	int r;

	buf_puts(&uri, "pkg:docker/");
	for (const char *p = b->name; *p; p++)
		buf_putc(&uri, *p == ':' && !strchr(p, '/') ? '@' : *p);
	buf_printf(&uri, "?platform=linux%%2F%s", oci_architecture());
	r = buf_check(&uri, "base", e);
	return r < 0 ? r
		     : json_push(list,
				 json_pack("{s:s, s:{s:s}}", "uri", buf_str(&uri), "digest",
					   "sha256", digest_hex(&b->image.digest)),
				 e);
}

/* One of what commands fetched, if it was fetched as a file is, whole, and not told before. */
static int fetched_material(json_t *list, json_t *seen, const json_t *entry, struct err *e)
{
	const char *digest = json_string_or_null(entry, "digest");
	const char *uri = json_string_or_null(entry, "uri");
	auto_json *m = NULL;
	auto_free char *key = NULL;
	int r;

	if (!digest || json_object_get(entry, "method"))
		return 0;
	m = json_pack("{s:s, s:{s:s}}", "uri", uri, "digest", "sha256", strchr(digest, ':') + 1);
	key = m ? json_dumps(m, JSON_SORT_KEYS) : NULL;
	if (!key)
		return FAIL_NOMEM(e);
	if (json_object_get(seen, key))
		return 0;
	r = json_put(seen, key, json_true(), e);
	return r < 0 ? r : json_push(list, TAKE(m), e);
}

static int fetched_materials(json_t *list, const json_t *steps, struct err *e)
{
	auto_json *seen = json_object();
	int r = seen ? 0 : FAIL_NOMEM(e);
	json_t *step, *entry;
	size_t i, k;

	json_array_foreach(steps, i, step)
	{
		json_array_foreach(json_object_get(step, "fetched"), k, entry)
		{
			if (r == 0)
				r = fetched_material(list, seen, entry, e);
		}
	}
	return r;
}

int materials_json(const struct build_result *b, json_t **ret, struct err *e)
{
	auto_json *list = json_array();
	int r = list ? 0 : FAIL_NOMEM(e);

	for (size_t i = 0; r == 0 && i < b->bases_n; i++)
		r = base_material(list, &b->bases[i], e);
	for (size_t i = 0; r == 0 && i < b->materials_n; i++) {
		const struct build_material *m = &b->materials[i];
		const char *colon = strchr(m->digest, ':');

		r = json_push(list,
			      json_pack("{s:s, s:{s%:s}}", "uri", m->uri, "digest", m->digest,
					(size_t)(colon - m->digest), colon + 1),
			      e);
	}
	if (r == 0)
		r = fetched_materials(list, b->fetched, e);
	if (r == 0)
		*ret = TAKE(list);
	return r;
}

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Those that have no digest; a name server's answers are no material. */
static int collect_unseen(const json_t *steps, const char **v, size_t max)
{
	json_t *step, *entry;
	size_t i, k, n = 0;

	json_array_foreach(steps, i, step)
	{
		json_array_foreach(json_object_get(step, "fetched"), k, entry)
		{
			const char *uri = json_string_or_null(entry, "uri");

			if (uri && n < max && !starts_with(uri, "udp:") &&
			    (!json_object_get(entry, "digest") || json_object_get(entry, "method")))
				v[n++] = uri;
		}
	}
	return (int)n;
}

int materials_unseen(const struct build_result *b, json_t **ret, struct err *e)
{
	enum { LIMIT_UNSEEN = 10000 };
	auto_free const char **v = calloc(LIMIT_UNSEEN, sizeof(*v));
	auto_json *list = json_array();
	int r = v && list ? 0 : FAIL_NOMEM(e), n;

	if (r < 0)
		return r;
	n = collect_unseen(b->fetched, v, LIMIT_UNSEEN);
	qsort(v, (size_t)n, sizeof(*v), compare_text);
	for (int i = 0; r == 0 && i < n; i++)
		if (i == 0 || strcmp(v[i], v[i - 1]) != 0)
			r = json_push(list, json_pack("{s:s}", "uri", v[i]), e);
	if (r == 0)
		*ret = TAKE(list);
	return r;
}
