/* SPDX-License-Identifier: Apache-2.0 */
#include "build/cache.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

int keyer_new(struct keyer *k, const char *kind, const struct digest *parent, struct err *e)
{
	int r = sha256_new(&k->h, e);

	if (r < 0)
		return r;
	keyer_put(k, "plimsoll build 1");
	keyer_put(k, kind);
	keyer_put(k, parent->s);
	return 0;
}

void keyer_put(struct keyer *k, const char *s)
{
	uint64_t n = strlen(s);

	sha256_update(k->h, &n, sizeof(n));
	sha256_update(k->h, s, n);
}

void keyer_put_list(struct keyer *k, const char *const *list, size_t n)
{
	uint64_t count = n;

	sha256_update(k->h, &count, sizeof(count));
	for (size_t i = 0; i < n; i++)
		keyer_put(k, list[i]);
}

void keyer_end(struct keyer *k, struct digest *ret)
{
	unsigned char raw[SHA256_LEN];

	sha256_final(k->h, raw);
	digest_from_raw(raw, ret);
}

void keyer_free(struct keyer *k)
{
	sha256_free(k->h);
	k->h = NULL;
}

static void cache_name(const struct digest *key, char ret[static 128])
{
	(void)snprintf(ret, 128, "cache/build/%s.json", digest_hex(key));
}

int cached_read(const json_t *j, struct cached *ret, struct err *e)
{
	const char *diff_id;
	uint64_t epoch;
	json_t *layer;
	int r = json_get_u64(j, "epoch", &epoch, "cache", e);

	if (r < 0)
		return r;
	if (epoch > LIMIT_EPOCH)
		return FAIL(e, E_FORMAT, "cache: epoch %llu is beyond the year 9999",
			    (unsigned long long)epoch);
	ret->epoch = (int64_t)epoch;
	if (json_object_get(j, "fetched"))
		r = desc_parse(json_object_get(j, "fetched"), "cache", &ret->fetched, e);
	if (r < 0)
		return r;
	ret->empty = json_is_true(json_object_get(j, "empty"));
	if (ret->empty)
		return 0;
	r = json_get_object(j, "layer", &layer, "cache", e);
	if (r == 0)
		r = desc_parse(layer, "cache", &ret->layer, e);
	if (r == 0)
		r = json_get_string(j, "diff_id", &diff_id, "cache", e);
	return r < 0 ? r : digest_parse(str_of(diff_id), &ret->diff_id, e);
}

bool cache_get(const struct state *state, const struct store *s, const struct digest *key,
	       struct cached *ret)
{
	auto_buf b = BUF_INIT(65536);
	auto_json *j = NULL;
	struct cached c = { 0 };
	char name[128];

	cache_name(key, name);
	/* A broken entry is as good as none: the step is done again. */
	if (fs_read(state->fd, name, 65536, &b, NULL) < 0 ||
	    json_parse(buf_str(&b), b.n, "cache", &j, NULL) < 0 || cached_read(j, &c, NULL) < 0)
		return false;
	if (!c.empty && !store_has(s, &c.layer.digest, c.layer.size))
		return false;
	(void)utimensat(state->fd, name, NULL, AT_SYMLINK_NOFOLLOW);
	*ret = c;
	return true;
}

int cached_write(json_t *j, const struct cached *c, struct err *e)
{
	int r = json_put_u64(j, "epoch", c->epoch < 0 ? 0 : (uint64_t)c->epoch, e);

	if (r == 0 && c->fetched.digest.s[0])
		r = json_put(j, "fetched", desc_json(&c->fetched), e);
	if (r == 0 && c->empty)
		r = json_put(j, "empty", json_true(), e);
	if (r == 0 && !c->empty)
		r = json_put(j, "layer", desc_json(&c->layer), e);
	if (r == 0 && !c->empty)
		r = json_put_string(j, "diff_id", c->diff_id.s, e);
	return r;
}

int cache_put(const struct state *state, const struct digest *key, const struct cached *c,
	      struct err *e)
{
	auto_json *j = json_object();
	auto_buf b = BUF_INIT(65536);
	char name[128];
	int r = j ? cached_write(j, c, e) : FAIL_NOMEM(e);

	if (r == 0)
		r = json_canonical(j, &b, e);
	if (r == 0)
		r = fs_mkdir_p(state->fd, "cache/build", 0700, e);
	cache_name(key, name);
	return r < 0 ? r : fs_write_cache(state->fd, name, buf_str(&b), b.n, 0600, e);
}

static void memo_name(const struct digest *key, char ret[static 128])
{
	(void)snprintf(ret, 128, "cache/content/%s", digest_hex(key));
}

bool memo_get(const struct state *state, const struct digest *key, char ret[static LIMIT_MEMO])
{
	auto_buf b = BUF_INIT(LIMIT_MEMO);
	char name[128];

	memo_name(key, name);
	if (fs_read(state->fd, name, LIMIT_MEMO - 1, &b, NULL) < 0 || b.n >= LIMIT_MEMO)
		return false;
	memcpy(ret, buf_str(&b), b.n);
	ret[b.n] = '\0';
	return true;
}

void memo_put(const struct state *state, const struct digest *key, const char *answer)
{
	char name[128];

	memo_name(key, name);
	if (fs_mkdir_p(state->fd, "cache/content", 0700, NULL) == 0)
		(void)fs_write_cache(state->fd, name, answer, strlen(answer), 0600, NULL);
}
