/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/input.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	END_SIZE = 22,
	END64_SIZE = 56,
	LOCATOR_SIZE = 20,
	ENTRY_SIZE = 46,
	LOCAL_SIZE = 30,
	COMMENT_MAX = 65535,
	GZIP_HEADER = 10,
	GZIP_TRAILER = 8,
	STORED = 0,
	DEFLATED = 8,
};

struct zip {
	int fd;
	uint64_t file_size;
	char *directory;
	size_t directory_n, directory_at;
	uint64_t left; /* entries */
	char name[LIMIT_ZIP_NAME + 1];
	/* The member at hand. Its deflate stream is handed to the gzip reader between a header and
	 * a trailer of ours, which makes that check CRC and size. */
	struct inflater *inflater;
	unsigned method;
	unsigned char before[GZIP_HEADER], after[GZIP_TRAILER];
	uint64_t packed, at, size, done;
	uint32_t crc, crc_done; /* of a stored one, which nobody else checks */
	unsigned before_at, after_at;
};

static uint64_t little(const void *p, unsigned n)
{
	const unsigned char *b = p;
	uint64_t v = 0;

	while (n--)
		v = v << 8 | b[n];
	return v;
}

void zip_free(struct zip *z)
{
	if (!z)
		return;
	inflater_free(z->inflater);
	free(z->directory);
	free(z);
}

bool zip_is(struct str head)
{
	return head.n >= 4 &&
	       (memcmp(head.p, "PK\3\4", 4) == 0 || memcmp(head.p, "PK\5\6", 4) == 0);
}

