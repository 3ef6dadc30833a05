/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/denials/denials.h"

/* What denials_remedy.c says of folders and mounts. Remedies put nothing where there is none. */
void denial_readonly_remedy(const struct denials *all, const char *path, struct buf *ret);
void denial_noexec_remedy(const struct denials *all, const char *path, struct buf *ret);
/* An option again, without a word among those behind its last ":" or ","; with another. */
void denial_put_asked(const struct denial_place *p, const char *without, const char *with,
		      struct buf *ret);
bool denial_beneath(const char *path, const char *folder);
/* /proc/self/x, /proc/12/x: settings of a process, beside its memory. */
bool denial_of_process(const char *path);
