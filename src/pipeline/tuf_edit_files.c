/* SPDX-License-Identifier: Apache-2.0 */
/* Which files the registry's metadata consists of: what is there, and what is kept here. */
#include <string.h>

#include "crypto/digest.h"
#include "oci/store.h"
#include "pipeline/tuf_edit_internal.h"

int tuf_edit_put_file(struct tuf_edit *x, const char *role, uint64_t version, struct str bytes,
		      struct err *e)
{
	auto_buf title = BUF_INIT(4 * LIMIT_TUF_NAME), bare = BUF_INIT(4 * LIMIT_TUF_NAME);
	bool root = strcmp(role, "root") == 0, timestamp = strcmp(role, "timestamp") == 0;
	const char *name;
	json_t *v, *layer;
	struct desc d;
	void *tmp;
	int r = store_blob_put(x->road->store, TUF_LAYER_TYPE, bytes.p, bytes.n, &d, e);

	if (r < 0)
		return r;
	tuf_file_name(role, 0, &bare);
	json_object_foreach_safe(x->files, tmp, name, v)
	{
		size_t digits = strspn(name, "0123456789");

		if (!root && digits && name[digits] == '.' &&
		    strcmp(name + digits + 1, buf_str(&bare)) == 0)
			(void)json_object_del(x->files, name);
	}
	tuf_file_name(role, timestamp ? 0 : version, &title);
	layer = desc_json(&d);
	r = layer ? json_put(layer, "annotations", json_pack("{ss}", TUF_TITLE, buf_str(&title)), e)
		  : FAIL_NOMEM(e);
	if (r < 0) {
		json_decref(layer);
		return r;
	}
	return json_put(x->files, buf_str(&title), layer, e);
}

/* The files of a first publication: whatever is kept. */
static int put_kept(struct tuf_edit *x, const char *role, uint64_t version, struct err *e)
{
	auto_buf kept = BUF_INIT(LIMIT_TUF_TARGETS + 1);
	int r = strcmp(role, "root") == 0 ? tuf_files_load_root(x->u.dir, version, &kept, e)
					  : tuf_files_load(x->u.dir, role, &kept, e);

	return r < 0 ? r
		     : tuf_edit_put_file(x, role, version, (struct str){ buf_str(&kept), kept.n },
					 e);
}

static bool is_listed_so(const struct buf *file, const json_t *meta)
{
	auto_json *envelope = NULL;

	return tuf_check_bytes((struct str){ buf_str(file), file->n }, meta, NULL) == 0 &&
	       json_parse(buf_str(file), file->n, "role", &envelope, NULL) == 0 &&
	       tuf_body_version(json_object_get(envelope, "signed")) == tuf_body_version(meta);
}

/* A file that the snapshot lists. Of a role that nobody asked for lately an older one is kept; what
 * the registry has in the place that is taken may still be the right one. */
static int put_listed(struct tuf_edit *x, const char *role, const json_t *meta, struct err *e)
{
	auto_buf file = BUF_INIT(LIMIT_TUF_TARGETS + 1);
	struct tuf_remote was = x->remote;
	uint64_t version = tuf_body_version(meta);

	was.files = x->replaced;
	if ((tuf_files_load(x->u.dir, role, &file, NULL) < 0 || !is_listed_so(&file, meta)) &&
	    (tuf_remote_get(&was, role, version, LIMIT_TUF_TARGETS, &file, NULL) < 0 ||
	     !is_listed_so(&file, meta)))
		return FAIL(e, E_NOTFOUND,
			    "version %llu of role '%.80s' is neither kept here nor in the registry",
			    (unsigned long long)version, role);
	return tuf_edit_put_file(x, role, version, (struct str){ buf_str(&file), file.n }, e);
}

/* "ROLE.json", as a snapshot lists it. */
static void role_of_file(const char *name, char ret[static LIMIT_TUF_NAME + 1])
{
	(void)snprintf(ret, LIMIT_TUF_NAME + 1, "%.*s", (int)(strlen(name) - strlen(".json")),
		       name);
}

