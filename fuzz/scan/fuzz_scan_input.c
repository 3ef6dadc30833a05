/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "scan/advisory/unit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A whole file, of whatever format: zip, tar, gzip, JSON, YAML, CSV. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_close int fd = memfd_create("fuzz", MFD_CLOEXEC);
	auto_buf emit = BUF_INIT(16 * 1024 * 1024);
	struct err e = ERR_INIT;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		return 0;
	(void)advisory_parse_file(fd, "fuzz", &emit, &e);
	return 0;
}
