/* SPDX-License-Identifier: Apache-2.0 */
/* The list of a build cache that another host gives: hostile input. */
#include "build/cache_list.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "tap.h"
#include "traffic/record.h"

TAP_MAIN()

#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static const struct desc layers[] = {
	{ .media_type = MT_OCI_LAYER_GZIP, .digest = { A }, .size = 10 },
	{ .media_type = MT_OCI_EMPTY, .digest = { B }, .size = 2 },
};

static int parse(const char *text, struct cache_list *l)
{
	struct err e = ERR_INIT;
	int r = cache_list_parse(text, strlen(text), layers, 2, l, &e);

	CHECK((r < 0) == (e.msg[0] != '\0'));
	return r;
}

static int refused(const char *text)
{
	auto_cache_list l = { 0 };

	return parse(text, &l) == E_FORMAT;
}

TEST(takes_what_it_writes)
{
	static const char text[] =
		"{\"entries\":[{\"diffId\":\"" B "\",\"epoch\":7,\"key\":\"" A "\",\"layer\":0},"
		"{\"empty\":true,\"epoch\":0,\"key\":\"" B "\"}]}";
	auto_cache_list l = { 0 };
	auto_buf out = BUF_INIT(4096);
	const struct cached *c;

	CHECK(parse(text, &l) == 0);
	CHECK(l.n == 2);
	c = cache_list_find(&l, &(struct digest){ A });
	CHECK(c && !c->empty && c->epoch == 7 && digest_eq(&c->layer.digest, &layers[0].digest));
	c = cache_list_find(&l, &(struct digest){ B });
	CHECK(c && c->empty);
	CHECK(cache_list_write(&l, layers, 2, &out, NULL) == 0);
	CHECK_STR(buf_str(&out), text);
	/* A layer that the manifest does not name takes its entry with it. */
	buf_reset(&out);
	CHECK(cache_list_write(&l, layers + 1, 1, &out, NULL) == 0);
	CHECK_STR(buf_str(&out), "{\"entries\":[{\"empty\":true,\"epoch\":0,\"key\":\"" B "\"}]}");
}

TEST(refuses_what_is_not_a_list)
{
	CHECK(refused(""));
	CHECK(refused("[]"));
	CHECK(refused("{}"));
	CHECK(refused("{\"entries\":{}}"));
	CHECK(refused("{\"entries\":[],\"more\":1}"));
	CHECK(refused("{\"entries\":[1]}"));
	CHECK(refused("{\"entries\":[{}]}"));
}

TEST(refuses_entries)
{
#define ENTRY(members) "{\"entries\":[{" members "}]}"
#define KEY "\"key\":\"" A "\""
	/* the same that is taken, with one thing wrong */
	CHECK(!refused(ENTRY(KEY ",\"epoch\":1,\"layer\":0,\"diffId\":\"" B "\"")));
	CHECK(refused(ENTRY(KEY ",\"epoch\":1,\"layer\":1,\"diffId\":\"" B "\""))); /* no layer */
	CHECK(refused(ENTRY(KEY ",\"epoch\":1,\"layer\":2,\"diffId\":\"" B "\"")));
	CHECK(refused(ENTRY(KEY ",\"epoch\":1,\"layer\":-1,\"diffId\":\"" B "\"")));
	CHECK(refused(ENTRY(KEY ",\"epoch\":1,\"layer\":0,\"diffId\":\"sha256:b\"")));
	CHECK(refused(ENTRY(KEY ",\"epoch\":1,\"layer\":0")));
	CHECK(refused(ENTRY(KEY ",\"epoch\":-1,\"empty\":true")));
	CHECK(refused(ENTRY(KEY ",\"epoch\":253402300800,\"empty\":true")));
	CHECK(!refused(ENTRY(KEY ",\"epoch\":253402300799,\"empty\":true")));
	CHECK(refused(ENTRY(KEY ",\"epoch\":1,\"empty\":false")));
	CHECK(refused(ENTRY(KEY ",\"epoch\":1,\"empty\":true,\"layer\":0,\"diffId\":\"" B "\"")));
	CHECK(refused(ENTRY("\"key\":\"../" A "\",\"epoch\":1,\"empty\":true")));
	CHECK(refused("{\"entries\":[{" KEY ",\"epoch\":1,\"empty\":true},{" KEY
		      ",\"epoch\":2,\"empty\":true}]}"));
}

