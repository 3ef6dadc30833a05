/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fs.h"
#include "scan/advisory/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUTPUT_MAX = 4 * 1024 * 1024 };

/* Members to their ends, and each third one left where it is. */
static void read_members(struct zip *z)
{
	char chunk[3000];
	struct err e = ERR_INIT;
	const char *name;
	int64_t n, total = 0;

	for (unsigned i = 0; zip_next(z, &name, &e) > 0; i++) {
		if (strlen(name) > LIMIT_ZIP_NAME)
			__builtin_trap();
		while (i % 3 != 2 && total < OUTPUT_MAX &&
		       (n = zip_read(z, chunk, sizeof(chunk), &e)) != 0) {
			if (n < 0 && !e.msg[0])
				__builtin_trap();
			if (n < 0)
				return;
			total += n;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_release(zip_free) struct zip *z = NULL;
	auto_close int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct err e = ERR_INIT;

	if (fd < 0 || fs_write_all(fd, data, size, &e) < 0 || zip_open(&z, fd, &e) < 0)
		return 0;
	read_members(z);
	return 0;
}
