/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"
#include "oci/descriptor.h"
#include "run/container.h"

/* What the trail says of a container that a command works on: asked for before, since rm takes it
 * away. */
struct subject {
	struct desc image; /* digest "" when there is no such container */
	char id[CONTAINER_ID + 1];
};
void cli_subject(const struct state *state, const char *text, struct subject *ret);

/* Records what was done to a container and returns outcome; detail (may be NULL) is stolen. What
 * cannot be written down did not pass. */
int cli_note_container(struct cli *c, const char *kind, const char *text, const struct subject *s,
		       int outcome, json_t *detail, struct err *e);

/* {"command":[...]} of arguments, cut at LIMIT_NOTED_ARGS bytes in all. Owned; NULL: out of memory.
 */
enum { LIMIT_NOTED_ARGS = 4096 };
json_t *cli_argv(const char *const *argv); /* ends with NULL */

/*
 * Calls one() for each named container, or for those that EACH_* says, and prints the name when it
 * was done and did not return EACH_SAID. One that fails does not stop the others: what went wrong
 * is printed, and the last failure is returned.
 */
enum { EACH_SAID = 1 };
/* EACH_FORCED: those, too, whose record cannot be read. */
enum each_kind { EACH_NAMED, EACH_ONE, EACH_FORCED, EACH_RUNNING, EACH_STOPPED };
int cli_each_container(struct cli *c, int argc, char **argv, enum each_kind kind,
		       int (*one)(struct cli *c, void *arg, const char *name, struct err *e),
		       void *arg, struct err *e);

/* The id of the container that was made last. E_NOTFOUND when there is none. */
int cli_latest(struct cli *c, char ret[static CONTAINER_ID + 1], struct err *e);
/* The one container of a command: the argument's, or with --latest the newest's id; as it was
 * given. Owned. */
int cli_one_container(struct cli *c, bool latest, int argc, char **argv, char **ret, struct err *e);

/* The names of a command, and the ids in the files of its --cidfile. Appends. */
int cli_named(int argc, char **argv, const struct strv *cidfiles, struct strv *ret, struct err *e);
#define CIDFILE_OPTION(type)                                                                       \
	OPT_AT(type, cidfile, "cidfile", 0, OPT_LIST, "FILE",                                      \
	       "also the container whose id is in this file (--cidfile of run)")
