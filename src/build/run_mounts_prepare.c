/* SPDX-License-Identifier: Apache-2.0 */
/* RUN --mount: what the command is to see, made ready where the runtime can bind it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "build/run_agent.h"
#include "build/run_mounts.h"

/* A copy: as an image would have it (owner root, times as in a layer), without what .dockerignore
 * leaves out, and what the command writes is lost with it. */
static int prepare_context(struct stage_work *s, struct step_mount *m, int64_t newest,
			   struct err *e)
{
	const struct source_root root = { s->w->ctx.fd, &s->w->ctx.ignore, false };
	const struct source *src = &m->sources.v[0];
	char dir[32], within[48];
	int r = area_dir(&s->w->area, dir, e);

	if (r < 0)
		return r;

	auto_close int fd = fs_open_nolink(s->w->area.fd, dir, O_RDONLY | O_DIRECTORY, 0, e);
	const struct tree_copy c = { .root = fd,
				     .target = "/c",
				     .clamp = m->exact >= 0 ? m->exact : step_epoch(s, newest),
				     .exact = m->exact >= 0 };

	if (fd < 0)
		return fd;
	m->folder = S_ISDIR(src->st.st_mode);
	r = tree_copy(&c, &root, src, e);
	(void)snprintf(within, sizeof(within), "%s/c", dir);
	return r < 0 ? r : area_path(&s->w->area, within, &m->path, e);
}

static int prepare_empty(struct stage_work *s, struct step_mount *m, struct err *e)
{
	char dir[32];
	int r = area_dir(&s->w->area, dir, e);

	m->folder = true;
	return r < 0 ? r : area_path(&s->w->area, dir, &m->path, e);
}

/* Opens m.source in the mounted layers as a chroot would. */
static int open_source(struct step_mount *m, struct err *e)
{
	struct err why = ERR_INIT;
	int fd = fs_open_in_root(m->mounted.root, m->m.source, O_PATH, 0, &why);

	if (fd == E_NOTFOUND)
		return FAIL(e, E_FORMAT, "'%.200s' is not in '%.100s'", m->m.source, m->m.from);
	return fd < 0 ? FAIL(e, why.code, "%s", why.msg) : fd;
}

/* Changeable either way: places to mount on may have to be made in it, and are lost with it. */
static int prepare_layers(struct stage_work *s, struct step_mount *m, struct err *e)
{
	char link[32], path[4096];
	struct stat st;
	ssize_t n;
	int r = mount_draft(s->w, m->from, MOUNT_CHANGE, &m->mounted, e);

	if (r < 0)
		return r;

	auto_close int fd = open_source(m, e);

	if (fd < 0)
		return fd;
	n = readlink(fs_fd_path(fd, link), path, sizeof(path) - 1);
	if (n < 0 || fstat(fd, &st) < 0)
		return FAIL_SYS(e, "find '%.200s'", m->m.source);
	path[n] = '\0';
	m->folder = S_ISDIR(st.st_mode);
	if (!m->folder && !S_ISREG(st.st_mode))
		return FAIL(e, E_FORMAT, "'%.200s' is neither a file nor a folder", m->m.source);
	m->path = strdup(path);
	return m->path ? 0 : FAIL_NOMEM(e);
}

/* What a cache begins as: a folder of the layers it comes from. */
struct filling {
	struct stage_work *s;
	struct step_mount *m;
};

static int fill_cache(void *arg, int dir, struct err *e)
{
	struct filling *f = arg;
	struct step_mount *m = f->m;
	int r = mount_draft(f->s->w, m->from, MOUNT_READ, &m->mounted, e);

	if (r < 0)
		return r;

	auto_close int from = open_source(m, e);
	const struct source_root root = { .fd = m->mounted.root, .keep_owner = true };
	const struct tree_copy c = { .root = dir, .target = "/", .into = true, .clamp = INT64_MAX };
	struct source src = { .fd = from, .path = m->m.source };

	if (from < 0)
		return from;
	if (fstat(from, &src.st) < 0)
		return FAIL_SYS(e, "find '%.200s'", m->m.source);
	if (!S_ISDIR(src.st.st_mode))
		return FAIL(e, E_FORMAT, "'%.200s' is not a folder", m->m.source);
	r = tree_copy(&c, &root, &src, e);
	/* The folder itself is there already, so its owner and mode are not copied with it. */
	if (r == 0 && (fchown(dir, src.st.st_uid, src.st.st_gid) < 0 ||
		       fchmod(dir, src.st.st_mode & 07777) < 0))
		r = FAIL_SYS(e, "make cache folder");
	return r;
}

