/* SPDX-License-Identifier: Apache-2.0 */
/* RUN --mount: what the flags name, and what of it counts in the step's key. */
#include "build/run_mounts.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "base/cleanup.h"

static void step_mount_free(struct step_mount *m)
{
	run_mount_free(&m->m);
	draft_free(&m->image);
	sources_free(&m->sources);
	mounted_close(&m->mounted);
	cache_mount_close(&m->cache);
	free(m->pattern);
	free(m->target);
	free(m->path);
}

void step_mounts_free(struct step_mounts *m)
{
	for (size_t i = 0; i < m->agents_n; i++) {
		(void)kill(m->agents[i], SIGKILL);
		while (waitpid(m->agents[i], NULL, 0) < 0 && errno == EINTR)
			;
	}
	for (size_t i = 0; i < m->n; i++)
		step_mount_free(&m->v[i]);
	if (m->memory)
		(void)umount2(m->memory, MNT_DETACH);
	for (size_t i = 0; i < m->env.v.n; i++)
		explicit_bzero(m->env.v.v[i], strlen(m->env.v.v[i]));
	vars_free(&m->env);
	free(m->agents);
	free(m->memory);
	free(m->out);
	free(m->v);
	*m = STEP_MOUNTS_NONE;
}

/* Settles which layers a bind or cache comes from. */
static int find_from(struct stage_work *s, struct step_mount *m, struct err *e)
{
	struct desc image;
	long at = -1;
	int r;

	if (strcasecmp(m->m.from, "scratch") == 0) {
		m->empty = true;
		return 0;
	}
	r = plan_find_stage(&s->w->plan, m->m.from, &at, e);
	if (r < 0)
		return r;
	if (at >= 0)
		return stage_draft(s->w, (size_t)at, &m->from, e);
	m->from = &m->image;
	r = named_draft(s->w, m->m.from, false, &m->image, e);
	if (r != 0)
		return r > 0 ? 0 : r;
	r = find_base(s->w, m->m.from, &image, e);
	if (r == 0)
		r = draft_from_image(s->w->o->store, &image, &m->image, e);
	m->from = &m->image;
	return r;
}

/* A path of the context as a pattern that matches only itself. */
static int find_in_context(struct stage_work *s, struct step_mount *m, struct err *e)
{
	struct source_root root = { s->w->ctx.fd, &s->w->ctx.ignore, false };
	auto_buf pattern = BUF_INIT(2 * LIMIT_RUN_MOUNT_NAME + 2);
	const char *p = m->m.source + strspn(m->m.source, "/");
	int r;

	for (; *p; p++) {
		if (strchr("*?[]\\", *p))
			buf_putc(&pattern, '\\');
		buf_putc(&pattern, *p);
	}
	if (pattern.n == 0)
		buf_puts(&pattern, ".");
	r = buf_check(&pattern, "source", e);
	if (r < 0)
		return r;
	m->pattern = buf_take(&pattern);
	return m->pattern ? sources_find(&root, m->pattern, &m->sources, e) : FAIL_NOMEM(e);
}

static int find_target(const struct stage_work *s, struct step_mount *m, size_t agents,
		       struct err *e)
{
	auto_free char *own = NULL;
	const char *target = m->m.target, *base = NULL;
	int r;

	if (!target && m->m.type == RUN_MOUNT_SECRET && m->m.env)
		return 0;
	if (!target) {
		base = m->m.id ? strrchr(m->m.id, '/') : NULL;
		r = m->m.type == RUN_MOUNT_SSH
			    ? asprintf(&own, "/run/buildkit/ssh_agent.%zu", agents)
			    : asprintf(&own, "/run/secrets/%s", base ? base + 1 : m->m.id);
		if (r < 0)
			return FAIL_NOMEM(e);
		target = own;
	}
	r = scope_path(&s->scope, target, &m->target, e);
	if (r == 0 && (m->target[0] != '/' || !m->target[1]))
		r = FAIL(e, E_FORMAT, "--mount: the target is the root itself");
	return r;
}

