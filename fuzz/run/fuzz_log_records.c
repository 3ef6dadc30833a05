/* SPDX-License-Identifier: Apache-2.0 */
/* conmon's log, which a container fills: no line is shown that is larger than it may be. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "run/life/log_records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int emit(void *arg, bool is_stderr, int64_t when, const char *line, size_t n, bool whole,
		struct err *e)
{
	size_t *shown = arg;

	(void)is_stderr;
	(void)whole;
	(void)e;
	for (size_t i = 0; i < n; i++)
		*shown += line[i] != '\0';
	if (n > LIMIT_LOG_LINE || when < 0)
		abort();
	return 0;
}

/* The first byte says what is asked for. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t shown = 0;
	const struct log_sink sink = { emit, &shown };
	auto_close int fd = memfd_create("log", MFD_CLOEXEC);
	auto_log_reader r = { .sink = &sink, LOG_READER_BUFS };

	if (size == 0 || fd < 0)
		return 0;
	r.skip = data[0] & 3;
	r.since = data[0] & 4 ? 1 : 0;
	r.until = data[0] & 8 ? INT64_C(1800000000) * 1000000000 : 0;
	if (write(fd, data + 1, size - 1) != (ssize_t)(size - 1) || lseek(fd, 0, SEEK_SET) != 0)
		return 0;
	if (log_drain(&r, fd, NULL) == 0)
		(void)log_take_rest(&r, NULL);
	if (shown > size)
		abort();
	return 0;
}
