/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Between the files of the Dockerfile parser; nobody else includes this. */
#include "dockerfile/dockerfile.h"

/* How the text behind an instruction's flags is read. */
enum df_form {
	FORM_WORDS,    /* white space between words, or a JSON array */
	FORM_PLAIN,    /* white space between words */
	FORM_COMMAND,  /* a JSON array, or all of it as one word */
	FORM_PAIRS,    /* NAME=VALUE..., or NAME VALUE */
	FORM_OPTIONAL, /* NAME[=VALUE]... */
	FORM_STRING,   /* all of it as one word */
	FORM_HEALTH,
	FORM_TRIGGER,
};

struct df_rule {
	const char *name;
	enum df_form form;
	size_t min, max; /* arguments */
	bool heredoc;
	const char *const *flags; /* ends with NULL */
	const char *usage;
};

const struct df_rule *df_rule(enum df_op op);
/* The instruction of that name in any case; DF_OPS when there is none. */
enum df_op df_op_find(struct str name);
/* The nearest instruction name for a misspelt one, or NULL. */
const char *df_op_guess(struct str name);

/* The steps of building a node whose text is set. All positions are bytes of n->text. */
int df_parse_flags(const struct dockerfile *d, struct df_node *n, size_t *at, struct err *e);
int df_parse_args(const struct dockerfile *d, struct df_node *n, struct err *e);
/* Names of the here-documents of a line; their content, which the text behind the line has, is
 * still NULL. *ret_chomp bit i: <<-. */
int df_parse_heredocs(const struct dockerfile *d, struct df_node *n, struct str behind,
		      uint64_t *ret_chomp, struct err *e);
int df_check(const struct dockerfile *d, const struct df_node *n, struct err *e);
/* "--chown=" says as much as no --chown: such flags go. */
void df_drop_empty_flags(struct df_node *n);
int df_parse_line(const struct dockerfile *d, struct df_node *n, struct err *e);
int df_add_word(struct df_node *n, struct str s, size_t at, size_t len, struct err *e);
void df_node_free(struct df_node *n);
