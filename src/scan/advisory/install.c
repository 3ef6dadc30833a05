/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/install.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scan/advisory/checks.h"
#include "scan/advisory/db.h"

/* A folder of its own beneath tmp/, looks like a state folder to advisory_db_open(). */
struct stage {
	const struct state *state;
	char name[96];
	struct state as;
};

static void stage_release(struct stage *s)
{
	if (s->as.fd >= 0)
		(void)close(s->as.fd);
	free(s->as.path);
	if (*s->name)
		(void)fs_remove_tree(s->state->fd, s->name, NULL);
}

static int stage_open(struct stage *s, const struct state *state, struct err *e)
{
	auto_buf path = BUF_INIT(8192);
	char name[64];
	int r = fs_temp_name("advisories-", name, sizeof(name), e);

	if (r < 0)
		return r;
	s->state = state;
	(void)snprintf(s->name, sizeof(s->name), "tmp/%s", name);
	r = fs_mkdir_p(state->fd, s->name, 0700, e);
	if (r < 0)
		return r;
	s->as.fd = fs_open_nolink(state->fd, s->name, O_RDONLY | O_DIRECTORY, 0, e);
	if (s->as.fd < 0)
		return s->as.fd;
	buf_printf(&path, "%s/%s", state->path, s->name);
	s->as.path = strdup(buf_str(&path));
	return s->as.path ? 0 : FAIL_NOMEM(e);
}

static int write_db(const struct stage *s, int from, struct err *e)
{
	auto_close int to =
		fs_open_nolink(s->as.fd, ADVISORY_DB, O_WRONLY | O_CREAT | O_EXCL, 0644, e);
	int r = to < 0 ? to : fs_copy(to, from, UINT64_MAX, e);

	if (r == 0 && fsync(to) < 0)
		r = FAIL_SYS(e, "write the advisories");
	return r;
}

int advisory_db_install(const struct state *state, int from, const json_t *checks, struct err *e)
{
	__attribute__((cleanup(stage_release))) struct stage stage = { .as = { .fd = -1 } };
	auto_release(advisory_db_close) struct advisory_db *db = NULL;
	auto_close int lock = -1;
	int64_t date;
	int r = stage_open(&stage, state, e);

	r = r < 0 ? r : write_db(&stage, from, e);
	r = r < 0 ? r : advisory_db_open(&db, &stage.as, e);
	r = r < 0 ? r : advisory_db_date(db, &date, e);
	if (r < 0)
		return r;
	lock = fs_lock(state->fd, "advisories.lock", 60 * 1000, e);
	if (lock < 0)
		return WRAP(e, lock, "another import is running");
	/* The database first: should we end between the two, it looks older than it is, until the
	 * next fetch. */
	if (renameat(stage.as.fd, ADVISORY_DB, state->fd, ADVISORY_DB) < 0)
		return FAIL_SYS(e, "replace %s/" ADVISORY_DB, state->path);
	r = advisory_checks_save(state, checks, e);
	if (r == 0 && fsync(state->fd) < 0)
		r = FAIL_SYS(e, "write %s", state->path);
	return r;
}
