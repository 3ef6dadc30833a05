/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/fs.h"

/*
 * Joining a detached container's standard streams, through conmon's socket. What it printed before
 * is in its log. One in the foreground has its caller's, which nobody else can join.
 */
enum { LIMIT_DETACH_KEYS = 16 };
#define DETACH_KEYS_DEFAULT "ctrl-p,ctrl-q"

/* "ctrl-p,ctrl-q", "a,b", "" for none: bytes that, typed one after the other, leave it. */
struct detach_keys {
	char keys[LIMIT_DETACH_KEYS];
	size_t n, seen;
};
/* E_USAGE. */
int detach_keys_parse(const char *text, struct detach_keys *ret, struct err *e);
/* Takes what was typed to out (n + LIMIT_DETACH_KEYS bytes), without what may become the sequence;
 * that is held back until it is known. True once it was typed. */
bool detach_keys_filter(struct detach_keys *k, const char *in, size_t n, char *out, size_t *ret_n);

struct attach_opts {
	bool no_stdin;
	bool no_sig_proxy;	 /* INT and TERM end the attachment, not the container */
	struct detach_keys keys; /* for one with a terminal */
};
/* Until it ends: its exit status; or until the keys were typed: *ret_detached. E_USAGE when it does
 * not run, is paused, or is in the foreground. */
int run_attach(const struct state *state, const char *container, const struct attach_opts *o,
	       bool *ret_detached, int *ret_status, struct err *e);
