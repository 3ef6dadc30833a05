/* SPDX-License-Identifier: Apache-2.0 */
/* The whole log, recomputed from its entries. */
#include <stdlib.h>

#include "base/clock.h"
#include "trail/log.h"

/* WRAP() changes what a function returns, not what e says: what the log got wrong is E_VERIFY. */
static int wrong(struct err *e, int r, const char *what)
{
	if (r == E_FORMAT || r == E_NOTFOUND)
		r = E_VERIFY;
	return WRAP(e, r, "%s", what);
}

/* Hashes need no defence against timing: they are public. */
static bool same(const struct hash *a, const struct hash *b, unsigned n, unsigned *ret_at)
{
	for (unsigned i = 0; i < n; i++)
		if (memcmp(a[i].b, b[i].b, sizeof(a[i].b)) != 0) {
			*ret_at = i;
			return false;
		}
	return true;
}

/* A tile as it is stored against the hashes that it should hold. */
static int check_tile(const struct trail *t, int level, uint64_t n, const struct hash *want,
		      unsigned width, struct err *e)
{
	struct hash stored[TILE_WIDTH];
	char path[LIMIT_TILE_PATH];
	unsigned at;
	int r = store_tile(t->dir, level, n, width, stored, e);

	if (r < 0 || same(stored, want, width, &at))
		return r;
	tile_path(level, n, width, path);
	if (level == 0)
		return FAIL(e, E_VERIFY, "entry %llu does not match its hash in %s",
			    (unsigned long long)(n * TILE_WIDTH + at), path);
	return FAIL(e, E_VERIFY, "%s: hash %u is not that of the tile beneath", path, at);
}

/* What an entry says of itself must agree with where it stands. */
static int check_entry(struct str s, uint64_t index, struct err *e)
{
	auto_json *j = NULL;
	auto_buf canonical = BUF_INIT(LIMIT_TRAIL_ENTRY);
	const char *schema, *time;
	uint64_t says;
	int64_t seconds;
	int r = json_parse(s.p, s.n, "entry", &j, e);

	if (r < 0 || (r = json_get_string(j, "schema", &schema, "entry", e)) < 0 ||
	    (r = json_get_u64(j, "index", &says, "entry", e)) < 0 ||
	    (r = json_get_string(j, "time", &time, "entry", e)) < 0 ||
	    (r = clock_parse_rfc3339(str_of(time), &seconds, e)) < 0 ||
	    (r = json_canonical(j, &canonical, e)) < 0)
		return r;
	if (strcmp(schema, TRAIL_SCHEMA) != 0)
		return FAIL(e, E_VERIFY, "schema is '%.40s'", schema);
	if (says != index)
		return FAIL(e, E_VERIFY, "says that it is entry %llu", (unsigned long long)says);
	if (!str_eq(s, (struct str){ canonical.p, canonical.n }))
		return FAIL(e, E_VERIFY, "is not canonical JSON");
	return 0;
}

struct walk {
	struct trail *t;
	struct edge *edge;
	uint64_t seen; /* entries so far, the one being pushed counted */
};

static int on_full(void *ctx, int level, const struct hash tile[static TILE_WIDTH], struct err *e)
{
	const struct walk *w = ctx;

	/* Level 0 was compared as a whole, before its entries were looked into. */
	return level == 0 ? 0
			  : check_tile(w->t, level, tile_full(w->seen, level) - 1, tile, TILE_WIDTH,
				       e);
}

/* One bundle: its entries against the tile of their hashes, then each entry by itself. */
static int check_bundle(struct walk *w, uint64_t n, unsigned width, struct err *e)
{
	struct bundle *b = &w->t->bundle;
	struct hash leaves[TILE_WIDTH];
	int r = store_bundle(w->t->dir, n, width, b, e);

	if (r < 0)
		return r;

	struct str bytes = { b->bytes.p, b->bytes.n };

	for (unsigned i = 0; i < width; i++) {
		struct str s = bundle_entry(bytes, b->at, i);

		merkle_leaf(s.p, s.n, &leaves[i]);
	}
	r = check_tile(w->t, 0, n, leaves, width, e);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < width; i++) {
		uint64_t index = w->seen++;

		r = check_entry(bundle_entry(bytes, b->at, i), index, e);
		if (r < 0)
			return WRAP(e, r, "entry %llu", (unsigned long long)index);
		r = edge_push(w->edge, &leaves[i], on_full, w, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_tree(struct trail *t, struct err *e)
{
	auto_free struct edge *edge = NULL;
	struct walk w = { .t = t };
	uint64_t size = t->checkpoint.size;
	struct hash root;
	int r = edge_new(&edge, e);

	if (r < 0)
		return r;
	w.edge = edge;
	for (uint64_t n = 0; n * TILE_WIDTH < size; n++) {
		r = check_bundle(&w, n, tile_width(size, 0, n), e);
		if (r < 0)
			return r;
	}
	for (int level = 1; level < TILE_LEVELS; level++) {
		r = edge->w[level] ? check_tile(t, level, tile_full(size, level), edge->h[level],
						edge->w[level], e)
				   : 0;
		if (r < 0)
			return r;
	}
	edge_root(edge, &root);
	if (memcmp(root.b, t->checkpoint.root.b, sizeof(root.b)) != 0)
		return FAIL(e, E_VERIFY,
			    "checkpoint: its root is not that of the %llu entries that are there",
			    (unsigned long long)size);
	return 0;
}

static int check_vkey(const struct trail *t, const char *vkey, struct err *e)
{
	auto_note_key key = { .key = NULL };
	struct checkpoint c;
	int r = note_key_parse(str_of(vkey), &key, e);

	if (r < 0)
		return WRAP(e, E_USAGE, "trail");
	return checkpoint_open((struct str){ buf_str(&t->note), t->note.n }, &key, &c, e);
}

int trail_verify(struct trail *t, const char *vkey, struct err *e)
{
	int r = trail_refresh(t, e);

	if (r < 0)
		return r;
	r = vkey ? check_vkey(t, vkey, e) : 0;
	if (r == E_USAGE)
		return r;
	if (r < 0)
		return wrong(e, r, "trail: checkpoint");
	r = check_tree(t, e);
	t->bundle.width = 0;
	return r < 0 ? wrong(e, r, "trail") : 0;
}
