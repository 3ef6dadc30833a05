/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/image/images.h"

/* Every name of an image goes, as docker does for one that is given by its digest. */
static int untag_all(struct cli *c, struct store *s, const struct digest *d, struct err *e)
{
	auto_json *list = NULL;
	json_t *entry;
	size_t i, n = 0;
	int r = store_list(s, &list, e);

	json_array_foreach(list, i, entry)
	{
		const char *name = json_string_or_null(json_object_get(entry, "annotations"),
						       ANNOTATION_REF_NAME);
		const char *digest = json_string_or_null(entry, "digest");

		if (r < 0 || !name || !digest || strcmp(digest, d->s) != 0)
			continue;
		r = store_untag(s, name, e);
		if (r == 0)
			r = cli_print(c, e, "%s\n", name);
		n++;
	}
	if (r == 0 && n == 0)
		return FAIL(e, E_NOTFOUND, "%s has no name here", d->s);
	return r;
}

static int remove_one(struct cli *c, struct store *s, const char *text, struct err *e)
{
	auto_buf name = BUF_INIT(LIMIT_REF + 128);
	struct ref ref;
	struct desc d;
	int r = store_lookup(s, text, &ref, &d, e);

	if (r < 0)
		return r;
	if (!ref.name[0])
		return untag_all(c, s, &d.digest, e);
	ref_stored(&ref, &name);
	/* NAME@DIGEST is a name only when the image was pulled so; else it means the image. */
	if (ref.digest.s[0]) {
		struct err ignored = ERR_INIT;

		r = store_untag(s, buf_str(&name), &ignored);
		if (r == E_NOTFOUND)
			return untag_all(c, s, &d.digest, e);
		if (r < 0 && e)
			*e = ignored;
	} else {
		r = store_untag(s, buf_str(&name), e);
	}
	return r < 0 ? r : cli_print(c, e, "%s\n", buf_str(&name));
}

static int run_rmi(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	auto_release(store_close) struct store *s = NULL;
	int r = cli_store(c, &s, e);

	(void)opts;
	for (int i = 0; i < argc && r == 0; i++)
		r = remove_one(c, s, argv[i], e);
	return r < 0 ? r : cli_collect(c, s, e);
}

/* Under two names: rmi, image rm. */
#define RMI_COMMAND                                                                                \
	.args = "REF...",                                                                          \
	.brief = "Remove names of stored images, and what no name reaches any more",               \
	.details = "A digest removes every name of its image. The names that went are printed.",   \
	.example = "plimsoll rmi 127.0.0.1:5000/web:1", .min_args = 1, .max_args = -1,             \
	.run = run_rmi

const struct command cmd_rmi = { .name = "rmi", .group = "Images", RMI_COMMAND };
const struct command cmd_image_rm = { .name = "rm", RMI_COMMAND };
