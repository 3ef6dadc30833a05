/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/str.h"
#include "traffic/packet.h"

/*
 * Which names stand for which addresses, by the answers of a name server (RFC 1035, RFC 3596). An
 * address belongs to the name that was asked for, whatever other names stand between. The last
 * LIMIT_HOST_NAMES are kept.
 */
enum {
	LIMIT_HOST_NAMES = 2048,
	LIMIT_HOST_NAME = 253,
	LIMIT_DNS_ANSWERS = 256,
	LIMIT_DNS_JUMPS = 32
};

struct name {
	struct address address;
	char name[LIMIT_HOST_NAME + 1];
};
struct names {
	struct name *v; /* a ring, the youngest before `next` */
	size_t n, next;
};

/* Takes a message of the name server; one that is malformed is taken as far as it is well. E_NOMEM
 * only. */
int names_learn(struct names *names, const unsigned char *message, size_t n, struct err *e);
/* NULL when nobody asked for one. Borrowed. */
const char *names_find(const struct names *names, const struct address *a);
void names_free(struct names *names);

/* A host's name as it may stand in a URI: letters, digits, "-", "_" and "." in ret, lower case; ""
 * when it is something else. */
void name_clean(struct str s, char ret[static LIMIT_HOST_NAME + 1]);
