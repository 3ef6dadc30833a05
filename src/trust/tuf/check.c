/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "crypto/digest.h"
#include "trust/tuf/internal.h"

/* Lengths and hashes that one file gives of another (TUF 5.5.2, 5.6.2, 5.7.2). All hashes are
 * checked; one of an algorithm that is not known here cannot be, and is refused. */
struct tuf_check {
	struct {
		struct hash *hash;
		const char *name, *want; /* borrowed from the document */
	} v[LIMIT_TUF_HASHES];
	size_t n;
};

void tuf_check_free(struct tuf_check *c)
{
	for (size_t i = 0; c && i < c->n; i++)
		hash_free(c->v[i].hash);
	free(c);
}

int tuf_check_new(json_t *hashes, struct tuf_check **ret, struct err *e)
{
	auto_release(tuf_check_free) struct tuf_check *c = calloc(1, sizeof(*c));
	const char *name;
	json_t *v;

	if (!c)
		return FAIL_NOMEM(e);
	if (json_object_size(hashes) > LIMIT_TUF_HASHES)
		return FAIL(e, E_FORMAT, "more than %d hashes", LIMIT_TUF_HASHES);
	json_object_foreach(hashes, name, v)
	{
		int r = hash_new(name, &c->v[c->n].hash, e);

		if (r < 0)
			return r == E_NOTFOUND ? WRAP(e, E_VERIFY, "cannot be checked") : r;
		c->v[c->n].name = name;
		c->v[c->n++].want = json_string_value(v);
	}
	*ret = TAKE(c);
	return 0;
}

void tuf_check_update(struct tuf_check *c, const void *p, size_t n)
{
	for (size_t i = 0; i < c->n; i++)
		hash_update(c->v[i].hash, p, n);
}

int tuf_check_final(struct tuf_check *c, struct err *e)
{
	for (size_t i = 0; i < c->n; i++) {
		auto_buf hex = BUF_INIT(2 * HASH_MAX + 1);
		unsigned char raw[HASH_MAX];
		size_t n = hash_final(c->v[i].hash, raw);

		hex_put(&hex, raw, n);
		if (n == 0 || strcmp(buf_str(&hex), c->v[i].want) != 0)
			return FAIL(e, E_VERIFY, "%s is %s, not %.128s", c->v[i].name,
				    buf_str(&hex), c->v[i].want);
	}
	return 0;
}

int tuf_check_bytes(struct str bytes, const json_t *meta, struct err *e)
{
	const json_t *length = json_object_get(meta, "length");
	auto_release(tuf_check_free) struct tuf_check *c = NULL;
	int r;

	if (length && (uint64_t)json_integer_value(length) != bytes.n)
		return FAIL(e, E_VERIFY, "it has %zu bytes, not %lld", bytes.n,
			    (long long)json_integer_value(length));
	r = tuf_check_new(json_object_get(meta, "hashes"), &c, e);
	if (r < 0)
		return r;
	tuf_check_update(c, bytes.p, bytes.n);
	return tuf_check_final(c, e);
}
