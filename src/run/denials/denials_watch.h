/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/error.h"

struct container;

/*
 * To be told of refusals as they come. The file of notes only grows, and is made when it is not
 * there yet, so that it can be watched before the guard starts.
 */

/* A descriptor that can be read, and poll(2)ed, when there is something new. */
int denials_watch(int folder, struct err *e);
/* Takes what made it readable. */
void denials_watched(int watch);
/* Waits for something new, or the container's end. 1: there may be more to come; 0: it is over, and
 * what is there by now is all; or an error, E_SIGNAL among them. */
int denials_await(const struct container *c, int watch, struct err *e);
