/* SPDX-License-Identifier: Apache-2.0 */
/* A source of ADD; what comes out keeps its promises. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "dockerfile/remote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *s = str_dup((struct str){ (const char *)data, size });
	auto_remote r = { 0 };
	struct err e = ERR_INIT;

	if (!s || strlen(s) != size || size > 9000)
		return 0;
	if (remote_parse(s, size & 1, &r, &e) == 0 && r.kind != REMOTE_NONE) {
		if (r.url[0] == '-' || strpbrk(r.url, " \t\r\n\\\"'"))
			abort();
		if (r.auth && strncmp(r.url, "http", 4) == 0 &&
		    memchr(r.url, '@', strcspn(r.url + 8, "/?#") + 8))
			abort();
		if (r.name && (strchr(r.name, '/') || strcmp(r.name, "..") == 0))
			abort();
		if (r.ref && r.ref[0] == '-')
			abort();
		if (r.subdir && (r.subdir[0] == '/' || strncmp(r.subdir, "../", 3) == 0))
			abort();
	}
	remote_hide(s);
	return strlen(s) == size ? 0 : 1;
}
