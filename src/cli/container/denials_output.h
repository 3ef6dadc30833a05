/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"
#include "run/denials/denials.h"

/* One refusal in two lines: what and by which rule, and what would allow just that. */
void denial_print(FILE *to, const struct denials *all, const struct denial *d);
/* For struct run_opts: what a container in the foreground was refused, on standard error. Nothing
 * with --quiet, nor of what programs try as a matter of course when it ended well. arg is a struct
 * denied. */
struct denied {
	const struct cli *c;
	bool all;    /* --explain: those, too */
	size_t told; /* while it ran */
};
void denials_tell(void *arg, const struct denials *d, int status);
/* Those that are new, while it runs. */
void denials_tell_now(void *arg, const struct denials *d);
