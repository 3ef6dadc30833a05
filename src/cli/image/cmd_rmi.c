/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/image/image_usage.h"
#include "cli/image/images.h"

struct rmi_opts {
	bool all, force, ignore;
};

/* Whether the image has a name yet. */
static bool is_named(struct store *s, const char *digest)
{
	auto_json *list = NULL;
	const json_t *entry;
	size_t i;

	if (store_list(s, &list, NULL) < 0)
		return true;
	json_array_foreach(list, i, entry)
	{
		if (json_string_or_null(json_object_get(entry, "annotations"),
					ANNOTATION_REF_NAME) &&
		    strcmp(json_string_or_null(entry, "digest") ?: "", digest) == 0)
			return true;
	}
	return false;
}

static int untag(struct cli *c, struct store *s, const char *name, const struct digest *d,
		 struct err *e)
{
	int r = store_untag(s, name, e);

	if (r < 0)
		return r;
	image_event(c, "untag", d, name);
	if (!is_named(s, d->s))
		image_event(c, "delete", d, NULL);
	return cli_print(c, e, "%s\n", name);
}

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
		r = untag(c, s, name, d, e);
		n++;
	}
	if (r == 0 && n == 0)
		return FAIL(e, E_NOTFOUND, "%s has no name here", d->s);
	return r;
}

/* The last name of an image that a container has stays, as with docker: it could not be started
 * again. all: every name is to go. */
static int check_unused(struct cli *c, const struct store *s, const struct desc *d, bool all,
			struct err *e)
{
	auto_json *images = NULL;
	const json_t *one;
	size_t i;
	int r = image_usage(c, s, &images, e);

	if (r < 0)
		return r;
	json_array_foreach(images, i, one)
	{
		const json_t *users = json_object_get(one, "containers");

		if (strcmp(json_string_or_null(one, "digest") ?: "", d->digest.s) != 0 ||
		    json_array_size(users) == 0 ||
		    (!all && json_array_size(json_object_get(one, "names")) > 1))
			continue;
		return err_hint(e,
				FAIL(e, E_USAGE, "image %.19s is that of container '%s'",
				     d->digest.s, json_string_value(json_array_get(users, 0))),
				"plimsoll rm %s; --force takes the name away all the same",
				json_string_value(json_array_get(users, 0)));
	}
	return 0;
}

static int remove_one(struct cli *c, struct store *s, const char *text, bool force, struct err *e)
{
	auto_buf name = BUF_INIT(LIMIT_REF + 128);
	struct ref ref;
	struct desc d;
	int r = store_lookup(s, text, &ref, &d, e);

	if (r == 0 && !force)
		r = check_unused(c, s, &d, !ref.name[0], e);
	if (r < 0)
		return r;
	if (!ref.name[0])
		return untag_all(c, s, &d.digest, e);
	ref_stored(&ref, &name);
	/* NAME@DIGEST is a name only when the image was pulled so; else it means the image. */
	if (ref.digest.s[0]) {
		struct err why = ERR_INIT;

		r = untag(c, s, buf_str(&name), &d.digest, &why);
		if (r == E_NOTFOUND)
			return untag_all(c, s, &d.digest, e);
		if (r < 0 && e)
			*e = why;
		return r;
	}
	return untag(c, s, buf_str(&name), &d.digest, e);
}

/* Every name that is here. */
static int list_names(const struct store *s, struct strv *ret, struct err *e)
{
	auto_json *list = NULL;
	const json_t *entry;
	size_t i;
	int r = store_list(s, &list, e);

	json_array_foreach(list, i, entry)
	{
		const char *name = json_string_or_null(json_object_get(entry, "annotations"),
						       ANNOTATION_REF_NAME);

		if (r == 0 && name)
			r = strv_add(ret, name, e);
	}
	return r;
}

