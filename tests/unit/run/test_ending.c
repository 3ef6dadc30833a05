/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of runs that nobody saw end. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "../trail/tmp.h"
#include "base/cleanup.h"
#include "run/container.h"
#include "run/file.h"
#include "run/life/events.h"
#include "tap.h"
#include "trail/trail.h"

TAP_MAIN()

struct world {
	struct tmp tmp;
	struct container c;
};

static void make(struct world *w)
{
	auto_release(trail_close) struct trail *t = NULL;

	tmp_make(&w->tmp);
	w->c = (struct container)CONTAINER_INIT;
	CHECK(trail_open_or_make(&w->tmp.state, &t, NULL) == 0);
	CHECK(container_create(&w->tmp.state, &w->c, NULL) == 0);
}

static void unmake(struct world *w)
{
	container_free(&w->c);
	tmp_remove(&w->tmp);
}

static unsigned told(const struct world *w, const char *action)
{
	unsigned n = 0;
	auto_close int fd =
		fs_open_nolink(w->tmp.state.fd, "containers/events.jsonl", O_RDONLY, 0, NULL);
	auto_buf text = BUF_INIT(1 << 20);
	struct str rest, line;

	CHECK(fd >= 0 && fs_read_fd(fd, "events", 1 << 20, &text, NULL) == 0);
	rest = (struct str){ buf_str(&text), text.n };
	while (str_line(&rest, &line)) {
		auto_json *j = NULL;

		n += line.n && json_parse(line.p, line.n, "event", &j, NULL) == 0 &&
		     strcmp(json_string_or_null(j, "Action") ?: "", action) == 0;
	}
	return n;
}

/* As whoever starts one again does; what he does next is never done, since he is killed. */
static void again(struct world *w)
{
	struct container next = CONTAINER_INIT;

	(void)snprintf(next.id, sizeof(next.id), "%s", w->c.id);
	container_free(&w->c);
	CHECK(container_again(&w->tmp.state, &next, false, NULL) == 0);
	w->c = next;
}

TEST(a_run_that_was_told_and_not_seen_to_end_is_told_to_end)
{
	struct world w;
	int status = 0;

	make(&w);
	CHECK(event_note(&w.c, "start", NULL, NULL) == 0);
	CHECK(event_unended(&w.c));
	CHECK(container_cleanup(&w.c, NULL) == 0);
	CHECK(container_exit_status(&w.c, &status, NULL) == 0 && status == 137);
	CHECK(told(&w, "start") == 1 && told(&w, "die") == 1);
	CHECK(!event_unended(&w.c));
	unmake(&w);
}

TEST(one_killed_before_its_restart_was_told_has_no_further_end)
{
	struct world w;
	int status = 0;

	make(&w);
	CHECK(event_note(&w.c, "start", NULL, NULL) == 0);
	CHECK(container_cleanup(&w.c, NULL) == 0);
	again(&w);
	CHECK(container_cleanup(&w.c, NULL) == 0);
	CHECK(told(&w, "start") == 1 && told(&w, "die") == 1);
	CHECK(container_exit_status(&w.c, &status, NULL) == 0 && status == 137);
	/* Nor does whoever looks next tell one. */
	CHECK(container_cleanup(&w.c, NULL) == 0);
	CHECK(told(&w, "die") == 1);
	unmake(&w);
}

TEST(the_next_run_has_an_end_of_its_own)
{
	struct world w;

	make(&w);
	CHECK(event_note(&w.c, "start", NULL, NULL) == 0);
	CHECK(container_cleanup(&w.c, NULL) == 0);
	again(&w);
	CHECK(container_cleanup(&w.c, NULL) == 0);
	again(&w);
	CHECK(event_note(&w.c, "start", NULL, NULL) == 0);
	CHECK(container_cleanup(&w.c, NULL) == 0);
	CHECK(told(&w, "start") == 2 && told(&w, "die") == 2);
	/* Its process was made, although nobody could tell of it. */
	again(&w);
	CHECK(file_put(w.c.fd, "pidfile", "0", 1, NULL) == 0);
	CHECK(container_cleanup(&w.c, NULL) == 0);
	CHECK(told(&w, "start") == 2 && told(&w, "die") == 3);
	unmake(&w);
}
