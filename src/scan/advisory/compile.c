/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/compile.h"

#include <stdlib.h>

#include "crypto/digest.h"
#include "scan/advisory/ratings.h"
#include "scan/advisory/rows.h"
#include "scan/advisory/spool.h"

#define DROPPED UINT32_MAX

struct compiler {
	const struct compile *in;
	uint32_t *old_numbers, *new_numbers; /* of units, DROPPED for those that go */
	const char **unit_sources;	     /* by new number; names of sources, borrowed */
	uint32_t units_n, units_alloc;
	struct spool *spools[KINDS];
	json_t *ecosystems;	  /* name -> number, of all that units speak of */
	uint32_t *old_ecosystems; /* their numbers now, by old number, or DROPPED */
	json_t *sources;	  /* name -> {"advisories","newest"} */
	/* Hashes of a source and an id, to count each once. */
	uint64_t *counted;
	size_t counted_n, counted_alloc;
	struct rows_writer *writer;
	struct ratings *ratings;
	struct buf ids, rows;
};

static void compiler_release(struct compiler *c)
{
	free(c->old_numbers);
	free(c->new_numbers);
	free(c->unit_sources);
	free(c->old_ecosystems);
	for (size_t i = 0; i < KINDS; i++)
		spool_free(c->spools[i]);
	json_decref(c->ecosystems);
	json_decref(c->sources);
	free(c->counted);
	rows_writer_free(c->writer);
	ratings_free(c->ratings);
	buf_free(&c->ids);
	buf_free(&c->rows);
}

/* Units. */

static int grow_counted(struct compiler *c, struct err *e)
{
	const size_t alloc = c->counted_alloc ? 2 * c->counted_alloc : 4096;
	uint64_t *more = calloc(alloc, sizeof(*more));

	if (!more)
		return FAIL_NOMEM(e);
	for (size_t i = 0; i < c->counted_alloc; i++) {
		size_t at = c->counted[i] & (alloc - 1);

		while (c->counted[i] && more[at])
			at = (at + 1) & (alloc - 1);
		if (c->counted[i])
			more[at] = c->counted[i];
	}
	free(c->counted);
	c->counted = more;
	c->counted_alloc = alloc;
	return 0;
}

static uint64_t member(const json_t *o, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(o, key));
}

/* Counts an id for its source if it was not seen there yet. */
static int count_id(struct compiler *c, const char *source, const char *ids, struct err *e)
{
	auto_buf key = BUF_INIT(SIZE_MAX / 2);
	json_t *o = json_object_get(c->sources, source);
	unsigned char raw[SHA256_LEN];
	uint64_t hash;
	size_t at;
	int r = 2 * c->counted_n >= c->counted_alloc ? grow_counted(c, e) : 0;

	buf_printf(&key, "%s\n%.*s", source, (int)strcspn(ids, " "), ids);
	r = r < 0 ? r : buf_check(&key, "an id", e);
	if (r < 0)
		return r;
	sha256_once(key.p, key.n, raw);
	memcpy(&hash, raw, sizeof(hash));
	hash |= hash == 0; /* 0 is an empty slot */
	for (at = hash & (c->counted_alloc - 1); c->counted[at] && c->counted[at] != hash;)
		at = (at + 1) & (c->counted_alloc - 1);
	if (c->counted[at])
		return 0;
	c->counted[at] = hash;
	c->counted_n++;
	return json_put_u64(o, "advisories", member(o, "advisories") + 1, e);
}

static int count_ids(struct compiler *c, const char *source, struct id_groups groups, struct err *e)
{
	const char *ids;
	int r;

	while ((r = id_groups_next(&groups, &c->ids, &ids, e)) > 0) {
		r = count_id(c, source, ids, e);
		if (r < 0)
			return r;
	}
	return r;
}

/* The unit's source, with what is known of it so far. */
static int note_source(struct compiler *c, const struct unit_head *h, const char **ret,
		       struct err *e)
{
	json_t *o = json_object_get(c->sources, h->source);
	int r = 0;

