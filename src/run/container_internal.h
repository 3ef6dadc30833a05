/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/container.h"

/* Between the files container*.c only. */

/* The fields of state.json; c keeps what it had of id, folder and fd. */
int container_fields(const json_t *j, struct container *c, struct err *e);
/* Sets folder and fd. */
int container_open(const struct state *state, const char *id, struct container *c, struct err *e);
int container_load(const struct state *state, const char *id, struct container *ret, struct err *e);

/* Every readable record, oldest first. */
struct container_list {
	struct container *v;
	size_t n;
};
int container_list_load(const struct state *state, struct container_list *ret, struct err *e);
void container_list_release(struct container_list *l);
#define auto_list __attribute__((cleanup(container_list_release))) struct container_list

/* Among all the others: a name that no other has (else E_USAGE), and a block of ids. */
int container_check_others(const struct state *state, struct container *c, struct err *e);
int container_check_name(const struct container_list *all, const char *name, struct err *e);

/* container_broken.c. Whether something of a container without a record runs. */
bool container_runs_unrecorded(int containers, const char *id);
/* Fails: E_NOTFOUND, or E_FORMAT when text begins the id of one whose record cannot be read. */
int container_not_found(const struct state *state, const char *text, struct err *e);

/* Two hundred that are started at once on two cores wait longer than ten seconds for one another.
 */
enum { CONTAINER_LOCK_MS = 60000, STATUS_KILLED = 137 };
