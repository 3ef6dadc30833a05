/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/input.h"

#include <errno.h>
#include <unistd.h>

struct input {
	int fd;
	uint64_t at; /* in the file */
	struct inflater *inflater;
	char head[INPUT_HEAD];
	size_t head_n, head_at;
	uint64_t total;
};

void input_free(struct input *in)
{
	if (!in)
		return;
	inflater_free(in->inflater);
	free(in);
}

static int64_t read_file(void *arg, void *p, size_t n, struct err *e)
{
	struct input *in = arg;

	for (;;) {
		ssize_t got = pread(in->fd, p, n, (off_t)in->at);

		if (got >= 0) {
			in->at += (uint64_t)got;
			return got;
		}
		if (errno != EINTR)
			return FAIL_SYS(e, "read");
	}
}

static int fill_head(struct input *in, struct err *e)
{
	while (in->head_n < sizeof(in->head)) {
		int64_t n = inflater_read(in->inflater, in->head + in->head_n,
					  sizeof(in->head) - in->head_n, e);

		if (n <= 0)
			return (int)n;
		in->head_n += (size_t)n;
	}
	return 0;
}

int input_open(struct input **ret, int fd, struct err *e)
{
	auto_release(input_free) struct input *in = calloc(1, sizeof(*in));
	char magic[6];
	enum compression kind;
	int64_t n;
	int r;

	if (!in)
		return FAIL_NOMEM(e);
	in->fd = fd;
	n = read_file(in, magic, sizeof(magic), e);
	if (n < 0)
		return (int)n;
	in->at = 0;
	kind = compression_detect(magic, (size_t)n);
	if (kind == COMPRESSION_BZIP2 || kind == COMPRESSION_XZ) {
		r = FAIL(e, E_FORMAT, "compressed with %s",
			 kind == COMPRESSION_XZ ? "xz" : "bzip2");
		return err_hint(e, r, "unpack it first (%s -dk FILE)",
				kind == COMPRESSION_XZ ? "xz" : "bzip2");
	}
	r = inflater_new(&in->inflater, kind, read_file, in, e);
	r = r < 0 ? r : fill_head(in, e);
	if (r == 0)
		*ret = TAKE(in);
	return r;
}

struct str input_head(const struct input *in)
{
	return (struct str){ in->head, in->head_n };
}

int64_t input_read(void *input, void *p, size_t n, struct err *e)
{
	struct input *in = input;
	int64_t got;

	if (in->head_at < in->head_n) {
		n = n < in->head_n - in->head_at ? n : in->head_n - in->head_at;
		memcpy(p, in->head + in->head_at, n);
		in->head_at += n;
		return (int64_t)n;
	}
	got = inflater_read(in->inflater, p, n, e);
	in->total += got > 0 ? (uint64_t)got : 0;
	if (in->total > LIMIT_ADVISORY_INPUT)
		return FAIL(e, E_FORMAT, "more than %llu bytes",
			    (unsigned long long)LIMIT_ADVISORY_INPUT);
	return got;
}
