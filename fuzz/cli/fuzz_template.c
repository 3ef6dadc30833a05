/* SPDX-License-Identifier: Apache-2.0 */
/* --format: a template, and behind the first NUL the JSON that it is about, where there is one. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = 64 * 1024, LIMIT_INPUT = 1024 };

static const char sample[] =
	"{\"ID\":\"0123\",\"Names\":\"web\",\"Labels\":{\"a\":\"1\",\"b.c\":\"2\"},\"Ports\":[80,"
	"443],"
	"\"State\":{\"Running\":true,\"Pid\":42,\"Health\":null},\"Mounts\":[{\"Source\":\"/a\"}]}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str all = { (const char *)data, size };
	struct str rest = all, first = all;
	auto_free char *text = NULL;
	auto_json *value = NULL;
	auto_buf out = BUF_INIT(ROOM);
	const char *nul = size ? memchr(data, '\0', size) : NULL;

	if (size > LIMIT_INPUT)
		return 0;
	rest = (struct str){ sample, sizeof(sample) - 1 };
	if (nul) {
		first.n = (size_t)(nul - all.p);
		rest = (struct str){ nul + 1, size - first.n - 1 };
	}
	text = str_dup(first);
	if (!text || json_parse(rest.p, rest.n, "value", &value, NULL) < 0)
		return 0;
	(void)template_print(text, value, &out, NULL);
	if (out.n > ROOM)
		abort();
	return 0;
}