static int prepare_cache(struct stage_work *s, struct step_mount *m, struct err *e)
{
	struct filling f = { s, m };
	auto_free char *source = NULL;
	struct digest from;
	int r;

	if (asprintf(&source, "/%s", m->m.source) < 0) {
		source = NULL;
		return FAIL_NOMEM(e);
	}
	path_clean(source);

	const struct cache_mount_want want = { .id = m->m.id ? m->m.id : m->target,
					       .from = m->from ? &from : NULL,
					       .source = source,
					       .m = &m->m };

	if (m->from)
		draft_digest(m->from, &from);
	r = cache_mount_open(s->w->o->state, &want, m->from ? fill_cache : NULL, &f, &m->cache, e);
	mounted_close(&m->mounted);
	m->folder = true;
	if (r == 0)
		m->path = strdup(m->cache.path);
	return r == 0 && !m->path ? FAIL_NOMEM(e) : r;
}

/* A file system of this process's mount namespace alone, and never swapped where the kernel can
 * promise that: it is gone when the build is, however that ends. */
static int need_memory(struct stage_work *s, struct step_mounts *all, struct err *e)
{
	auto_free char *path = NULL;
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
	char dir[32];
	int r;

	if (all->memory)
		return 0;
	r = area_dir(&s->w->area, dir, e);
	if (r == 0)
		r = area_path(&s->w->area, dir, &path, e);
	if (r < 0)
		return r;
	if (mount("tmpfs", path, "tmpfs", flags, "mode=0700,noswap") < 0 &&
	    (errno != EINVAL || mount("tmpfs", path, "tmpfs", flags, "mode=0700") < 0))
		return FAIL_SYS(e, "mount a file system in memory");
	all->memory = TAKE(path);
	return 0;
}

static const struct build_secret *find_secret(const struct build_opts *o, const char *id)
{
	for (size_t i = 0; i < o->secrets_n; i++)
		if (strcmp(o->secrets[i].id, id) == 0)
			return &o->secrets[i];
	return NULL;
}

