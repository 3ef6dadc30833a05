/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of the web. What is known of a URL is kept beneath <state>/cache/http/: the digest that its
 * bytes had, and the validators by which its server can say that it still has the same.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "build/work.h"

/* What was learned of a URL the last time. */
struct known {
	struct digest digest;
	char etag[LIMIT_ETAG + 1], last_modified[64];
	int64_t mtime;
};
enum { LIMIT_KNOWN = 4096 };

/* One file for a URL and the credentials it was asked with; neither can be read from its name. */
static int known_name(const struct remote *at, char ret[static 128], struct err *e)
{
	auto_release(sha256_free) struct sha256 *h = NULL;
	unsigned char raw[SHA256_LEN];
	struct digest d;
	int r = sha256_new(&h, e);

	if (r < 0)
		return r;
	sha256_update(h, at->url, strlen(at->url) + 1);
	if (at->auth)
		sha256_update(h, at->auth, strlen(at->auth));
	sha256_final(h, raw);
	digest_from_raw(raw, &d);
	(void)snprintf(ret, 128, "cache/http/%s.json", digest_hex(&d));
	return 0;
}

static void copy(char *to, size_t cap, const char *s)
{
	(void)snprintf(to, cap, "%s", s ? s : "");
}

/* False when nothing useful is known; a broken file is as good as none. */
static bool known_get(const struct state *state, const char *name, struct known *ret)
{
	auto_buf b = BUF_INIT(LIMIT_KNOWN);
	auto_json *j = NULL;
	const char *digest;
	uint64_t mtime;

	*ret = (struct known){ 0 };
	if (fs_read(state->fd, name, LIMIT_KNOWN, &b, NULL) < 0 ||
	    json_parse(buf_str(&b), b.n, "cache", &j, NULL) < 0 ||
	    json_get_string(j, "digest", &digest, "cache", NULL) < 0 ||
	    digest_parse(str_of(digest), &ret->digest, NULL) < 0 ||
	    json_get_u64(j, "mtime", &mtime, "cache", NULL) < 0 || mtime > INT32_MAX)
		return false;
	ret->mtime = (int64_t)mtime;
	copy(ret->etag, sizeof(ret->etag), json_string_or_null(j, "etag"));
	copy(ret->last_modified, sizeof(ret->last_modified),
	     json_string_or_null(j, "lastModified"));
	return ret->etag[0] || ret->last_modified[0];
}

static int known_put(const struct state *state, const char *name, const struct build_fetched *got,
		     struct err *e)
{
	auto_json *j = json_object();
	auto_buf b = BUF_INIT(LIMIT_KNOWN);
	int r = json_put_string(j, "digest", got->digest.s, e);

	if (r == 0)
		r = json_put_u64(j, "mtime", got->mtime < 0 ? 0 : (uint64_t)got->mtime, e);
	if (r == 0 && got->etag[0])
		r = json_put_string(j, "etag", got->etag, e);
	if (r == 0 && got->last_modified[0])
		r = json_put_string(j, "lastModified", got->last_modified, e);
	if (r == 0)
		r = json_canonical(j, &b, e);
	if (r == 0)
		r = fs_mkdir_p(state->fd, "cache/http", 0700, e);
	return r < 0 ? r : fs_write_cache(state->fd, name, buf_str(&b), b.n, 0600, e);
}

/* Asks the server. had (may be NULL): what need not come again when it is still so. */
static int ask(struct work *w, const struct remote *at, const struct known *had, struct web_file *f,
	       struct err *e)
{
	auto_close int to = openat(w->area.fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	const struct build_fetch q = {
		.url = at->url,
		.auth = at->auth,
		.etag = had && had->etag[0] ? had->etag : NULL,
		.last_modified = had && had->last_modified[0] ? had->last_modified : NULL,
		.to = to,
		.progress = w->o->progress,
	};
	struct build_fetched got = { 0 };
	char name[128];
	int r = known_name(at, name, e);

	if (r < 0)
		return r;
	if (to < 0)
		return FAIL_SYS(e, "make a temporary file");
	if (!w->o->hooks.fetch)
		return FAIL(e, E_INTERNAL, "nobody fetches for this build");
	r = w->o->hooks.fetch(w->o->hooks.arg, &q, &got, e);
	if (r < 0)
		return WRAP(e, r, "fetch %.600s", at->url);
	if (got.unchanged && had) {
		f->digest = had->digest;
		f->mtime = had->mtime;
		return 0;
	}
	f->digest = got.digest;
	f->mtime = got.mtime;
	if (lseek(to, 0, SEEK_SET) < 0)
		return FAIL_SYS(e, "rewind what was fetched");
	r = known_put(w->o->state, name, &got, e);
	if (r == 0)
		f->fd = TAKE_FD(to);
	return r;
}

static int check_digest(const struct remote *at, const struct digest *want,
			const struct digest *got, bool told, struct err *e)
{
	if (digest_eq(want, got))
		return 0;
	if (!told)
		return FAIL(e, E_REMOTE, "%.600s changed while the build ran: build again",
			    at->url);
	return FAIL(e, E_VERIFY, "%.600s is %s, not %s as --checksum says", at->url, got->s,
		    want->s);
}

int web_resolve(struct work *w, const struct remote *at, const struct digest *want,
		struct web_file *ret, struct err *e)
{
	struct web_file f = { .fd = -1, .mtime = -1 };
	struct known had;
	char name[128];
	int r = known_name(at, name, e);
	bool known;

	if (r < 0)
		return r;
	known = !w->o->no_cache && known_get(w->o->state, name, &had);
	if (want) {
		f.digest = *want;
		f.checked = true;
		if (known && digest_eq(&had.digest, want))
			f.mtime = had.mtime;
	} else {
		r = ask(w, at, known ? &had : NULL, &f, e);
	}
	if (r == 0)
		*ret = f;
	return r;
}

int web_get(struct work *w, const struct remote *at, struct web_file *f, struct err *e)
{
	struct web_file got = WEB_FILE_NONE;
	int r;

	if (f->fd >= 0)
		return 0;
	r = ask(w, at, NULL, &got, e);
	if (r < 0)
		return r;

	auto_close int fd = got.fd;

	r = check_digest(at, &f->digest, &got.digest, f->checked, e);
	if (r < 0)
		return r;
	f->mtime = got.mtime;
	f->fd = TAKE_FD(fd);
	return 0;
}
