/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

/*
 * A Dockerfile as a tree (Dockerfile reference: "Format", "Parser directives", "Here-Documents").
 * Every piece knows the place it came from, so that any later refusal can point at it:
 *
 *     Dockerfile:7: unknown instruction 'RUNN' (did you mean RUN?)
 *         RUNN apt-get update
 *         ^~~~
 *
 * A text that parses has known instructions, known flags and a lawful number of arguments. What the
 * words mean (names, modes, ports...) is checked where it is used.
 */
enum {
	LIMIT_DOCKERFILE = 1024 * 1024, /* bytes of text */
	LIMIT_INSTRUCTIONS = 10000,
	LIMIT_HEREDOCS = 64, /* in one instruction */
	LIMIT_WORDS = 16384, /* in one instruction: EXPOSE of thousands of ports is met with */
	LIMIT_STAGES = 256,
};

enum df_op {
	DF_ADD,
	DF_ARG,
	DF_CMD,
	DF_COPY,
	DF_ENTRYPOINT,
	DF_ENV,
	DF_EXPOSE,
	DF_FROM,
	DF_HEALTHCHECK,
	DF_LABEL,
	DF_MAINTAINER,
	DF_ONBUILD,
	DF_RUN,
	DF_SHELL,
	DF_STOPSIGNAL,
	DF_USER,
	DF_VOLUME,
	DF_WORKDIR,
	DF_OPS
};

/* A piece of an instruction: at and len are bytes within df_node.text. */
struct df_word {
	char *s; /* owned; NULL: no value (ARG without a default) */
	size_t at, len;
};

struct df_flag {
	char *name;  /* "chown"; owned */
	char *value; /* NULL without "="; owned */
	size_t at, len;
};

struct df_heredoc {
	char *name;
	char *content; /* as written, leading tabs already off for <<- */
	bool expand;   /* the name was not quoted */
};

/* Where a run of bytes of the logical line came from: continuation lines are joined. */
struct df_seg {
	size_t at;
	int line, col;
};

struct df_node {
	enum df_op op;
	char *text; /* the logical line, without comments and continuations; owned */
	struct df_seg *segs;
	size_t segs_n;
	struct df_flag *flags;
	size_t flags_n;
	/*
	 * By the instruction's form. RUN, CMD, ENTRYPOINT: the exec form's strings, or one word
	 * that is the shell's command line. ENV, LABEL, ARG: key, value, key, value... still
	 * quoted. HEALTHCHECK: NONE or CMD, then as CMD. The others: words.
	 */
	struct df_word *args;
	size_t args_n;
	bool exec;	/* written as a JSON array */
	bool legacy;	/* ENV and LABEL: "NAME VALUE" */
	int empty_line; /* the first empty line amid the continuation lines; 0: none */
	struct df_heredoc *docs;
	size_t docs_n;
	bool doc_alone;		 /* one here-document is all that the arguments are: "RUN <<EOF" */
	struct df_node *trigger; /* ONBUILD: what it holds back; owned */
	size_t rest;		 /* where the arguments begin in text */
};

struct dockerfile {
	char *name; /* for messages */
	char *source;
	size_t source_n;
	char escape;
	char *syntax, *check; /* the directives' values, or NULL */
	struct df_node *nodes;
	size_t n;
};

/* Parses text. name is only for messages. Errors are E_FORMAT and point into the text. */
int dockerfile_parse(struct str text, const char *name, struct dockerfile *ret, struct err *e);
/* As above; ret is also set when it fails, to the instructions before the one that is wrong. */
int dockerfile_parse_some(struct str text, const char *name, struct dockerfile *ret, struct err *e);
void dockerfile_free(struct dockerfile *d);
static inline void dockerfile_release(struct dockerfile *d)
{
	dockerfile_free(d);
}
#define auto_dockerfile __attribute__((cleanup(dockerfile_release))) struct dockerfile

/* Upper-case name of an instruction. */
const char *df_op_name(enum df_op op);
/* True when word may be a slip for name and is nearer than *best edits, which it becomes. Begin
 * with 32. */
bool df_near(struct str word, const char *name, unsigned *best);
/* NULL when it was not given. */
const struct df_flag *df_find_flag(const struct df_node *n, const char *name);
/* Value of a flag ("" when it has none), or NULL when it was not given. Borrowed. */
const char *df_flag(const struct df_node *n, const char *name);
/* Of a flag that is true when it stands alone; absent when it was not given. */
bool df_switch(const struct df_node *n, const char *name, bool absent);
/* The line on which the instruction begins. */
int df_line(const struct df_node *n);

/* Where the byte at of n->text came from; both count from 1. */
void df_place(const struct df_node *n, size_t at, int *ret_line, int *ret_col);

/*
 * Errors that point. at and len are within n->text; len 0 means the instruction's name. df_fail
 * makes an error, df_wrap turns the one that e holds into one with place and caret (once: an error
 * that already points stays as it is).
 */
int df_fail(const struct dockerfile *d, const struct df_node *n, size_t at, size_t len,
	    struct err *e, const char *fmt, ...) __attribute__((format(printf, 6, 7), cold));
int df_wrap(const struct dockerfile *d, const struct df_node *n, size_t at, size_t len, int r,
	    struct err *e) __attribute__((cold));
#define DF_FAIL_FLAG(d, n, name, e, ...)                                                           \
	df_fail((d), (n), df_find_flag((n), (name))->at, df_find_flag((n), (name))->len, (e),      \
		__VA_ARGS__)
#define DF_FAIL_WORD(d, n, w, e, ...) df_fail((d), (n), (w)->at, (w)->len, (e), __VA_ARGS__)
