/* SPDX-License-Identifier: Apache-2.0 */
/* docker's form of a seccomp profile: what is accepted is a filter in Base64, of whole
 * instructions. The first byte: whether the container has capabilities. */
#include <linux/filter.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/encode.h"
#include "confine/seccomp_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = 256 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_buf out = BUF_INIT(ROOM), code = BUF_INIT(ROOM);
	const uint64_t caps = size && data[0] & 1 ? 1ULL << 21 : 0;

	if (size == 0 ||
	    seccomp_file_parse((const char *)data + 1, size - 1, "file", caps, &out, NULL) < 0)
		return 0;
	if (b64_decode((struct str){ out.p, out.n }, B64_STD, &code, NULL) < 0 || code.n == 0 ||
	    code.n % sizeof(struct sock_filter) ||
	    code.n / sizeof(struct sock_filter) > BPF_MAXINSNS)
		abort();
	return 0;
}
