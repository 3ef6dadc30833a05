/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "build/file_memo.h"
#include "tap.h"

TAP_MAIN()

struct place {
	char path[64];
	struct state state;
	struct stat folder;
};

static void make(struct place *p)
{
	(void)snprintf(p->path, sizeof(p->path), "/tmp/memo.XXXXXX");
	CHECK(mkdtemp(p->path) && state_open(&p->state, p->path, NULL) == 0);
	CHECK(fstat(p->state.fd, &p->folder) == 0);
}

static void drop(struct place *p)
{
	(void)fs_remove_tree(AT_FDCWD, p->path + 1, NULL);
	(void)fs_remove_tree(p->state.fd, "cache", NULL);
	state_close(&p->state);
	(void)rmdir(p->path);
}
#define auto_place __attribute__((cleanup(drop))) struct place

static struct stat file(uint64_t ino)
{
	return (struct stat){ .st_dev = 1,
			      .st_ino = ino,
			      .st_size = 5,
			      .st_mtim = { 100, 7 },
			      .st_ctim = { 200, 8 } };
}

static const unsigned char sum[SHA256_LEN] = { 1, 2, 3 };
static const int64_t later = INT64_C(300000000000);

TEST(what_was_saved_is_known_to_the_next_build)
{
	auto_place p;
	auto_file_memo a, b;
	unsigned char got[SHA256_LEN] = { 0 };

	make(&p);
	file_memo_open(&a, &p.state, &p.folder);
	for (uint64_t i = 100; i > 0; i--) {
		struct stat st = file(i);

		file_memo_add(&a, &st, later, sum);
	}
	CHECK(file_memo_save(&a, NULL) == 0);
	file_memo_open(&b, &p.state, &p.folder);
	for (uint64_t i = 1; i <= 100; i++) {
		struct stat st = file(i);

		CHECK(file_memo_get(&b, &st, got) && memcmp(got, sum, SHA256_LEN) == 0);
	}
}

TEST(any_change_makes_it_unknown)
{
	auto_place p;
	auto_file_memo m;
	unsigned char got[SHA256_LEN];
	struct stat st = file(1), other;

	make(&p);
	file_memo_open(&m, &p.state, &p.folder);
	file_memo_add(&m, &st, later, sum);
	CHECK(file_memo_save(&m, NULL) == 0);
	CHECK(file_memo_get(&m, &st, got));
	other = st, other.st_ino++;
	CHECK(!file_memo_get(&m, &other, got));
	other = st, other.st_dev++;
	CHECK(!file_memo_get(&m, &other, got));
	other = st, other.st_size++;
	CHECK(!file_memo_get(&m, &other, got));
	other = st, other.st_mtim.tv_nsec++;
	CHECK(!file_memo_get(&m, &other, got));
	other = st, other.st_ctim.tv_nsec++;
	CHECK(!file_memo_get(&m, &other, got));
}

TEST(a_file_changed_just_before_it_was_read_is_not_remembered)
{
	auto_place p;
	auto_file_memo m;
	unsigned char got[SHA256_LEN];
	struct stat st = file(1);

	make(&p);
	file_memo_open(&m, &p.state, &p.folder);
	file_memo_add(&m, &st, INT64_C(200000000008), sum);
	file_memo_add(&m, &st, INT64_C(200000000008) + 1000000, sum);
	CHECK(file_memo_save(&m, NULL) == 0 && !file_memo_get(&m, &st, got));
	file_memo_add(&m, &st, INT64_C(200000000008) + 20000000, sum);
	CHECK(file_memo_save(&m, NULL) == 0 && file_memo_get(&m, &st, got));
}

TEST(two_builds_keep_what_each_learned)
{
	auto_place p;
	auto_file_memo a, b, c;
	unsigned char got[SHA256_LEN];
	struct stat one = file(1), two = file(2);

	make(&p);
	file_memo_open(&a, &p.state, &p.folder);
	file_memo_open(&b, &p.state, &p.folder);
	CHECK(!file_memo_get(&a, &one, got) && !file_memo_get(&b, &two, got));
	file_memo_add(&a, &one, later, sum);
	file_memo_add(&b, &two, later, sum);
	CHECK(file_memo_save(&a, NULL) == 0 && file_memo_save(&b, NULL) == 0);
	file_memo_open(&c, &p.state, &p.folder);
	CHECK(file_memo_get(&c, &one, got) && file_memo_get(&c, &two, got));
}

TEST(a_broken_file_counts_as_empty)
{
	auto_place p;
	auto_file_memo a, b;
	auto_buf text = BUF_INIT(4096);
	unsigned char got[SHA256_LEN];
	struct stat st = file(1);

	make(&p);
	file_memo_open(&a, &p.state, &p.folder);
	file_memo_add(&a, &st, later, sum);
	CHECK(file_memo_save(&a, NULL) == 0);
	CHECK(fs_read(p.state.fd, a.name, 4096, &text, NULL) == 0);
	for (size_t i = 0; i < text.n; i++) {
		text.p[i] ^= 1;
		CHECK(fs_write_file(p.state.fd, a.name, text.p, text.n, 0600, NULL) == 0);
		text.p[i] ^= 1;
		file_memo_open(&b, &p.state, &p.folder);
		CHECK(!file_memo_get(&b, &st, got));
		file_memo_free(&b);
	}
	CHECK(fs_write_file(p.state.fd, a.name, text.p, text.n - 1, 0600, NULL) == 0);
	file_memo_open(&b, &p.state, &p.folder);
	CHECK(!file_memo_get(&b, &st, got));
}
