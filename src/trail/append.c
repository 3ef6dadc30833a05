/* SPDX-License-Identifier: Apache-2.0 */
/* Appending: new tiles first, the checkpoint last. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "trail/log.h"

/* Sets what every entry has and writes its bytes. */
static int encode(json_t *entry, uint64_t index, struct buf *ret, struct err *e)
{
	char now[RFC3339_MAX];
	int r;

	clock_rfc3339(clock_now(), now);
	if ((r = json_put_string(entry, "schema", TRAIL_SCHEMA, e)) < 0 ||
	    (r = json_put_u64(entry, "index", index, e)) < 0 ||
	    (r = json_put_string(entry, "time", now, e)) < 0)
		return r;
	r = json_canonical(entry, ret, e);
	return r == E_FORMAT ? FAIL(e, E_FORMAT,
				    "entry is longer than %d bytes: record large things by digest",
				    LIMIT_TRAIL_ENTRY)
			     : r;
}

/* The bundle that the entry at index size goes into, as it is now: its entries must be the ones
 * that were hashed. */
static int load_bundle(struct trail *t, const struct edge *edge, struct bundle *ret, struct err *e)
{
	uint64_t n = tile_full(t->checkpoint.size, 0);
	unsigned width = edge->w[0];
	int r;

	ret->width = 0;
	if (width == 0)
		return 0;
	r = store_bundle(t->dir, n, width, ret, e);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < width; i++) {
		struct str s = bundle_entry((struct str){ ret->bytes.p, ret->bytes.n }, ret->at, i);
		struct hash leaf;

		merkle_leaf(s.p, s.n, &leaf);
		if (memcmp(leaf.b, edge->h[0][i].b, sizeof(leaf.b)) != 0)
			return FAIL(e, E_VERIFY, "entry %llu does not match its hash",
				    (unsigned long long)(n * TILE_WIDTH + i));
	}
	return 0;
}

struct write_full {
	int dir;
	uint64_t size; /* after the append */
};

static int write_tile(int dir, uint64_t size, int level, const struct hash *h, unsigned width,
		      struct err *e)
{
	char path[LIMIT_TILE_PATH];
	uint64_t n = tile_full(size, level) - (width == TILE_WIDTH);

	tile_path(level, n, width, path);
	return store_write(dir, path, h, width * sizeof(*h), 0644,
			   width == 1 || width == TILE_WIDTH, e);
}

static int on_full(void *ctx, int level, const struct hash tile[static TILE_WIDTH], struct err *e)
{
	const struct write_full *w = ctx;

	return write_tile(w->dir, w->size, level, tile, TILE_WIDTH, e);
}

/* Every tile that the new leaf changes: the full ones from the bottom, then the partial one above.
 */
static int write_tiles(struct trail *t, struct edge *edge, const struct hash *leaf, uint64_t size,
		       struct err *e)
{
	struct write_full ctx = { .dir = t->dir, .size = size };
	int r = edge_push(edge, leaf, on_full, &ctx, e);

	for (int level = 0; level < TILE_LEVELS && r == 0; level++) {
		if (edge->w[level] == 0)
			continue; /* filled, or not begun */
		r = write_tile(t->dir, size, level, edge->h[level], edge->w[level], e);
		break; /* the ones above did not change */
	}
	return r;
}

static int write_bundle(struct trail *t, struct bundle *b, const struct buf *entry, uint64_t size,
			struct err *e)
{
	const char length[2] = { (char)(entry->n >> 8), (char)(entry->n & 0xff) };
	char path[LIMIT_TILE_PATH];
	unsigned width = b->width + 1;
	int r;

	buf_put(&b->bytes, length, sizeof(length));
	buf_put(&b->bytes, entry->p, entry->n);
	r = buf_check(&b->bytes, "entry bundle", e);
	if (r < 0)
		return r;
	tile_path(TILE_ENTRIES, (size - 1) / TILE_WIDTH, width, path);
	return store_write(t->dir, path, b->bytes.p, b->bytes.n, 0644,
			   width == 1 || width == TILE_WIDTH, e);
}

/* Removes the partial tiles of a tile that is full now, or, one entry later, those whose removal a
 * kill prevented. What fails here costs only space. */
static void remove_partials(struct trail *t)
{
	uint64_t size = t->checkpoint.size;

	if (tile_partial(size, 0) > 1)
		return;
	for (int level = TILE_ENTRIES; level < TILE_LEVELS; level++) {
		char path[LIMIT_TILE_PATH];
		uint64_t full = tile_full(size, level);

		if (full == 0 || tile_partial(size, level) > 1)
			continue;
		tile_path(level, full - 1, 0, path);
		*strrchr(path, '/') = '\0'; /* the folder "N.p" */
		(void)fs_remove_tree(t->dir, path, NULL);
	}
}

/* With the lock held. */
static int append(struct trail *t, json_t *entry, uint64_t *ret_index, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_TRAIL_ENTRY);
	auto_buf note = BUF_INIT(4096);
	auto_free struct edge *edge = NULL;
	struct checkpoint next;
	struct bundle *b = &t->bundle;
	struct hash leaf;
	int r = trail_refresh(t, e);

	if (r < 0 || (r = edge_new(&edge, e)) < 0)
		return r;
	if ((r = store_edge(t->dir, &t->checkpoint, edge, e)) < 0 ||
	    (r = load_bundle(t, edge, b, e)) < 0)
		return err_hint(e, r, "plimsoll trail verify");
	if (b->width == 0)
		buf_reset(&b->bytes);
	next = t->checkpoint;
	if ((r = encode(entry, next.size++, &bytes, e)) < 0)
		return r;
	merkle_leaf(bytes.p, bytes.n, &leaf);
	if ((r = write_bundle(t, b, &bytes, next.size, e)) < 0 ||
	    (r = write_tiles(t, edge, &leaf, next.size, e)) < 0)
		return r;
	edge_root(edge, &next.root);
	if ((r = checkpoint_sign(&next, &t->key, &note, e)) < 0 ||
	    (r = store_write(t->dir, "checkpoint", note.p, note.n, 0644, false, e)) < 0)
		return r;
	t->checkpoint = next;
	remove_partials(t);
	if (ret_index)
		*ret_index = next.size - 1;
	return 0;
}

int trail_append(struct trail *t, json_t *entry, uint64_t *ret_index, struct err *e)
{
	int r;

	if (!json_is_object(entry))
		return FAIL(e, E_INTERNAL, "trail: entry is not an object");
	if (!t->may_sign)
		return FAIL(e, E_NOTFOUND, "trail: key.pem is not there: this is a copy to read");

	auto_close int lock = fs_lock(t->dir, "lock", TRAIL_LOCK_MS, e);

	if (lock < 0)
		return WRAP(e, lock, "trail: another process holds it");
	r = append(t, entry, ret_index, e);
	t->bundle.width = 0; /* its buffer was written to */
	return r < 0 ? WRAP(e, r, "trail: append") : 0;
}

int trail_record(const struct state *s, const struct trail_event *ev, uint64_t *ret_index,
		 struct err *e)
{
	auto_release(trail_close) struct trail *t = NULL;
	auto_json *entry = NULL;
	int r = trail_entry_new(ev, &entry, e);

	if (r < 0 || (r = trail_open_or_make(s, &t, e)) < 0)
		return r;
	return trail_append(t, entry, ret_index, e);
}
