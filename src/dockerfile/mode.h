/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * --chmod of COPY and ADD: an octal mode, or a symbolic one as chmod(1) has it (POSIX.1-2017,
 * "chmod", EXTENDED DESCRIPTION): clauses of ugoa, then = + or -, then rwxXst or one of u, g, o.
 * Without a "who" all three are meant; no umask takes anything away.
 */
enum { LIMIT_MODE_ACTIONS = 32 };

struct mode_action {
	mode_t who; /* which bits of the mode it speaks of */
	char op;    /* '=', '+' or '-' */
	mode_t perm;
	bool x_if_any; /* X: x for folders and what somebody may execute */
	char copy;     /* 'u', 'g' or 'o': whose bits are taken; else '\0' */
};
struct mode_change {
	struct mode_action v[LIMIT_MODE_ACTIONS];
	size_t n;
};

/* E_FORMAT when it is neither. */
int mode_parse(const char *s, struct mode_change *ret, struct err *e);
/* What becomes of a file's mode. st_mode's kind counts for X; only the lower twelve bits return. */
mode_t mode_apply(const struct mode_change *c, mode_t st_mode);
