/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/encode.h"
#include "tap.h"
#include "trail/edge.h"
#include "trail/merkle.h"

TAP_MAIN()

/* The eight entries and nine roots that Certificate Transparency's implementations share. */
static const char *const entries[8] = { "",
					"00",
					"10",
					"2021",
					"3031",
					"40414243",
					"5051525354555657",
					"606162636465666768"
					"696a6b6c6d6e"
					"6f" };
static const char *const roots[9] = {
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
	"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
	"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
	"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
	"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
	"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
	"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
	"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

static void known_leaves(struct hash ret[8])
{
	for (int i = 0; i < 8; i++) {
		unsigned char raw[32];
		size_t n = strlen(entries[i]) / 2;

		CHECK(hex_decode(str_of(entries[i]), raw, n, NULL) == 0);
		merkle_leaf(raw, n, &ret[i]);
	}
}

static void check_hex(const struct hash *h, const char *want)
{
	auto_buf hex = BUF_INIT(64);

	hex_put(&hex, h->b, sizeof(h->b));
	CHECK_STR(buf_str(&hex), want);
}

TEST(known_roots)
{
	struct hash leaves[8], root;

	known_leaves(leaves);
	for (size_t n = 0; n <= 8; n++) {
		merkle_root(leaves, n, &root);
		check_hex(&root, roots[n]);
	}
}

static int never_full(void *ctx, int level, const struct hash tile[static TILE_WIDTH],
		      struct err *e)
{
	(void)ctx, (void)level, (void)tile, (void)e;
	return 0;
}

TEST(known_roots_by_the_edge)
{
	struct hash leaves[8], root;
	auto_free struct edge *edge = NULL;

	known_leaves(leaves);
	CHECK(edge_new(&edge, NULL) == 0);
	for (size_t n = 0; n <= 8; n++) {
		edge_root(edge, &root);
		check_hex(&root, roots[n]);
		if (n < 8)
			CHECK(edge_push(edge, &leaves[n], never_full, NULL, NULL) == 0);
	}
}

/* A tree in memory as the source of proofs: leaf i is H(0x00 || i). */
enum { MANY = 1100 };
static struct hash many[MANY];

static int subtree(void *ctx, unsigned height, uint64_t index, struct hash *ret, struct err *e)
{
	(void)ctx, (void)e;
	merkle_root(&many[index << height], 1ULL << height, ret);
	return 0;
}
static const struct merkle_source source = { .subtree = subtree };

static void make_many(void)
{
	for (uint32_t i = 0; i < MANY; i++)
		merkle_leaf(&i, sizeof(i), &many[i]);
}

TEST(the_edge_agrees_with_the_whole_tree)
{
	auto_free struct edge *edge = NULL;
	struct hash a, b;

	make_many();
	CHECK(edge_new(&edge, NULL) == 0);
	for (size_t n = 1; n <= MANY; n++) {
		CHECK(edge_push(edge, &many[n - 1], never_full, NULL, NULL) == 0);
		if (n > 300 && n % 97 && n % 256)
			continue;
		edge_root(edge, &a);
		merkle_root(many, n, &b);
		CHECK(memcmp(&a, &b, sizeof(a)) == 0);
	}
}

TEST(known_inclusion_proof)
{
	/* RFC 6962 2.1.3: in a tree of 7 the proof for d0 is [b, h, l]. */
	struct merkle_proof p;
	struct hash leaves[8], l, h;

	known_leaves(leaves);
	memcpy(many, leaves, sizeof(leaves));
	CHECK(merkle_prove_inclusion(&source, 0, 7, &p, NULL) == 0 && p.n == 3);
	CHECK(memcmp(&p.h[0], &leaves[1], sizeof(l)) == 0);
	merkle_root(&leaves[2], 2, &h);
	CHECK(memcmp(&p.h[1], &h, sizeof(h)) == 0);
	merkle_root(&leaves[4], 3, &l);
	CHECK(memcmp(&p.h[2], &l, sizeof(l)) == 0);
	/* For d6 it is [i, k]: two hashes only. */
	CHECK(merkle_prove_inclusion(&source, 6, 7, &p, NULL) == 0 && p.n == 2);
	/* RFC 6962 2.1.3: from 3 to 7 the consistency proof is [c, d, g, l], from 4 [l], from 6 [i,
	 * j, k]. */
	CHECK(merkle_prove_consistency(&source, 3, 7, &p, NULL) == 0 && p.n == 4);
	CHECK(memcmp(&p.h[0], &leaves[2], sizeof(l)) == 0);
	CHECK(memcmp(&p.h[1], &leaves[3], sizeof(l)) == 0);
	CHECK(memcmp(&p.h[3], &l, sizeof(l)) == 0);
	CHECK(merkle_prove_consistency(&source, 4, 7, &p, NULL) == 0 && p.n == 1);
	CHECK(memcmp(&p.h[0], &l, sizeof(l)) == 0);
	CHECK(merkle_prove_consistency(&source, 6, 7, &p, NULL) == 0 && p.n == 3);
}

TEST(inclusion_holds_for_every_entry_and_not_otherwise)
{
	static const uint64_t sizes[] = { 1, 2, 3, 7, 8, 9, 64, 65, 255, 256, 257, MANY };

	make_many();
	for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
		uint64_t n = sizes[s], step = n > 100 ? 13 : 1;
		struct hash root;

		merkle_root(many, n, &root);
		for (uint64_t i = 0; i < n; i += step) {
			struct merkle_proof p;

			CHECK(merkle_prove_inclusion(&source, i, n, &p, NULL) == 0);
			CHECK(merkle_verify_inclusion(&p, i, n, &many[i], &root, NULL) == 0);
			CHECK(merkle_verify_inclusion(&p, i, n, &many[(i + 1) % MANY], &root,
						      NULL) == E_VERIFY);
			CHECK(merkle_verify_inclusion(&p, i ^ 1, n, &many[i], &root, NULL) ==
			      E_VERIFY);
			CHECK(merkle_verify_inclusion(&p, n, n, &many[i], &root, NULL) == E_VERIFY);
			if (p.n) {
				p.h[p.n / 2].b[7] ^= 1;
				CHECK(merkle_verify_inclusion(&p, i, n, &many[i], &root, NULL) ==
				      E_VERIFY);
				p.h[p.n / 2].b[7] ^= 1;
				p.n--;
				CHECK(merkle_verify_inclusion(&p, i, n, &many[i], &root, NULL) ==
				      E_VERIFY);
				p.n++;
			}
			p.h[p.n] = root;
			p.n++;
			CHECK(merkle_verify_inclusion(&p, i, n, &many[i], &root, NULL) == E_VERIFY);
		}
	}
}

