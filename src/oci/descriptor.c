/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/descriptor.h"

#include <string.h>

/* A media type member, copied; RFC 6838 allows no more than printable ASCII without spaces. */
static int media_type(const json_t *j, const char *key, char ret[static LIMIT_MEDIA_TYPE + 1],
		      const char *what, struct err *e)
{
	const char *s;
	int r = json_get_string(j, key, &s, what, e);

	if (r < 0)
		return r;
	if (!s[0] || strlen(s) > LIMIT_MEDIA_TYPE)
		return FAIL(e, E_FORMAT, "%s: '%s' is empty or longer than %d", what, key,
			    LIMIT_MEDIA_TYPE);
	for (const char *c = s; *c; c++)
		if (*c <= ' ' || *c > '~')
			return FAIL(e, E_FORMAT,
				    "%s: '%s' has a character that media types have not", what,
				    key);
	memcpy(ret, s, strlen(s) + 1);
	return 0;
}

int desc_parse(const json_t *j, const char *what, struct desc *ret, struct err *e)
{
	struct desc d = { 0 };
	const char *digest;
	int r = media_type(j, "mediaType", d.media_type, what, e);

	if (r == 0 && json_object_get(j, "artifactType"))
		r = media_type(j, "artifactType", d.artifact_type, what, e);
	if (r == 0)
		r = json_get_string(j, "digest", &digest, what, e);
	if (r == 0)
		r = json_get_u64(j, "size", &d.size, what, e);
	if (r < 0)
		return r;
	r = digest_parse(str_of(digest), &d.digest, e);
	if (r < 0)
		return WRAP(e, r, "%s", what);
	if (d.size > LIMIT_BLOB)
		return FAIL(e, E_FORMAT, "%s: size %llu is over the limit of %llu bytes", what,
			    (unsigned long long)d.size, (unsigned long long)LIMIT_BLOB);
	*ret = d;
	return 0;
}

json_t *desc_json(const struct desc *d)
{
	json_t *j = json_pack("{s:s, s:s, s:I}", "mediaType", d->media_type, "digest", d->digest.s,
			      "size", (json_int_t)d->size);

	if (j && d->artifact_type[0] &&
	    json_object_set_new(j, "artifactType", json_string(d->artifact_type)) < 0) {
		json_decref(j);
		return NULL;
	}
	return j;
}

bool desc_is_index(const struct desc *d)
{
	return strcmp(d->media_type, MT_OCI_INDEX) == 0 ||
	       strcmp(d->media_type, MT_DOCKER_LIST) == 0;
}

bool desc_is_manifest(const struct desc *d)
{
	return strcmp(d->media_type, MT_OCI_MANIFEST) == 0 ||
	       strcmp(d->media_type, MT_DOCKER_MANIFEST) == 0;
}

void desc_of(const char *type, const void *p, size_t n, struct desc *ret)
{
	*ret = (struct desc){ .size = n };
	(void)strncpy(ret->media_type, type, LIMIT_MEDIA_TYPE);
	digest_of(p, n, &ret->digest);
}

int desc_digests(const json_t *list, json_t **ret, struct err *e)
{
	auto_json *out = json_object();
	json_t *entry;
	size_t i;

	if (!out)
		return FAIL_NOMEM(e);
	json_array_foreach(list, i, entry)
	{
		const char *digest = json_string_or_null(entry, "digest");

		if (digest && json_object_set_new_nocheck(out, digest, json_true()) < 0)
			return FAIL_NOMEM(e);
	}
	*ret = TAKE(out);
	return 0;
}

int desc_missing(const json_t *list, const json_t *entries, json_t **ret, struct err *e)
{
	auto_json *out = json_array(), *seen = NULL;
	json_t *entry;
	size_t i;
	int r = out ? desc_digests(list, &seen, e) : FAIL_NOMEM(e);

	json_array_foreach(entries, i, entry)
	{
		const char *digest = json_string_or_null(entry, "digest");

		if (r < 0)
			return r;
		if (!digest || json_object_get(seen, digest))
			continue;
		if (json_object_set_new_nocheck(seen, digest, json_true()) < 0 ||
		    json_array_append(out, entry) < 0)
			return FAIL_NOMEM(e);
	}
	if (r == 0)
		*ret = TAKE(out);
	return r;
}
