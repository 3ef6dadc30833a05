/* SPDX-License-Identifier: Apache-2.0 */
/* What is done before and after a container is started: others that make room, files, the image. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/build/road.h"
#include "cli/container/containers.h"
#include "cli/container/run_attempt.h"
#include "cli/image/images.h"
#include "run/run.h"

enum { LIMIT_PID = 32 };

static int check_new(const char *option, const char *path, struct err *e)
{
	if (!path || access(path, F_OK) < 0)
		return 0;
	return err_hint(e, FAIL(e, E_USAGE, "--%s: '%s' is there already", option, path), "rm %s",
			path);
}

int run_check_files(const struct run_cli_opts *o, struct err *e)
{
	int r = check_new("cidfile", o->cidfile, e);

	return r == 0 ? check_new("pidfile", o->pidfile, e) : r;
}

int run_before(const struct state *state, struct cli *c, const struct attempt *a, struct err *e)
{
	auto_container found = CONTAINER_INIT;
	struct subject subject;
	int r;

	if (!a->opts->replace || a->again)
		return 0;
	r = container_find(state, a->opts->name, &found, NULL);
	/* A name, not the beginning of another one's id. */
	if (r < 0 || strcmp(found.name, a->opts->name) != 0)
		return 0;
	cli_subject(state, found.id, &subject);
	r = run_remove(state, found.id, true, e);
	r = cli_note_container(c, "rm", found.name, &subject, r, NULL, e);
	return r < 0 ? WRAP(e, r, "--replace") : 0;
}

/* Only once it is there, and never over what somebody else wrote. */
static int write_new(const char *option, const char *path, const char *text, struct err *e)
{
	auto_close int fd = fs_open_user(path, O_WRONLY | O_CREAT | O_EXCL, 0644, e);

	return fd < 0 ? WRAP(e, fd, "--%s", option) : fs_write_all(fd, text, strlen(text), e);
}

static int write_pid(const struct state *state, const char *path, const char *id, struct err *e)
{
	auto_container found = CONTAINER_INIT;
	auto_buf text = BUF_INIT(LIMIT_PID);
	int r = container_find(state, id, &found, e);

	if (r == 0)
		r = fs_read(found.fd, "pidfile", LIMIT_PID - 1, &text, e);
	return r == 0 ? write_new("pidfile", path, buf_str(&text), e) : r;
}

/* Containers of one image but this one, which its supervisor may be about to remove. */
struct users {
	const char *digest, *id;
	size_t n;
};

static int count_user(void *arg, struct container *c, struct err *e)
{
	struct users *u = arg;

	(void)e;
	u->n += strcmp(c->digest ?: "", u->digest) == 0 && strcmp(c->id, u->id) != 0;
	return 0;
}

/* Its name goes, unless another container is of that image. */
static int remove_image(const struct road *road, struct cli *c, const char *id, struct err *e)
{
	struct users users = { road->image.digest.s, id, 0 };
	auto_buf name = BUF_INIT(LIMIT_REF + 128);
	struct ref ref;
	struct desc d;
	int r = container_each(road->state, count_user, &users, e);

	if (users.n > 0)
		return r;
	if (r == 0)
		r = store_lookup(road->store, road->name, &ref, &d, e);
	if (r < 0 || !ref.name[0])
		return r;
	ref_stored(&ref, &name);
	r = store_untag(road->store, buf_str(&name), e);
	return r == 0 ? cli_collect(c, road->store, e) : WRAP(e, r, "--rmi");
}

int run_after(const struct road *road, struct cli *c, const struct attempt *a, const char *id,
	      struct err *e)
{
	const struct run_cli_opts *o = a->opts;
	int r = o->cidfile ? write_new("cidfile", o->cidfile, id, e) : 0;

	if (r == 0 && o->pidfile && !a->create_only)
		r = write_pid(road->state, o->pidfile, id, e);
	if (r == 0 && o->rmi && !a->create_only)
		r = remove_image(road, c, id, e);
	return r;
}
