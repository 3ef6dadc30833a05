/* SPDX-License-Identifier: Apache-2.0 */
/* Which files the registry's metadata consists of: what is there, and what is kept here. */
#include <string.h>

#include "oci/store.h"
#include "pipeline/tuf/edit_internal.h"

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

/*
 * What is kept here, verified, goes before what the registry has: what somebody took from the files
 * there, or put in their place, would stay so for ever, for the top-level files alone are read by
 * who publishes. What nothing lists goes.
 */

/* As it is there. */
static int take(struct tuf_edit *x, const char *role, uint64_t version, struct err *e)
{
	auto_buf title = BUF_INIT(4 * LIMIT_TUF_NAME);
	json_t *layer;

	tuf_file_name(role, version, &title);
	layer = json_object_get(x->remote.files, buf_str(&title));
	return layer ? json_put(x->files, buf_str(&title), json_incref(layer), e) : 0;
}

static int put_bytes(struct tuf_edit *x, const char *role, uint64_t version,
		     const struct buf *bytes, struct err *e)
{
	return tuf_edit_put_file(x, role, version, (struct str){ buf_str(bytes), bytes->n }, e);
}

static int put_root(struct tuf_edit *x, uint64_t version, struct err *e)
{
	auto_buf kept = BUF_INIT(LIMIT_TUF_ROOT + 1);
	struct err own = ERR_INIT;
	int r = tuf_files_load_root(x->u.dir, version, &kept, &own);

	if (r == E_NOTFOUND && !x->u.kept_only) /* from before the first that this host trusted */
		return take(x, "root", version, e);
	if (r == 0)
		return put_bytes(x, "root", version, &kept, e);
	if (e)
		*e = own;
	return r;
}

static bool is_listed_so(const struct buf *file, const json_t *meta)
{
	auto_json *envelope = NULL;

	return tuf_check_bytes((struct str){ buf_str(file), file->n }, meta, NULL) == 0 &&
	       json_parse(buf_str(file), file->n, "role", &envelope, NULL) == 0 &&
	       tuf_body_version(json_object_get(envelope, "signed")) == tuf_body_version(meta);
}

/* A file that the snapshot lists. Of a role that nobody asked for lately an older one is kept; what
 * the registry has, in the place that is taken as well, may still be the right one. */
static int put_listed(struct tuf_edit *x, const char *role, const json_t *meta, struct err *e)
{
	auto_buf file = BUF_INIT(LIMIT_TUF_TARGETS + 1);
	struct tuf_remote was = x->remote;
	uint64_t version = tuf_body_version(meta);

	if (tuf_files_load(x->u.dir, role, &file, NULL) == 0 && is_listed_so(&file, meta))
		return put_bytes(x, role, version, &file, e);
	if (!x->u.kept_only)
		return take(x, role, version, e);
	was.files = x->replaced;
	if (tuf_remote_get(&was, role, version, LIMIT_TUF_TARGETS, &file, NULL) < 0 ||
	    !is_listed_so(&file, meta))
		return FAIL(e, E_NOTFOUND,
			    "version %llu of role '%.80s' is neither kept here nor in the registry",
			    (unsigned long long)version, role);
	return put_bytes(x, role, version, &file, e);
}

int tuf_edit_put_files(struct tuf_edit *x, struct err *e)
{
	json_t *meta = json_object_get(tuf_signed_of(x->u.set, "snapshot"), "meta"), *v;
	auto_buf snapshot = BUF_INIT(LIMIT_TUF_SNAPSHOT + 1);
	uint64_t root = tuf_root_version(x->u.set);
	const char *name;
	int r = tuf_files_load(x->u.dir, "snapshot", &snapshot, e);

	r = r < 0 ? r : put_bytes(x, "snapshot", tuf_body_version(x->snapshot), &snapshot, e);
	for (uint64_t i = root > LIMIT_LAYERS ? root - LIMIT_LAYERS : 1; r == 0 && i <= root; i++)
		r = put_root(x, i, e);
	json_object_foreach(meta, name, v)
	{
		char role[LIMIT_TUF_NAME + 1];

		(void)snprintf(role, sizeof(role), "%.*s", (int)(strlen(name) - strlen(".json")),
			       name);
		r = r < 0 ? r : put_listed(x, role, v, e);
	}
	return r;
}
