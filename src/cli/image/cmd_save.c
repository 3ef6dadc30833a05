/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/build/road.h"
#include "pipeline/copy/copy.h"
#include "pipeline/outfile.h"

struct save_opts {
	const char *output, *format;
};

static const char *const formats[][2] = { { "docker-archive", "docker-archive:" },
					  { "oci-archive", "oci-archive:" },
					  { "oci-dir", "oci:" } };

static int prefix_of(const char *format, const char **ret, struct err *e)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (strcmp(format, formats[i][0]) == 0) {
			*ret = formats[i][1];
			return 0;
		}
	return FAIL(e, E_USAGE, "--format is docker-archive, oci-archive or oci-dir, not '%.60s'",
		    format);
}

/* docker's archive keeps the name; a layout's tag is what stands behind the colon. */
static char *destination(const char *prefix, const char *file, const char *image)
{
	const char *slash = strrchr(image, '/'), *colon = strrchr(slash ?: image, ':');
	const bool docker = starts_with(prefix, "docker");
	const char *name = docker ? image : colon ? colon + 1 : "latest";
	char *text = NULL;

	if (strchr(image, '@') ||
	    (docker && strlen(image) >= 12 && strspn(image, "0123456789abcdef") == strlen(image)))
		return asprintf(&text, "%s%s", prefix, file) < 0 ? NULL : text;
	return asprintf(&text, "%s%s:%s", prefix, file, name) < 0 ? NULL : text;
}

static int run_save(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct save_opts *o = opts;
	struct copy_opts co = { 0 };
	auto_copy_end from = { 0 }, to = { 0 };
	auto_free char *source = NULL, *dest = NULL;
	struct copy_done done = { 0 };
	auto_road road = { 0 };
	const char *prefix = "";
	int r = prefix_of(o->format ?: "docker-archive", &prefix, e);

	(void)argc;
	if (r == 0 && !o->output && isatty(STDOUT_FILENO))
		r = err_hint(e, FAIL(e, E_USAGE, "an archive is not for a terminal"),
			     "plimsoll save -o FILE %s", argv[0]);
	if (r < 0)
		return r;
	dest = destination(prefix, o->output ?: "-", argv[0]);
	if (!dest || asprintf(&source, "store:%s", argv[0]) < 0)
		return FAIL_NOMEM(e);
	r = copy_end_parse(source, &from, e);
	if (r == 0)
		r = copy_end_parse(dest, &to, e);
	if (r == 0)
		r = cli_road(c, argv[0], &road, e);
	return r == 0 ? step_copy(&road, &from, &to, &co, &done, e) : r;
}

static const struct opt save_table[] = {
	OPT_AT(struct save_opts, output, "output", 'o', OPT_STRING, "FILE",
	       "write there, not to standard output"),
	OPT_AT(struct save_opts, format, "format", 0, OPT_STRING, "FORMAT",
	       "docker-archive (default), oci-archive, oci-dir"),
	OPT_END,
};

const struct command cmd_save = {
	.name = "save",
	.group = "Images",
	.args = "IMAGE",
	.brief = "Write an image to an archive",
	.details = "docker's and podman's word for plimsoll copy store:IMAGE docker-archive:FILE. "
		   "docker's archive has room for one image and for no signature; oci-archive "
		   "takes signatures and SBOMs along. It comes in again by plimsoll import.",
	.example = "plimsoll save -o web.tar web:1\nplimsoll save web:1 | gzip >web.tar.gz",
	.opts = save_table,
	.opts_size = sizeof(struct save_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_save,
};
