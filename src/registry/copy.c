/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/copy.h"

#include "oci/store_copy.h"
#include "registry/repo.h"
#include "registry/upload.h"

enum { LIMIT_COPY_DEPTH = 6, LIMIT_COPY_MANIFESTS = 65536 };

static int copy_any(struct registry_copy *c, const struct desc *d, int depth, struct err *e);

void registry_copy_free(struct registry_copy *c)
{
	json_decref(c->visited);
	c->visited = NULL;
}

int registry_copy_read(struct registry_copy *c, const struct desc *d, struct buf *ret,
		       struct err *e)
{
	if (c->from)
		return registry_find_manifest(c->from, c->from_name, d->digest.s, d, ret, NULL, e);
	return store_blob_read(c->source, d, LIMIT_MANIFEST, ret, e);
}

/* What the destination answers is not the fault of the one referrer that is copied: with these
 * codes it would be left out, and the copy called done. */
static int blame_destination(int r, struct err *e)
{
	return r == E_NOTFOUND || r == E_FORMAT || r == E_VERIFY ? blame_registry(e) : r;
}

/* Mounts it if the other repository is of the same registry. 1: it is there now. */
static int mount(struct registry_copy *c, struct outgoing *out, struct err *e)
{
	auto_response resp = { 0 };
	struct url at;
	int r;

	if (!c->from || !c->to->mount_from)
		return 0;
	r = upload_begin(out, &at, &resp, e);
	if (r == 0)
		upload_cancel(out, &at);
	c->mounted += r == 1;
	return r;
}

/* 1: the destination has it now, and nothing was sent. */
static int put_without_bytes(struct registry_copy *c, const struct desc *d, struct err *e)
{
	struct outgoing out = { .reg = c->to, .name = c->to_name, .d = d, .fd = -1 };
	bool has = false;
	int r = upload_has(&out, &has, e);

	if (r == 0 && has) {
		c->there++;
		return 1;
	}
	if (r == 0)
		r = mount(c, &out, e);
	return blame_destination(r, e);
}

/* A layer whose bytes lie elsewhere: nothing is fetched from addresses that a manifest gives. */
static bool is_foreign(const struct desc *d)
{
	return strstr(d->media_type, "nondistributable") || strstr(d->media_type, "foreign.diff");
}

static int copy_blob(struct registry_copy *c, const struct desc *d, struct err *e)
{
	int r = 0;

	c->blobs++;
	if (is_foreign(d)) {
		char text[200];

		c->skipped++;
		(void)snprintf(text, sizeof(text), "layer %s is held by no registry: left out",
			       d->digest.s);
		progress_line(c->p, text);
		return 0;
	}
	if (c->to)
		r = put_without_bytes(c, d, e);
	if (r != 0)
		return r < 0 ? r : 0;
	if (c->from)
		r = registry_pull_blob(c->from, c->dest, c->from_name, d, LIMIT_BLOB, c->p, e);
	else if (!c->to)
		r = store_copy_blob(c->dest, c->source, d, c->p, e);
	if (r == E_NOTFOUND && c->from)
		r = blame_registry(e);
	if (r < 0 || !c->to)
		return r;
	r = registry_put_blob(c->to, c->from ? c->dest : c->source, c->to_name, d, c->p, e);
	/* A store's blob may be damaged or gone; what was fetched just now is whole. */
	return c->from || r == E_FORMAT ? blame_destination(r, e) : r;
}

static int write_manifest(struct registry_copy *c, const struct desc *d, const struct buf *bytes,
			  const struct manifest *m, struct err *e)
{
	bool said = false;
	int r;

	c->manifests++;
	if (!c->to)
		return registry_keep(c->dest, d, bytes, e);
	r = registry_put_manifest(c->to, c->to_name, d->digest.s, d->media_type, bytes, &said, e);
	if (r == 0 && m && m->has_subject)
		r = registry_announce(c->to, c->to_name, d, m, said, e);
	return blame_destination(r, e);
}

static int copy_image(struct registry_copy *c, const struct desc *d, const struct buf *bytes,
		      struct err *e)
{
	auto_manifest m = { 0 };
	int r = manifest_parse(buf_str(bytes), bytes->n, d->digest.s, &m, e);

	if (r == 0)
		r = copy_blob(c, &m.config, e);
	for (size_t i = 0; i < m.layers_n && r == 0; i++)
		r = copy_blob(c, &m.layers[i], e);
	return r < 0 ? r : write_manifest(c, d, bytes, &m, e);
}

static int copy_index(struct registry_copy *c, const struct desc *d, const struct buf *bytes,
		      int depth, struct err *e)
{
	auto_json *j = NULL;
	json_t *list, *entry;
	size_t i;
	int r = json_parse(buf_str(bytes), bytes->n, d->digest.s, &j, e);

	if (r == 0)
		r = json_get_array(j, "manifests", &list, d->digest.s, e);
	if (r < 0)
		return r;
	json_array_foreach(list, i, entry)
	{
		struct desc sub;

		r = desc_parse(entry, d->digest.s, &sub, e);
		if (r == 0 && (desc_is_index(&sub) || desc_is_manifest(&sub)))
			r = copy_any(c, &sub, depth + 1, e);
		else if (r == 0)
			r = copy_blob(c, &sub, e);
		if (r == E_NOTFOUND)
			r = err_hint(e, r,
				     "the source has not all images of this index: --platform "
				     "OS/ARCH copies one");
		if (r < 0)
			return WRAP(e, r, "index %s", d->digest.s);
	}
	return write_manifest(c, d, bytes, NULL, e);
}