	if (!o) {
		o = json_object();
		r = json_put(c->sources, h->source, o, e);
	}
	if (r == 0 && h->modified > member(o, "newest"))
		r = json_put_u64(o, "newest", h->modified, e);
	if (r == 0)
		*ret = json_object_iter_key(json_object_iter_at(c->sources, h->source));
	return r;
}

static int number_unit(struct compiler *c, const char *source, uint32_t *ret, struct err *e)
{
	if (c->units_n == DROPPED - 1)
		return FAIL(e, E_FORMAT, "more than %u units", c->units_n);
	if (c->units_n == c->units_alloc) {
		uint32_t alloc = c->units_alloc ? 2 * c->units_alloc : 1024;
		const char **more = reallocarray(c->unit_sources, alloc, sizeof(*more));

		if (!more)
			return FAIL_NOMEM(e);
		c->unit_sources = more;
		c->units_alloc = alloc;
	}
	c->unit_sources[c->units_n] = source;
	*ret = c->units_n++;
	return 0;
}

static int note_ecosystems(struct compiler *c, const struct unit_head *h, struct err *e)
{
	struct unpack u = unpack_of(h->ecosystems);
	int r = 0;

	while (u.p < u.end && r == 0) {
		const char *ecosystem = unpack_str(&u);

		if (!json_object_get(c->ecosystems, ecosystem))
			r = json_put_u64(c->ecosystems, ecosystem, 0, e);
	}
	return r < 0 ? r : unpack_check(&u, "ecosystems of a unit", e);
}

static int put_unit(struct compiler *c, const char *name, struct str bytes, uint32_t *ret,
		    struct err *e)
{
	const char *source = NULL;
	struct unit_head head;
	int r = unit_head_open(bytes, &head, e);

	r = r < 0 ? r : note_source(c, &head, &source, e);
	r = r < 0 ? r : count_ids(c, source, (struct id_groups){ unpack_of(head.groups), 0 }, e);
	r = r < 0 ? r : note_ecosystems(c, &head, e);
	r = r < 0 ? r : number_unit(c, source, ret, e);
	r = r < 0 ? r : ratings_add(c->ratings, &head, *ret, e);
	return r < 0 ? r : spool_put(c->spools[KIND_UNITS], name, bytes, e);
}

static bool is_replaced(const struct compile *in, const char *name)
{
	for (size_t i = 0; i < in->replaces->n; i++)
		if (starts_with(name, in->replaces->v[i]))
			return true;
	return false;
}

static int put_old_unit(struct compiler *c, const struct walk *w, struct err *e)
{
	const struct compile *in = c->in;
	unsigned flags;

	if (w->number >= in->old_n)
		return FAIL(e, E_INTERNAL, "more units than there were");
	flags = in->old_flags[w->number];
	if (flags & UNIT_DEAD || (!(flags & UNIT_BROUGHT) && is_replaced(in, w->key)))
		return 0;
	return put_unit(c, w->key, w->value, &c->old_numbers[w->number], e);
}

/* What came in, one record ahead. */
struct incoming {
	struct sorter *from;
	int more; /* 1, 0 at the end, or an error */
	struct str key, value;
	uint32_t arrival;
};

static int advance(struct incoming *in, struct err *e)
{
	in->more = sorter_next(in->from, &in->key, &in->value, e);
	if (in->more > 0) {
		memcpy(&in->arrival, in->value.p, sizeof(in->arrival));
		in->value.p += sizeof(in->arrival);
		in->value.n -= sizeof(in->arrival);
	}
	return in->more;
}

static int put_new_unit(struct compiler *c, const struct incoming *in, struct err *e)
{
	auto_free char *name = NULL;

	if (c->in->new_flags[in->arrival] & UNIT_DEAD)
		return 0;
	name = str_dup(in->key);
	return name ? put_unit(c, name, in->value, &c->new_numbers[in->arrival], e) : FAIL_NOMEM(e);
}

static int compare_strs(struct str a, struct str b)
{
	int r = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return r ? r : (a.n > b.n) - (a.n < b.n);
}

