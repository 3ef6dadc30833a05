/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "confine/syscalls.h"

/* Rules of linux.seccomp in an OCI configuration, for seccomp.c alone. */

/* Comparisons of one rule; all must hold. */
struct compare {
	unsigned index;
	uint64_t value;
	uint64_t mask; /* 0: the whole argument equals value; else (arg & mask) == value */
	bool differs;  /* with mask 0: it does not. At most one such rule a call: more are OR */
};

/* Adds {"names": [name], "action": ..., "args": [...]}. */
int rule_act(json_t *rules, const char *action, const char *name, const struct compare *c, size_t n,
	     struct err *e);
int rule_allow(json_t *rules, const char *name, const struct compare *c, size_t n, struct err *e);
int rule_notify(json_t *rules, const char *name, const struct compare *c, size_t n, struct err *e);
/* names is taken. */
int rule_refuse(json_t *rules, json_t *names, int error, struct err *e);
/* The same for calls with these arguments. */
int rule_answer(json_t *rules, const char *name, const struct compare *c, size_t n, int error,
		struct err *e);
/*
 * Allows a call whose argument is none of these numbers of 32 bits. The filter compares 64, so that
 * "not equal" would let 0x100005412 pass, and several "not equal" rules of one call would be joined
 * by OR: hence allowed is what differs from all of them in some of the low bits.
 */
int rule_allow_others(json_t *rules, const char *name, unsigned index, const uint32_t *v, size_t n,
		      struct err *e);

/* ioctl(2): all but the numbers that rules_ioctls() has. */
int rules_allow_ioctl(json_t *rules, struct err *e);
size_t rules_ioctls(const uint32_t **ret);
/* seccomp_sockets.c. g may be NULL. */
int rules_allow_sockets(json_t *rules, const struct seccomp_guard *g, struct err *e);
int rules_refuse_sockets(json_t *rules, const struct seccomp_guard *g, struct err *e);
