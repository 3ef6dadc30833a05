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

/* One append while it is made. Tiles and bundles of the new entries, none of which a checkpoint
 * speaks of yet. */
struct appending {
	struct trail *t;
	struct edge *edge;
	struct checkpoint next;
	struct store_batch files;
	int top;	/* the highest level that changed */
	bool new_tiles; /* and folders: a tile began, or became full */
};

static int put_tile(struct appending *a, int level, const struct hash *h, unsigned width,
		    struct err *e)
{
	char path[LIMIT_TILE_PATH];
	uint64_t n = tile_full(a->next.size, level) - (width == TILE_WIDTH);

	tile_path(level, n, width, path);
	return store_put(&a->files, path, h, width * sizeof(*h), 0644, a->new_tiles, e);
}

static int on_full(void *ctx, int level, const struct hash tile[static TILE_WIDTH], struct err *e)
{
	struct appending *a = ctx;

	a->new_tiles = true;
	a->top = level + 1;
	return put_tile(a, level, tile, TILE_WIDTH, e);
}

/* The bundle that is being filled. */
static int put_bundle(struct appending *a, struct err *e)
{
	struct bundle *b = &a->t->bundle;
	char path[LIMIT_TILE_PATH];
	int r = buf_check(&b->bytes, "entry bundle", e);

	if (r < 0 || b->width == 0)
		return r;
	tile_path(TILE_ENTRIES, (a->next.size - 1) / TILE_WIDTH, b->width, path);
	r = store_put(&a->files, path, b->bytes.p, b->bytes.n, 0644,
		      a->new_tiles || b->width == TILE_WIDTH, e);
	if (b->width == TILE_WIDTH) {
		buf_reset(&b->bytes);
		b->width = 0;
	}
	return r;
}

static int add_entry(struct appending *a, json_t *entry, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_TRAIL_ENTRY);
	struct bundle *b = &a->t->bundle;
	struct hash leaf;
	int r = encode(entry, a->next.size, &bytes, e);

	if (r < 0)
		return r;

	const char length[2] = { (char)(bytes.n >> 8), (char)(bytes.n & 0xff) };

	a->next.size++;
	merkle_leaf(bytes.p, bytes.n, &leaf);
	a->new_tiles |= b->width == 0;
	buf_put(&b->bytes, length, sizeof(length));
	buf_put(&b->bytes, bytes.p, bytes.n);
	if (++b->width == TILE_WIDTH)
		r = put_bundle(a, e);
	return r == 0 ? edge_push(a->edge, &leaf, on_full, a, e) : r;
}

/* The partial tile of each level that changed; a level that was just filled has none. */
static int put_partials(struct appending *a, struct err *e)
{
	int r = put_bundle(a, e);

	for (int level = 0; r == 0 && level <= a->top && level < TILE_LEVELS; level++)
		if (a->edge->w[level])
			r = put_tile(a, level, a->edge->h[level], a->edge->w[level], e);
	return r;
}

/* Removes the partial tiles of a tile that is full now, or, one append later, those whose removal a
 * kill prevented. What fails here costs only space. */
static void remove_partials(struct trail *t)
{
	uint64_t size = t->checkpoint.size;

	if (tile_partial(size, 0) > LIMIT_TRAIL_APPEND)
		return;
	for (int level = TILE_ENTRIES; level < TILE_LEVELS; level++) {
		char path[LIMIT_TILE_PATH];
		uint64_t full = tile_full(size, level);

		if (full == 0 || tile_partial(size, level) > LIMIT_TRAIL_APPEND)
			continue;
		tile_path(level, full - 1, 0, path);
		*strrchr(path, '/') = '\0'; /* the folder "N.p" */
		(void)fs_remove_tree(t->dir, path, NULL);
	}
}

static int sign_and_store(struct appending *a, struct err *e)
{
	auto_buf note = BUF_INIT(4096);
	int r = store_commit(&a->files, e);

	if (r < 0)
		return r;
	edge_root(a->edge, &a->next.root);
	r = checkpoint_sign(&a->next, &a->t->key, &note, e);
	return r == 0 ? store_write(a->t->dir, "checkpoint", note.p, note.n, 0644, false, e) : r;
}

/* With the lock held. */
static int append(struct trail *t, json_t *const *entries, size_t n, uint64_t *ret_index,
		  struct err *e)
{
	auto_free struct edge *edge = NULL;
	struct bundle *b = &t->bundle;
	int r = trail_refresh(t, e);

	if (r < 0 || (r = edge_new(&edge, e)) < 0)
		return r;
	if ((r = store_edge(t->dir, &t->checkpoint, edge, e)) < 0 ||
	    (r = load_bundle(t, edge, b, e)) < 0)
		return err_hint(e, r, "plimsoll trail verify");
	if (b->width == 0)
		buf_reset(&b->bytes);

	struct appending a = {
		.t = t, .edge = edge, .next = t->checkpoint, .files = { .dir = t->dir }
	};

	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_entry(&a, entries[i], e);
	if (r == 0)
		r = put_partials(&a, e);
	if (r == 0)
		r = sign_and_store(&a, e);
	store_batch_free(&a.files);
	if (r < 0)
		return r;
	t->checkpoint = a.next;
	remove_partials(t);
	if (ret_index)
		*ret_index = a.next.size - n;
	return 0;
}

int trail_append_all(struct trail *t, json_t *const *entries, size_t n, uint64_t *ret_index,
		     struct err *e)
{
	int r;

	if (n == 0 || n > LIMIT_TRAIL_APPEND)
		return FAIL(e, E_INTERNAL, "trail: %zu entries at once", n);
	for (size_t i = 0; i < n; i++)
		if (!json_is_object(entries[i]))
			return FAIL(e, E_INTERNAL, "trail: entry is not an object");
	if (!t->may_sign)
		return FAIL(e, E_NOTFOUND, "trail: key.pem is not there: this is a copy to read");

	auto_close int lock = fs_lock(t->dir, "lock", TRAIL_LOCK_MS, e);

	if (lock < 0)
		return WRAP(e, lock, "trail: another process holds it");
	r = append(t, entries, n, ret_index, e);
	t->bundle.width = 0; /* its buffer was written to */
	return r < 0 ? WRAP(e, r, "trail: append") : 0;
}

int trail_append(struct trail *t, json_t *entry, uint64_t *ret_index, struct err *e)
{
	return trail_append_all(t, &entry, 1, ret_index, e);
}

int trail_record_all(const struct state *s, const struct trail_event *ev, size_t n,
		     uint64_t *ret_index, struct err *e)
{
	auto_release(trail_close) struct trail *t = NULL;
	json_t *entries[LIMIT_TRAIL_APPEND] = { NULL };
	size_t made = 0;
	int r = n <= LIMIT_TRAIL_APPEND ? 0 : FAIL(e, E_INTERNAL, "trail: %zu entries at once", n);

	for (; r == 0 && made < n; made += r == 0)
		r = trail_entry_new(&ev[made], &entries[made], e);
	if (r == 0)
		r = trail_open_or_make(s, &t, e);
	if (r == 0)
		r = trail_append_all(t, entries, n, ret_index, e);
	for (size_t i = 0; i < made; i++)
		json_decref(entries[i]);
	return r;
}

int trail_record(const struct state *s, const struct trail_event *ev, uint64_t *ret_index,
		 struct err *e)
{
	return trail_record_all(s, ev, 1, ret_index, e);
}