static int merge_units(struct compiler *c, struct err *e)
{
	struct incoming in = { .from = c->in->units };
	auto_walk w = { 0 };
	int old = 0, r = advance(&in, e);

	if (r >= 0 && c->in->old) {
		r = walk_open(&w, c->in->old, KIND_UNITS, e);
		r = old = r < 0 ? r : walk_next(&w, e);
	}
	while (r >= 0 && (old > 0 || in.more > 0)) {
		int order = old <= 0 ? -1 : in.more <= 0 ? 1 : compare_strs(in.key, str_of(w.key));

		if (order < 0) {
			r = put_new_unit(c, &in, e);
			r = r < 0 ? r : advance(&in, e);
		} else {
			r = put_old_unit(c, &w, e);
			r = old = r < 0 ? r : walk_next(&w, e);
		}
	}
	return r < 0 ? r : 0;
}

/* Packages and facts. What one key has came from several units; each part goes on with the number
 * that its unit has now. */

struct part {
	uint32_t ecosystem, unit; /* ecosystem: 0 of a fact */
	size_t at, n;		  /* in the bytes of the key at hand */
};

struct merge {
	struct compiler *c;
	unsigned kind;
	struct incoming in;
	struct walk w;
	int old;	/* as in.more */
	struct buf key; /* the one at hand */
	struct str old_value;
	struct buf bytes; /* of all its parts that came in */
	struct part *parts;
	size_t n, alloc;
	struct buf joined;
	uint32_t ecosystem; /* the last that was joined */
	struct buf before;  /* and its rows */
};

static void merge_release(struct merge *m)
{
	walk_close(&m->w);
	buf_free(&m->key);
	buf_free(&m->bytes);
	free(m->parts);
	buf_free(&m->joined);
	buf_free(&m->before);
}

static struct str bytes_of(const struct merge *m, const struct part *part)
{
	return (struct str){ m->bytes.p + part->at, part->n };
}

static int add_part(struct merge *m, uint32_t ecosystem, uint32_t unit, struct str bytes,
		    struct err *e)
{
	if (m->n == m->alloc) {
		size_t alloc = m->alloc ? 2 * m->alloc : 64;
		struct part *more = reallocarray(m->parts, alloc, sizeof(*more));

		if (!more)
			return FAIL_NOMEM(e);
		m->parts = more;
		m->alloc = alloc;
	}
	m->parts[m->n++] = (struct part){ ecosystem, unit, m->bytes.n, bytes.n };
	buf_put(&m->bytes, bytes.p, bytes.n);
	return buf_check(&m->bytes, "what is said of one package", e);
}

static int by_unit(const void *a, const void *b)
{
	const struct part *x = a, *y = b;
	int r = (x->ecosystem > y->ecosystem) - (x->ecosystem < y->ecosystem);

	r = r ? r : (x->unit > y->unit) - (x->unit < y->unit);
	return r ? r : (x->at > y->at) - (x->at < y->at);
}

/* The number that an old unit has now. */
static int renumber(const struct compiler *c, uint32_t old, uint32_t *ret, struct err *e)
{
	if (old >= c->in->old_n)
		return FAIL(e, E_FORMAT, "damaged: a row of no unit");
	*ret = c->old_numbers[old];
	return 0;
}

static int put_row(struct compiler *c, const struct row *row, struct err *e)
{
	int r = row->groups ? count_ids(c, c->unit_sources[row->unit], row->ids, e) : 0;

	return r < 0 ? r : rows_writer_put(c->writer, row, e);
}

/* The rows of one part, of one unit that came in. */
static int put_new_rows(struct compiler *c, struct str bytes, uint32_t unit, struct err *e)
{
	auto_rows rows = { 0 };
	struct row row;
	int r = rows_open(&rows, bytes, 0, e);

	while (r >= 0 && (r = rows_next(&rows, &row, e)) > 0) {
		row.unit = unit;
		r = put_row(c, &row, e);
	}
	return r;
}

