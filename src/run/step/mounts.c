/* SPDX-License-Identifier: Apache-2.0 */
#include "run/step/mounts.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "run/root/rootfs.h"

void step_binds_free(struct step_binds *b)
{
	strv_free(&b->strings);
	b->n = 0;
}

/* What lies below outer, "/" before it; NULL when path does not. */
static const char *below(const char *path, const char *outer)
{
	size_t n = strlen(outer);

	return strncmp(path, outer, n) == 0 && path[n] == '/' ? path + n : NULL;
}

/* The innermost mount before binds[i] that holds its target; -1: the root itself. */
static long holder_of(const struct step_bind *binds, size_t i)
{
	for (size_t k = i; k-- > 0;)
		if (below(binds[i].target, binds[k].target))
			return (long)k;
	return -1;
}

enum { MODE_FRESH = 01777 };

/* rootfs_target(), and the mode of a folder that was there before. */
static int find_target(int root, const char *path, bool folder, struct strv *made, char **ret,
		       mode_t *ret_mode, struct err *e)
{
	size_t before = made->n;
	struct stat st;
	int r = rootfs_target(root, path, folder, made, ret, e);

	if (r < 0 || !folder || made->n != before)
		return r;

	auto_close int fd = fs_open_nolink(root, *ret + 1, O_PATH, 0, e);

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return FAIL_SYS(e, "read '%s'", path);
	*ret_mode = st.st_mode & 07777;
	return 0;
}

/* Where the target really is, made when missing; owned. *ret_mode is only written when it was not,
 * and is a folder. */
static int find_place(int root, const struct step_bind *binds, size_t i,
		      const struct step_binds *done, struct strv *made, char **ret,
		      mode_t *ret_mode, struct err *e)
{
	const struct step_bind *b = &binds[i];
	long k = holder_of(binds, i);
	auto_free char *within = NULL;
	int r;

	if (k < 0)
		return find_target(root, b->target, b->folder, made, ret, ret_mode, e);
	if (!binds[k].folder)
		return FAIL(e, E_USAGE, "mount target '%s' lies in the file '%s'", b->target,
			    binds[k].target);
	/* In a fresh tmpfs nothing leads anywhere; the runtime makes what is missing. */
	if (!binds[k].source) {
		within = strdup(below(b->target, binds[k].target));
		r = within ? 0 : FAIL_NOMEM(e);
	} else {
		auto_close int outer = open(binds[k].source, O_PATH | O_DIRECTORY | O_CLOEXEC);
		auto_strv stay = { 0 };

		if (outer < 0)
			return FAIL_SYS(e, "open '%s'", binds[k].source);
		r = find_target(outer, below(b->target, binds[k].target), b->folder, &stay, &within,
				ret_mode, e);
	}
	if (r == 0 && asprintf(ret, "%s%s", done->v[k].target, within) < 0)
		r = FAIL_NOMEM(e);
	return r;
}

static int keep(struct step_binds *b, const char *s, const char **ret, struct err *e)
{
	int r = strv_add(&b->strings, s, e);

	*ret = r < 0 ? NULL : b->strings.v[b->strings.n - 1];
	return r;
}

static int add(struct step_binds *ret, const struct step_bind *b, const char *place, mode_t mode,
	       struct err *e)
{
	struct spec_mount *m = &ret->v[ret->n];
	char options[128], size[48] = "", kind[24] = "bind";
	int r;

	if (b->size)
		(void)snprintf(size, sizeof(size), ",size=%llu", (unsigned long long)b->size);
	if (!b->source)
		(void)snprintf(kind, sizeof(kind), "mode=%o", (unsigned)mode);
	(void)snprintf(options, sizeof(options), "%s%s,nosuid,nodev%s%s", kind,
		       b->read_only ? ",ro" : "", b->no_exec ? ",noexec" : "", size);
	m->type = b->source ? "bind" : "tmpfs";
	r = keep(ret, place, &m->target, e);
	if (r == 0)
		r = keep(ret, b->source ? b->source : "tmpfs", &m->source, e);
	if (r == 0)
		r = keep(ret, options, &m->options, e);
	ret->n += r == 0;
	return r;
}

int step_binds_make(int root, const struct step_bind *binds, size_t n, struct strv *made,
		    struct step_binds *ret, struct err *e)
{
	int r = 0;

	if (n > LIMIT_STEP_MOUNTS)
		return FAIL(e, E_USAGE, "more than %d mounts", LIMIT_STEP_MOUNTS);
	for (size_t i = 0; r == 0 && i < n; i++) {
		auto_free char *place = NULL;
		mode_t mode = MODE_FRESH;

		r = find_place(root, binds, i, ret, made, &place, &mode, e);
		if (r == 0)
			r = add(ret, &binds[i], place, mode, e);
	}
	return r;
}
