/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "cli/container/containers.h"
#include "run/copy/copy.h"

struct cp_opts {
	bool archive, follow;
};

/* One side: "CONTAINER:PATH", a path of the host, or "-". */
struct side {
	char container[LIMIT_NAME + 1]; /* "": the host */
	const char *path;
	bool stream;
};

/* What has a "/" before the ":" is a path, as for docker. */
static int parse_side(const char *text, struct side *ret, struct err *e)
{
	const char *colon = strchr(text, ':');

	*ret = (struct side){ .path = text };
	if (strcmp(text, "-") == 0) {
		ret->stream = true;
		return 0;
	}
	if (!colon || text[0] == '/' || text[0] == '.')
		return *text ? 0 : FAIL(e, E_USAGE, "a path is empty");
	if (colon == text || (size_t)(colon - text) > LIMIT_NAME || !colon[1])
		return FAIL(e, E_USAGE, "'%s': want CONTAINER:PATH", text);
	(void)snprintf(ret->container, sizeof(ret->container), "%.*s", (int)(colon - text), text);
	ret->path = colon + 1;
	return 0;
}

static int place_of(const struct state *state, const struct side *s,
		    const struct copy_source *target_of, bool follow, struct copy_place *ret,
		    struct err *e)
{
	return s->container[0] ? copy_place_container(state, s->container, s->path, target_of,
						      follow, ret, e)
			       : copy_place_host(s->path, target_of, follow, ret, e);
}

static int copy(const struct state *state, const struct side *from, const struct side *to,
		const struct cp_opts *o, uint64_t *ret_skipped, struct err *e)
{
	struct copy_place source = { .dir = -1, .lock = -1 }, target = { .dir = -1, .lock = -1 };
	struct copy_source what = { .name = "" };
	char name[256];
	int r = 0;

	copy_source_name(from->path, name);
	if (!from->stream)
		r = place_of(state, from, NULL, o->follow, &source, e);
	if (!from->stream)
		what = (struct copy_source){ name, source.is_folder };
	if (r == 0 && !to->stream)
		r = place_of(state, to, &what, false, &target, e);
	if (r == 0 && from->stream && target.leaf[0])
		r = FAIL(e, E_NOTFOUND, "'%s' is no folder: an archive is unpacked into one",
			 to->path);
	target.keep_ids = o->archive || from->stream;
	if (r == 0)
		r = to->stream	   ? copy_send(&source, name, STDOUT_FILENO, ret_skipped, e)
		    : from->stream ? copy_receive(&target, STDIN_FILENO, e)
				   : copy_between(&source, &target, ret_skipped, e);
	copy_place_free(&source);
	copy_place_free(&target);
	return r;
}

static int run_cp(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct cp_opts *o = opts;
	const struct state *state;
	struct subject subject;
	struct side from, to;
	uint64_t skipped = 0;
	const char *named;
	int r = parse_side(argv[0], &from, e);

	(void)argc;
	if (r == 0)
		r = parse_side(argv[1], &to, e);
	if (r == 0 && !from.container[0] == !to.container[0])
		r = FAIL(e, E_USAGE, "one side is CONTAINER:PATH, the other a path or -");
	if (r == 0 && to.stream && isatty(STDOUT_FILENO))
		r = FAIL(e, E_USAGE,
			 "an archive is not for a terminal: send it to a file or program");
	if (r == 0)
		r = cli_state(c, &state, e);
	if (r < 0)
		return r;
	named = from.container[0] ? from.container : to.container;
	cli_subject(state, named, &subject);
	r = copy(state, &from, &to, o, &skipped, e);
	if (r == 0 && skipped)
		(void)fprintf(stderr,
			      "plimsoll: cp: %llu devices, sockets, pipes or kernel files were "
			      "left out\n",
			      (unsigned long long)skipped);
	return cli_note_container(c, "cp", named, &subject, r,
				  json_pack("{s:s, s:s}", "direction",
					    from.container[0] ? "out" : "in", "path",
					    from.container[0] ? from.path : to.path),
				  e);
}

static const struct opt cp_table[] = {
	OPT_AT(struct cp_opts, archive, "archive", 'a', OPT_FLAG, NULL,
	       "keep owners (as root; else the new files are the writer's, or root's in there)"),
	OPT_AT(struct cp_opts, follow, "follow-link", 'L', OPT_FLAG, NULL,
	       "when the source is a link, copy what it leads to"),
	OPT_END,
};

const struct command cmd_cp = {
	.name = "cp",
	.group = "Containers",
	.args = "CONTAINER:PATH PATH|- | PATH|- CONTAINER:PATH",
	.brief = "Copy files out of a container or into it, running or not",
	.details = "A folder that is there takes the source under its own name, or its contents "
		   "for 'FOLDER/.'; what is not there gets the new name. - is a tar stream. Of a "
		   "container that does not run its root and volumes are there, not what was in "
		   "memory. No "
		   "program of the container is used, and no link in it leads out. Devices, "
		   "sockets, pipes, /proc and /sys are left out; setuid bits do not come out.",
	.example = "plimsoll cp web:/var/log/nginx .\nplimsoll cp site/. web:/srv/www\n"
		   "plimsoll cp web:/etc - | tar -t",
	.opts = cp_table,
	.opts_size = sizeof(struct cp_opts),
	.min_args = 2,
	.max_args = 2,
	.run = run_cp,
};