/* What there was for one ecosystem, and the parts that came in for it, the next n. */
static int join_rows(struct merge *m, const struct package_rows *old, const struct part *parts,
		     size_t n, struct err *e)
{
	struct compiler *c = m->c;
	auto_rows rows = { 0 };
	struct row row;
	size_t next = 0;
	int r = old ? rows_open(&rows, old->bytes, old->base, e) : 0;

	while (r >= 0 && old && (r = rows_next(&rows, &row, e)) > 0) {
		r = renumber(c, row.unit, &row.unit, e);
		if (r < 0 || row.unit == DROPPED)
			continue;
		for (; next < n && parts[next].unit < row.unit && r == 0; next++)
			r = put_new_rows(c, bytes_of(m, &parts[next]), parts[next].unit, e);
		r = r < 0 ? r : put_row(c, &row, e);
	}
	for (; next < n && r >= 0; next++)
		r = put_new_rows(c, bytes_of(m, &parts[next]), parts[next].unit, e);
	return r;
}

/* The same, put to what is joined under the ecosystem's number; nothing if nothing is left. */
static int join_ecosystem(struct merge *m, uint32_t ecosystem, const struct package_rows *old,
			  const struct part *parts, size_t n, struct err *e)
{
	struct compiler *c = m->c;
	uint32_t base;
	int r = join_rows(m, old, parts, n, e);

	if (r < 0 || !rows_writer_rows(c->writer))
		return r;
	buf_reset(&c->rows);
	r = rows_writer_finish(c->writer, &c->rows, &base, e);
	if (r < 0)
		return r;
	pack_u64(&m->joined, ecosystem - m->ecosystem);
	pack_u64(&m->joined, base);
	if (c->rows.n == m->before.n && memcmp(c->rows.p, m->before.p, c->rows.n) == 0) {
		pack_block(&m->joined, STR(""));
	} else {
		pack_block(&m->joined, (struct str){ c->rows.p, c->rows.n });
		buf_reset(&m->before);
		buf_put(&m->before, c->rows.p, c->rows.n);
	}
	m->ecosystem = ecosystem;
	r = buf_check(&m->before, "what is said of one package", e);
	return r < 0 ? r : buf_check(&m->joined, "what is said of one package", e);
}

/* How many parts from the nth on are of its ecosystem. */
static size_t same_ecosystem(const struct merge *m, size_t n)
{
	size_t to = n;

	while (to < m->n && m->parts[to].ecosystem == m->parts[n].ecosystem)
		to++;
	return to - n;
}

/* Joins the parts of ecosystems before a number. */
static int join_before(struct merge *m, uint32_t ecosystem, size_t *next, struct err *e)
{
	int r = 0;

	while (r == 0 && *next < m->n && m->parts[*next].ecosystem < ecosystem) {
		const struct part *part = &m->parts[*next];
		size_t n = same_ecosystem(m, *next);

		r = join_ecosystem(m, part->ecosystem, NULL, part, n, e);
		*next += n;
	}
	return r;
}

static int join_package(struct merge *m, struct err *e)
{
	struct package_walk old = package_walk_of(m->old_value);
	size_t next = 0, n;
	int r = 0;

	m->ecosystem = 0;
	buf_reset(&m->before);
	while (r == 0 && package_next(&old)) {
		uint32_t ecosystem;

		if (old.at.ecosystem >= m->c->in->old->ecosystems.n)
			return FAIL(e, E_FORMAT, "damaged: a package of no ecosystem");
		ecosystem = m->c->old_ecosystems[old.at.ecosystem];
		if (ecosystem == DROPPED)
			continue;
		r = join_before(m, ecosystem, &next, e);
		n = next < m->n && m->parts[next].ecosystem == ecosystem ? same_ecosystem(m, next)
									 : 0;
		r = r < 0 ? r
			  : join_ecosystem(m, ecosystem, &old.at, n ? &m->parts[next] : NULL, n, e);
		next += n;
	}
	r = r < 0 ? r : unpack_check(&old.from, "a package", e);
	return r < 0 ? r : join_before(m, DROPPED, &next, e);
}

