/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs that nothing reaches, and temporary files whose writer died. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"
#include "oci/store_internal.h"

enum { ALONE_POLL_US = 50 * 1000 };

/* Marks d and, for an index or manifest, all that it names. Missing or damaged blobs mark only
 * themselves. */
static int mark(const struct store *s, const struct desc *d, json_t *reached, int depth,
		struct err *e)
{
	auto_buf b = BUF_INIT(LIMIT_MANIFEST);
	auto_json *j = NULL;
	json_t *entry;
	size_t i;
	struct desc sub;
	int r = 0;

	if (json_object_get(reached, d->digest.s))
		return 0;
	r = json_put(reached, d->digest.s, json_true(), e);
	if (r < 0 || depth > 3 || (!desc_is_index(d) && !desc_is_manifest(d)))
		return r;
	if (store_blob_read(s, d, LIMIT_MANIFEST, &b, NULL) < 0 ||
	    json_parse(buf_str(&b), b.n, d->digest.s, &j, NULL) < 0)
		return 0;
	json_array_foreach(json_object_get(j, "manifests"), i,
			   entry) if (r == 0 && desc_parse(entry, d->digest.s, &sub, NULL) == 0) r =
		mark(s, &sub, reached, depth + 1, e);
	json_array_foreach(json_object_get(j, "layers"), i,
			   entry) if (r == 0 && desc_parse(entry, d->digest.s, &sub, NULL) == 0) r =
		mark(s, &sub, reached, depth + 1, e);
	if (r == 0 && desc_parse(json_object_get(j, "config"), d->digest.s, &sub, NULL) == 0)
		r = mark(s, &sub, reached, depth + 1, e);
	return r;
}

/* Removes the files of a folder that `doomed` names; counts their bytes. */
static int sweep(int folder, bool (*doomed)(int fd, const char *name, void *arg), void *arg,
		 uint64_t *bytes, struct err *e)
{
	int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
	struct dirent *ent;

	if (!d)
		return FAIL_SYS(e, "list blobs");
	while ((ent = readdir(d))) {
		struct stat st;
		auto_close int fd = -1;

		if (ent->d_name[0] == '.')
			continue;
		fd = openat(folder, ent->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
		    !doomed(fd, ent->d_name, arg))
			continue;
		if (unlinkat(folder, ent->d_name, 0) < 0)
			return FAIL_SYS(e, "remove '%s'", ent->d_name);
		*bytes += (uint64_t)st.st_size;
	}
	return 0;
}

static bool unreached(int fd, const char *name, void *arg)
{
	char digest[80];

	(void)fd;
	(void)snprintf(digest, sizeof(digest), "sha256:%.70s", name);
	return !json_object_get((json_t *)arg, digest);
}

static bool abandoned(int fd, const char *name, void *arg)
{
	(void)name, (void)arg;
	return flock(fd, LOCK_EX | LOCK_NB) == 0;
}

/* The subject of an entry that has no name: what it refers to keeps it. False when it has none, or
 * cannot be read: then it stays by itself. */
static bool entry_subject(const struct store *s, const json_t *entry, const struct desc *d,
			  struct digest *ret)
{
	auto_manifest m = { 0 };

	if (json_string_or_null(json_object_get(entry, "annotations"), ANNOTATION_REF_NAME) ||
	    !desc_is_manifest(d) || store_manifest(s, d, &m, NULL, NULL) < 0 || !m.has_subject)
		return false;
	*ret = m.subject.digest;
	return true;
}

/* Marks from every entry but those whose subject is not reached yet. Returns how many entries were
 * newly reached: a referrer may have referrers of its own, so callers go on until there is none. */
static int mark_entries(const struct store *s, const json_t *list, json_t *reached, struct err *e)
{
	json_t *entry;
	size_t i;
	int found = 0;

	json_array_foreach(list, i, entry)
	{
		struct digest subject;
		struct desc d;
		int r = desc_parse(entry, "index.json", &d, e);

		if (r < 0)
			return r;
		if (json_object_get(reached, d.digest.s) ||
		    (entry_subject(s, entry, &d, &subject) && !json_object_get(reached, subject.s)))
			continue;
		r = mark(s, &d, reached, 0, e);
		if (r < 0)
			return r;
		found++;
	}
	return found;
}

