/* SPDX-License-Identifier: Apache-2.0 */
/* podman's questions for scripts: the exit status says it, 0 or 1. */
#include "cli/container/containers.h"
#include "cli/image/images.h"
#include "run/root/volume.h"

enum { IS_NOT_THERE = 1 };

static int answer(int r)
{
	return r == E_NOTFOUND ? IS_NOT_THERE : r;
}

static int run_container_exists(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	auto_container found = CONTAINER_INIT;
	const struct state *state;
	int r = cli_state(c, &state, e);

	(void)opts, (void)argc;
	if (r == 0)
		r = container_reap(state, e);
	if (r == 0)
		r = answer(container_find(state, argv[0], &found, e));
	return r;
}

static int run_image_exists(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	auto_release(store_close) struct store *s = NULL;
	struct ref ref;
	struct desc d;
	int r = cli_store(c, &s, e);

	(void)opts, (void)argc;
	return r == 0 ? answer(store_lookup(s, argv[0], &ref, &d, e)) : r;
}

static int run_volume_exists(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct state *state;
	auto_json *found = NULL;
	int r = cli_state(c, &state, e);

	(void)opts, (void)argc;
	if (r == 0 && volume_check_name(argv[0], NULL) < 0)
		return IS_NOT_THERE;
	return r == 0 ? answer(volume_describe(state, argv[0], &found, e)) : r;
}

#define EXISTS_COMMAND(what, what_args, shown, fn)                                                 \
	{ .name = "exists",                                                                        \
	  .args = what_args,                                                                       \
	  .brief = "Whether there is such " what,                                                  \
	  .details = "Prints nothing: the exit status is 0 when it is there, and 1 when "          \
		     "it is not.",                                                                 \
	  .example = "plimsoll " shown " && echo yes",                                             \
	  .min_args = 1,                                                                           \
	  .max_args = 1,                                                                           \
	  .run = fn }

const struct command cmd_container_exists =
	EXISTS_COMMAND("a container", "CONTAINER", "container exists web", run_container_exists);
const struct command cmd_image_exists =
	EXISTS_COMMAND("an image", "REF", "image exists web:1", run_image_exists);
const struct command cmd_volume_exists =
	EXISTS_COMMAND("a volume", "NAME", "volume exists data", run_volume_exists);
