/* SPDX-License-Identifier: Apache-2.0 */
/* What bench/advisories measures inside of a process: look-ups, without a start-up.
 *
 *     advisories_inside STATE ECOSYSTEM N     N packages, all rows of each
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "scan/advisory/db_internal.h"
#include "scan/scan.h"

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

int main(int argc, char **argv)
{
	struct state s;
	struct err e = ERR_INIT;

	if (argc != 4 || state_open(&s, argv[1], &e) < 0)
		return 2;
	lookups(&s, argv[2], (size_t)atoi(argv[3]));
	state_close(&s);
	return 0;
}