static void put_fact(struct buf *ret, uint32_t unit, struct str fact)
{
	pack_u64(ret, unit);
	pack_block(ret, fact);
}

static int join_facts(struct merge *m, struct err *e)
{
	struct unpack u = unpack_of(m->old_value);
	const struct part *part = m->parts, *end = m->parts + m->n;

	while (u.p < u.end) {
		uint32_t unit = unpack_u32(&u);
		const struct str fact = unpack_block(&u);
		int r = u.bad ? unpack_check(&u, "facts", e) : renumber(m->c, unit, &unit, e);

		if (r < 0)
			return r;
		if (unit == DROPPED)
			continue;
		for (; part < end && part->unit < unit; part++)
			put_fact(&m->joined, part->unit, bytes_of(m, part));
		put_fact(&m->joined, unit, fact);
	}
	for (; part < end; part++)
		put_fact(&m->joined, part->unit, bytes_of(m, part));
	return buf_check(&m->joined, "facts", e);
}

static int next_old(struct merge *m, struct err *e)
{
	m->old = m->c->in->old ? walk_next(&m->w, e) : 0;
	return m->old;
}

/* What came in has its ecosystem behind the key. */
static struct str key_of(const struct incoming *in)
{
	const char *nul = memchr(in->key.p, '\0', in->key.n);

	return (struct str){ in->key.p, nul ? (size_t)(nul - in->key.p) : in->key.n };
}

static int ecosystem_of(const struct merge *m, uint32_t *ret, struct err *e)
{
	const struct str key = key_of(&m->in);
	auto_free char *name = NULL;
	const json_t *n;

	*ret = 0;
	if (m->kind != KIND_PACKAGES)
		return 0;
	name = key.n < m->in.key.n ? strndup(key.p + key.n + 1, m->in.key.n - key.n - 1)
				   : strdup("");
	if (!name)
		return FAIL_NOMEM(e);
	n = json_object_get(m->c->ecosystems, name);
	if (!n)
		return FAIL(e, E_FORMAT, "damaged: a package of no ecosystem");
	*ret = (uint32_t)json_integer_value(n);
	return 0;
}

/* All that came in for the key at hand. */
static int gather(struct merge *m, struct err *e)
{
	int r = m->in.more;

	m->n = 0;
	buf_reset(&m->bytes);
	while (r > 0 && str_eqz(key_of(&m->in), buf_str(&m->key))) {
		uint32_t ecosystem, unit = m->c->new_numbers[m->in.arrival];

		r = unit == DROPPED ? 0 : ecosystem_of(m, &ecosystem, e);
		if (r == 0 && unit != DROPPED)
			r = add_part(m, ecosystem, unit, m->in.value, e);
		r = r < 0 ? r : advance(&m->in, e);
	}
	if (r >= 0 && m->n > 1)
		qsort(m->parts, m->n, sizeof(*m->parts), by_unit);
	return r < 0 ? r : 0;
}

/* The lesser of both keys, and all that both have for it. */
static int merge_key(struct merge *m, struct err *e)
{
	const struct str new_key = m->in.more > 0 ? key_of(&m->in) : STR("");
	const struct str old_key = m->old > 0 ? str_of(m->w.key) : STR("");
	const int order = m->old <= 0 ? -1 : m->in.more <= 0 ? 1 : compare_strs(new_key, old_key);
	int r;

	buf_reset(&m->key);
	buf_put(&m->key, order < 0 ? new_key.p : old_key.p, order < 0 ? new_key.n : old_key.n);
	r = buf_check(&m->key, "a key", e);
	r = r < 0 ? r : gather(m, e);
	m->old_value = order < 0 ? STR("") : m->w.value;
	buf_reset(&m->joined);
	if (r == 0)
		r = m->kind == KIND_FACTS ? join_facts(m, e) : join_package(m, e);
	if (r == 0 && m->joined.n)
		r = spool_put(m->c->spools[m->kind], buf_str(&m->key),
			      (struct str){ m->joined.p, m->joined.n }, e);
	return r < 0 || order < 0 ? r : next_old(m, e);
}

