/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/image/images.h"

static int tag_one(struct cli *c, struct store *s, const char *text, const struct desc *d,
		   struct err *e)
{
	auto_buf name = BUF_INIT(LIMIT_REF);
	struct ref to;
	int r = ref_parse(text, &to, e);

	if (r == 0 && to.digest.s[0])
		r = FAIL(e, E_USAGE, "'%s': a new name has a tag, not a digest", text);
	if (r < 0)
		return r;
	ref_tagged(&to, &name);
	r = buf_check(&name, "name", e);
	if (r == 0)
		r = store_tag(s, buf_str(&name), d, e);
	if (r == 0)
		image_event(c, "tag", &d->digest, buf_str(&name));
	return r;
}

static int run_tag(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	auto_release(store_close) struct store *s = NULL;
	struct desc d;
	int r = cli_store(c, &s, e);

	(void)opts;
	if (r == 0)
		r = store_lookup(s, argv[0], NULL, &d, e);
	for (int i = 1; r == 0 && i < argc; i++)
		r = tag_one(c, s, argv[i], &d, e);
	return r;
}

const struct command cmd_tag = {
	.name = "tag",
	.group = "Images",
	.args = "SRC DST...",
	.brief = "Give a stored image further names",
	.details =
		"SRC is a name, a digest, or the beginning of a digest (6 digits or more). A name "
		"that DST had before moves to this image.",
	.example = "plimsoll tag web:1 127.0.0.1:5000/web:1",
	.min_args = 2,
	.max_args = -1,
	.run = run_tag,
};
