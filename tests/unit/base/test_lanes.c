/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/lanes.h"
#include "tap.h"

TAP_MAIN()

enum { SLOTS = 5, THINGS = 1000 };

struct slot {
	unsigned number, square;
	char *owned;
};

struct taker {
	unsigned next, fail_at; /* fail_at 0: never */
	bool in_order;
};

static void square(void *p, void *own)
{
	struct slot *s = p;

	(void)own;
	/* The early ones of each round take longest, so that later ones are done before them. */
	if (s->number % SLOTS == 0)
		(void)usleep(200);
	s->square = s->number * s->number;
}

static int take(void *arg, void *p, struct err *e)
{
	struct taker *t = arg;
	const struct slot *s = p;

	t->in_order &= s->number == t->next && s->square == s->number * s->number;
	t->next++;
	return t->fail_at && t->next == t->fail_at ? FAIL(e, E_FORMAT, "enough") : 0;
}

static void drop(void *p)
{
	free(((struct slot *)p)->owned);
}

static int run(unsigned threads, unsigned n, struct taker *t, struct err *e)
{
	const struct lanes_opts o = { .threads = threads,
				      .slots = SLOTS,
				      .slot_size = sizeof(struct slot),
				      .work = square,
				      .take = take,
				      .arg = t,
				      .drop = drop };
	auto_release(lanes_free) struct lanes *l = NULL;
	int r = lanes_new(&l, &o, e);

	for (unsigned i = 0; r == 0 && i < n; i++) {
		struct slot *s = lanes_slot(l);

		s->number = i;
		if (!s->owned)
			s->owned = calloc(1, 8); /* a leak, were a slot not dropped */
		r = lanes_submit(l, e);
	}
	return r < 0 ? r : lanes_finish(l, e);
}

TEST(results_come_in_order_whatever_the_threads)
{
	for (unsigned threads = 0; threads <= LANES_MAX_THREADS + 1; threads++)
		for (unsigned n = 0; n <= THINGS; n = n ? n * 10 : 1) {
			struct taker t = { .in_order = true };
			struct err e = ERR_INIT;

			CHECK(run(threads, n, &t, &e) == 0);
			CHECK(t.in_order && t.next == n);
		}
}

TEST(nothing_is_taken_after_a_failure)
{
	for (unsigned threads = 0; threads <= 2; threads++) {
		struct taker t = { .in_order = true, .fail_at = 7 };
		struct err e = ERR_INIT;

		CHECK(run(threads, THINGS, &t, &e) == E_FORMAT);
		CHECK(t.in_order && t.next == 7);
		CHECK_STR(e.msg, "enough");
	}
}

static unsigned made, freed; /* by the caller's thread alone, in the test below */

static void *make_own(void)
{
	made++;
	return &made;
}

static void free_own(void *own)
{
	freed += own == &made;
}

static void need_own(void *p, void *own)
{
	((struct slot *)p)->number = own == &made;
}

static int take_own(void *arg, void *p, struct err *e)
{
	(void)e;
	*(unsigned *)arg += ((struct slot *)p)->number;
	return 0;
}

TEST(one_thing_alone_starts_no_thread)
{
	unsigned right = 0;
	const struct lanes_opts o = { .threads = 2,
				      .slots = SLOTS,
				      .slot_size = sizeof(struct slot),
				      .work = need_own,
				      .take = take_own,
				      .arg = &right,
				      .thread_new = make_own,
				      .thread_free = free_own };
	struct lanes *l = NULL;
	struct err e = ERR_INIT;

	CHECK(lanes_new(&l, &o, &e) == 0);
	CHECK(made == 0);
	CHECK(lanes_submit(l, &e) == 0 && lanes_finish(l, &e) == 0);
	CHECK(lanes_submit(l, &e) == 0 && lanes_finish(l, &e) == 0);
	lanes_free(l);
	CHECK(right == 2 && made == 1 && freed == 1);
}
