/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/container.h"

/*
 * The end of a container is told once, to events.jsonl ("die", and "oom" before it) and to the
 * trail ("exit"), by whoever cleans up behind it: its supervisor's parent, conmon's exit command,
 * or the next command that finds its monitor killed. Several may try at once, and each may be
 * killed: exit.noted says for which file "exit" it was begun, and whether it was done. What was
 * begun by one who was killed is looked for before it is told again.
 *
 * Without a file "exit", and for steps of builds, nothing is told.
 */
int ending_note(const struct container *c, struct err *e);

/* For one that is to be started again and of whose new run nothing was told: status 137 for those
 * who ask, and nothing for those who count. */
int ending_unbegun(const struct container *c, struct err *e);

/* For one whose process could not be started: a "die" with plimsoll's own status (125 to 127); in
 * the trail the refusal itself stands. */
void ending_never_began(const struct container *c, int status);
