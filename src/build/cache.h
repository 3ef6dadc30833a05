/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/fs.h"
#include "base/json.h"
#include "oci/store.h"

/*
 * What steps made, by the digest of all that went into them: <state>/cache/build/<hex>.json. It may
 * be deleted at any time.
 */
/* Four-digit years, as RFC 3339 has them. */
#define LIMIT_EPOCH UINT64_C(253402300799)

struct cached {
	bool empty; /* nothing changed: no layer */
	struct desc layer;
	struct digest diff_id;
	int64_t epoch; /* newest input's time when it was made */
	/* Of a RUN with a network: the blob that says what it fetched (traffic/record.h); without a
	 * digest where nobody knows. */
	struct desc fetched;
};

/* A key is hashed from pieces; each carries its length, so no two lists of pieces are the same. */
struct keyer {
	struct sha256 *h;
};
int keyer_new(struct keyer *k, const char *kind, const struct digest *parent, struct err *e);
void keyer_put(struct keyer *k, const char *s);
void keyer_put_list(struct keyer *k, const char *const *list, size_t n);
void keyer_end(struct keyer *k, struct digest *ret); /* once */
void keyer_free(struct keyer *k);
static inline void keyer_release(struct keyer *k)
{
	keyer_free(k);
}
#define auto_keyer __attribute__((cleanup(keyer_release))) struct keyer

/* An entry as JSON, to and from an object; epoch and digests are checked (E_FORMAT). */
int cached_read(const json_t *j, struct cached *ret, struct err *e);
int cached_write(json_t *j, const struct cached *c, struct err *e);

/* True and *ret when the step is known and its layer is in the store. The entry's own time becomes
 * now: what was used last is what goes last. */
bool cache_get(const struct state *state, const struct store *s, const struct digest *key,
	       struct cached *ret);
int cache_put(const struct state *state, const struct digest *key, const struct cached *c,
	      struct err *e);

/*
 * Answers that took long to find, a line each, by the digest of the question: what files of other
 * layers hold, so that what did not change is neither mounted nor read; when a commit changed
 * files. <state>/cache/content/<hex>. Getting is true when it is known; putting may fail without
 * harm.
 */
enum { LIMIT_MEMO = 128 };
bool memo_get(const struct state *state, const struct digest *key, char ret[static LIMIT_MEMO]);
void memo_put(const struct state *state, const struct digest *key, const char *answer);
