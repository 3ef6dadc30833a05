/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns of delegations: "PATTERN\nPATH". A match keeps to the segments, whatever the pattern. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "trust/tuf/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t slashes(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += *s == '/';
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *path;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	path = strchr(text, '\n');
	if (path) {
		*path++ = '\0';
		/* A '/' within "[...]" of the pattern is no segment's end. */
		if (tuf_match(text, path) && !strchr(text, '['))
			assert(slashes(text) == slashes(path));
		assert(tuf_match("*", path) == !strchr(path, '/'));
	}
	free(text);
	return 0;
}
