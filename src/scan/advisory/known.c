/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/known.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/digest.h"

struct known {
	struct known_unit *slots;
	size_t n, slots_n; /* a power of two */
};

int known_new(struct known **ret, struct err *e)
{
	struct known *k = calloc(1, sizeof(*k));

	if (!k)
		return FAIL_NOMEM(e);
	k->slots_n = 1024;
	k->slots = calloc(k->slots_n, sizeof(*k->slots));
	if (!k->slots) {
		free(k);
		return FAIL_NOMEM(e);
	}
	*ret = k;
	return 0;
}

void known_free(struct known *k)
{
	if (!k)
		return;
	free(k->slots);
	free(k);
}

/* Where the key is, or would be put. */
static struct known_unit *slot_of(struct known_unit *slots, size_t n, const unsigned char *key)
{
	uint64_t i;

	memcpy(&i, key, sizeof(i));
	for (i &= n - 1; slots[i].used; i = (i + 1) & (n - 1))
		if (memcmp(slots[i].key, key, sizeof(slots[i].key)) == 0)
			break;
	return &slots[i];
}

static int grow(struct known *k, struct err *e)
{
	size_t n = 2 * k->slots_n;
	struct known_unit *slots = calloc(n, sizeof(*slots));

	if (!slots)
		return FAIL_NOMEM(e);
	for (size_t i = 0; i < k->slots_n; i++)
		if (k->slots[i].used)
			*slot_of(slots, n, k->slots[i].key) = k->slots[i];
	free(k->slots);
	k->slots = slots;
	k->slots_n = n;
	return 0;
}

int known_find(struct known *k, const char *name, struct known_unit **ret, struct err *e)
{
	unsigned char raw[SHA256_LEN];
	struct known_unit *slot;

	sha256_once(name, strlen(name), raw);
	slot = slot_of(k->slots, k->slots_n, raw);
	if (!slot->used) {
		/* Counted although the caller may leave it: it grows a little early then. */
		if (2 * ++k->n > k->slots_n) {
			int r = grow(k, e);

			if (r < 0)
				return r;
			slot = slot_of(k->slots, k->slots_n, raw);
		}
		memcpy(slot->key, raw, sizeof(slot->key));
	}
	*ret = slot;
	return 0;
}
