/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

#include "base/error.h"

/* --device: "PATH[:TARGET][:rwm]", as docker has it. Whether policy allows it is the caller's. */
struct device {
	char *host, *target; /* owned; the host's real path; the target is in /dev */
	char access[4];	     /* of "rwm" */
	char type;	     /* 'c' or 'b' */
	unsigned major, minor;
};
void device_free(struct device *d);
/* E_USAGE; E_NOTFOUND when it is not there. */
int device_parse(const char *text, struct device *ret, struct err *e);
