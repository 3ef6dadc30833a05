/* SPDX-License-Identifier: Apache-2.0 */
#include "trail/merkle.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "crypto/digest.h"

static void hash_leaf(unsigned char *room, const void *entry, size_t n, struct hash *ret)
{
	room[0] = 0x00;
	if (n)
		memcpy(room + 1, entry, n);
	sha256_once(room, n + 1, ret->b);
}

/* Apart, since room on the stack is cleared, which takes longer than to hash an entry of usual
 * length. */
__attribute__((noinline)) static void hash_long_leaf(const void *entry, size_t n, struct hash *ret)
{
	unsigned char room[1 + LIMIT_LEAF];

	hash_leaf(room, entry, n, ret);
}

void merkle_leaf(const void *entry, size_t n, struct hash *ret)
{
	unsigned char room[1 + 4096];

	/* Entries come from bundles, where their length is 16 bits. A cut one must not be hashed.
	 */
	assert(n <= LIMIT_LEAF);
	if (n < sizeof(room))
		hash_leaf(room, entry, n, ret);
	else
		hash_long_leaf(entry, n, ret);
}

void merkle_node(const struct hash *left, const struct hash *right, struct hash *ret)
{
	unsigned char all[1 + 2 * sizeof(ret->b)];

	all[0] = 0x01;
	memcpy(all + 1, left->b, sizeof(left->b));
	memcpy(all + 1 + sizeof(left->b), right->b, sizeof(right->b));
	sha256_once(all, sizeof(all), ret->b);
}

void merkle_empty(struct hash *ret)
{
	sha256_once("", 0, ret->b);
}

/* The largest power of two below n, for n > 1. */
static uint64_t split(uint64_t n)
{
	return 1ULL << (63 - __builtin_clzll(n - 1));
}

void merkle_root(const struct hash *h, size_t n, struct hash *ret)
{
	/* stack[k] is the root of the last full subtree of 2^k hashes. */
	struct hash stack[64], r;
	uint64_t m = n;
	bool have = false;

	for (size_t i = 0; i < n; i++) {
		unsigned level = 0;

		r = h[i];
		for (uint64_t c = i; c & 1; c >>= 1, level++)
			merkle_node(&stack[level], &r, &r);
		stack[level] = r;
	}
	for (unsigned level = 0; m; level++, m >>= 1) {
		if (!(m & 1))
			continue;
		if (have)
			merkle_node(&stack[level], &r, &r);
		else
			r = stack[level];
		have = true;
	}
	if (have)
		*ret = r;
	else
		merkle_empty(ret);
}

/* MTH(D[begin:end]) for a range that begins at a multiple of its largest full subtree. */
static int range(const struct merkle_source *s, uint64_t begin, uint64_t end, struct hash *ret,
		 struct err *e)
{
	struct hash parts[64];
	size_t n = 0;

	while (begin < end) {
		unsigned height = 63U - (unsigned)__builtin_clzll(end - begin);
		int r = s->subtree(s->ctx, height, begin >> height, &parts[n++], e);

		if (r < 0)
			return r;
		begin += 1ULL << height;
	}
	while (n > 1) {
		n--;
		merkle_node(&parts[n - 1], &parts[n], &parts[n - 1]);
	}
	*ret = parts[0];
	return 0;
}

/* Both proofs walk from the root to the leaf, so their hashes are found last to first. */
static void reverse(struct merkle_proof *p)
{
	for (size_t i = 0; i < p->n / 2; i++) {
		struct hash h = p->h[i];

		p->h[i] = p->h[p->n - 1 - i];
		p->h[p->n - 1 - i] = h;
	}
}

int merkle_prove_inclusion(const struct merkle_source *s, uint64_t index, uint64_t size,
			   struct merkle_proof *ret, struct err *e)
{
	uint64_t begin = 0, end = size;
	struct merkle_proof p = { .n = 0 };

	if (index >= size)
		return FAIL(e, E_USAGE, "entry %llu is not in a tree of %llu",
			    (unsigned long long)index, (unsigned long long)size);
	while (end - begin > 1) {
		uint64_t mid = begin + split(end - begin);
		bool left = index < mid;
		int r = range(s, left ? mid : begin, left ? end : mid, &p.h[p.n++], e);

		if (r < 0)
			return r;
		*(left ? &end : &begin) = mid;
	}
	reverse(&p);
	*ret = p;
	return 0;
}

int merkle_prove_consistency(const struct merkle_source *s, uint64_t old, uint64_t size,
			     struct merkle_proof *ret, struct err *e)
{
	uint64_t begin = 0, end = size;
	struct merkle_proof p = { .n = 0 };
	int r;

	if (old == 0 || old > size)
		return FAIL(e, E_USAGE, "no consistency proof from size %llu to %llu",
			    (unsigned long long)old, (unsigned long long)size);
	while (old != end) {
		uint64_t mid = begin + split(end - begin);
		bool left = old <= mid;

		r = range(s, left ? mid : begin, left ? end : mid, &p.h[p.n++], e);
		if (r < 0)
			return r;
		*(left ? &end : &begin) = mid;
	}
	/* The old tree itself is known to the verifier; a part of it is not. */
	if (begin > 0) {
		r = range(s, begin, end, &p.h[p.n++], e);
		if (r < 0)
			return r;
	}
	reverse(&p);
	*ret = p;
	return 0;
}

static bool same(const struct hash *a, const struct hash *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

static int refuse(struct err *e, const char *what)
{
	return FAIL(e, E_VERIFY, "%s proof does not hold", what);
}

int merkle_verify_inclusion(const struct merkle_proof *p, uint64_t index, uint64_t size,
			    const struct hash *leaf, const struct hash *root, struct err *e)
{
	uint64_t fn = index, sn = size - 1;
	struct hash r = *leaf;

	if (index >= size || p->n > LIMIT_PROOF)
		return refuse(e, "inclusion");
	for (size_t i = 0; i < p->n; i++) {
		if (sn == 0)
			return refuse(e, "inclusion");
		if ((fn & 1) || fn == sn) {
			merkle_node(&p->h[i], &r, &r);
			for (; !(fn & 1) && fn; fn >>= 1)
				sn >>= 1;
		} else {
			merkle_node(&r, &p->h[i], &r);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && same(&r, root) ? 0 : refuse(e, "inclusion");
}

int merkle_verify_consistency(const struct merkle_proof *p, uint64_t old, uint64_t size,
			      const struct hash *old_root, const struct hash *root, struct err *e)
{
	uint64_t fn = old - 1, sn = size - 1;
	size_t i = 0;
	struct hash fr, sr;

	if (old > size || p->n > LIMIT_PROOF)
		return refuse(e, "consistency");
	if (old == 0 || old == size)
		return p->n == 0 && (old == 0 || same(old_root, root)) ? 0
								       : refuse(e, "consistency");
	if (p->n == 0)
		return refuse(e, "consistency");
	/* When the old tree is a full subtree its root is not repeated in the proof. */
	fr = sr = (old & (old - 1)) == 0 ? *old_root : p->h[i++];
	for (; fn & 1; fn >>= 1)
		sn >>= 1;
	for (; i < p->n; i++) {
		if (sn == 0)
			return refuse(e, "consistency");
		if ((fn & 1) || fn == sn) {
			merkle_node(&p->h[i], &fr, &fr);
			merkle_node(&p->h[i], &sr, &sr);
			for (; !(fn & 1) && fn; fn >>= 1)
				sn >>= 1;
		} else {
			merkle_node(&sr, &p->h[i], &sr);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && same(&fr, old_root) && same(&sr, root) ? 0 : refuse(e, "consistency");
}
