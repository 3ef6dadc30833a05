/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "scan/version/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int sign(int v)
{
	return v < 0 ? -1 : v > 0;
}

/* Each order is one: the same both ways, equal to itself, and transitive. */
static void check(int (*compare)(struct str a, struct str b), const struct str *v)
{
	int ab = sign(compare(v[0], v[1])), bc = sign(compare(v[1], v[2]));
	int ac = sign(compare(v[0], v[2]));

	if (ab != -sign(compare(v[1], v[0])) || compare(v[0], v[0]) != 0)
		__builtin_trap();
	if ((ab <= 0 && bc <= 0 && ac > 0) || (ab >= 0 && bc >= 0 && ac < 0))
		__builtin_trap();
}

/* Three versions, a line each. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size }, v[3] = { STR(""), STR(""), STR("") };

	for (int i = 0; i < 3; i++)
		(void)str_line(&rest, &v[i]);
	check(version_dpkg_compare, v);
	check(version_apk_compare, v);
	check(version_rpm_compare, v);
	check(version_pacman_compare, v);
	check(version_go_compare, v);
	check(version_linux_compare, v);
	for (int i = 0; i < 3; i++) {
		(void)version_dpkg_valid(v[i]);
		(void)version_apk_valid(v[i]);
		(void)version_rpm_valid(v[i]);
		(void)version_pacman_valid(v[i]);
		(void)version_go_valid(v[i]);
		(void)version_linux_valid(v[i]);
	}
	return 0;
}
