/* SPDX-License-Identifier: Apache-2.0 */
#include "confine/shim/filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>

static int digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* The number of bytes, or -1. */
static int decode(const char *text, unsigned char *out, size_t cap)
{
	size_t n = 0;
	uint32_t bits = 0;
	int have = 0;

	for (; *text && *text != '='; text++) {
		const int d = digit(*text);

		if (d < 0 || n == cap)
			return -1;
		bits = bits << 6 | (uint32_t)d;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[n++] = (unsigned char)(bits >> have);
		}
	}
	return (int)n;
}

int filter_apply(const char *b64)
{
	static struct sock_filter code[BPF_MAXINSNS + 1];
	const int n = decode(b64, (unsigned char *)code, sizeof(code));
	struct sock_fprog p = { .filter = code };

	if (n <= 0 || (size_t)n % sizeof(*code)) {
		errno = EINVAL;
		return -1;
	}
	p.len = (unsigned short)((size_t)n / sizeof(*code));
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p);
}
