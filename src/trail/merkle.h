/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * The Merkle tree of RFC 6962 section 2.1 over SHA-256: leaf = H(0x00 || entry), node = H(0x01 ||
 * left || right), the empty tree is H(""). Proofs as in 2.1.1 and 2.1.2, checked by the algorithms
 * of RFC 9162 sections 2.1.3.2 and 2.1.4.2.
 */
struct hash {
	unsigned char b[32];
};

enum { LIMIT_PROOF = 64, LIMIT_LEAF = 65535 };
#define LIMIT_TREE_SIZE (1ULL << 62)

struct merkle_proof {
	struct hash h[LIMIT_PROOF];
	size_t n;
};

/* n is at most LIMIT_LEAF, the longest entry tlog-tiles can hold. */
void merkle_leaf(const void *entry, size_t n, struct hash *ret);
void merkle_node(const struct hash *left, const struct hash *right, struct hash *ret);
void merkle_empty(struct hash *ret);
/* The root over n leaf or subtree hashes of one height. */
void merkle_root(const struct hash *h, size_t n, struct hash *ret);

/*
 * Where the hashes of a tree come from: the root of the full subtree of 2^height leaves that begins
 * at leaf index << height.
 */
struct merkle_source {
	int (*subtree)(void *ctx, unsigned height, uint64_t index, struct hash *ret, struct err *e);
	void *ctx;
};

/* index < size, else E_USAGE. */
int merkle_prove_inclusion(const struct merkle_source *s, uint64_t index, uint64_t size,
			   struct merkle_proof *ret, struct err *e);
/* 0 < old <= size, else E_USAGE. */
int merkle_prove_consistency(const struct merkle_source *s, uint64_t old, uint64_t size,
			     struct merkle_proof *ret, struct err *e);

/* E_VERIFY when the proof does not hold. */
int merkle_verify_inclusion(const struct merkle_proof *p, uint64_t index, uint64_t size,
			    const struct hash *leaf, const struct hash *root, struct err *e);
/* From an empty tree (old 0) everything is consistent, by an empty proof. */
int merkle_verify_consistency(const struct merkle_proof *p, uint64_t old, uint64_t size,
			      const struct hash *old_root, const struct hash *root, struct err *e);
