/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "base/json.h"

/*
 * TOML 1.0 (toml.io/en/v1.0.0), as much as containers' configuration files use: tables, arrays of
 * tables, dotted and quoted keys, one-line strings, decimal integers, booleans, arrays and inline
 * tables. Floats, dates, other bases and strings over several lines are refused by name. What TOML
 * forbids is refused, too: a key or a table that stands twice, bad UTF-8, control characters.
 */
enum {
	LIMIT_TOML = 1024 * 1024,
	LIMIT_TOML_DEPTH = 8,	  /* of arrays and inline tables, and of dotted keys */
	LIMIT_TOML_KEYS = 16384,  /* of a file */
	LIMIT_TOML_STRING = 4096, /* bytes of a key or string */
};

struct toml {
	json_t *root;  /* tables as objects; owned */
	json_t *where; /* "registry[0].location" to the offset of that key; owned */
	char *text;    /* owned copy */
	char what[256];
};
#define TOML_NONE ((struct toml){ .root = NULL })

/* what names the file in messages, which show line and place. E_FORMAT. */
int toml_parse(const char *p, size_t n, const char *what, struct toml *ret, struct err *e);
void toml_free(struct toml *t);
static inline void toml_release(struct toml *t)
{
	toml_free(t);
}
#define auto_toml __attribute__((cleanup(toml_release))) struct toml

/* E_FORMAT about the key at a path as in `where`: "FILE:LINE: …", with the line and a caret. */
int toml_fail(const struct toml *t, const char *path, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
