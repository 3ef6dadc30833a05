/* SPDX-License-Identifier: Apache-2.0 */
/* Where a copy comes from. */
#include <stdio.h>

#include "pipeline/copy/internal.h"
#include "pipeline/import/internal.h"

static int from_registry(struct copy_run *x, const struct ref *ref, struct desc *ret, struct err *e)
{
	int r = registry_open(ref, REGISTRY_PULL, x->road->progress, &x->c.from, e);

	x->c.from_name = ref->name;
	return r < 0 ? r : registry_resolve(x->c.from, ref, ret, e);
}

static int from_store(struct copy_run *x, const struct ref *ref, struct desc *ret, struct err *e)
{
	auto_buf repository = BUF_INIT(LIMIT_REF);

	ref_repository(ref, &repository);
	(void)snprintf(x->from_prefix, sizeof(x->from_prefix), "%.500s:", buf_str(&repository));
	x->c.source = x->road->store;
	return store_resolve(x->road->store, ref, ret, e);
}

/* The names of tags that belong to an image (cosign's, fallback tags) are no images. */
static bool is_image(const json_t *entry, const char **ret_name)
{
	const json_t *notes = json_object_get(entry, "annotations");
	const char *name = json_string_or_null(notes, ANNOTATION_REF_NAME);

	*ret_name = name;
	return !json_object_get(entry, "artifactType") && !(name && starts_with(name, "sha256-")) &&
	       !json_string_or_null(notes, "vnd.docker.reference.type");
}

/* Layouts of others do not always say of an entry that it is a signature. */
static bool refers(const struct store *s, const json_t *entry)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	auto_manifest m = { 0 };
	struct desc d;

	return desc_parse(entry, "index.json", &d, NULL) == 0 && desc_is_manifest(&d) &&
	       store_blob_read(s, &d, LIMIT_MANIFEST, &bytes, NULL) == 0 &&
	       manifest_parse(buf_str(&bytes), bytes.n, d.digest.s, &m, NULL) == 0 && m.has_subject;
}

static int pick(const struct store *s, const struct copy_end *from, struct desc *ret, struct err *e)
{
	auto_json *list = NULL;
	auto_strv have = { 0 };
	const json_t *found = NULL;
	json_t *entry;
	size_t i, n = 0;
	int r = store_list(s, &list, e);

	json_array_foreach(list, i, entry)
	{
		const char *full = json_string_or_null(json_object_get(entry, "annotations"),
						       "io.containerd.image.name");
		const char *name;

		if (r < 0 || !is_image(entry, &name) || (!name && refers(s, entry)))
			continue;
		if (name)
			r = strv_add(&have, name, e);
		if (from->name && !(name && strcmp(name, from->name) == 0) &&
		    !(full && import_same_name(full, from->name)))
			continue;
		found = entry;
		n++;
	}
	if (r < 0)
		return r;
	if (n > 1)
		return FAIL(e, E_USAGE, "'%s' holds %zu images%s: name one", from->path, n,
			    from->name ? " of that name" : "");
	return found ? desc_parse(found, from->path, ret, e)
		     : import_no_image(from->path, from->name ? from->name : "(any)", &have, e);
}

static int from_layout(struct copy_run *x, const struct copy_end *from, struct desc *ret,
		       struct err *e)
{
	int r = store_open_layout(&x->opened, from->path, e);

	x->c.source = x->opened;
	return r < 0 ? r : pick(x->opened, from, ret, e);
}

/* An entry of an archive's index.json, in the room's own; what refers is put on a list. */
static int take_entry(struct store *s, const json_t *entry, json_t *referrers, struct err *e)
{
	const char *name =
		json_string_or_null(json_object_get(entry, "annotations"), ANNOTATION_REF_NAME);
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	auto_manifest m = { 0 };
	struct desc d;
	int r = desc_parse(entry, "index.json", &d, e);

	if (r < 0)
		return r;
	if (desc_is_manifest(&d) && store_blob_read(s, &d, LIMIT_MANIFEST, &bytes, NULL) == 0 &&
	    manifest_parse(buf_str(&bytes), bytes.n, d.digest.s, &m, NULL) == 0 && m.has_subject) {
		(void)snprintf(d.artifact_type, sizeof(d.artifact_type), "%s", m.artifact_type);
		return json_push(referrers, desc_json(&d), e);
	}
	return store_tag(s, name ? name : "latest", &d, e);
}

static int take_index(struct store *s, const struct archive *a, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_MANIFEST);
	auto_json *index = NULL, *referrers = json_array();
	json_t *list, *entry;
	size_t i;
	int r = !referrers ? FAIL_NOMEM(e)
			   : archive_read(a, "index.json", LIMIT_MANIFEST, &text, e);

	if (r == 0)
		r = json_parse(buf_str(&text), text.n, "index.json", &index, e);
	if (r == 0)
		r = json_get_array(index, "manifests", &list, "index.json", e);
	if (r < 0)
		return r;
	json_array_foreach(list, i, entry)
	{
		if (r == 0)
			r = take_entry(s, entry, referrers, e);
	}
	return r < 0 ? r : store_add_referrers(s, referrers, e);
}

/* All blobs of the archive of a layout, each checked against its name, and its index. */
static int take_archive(struct copy_run *x, const struct archive *a, struct err *e)
{
	const char *name;
	json_t *where;
	int r = 0;

	json_object_foreach(a->members, name, where)
	{
		struct desc want = { 0 }, got;
		char digest[DIGEST_HEX + 16];

		if (r < 0 || !starts_with(name, "blobs/sha256/") || !json_is_array(where))
			continue;
		(void)snprintf(digest, sizeof(digest), "sha256:%.70s", name + 13);
		want.size = (uint64_t)json_integer_value(json_array_get(where, 1));
		(void)snprintf(want.media_type, sizeof(want.media_type),
			       "application/octet-stream");
		r = digest_parse(str_of(digest), &want.digest, e);
		if (r == 0)
			r = archive_blob(a, name, x->room.store, want.media_type, &want, &got, e);
	}
	return r < 0 ? r : take_index(x->room.store, a, e);
}

static int from_archive(struct copy_run *x, const struct copy_end *from, struct desc *ret,
			struct err *e)
{
	auto_archive a = ARCHIVE_NONE;
	bool docker = from->kind == COPY_DOCKER_ARCHIVE;
	int r = copy_room_open(&x->room, x->road->state, e);

	if (r == 0)
		r = archive_open(x->room.store, from->path, &a, e);
	x->c.source = x->room.store;
	if (r < 0)
		return r;
	if (docker ? a.kind == ARCHIVE_ROOTFS : a.kind != ARCHIVE_OCI)
		return FAIL(e, E_FORMAT, "'%s' is no archive of %s", from->path,
			    docker ? "docker's" : "an OCI layout");
	if (docker)
		return import_docker(x->room.store, &a, from->path, from->name, x->road->progress,
				     ret, e);
	r = take_archive(x, &a, e);
	return r < 0 ? WRAP(e, r, "'%s'", from->path) : pick(x->room.store, from, ret, e);
}

int copy_source_open(struct copy_run *x, const struct copy_end *from, struct desc *ret,
		     struct err *e)
{
	switch (from->kind) {
	case COPY_REGISTRY: return from_registry(x, &from->ref, ret, e);
	case COPY_STORE: return from_store(x, &from->ref, ret, e);
	case COPY_OCI: return from_layout(x, from, ret, e);
	case COPY_OCI_ARCHIVE:
	case COPY_DOCKER_ARCHIVE: return from_archive(x, from, ret, e);
	}
	return FAIL(e, E_INTERNAL, "copy: unknown source");
}
