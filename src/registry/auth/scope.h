/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"

/* Scopes of tokens: words "TYPE:NAME:ACTION,ACTION" (distribution's "Token Scope"). Appends to ret
 * the words of a, then of b; what both are about is one word with the actions of both. A word that
 * is not of that form stands for itself. */
void scope_merge(const char *a, const char *b, struct buf *ret);
