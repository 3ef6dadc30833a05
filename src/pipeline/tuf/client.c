/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/tuf/client.h"

#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "pipeline/tuf/internal.h"

/* A repository whose files are at URLs. */
struct http_source {
	struct fetch *fetch;
	const char *url;
};

static void http_source_release(struct http_source *h)
{
	fetch_free(h->fetch);
}
#define auto_http __attribute__((cleanup(http_source_release))) struct http_source

static struct str bytes_of(const struct buf *b)
{
	return (struct str){ buf_str(b), b->n };
}

/* VERSION.ROLE.json, or ROLE.json for version 0. */
static int http_get(void *arg, const char *role, uint64_t version, uint64_t max, struct buf *ret,
		    struct err *e)
{
	struct http_source *h = arg;
	auto_buf name = BUF_INIT(LIMIT_URL);
	auto_buf url = BUF_INIT(2 * LIMIT_URL);
	int r;

	tuf_file_name(role, version, &name);
	tuf_url(h->url, buf_str(&name), &url);
	r = buf_check(&url, "URL", e);
	return r < 0 ? r : tuf_fetch(h->fetch, buf_str(&url), max, ret, e);
}

static int refresh(const struct tuf_client *c, struct http_source *h, struct tuf_update *u,
		   struct err *e)
{
	int r;

	h->url = c->metadata_url;
	u->where = c->metadata_dir;
	u->dir = tuf_files_open(c->metadata_dir, false, e);
	if (u->dir < 0)
		return WRAP(e, u->dir, "metadata");
	if ((r = tuf_update_begin(u, clock_now(), e)) < 0 || (r = fetch_new(&h->fetch, e)) < 0)
		return r;
	r = tuf_update_run(u, e);
	if (r == E_NOTFOUND && !fs_exists(u->dir, "root.json"))
		return err_hint(e, r, "plimsoll trust tuf-client --metadata-dir '%.200s' init ROOT",
				c->metadata_dir);
	return r;
}

int tuf_client_refresh(const struct tuf_client *c, struct err *e)
{
	auto_http h = { 0 };
	const struct tuf_source source = { http_get, &h };
	auto_tuf_update u = TUF_UPDATE_INIT;

	u.source = &source;
	return refresh(c, &h, &u, e);
}

static int download_one(struct http_source *h, struct tuf_update *u, const struct tuf_download *d,
			const char *name, struct err *e)
{
	struct tuf_target target;
	int r = tuf_update_search(u, name, &target, e);

	if (r < 0)
		return r;
	if (r == 0)
		return FAIL(e, E_NOTFOUND, "no role that may lists the target '%.300s'", name);
	return tuf_target_get(h->fetch, d, name, &target, tuf_consistent(u->set), e);
}

int tuf_client_download(const struct tuf_client *c, const struct tuf_download *d, struct err *e)
{
	auto_http h = { 0 };
	const struct tuf_source source = { http_get, &h };
	auto_tuf_update u = TUF_UPDATE_INIT;
	int r;

	u.source = &source;
	r = refresh(c, &h, &u, e);
	for (size_t i = 0; r == 0 && i < d->names->n; i++)
		r = download_one(&h, &u, d, d->names->v[i], e);
	return r;
}

int tuf_client_init(const char *metadata_dir, const char *root_file, struct err *e)
{
	auto_buf root = BUF_INIT(LIMIT_TUF_ROOT + 1);
	auto_close int dir = -1;
	uint64_t version;
	int r;

	if ((r = fs_read_user(root_file, LIMIT_TUF_ROOT, &root, e)) < 0 ||
	    (r = tuf_root_check(bytes_of(&root), &version, e)) < 0)
		return WRAP(e, r, "trust '%s'", root_file);
	dir = tuf_files_open(metadata_dir, true, e);
	return dir < 0 ? dir : tuf_files_begin(dir, version, bytes_of(&root), NULL, e);
}
