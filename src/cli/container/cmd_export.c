/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "cli/container/containers.h"
#include "pipeline/outfile.h"
#include "run/copy/copy.h"

struct export_opts {
	const char *output;
};

static int export(const struct state *state, const char *name, int fd, uint64_t *ret_skipped,
		  struct err *e)
{
	struct copy_place root = { .dir = -1, .lock = -1 };
	int r = copy_place_root(state, name, &root, e);

	if (r == 0)
		r = copy_send(&root, "", fd, ret_skipped, e);
	copy_place_free(&root);
	return r;
}

static int run_export(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct export_opts *o = opts;
	const char *to = o->output ?: "-";
	auto_outfile out = OUTFILE_NONE;
	struct subject subject;
	const struct state *state;
	uint64_t skipped = 0;
	int r = 0;

	(void)argc;
	if (outfile_is_stdout(to) && isatty(STDOUT_FILENO))
		return err_hint(e,
				FAIL(e, E_USAGE,
				     "an archive is not for a terminal: send it to a "
				     "file or program"),
				"plimsoll export -o FILE %s", argv[0]);
	r = cli_state(c, &state, e);
	/* Before an ordinary user's namespace is entered, in which a folder may be another's. */
	if (r == 0)
		r = outfile_open(to, &out, e);
	if (r < 0)
		return r;
	cli_subject(state, argv[0], &subject);
	r = export(state, argv[0], out.fd, &skipped, e);
	if (r == 0)
		r = outfile_commit(&out, e);
	if (r == 0 && skipped)
		(void)fprintf(stderr, "plimsoll: export: %llu devices and sockets were left out\n",
			      (unsigned long long)skipped);
	return cli_note_container(c, "export", argv[0], &subject, r, NULL, e);
}

static const struct opt export_table[] = {
	OPT_AT(struct export_opts, output, "output", 'o', OPT_STRING, "FILE",
	       "write it to this file, whole or not at all"),
	OPT_END,
};

/* Under two names: export, container export. */
#define EXPORT_COMMAND                                                                             \
	.name = "export", .args = "CONTAINER",                                                     \
	.brief = "Write a container's root as a tar archive",                                      \
	.details = "Of one that runs or not: the image with what the container changed, owners "   \
		   "as it sees them. What is mounted in it (volumes, /proc, /dev, /tmp) is "       \
		   "empty; devices and sockets are left out. The trail has it. It is no image: "   \
		   "'plimsoll import' scans and signs one.",                                       \
	.example = "plimsoll export -o web.tar web\nplimsoll export web | tar -t",                 \
	.opts = export_table, .opts_size = sizeof(struct export_opts), .min_args = 1,              \
	.max_args = 1, .run = run_export

const struct command cmd_export = { .group = "Containers", EXPORT_COMMAND };
const struct command cmd_container_export = { EXPORT_COMMAND };
