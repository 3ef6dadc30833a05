/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pipeline/base/apt.h"
#include "pipeline/base/base.h"

/* How a base is made: what its annotation says. */
struct recipe {
	char suite[LIMIT_SUITE + 1];
	enum base_variant variant;
	bool slim;
	struct strv include; /* sorted, each once */
};
void recipe_free(struct recipe *r);
static inline void recipe_release(struct recipe *r)
{
	recipe_free(r);
}
#define auto_recipe __attribute__((cleanup(recipe_release))) struct recipe
int recipe_of(const struct base_opts *o, struct recipe *ret, struct err *e);
json_t *recipe_json(const struct recipe *r); /* owned; NULL: out of memory */
/* The recipe of an image; E_NOTFOUND when it has none. */
int recipe_read(const struct store *s, const struct desc *image, struct recipe *ret, struct err *e);

/* base_debstrap.c: a root filesystem archive into the file out (from its start), and what the
 * archive was at that time: {"suite","sha256"} of each signed release. */
int debstrap_run(const struct archive_apt *apt, const struct recipe *r, int64_t epoch, int out,
		 json_t **ret_releases, struct err *e);

/* base_filter.c: from a root filesystem archive with dpkg's database to one with the files of the
 * wanted packages and what they need, and a package list of just those. in is read from its start,
 * both parsed and written in the sandbox. */
int filter_run(int in, int out, const char *const *wanted, size_t n, struct err *e);
