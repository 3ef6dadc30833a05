/* SPDX-License-Identifier: Apache-2.0 */
/* What OCSP and CRL servers answered, for a while. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "trust/internal.h"
#include "trust/revocation.h"

#define DIR_CACHE "cache/revocation"
enum { CACHE_PATH = sizeof(DIR_CACHE) + DIGEST_HEX + 2 };

static void cache_path(const struct want *w, char ret[static CACHE_PATH])
{
	auto_buf b = BUF_INIT(2 * sizeof(*w));
	struct digest d;

	buf_printf(&b, "%s\n%s\n", w->ocsp ? "ocsp" : "crl", w->url);
	buf_put(&b, w->request, w->request_n);
	digest_of(b.p, b.n, &d);
	(void)snprintf(ret, CACHE_PATH, DIR_CACHE "/%s", digest_hex(&d));
}

bool revocation_cached(const struct state *state, const struct want *w, struct buf *ret)
{
	char path[CACHE_PATH];
	int64_t now = clock_now(), kept = w->ocsp ? OCSP_KEPT : CRL_KEPT;
	struct stat st;

	if (!state || w->anew)
		return false;
	cache_path(w, path);

	auto_close int fd =
		fs_open_nolink(state->fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, NULL);

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_mtime <= now &&
	       st.st_mtime > now - kept && fs_read_fd(fd, path, ret->cap, ret, NULL) == 0;
}

/* Keeping it small. */

struct kept {
	char name[DIGEST_HEX + 1];
	int64_t at;
	int64_t size;
};

static int newest_first(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	return x->at < y->at ? 1 : x->at > y->at ? -1 : strcmp(x->name, y->name);
}

/* The files that are there; what is no answer of ours, as somebody left who was killed, goes. */
static size_t list(DIR *d, struct kept *ret, size_t max)
{
	size_t n = 0;

	for (const struct dirent *ent; n < max && (ent = readdir(d));) {
		struct stat st;

		if (strcmp(ent->d_name, ".") == 0 || strcmp(ent->d_name, "..") == 0 ||
		    fstatat(dirfd(d), ent->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (strlen(ent->d_name) != DIGEST_HEX) {
			if (st.st_mtime < clock_now() - CRL_KEPT)
				(void)unlinkat(dirfd(d), ent->d_name, 0);
			continue;
		}
		ret[n].at = st.st_mtime;
		ret[n].size = st.st_size;
		(void)snprintf(ret[n].name, sizeof(ret[n].name), "%s", ent->d_name);
		n++;
	}
	return n;
}

/* Answers that are older than any is kept go, and the oldest of too many. What cannot be done is
 * done another time. */
static void evict(const struct state *state)
{
	enum { MAX = 4 * LIMIT_ANSWERS_KEPT };
	auto_free struct kept *v = calloc(MAX, sizeof(*v));
	int fd = fs_open_nolink(state->fd, DIR_CACHE, O_RDONLY | O_DIRECTORY, 0, NULL);
	const int64_t now = clock_now();
	int64_t bytes = 0;
	size_t n;

	if (fd < 0)
		return;

	auto_closedir DIR *d = fdopendir(fd);

	if (!d)
		(void)close(fd);
	if (!d || !v)
		return;
	n = list(d, v, MAX);
	qsort(v, n, sizeof(*v), newest_first);
	for (size_t i = 0; i < n; i++) {
		bytes += v[i].size;
		if (i >= LIMIT_ANSWERS_KEPT || bytes > LIMIT_ANSWERS_BYTES ||
		    v[i].at < now - CRL_KEPT)
			(void)unlinkat(fd, v[i].name, 0);
	}
}

void revocation_cache(const struct state *state, const struct want *w, const struct buf *bytes)
{
	char path[CACHE_PATH];

	if (!state || fs_mkdir_p(state->fd, DIR_CACHE, 0700, NULL) < 0)
		return;
	cache_path(w, path);
	(void)fs_write_cache(state->fd, path, bytes->p, bytes->n, 0600, NULL);
	evict(state);
}
