/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Between the files that read registries.conf; nobody else includes this. */
#include "registry/conf/registries.h"
#include "registry/conf/toml.h"

/* Where a value stands, for messages: "registry[0].mirror[1].location". */
struct conf_at {
	char s[520];
};
struct conf_at conf_below(const char *table, const char *key);

/* Of a table: NULL and false when the key is not there, E_FORMAT when it is of another type. */
int conf_get_string(const struct toml *t, const json_t *o, const char *table, const char *key,
		    const char **ret, struct err *e);
int conf_get_bool(const struct toml *t, const json_t *o, const char *table, const char *key,
		  bool *ret, struct err *e);
/* E_FORMAT for a key that is none of `known`. */
int conf_check_keys(const struct toml *t, const json_t *o, const char *table, const char *known,
		    struct err *e);

/* entries.c: [[registry]]. */
/* "HOST[:PORT][/NAME…]" without its last "/"; *ret is owned. path: where it stands. */
int conf_get_location(const struct toml *t, const char *path, const char *s, char **ret,
		      struct err *e);
int conf_read_entries(const struct toml *t, struct registries *into, struct err *e);
void conf_entry_free(struct conf_entry *x);
