/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"

/* What a container is given that is to have all there is (profile_privileged). */

/* Every capability that we have ourselves, as docker counts them: bit N is capability N. */
int privileged_caps(uint64_t *ret, struct err *e);
/* The same of whoever owns a user namespace: all that this kernel knows. */
int privileged_caps_known(uint64_t *ret, struct err *e);
/* Every device of the host's /dev, into a configuration: its node, and leave to use it. What a
 * container has of its own (terminals, queues, shared memory) is left out. */
int privileged_devices(json_t *config, struct err *e);
