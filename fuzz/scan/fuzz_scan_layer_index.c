/* SPDX-License-Identifier: Apache-2.0 */
/* The two files beside a layer's list, which a child wrote that may have been taken over. The first
 * byte says which, and whether the header is made right. */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fs.h"
#include "scan/layer_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool want_some(void *arg, struct str catalog, const char *path)
{
	(void)arg;
	if (memchr(catalog.p, '\0', catalog.n) || !*path)
		__builtin_trap();
	return path[0] != 'n';
}

static int take_file(void *arg, struct str package, struct str path, struct err *e)
{
	(void)arg;
	(void)e;
	if (memchr(package.p, '\0', package.n) || memchr(path.p, '\0', path.n))
		__builtin_trap();
	return 0;
}

static void read_marks(int fd)
{
	static const char *const names[] = { "etc/os-release", "var/lib/dpkg/status",
					     "var/lib/dpkg/status.d/a", "a", "" };
	struct hidden paths[5];
	struct err e = ERR_INIT;

	for (size_t i = 0; i < 5; i++)
		paths[i] = (struct hidden){ .path = names[i], .n = strlen(names[i]) };
	(void)marks_hide(fd, paths, 5, &e);
	(void)marks_hide(fd, paths, 0, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct owned_reader reader = { want_some, take_file, NULL };
	static const char *const magic[] = { "plimsoll.marks/1", "plimsoll.owned/1" };
	auto_close int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct err e = ERR_INIT;
	const bool owned = size && (*data & 1), mend = size && (*data & 2);

	if (fd < 0 || !size || (mend && fs_write_all(fd, magic[owned], 16, &e) < 0) ||
	    fs_write_all(fd, data + 1, size - 1, &e) < 0)
		return 0;
	if (owned)
		(void)owned_read(fd, &reader, &e);
	else
		read_marks(fd);
	return 0;
}
