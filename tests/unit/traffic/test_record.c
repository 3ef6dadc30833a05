/* SPDX-License-Identifier: Apache-2.0 */
#include "traffic/record.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "tap.h"

TAP_MAIN()

static const struct item tcp = {
	.uri = "tcp://h:1", .address = "10.0.0.1:1", .sent = 1, .received = 2
};

TEST(sorted_each_once_bytes_added)
{
	struct record r = { .n = 0 };
	struct digest d;
	struct item http = { .uri = "http://h/",
			     .address = "10.0.0.1:80",
			     .http = true,
			     .method = "GET",
			     .encoding = "",
			     .status = 200,
			     .digest = &d,
			     .size = 2 };
	auto_buf out = BUF_INIT(LIMIT_RECORD_JSON);
	auto_json *j = NULL;
	struct err e = ERR_INIT;

	digest_of("ok", 2, &d);
	CHECK(record_add(&r, &tcp, &e) == 0);
	CHECK(record_add(&r, &http, &e) == 0);
	CHECK(record_add(&r, &http, &e) == 0);
	CHECK(record_add(&r, &tcp, &e) == 0);
	http.method = "POST";
	http.digest = NULL;
	http.incomplete = http.cut = true;
	http.resolved = "other";
	http.encoding = "br";
	CHECK(record_add(&r, &http, &e) == 0);
	CHECK(record_write(&r, &out, &e) == 0);
	CHECK_STR(
		buf_str(&out),
		"{\"fetched\":[{\"address\":\"10.0.0.1:80\",\"digest\":"
		"\"sha256:2689367b205c16ce32ed4200942b8b8b1e262dfc70d9bc9fbc77c49699a4f1df\","
		"\"size\":2,\"status\":200,\"uri\":\"http://h/\"},"
		"{\"address\":\"10.0.0.1:80\",\"cut\":true,\"encoding\":\"br\",\"incomplete\":true,"
		"\"method\":\"POST\",\"resolved\":\"other\",\"size\":2,\"status\":200,\"uri\":"
		"\"http://h/\"},"
		"{\"address\":\"10.0.0.1:1\",\"received\":4,\"sent\":2,\"uri\":\"tcp://h:1\"}]}");
	CHECK(record_parse(buf_str(&out), out.n, &j, &e) == 0);
	record_free(&r);
}

TEST(what_does_not_fit_is_counted)
{
	struct record r = { .n = 0 };
	struct item item = tcp;
	char uri[64];
	auto_buf out = BUF_INIT(LIMIT_RECORD_JSON);
	struct err e = ERR_INIT;

	item.uri = uri;
	for (int i = 0; i < LIMIT_RECORD_ITEMS + 2; i++) {
		(void)snprintf(uri, sizeof(uri), "tcp://h:%d", i);
		CHECK(record_add(&r, &item, &e) == 0);
	}
	CHECK(r.n == LIMIT_RECORD_ITEMS && r.more == 2);
	(void)snprintf(uri, sizeof(uri), "tcp://h:%d", 7);
	CHECK(record_add(&r, &item, &e) == 0 && r.more == 2);
	CHECK(record_write(&r, &out, &e) == 0 && strstr(buf_str(&out), "\"more\":2"));
	record_free(&r);
}

TEST(long_texts_are_counted_together)
{
	struct record r = { .n = 0 };
	struct item item = tcp;
	char *uri = calloc(1, 8192);
	struct err e = ERR_INIT;
	int i = 0;

	item.uri = uri;
	memset(uri, 'a', 8000);
	for (; r.more == 0; i++) {
		uri[i] = 'b';
		CHECK(record_add(&r, &item, &e) == 0);
		CHECK(r.text <= LIMIT_RECORD_TEXT);
	}
	CHECK(i > LIMIT_RECORD_TEXT / 8200 && i <= LIMIT_RECORD_TEXT / 8000 + 1);
	record_free(&r);
	free(uri);
}

static int parse(const char *text)
{
	auto_json *j = NULL;
	struct err e = ERR_INIT;
	int r = record_parse(text, strlen(text), &j, &e);

	CHECK((r < 0) == (e.msg[0] != '\0'));
	return r;
}