/* Signatures and other referrers go with what they refer to. */
static int drop_orphans(const struct store *s, json_t *index, const json_t *reached, struct err *e)
{
	json_t *list = json_object_get(index, "manifests");
	bool changed = false;

	for (size_t i = json_array_size(list); i-- > 0;) {
		const char *digest = json_string_or_null(json_array_get(list, i), "digest");

		if (digest && json_object_get(reached, digest))
			continue;
		if (json_array_remove(list, i) < 0)
			return FAIL_NOMEM(e);
		changed = true;
	}
	return changed ? store_index_save(s, index, e) : 0;
}

static int collect(struct store *s, const json_t *keep, uint64_t *ret_bytes, struct err *e)
{
	auto_close int lock = fs_lock(s->dir, "index.lock", STORE_LOCK_MS, e);
	auto_json *index = NULL;
	auto_json *reached = json_object();
	uint64_t bytes = 0;
	int r;

	if (lock < 0)
		return lock;
	if (!reached)
		return FAIL_NOMEM(e);
	r = store_index_load(s, &index, e);
	do {
		if (r >= 0)
			r = mark_entries(s, json_object_get(index, "manifests"), reached, e);
	} while (r > 0);
	if (r == 0)
		r = drop_orphans(s, index, reached, e);
	if (r == 0 && keep && json_object_update(reached, (json_t *)(uintptr_t)keep) < 0)
		r = FAIL_NOMEM(e);
	if (r < 0)
		return r;

	auto_close int blobs = fs_open_nolink(s->dir, "blobs/sha256", O_RDONLY | O_DIRECTORY, 0, e);
	auto_close int temp = fs_open_nolink(s->dir, "tmp", O_RDONLY | O_DIRECTORY, 0, NULL);

	r = blobs < 0 ? blobs : sweep(blobs, unreached, reached, &bytes, e);
	if (r == 0 && temp >= 0)
		r = sweep(temp, abandoned, NULL, &bytes, e);
	if (r == 0)
		*ret_bytes = bytes;
	return r;
}

static bool abandoned_blob(int fd, const char *name, void *arg)
{
	return starts_with(name, "blob-") && abandoned(fd, name, arg);
}

void store_tidy(struct store *s)
{
	auto_close int temp = fs_open_nolink(s->dir, "tmp", O_RDONLY | O_DIRECTORY, 0, NULL);
	auto_close int alone = temp < 0 ? -1 : fs_lock(s->dir, "store.lock", 0, NULL);
	uint64_t bytes = 0;

	if (alone >= 0)
		(void)sweep(temp, abandoned_blob, NULL, &bytes, NULL);
}

int store_gc(struct store *s, uint64_t *ret_bytes, struct err *e)
{
	return store_gc_but(s, NULL, ret_bytes, e);
}

int store_alone(struct store *s, int timeout_ms, struct err *e)
{
	uint64_t end = clock_mono_ms() + (uint64_t)timeout_ms;

	while (flock(s->in_use, LOCK_EX | LOCK_NB) < 0) {
		int why = errno, r = proc_interrupted(e);

		(void)flock(s->in_use, LOCK_SH); /* the failed change gave it up */
		if (r < 0)
			return r;
		if (why != EWOULDBLOCK && why != EINTR) {
			errno = why;
			return FAIL_SYS(e, "lock the store");
		}
		if (clock_mono_ms() >= end)
			return err_set(e, __FILE__, __LINE__, E_SYSTEM, EWOULDBLOCK,
				       "another process is at work in this store");
		(void)usleep(ALONE_POLL_US);
	}
	return 0;
}

void store_not_alone(struct store *s)
{
	(void)flock(s->in_use, LOCK_SH);
}

int store_gc_but(struct store *s, const json_t *keep, uint64_t *ret_bytes, struct err *e)
{
	int r;

	/* Blobs are written before a name reaches them, so others at work would lose theirs. */
	if (flock(s->in_use, LOCK_EX | LOCK_NB) < 0) {
		r = errno == EWOULDBLOCK ? 0 : FAIL_SYS(e, "lock the store");
		(void)flock(s->in_use, LOCK_SH); /* the failed change gave it up */
		if (r == 0)
			*ret_bytes = 0;
		return r;
	}
	r = collect(s, keep, ret_bytes, e);
	(void)flock(s->in_use, LOCK_SH);
	return r;
}
