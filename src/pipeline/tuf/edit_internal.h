/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pipeline/tuf/edit.h"

/* What the files of tuf_edit.h share. */

static inline uint64_t tuf_body_version(const json_t *body)
{
	return (uint64_t)json_integer_value(json_object_get(body, "version"));
}

/* Signs what changed, what a new root takes the keys of, and what is to be renewed; x->files is
 * what will be published. */
int tuf_edit_write(struct tuf_edit *x, struct err *e);
/* A file among the files, in the place of the role's older one (but roots stay, all of them). */
int tuf_edit_put_file(struct tuf_edit *x, const char *role, uint64_t version, struct str bytes,
		      struct err *e);
/* The files as they are before a change. */
int tuf_edit_put_files(struct tuf_edit *x, struct err *e);
