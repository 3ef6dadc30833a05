/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/db_internal.h"

int walk_open(struct walk *ret, struct advisory_db *db, unsigned kind, struct err *e)
{
	struct walk w = {
		.db = db, .kind = kind, .raw = BUF_INIT(LIMIT_BLOCK + 1), .number = UINT32_MAX
	};
	int r = sql_prepare(db->db,
			    "SELECT b.data FROM start s JOIN block b ON b.n = s.n"
			    " WHERE s.kind = ?1 ORDER BY s.key",
			    &w.st, e);

	r = r < 0 ? r : sql_bind(w.st, e, "i", (int64_t)kind);
	if (r < 0) {
		walk_close(&w);
		return r;
	}
	*ret = w;
	return 0;
}

void walk_close(struct walk *w)
{
	(void)sqlite3_finalize(w->st);
	buf_free(&w->raw);
	*w = (struct walk){ 0 };
}

static int next_block(struct walk *w, struct err *e)
{
	int r = sql_step(w->st, e);
	struct str packed;

	if (r <= 0)
		return r;
	packed = sql_blob(w->st, 0);
	r = db_unblock(w->db, w->kind, packed, &w->raw, e);
	w->at = unpack_of((struct str){ w->raw.p, w->raw.n });
	return r < 0 ? r : 1;
}

int walk_next(struct walk *w, struct err *e)
{
	while (w->at.p == w->at.end) {
		int r = next_block(w, e);

		if (r <= 0)
			return r;
	}
	w->key = unpack_str(&w->at);
	w->value = unpack_block(&w->at);
	w->number++;
	return w->at.bad ? unpack_check(&w->at, "a block", e) : 1;
}

bool package_next(struct package_walk *w)
{
	struct str bytes;

	if (w->from.p == w->from.end)
		return false;
	w->at.ecosystem += (uint32_t)unpack_u64(&w->from, UINT32_MAX - w->at.ecosystem);
	w->at.base = unpack_u32(&w->from);
	bytes = unpack_block(&w->from);
	if (bytes.n)
		w->at.bytes = bytes;
	return !w->from.bad;
}
