/* SPDX-License-Identifier: Apache-2.0 */
/* What bench/advisories measures inside of a process: look-ups and re-matching, without a start-up.
 *
 *     advisories_inside lookups STATE ECOSYSTEM N          N packages, all rows of each
 *     advisories_inside watch STATE ECOSYSTEM IMAGES N     images of N packages, matched after a
 * change
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "scan/advisory/db_internal.h"
#include "scan/scan.h"
#include "scan/watch.h"

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static _Noreturn void die(const struct err *e)
{
	(void)fprintf(stderr, "advisories: %s\n", e->msg);
	exit(1);
}

/* Packages of the ecosystem's family, spread over all that there are. */
static void pick(const struct state *s, const char *ecosystem, size_t n, struct strv *ret)
{
	auto_release(advisory_db_close) struct advisory_db *db = NULL;
	struct strv all = { 0 };
	auto_buf prefix = BUF_INIT(4096);
	auto_walk w = { 0 };
	struct err e = ERR_INIT;
	int r = advisory_db_open(&db, s, &e);

	db_package_key(ecosystem, "", &prefix);
	r = r < 0 ? r : walk_open(&w, db, KIND_PACKAGES, &e);
	while (r >= 0 && (r = walk_next(&w, &e)) > 0)
		if (starts_with(w.key, buf_str(&prefix)))
			r = strv_add(&all, w.key + prefix.n, &e);
	for (size_t i = 0; i < n && r >= 0 && all.n; i++)
		r = strv_add(ret, all.v[i * all.n / n], &e);
	strv_free(&all);
	if (r < 0 || !ret->n)
		die(&e);
}

static int count(void *arg, const struct advisory_row *row, struct err *e)
{
	(void)row, (void)e;
	++*(size_t *)arg;
	return 0;
}

/* One in ten is asked for, as when one in ten is affected. */
static enum advisory_want some(void *arg, const struct advisory_row *row)
{
	static unsigned n;

	(void)arg, (void)row;
	return n++ % (unsigned)(getenv("ONE_IN") ? atoi(getenv("ONE_IN")) : 10) ? ADVISORY_NOTHING
										: ADVISORY_ALL;
}

static void lookups(const struct state *s, const char *ecosystem, size_t n)
{
	auto_release(advisory_db_close) struct advisory_db *db = NULL;
	auto_strv names = { 0 };
	struct err e = ERR_INIT;
	size_t rows = 0;
	double begun, opened;

	pick(s, ecosystem, n, &names);
	begun = now();
	if (advisory_db_open(&db, s, &e) < 0)
		die(&e);
	opened = now();
	for (size_t i = 0; i < names.n; i++)
		if (advisory_db_rows(db, ecosystem, names.v[i], some, count, &rows, &e) < 0)
			die(&e);
	printf("%zu look-ups: open %.2f ms, then %.2f ms, %zu rows taken\n", names.n,
	       opened - begun, now() - opened, rows);
}

/* An image's list: n packages, whose versions differ from image to image in one of ten. */
static json_t *list_of(const char *ecosystem, const struct strv *names, size_t image)
{
	json_t *packages = json_array();

	for (size_t i = 0; i < names->n; i++) {
		char version[32];

		(void)snprintf(version, sizeof(version), "0.0.%zu",
			       i % 10 == image % 10 ? image / 10 % 10 : 0);
		(void)json_array_append_new(
			packages, json_pack("{ss ss ss ss ss ss}", "name", names->v[i], "version",
					    version, "arch", "amd64", "source", names->v[i],
					    "source_version", version, "catalog", "dpkg"));
	}
	return json_pack("{ss ss so}", "schema", SCAN_LIST_SCHEMA, "ecosystem", ecosystem,
			 "packages", packages);
}

static void fill(const struct state *s, const char *ecosystem, const struct strv *names,
		 size_t images)
{
	auto_release(watch_close) struct watch *w = NULL;
	struct err e = ERR_INIT;

	if (watch_open(&w, s, true, &e) < 0)
		die(&e);
	for (size_t i = 0; i < images; i++) {
		auto_json *list = list_of(ecosystem, names, i);
		char name[64];
		uint64_t told;

		(void)snprintf(name, sizeof(name), "image-%zu", i);
		if (watch_add(w, name, "sha256:0", list, 0, &told, &e) < 0)
			die(&e);
	}
	if (watch_commit(w, &e) < 0)
		die(&e);
}

static size_t rematch(const struct state *s, double *ret_ms)
{
	auto_release(watch_close) struct watch *w = NULL;
	auto_json *news = NULL;
	struct err e = ERR_INIT;
	double begun = now();

	if (watch_open(&w, s, false, &e) < 0 || watch_match(w, &news, &e) < 0 ||
	    watch_commit(w, &e) < 0)
		die(&e);
	*ret_ms = now() - begun;
	return json_array_size(news);
}

static void watching(const struct state *s, const char *ecosystem, size_t images, size_t n)
{
	auto_strv names = { 0 };
	double first, again;
	size_t told;

	pick(s, ecosystem, n, &names);
	(void)unlinkat(s->fd, WATCH_DB, 0);
	/* Without advisories while they are added: then all that is known now is news. */
	(void)renameat(s->fd, ADVISORY_DB, s->fd, "bench.db");
	fill(s, ecosystem, &names, images);
	(void)renameat(s->fd, "bench.db", s->fd, ADVISORY_DB);
	told = rematch(s, &first);
	(void)rematch(s, &again);
	printf("%zu images of %zu packages: %.0f ms when all of it is news (for %zu images), then "
	       "%.0f ms\n",
	       images, names.n, first, told, again);
}

int main(int argc, char **argv)
{
	struct state s;
	struct err e = ERR_INIT;

	if (argc < 5 || state_open(&s, argv[2], &e) < 0)
		return 2;
	if (strcmp(argv[1], "lookups") == 0)
		lookups(&s, argv[3], (size_t)atoi(argv[4]));
	else if (argc > 5)
		watching(&s, argv[3], (size_t)atoi(argv[4]), (size_t)atoi(argv[5]));
	state_close(&s);
	return 0;
}