static int secret_file(const struct step_mounts *all, struct step_mount *m,
		       const struct build_secret *secret, struct err *e)
{
	auto_close int fd = -1;
	int r;

	if (asprintf(&m->path, "%s/%zu", all->memory, (size_t)(m - all->v)) < 0) {
		m->path = NULL;
		return FAIL_NOMEM(e);
	}
	fd = open(m->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return FAIL_SYS(e, "make a secret's file");
	r = fs_write_all(fd, secret->data, secret->n, e);
	if (r == 0 && (fchown(fd, m->m.uid, m->m.gid) < 0 || fchmod(fd, m->m.mode) < 0))
		r = FAIL_SYS(e, "set owner and mode of a secret");
	return r;
}

static int secret_variable(struct step_mounts *all, const struct step_mount *m,
			   const struct build_secret *secret, struct err *e)
{
	auto_free char *value = str_dup((struct str){ secret->data, secret->n });
	int r;

	if (!value)
		return FAIL_NOMEM(e);
	if (!str_utf8((struct str){ secret->data, secret->n }))
		r = FAIL(e, E_FORMAT,
			 "the secret '%.100s' holds bytes that no variable can: mount it as a file",
			 m->m.id);
	else
		r = vars_set(&all->env, m->m.env, value, e);
	explicit_bzero(value, strlen(value));
	return r;
}

static int prepare_secret(struct stage_work *s, struct step_mounts *all, struct step_mount *m,
			  struct err *e)
{
	const struct build_secret *secret = find_secret(s->w->o, m->m.id);
	int r;

	if (!secret && !m->m.required)
		return 0;
	if (!secret) {
		r = FAIL(e, E_FORMAT, "the secret '%.100s' is required and was not given", m->m.id);
		return err_hint(e, r, "--secret id=%.100s,src=FILE", m->m.id);
	}
	r = need_memory(s, all, e);
	if (r == 0 && m->m.env)
		r = secret_variable(all, m, secret, e);
	return r == 0 && m->target ? secret_file(all, m, secret, e) : r;
}

static int prepare_agent(struct stage_work *s, struct step_mounts *all, struct step_mount *m,
			 struct err *e)
{
	const struct build_opts *o = s->w->o;
	const char *agent = NULL;
	int r;

	for (size_t i = 0; i < o->agents_n; i++)
		if (strcmp(o->agents[i].id, m->m.id) == 0)
			agent = o->agents[i].socket;
	if (!agent && !m->m.required)
		return 0;
	if (!agent) {
		r = FAIL(e, E_FORMAT, "the SSH agent '%.100s' is required and was not given",
			 m->m.id);
		return err_hint(e, r, "--ssh %.100s", m->m.id);
	}
	r = need_memory(s, all, e);
	if (r < 0)
		return r;
	if (asprintf(&m->path, "%s/%zu", all->memory, (size_t)(m - all->v)) < 0) {
		m->path = NULL;
		return FAIL_NOMEM(e);
	}
	r = run_agent_start(m->path, &m->m, agent, &all->agents[all->agents_n], e);
	if (r < 0)
		return r;
	all->agents_n++;
	return vars_get(&all->env, "SSH_AUTH_SOCK")
		       ? 0
		       : vars_set(&all->env, "SSH_AUTH_SOCK", m->target, e);
}

static int prepare_one(struct stage_work *s, struct step_mounts *all, struct step_mount *m,
		       struct err *e)
{
	switch (m->m.type) {
	case RUN_MOUNT_BIND:
		return m->empty	 ? prepare_empty(s, m, e)
		       : m->from ? prepare_layers(s, m, e)
				 : prepare_context(s, m, all->time.newest, e);
	case RUN_MOUNT_CACHE: return prepare_cache(s, m, e);
	case RUN_MOUNT_SECRET: return prepare_secret(s, all, m, e);
	case RUN_MOUNT_SSH: return prepare_agent(s, all, m, e);
	case RUN_MOUNT_TMPFS: m->folder = true; break;
	}
	return 0;
}

static int by_target(const void *a, const void *b)
{
	const struct build_mount *x = a, *y = b;

	return strcmp(x->target, y->target);
}

/* What is there to be mounted, what holds others before what lies in it. */
static int put_out(struct step_mounts *all, struct err *e)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct step_mount *m = &all->v[i];

		if (m->m.type != RUN_MOUNT_TMPFS && !m->path)
			continue;
		for (size_t k = 0; k < all->out_n; k++)
			if (strcmp(all->out[k].target, m->target) == 0)
				return FAIL(e, E_FORMAT, "two mounts have the target '%.200s'",
					    m->target);
		all->out[all->out_n++] = (struct build_mount){
			.target = m->target,
			.source = m->path,
			.folder = m->folder,
			.read_only = m->m.read_only,
			.secret = m->m.type == RUN_MOUNT_SECRET || m->m.type == RUN_MOUNT_SSH,
			.size = m->m.size,
		};
	}
	qsort(all->out, all->out_n, sizeof(*all->out), by_target);
	return 0;
}

int step_mounts_prepare(struct stage_work *s, const struct df_node *n, struct step_mounts *m,
			struct err *e)
{
	int r = 0;

	m->out = calloc(m->n ? m->n : 1, sizeof(*m->out));
	m->agents = calloc(m->n ? m->n : 1, sizeof(*m->agents));
	if (!m->out || !m->agents)
		return FAIL_NOMEM(e);
	for (size_t i = 0; r == 0 && i < m->n; i++) {
		const struct df_flag *f = m->v[i].flag;

		r = prepare_one(s, m, &m->v[i], e);
		if (r < 0)
			r = df_wrap(s->scope.df, n, f->at, f->len, r, e);
	}
	return r < 0 ? r : put_out(m, e);
}
