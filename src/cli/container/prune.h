/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"
#include "cli/filters.h"

/* What `container prune`, `volume prune` and `system prune` share. */

/* E_USAGE for an until=TIME that is none. */
int prune_check_times(const struct filters *f, struct err *e);
/* Removes every container that does not run and passes the filters until, label and label!. What
 * was removed is added: ids, and the bytes of their own roots. One that another was faster at is no
 * failure. */
int prune_containers(struct cli *c, const struct filters *f, struct strv *ids, uint64_t *bytes,
		     struct err *e);
/* The same of the volumes that no container has; label and label!. */
int prune_volumes(struct cli *c, const struct filters *f, struct strv *names, uint64_t *bytes,
		  struct err *e);
