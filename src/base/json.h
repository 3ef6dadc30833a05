/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"

/*
 * JSON by jansson, strict: duplicate keys, bad UTF-8, trailing bytes, NUL in strings and nesting
 * deeper than LIMIT_JSON_DEPTH are refused (RFC 8259; I-JSON for duplicates). Getters take the
 * object, the key and the error; `what` names the document in messages. Borrowed results live as
 * long as their document.
 */
enum { LIMIT_JSON_DEPTH = 128 };

static inline void json_release(json_t **j)
{
	json_decref(*j);
	*j = NULL;
}
#define auto_json auto_release(json) json_t

int json_parse(const char *p, size_t n, const char *what, json_t **ret, struct err *e); /* owned */

/* One line, keys sorted, no spaces: the same value always gives the same bytes. Appends. */
int json_canonical(const json_t *j, struct buf *ret, struct err *e);
/* For people: two-space indent, keys in the order they were set, final newline. Appends. */
int json_pretty(const json_t *j, struct buf *ret, struct err *e);

/* Required members: a missing or wrongly typed one is E_FORMAT. */
int json_get_string(const json_t *o, const char *key, const char **ret, const char *what,
		    struct err *e);
int json_get_u64(const json_t *o, const char *key, uint64_t *ret, const char *what, struct err *e);
int json_get_array(const json_t *o, const char *key, json_t **ret, const char *what, struct err *e);
int json_get_object(const json_t *o, const char *key, json_t **ret, const char *what,
		    struct err *e);

/* Optional: NULL when missing or of another type. */
const char *json_string_or_null(const json_t *o, const char *key);

/* o[key] = value; steals value, NULL value is out of memory. */
int json_put(json_t *o, const char *key, json_t *value, struct err *e);
int json_put_string(json_t *o, const char *key, const char *s, struct err *e); /* NULL s: not set */
int json_put_u64(json_t *o, const char *key, uint64_t v, struct err *e);
int json_push(json_t *array, json_t *value, struct err *e);
