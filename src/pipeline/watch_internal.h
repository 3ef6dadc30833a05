/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pipeline/watch.h"
#include "scan/watch.h"

/* Adds what is news to what has to be sent, in bodies of about WATCH_BODY bytes. */
int watch_notify(struct watch *w, const json_t *news, int64_t now, struct err *e);

/* Sends what is pending, oldest first; stops at the first that cannot be. Only a signal, memory and
 * the index's own failures are errors. */
int watch_send(struct watch *w, const struct watch_hook *hook, struct watch_result *ret,
	       struct err *e);