/* A list of so many entries; owned. */
static char *many(size_t n)
{
	struct buf b = BUF_INIT((size_t)64 * LIMIT_CACHE_LIST);

	buf_puts(&b, "{\"entries\":[");
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s{\"key\":\"sha256:%064zx\",\"epoch\":1,\"empty\":true}",
			   i ? "," : "", i);
	buf_puts(&b, "]}");
	return buf_take(&b);
}

TEST(limit_of_entries)
{
	auto_free char *fits = many(LIMIT_CACHE_ENTRIES), *over = many(LIMIT_CACHE_ENTRIES + 1);
	auto_cache_list l = { 0 };

	CHECK(fits && parse(fits, &l) == 0);
	CHECK(l.n == LIMIT_CACHE_ENTRIES);
	CHECK(over && refused(over));
}

TEST(limit_of_bytes)
{
	auto_free char *text = malloc(LIMIT_CACHE_LIST + 2);
	auto_cache_list l = { 0 };

	if (!text)
		return;
	memset(text, ' ', LIMIT_CACHE_LIST + 1);
	memcpy(text, "{\"entries\":[]}", 14);
	CHECK(cache_list_parse(text, LIMIT_CACHE_LIST, layers, 2, &l, NULL) == 0);
	CHECK(cache_list_parse(text, LIMIT_CACHE_LIST + 1, layers, 2, &l, NULL) == E_FORMAT);
}

TEST(adding_replaces)
{
	auto_cache_list l = { 0 };
	struct cached c = { .empty = true, .epoch = 1 };

	CHECK(cache_list_add(&l, &(struct digest){ B }, &c, NULL) == 0);
	CHECK(cache_list_add(&l, &(struct digest){ A }, &c, NULL) == 0);
	c.epoch = 2;
	CHECK(cache_list_add(&l, &(struct digest){ B }, &c, NULL) == 0);
	CHECK(l.n == 2);
	CHECK_STR(l.v[0].key.s, A);
	CHECK(cache_list_find(&l, &(struct digest){ B })->epoch == 2);
}

TEST(the_record_of_what_a_step_fetched)
{
	static const struct desc with[] = {
		{ .media_type = MT_OCI_LAYER_GZIP, .digest = { A }, .size = 10 },
		{ .media_type = TRAFFIC_TYPE, .digest = { B }, .size = LIMIT_RECORD_JSON },
		{ .media_type = TRAFFIC_TYPE, .digest = { C }, .size = LIMIT_RECORD_JSON + 1 },
	};
	static const char text[] = "{\"entries\":[{\"diffId\":\"" B
				   "\",\"epoch\":7,\"fetched\":1,\"key\":\"" A "\",\"layer\":0},"
				   "{\"empty\":true,\"epoch\":0,\"fetched\":1,\"key\":\"" B "\"}]}";
	static const char *const bad[] = { "0", "2", "3", "-1", "\"1\"", "null" };
	auto_cache_list l = { 0 };
	auto_buf out = BUF_INIT(4096);
	const struct cached *c;

	CHECK(cache_list_parse(text, strlen(text), with, 3, &l, NULL) == 0);
	c = cache_list_find(&l, &(struct digest){ A });
	CHECK(c && digest_eq(&c->fetched.digest, &with[1].digest));
	CHECK(cache_list_write(&l, with, 3, &out, NULL) == 0);
	CHECK_STR(buf_str(&out), text);
	/* Where the record is not given along, its step is, without it. */
	buf_reset(&out);
	CHECK(cache_list_write(&l, with, 1, &out, NULL) == 0);
	CHECK(strstr(buf_str(&out), "layer") && !strstr(buf_str(&out), "fetched"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		auto_cache_list none = { 0 };
		char one[256];

		(void)snprintf(
			one, sizeof(one),
			"{\"entries\":[{\"empty\":true,\"epoch\":0,\"fetched\":%s,\"key\":\"" B
			"\"}]}",
			bad[i]);
		CHECK(cache_list_parse(one, strlen(one), with, 3, &none, NULL) == E_FORMAT);
	}
}
