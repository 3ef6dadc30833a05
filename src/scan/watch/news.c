/* SPDX-License-Identifier: Apache-2.0 */
/* News in documents of bounded size:
 *
 *   {"schema","id","time","host","database","page":1,"more":false,
 *    "images":[{"name","digest","advisories":[…]}]}
 *
 * id is the digest of the document without it. */
#include <unistd.h>

#include "scan/watch/internal.h"

int news_open(struct news *n, struct watch *w, const char *database, const char *time, bool due,
	      struct err *e)
{
	*n = (struct news){ .w = w, .database = database, .time = time, .due = due };
	if (gethostname(n->host, sizeof(n->host) - 1) < 0 || !str_utf8(str_of(n->host)))
		n->host[0] = '\0';
	n->images = json_array();
	if (!n->images)
		return FAIL_NOMEM(e);
	return sql_prepare(w->db, "INSERT INTO news(doc, recorded, due) VALUES(?1, 0, ?2)",
			   &n->insert, e);
}

void news_release(struct news *n)
{
	json_decref(n->images);
	(void)sqlite3_finalize(n->insert);
	*n = (struct news){ 0 };
}

static int put_id(json_t *doc, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_WATCH_NEWS);
	struct digest id;
	int r = json_canonical(doc, &text, e);

	r = r < 0 ? r : buf_check(&text, "news", e);
	if (r < 0)
		return r;
	digest_of(buf_str(&text), text.n, &id);
	return json_put_string(doc, "id", id.s, e);
}

static int flush(struct news *n, bool more, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_WATCH_NEWS);
	auto_json *doc = json_pack("{ss ss ss ss sI sb sO}", "schema", WATCH_NEWS_SCHEMA, "time",
				   n->time, "host", n->host, "database", n->database, "page",
				   (json_int_t)++n->page, "more", more, "images", n->images);
	int r = doc ? put_id(doc, e) : FAIL_NOMEM(e);

	r = r < 0 ? r : json_canonical(doc, &text, e);
	r = r < 0 ? r : buf_check(&text, "news", e);
	r = r < 0 ? r : sql_run(n->insert, e, "si", buf_str(&text), (int64_t)n->due);
	if (r < 0)
		return r;
	n->told = n->size = 0;
	json_decref(n->images);
	n->images = json_array();
	return n->images ? 0 : FAIL_NOMEM(e);
}

/* Bytes as JSON, at most. */
static size_t cost(const char *s)
{
	size_t n = 4;

	for (; *s; s++)
		n += (unsigned char)*s < ' ' || *s == 0x7f ? 6 : *s == '"' || *s == '\\' ? 2 : 1;
	return n;
}

/* The image's list, of this page. */
static json_t *list_of(struct news *n, const char *digest)
{
	const size_t size = json_array_size(n->images);
	const json_t *last = size ? json_array_get(n->images, size - 1) : NULL;
	const char *of = json_string_or_null(last, "digest");

	return of && strcmp(of, digest) == 0 ? json_object_get(last, "advisories") : NULL;
}

static int begin_image(struct news *n, const char *name, const char *digest, struct err *e)
{
	json_t *o = json_pack("{ss ss s[]}", "name", name, "digest", digest, "advisories");

	return o ? json_push(n->images, o, e)
		 : FAIL(e, E_FORMAT, "damaged: a name that is not UTF-8");
}

int news_add(struct news *n, const char *name, const char *digest, json_t *advisory, struct err *e)
{
	auto_json *owned = advisory;
	const size_t image = cost(name) + cost(digest) + 64;
	const size_t told = cost(json_string_or_null(owned, "advisory"));
	const size_t size = json_dumpb(owned, NULL, 0, JSON_COMPACT);
	int r = 0;

	if (json_array_size(n->images) && (n->told + told + image > LIMIT_WATCH_TOLD ||
					   n->size + size + image > LIMIT_WATCH_NEWS / 2))
		r = flush(n, true, e);
	if (r == 0 && !list_of(n, digest)) {
		r = begin_image(n, name, digest, e);
		n->told += image;
		n->size += image;
	}
	n->told += told;
	n->size += size + 1;
	return r < 0 ? r : json_push(list_of(n, digest), TAKE(owned), e);
}

int news_end(struct news *n, struct err *e)
{
	return json_array_size(n->images) ? flush(n, false, e) : 0;
}

int watch_post(struct watch *w, json_t *doc, int64_t now, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_WATCH_NEWS);
	auto_stmt *insert = NULL;
	char at[RFC3339_MAX], host[256] = "";
	int r;

	clock_rfc3339(now, at);
	if (gethostname(host, sizeof(host) - 1) < 0 || !str_utf8(str_of(host)))
		host[0] = '\0';
	if ((r = json_put_string(doc, "time", at, e)) < 0 ||
	    (r = json_put_string(doc, "host", host, e)) < 0 || (r = put_id(doc, e)) < 0 ||
	    (r = json_canonical(doc, &text, e)) < 0 || (r = buf_check(&text, "news", e)) < 0 ||
	    (r = sql_prepare(w->db, "INSERT INTO news(doc, recorded, due) VALUES(?1, 1, 1)",
			     &insert, e)) < 0)
		return r;
	return sql_run(insert, e, "s", buf_str(&text));
}

int watch_next(struct watch *w, enum watch_wait wait, int64_t after, int64_t *ret_number,
	       json_t **ret, struct err *e)
{
	auto_stmt *st = NULL;
	auto_json *doc = NULL;
	int r = sql_prepare(w->db,
			    wait == WATCH_UNRECORDED
				    ? "SELECT id, doc FROM news WHERE recorded = 0 AND id > ?1"
				      " ORDER BY id LIMIT 1"
				    : "SELECT id, doc FROM news WHERE due = 1 AND id > ?1"
				      " ORDER BY id LIMIT 1",
			    &st, e);

	r = r < 0 ? r : sql_bind(st, e, "i", after);
	r = r < 0 ? r : sql_step(st, e);
	if (r <= 0)
		return r;
	r = json_parse(sql_text(st, 1), strlen(sql_text(st, 1)), "news", &doc, e);
	if (r < 0)
		return r;
	*ret_number = sqlite3_column_int64(st, 0);
	*ret = TAKE(doc);
	return 1;
}

int watch_done(struct watch *w, enum watch_wait wait, int64_t number, struct err *e)
{
	auto_stmt *set = NULL, *drop = NULL;
	int r = sql_prepare(w->db,
			    wait == WATCH_UNRECORDED ? "UPDATE news SET recorded = 1 WHERE id = ?1"
						     : "UPDATE news SET due = 0 WHERE id = ?1",
			    &set, e);

	r = r < 0 ? r
		  : sql_prepare(w->db,
				"DELETE FROM news WHERE id = ?1 AND recorded = 1 AND due = 0",
				&drop, e);
	r = r < 0 ? r : sql_run(set, e, "i", number);
	return r < 0 ? r : sql_run(drop, e, "i", number);
}

int watch_pending(struct watch *w, uint64_t *ret, struct err *e)
{
	auto_stmt *st = NULL;
	int r = sql_prepare(w->db, "SELECT count(*) FROM news WHERE due = 1", &st, e);

	r = r < 0 ? r : sql_step(st, e);
	if (r > 0)
		*ret = (uint64_t)sqlite3_column_int64(st, 0);
	return r < 0 ? r : 0;
}