/* All of n bytes at a place of the file. */
static int read_at(const struct zip *z, uint64_t at, void *p, size_t n, struct err *e)
{
	char *to = p;

	if (at > z->file_size || n > z->file_size - at)
		return FAIL(e, E_FORMAT, "zip: cut short");
	while (n) {
		ssize_t got = pread(z->fd, to, n, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? FAIL_SYS(e, "read") : FAIL(e, E_FORMAT, "zip: cut short");
		to += got;
		at += (uint64_t)got;
		n -= (size_t)got;
	}
	return 0;
}

struct directory {
	uint64_t entries, size, at;
};

/* The record that says where the directory is: the last thing but a comment. */
static int find_end(const struct zip *z, char end[static END_SIZE], uint64_t *ret_at, struct err *e)
{
	size_t n = z->file_size < END_SIZE + COMMENT_MAX ? (size_t)z->file_size
							 : END_SIZE + COMMENT_MAX;
	auto_free char *tail = malloc(n + 1);
	int r;

	if (!tail)
		return FAIL_NOMEM(e);
	r = read_at(z, z->file_size - n, tail, n, e);
	if (r < 0)
		return r;
	for (size_t i = n < END_SIZE ? 0 : n - END_SIZE + 1; i-- > 0;)
		if (memcmp(tail + i, "PK\5\6", 4) == 0 &&
		    little(tail + i + 20, 2) == n - i - END_SIZE) {
			memcpy(end, tail + i, END_SIZE);
			*ret_at = z->file_size - n + i;
			return 0;
		}
	return FAIL(e, E_FORMAT, "zip: no end of central directory");
}

/* ZIP64's record, when the small one says that its fields did not suffice. */
static int read_end64(const struct zip *z, uint64_t end_at, struct directory *d, struct err *e)
{
	char locator[LOCATOR_SIZE], end[END64_SIZE];
	int r;

	if (end_at < LOCATOR_SIZE)
		return FAIL(e, E_FORMAT, "zip: no ZIP64 locator");
	r = read_at(z, end_at - LOCATOR_SIZE, locator, sizeof(locator), e);
	if (r == 0 && memcmp(locator, "PK\6\7", 4) != 0)
		return FAIL(e, E_FORMAT, "zip: no ZIP64 locator");
	r = r < 0 ? r : read_at(z, little(locator + 8, 8), end, sizeof(end), e);
	if (r == 0 && (memcmp(end, "PK\6\6", 4) != 0 || little(end + 16, 4) || little(end + 20, 4)))
		return FAIL(e, E_FORMAT, "zip: the ZIP64 end of central directory is damaged");
	*d = (struct directory){ little(end + 32, 8), little(end + 40, 8), little(end + 48, 8) };
	return r;
}

static int read_directory(struct zip *z, struct err *e)
{
	char end[END_SIZE];
	struct directory d;
	uint64_t end_at;
	int r = find_end(z, end, &end_at, e);

	if (r < 0)
		return r;
	d = (struct directory){ little(end + 10, 2), little(end + 12, 4), little(end + 16, 4) };
	if (d.entries == 0xffff || d.size == 0xffffffff || d.at == 0xffffffff)
		r = read_end64(z, end_at, &d, e);
	else if (little(end + 4, 2) || little(end + 6, 2))
		r = FAIL(e, E_FORMAT, "zip: of several disks");
	if (r < 0)
		return r;
	if (d.entries > LIMIT_ZIP_MEMBERS || d.size > LIMIT_ZIP_DIRECTORY)
		return FAIL(e, E_FORMAT, "zip: more than %d members or %d bytes of directory",
			    LIMIT_ZIP_MEMBERS, LIMIT_ZIP_DIRECTORY);
	z->directory = malloc((size_t)d.size + 1);
	if (!z->directory)
		return FAIL_NOMEM(e);
	z->directory_n = (size_t)d.size;
	z->left = d.entries;
	return read_at(z, d.at, z->directory, z->directory_n, e);
}

int zip_open(struct zip **ret, int fd, struct err *e)
{
	auto_release(zip_free) struct zip *z = calloc(1, sizeof(*z));
	struct stat st;
	int r;

	if (!z)
		return FAIL_NOMEM(e);
	if (fstat(fd, &st) < 0)
		return FAIL_SYS(e, "zip");
	z->fd = fd;
	z->file_size = (uint64_t)st.st_size;
	r = read_directory(z, e);
	if (r == 0)
		*ret = TAKE(z);
	return r;
}

/* What the extra field of ZIP64 has for those values that did not fit, in their order. */
static int read_extra(struct str extra, uint64_t *const values[3], struct err *e)
{
	while (extra.n >= 4) {
		size_t n = (size_t)little(extra.p + 2, 2);
		const bool is_zip64 = little(extra.p, 2) == 1;

		extra = (struct str){ extra.p + 4, extra.n - 4 };
		if (n > extra.n)
			break;
		for (size_t i = 0, at = 0; is_zip64 && i < 3; i++) {
			if (*values[i] != 0xffffffff)
				continue;
			if (n - at < 8)
				return FAIL(e, E_FORMAT, "zip: a ZIP64 field is too short");
			*values[i] = little(extra.p + at, 8);
			at += 8;
		}
		extra = (struct str){ extra.p + n, extra.n - n };
	}
	return extra.n ? FAIL(e, E_FORMAT, "zip: an extra field does not fit") : 0;
}

/* Where a member's bytes begin: its local header has lengths of its own. */
static int start_member(struct zip *z, uint64_t local_at, uint32_t crc, struct err *e)
{
	static const unsigned char header[GZIP_HEADER] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255 };
	unsigned char local[LOCAL_SIZE];
	int r = read_at(z, local_at, local, sizeof(local), e);

	if (r < 0)
		return r;
	if (memcmp(local, "PK\3\4", 4) != 0)
		return FAIL(e, E_FORMAT, "zip: %s: no local header", z->name);
	z->at = local_at + LOCAL_SIZE + little(local + 26, 2) + little(local + 28, 2);
	if (z->at > z->file_size || z->packed > z->file_size - z->at)
		return FAIL(e, E_FORMAT, "zip: %s: cut short", z->name);
	if (z->method == STORED && z->packed != z->size)
		return FAIL(e, E_FORMAT, "zip: %s: two sizes", z->name);
	memcpy(z->before, header, sizeof(header));
	for (unsigned i = 0; i < 4; i++) {
		z->after[i] = (unsigned char)(crc >> 8 * i);
		z->after[4 + i] = (unsigned char)(z->size >> 8 * i);
	}
	z->before_at = z->after_at = 0;
	z->done = z->crc_done = 0;
	z->crc = crc;
	return 0;
}

