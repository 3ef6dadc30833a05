/* SPDX-License-Identifier: Apache-2.0 */
/* The cache of what OCSP and CRL servers answered keeps no more than its bounds. */
#include "base/clock.h"
#include "tap.h"
#include "temp_state.h"
#include "trust/revocation.h"

static struct want question(int i)
{
	struct want w = { .ocsp = true };

	(void)snprintf(w.url, sizeof(w.url), "http://ocsp.example/%d", i);
	return w;
}

static void keep(const struct temp *t, int i, size_t n)
{
	const struct want w = question(i);
	auto_buf bytes = BUF_INIT((size_t)LIMIT_CRL);

	while (bytes.n < n)
		buf_putc(&bytes, 'x');
	revocation_cache(&t->state, &w, &bytes);
}

static bool is_kept(const struct temp *t, int i)
{
	const struct want w = question(i);
	auto_buf bytes = BUF_INIT((size_t)LIMIT_CRL);

	return revocation_cached(&t->state, &w, &bytes);
}

/* Makes all that is there older. */
static size_t age(const struct temp *t, int64_t seconds)
{
	auto_close int dir =
		fs_open(t->state.fd, "cache/revocation", O_RDONLY | O_DIRECTORY, 0, NULL);
	auto_closedir DIR *d = fdopendir(dup(dir));
	const struct timespec at = { .tv_sec = clock_now() - seconds };
	size_t n = 0;

	for (const struct dirent *ent; (ent = readdir(d));) {
		if (ent->d_name[0] == '.')
			continue;
		CHECK(utimensat(dir, ent->d_name, (const struct timespec[]){ at, at }, 0) == 0);
		n++;
	}
	return n;
}

TEST(old_answers_go)
{
	auto_temp t;

	temp_open(&t);
	keep(&t, 1, 10);
	keep(&t, 2, 10);
	CHECK(is_kept(&t, 1) && is_kept(&t, 2) && !is_kept(&t, 3));
	CHECK(age(&t, CRL_KEPT + 60) == 2);
	CHECK(!is_kept(&t, 1));
	keep(&t, 3, 10);
	CHECK(is_kept(&t, 3) && age(&t, 0) == 1);
}

TEST(so_many_files_and_bytes)
{
	auto_temp t;

	temp_open(&t);
	for (int i = 0; i < LIMIT_ANSWERS_KEPT; i++)
		keep(&t, i, 1);
	CHECK(age(&t, 10) == LIMIT_ANSWERS_KEPT);
	keep(&t, LIMIT_ANSWERS_KEPT, 1);
	CHECK(is_kept(&t, LIMIT_ANSWERS_KEPT) && age(&t, 10) == LIMIT_ANSWERS_KEPT);
	for (int i = 1000; i < 1000 + LIMIT_ANSWERS_BYTES / LIMIT_CRL; i++)
		keep(&t, i, LIMIT_CRL);
	/* What is newest: all of those, and nothing more. */
	CHECK(age(&t, 10) == LIMIT_ANSWERS_BYTES / LIMIT_CRL);
	CHECK(is_kept(&t, 1000));
}

/* What somebody left who was killed while writing. */
TEST(remains)
{
	auto_temp t;
	struct err e = ERR_INIT;

	temp_open(&t);
	keep(&t, 1, 1);
	CHECK(fs_write_file(t.state.fd, "cache/revocation/rest", "x", 1, 0600, &e) == 0);
	keep(&t, 2, 1);
	CHECK(fs_exists(t.state.fd, "cache/revocation/rest"));
	CHECK(age(&t, CRL_KEPT + 60) == 3);
	keep(&t, 3, 1);
	CHECK(!fs_exists(t.state.fd, "cache/revocation/rest"));
}

TAP_MAIN()
