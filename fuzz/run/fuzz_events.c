/* SPDX-License-Identifier: Apache-2.0 */
/* The file of events: whatever stands in it, each that is told is an object of its time. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "run/life/events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int emit(void *arg, const json_t *event, struct err *e)
{
	const struct events_query *q = arg;
	const json_int_t when = json_integer_value(json_object_get(event, "timeNano"));

	(void)e;
	if (!json_is_object(event) || when < q->since || when > q->until)
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct events_query q = { .since = 1000, .until = INT64_MAX / 2, .emit = emit };
	const int fd = memfd_create("events", MFD_CLOEXEC);

	q.arg = &q;
	if (fd < 0)
		return 0;
	if (write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0)
		(void)events_read_file(fd, &q, NULL); /* closes it */
	else
		(void)close(fd);
	return 0;
}
