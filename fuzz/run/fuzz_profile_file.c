/* SPDX-License-Identifier: Apache-2.0 */
/* A profile as a file; what is accepted is within its bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "run/options/profile_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_ports(const struct profile_ports *p)
{
	if (p->n > LIMIT_PROFILE_ENTRIES || (p->n && !p->restricted))
		abort();
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i] == 0)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct profile_file f;
	const char *needs[PROFILE_NEEDS];
	size_t mounts = 0, n = 0;

	if (profile_file_parse((const char *)data, size, "profile", &f, NULL) < 0)
		return 0;
	check_ports(&f.p.bind);
	check_ports(&f.p.connect);
	for (size_t i = 0; i < f.write.n; i++)
		if (f.write.v[i][0] != '/' || strstr(f.write.v[i], ".."))
			abort();
	while (profile_default.mounts[n].target)
		n++;
	while (f.p.mounts[mounts].target)
		mounts++;
	profile_file_needs(&f, needs);
	if (mounts != n || !f.p.name || (f.p.no_seccomp && !needs[0]))
		abort();
	profile_file_free(&f);
	return 0;
}