static int merge_keys(struct compiler *c, unsigned kind, struct sorter *from, struct err *e)
{
	__attribute__((cleanup(merge_release))) struct merge m = {
		.c = c,
		.kind = kind,
		.in = { .from = from },
		.key = BUF_INIT(LIMIT_BLOCK),
		.bytes = BUF_INIT(8U * LIMIT_ROWS_BYTES),
		.joined = BUF_INIT(LIMIT_BLOCK),
		.before = BUF_INIT(LIMIT_BLOCK),
	};
	int r = c->in->old ? walk_open(&m.w, c->in->old, kind, e) : 0;

	r = r < 0 ? r : next_old(&m, e);
	r = r < 0 ? r : advance(&m.in, e);
	while (r >= 0 && (m.old > 0 || m.in.more > 0))
		r = merge_key(&m, e);
	return r < 0 ? r : 0;
}

/* The file. */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The members of an object, sorted; borrowed. */
static int sorted_names(json_t *o, const char ***ret, struct err *e)
{
	const char **names = calloc(json_object_size(o) + 1, sizeof(*names));
	const char *name;
	size_t n = 0;
	json_t *v;

	if (!names)
		return FAIL_NOMEM(e);
	json_object_foreach(o, name, v) names[n++] = name;
	if (n)
		qsort(names, n, sizeof(*names), by_name);
	*ret = names;
	return 0;
}

static int renumber_ecosystems(struct compiler *c, struct err *e)
{
	const struct strv *old = c->in->old ? &c->in->old->ecosystems : NULL;
	const size_t n = old ? old->n : 0;

	c->old_ecosystems = calloc(n + 1, sizeof(*c->old_ecosystems));
	if (!c->old_ecosystems)
		return FAIL_NOMEM(e);
	for (size_t i = 0; i < n; i++) {
		const json_t *now = json_object_get(c->ecosystems, old->v[i]);

		c->old_ecosystems[i] = now ? (uint32_t)json_integer_value(now) : DROPPED;
	}
	return 0;
}

static int number_ecosystems(struct compiler *c, struct err *e)
{
	auto_free const char **names = NULL;
	int r = sorted_names(c->ecosystems, &names, e);

	if (r == 0 && json_object_size(c->ecosystems) > LIMIT_ECOSYSTEMS)
		r = FAIL(e, E_FORMAT, "more than %d ecosystems", LIMIT_ECOSYSTEMS);
	for (size_t i = 0; r == 0 && names[i]; i++)
		if (json_integer_set(json_object_get(c->ecosystems, names[i]), (json_int_t)i) < 0)
			r = FAIL(e, E_INTERNAL, "a number that is none");
	return r < 0 ? r : renumber_ecosystems(c, e);
}

static int write_ecosystems(struct compiler *c, struct spool *to, struct err *e)
{
	auto_free const char **names = NULL;
	auto_buf list = BUF_INIT(LIMIT_BLOCK);
	int r = sorted_names(c->ecosystems, &names, e);

	for (size_t i = 0; r == 0 && names[i]; i++)
		pack_str(&list, names[i]);
	r = r < 0 ? r : buf_check(&list, "ecosystems", e);
	return r < 0 ? r : spool_put(to, META_ECOSYSTEMS, (struct str){ list.p, list.n }, e);
}

static int write_sources(struct compiler *c, struct spool *to, struct err *e)
{
	auto_free const char **names = NULL;
	auto_buf list = BUF_INIT(LIMIT_BLOCK);
	int r = sorted_names(c->sources, &names, e);

	for (size_t i = 0; r == 0 && names[i]; i++) {
		const json_t *o = json_object_get(c->sources, names[i]);

		pack_str(&list, names[i]);
		pack_u64(&list, member(o, "advisories"));
		pack_u64(&list, member(o, "newest"));
		pack_u64(&list, member(c->in->imported, names[i]));
	}
	r = r < 0 ? r : buf_check(&list, "sources", e);
	return r < 0 ? r : spool_put(to, META_SOURCES, (struct str){ list.p, list.n }, e);
}