/* All are tried, as by docker; the last failure is told by who called. */
static int remove_names(struct cli *c, struct store *s, const struct rmi_opts *o,
			const struct strv *names, struct err *e)
{
	int failed = 0, r;

	for (size_t i = 0; i < names->n; i++) {
		struct err why = ERR_INIT;

		r = remove_one(c, s, names->v[i], o->force, &why);
		if (r == 0 || (r == E_NOTFOUND && (o->force || o->ignore)))
			continue;
		if (failed < 0) {
			text_sanitize(e->msg);
			(void)fprintf(stderr, "plimsoll: %s\n", e->msg);
		}
		failed = r;
		*e = why;
	}
	r = cli_collect(c, s, failed < 0 ? NULL : e);
	return failed < 0 ? failed : r;
}

static int run_rmi(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct rmi_opts *o = opts;
	auto_release(store_close) struct store *s = NULL;
	auto_strv names = { 0 };
	int r = cli_store(c, &s, e);

	if (r == 0 && o->all == (argc > 0))
		r = FAIL(e, E_USAGE,
			 o->all ? "--all and names do not go together"
				: "want the name of an image");
	if (r == 0 && o->all)
		r = list_names(s, &names, e);
	for (int i = 0; i < argc && r == 0; i++)
		r = strv_add(&names, argv[i], e);
	return r < 0 ? r : remove_names(c, s, o, &names, e);
}

static const struct opt rmi_table[] = {
	OPT_AT(struct rmi_opts, all, "all", 'a', OPT_FLAG, NULL, "every image"),
	OPT_AT(struct rmi_opts, force, "force", 'f', OPT_FLAG, NULL,
	       "also the last name of an image that a container has; one that is not there is "
	       "no error"),
	OPT_AT(struct rmi_opts, ignore, "ignore", 'i', OPT_FLAG, NULL,
	       "one that is not there is no error"),
	OPT_END,
};

/* Under two names: rmi, image rm. */
#define RMI_COMMAND                                                                                \
	.args = "REF...",                                                                          \
	.brief = "Remove names of stored images, and what no name reaches any more",               \
	.details = "A digest removes every name of its image. The names that went are printed. "   \
		   "Of several "                                                                   \
		   "all are tried.",                                                               \
	.example = "plimsoll rmi 127.0.0.1:5000/web:1\nplimsoll rmi --all", .opts = rmi_table,     \
	.opts_size = sizeof(struct rmi_opts), .min_args = 0, .max_args = -1, .run = run_rmi

const struct command cmd_rmi = { .name = "rmi", .group = "Images", RMI_COMMAND };
const struct command cmd_image_rm = { .name = "rm", RMI_COMMAND };

/* podman's: given names go, or all names of the image; the image stays until it is collected. */
static int run_untag(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	auto_release(store_close) struct store *s = NULL;
	struct desc d, other;
	int r = cli_store(c, &s, e);

	(void)opts;
	if (r == 0)
		r = store_lookup(s, argv[0], NULL, &d, e);
	if (r == 0 && argc == 1)
		return untag_all(c, s, &d.digest, e);
	for (int i = 1; r == 0 && i < argc; i++) {
		r = store_lookup(s, argv[i], NULL, &other, e);
		if (r == 0 && strcmp(other.digest.s, d.digest.s) != 0)
			r = FAIL(e, E_NOTFOUND, "'%.200s' is no name of '%.200s'", argv[i],
				 argv[0]);
		if (r == 0)
			r = remove_one(c, s, argv[i], true, e);
	}
	return r;
}

#define UNTAG_COMMAND                                                                              \
	.args = "IMAGE [NAME...]", .brief = "Take names from a stored image",                      \
	.details =                                                                                 \
		"Without NAME all of its names. The image itself goes with the next rmi, unless "  \
		"something needs it; by its digest it can be given a name until then.",            \
	.example = "plimsoll untag web:1 127.0.0.1:5000/web:1", .min_args = 1, .max_args = -1,     \
	.run = run_untag

const struct command cmd_untag = { .name = "untag", .group = "Images", UNTAG_COMMAND };