TEST(consistency_holds_for_every_pair_and_not_otherwise)
{
	make_many();
	for (uint64_t n = 1; n <= 70; n++)
		for (uint64_t m = 1; m <= n; m++) {
			struct merkle_proof p;
			struct hash a, b;

			merkle_root(many, m, &a);
			merkle_root(many, n, &b);
			CHECK(merkle_prove_consistency(&source, m, n, &p, NULL) == 0);
			CHECK(merkle_verify_consistency(&p, m, n, &a, &b, NULL) == 0);
			a.b[0] ^= 1;
			CHECK(merkle_verify_consistency(&p, m, n, &a, &b, NULL) == E_VERIFY);
			a.b[0] ^= 1;
			b.b[31] ^= 1;
			CHECK(merkle_verify_consistency(&p, m, n, &a, &b, NULL) == E_VERIFY);
			b.b[31] ^= 1;
			if (p.n) {
				p.h[p.n - 1].b[1] ^= 1;
				CHECK(merkle_verify_consistency(&p, m, n, &a, &b, NULL) ==
				      E_VERIFY);
				p.h[p.n - 1].b[1] ^= 1;
				p.n--;
				CHECK(merkle_verify_consistency(&p, m, n, &a, &b, NULL) ==
				      E_VERIFY);
				p.n++;
			}
			p.h[p.n] = a;
			p.n++;
			CHECK(merkle_verify_consistency(&p, m, n, &a, &b, NULL) == E_VERIFY);
		}
}

TEST(edges_of_what_can_be_asked)
{
	struct merkle_proof p = { .n = 0 };
	struct hash a, b;

	make_many();
	merkle_empty(&a);
	merkle_root(many, 5, &b);
	CHECK(merkle_prove_inclusion(&source, 5, 5, &p, NULL) == E_USAGE);
	CHECK(merkle_prove_inclusion(&source, 0, 0, &p, NULL) == E_USAGE);
	CHECK(merkle_prove_consistency(&source, 0, 5, &p, NULL) == E_USAGE);
	CHECK(merkle_prove_consistency(&source, 6, 5, &p, NULL) == E_USAGE);
	p.n = 0;
	CHECK(merkle_verify_consistency(&p, 0, 5, &a, &b, NULL) == 0);
	CHECK(merkle_verify_consistency(&p, 0, 0, &a, &a, NULL) == 0);
	CHECK(merkle_verify_consistency(&p, 6, 5, &a, &b, NULL) == E_VERIFY);
	CHECK(merkle_verify_consistency(&p, 5, 5, &b, &b, NULL) == 0);
	CHECK(merkle_verify_consistency(&p, 5, 5, &a, &b, NULL) == E_VERIFY);
	CHECK(merkle_verify_inclusion(&p, 0, 0, &a, &a, NULL) == E_VERIFY);
	/* The longest proof there can be, and one hash more. */
	p.n = LIMIT_PROOF;
	CHECK(merkle_verify_inclusion(&p, 0, UINT64_MAX, &a, &b, NULL) == E_VERIFY);
	p.n = LIMIT_PROOF + 1;
	CHECK(merkle_verify_inclusion(&p, 0, UINT64_MAX, &a, &b, NULL) == E_VERIFY);
	CHECK(merkle_verify_consistency(&p, 1, UINT64_MAX, &a, &b, NULL) == E_VERIFY);
}

TEST(an_entry_of_the_longest_kind)
{
	static unsigned char entry[LIMIT_LEAF];
	struct hash h;

	merkle_leaf(entry, sizeof(entry), &h);
	/* head -c 65536 /dev/zero | sha256sum: 0x00 and 65535 zeros are the same bytes. */
	check_hex(&h, "de2f256064a0af797747c2b97505dc0b9f3df0de4f489eac731c23ae9ca9cc31");
	/* The same of 4097 and 4098: short ones have a room of their own. */
	merkle_leaf(entry, 4096, &h);
	check_hex(&h, "b587fa297299ce9c602e58292b51379402bf7b1074f6b18679c2fb871c917ca8");
	merkle_leaf(entry, 4097, &h);
	check_hex(&h, "9f65dac5e3cdc605e2878452e9c4a76c31a9b49a8213c5b456804b123b97c1a1");
}