/* The bytes of the member, as a gzip stream when it is deflated. */
static int64_t feed(void *arg, void *p, size_t n, struct err *e)
{
	struct zip *z = arg;
	const bool wrap = z->method == DEFLATED;
	int r;

	if (wrap && z->before_at < GZIP_HEADER) {
		n = n < GZIP_HEADER - z->before_at ? n : GZIP_HEADER - z->before_at;
		memcpy(p, z->before + z->before_at, n);
		z->before_at += (unsigned)n;
		return (int64_t)n;
	}
	if (z->packed) {
		n = n < z->packed ? n : (size_t)z->packed;
		r = read_at(z, z->at, p, n, e);
		z->at += n;
		z->packed -= n;
		return r < 0 ? r : (int64_t)n;
	}
	if (!wrap)
		return 0;
	n = n < GZIP_TRAILER - z->after_at ? n : GZIP_TRAILER - z->after_at;
	memcpy(p, z->after + z->after_at, n);
	z->after_at += (unsigned)n;
	return (int64_t)n;
}

static int read_entry(struct zip *z, struct err *e)
{
	const char *p = z->directory + z->directory_at;
	size_t room = z->directory_n - z->directory_at, name_n, extra_n, comment_n;
	uint64_t local_at;

	if (room < ENTRY_SIZE || memcmp(p, "PK\1\2", 4) != 0)
		return FAIL(e, E_FORMAT, "zip: the central directory is damaged");
	name_n = (size_t)little(p + 28, 2);
	extra_n = (size_t)little(p + 30, 2);
	comment_n = (size_t)little(p + 32, 2);
	if (name_n + extra_n + comment_n > room - ENTRY_SIZE)
		return FAIL(e, E_FORMAT, "zip: the central directory is cut short");
	if (name_n > LIMIT_ZIP_NAME || memchr(p + ENTRY_SIZE, '\0', name_n))
		return FAIL(e, E_FORMAT, "zip: a name has NUL or is longer than %d bytes",
			    LIMIT_ZIP_NAME);
	memcpy(z->name, p + ENTRY_SIZE, name_n);
	z->name[name_n] = '\0';
	z->method = (unsigned)little(p + 10, 2);
	z->packed = little(p + 20, 4);
	z->size = little(p + 24, 4);
	local_at = little(p + 42, 4);
	z->directory_at += ENTRY_SIZE + name_n + extra_n + comment_n;
	z->left--;

	uint64_t *const values[3] = { &z->size, &z->packed, &local_at };
	int r = read_extra((struct str){ p + ENTRY_SIZE + name_n, extra_n }, values, e);

	if (r == 0 && little(p + 8, 2) & 1)
		r = FAIL(e, E_FORMAT, "zip: %s: encrypted", z->name);
	if (r == 0 && z->method != STORED && z->method != DEFLATED)
		r = FAIL(e, E_FORMAT, "zip: %s: method %u is neither stored nor deflated", z->name,
			 z->method);
	return r < 0 ? r : start_member(z, local_at, (uint32_t)little(p + 16, 4), e);
}

int zip_next(struct zip *z, const char **ret_name, struct err *e)
{
	int r;

	inflater_free(z->inflater);
	z->inflater = NULL;
	if (!z->left)
		return 0;
	r = read_entry(z, e);
	r = r < 0 ? r
		  : inflater_new(&z->inflater,
				 z->method == DEFLATED ? COMPRESSION_GZIP : COMPRESSION_NONE, feed,
				 z, e);
	if (r < 0)
		return r;
	*ret_name = z->name;
	return 1;
}

int64_t zip_read(void *zip, void *p, size_t n, struct err *e)
{
	struct zip *z = zip;
	int64_t got = inflater_read(z->inflater, p, n, e);

	if (got < 0)
		return WRAP(e, (int)got, "zip: %s", z->name);
	z->done += (uint64_t)got;
	if (z->done > z->size || (got == 0 && z->done != z->size))
		return FAIL(e, E_FORMAT, "zip: %s: not of the size that it says", z->name);
	if (z->method == STORED)
		z->crc_done = compression_crc32(z->crc_done, p, (size_t)got);
	if (got == 0 && z->method == STORED && z->crc_done != z->crc)
		return FAIL(e, E_FORMAT, "zip: %s: damaged, its CRC is another", z->name);
	return got;
}
