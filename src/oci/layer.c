/* SPDX-License-Identifier: Apache-2.0 */
/* What reading and writing layers share: the stream with its two digests, and names. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "oci/layer_internal.h"

int layer_stream_start(struct layer_stream *ret, int fd, struct err *e)
{
	auto_layer_stream s = { .fd = fd, .plain_max = LIMIT_LAYER_BYTES };
	char magic[6];
	ssize_t n = pread(fd, magic, sizeof(magic), 0);
	int r;

	if (n < 0)
		return FAIL_SYS(e, "read blob");
	s.kind = compression_detect(magic, (size_t)n);
	r = sha256_new(&s.packed, e);
	r = r < 0 ? r : sha256_new(&s.plain, e);
	if (r < 0)
		return r;
	*ret = s;
	s = (struct layer_stream){ .fd = -1 };
	return 0;
}

void layer_stream_free(struct layer_stream *s)
{
	sha256_free(s->packed);
	sha256_free(s->plain);
	inflater_free(s->inflater);
	*s = (struct layer_stream){ .fd = -1 };
}

static int64_t read_packed(void *arg, void *p, size_t n, struct err *e)
{
	struct layer_stream *s = arg;
	ssize_t got;

	do {
		got = read(s->fd, p, n);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return FAIL_SYS(e, "read blob");
	sha256_update(s->packed, p, (size_t)got);
	return got;
}

int64_t layer_stream_read(void *stream, void *p, size_t n, struct err *e)
{
	struct layer_stream *s = stream;
	int64_t got;
	int r = s->inflater ? 0 : inflater_new(&s->inflater, s->kind, read_packed, s, e);

	if (r < 0)
		return r;
	got = inflater_read(s->inflater, p, n, e);
	if (got < 0)
		return got;
	s->plain_n += (uint64_t)got;
	if (s->plain_n > s->plain_max)
		return FAIL(e, E_FORMAT, "more than %llu bytes when unpacked",
			    (unsigned long long)s->plain_max);
	sha256_update(s->plain, p, (size_t)got);
	return got;
}

static int compare(struct sha256 *h, const struct digest *want, const char *what, struct err *e)
{
	unsigned char raw[SHA256_LEN];
	struct digest got;

	sha256_final(h, raw);
	digest_from_raw(raw, &got);
	if (digest_eq(want, &got))
		return 0;
	return FAIL(e, E_VERIFY, "%s %s: its bytes hash to %s", what, want->s, got.s);
}

int layer_stream_end(struct layer_stream *s, const struct desc *blob, const struct digest *diff_id,
		     struct err *e)
{
	char chunk[16384];
	int64_t n;
	int r;

	while ((n = layer_stream_read(s, chunk, sizeof(chunk), e)) > 0)
		continue;
	if (n < 0)
		return (int)n;
	while ((n = read_packed(s, chunk, sizeof(chunk), e)) > 0)
		continue;
	if (n < 0)
		return (int)n;
	r = compare(s->packed, &blob->digest, "blob", e);
	return r < 0 || !diff_id ? r : compare(s->plain, diff_id, "layer with diff ID", e);
}

int layer_blame(const struct store *s, const struct desc *blob, int r, struct err *e)
{
	struct err why = ERR_INIT;

	if (r != E_FORMAT || store_blob_verify(s, blob, &why) != E_VERIFY)
		return r;
	if (e)
		*e = why;
	return E_VERIFY;
}

char *layer_path(const struct state *state, const struct digest *diff_id)
{
	char *path = NULL;

	if (asprintf(&path, "%s/layers/%s/fs", state->path, digest_hex(diff_id)) < 0)
		return NULL;
	return path;
}

const char *layer_leaf(const char *name, struct str *ret_parent)
{
	const char *slash = strrchr(name, '/');

	*ret_parent = (struct str){ name, slash ? (size_t)(slash - name) : 0 };
	return slash ? slash + 1 : name;
}

bool layer_device_is_standard(const struct tar_entry *x)
{
	static const struct {
		const char *name;
		uint32_t major, minor;
	} t[] = { { "dev/null", 1, 3 },	   { "dev/zero", 1, 5 },    { "dev/full", 1, 7 },
		  { "dev/random", 1, 8 },  { "dev/urandom", 1, 9 }, { "dev/tty", 5, 0 },
		  { "dev/console", 5, 1 }, { "dev/ptmx", 5, 2 } };

	for (size_t i = 0; x->type == TAR_CHAR && i < sizeof(t) / sizeof(*t); i++)
		if (strcmp(x->name, t[i].name) == 0 && x->dev_major == t[i].major &&
		    x->dev_minor == t[i].minor)
			return true;
	return false;
}

/* trusted.overlay.* and user.overlay.* would let a layer name files of the layers beneath it. */
bool layer_xattr_is_kept(const char *name)
{
	return (starts_with(name, "user.") && !starts_with(name, "user.overlay.")) ||
	       strcmp(name, "security.capability") == 0;
}
