/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "run/step/output.h"
#include "tap.h"

TAP_MAIN()

/* Everything that was shown, a '|' behind each line. */
struct shown {
	struct progress base; /* first: line() gets a pointer to it */
	struct buf text;
};

static void on_line(struct progress *p, const char *text)
{
	union {
		struct progress *base;
		struct shown *shown;
	} u = { .base = p };

	buf_printf(&u.shown->text, "%s|", text);
}

/* Gives text in pieces of `piece` bytes. */
static void show(const char *text, size_t n, size_t piece, const struct str *masks, size_t masks_n,
		 struct buf *ret, struct buf *ret_tail)
{
	struct shown s = { .base = { .line = on_line }, .text = BUF_INIT(1 << 20) };
	auto_release(step_output_free) struct step_output *o = NULL;

	CHECK(step_output_new(&s.base, masks, masks_n, &o, NULL) == 0);
	for (size_t at = 0; at < n; at += piece)
		step_output_put(o, text + at, n - at < piece ? n - at : piece);
	step_output_end(o, ret_tail);
	buf_puts(ret, buf_str(&s.text));
	buf_free(&s.text);
}

TEST(masks_in_any_pieces)
{
	static const struct str masks[] = { { "secret", 6 }, { "secretive", 9 }, { "a\nb", 3 } };
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "a secret.\n", "a ***.|" },
		{ "secret", "***|" },
		{ "secretsecret\n", "******|" },
		{ "secre\n", "secre|" },
		{ "sesecret\n", "se***|" },
		{ "secretiv\n", "***iv|" },
		{ "secretive\n", "***|" },
		{ "xa\nby\n", "x***y|" },
		{ "a\nc\n", "a|c|" },
		{ "no", "no|" },
		{ "", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (size_t piece = 1; piece < 5; piece++) {
			auto_buf got = BUF_INIT(4096);

			show(cases[i].text, strlen(cases[i].text), piece, masks, 3, &got, NULL);
			CHECK_STR(buf_str(&got), cases[i].want);
		}
}

TEST(a_mask_around_colours)
{
	static const struct str masks[] = { { "secret", 6 }, { "abc", 3 } };
	static const char text[] = "sec\033[1mret \033[0mab\033[mcsecret!\n";
	auto_buf got = BUF_INIT(4096);

	show(text, sizeof(text) - 1, 2, masks, 2, &got, NULL);
	CHECK_STR(buf_str(&got), "*** ******!|");
}

/* A line is cut at the limit, and a secret that lies across the cut is still none. */
TEST(a_mask_across_the_cut)
{
	static const struct str mask = { "0123456789", 10 };
	auto_buf text = BUF_INIT(16384), got = BUF_INIT(16384);

	for (int i = 0; i < LIMIT_STEP_LINE - 5; i++)
		buf_putc(&text, 'x');
	buf_puts(&text, "0123456789yz\n");
	show(text.p, text.n, 1000, &mask, 1, &got, NULL);
	CHECK(!strstr(buf_str(&got), "0123") && !strstr(buf_str(&got), "789"));
	CHECK(strstr(buf_str(&got), "x***y|z|") != NULL);
}

TEST(longest_line)
{
	auto_buf text = BUF_INIT(16384), got = BUF_INIT(16384);

	for (int i = 0; i < LIMIT_STEP_LINE - 1; i++)
		buf_putc(&text, 'x');
	show(text.p, text.n, 777, NULL, 0, &got, NULL);
	CHECK(got.n == LIMIT_STEP_LINE && got.p[got.n - 1] == '|');
	buf_reset(&got);
	buf_putc(&text, 'x');
	show(text.p, text.n, 777, NULL, 0, &got, NULL);
	CHECK(got.n == LIMIT_STEP_LINE + 2 && got.p[LIMIT_STEP_LINE - 1] == '|');
}

TEST(what_a_terminal_would_obey)
{
	static const char text[] = "\033[1;31mred\033[0m \033]0;title\007x \033]8;;u\033\\y\r\n"
				   "10%\r20%\r\nnul\0z \377 \033\n\033[\n\033]\n\303\251\n";
	auto_buf got = BUF_INIT(4096);

	show(text, sizeof(text) - 1, 3, NULL, 0, &got, NULL);
	CHECK_STR(buf_str(&got), "red x y|20%|nul?z ? |||\303\251|");
}

TEST(the_last_lines)
{
	auto_buf text = BUF_INIT(16384), got = BUF_INIT(16384), tail = BUF_INIT(16384);

	for (int i = 1; i <= STEP_TAIL_LINES + 3; i++)
		buf_printf(&text, "line %d\n", i);
	show(text.p, text.n, 7, NULL, 0, &got, &tail);
	CHECK(strncmp(buf_str(&tail), "line 4\nline 5\n", 14) == 0);
	buf_reset(&tail);
	buf_reset(&got);
	show("one\ntwo", 7, 7, NULL, 0, &got, &tail);
	CHECK_STR(buf_str(&tail), "one\ntwo\n");
}
