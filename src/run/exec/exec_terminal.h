/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#include "run/container.h"

/*
 * The terminal of a further process, copied from and to our own streams by us: crun 1.8.1 ends with
 * the process and leaves behind what it wrote last, so it hands the terminal over
 * (--console-socket) by a socket in the container's folder.
 */
enum { EXEC_TERMINAL_FDS = 4, EXEC_TERMINAL_CHUNK = 4096 };
struct exec_terminal_way {
	char held[EXEC_TERMINAL_CHUNK]; /* read, and not yet written */
	size_t n;
};
struct exec_terminal {
	int listener, master;
	const struct container *c;
	const char *name; /* of the socket */
	uid_t owner;	  /* the process's user, as the host has it; -1: nobody else's */
	bool input;	  /* ours is handed on */
	bool raw;
	struct termios before;
	struct exec_terminal_way out, in;
};
#define EXEC_TERMINAL_INIT { .listener = -1, .master = -1 }

/* c and name stay the caller's. */
int exec_terminal_begin(const struct container *c, const char *name, bool input, uid_t owner,
			struct exec_terminal *ret, struct err *e);
static inline bool exec_terminal_there(const struct exec_terminal *t)
{
	return t->listener >= 0 || t->master >= 0;
}
/* What to poll(2) for, EXEC_TERMINAL_FDS of them, and what to do when it happened. */
void exec_terminal_wants(const struct exec_terminal *t, struct pollfd p[static EXEC_TERMINAL_FDS]);
void exec_terminal_attend(struct exec_terminal *t, const struct pollfd p[static EXEC_TERMINAL_FDS]);
/* After the process's end: copies what is left, and gives ours back its ways. May be repeated. */
void exec_terminal_end(struct exec_terminal *t);