int tuf_edit_put_kept(struct tuf_edit *x, struct err *e)
{
	json_t *meta = json_object_get(tuf_signed_of(x->u.set, "snapshot"), "meta"), *v;
	uint64_t root = tuf_root_version(x->u.set);
	const char *name;
	int r = put_kept(x, "snapshot", tuf_body_version(x->snapshot), e);

	for (uint64_t i = 1; r == 0 && i <= root; i++)
		r = put_kept(x, "root", i, e);
	json_object_foreach(meta, name, v)
	{
		char role[LIMIT_TUF_NAME + 1];

		role_of_file(name, role);
		r = r < 0 ? r : put_listed(x, role, v, e);
	}
	return r;
}

/*
 * The files of a change of what the registry has. What somebody took from them, or put in their
 * place, comes back from what is kept here, and what nothing lists goes: else it would be so for
 * ever, for the top-level files alone are read by who publishes.
 */

static int take(struct tuf_edit *x, const char *role, uint64_t version, struct err *e)
{
	auto_buf title = BUF_INIT(4 * LIMIT_TUF_NAME);
	json_t *layer;

	tuf_file_name(role, version, &title);
	layer = json_object_get(x->remote.files, buf_str(&title));
	return layer ? json_put(x->files, buf_str(&title), json_incref(layer), e) : 0;
}

/* The digest of what the registry has as this file; NULL when it has none. */
static const char *digest_there(const struct tuf_edit *x, const char *role, uint64_t version)
{
	auto_buf title = BUF_INIT(4 * LIMIT_TUF_NAME);

	tuf_file_name(role, version, &title);
	return json_string_or_null(json_object_get(x->remote.files, buf_str(&title)), "digest");
}

static int take_root(struct tuf_edit *x, uint64_t version, struct err *e)
{
	auto_buf kept = BUF_INIT(LIMIT_TUF_ROOT + 1);
	const char *there = digest_there(x, "root", version);
	struct digest d;

	if (tuf_files_load_root(x->u.dir, version, &kept, NULL) < 0)
		return take(x, "root", version, e); /* from before this host trusted the first */
	digest_of(buf_str(&kept), kept.n, &d);
	if (there && strcmp(there, d.s) == 0)
		return take(x, "root", version, e);
	return tuf_edit_put_file(x, "root", version, (struct str){ buf_str(&kept), kept.n }, e);
}

static int take_listed(struct tuf_edit *x, const char *role, const json_t *meta, struct err *e)
{
	auto_buf kept = BUF_INIT(LIMIT_TUF_TARGETS + 1);
	uint64_t version = tuf_body_version(meta);
	const char *there = digest_there(x, role, version);
	const char *hex = json_string_or_null(json_object_get(meta, "hashes"), "sha256");

	if ((there && hex && starts_with(there, "sha256:") &&
	     strcmp(there + strlen("sha256:"), hex) == 0) ||
	    tuf_files_load(x->u.dir, role, &kept, NULL) < 0 || !is_listed_so(&kept, meta))
		return take(x, role, version, e);
	return tuf_edit_put_file(x, role, version, (struct str){ buf_str(&kept), kept.n }, e);
}

int tuf_edit_take(struct tuf_edit *x, struct err *e)
{
	json_t *meta = json_object_get(tuf_signed_of(x->u.set, "snapshot"), "meta"), *v;
	uint64_t root = tuf_root_version(x->u.set);
	const char *name;
	int r = take(x, "timestamp", 0, e);

	r = r < 0 ? r : take(x, "snapshot", tuf_body_version(x->snapshot), e);
	for (uint64_t i = root > LIMIT_LAYERS ? root - LIMIT_LAYERS : 1; r == 0 && i <= root; i++)
		r = take_root(x, i, e);
	json_object_foreach(meta, name, v)
	{
		char role[LIMIT_TUF_NAME + 1];

		role_of_file(name, role);
		r = r < 0 ? r : take_listed(x, role, v, e);
	}
	return r;
}
