/* SPDX-License-Identifier: Apache-2.0 */
#include "traffic/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/sorted.h"

struct record_entry {
	char *key;    /* what makes two the same */
	json_t *json; /* all but the bytes */
	bool http;
	uint64_t sent, received;
};

/* All that must be equal, in the order to sort by. */
static int make_key(const struct item *i, struct buf *ret, struct err *e)
{
	buf_printf(ret, "%s\n%s\n%s\n", i->uri, i->address, i->resolved ?: "");
	if (i->http)
		buf_printf(ret, "%s\n%s\n%03u\n%d\n%s\n%llu", i->method, i->encoding, i->status,
			   i->incomplete, i->digest ? i->digest->s : "",
			   (unsigned long long)i->size);
	return buf_check(ret, "record", e);
}

static int put_http(json_t *j, const struct item *i, struct err *e)
{
	int r = 0;

	if (i->method[0] && strcmp(i->method, "GET") != 0)
		r = json_put_string(j, "method", i->method, e);
	if (r == 0 && i->encoding[0])
		r = json_put_string(j, "encoding", i->encoding, e);
	if (r == 0 && i->status)
		r = json_put_u64(j, "status", i->status, e);
	if (r == 0 && i->incomplete)
		r = json_put(j, "incomplete", json_true(), e);
	if (r == 0 && i->cut)
		r = json_put(j, "cut", json_true(), e);
	if (r == 0 && i->digest)
		r = json_put_string(j, "digest", i->digest->s, e);
	return r < 0 ? r : json_put_u64(j, "size", i->size, e);
}

static int make_json(const struct item *i, json_t **ret, struct err *e)
{
	auto_json *j = json_object();
	int r = j ? json_put_string(j, "uri", i->uri, e) : FAIL_NOMEM(e);

	if (r == 0)
		r = json_put_string(j, "address", i->address, e);
	if (r == 0)
		r = json_put_string(j, "resolved", i->resolved, e);
	if (r == 0 && i->http)
		r = put_http(j, i, e);
	else if (r == 0 && i->incomplete)
		r = json_put(j, "incomplete", json_true(), e);
	if (r == 0)
		*ret = TAKE(j);
	return r;
}

static int compare_key(const void *entry, const void *key)
{
	return strcmp(((const struct record_entry *)entry)->key, key);
}

static int insert(struct record *r, size_t at, struct buf *key, const struct item *item,
		  struct err *e)
{
	json_t *j;
	size_t text = key->n;
	int k;

	if (r->n == LIMIT_RECORD_ITEMS || text > LIMIT_RECORD_TEXT - r->text) {
		r->more++;
		return 0;
	}
	if (r->n == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 16;
		struct record_entry *v = reallocarray(r->v, cap, sizeof(*v));

		if (!v)
			return FAIL_NOMEM(e);
		r->v = v;
		r->cap = cap;
	}
	k = make_json(item, &j, e);
	if (k < 0)
		return k;
	memmove(r->v + at + 1, r->v + at, (r->n - at) * sizeof(*r->v));
	r->v[at] = (struct record_entry){ .key = buf_take(key), .json = j, .http = item->http };
	r->text += text;
	r->n++;
	return 0;
}

int record_add(struct record *r, const struct item *item, struct err *e)
{
	auto_buf key = BUF_INIT(64 * 1024);
	bool there;
	size_t at, n = r->n;
	int k = make_key(item, &key, e);

	if (k < 0)
		return k;
	at = sorted_find(r->v, r->n, sizeof(*r->v), buf_str(&key), compare_key, &there);
	if (!there)
		k = insert(r, at, &key, item, e);
	if (k < 0 || (!there && r->n == n))
		return k;
	r->v[at].sent += item->sent;
	r->v[at].received += item->received;
	return 0;
}

static int write_entry(const struct record_entry *v, json_t *list, struct err *e)
{
	json_t *j = json_copy(v->json);
	int r = json_push(list, j, e);

	if (r == 0 && !v->http)
		r = json_put_u64(j, "sent", v->sent, e);
	if (r == 0 && !v->http)
		r = json_put_u64(j, "received", v->received, e);
	return r;
}

int record_write(const struct record *r, struct buf *ret, struct err *e)
{
	auto_json *j = json_pack("{s:[]}", "fetched");
	int k = j ? 0 : FAIL_NOMEM(e);

	for (size_t i = 0; k == 0 && i < r->n; i++)
		k = write_entry(&r->v[i], json_object_get(j, "fetched"), e);
	if (k == 0 && r->more)
		k = json_put_u64(j, "more", r->more, e);
	return k < 0 ? k : json_canonical(j, ret, e);
}

void record_free(struct record *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->v[i].key);
		json_decref(r->v[i].json);
	}
	free(r->v);
	*r = (struct record){ .n = 0 };
}