#define ENTRY(more) "{\"fetched\":[{\"uri\":\"x\",\"address\":\"y\"" more "}]}"

TEST(a_record_of_somebody_who_is_not_trusted)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		"{\"fetched\":{}}",
		"{\"fetched\":[],\"else\":1}",
		"{\"fetched\":[],\"more\":-1}",
		"{\"fetched\":[],\"more\":\"1\"}",
		"{\"fetched\":[1]}",
		"{\"fetched\":[{\"uri\":\"x\"}]}",
		ENTRY(",\"uri2\":1"),
		ENTRY(",\"status\":\"200\""),
		ENTRY(",\"size\":-1"),
		ENTRY(",\"digest\":\"sha256:12\""),
		ENTRY(",\"method\":\"a\\u001bb\""),
		ENTRY(",\"resolved\":\"caf\xc3\xa9\""),
		ENTRY(",\"incomplete\":false"),
		ENTRY(",\"sent\":1.5"),
	};
	auto_buf many = BUF_INIT(LIMIT_RECORD_JSON * 2);

	CHECK(parse(ENTRY("")) == 0);
	CHECK(parse("{\"fetched\":[],\"more\":3}") == 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(parse(bad[i]) == E_FORMAT);
	for (int over = 0; over < 2; over++) {
		buf_reset(&many);
		buf_puts(&many, "{\"fetched\":[");
		for (int i = 0; i < LIMIT_RECORD_ITEMS + over; i++)
			buf_printf(&many, "%s{\"uri\":\"x\",\"address\":\"y\"}", i ? "," : "");
		buf_puts(&many, "]}");
		CHECK(parse(buf_str(&many)) == (over ? E_FORMAT : 0));
	}
	buf_reset(&many);
	buf_puts(&many, ENTRY(""));
	while (many.n < LIMIT_RECORD_JSON)
		buf_putc(&many, ' ');
	CHECK(parse(buf_str(&many)) == 0);
	buf_putc(&many, ' ');
	CHECK(parse(buf_str(&many)) == E_FORMAT);
}

static const char *masked(const char *uri, bool cut, const struct str *masks, size_t n)
{
	static char ret[LIMIT_RECORD_URI + 2];
	auto_json *j = json_pack("{s:[{s:s, s:s}]}", "fetched", "uri", uri, "address", "y");
	json_t *entry = json_array_get(json_object_get(j, "fetched"), 0);
	struct err e = ERR_INIT;

	if (cut)
		(void)json_object_set_new(entry, "cut", json_true());
	CHECK(record_mask(j, masks, n, &e) == 0);
	(void)snprintf(ret, sizeof(ret), "%s", json_string_or_null(entry, "uri"));
	return ret;
}

TEST(secrets_in_every_spelling)
{
	const struct str m[] = { STR("hunter2"), STR("pass word/1"), STR("hunter22") };
	char *big = calloc(1, LIMIT_RECORD_URI + 100);

	CHECK_STR(masked("http://h/hunter2?q=hunter3", false, m, 3), "http://h/***?q=hunter3");
	CHECK_STR(masked("http://h/hunter22", false, m, 3), "http://h/***");
	CHECK_STR(masked("http://HUNTER2.example/%68unter%32x", false, m, 3),
		  "http://***.example/***x");
	CHECK_STR(masked("http://h/?p=pass+word/1&p=pass%20word%2F1%", false, m, 3),
		  "http://h/?p=***&p=***%");
	CHECK_STR(masked("http://h/hunte", false, m, 3), "http://h/hunte");
	CHECK_STR(masked("http://h/hunte", true, m, 3), "http://h/***");
	CHECK_STR(masked("", true, m, 3), "");
	memset(big, 'a', LIMIT_RECORD_URI + 1);
	CHECK(strlen(masked(big, false, m, 3)) == LIMIT_RECORD_URI);
	big[LIMIT_RECORD_URI] = '\0';
	CHECK(strlen(masked(big, false, m, 3)) == LIMIT_RECORD_URI);
	/* One that stands over the place where it is cut off. */
	memcpy(big + LIMIT_RECORD_URI - 3, "hunter2", 8);
	CHECK(!strstr(masked(big, false, m, 3), "hun"));
	free(big);
}
