/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <unistd.h>

#include "cli/progress_tty.h"
#include "tap.h"

TAP_MAIN()

struct out {
	char *text;
	size_t n;
	FILE *f;
	struct progress *p;
};

static void begin(struct out *o, int columns, bool color)
{
	*o = (struct out){ .text = NULL };
	o->f = open_memstream(&o->text, &o->n);
	CHECK(o->f && progress_tty_new_on(o->f, columns, color, &o->p, NULL) == 0);
}

static void end(struct out *o)
{
	progress_tty_free(o->p);
	(void)fclose(o->f);
	free(o->text);
}
#define auto_out __attribute__((cleanup(end))) struct out

static const char *text(struct out *o)
{
	(void)fflush(o->f);
	return o->text;
}

TEST(a_pipe_sees_plain_lines)
{
	auto_out o;

	begin(&o, 0, false);
	progress_begin(o.p, "push sha256:9f2c", 100);
	progress_advance(o.p, 50);
	progress_line(o.p, "a line\033[2J of output");
	progress_line(o.p, "another");
	CHECK_STR(text(&o), "push sha256:9f2c\na line?[2J of output\nanother\n");
	progress_end(o.p, "exists");
	CHECK(ends_with(text(&o), "\nanother\npush sha256:9f2c exists\n"));
}

TEST(a_step_without_note_tells_its_time)
{
	auto_out o;

	begin(&o, 0, false);
	progress_begin(o.p, "push x", 0);
	progress_end(o.p, NULL);
	CHECK_STR(text(&o), "push x done 0.0 s\n");
}

TEST(a_terminal_sees_one_line_replaced)
{
	auto_out o;

	begin(&o, 60, false);
	progress_begin(o.p, "push x", 2000000);
	CHECK(strstr(text(&o), "push x  0/2.0M    0 %  0.0 s"));
	progress_end(o.p, "done");
	CHECK(ends_with(text(&o), "\r\033[Kpush x done\n"));
}

TEST(redraws_are_at_most_ten_a_second)
{
	auto_out o;
	size_t drawn = 0;

	begin(&o, 60, false);
	progress_begin(o.p, "push x", 1000);
	for (uint64_t i = 0; i < 1000; i++)
		progress_advance(o.p, i);
	for (const char *s = text(&o); (s = strstr(s, "push x")); s++)
		drawn++;
	CHECK(drawn <= 2);
	(void)usleep((PROGRESS_REDRAW_MS + 20) * 1000);
	progress_advance(o.p, 1000);
	CHECK(strstr(text(&o), "100 %"));
}

TEST(a_long_name_is_cut_to_the_terminal)
{
	auto_out o;
	const char *line;

	begin(&o, 40, false);
	progress_begin(o.p, "push registry.example.org/a/very/long/name/indeed@sha256:0123456789",
		       0);
	line = text(&o);
	CHECK(strlen(line) < 40 && strstr(line, "push registry.example"));
}

TEST(steps_nest_and_too_deep_ones_are_silent)
{
	auto_out o;

	begin(&o, 0, false);
	for (int i = 0; i < LIMIT_STEPS + 1; i++)
		progress_begin(o.p, "s", 0);
	for (int i = 0; i < LIMIT_STEPS + 1; i++)
		progress_end(o.p, "e");
	progress_end(o.p, "one too many");
	CHECK(strlen(text(&o)) == LIMIT_STEPS * strlen("s e\n"));
}

TEST(a_step_taken_back_leaves_no_trace)
{
	auto_out o;

	begin(&o, 0, false);
	progress_begin(o.p, "push x", 0);
	progress_drop(o.p);
	progress_drop(o.p);
	CHECK_STR(text(&o), "");
}

TEST(work_beside_work_says_whose_its_output_is)
{
	auto_out o;
	struct progress *a, *b;

	begin(&o, 0, false);
	a = progress_open(o.p, "one");
	b = progress_open(o.p, "two\033");
	progress_begin(a, "[one 1/2] RUN x", 0);
	progress_begin(b, "[two 1/1] RUN y", 0);
	progress_line(b, "from y");
	progress_begin(a, "unpack", 0);
	progress_end(a, "done");
	progress_end(b, "cached");
	progress_end(a, "done");
	CHECK_STR(text(&o), "[two 1/1] RUN y\n[two?] from y\n[one] unpack done\n"
			    "[two 1/1] RUN y cached\n[one 1/2] RUN x done\n");
	progress_close(a);
	progress_close(b);
	CHECK(progress_open(NULL, "x") == NULL);
}

TEST(a_terminal_has_a_row_for_each_that_is_at_work)
{
	auto_out o;
	struct progress *a, *b;

	begin(&o, 60, false);
	a = progress_open(o.p, "one");
	b = progress_open(o.p, "two");
	progress_begin(a, "RUN x", 0);
	(void)usleep((PROGRESS_REDRAW_MS + 20) * 1000);
	progress_begin(b, "RUN y", 0);
	CHECK(ends_with(text(&o), "\r\033[KRUN x  0.1 s\nRUN y  0.0 s"));
	progress_end(b, "done");
	/* Both rows go, then comes what is done, then the row that is left. */
	CHECK(strstr(text(&o), "RUN y  0.0 s\r\033[K\033[A\r\033[KRUN y done\nRUN x  0.1 s"));
	progress_close(b);
	progress_close(a);
	CHECK(ends_with(text(&o), "\r\033[K"));
}

TEST(more_at_work_than_rows_are_counted)
{
	auto_out o;
	struct progress *p[LIMIT_ROWS + 2];

	begin(&o, 60, false);
	for (int i = 0; i < LIMIT_ROWS + 2; i++) {
		p[i] = progress_open(o.p, "s");
		progress_begin(p[i], "RUN", 0);
	}
	(void)usleep((PROGRESS_REDRAW_MS + 20) * 1000);
	progress_tick(o.p);
	CHECK(ends_with(text(&o), "\nand 2 more"));
	for (int i = 0; i < LIMIT_STREAMS; i++)
		(void)progress_open(o.p, "s");
	CHECK(progress_open(o.p, "one too many") == NULL);
}

TEST(what_was_drawn_is_cleared_at_the_end)
{
	struct out o;

	begin(&o, 60, false);
	progress_begin(o.p, "push x", 0);
	progress_tty_free(o.p);
	o.p = NULL;
	CHECK(ends_with(text(&o), "\r\033[K"));
	end(&o);
}

TEST(output_is_dimmed_with_colour)
{
	auto_out o;

	begin(&o, 60, true);
	progress_line(o.p, "hello");
	CHECK_STR(text(&o), "\033[2mhello\033[0m\n");
}

TEST(no_progress_is_allowed)
{
	progress_begin(NULL, "x", 0);
	progress_advance(NULL, 1);
	progress_line(NULL, "x");
	progress_end(NULL, NULL);
	progress_tty_free(NULL);
}
