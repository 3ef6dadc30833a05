/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>

#include "trust/internal.h"

static int open_source(const char *from, struct err *e)
{
	uint64_t n;
	int fd;

	if (!starts_with(from, "fd:"))
		return fs_open_user(from, O_RDONLY | O_NOCTTY, 0, e);
	if (str_u64(str_of(from + 3), 65535, &n, NULL) < 0)
		return FAIL(e, E_USAGE, "'%.100s' is not fd:N", from);
	fd = fcntl((int)n, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? FAIL_SYS(e, "descriptor %d", (int)n) : fd;
}

/* Read in one place of fixed size, so that no copy stays behind in memory that was given back. */
static int read_secret(int fd, struct buf *ret, struct err *e)
{
	char text[LIMIT_PASSPHRASE + 2];
	size_t n = 0;
	ssize_t got = 1;

	while (got > 0 && n < sizeof(text)) {
		got = read(fd, text + n, sizeof(text) - n);
		if (got < 0 && errno != EINTR) {
			explicit_bzero(text, sizeof(text));
			return FAIL_SYS(e, "read");
		}
		if (got < 0)
			got = 1;
		else
			n += (size_t)got;
	}
	if (n && text[n - 1] == '\n')
		n--;
	if (n == 0 || n > LIMIT_PASSPHRASE || memchr(text, '\0', n)) {
		explicit_bzero(text, sizeof(text));
		return FAIL(e, E_USAGE, "want 1 to %d bytes of text", LIMIT_PASSPHRASE);
	}
	buf_put(ret, text, n);
	explicit_bzero(text, sizeof(text));
	return buf_check(ret, "passphrase", e);
}

int trust_passphrase(const char *from, struct buf *ret, struct err *e)
{
	auto_close int fd = open_source(from, e);
	int r = fd < 0 ? fd : read_secret(fd, ret, e);

	return r < 0 ? WRAP(e, r, "passphrase from '%.200s'", from) : 0;
}