/* --- what belongs to it --- */

static int list_referrers(struct registry_copy *c, const struct digest *subject, json_t **ret,
			  struct err *e)
{
	auto_json *list = NULL;
	struct registry *original;
	int r;

	if (!c->from)
		return store_referrers(c->source, subject, NULL, ret, e);
	r = registry_referrers(c->from, c->from_name, subject, &list, NULL, e);
	if (r < 0)
		return r;
	/* Few mirrors carry signatures. One whose original cannot be asked is what there is. */
	original = json_array_size(list) == 0 ? registry_original(c->from) : NULL;
	if (original && registry_referrers(original, c->from_name, subject, ret, NULL, NULL) == 0)
		return 0;
	*ret = TAKE(list);
	return 0;
}

/* Its manifest must name the subject, whatever the list says. */
static int copy_referrer(struct registry_copy *c, const json_t *entry, const struct digest *subject,
			 int depth, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	auto_manifest m = { 0 };
	struct desc d;
	int r = desc_parse(entry, "referrer", &d, e);

	if (r == 0 && !desc_is_manifest(&d))
		r = FAIL(e, E_FORMAT, "%s is a '%.100s', no manifest", d.digest.s, d.media_type);
	if (r == 0)
		r = registry_copy_read(c, &d, &bytes, e);
	if (r == 0)
		r = manifest_parse(buf_str(&bytes), bytes.n, d.digest.s, &m, e);
	if (r == 0 && (!m.has_subject || !digest_eq(&m.subject.digest, subject)))
		r = FAIL(e, E_FORMAT, "%s does not refer to %s", d.digest.s, subject->s);
	if (r < 0)
		return r;
	c->referrers++;
	r = copy_any(c, &d, depth + 1, e);
	/* The store's own entry has the type that the manifest has. */
	(void)snprintf(d.artifact_type, sizeof(d.artifact_type), "%s", m.artifact_type);
	return r < 0 || c->to ? r : store_add_referrer(c->dest, &d, subject, e);
}

static void tell_skipped(struct registry_copy *c, const struct err *why)
{
	char text[512];

	c->skipped++;
	(void)snprintf(text, sizeof(text), "left out a referrer: %.480s", why->msg);
	text_sanitize(text);
	progress_line(c->p, text);
}

static int copy_referrers(struct registry_copy *c, const struct digest *subject, int depth,
			  struct err *e)
{
	auto_json *list = NULL;
	json_t *entry;
	size_t i;
	int r = list_referrers(c, subject, &list, e);

	json_array_foreach(list, i, entry)
	{
		struct err own = ERR_INIT;

		r = copy_referrer(c, entry, subject, depth, &own);
		if (r == E_FORMAT || r == E_VERIFY || r == E_NOTFOUND) {
			tell_skipped(c, &own);
			r = 0;
		}
		if (r < 0) {
			if (e)
				*e = own;
			return r;
		}
	}
	return r;
}

static int find_stored(const struct store *s, const char *prefix, const char *tag, struct desc *ret,
		       struct err *e)
{
	auto_json *list = NULL;
	json_t *entry;
	size_t i;
	int r = store_list(s, &list, e);

	json_array_foreach(list, i, entry)
	{
		const char *name = json_string_or_null(json_object_get(entry, "annotations"),
						       ANNOTATION_REF_NAME);
		size_t n = strlen(prefix);

		if (r == 0 && name && strncmp(name, prefix, n) == 0 && strcmp(name + n, tag) == 0)
			return desc_parse(entry, "index.json", ret, e);
	}
	return r < 0 ? r : E_NOTFOUND;
}

/* The manifest that a tag names in the source; E_NOTFOUND. */
static int find_tag(struct registry_copy *c, const char *tag, struct desc *ret, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);

	if (c->from)
		return registry_find_manifest(c->from, c->from_name, tag, NULL, &bytes, ret, e);
	return find_stored(c->source, c->from_prefix, tag, ret, e);
}

static int give_tag(struct registry_copy *c, const struct desc *d, const char *tag, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST), name = BUF_INIT(LIMIT_REF + 8);
	int r;

	if (!c->to) {
		buf_printf(&name, "%s%s", c->to_prefix, tag);
		return store_tag(c->dest, buf_str(&name), d, e);
	}
	r = registry_copy_read(c, d, &bytes, e);
	if (r < 0)
		return r;
	r = registry_put_manifest(c->to, c->to_name, tag, d->media_type, &bytes, NULL, e);
	return blame_destination(r, e);
}

