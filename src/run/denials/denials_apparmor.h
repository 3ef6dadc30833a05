/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/container.h"
#include "run/denials/denials.h"

/*
 * What AppArmor refused a container, by the kernel's log, which root alone may read: /dev/kmsg, or
 * auditd's file where that runs. Containers whose rules are the same share a profile. Whose a
 * refused file was tells the user id, since ids are a container's own; of all else the log does not
 * say it, so that those may be another's (`shared`).
 */
#define APPARMOR_DENIALS "apparmor"

/* Looks, and writes APPARMOR_DENIALS of the container's folder, one JSON object a line. Nothing
 * where no profile holds it. */
void denials_apparmor_look(const struct container *c);
