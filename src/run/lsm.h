/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/root/setup.h"

/*
 * The kernel's own policy over a container: an AppArmor profile where the kernel has AppArmor, an
 * SELinux label where that is enforcing. Called in the supervisor, before the runtime; what is put
 * into the configuration holds for `exec`, too.
 */

/*
 * Sets process.apparmorProfile, or process.selinuxLabel and linux.mountLabel, in a configuration
 * that spec_json() made. The AppArmor profile is loaded unless the kernel has it since this boot.
 * E_SYSTEM when the kernel has a policy and it cannot be applied: never without, but where the
 * profile or plimsoll.yaml (`run: without: [apparmor]`) says so. A profile of the user's choosing
 * has to be loaded, and to enforce; nothing excuses that.
 */
int lsm_apply(const struct setup *s, const struct spec *spec, json_t *config, struct err *e);

/* Whether the running kernel has AppArmor, and SELinux that enforces. */
bool lsm_apparmor(void);
bool lsm_selinux(void);
