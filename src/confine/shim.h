/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"
#include "base/str.h"
#include "confine/spec.h"

/*
 * The words that stand before a container's command: plimsoll-shim and its rules of Landlock, made
 * from the same table of mounts as the configuration. What is mounted for writing may be written,
 * and not executed; everything else may be executed, and not written.
 */
#define SHIM_PATH "/dev/shim" /* in the container */

/* Appends them to argv, up to and with "--". */
int shim_words(const struct spec *s, struct strv *argv, struct err *e);

/*
 * For a further process of a running container: the words at the beginning of args, the first
 * process's arguments in the configuration, appended to ret. It is not scoped: it may send signals
 * to the container's processes, which are in another domain. Nothing when there are none.
 *
 * profile: the AppArmor profile that it takes before the command, by what comes over descriptor 3
 * (run/exec/exec_profile.h); NULL is none. E_SYSTEM when there is no shim that could. ask: it waits
 * there for a word in any case, until it was put where it belongs.
 */
int shim_words_again(const json_t *args, const char *profile, bool ask, struct strv *ret,
		     struct err *e);
/* The same for one that Landlock does not restrict: only what puts a filter on it, and the rest
 * that a first program does for all (HOME). */
int shim_words_filter(const json_t *args, bool ask, struct strv *ret, struct err *e);
