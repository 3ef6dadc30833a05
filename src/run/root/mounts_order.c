/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts within mounts. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "run/root/mounts.h"

static size_t depth(const char *path)
{
	size_t n = 0;

	for (; *path; path++)
		n += *path == '/';
	return n;
}

/* A folder is mounted before what is mounted within it, whatever was asked for first. */
static void sort(struct mounts *m)
{
	for (size_t i = 1; i < m->n; i++) {
		const struct spec_mount one = m->v[i];
		size_t at = i;

		for (; at > 0 && depth(m->v[at - 1].target) > depth(one.target); at--)
			m->v[at] = m->v[at - 1];
		m->v[at] = one;
	}
}

/* The runtime makes what is missing of a mount's target within another mount, and would follow a
 * link there: what a volume holds is not the user's word. */
static int check_within(const struct spec_mount *outer, const struct spec_mount *inner,
			struct err *e)
{
	const char *rest = inner->target + strlen(outer->target);
	auto_close int folder = -1, there = -1;

	if (strcmp(outer->type, "bind") != 0 || !starts_with(inner->target, outer->target) ||
	    *rest != '/')
		return 0;
	folder = open(outer->source, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return FAIL_SYS(e, "open what is mounted on '%s'", outer->target);
	there = fs_open_nolink(folder, rest + 1, O_PATH, 0, e);
	return there >= 0 || there == E_NOTFOUND
		       ? 0
		       : WRAP(e, E_USAGE, "'%s' lies in what is mounted on '%s'", inner->target,
			      outer->target);
}

int mounts_order(struct mounts *m, struct err *e)
{
	int r = 0;

	sort(m);
	for (size_t i = 0; i < m->n; i++)
		for (size_t k = i + 1; r == 0 && k < m->n; k++)
			r = check_within(&m->v[i], &m->v[k], e);
	return r;
}
