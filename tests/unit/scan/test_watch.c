/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "scan/watch/internal.h"
#include "tap.h"

TAP_MAIN()

TEST(numbers_are_each_once_and_ascend)
{
	static const uint32_t some[] = { 7, 1, 300, 7, 70000, 1 };
	auto_numbers l = { 0 }, back = { 0 };
	auto_buf b = BUF_INIT(1024);

	for (size_t i = 0; i < 6; i++)
		CHECK(numbers_add(&l, some[i], NULL) == 0);
	numbers_sort(&l);
	CHECK(l.n == 4 && l.v[0] == 1 && l.v[3] == 70000);
	CHECK(numbers_write(&l, &b, NULL) == 0);
	CHECK(b.n == 16);
	CHECK(numbers_read((struct str){ b.p, b.n }, &back, NULL) == 0);
	CHECK(back.n == 4 && memcmp(back.v, l.v, 16) == 0);
	CHECK(numbers_read(STR(""), &back, NULL) == 0);
	CHECK(back.n == 0);
	numbers_sort(&back);
}

TEST(lists_that_are_none)
{
	auto_numbers l = { 0 };

	CHECK(numbers_read(STR("\1\0\0"), &l, NULL) == E_FORMAT);
	CHECK(numbers_read(STR("\1\0\0\0\1\0\0\0"), &l, NULL) == E_FORMAT);
	CHECK(numbers_read(STR("\2\0\0\0\1\0\0\0"), &l, NULL) == E_FORMAT);
	CHECK(numbers_read(STR("\377\377\377\77"), &l, NULL) == 0); /* the last below the limit */
	CHECK(numbers_read(STR("\0\0\0\100"), &l, NULL) == E_FORMAT);
}

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define RECORD(schema, digest, added, known, packages)                                             \
	"{\"schema\":\"" schema "\",\"name\":\"web\",\"digest\":\"" digest "\",\"added\":" added   \
	",\"known\":" known ",\"packages\":" packages "}"
#define PACKAGE                                                                                    \
	"{\"ecosystem\":\"Debian:12\",\"name\":\"a\",\"version\":\"1\",\"source\":\"s\","          \
	"\"source_version\":\"1\"}"

static int parse(const char *text)
{
	auto_json *j = NULL;

	return watch_record_parse(text, strlen(text), "record", &j, NULL);
}

TEST(records_are_checked)
{
	CHECK(parse(RECORD(WATCHED_SCHEMA, "sha256:" HEX, "1", "[\"CVE-1\"]", "[" PACKAGE "]")) ==
	      0);
	CHECK(parse(RECORD("other/v1", "sha256:" HEX, "1", "[]", "[]")) == E_FORMAT);
	CHECK(parse(RECORD(WATCHED_SCHEMA, "sha256:0", "1", "[]", "[]")) == E_FORMAT);
	CHECK(parse(RECORD(WATCHED_SCHEMA, "sha256:" HEX, "-1", "[]", "[]")) == E_FORMAT);
	CHECK(parse(RECORD(WATCHED_SCHEMA, "sha256:" HEX, "1", "[1]", "[]")) == E_FORMAT);
	CHECK(parse(RECORD(WATCHED_SCHEMA, "sha256:" HEX, "1", "{}", "[]")) == E_FORMAT);
	CHECK(parse(RECORD(WATCHED_SCHEMA, "sha256:" HEX, "1", "[]", "[{}]")) == E_FORMAT);
	CHECK(parse(RECORD(WATCHED_SCHEMA, "sha256:" HEX, "1", "[]", "[3]")) == E_FORMAT);
	CHECK(parse("[]") == E_FORMAT);
	CHECK(parse("") == E_FORMAT);
}

/* A state folder of its own. */
struct place {
	char path[64];
	struct state state;
};

static void place_open(struct place *p)
{
	(void)snprintf(p->path, sizeof(p->path), "/tmp/plimsoll-watch-XXXXXX");
	CHECK(mkdtemp(p->path) != NULL);
	CHECK(state_open(&p->state, p->path, NULL) == 0);
}

static void place_close(struct place *p)
{
	(void)fs_remove_tree(p->state.fd, "watch", NULL);
	state_close(&p->state);
	(void)rmdir(p->path);
}

/* An image of one package of its own and one that all have. */
static void add(struct watch *w, const char *name, char digit)
{
	auto_report r = { .list = json_pack("{ss s[{ssssssss}{ssssssss}]}", "ecosystem",
					    "Debian:12", "packages", "name", name, "version", "1",
					    "source", name, "source_version", "1", "name", "shared",
					    "version", "1", "source", "shared", "source_version",
					    "1") };
	struct digest d;

	CHECK(digest_parse(STR("sha256:" HEX), &d, NULL) == 0);
	d.s[7] = digit;
	CHECK(watch_add(w, name, &d, &r, 1, NULL) == 0);
}

/* The same, of a digest that begins as that of the digit, but ends otherwise. */
static void add_twin(struct watch *w, const char *name, char digit)
{
	auto_report r = { .list = json_pack("{ss s[]}", "ecosystem", "Debian:12", "packages") };
	struct digest d;

	CHECK(digest_parse(STR("sha256:" HEX), &d, NULL) == 0);
	d.s[7] = digit;
	d.s[strlen(d.s) - 1] = '0';
	CHECK(watch_add(w, name, &d, &r, 1, NULL) == 0);
}

