/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/fetch/body.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"

enum { SIZE = 300000 };

/* A file of SIZE bytes and a request for those from `at` on. */
static int make(struct fetch_request *q, uint64_t at)
{
	auto_free unsigned char *data = malloc(SIZE);
	int fd = memfd_create("body", MFD_CLOEXEC);

	CHECK(data && fd >= 0);
	for (int i = 0; i < SIZE; i++)
		data[i] = (unsigned char)(i * 7 + i / 251);
	CHECK(write(fd, data, SIZE) == SIZE);
	*q = (struct fetch_request){
		.has_body = true, .has_sum = true, .body_at = at, .body_n = SIZE - at
	};
	sha256_once(data, SIZE, q->sum);
	return fd;
}

/* Reads to the end by steps: how much came, or what went wrong. */
static int64_t drain(struct body *b, size_t step, struct err *e)
{
	char chunk[70000];
	int64_t total = 0;
	ssize_t n;

	while ((n = body_read(b, chunk, step, e)) > 0)
		total += n;
	return n < 0 ? n : total;
}

/* The sum is of the whole, wherever the part that is sent begins. */
TEST(from_anywhere)
{
	static const uint64_t starts[] = { 0, 1, 131072, SIZE - 1 };

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++) {
		struct fetch_request q;
		auto_close int fd = make(&q, starts[i]);
		auto_body b = { 0 };

		CHECK(body_open(&b, fd, &q, NULL) == 0);
		CHECK(drain(&b, 70000, NULL) == SIZE - (int64_t)starts[i]);
		CHECK(b.sent == SIZE - starts[i]);
	}
}

/* A byte that is another, before the part or in it: the last step is not given out. */
TEST(damage_is_not_sent_to_its_end)
{
	static const off_t where[] = { 0, 99999, 100000, SIZE - 1 };

	for (size_t i = 0; i < sizeof(where) / sizeof(*where); i++) {
		struct fetch_request q;
		auto_close int fd = make(&q, 100000);
		auto_body b = { 0 };
		struct err e = ERR_INIT;

		CHECK(pwrite(fd, "!", 1, where[i]) == 1);
		CHECK(body_open(&b, fd, &q, NULL) == 0);
		CHECK(drain(&b, 1000, &e) == E_VERIFY);
		CHECK(strncmp(e.msg, "sha256:", 7) == 0);
	}
}

TEST(without_a_sum_nothing_is_compared)
{
	struct fetch_request q;
	auto_close int fd = make(&q, 5);
	auto_body b = { 0 };

	q.has_sum = false;
	CHECK(pwrite(fd, "!", 1, 50) == 1);
	CHECK(body_open(&b, fd, &q, NULL) == 0);
	CHECK(drain(&b, 70000, NULL) == SIZE - 5);
}

TEST(a_file_that_ends_early)
{
	struct fetch_request q;
	auto_close int fd = make(&q, 100);
	auto_body b = { 0 };

	CHECK(ftruncate(fd, 200) == 0);
	CHECK(body_open(&b, fd, &q, NULL) == 0);
	CHECK(drain(&b, 70000, NULL) == E_SYSTEM);
	body_close(&b);
	CHECK(ftruncate(fd, 50) == 0);
	CHECK(body_open(&b, fd, &q, NULL) == E_SYSTEM);
}

TEST(nothing_to_send)
{
	struct fetch_request q;
	auto_close int fd = make(&q, SIZE);
	auto_body b = { 0 };

	q.has_sum = false;
	CHECK(body_open(&b, fd, &q, NULL) == 0);
	CHECK(drain(&b, 70000, NULL) == 0);
}

TAP_MAIN()
