/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/tuf/remote.h"

#include <string.h>

#include "oci/store.h"

/* How long somebody who wrote at the same moment may take to overwrite us unseen. */
enum { SETTLE_MS = 200 };

int tuf_remote_open(const struct road *road, const struct ref *at, struct tuf_remote *ret,
		    struct err *e)
{
	struct tuf_remote t = { .road = road, .at = *at };
	int r = registry_open(at, REGISTRY_CHANGE, road->progress, &t.reg, e);

	if (r == 0)
		*ret = t;
	return r;
}

void tuf_remote_close(struct tuf_remote *t)
{
	registry_close(t->reg);
	manifest_free(&t->m);
	json_decref(t->files);
	*t = (struct tuf_remote){ 0 };
}

static int read_files(const struct manifest *m, json_t **ret, struct err *e)
{
	auto_json *files = json_object();
	json_t *layers, *v;
	size_t i;
	int r = json_get_array(m->json, "layers", &layers, "manifest", e);

	if (r < 0)
		return r;
	json_array_foreach(layers, i, v)
	{
		const char *title =
			json_string_or_null(json_object_get(v, "annotations"), TUF_TITLE);

		if (!title)
			return FAIL(e, E_FORMAT, "layer %zu has no title", i);
		if (json_object_get(files, title))
			return FAIL(e, E_FORMAT, "'%.100s' is there twice", title);
		r = json_put(files, title, json_incref(v), e);
		if (r < 0)
			return r;
	}
	*ret = TAKE(files);
	return 0;
}

static int read_manifest(struct tuf_remote *t, struct err *e)
{
	auto_manifest m = { 0 };
	auto_json *files = NULL;
	struct desc d;
	int r = registry_pull_manifest(t->reg, t->road->store, &t->at, &d, e);

	r = r < 0 ? r : store_manifest(t->road->store, &d, &m, NULL, e);
	if (r < 0)
		return r;
	if (strcmp(m.artifact_type, TUF_ARTIFACT_TYPE) != 0)
		return FAIL(e, E_FORMAT, "it is no artifact of TUF metadata but a '%.100s'",
			    m.artifact_type[0] ? m.artifact_type : m.config.media_type);
	r = read_files(&m, &files, e);
	if (r < 0)
		return r;
	manifest_free(&t->m);
	json_decref(t->files);
	t->manifest = d;
	t->m = m;
	m = (struct manifest){ 0 };
	t->files = TAKE(files);
	return 0;
}

int tuf_remote_read(struct tuf_remote *t, struct err *e)
{
	int r = read_manifest(t, e);

	return r < 0 ? WRAP(e, r, "TUF metadata %s/%s:%s", t->at.host, t->at.name, t->at.tag) : 0;
}

int tuf_remote_get(void *arg, const char *role, uint64_t version, uint64_t max, struct buf *ret,
		   struct err *e)
{
	struct tuf_remote *t = arg;
	auto_buf title = BUF_INIT(4 * LIMIT_TUF_NAME);
	const json_t *layer;
	struct desc d;
	int r;

	tuf_file_name(role, version, &title);
	layer = json_object_get(t->files, buf_str(&title));
	if (!layer)
		return FAIL(e, E_NOTFOUND, "the registry's TUF metadata has no %.100s",
			    buf_str(&title));
	r = desc_parse(layer, buf_str(&title), &d, e);
	if (r < 0)
		return r;
	if (d.size > max)
		return FAIL(e, E_FORMAT, "%.100s: more than %llu bytes", buf_str(&title),
			    (unsigned long long)max);
	buf_reset(ret);
	r = registry_pull_blob(t->reg, t->road->store, t->at.name, &d, max, NULL, e);
	r = r < 0 ? r : store_blob_read(t->road->store, &d, max, ret, e);
	/* What it lists and has not must not look like the end of the roots. */
	if (r == E_NOTFOUND)
		return FAIL(e, E_REMOTE, "%.100s: the registry lists it and has it not",
			    buf_str(&title));
	return r < 0 ? WRAP(e, r, "%.100s", buf_str(&title)) : 0;
}

static int put_manifest(const struct tuf_remote *t, json_t *files, struct desc *ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_MANIFEST);
	auto_json *layers = json_array(), *m = NULL;
	const char *title;
	struct desc config;
	json_t *v;
	int r = store_blob_put(t->road->store, MT_OCI_EMPTY, "{}", 2, &config, e);

	if (r < 0)
		return r;
	if (json_object_size(files) > LIMIT_LAYERS)
		return FAIL(e, E_FORMAT, "more than %d files of metadata", LIMIT_LAYERS);
	json_object_foreach(files, title, v)
	{
		r = r < 0 ? r : json_push(layers, json_incref(v), e);
	}
	m = json_pack("{si ss ss so sO}", "schemaVersion", 2, "mediaType", MT_OCI_MANIFEST,
		      "artifactType", TUF_ARTIFACT_TYPE, "config", desc_json(&config), "layers",
		      layers);
	r = r < 0 ? r : m ? json_canonical(m, &text, e) : FAIL_NOMEM(e);
	return r < 0 ? r
		     : store_blob_put(t->road->store, MT_OCI_MANIFEST, buf_str(&text), text.n, ret,
				      e);
}

int tuf_remote_write(struct tuf_remote *t, json_t *files, struct err *e)
{
	struct desc d;
	int r = put_manifest(t, files, &d, e);

	r = r < 0 ? r : registry_push(t->reg, t->road->store, &d, t->at.name, NULL, NULL, e);
	r = r < 0 ? r
		  : registry_move_tag(t->reg, t->road->store, &d, t->at.name, t->at.tag,
				      &t->manifest.digest, SETTLE_MS, e);
	if (r < 0)
		return WRAP(e, r, "publish TUF metadata");
	t->manifest = d;
	return 0;
}
