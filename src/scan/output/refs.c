/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "scan/output/internal.h"
#include "scan/purl.h"

const char *member(const json_t *o, const char *key)
{
	const char *s = json_string_or_null(o, key);

	return s ? s : "";
}

void package_refs_free(struct package_refs *refs)
{
	for (size_t i = 0; i < refs->n; i++) {
		free(refs->v[i].purl);
		free(refs->v[i].ref);
	}
	free(refs->v);
	free(refs->by_address);
	*refs = (struct package_refs){ 0 };
}

static int by_name(const void *a, const void *b)
{
	static const char *const keys[] = { "name", "version", "arch",	 "catalog",
					    "path", "module",  "source", "source_version" };
	const struct package_ref *x = a, *y = b;
	int r = 0;

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys) && r == 0; i++)
		r = strcmp(member(x->package, keys[i]), member(y->package, keys[i]));
	if (r == 0) {
		json_int_t m = json_integer_value(json_object_get(x->package, "layer"));
		json_int_t n = json_integer_value(json_object_get(y->package, "layer"));

		r = (m > n) - (m < n);
	}
	return r;
}

static int by_address(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)(*(const struct package_ref *const *)a)->package;
	uintptr_t y = (uintptr_t)(*(const struct package_ref *const *)b)->package;

	return (x > y) - (x < y);
}

const struct package_ref *package_ref_of(const struct package_refs *refs, const json_t *package)
{
	const struct package_ref key = { .package = package }, *at = &key, **found;

	found = bsearch(&at, refs->by_address, refs->n, sizeof(*refs->by_address), by_address);
	return found ? *found : NULL;
}

/* The same package twice, say of two binaries, is told apart by a number. */
static int name_one(const json_t *list, struct package_ref *ref, json_t *used, struct err *e)
{
	auto_buf purl = BUF_INIT(LIMIT_REF_TEXT), name = BUF_INIT(LIMIT_REF_TEXT + 32);
	int r = purl_of_package(list, ref->package, &purl, e);
	json_int_t n;

	if (r < 0)
		return r;
	n = json_integer_value(json_object_get(used, buf_str(&purl))) + 1;
	buf_puts(&name, buf_str(&purl));
	if (n > 1)
		buf_printf(&name, "#%lld", (long long)n);
	r = json_put(used, buf_str(&purl), json_integer(n), e);
	ref->purl = buf_take(&purl);
	ref->ref = buf_take(&name);
	return r == 0 && (!ref->purl || !ref->ref) ? FAIL_NOMEM(e) : r;
}

int package_refs(const json_t *list, struct package_refs *ret, struct err *e)
{
	const json_t *packages = json_object_get(list, "packages");
	auto_package_refs refs = { .v = calloc(json_array_size(packages) + 1, sizeof(*refs.v)) };
	auto_json *used = json_object();
	json_t *package;
	size_t i;
	int r = 0;

	if (!refs.v || !used)
		return FAIL_NOMEM(e);
	json_array_foreach(packages, i, package) refs.v[refs.n++].package = package;
	refs.by_address = calloc(refs.n + 1, sizeof(const struct package_ref *));
	if (!refs.by_address)
		return FAIL_NOMEM(e);
	qsort(refs.v, refs.n, sizeof(*refs.v), by_name);
	for (i = 0; i < refs.n && r == 0; i++) {
		refs.by_address[i] = &refs.v[i];
		r = name_one(list, &refs.v[i], used, e);
	}
	if (r < 0)
		return r;
	qsort(refs.by_address, refs.n, sizeof(*refs.by_address), by_address);
	*ret = refs;
	refs = (struct package_refs){ 0 };
	return 0;
}

int output_uuid(const char *kind, const json_t *doc, char ret[static UUID_LEN + 1], struct err *e)
{
	auto_buf text = BUF_INIT(SIZE_MAX);
	unsigned char h[SHA256_LEN];
	int r;

	buf_printf(&text, "%s %s\n", TOOL, kind);
	r = json_canonical(doc, &text, e);
	r = r < 0 ? r : buf_check(&text, kind, e);
	if (r < 0)
		return r;
	sha256_once(text.p, text.n, h);
	h[6] = (unsigned char)((h[6] & 0x0f) | 0x80);
	h[8] = (unsigned char)((h[8] & 0x3f) | 0x80);
	(void)snprintf(ret, UUID_LEN + 1,
		       "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", h[0],
		       h[1], h[2], h[3], h[4], h[5], h[6], h[7], h[8], h[9], h[10], h[11], h[12],
		       h[13], h[14], h[15]);
	return 0;
}
