/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of what changed in a collection of advisories, and the names of their archives: what a
 * publisher's server says becomes paths of its URLs and names of files. */
#include <stdint.h>
#include <string.h>

#include "pipeline/advisories/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_path(struct str path, bool folders)
{
	auto_free char *s = str_dup(path);
	char name[256];

	if (!s || strlen(s) != path.n || !path.n || path.n > 200)
		__builtin_trap();
	if (*s == '/' || *s == '.' || strstr(s, "/.") || strstr(s, "//") ||
	    strpbrk(s, " \t\r\n\"?#%\\") || (!folders && strchr(s, '/')))
		__builtin_trap();
	feed_name(s, name, sizeof(name));
	if (!*name || *name == '.' || strpbrk(name, "/ "))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size }, line, path;
	int64_t when;

	while (str_line(&rest, &line)) {
		auto_free char *name = str_dup(line);

		if (feed_osv_line(line, &when, &path, NULL) == 0)
			check_path(path, false);
		if (feed_csaf_line(line, &when, &path, NULL) == 0)
			check_path(path, true);
		if (name)
			(void)feed_archive_date(name, &when, NULL);
	}
	return 0;
}