static int64_t count(struct watch *w, const char *sql)
{
	auto_stmt *st = NULL;

	CHECK(sql_prepare(w->db, sql, &st, NULL) == 0);
	CHECK(sql_step(st, NULL) == 1);
	return sqlite3_column_int64(st, 0);
}

TEST(packages_are_kept_once_and_go_with_the_last_image)
{
	auto_strv notes = { 0 };
	auto_release(watch_close) struct watch *w = NULL;
	struct place p;
	size_t n = 0;

	place_open(&p);
	CHECK(watch_open(&w, &p.state, false, &notes, NULL) == E_NOTFOUND);
	CHECK(watch_open(&w, &p.state, true, &notes, NULL) == 0);
	add(w, "one", 'a');
	add(w, "two", 'b');
	add(w, "two", 'b');
	CHECK(count(w, "SELECT count(*) FROM package") == 3);
	CHECK(count(w, "SELECT count(*) FROM image") == 2);
	CHECK(watch_remove(w, "sha256:a12345", &n, NULL) == 0);
	CHECK(n == 1);
	CHECK(count(w, "SELECT count(*) FROM package") == 2);
	CHECK(watch_remove(w, "b1234", &n, NULL) == E_NOTFOUND); /* too short */
	CHECK(notes.n == 0);

	/* The records are what counts: one that came without the index, one that went. */
	add(w, "three", 'c');
	CHECK(sql_exec(w->db, "DELETE FROM image WHERE name = 'three'", NULL) == 0);
	CHECK(unlinkat(w->images,
		       "b"
		       "123456789abcdef0123456789abcdef0123456789abcdef"
		       "0123456789abcdef.json",
		       0) == 0);
	watch_close(w);
	w = NULL;
	CHECK(watch_open(&w, &p.state, false, &notes, NULL) == 0);
	CHECK(count(w, "SELECT count(*) FROM image WHERE name = 'three'") == 1);
	CHECK(count(w, "SELECT count(*) FROM image") == 1);
	CHECK(count(w, "SELECT count(*) FROM package") == 2);
	watch_close(w);
	w = NULL;
	place_close(&p);
}

TEST(a_name_goes_before_a_digest_and_a_prefix_is_of_one)
{
	auto_strv notes = { 0 };
	auto_release(watch_close) struct watch *w = NULL;
	struct place p;
	size_t n = 0;

	place_open(&p);
	CHECK(watch_open(&w, &p.state, true, &notes, NULL) == 0);
	add(w, "one", 'a');
	add_twin(w, "two", 'a');
	add(w, "a12345", 'b');
	CHECK(watch_remove(w, "a12345", &n, NULL) == 0);
	CHECK(n == 1);
	CHECK(count(w, "SELECT count(*) FROM image") == 2);
	CHECK(watch_remove(w, "a12345", &n, NULL) == E_USAGE); /* two begin so */
	CHECK(count(w, "SELECT count(*) FROM image") == 2);
	CHECK(watch_remove(w,
			   "sha256:a"
			   "123456789abcdef0123456789abcdef0123456789abcdef"
			   "0123456789abcdef",
			   &n, NULL) == 0);
	CHECK(watch_remove(w, "a12345", &n, NULL) == 0);
	CHECK(count(w, "SELECT count(*) FROM image") == 0);
	watch_close(w);
	w = NULL;
	place_close(&p);
}

TEST(news_come_in_pages_and_are_forgotten_when_done)
{
	auto_strv notes = { 0 };
	auto_release(watch_close) struct watch *w = NULL;
	auto_json *doc = NULL;
	struct news news;
	struct place p;
	int64_t number = 0;
	char name[801];
	size_t total = 0, pages = 0;

	place_open(&p);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	CHECK(watch_open(&w, &p.state, true, &notes, NULL) == 0);
	CHECK(news_open(&news, w, "sha256:" HEX, "2026-01-01T00:00:00Z", true, NULL) == 0);
	for (int i = 0; i < 120; i++)
		CHECK(news_add(&news, "web", "sha256:" HEX, json_pack("{ss}", "advisory", name),
			       NULL) == 0);
	CHECK(news_end(&news, NULL) == 0);
	news_release(&news);
	while (watch_next(w, WATCH_UNDELIVERED, number, &number, &doc, NULL) == 1) {
		const json_t *image = json_array_get(json_object_get(doc, "images"), 0);

		total += json_array_size(json_object_get(image, "advisories"));
		pages++;
		CHECK(json_integer_value(json_object_get(doc, "page")) == (json_int_t)pages);
		CHECK(json_is_true(json_object_get(doc, "more")) == (total < 120));
		CHECK(watch_done(w, WATCH_UNDELIVERED, number, NULL) == 0);
		json_decref(doc);
		doc = NULL;
	}
	CHECK(total == 120 && pages == 3);
	CHECK(count(w, "SELECT count(*) FROM news") == 3); /* nobody has recorded them */
	for (number = 0; watch_next(w, WATCH_UNRECORDED, number, &number, &doc, NULL) == 1;) {
		CHECK(watch_done(w, WATCH_UNRECORDED, number, NULL) == 0);
		json_decref(doc);
		doc = NULL;
	}
	CHECK(count(w, "SELECT count(*) FROM news") == 0);
	watch_close(w);
	w = NULL;
	place_close(&p);
}
