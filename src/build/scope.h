/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "build/draft.h"
#include "dockerfile/dockerfile.h"
#include "dockerfile/expand.h"

/*
 * One stage while its instructions are carried out, as far as no files are concerned: the image so
 * far, and the variables that may be used in words.
 */
struct scope {
	const struct dockerfile *df;
	struct draft draft;
	/*
	 * What words are replaced with and a RUN sees: ENV and ARG as one list, where the later
	 * instruction wins. A stage that begins from another has that stage's, with its ENV over
	 * its ARG.
	 */
	struct vars words;
	struct vars args; /* every ARG of this stage, in order, also twice: for the history */
	bool cmd_set;	  /* CMD stood in this stage: ENTRYPOINT keeps it */
	const struct vars *globals, *platform, *build_args; /* borrowed */
	struct strv *args_used; /* build arguments that some ARG named; may be NULL */
};

/* Once draft holds the base: the variables to begin with. from is the stage it came from, or NULL.
 */
int scope_start(struct scope *s, const struct scope *from, struct err *e);
void scope_free(struct scope *s);
struct expand scope_expand(const struct scope *s);

/* A word of n after substitution, owned by the caller; failures point at it. */
int scope_word(const struct scope *s, const struct df_node *n, const struct df_word *w, char **ret,
	       struct err *e);

/* The value of the flag after substitution, owned by the caller; without the flag *ret stays. */
int scope_flag(const struct scope *s, const struct df_node *n, const char *name, char **ret,
	       struct err *e);

/* True for the instructions that scope_apply() carries out: all that touch no files. */
bool scope_only(enum df_op op);
/* Carries out one of them: configuration, variables and history. Failures point. */
int scope_apply(struct scope *s, const struct df_node *n, struct err *e);

/* What "container:/path" the configuration's WorkingDir is: never empty. Borrowed. */
const char *scope_cwd(const struct scope *s);
/* A path made absolute against WorkingDir and cleaned; owned. */
int scope_path(const struct scope *s, const char *path, char **ret, struct err *e);
/* The command line of RUN, CMD and ENTRYPOINT from word `first` on: exec form or by the shell. */
int scope_command(const struct scope *s, const struct df_node *n, size_t first, json_t **ret,
		  struct err *e);

/* The values within instructions; messages without place. */
/* "[[ADDRESS:]HOST:]80-90/udp": the ports and the protocol of the container. */
int parse_port_range(const char *s, unsigned *ret_first, unsigned *ret_last,
		     const char **ret_protocol, struct err *e);
int parse_duration(const char *s, int64_t *ret_ns, struct err *e); /* Go's "1h30m", "1.5s" */
int parse_signal(const char *s, struct err *e);