/* How a file of so many bytes, uncompressed, is written. */
struct layout {
	unsigned page; /* small pages waste little of a small file, large ones hold many blocks */
	int level;     /* of zstd; a large file is to be written anew in seconds after any change */
};

static struct layout layout_of(const struct compiler *c)
{
	enum { SMALL = 512 * 1024, MEDIUM = 16 * 1024 * 1024, LARGE = 64 * 1024 * 1024 };
	uint64_t bytes = 0;

	for (size_t i = 0; i < KINDS; i++)
		bytes += spool_bytes(c->spools[i]);
	return (struct layout){ .page = bytes < SMALL	? 1024
					: bytes < LARGE ? 8192
							: 32768,
				.level = bytes < MEDIUM ? 19 : 12 };
}

static int write_file(struct compiler *c, sqlite3 *to, struct err *e)
{
	const struct layout layout = layout_of(c);
	char pragmas[256];
	int64_t n = 0;
	int r;

	(void)snprintf(pragmas, sizeof(pragmas),
		       "PRAGMA page_size = %u; PRAGMA application_id = %d;"
		       " PRAGMA user_version = %d; BEGIN;",
		       layout.page, ADVISORY_DB_ID, ADVISORY_DB_SCHEMA);
	r = sql_exec(to, pragmas, e);
	r = r < 0 ? r : sql_exec(to, DB_SCHEMA, e);
	r = r < 0 ? r : write_ecosystems(c, c->spools[KIND_META], e);
	r = r < 0 ? r : write_sources(c, c->spools[KIND_META], e);
	for (unsigned i = 0; i < KINDS && r == 0; i++)
		r = spool_store(c->spools[i], i, layout.level, to, &n, e);
	return r < 0 ? r : sql_exec(to, "COMMIT", e);
}

static int sort_all(const struct compile *in, struct err *e)
{
	int r = sorter_sort(in->units, e);

	r = r < 0 ? r : sorter_sort(in->packages, e);
	return r < 0 ? r : sorter_sort(in->facts, e);
}

static int begin(struct compiler *c, struct err *e)
{
	int r = rows_writer_new(&c->writer, e);

	r = r < 0 ? r : ratings_new(&c->ratings, c->in->state, e);
	c->old_numbers = reallocarray(NULL, c->in->old_n + 1, sizeof(*c->old_numbers));
	c->new_numbers = reallocarray(NULL, c->in->new_n + 1, sizeof(*c->new_numbers));
	c->ecosystems = json_object();
	c->sources = json_object();
	if (r == 0 && (!c->old_numbers || !c->new_numbers || !c->ecosystems || !c->sources))
		r = FAIL_NOMEM(e);
	if (r < 0)
		return r;
	memset(c->old_numbers, 0xff, c->in->old_n * sizeof(*c->old_numbers)); /* DROPPED */
	memset(c->new_numbers, 0xff, c->in->new_n * sizeof(*c->new_numbers));
	for (size_t i = 0; i < KINDS && r == 0; i++)
		r = spool_new(&c->spools[i], c->in->state, e);
	return r;
}

int compile_db(const struct compile *in, sqlite3 *to, struct err *e)
{
	__attribute__((cleanup(compiler_release))) struct compiler c = {
		.in = in, .ids = BUF_INIT(LIMIT_RECORD), .rows = BUF_INIT(LIMIT_BLOCK)
	};
	int r = begin(&c, e);

	r = r < 0 ? r : sort_all(in, e);
	r = r < 0 ? r : merge_units(&c, e);
	r = r < 0 ? r : number_ecosystems(&c, e);
	r = r < 0 ? r : merge_keys(&c, KIND_PACKAGES, in->packages, e);
	r = r < 0 ? r : merge_keys(&c, KIND_FACTS, in->facts, e);
	r = r < 0 ? r : ratings_store(c.ratings, c.spools[KIND_RATINGS], e);
	return r < 0 ? r : write_file(&c, to, e);
}
