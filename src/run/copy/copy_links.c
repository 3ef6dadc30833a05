/* SPDX-License-Identifier: Apache-2.0 */
/* Several names of one file. */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/str.h"
#include "run/copy/copy_end.h"

enum { BUCKETS = 4096 };

struct known {
	dev_t dev;
	ino_t ino;
	char *name;
	struct known *next;
};

/* Ends with the process. */
struct links {
	struct known *buckets[BUCKETS];
	size_t n;
};

int links_name(struct links **l, const struct stat *st, const char *name, const char **ret_first,
	       struct err *e)
{
	struct known **bucket, *new;

	*ret_first = NULL;
	if (!*l && !(*l = calloc(1, sizeof(**l))))
		return FAIL_NOMEM(e);
	bucket = &(*l)->buckets[st->st_ino % BUCKETS];
	for (const struct known *k = *bucket; k; k = k->next)
		if (k->ino == st->st_ino && k->dev == st->st_dev) {
			*ret_first = k->name;
			return 0;
		}
	if ((*l)->n == LIMIT_LINKS_SENT)
		return 0;
	new = malloc(sizeof(*new));
	if (!new)
		return FAIL_NOMEM(e);
	*new = (struct known){ st->st_dev, st->st_ino, str_dup(str_of(name)), *bucket };
	if (!new->name) {
		free(new);
		return FAIL_NOMEM(e);
	}
	*bucket = new;
	(*l)->n++;
	return 0;
}
