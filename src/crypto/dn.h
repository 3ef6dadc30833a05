/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

/*
 * Distinguished names as text (RFC 4514), as certificates have them and trust policies name them.
 * One attribute a part: multi-valued RDNs ("+") and the "#hex" form are refused in text.
 */
enum { LIMIT_DN_PARTS = 32, LIMIT_DN_TEXT = 4096 };

struct dn_part {
	char *type;  /* "C", "ST", "O", "CN"..., or a dotted OID */
	char *value; /* UTF-8 without NUL, not escaped */
};
struct dn {
	struct dn_part parts[LIMIT_DN_PARTS];
	size_t n;
};

/* Parts in the order of the text. "S" reads as "ST"; a type may stand only once. E_FORMAT. */
int dn_parse(struct str s, struct dn *ret, struct err *e);
/* Adds a part at the end, copied. */
int dn_add(struct dn *d, const char *type, struct str value, struct err *e);
/* The value of a type, NULL when it is missing. Borrowed. */
const char *dn_get(const struct dn *d, const char *type);
/* True when each part of `want` stands in `have` with an equal value, and once only: a subject that
 * carries two different organisations is neither. */
bool dn_subset(const struct dn *want, const struct dn *have);
/* "C=US,O=Example\, Inc.", parts in their order, escaped. Appends. */
void dn_text(const struct dn *d, struct buf *ret);
void dn_free(struct dn *d);
static inline void dn_release(struct dn *d)
{
	dn_free(d);
}
#define auto_dn __attribute__((cleanup(dn_release))) struct dn