static int read_one(struct stage_work *s, const struct df_node *n, const struct df_flag *f,
		    size_t agents, struct step_mount *m, struct err *e)
{
	struct expand x = scope_expand(&s->scope);
	int r;

	*m = (struct step_mount){ .flag = f, .mounted = MOUNTED_NONE, .cache = CACHE_MOUNT_NONE };
	r = run_mount_parse(f->value, &x, &m->m, e);
	if (r == 0)
		r = find_target(s, m, agents, e);
	if (r == 0 && m->m.from)
		r = find_from(s, m, e);
	else if (r == 0 && m->m.type == RUN_MOUNT_BIND)
		r = find_in_context(s, m, e);
	return r < 0 ? df_wrap(s->scope.df, n, f->at, f->len, r, e) : 0;
}

int step_mounts_read(struct stage_work *s, const struct df_node *n, struct step_mounts *ret,
		     struct err *e)
{
	size_t agents = 0;
	int r = 0;

	ret->v = calloc(n->flags_n ? n->flags_n : 1, sizeof(*ret->v));
	if (!ret->v)
		return FAIL_NOMEM(e);
	for (size_t i = 0; r == 0 && i < n->flags_n; i++) {
		const struct df_flag *f = &n->flags[i];

		if (strcmp(f->name, "mount") != 0)
			continue;
		if (ret->n == LIMIT_RUN_MOUNTS)
			return df_fail(s->scope.df, n, f->at, f->len, e, "more than %d mounts",
				       LIMIT_RUN_MOUNTS);
		r = read_one(s, n, f, agents, &ret->v[ret->n++], e);
		agents += r == 0 && ret->v[ret->n - 1].m.type == RUN_MOUNT_SSH;
	}
	return r;
}

static void put_number(struct keyer *k, uint64_t v)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
	keyer_put(k, text);
}

static void key_of(const struct step_mount *m, struct keyer *k)
{
	const struct run_mount *r = &m->m;
	struct digest from = { "" };

	put_number(k, r->type);
	keyer_put(k, m->target ? m->target : "");
	keyer_put(k, r->id ? r->id : "");
	keyer_put(k, r->source);
	keyer_put(k, r->env ? r->env : "");
	put_number(k, r->read_only);
	put_number(k, r->mode);
	put_number(k, r->uid);
	put_number(k, r->gid);
	put_number(k, r->size);
	if (m->from)
		draft_digest(m->from, &from);
	keyer_put(k, from.s);
}

/* Later than what it was made of no file that the command leaves can be. */
static void see_time(struct step_mounts *all, int64_t newest, bool settled)
{
	if (newest > all->time.newest)
		all->time.newest = newest;
	all->time.settled &= settled;
}

static int context_key(const struct stage_work *s, struct step_mounts *all, struct step_mount *m,
		       struct keyer *k, struct err *e)
{
	const struct source_root root = { .fd = s->w->ctx.fd,
					  .ignore = &s->w->ctx.ignore,
					  .memo = &s->w->memo };
	const struct commit_files f = { .patterns = (const char *const *)&m->pattern,
					.n = 1,
					.found = &m->sources };
	struct step_time t = STEP_TIME_NONE;
	int r = sources_hash(&root, &m->sources, k->h, &t.newest, e);

	if (r == 0)
		r = step_commit_time(s, &f, k, &t, e);
	m->exact = t.exact;
	see_time(all, t.newest, t.settled);
	return r;
}

int step_mounts_key(const struct stage_work *s, struct step_mounts *all, struct keyer *k,
		    struct err *e)
{
	int r = 0;

	all->time = STEP_TIME_NONE;
	for (size_t i = 0; r == 0 && i < all->n; i++) {
		struct step_mount *m = &all->v[i];

		key_of(m, k);
		if (m->m.type != RUN_MOUNT_BIND || m->empty)
			continue;
		if (!m->from) {
			r = context_key(s, all, m, k, e);
			continue;
		}
		put_number(k, m->from->settled ? (uint64_t)m->from->epoch : 0);
		see_time(all, m->from->epoch, m->from->settled);
	}
	put_number(k, all->n);
	return r;
}