/* Whether layers has one with this digest and these annotations, which hold the signature. */
static bool has_layer(const json_t *layers, const json_t *want)
{
	json_t *one;
	size_t i;

	json_array_foreach(layers, i, one)
	{
		if (json_equal(json_object_get(one, "digest"), json_object_get(want, "digest")) &&
		    json_equal(json_object_get(one, "annotations"),
			       json_object_get(want, "annotations")))
			return true;
	}
	return false;
}

static int dest_tag(struct registry_copy *c, const char *tag, struct desc *ret, struct buf *bytes,
		    struct err *e)
{
	int r;

	if (c->to) {
		r = registry_get_manifest(c->to, c->to_name, tag, NULL, bytes, ret, e);
		return r == E_NOTFOUND ? r : blame_destination(r, e);
	}
	r = find_stored(c->dest, c->to_prefix, tag, ret, e);
	return r < 0 ? r : store_blob_read(c->dest, ret, LIMIT_MANIFEST, bytes, e);
}

/* Signatures that the destination has under the tag and the source has not would be lost. */
static int keep_theirs(struct registry_copy *c, const struct desc *d, const char *tag,
		       struct err *e)
{
	auto_buf theirs = BUF_INIT(LIMIT_MANIFEST), ours = BUF_INIT(LIMIT_MANIFEST);
	auto_json *a = NULL, *b = NULL;
	struct err own = ERR_INIT;
	struct desc at;
	json_t *layer;
	size_t i;
	int r = dest_tag(c, tag, &at, &theirs, &own);

	if (r == E_NOTFOUND || (r == 0 && digest_eq(&at.digest, &d->digest)))
		return 0;
	if (r == 0)
		r = registry_copy_read(c, d, &ours, &own);
	if (r == 0)
		r = json_parse(buf_str(&theirs), theirs.n, tag, &a, &own);
	if (r == 0)
		r = json_parse(buf_str(&ours), ours.n, tag, &b, &own);
	if (r < 0) {
		if (e)
			*e = own;
		return r;
	}
	json_array_foreach(json_object_get(a, "layers"), i, layer)
	{
		if (!has_layer(json_object_get(b, "layers"), layer))
			return err_hint(e,
					FAIL(e, E_POLICY,
					     "the destination has other signatures under it, which "
					     "would be lost"),
					"pull the image from there, push it to the source, and "
					"copy again");
	}
	return 0;
}

/* cosign's: signatures, attestations, an SBOM, each under a tag made of the image's digest. */
static int copy_cosign(struct registry_copy *c, const struct digest *subject, int depth,
		       struct err *e)
{
	static const char *const endings[] = { "sig", "att", "sbom" };
	int r = 0;

	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings) && r == 0; i++) {
		char tag[128];
		struct err own = ERR_INIT;
		struct desc d;

		(void)snprintf(tag, sizeof(tag), "sha256-%s.%s", digest_hex(subject), endings[i]);
		r = find_tag(c, tag, &d, &own);
		if (r == E_NOTFOUND) {
			r = 0;
			continue;
		}
		/* An SBOM is replaced by a newer one. */
		if (r == 0 && strcmp(endings[i], "sbom") != 0)
			r = keep_theirs(c, &d, tag, &own);
		if (r == 0)
			r = copy_any(c, &d, depth + 1, &own);
		if (r == 0)
			r = give_tag(c, &d, tag, &own);
		c->referrers += r == 0;
		if (r < 0 && e)
			*e = own;
		if (r < 0)
			r = WRAP(e, r, "tag %s", tag);
	}
	return r;
}

static int copy_any(struct registry_copy *c, const struct desc *d, int depth, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	int r;

	if (json_object_get(c->visited, d->digest.s))
		return 0;
	if (depth > LIMIT_COPY_DEPTH)
		return FAIL(e, E_FORMAT, "manifests nested deeper than %d", LIMIT_COPY_DEPTH);
	if (json_object_size(c->visited) >= LIMIT_COPY_MANIFESTS)
		return FAIL(e, E_FORMAT, "more than %d manifests", LIMIT_COPY_MANIFESTS);
	r = json_put(c->visited, d->digest.s, json_true(), e);
	if (r == 0)
		r = registry_copy_read(c, d, &bytes, e);
	if (r == 0)
		r = desc_is_index(d) ? copy_index(c, d, &bytes, depth, e)
				     : copy_image(c, d, &bytes, e);
	if (r == 0 && !c->no_referrers)
		r = copy_referrers(c, &d->digest, depth, e);
	if (r == 0 && !c->no_referrers)
		r = copy_cosign(c, &d->digest, depth, e);
	/* One that was left out as a referrer is not there when an index needs it. */
	if (r < 0)
		(void)json_object_del(c->visited, d->digest.s);
	return r;
}

int registry_copy(struct registry_copy *c, const struct desc *d, const char *tag, struct err *e)
{
	int r;

	json_decref(c->visited);
	c->visited = json_object();
	if (!c->visited)
		return FAIL_NOMEM(e);
	if (c->to)
		c->to->writing = true;
	r = copy_any(c, d, 0, e);
	return r < 0 || !tag ? r : give_tag(c, d, tag, e);
}
