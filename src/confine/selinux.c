/* SPDX-License-Identifier: Apache-2.0 */
#include "confine/selinux.h"

#include <stdio.h>

#include "crypto/digest.h"

enum { CATEGORIES = 1024 };

void selinux_labels(const char *id, struct selinux_labels *ret)
{
	unsigned char hash[SHA256_LEN];
	unsigned a, b;
	size_t n = 0;

	while (id[n])
		n++;
	sha256_once(id, n, hash);
	a = ((unsigned)hash[0] << 8 | hash[1]) % CATEGORIES;
	/* Another one: 1 to 1023 further on. Written with the smaller first. */
	b = (a + 1 + ((unsigned)hash[2] << 8 | hash[3]) % (CATEGORIES - 1)) % CATEGORIES;
	(void)snprintf(ret->process, sizeof(ret->process),
		       "system_u:system_r:container_t:s0:c%u,c%u", a < b ? a : b, a < b ? b : a);
	(void)snprintf(ret->mount, sizeof(ret->mount),
		       "system_u:object_r:container_file_t:s0:c%u,c%u", a < b ? a : b,
		       a < b ? b : a);
}
