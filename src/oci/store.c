/* SPDX-License-Identifier: Apache-2.0 */
/* The layout itself: opening, names in index.json, referrers, look-ups. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "oci/store_internal.h"

static const char layout_file[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
static const char empty_index[] =
	"{\"schemaVersion\":2,\"mediaType\":\"" MT_OCI_INDEX "\",\"manifests\":[]}";

static int check_layout(int dir, const char *where, struct err *e)
{
	auto_buf b = BUF_INIT(4096);
	auto_json *j = NULL;
	const char *version;
	int r = fs_read(dir, "oci-layout", 4096, &b, e);

	if (r == E_NOTFOUND)
		return FAIL(e, E_FORMAT,
			    "'%s' is not an OCI image layout: it has no oci-layout file", where);
	if (r == 0)
		r = json_parse(buf_str(&b), b.n, "oci-layout", &j, e);
	if (r == 0)
		r = json_get_string(j, "imageLayoutVersion", &version, "oci-layout", e);
	if (r < 0)
		return WRAP(e, r, "'%s'", where);
	if (!starts_with(version, "1."))
		return FAIL(e, E_FORMAT,
			    "'%s': imageLayoutVersion %.40s is not supported, only 1.x", where,
			    version);
	return 0;
}

static int make_layout(int dir, struct err *e)
{
	int r = fs_mkdir_p(dir, "blobs/sha256", 0755, e);

	if (r == 0 && !fs_exists(dir, "index.json"))
		r = fs_write_file(dir, "index.json", empty_index, strlen(empty_index), 0644, e);
	/* Last: a folder with oci-layout is complete. */
	if (r == 0)
		r = fs_write_file(dir, "oci-layout", layout_file, strlen(layout_file), 0644, e);
	return r;
}

static int open_store(struct store **ret, int from, const char *path, bool read_only, struct err *e)
{
	auto_release(store_close) struct store *s = calloc(1, sizeof(*s));

	if (!s)
		return FAIL_NOMEM(e);
	s->read_only = read_only;
	s->in_use = -1;
	s->dir = openat(from, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0) {
		int code = errno == ENOENT || errno == ENOTDIR ? E_NOTFOUND : E_SYSTEM;

		return err_set(e, __FILE__, __LINE__, code, errno, "open layout '%s'", path);
	}
	*ret = TAKE(s);
	return 0;
}

int store_open(struct store **ret, const struct state *state, struct err *e)
{
	auto_release(store_close) struct store *s = NULL;
	int r = open_store(&s, state->fd, ".", false, e);

	if (r == 0 && !fs_exists(s->dir, "oci-layout")) {
		auto_close int lock = fs_lock(s->dir, "index.lock", STORE_LOCK_MS, e);

		r = lock < 0 ? lock : make_layout(s->dir, e);
	}
	if (r == 0)
		r = check_layout(s->dir, state->path, e);
	if (r == 0) {
		store_tidy(s);
		s->in_use = fs_lock_shared(s->dir, "store.lock", STORE_LOCK_MS, e);
		r = s->in_use < 0 ? s->in_use : 0;
	}
	if (r < 0)
		return r;
	*ret = TAKE(s);
	return 0;
}

int store_open_layout(struct store **ret, const char *path, struct err *e)
{
	auto_release(store_close) struct store *s = NULL;
	int r = open_store(&s, AT_FDCWD, path, true, e);

	if (r == 0)
		r = check_layout(s->dir, path, e);
	if (r < 0)
		return r;
	*ret = TAKE(s);
	return 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	if (s->in_use >= 0)
		(void)close(s->in_use);
	if (s->dir >= 0)
		(void)close(s->dir);
	free(s);
}

int store_fd(const struct store *s)
{
	return s->dir;
}

void store_set_passing(struct store *s)
{
	s->passing = true;
}

bool store_is_writable(const struct store *s)
{
	return !s->read_only;
}

int store_index_load(const struct store *s, json_t **ret, struct err *e)
{
	auto_buf b = BUF_INIT(LIMIT_INDEX);
	auto_json *j = NULL;
	json_t *list;
	int r = fs_read(s->dir, "index.json", LIMIT_INDEX, &b, e);

	if (r == 0)
		r = json_parse(buf_str(&b), b.n, "index.json", &j, e);
	if (r == 0)
		r = json_get_array(j, "manifests", &list, "index.json", e);
	if (r < 0)
		return r;
	*ret = TAKE(j);
	return 0;
}

int store_index_save(const struct store *s, const json_t *index, struct err *e)
{
	auto_buf b = BUF_INIT(LIMIT_INDEX);
	int r = json_canonical(index, &b, e);

	return r < 0 ? r : fs_write_file(s->dir, "index.json", buf_str(&b), b.n, 0644, e);
}

static const char *entry_name(const json_t *entry)
{
	return json_string_or_null(json_object_get(entry, "annotations"), ANNOTATION_REF_NAME);
}

/* Position of the entry with this name; the list's size when there is none. */
static size_t find_name(const json_t *list, const char *name)
{
	size_t i;
	json_t *entry;

	json_array_foreach(list, i, entry)
	{
		const char *has = entry_name(entry);

		if (has && strcmp(has, name) == 0)
			break;
	}
	return i;
}

/* Loads index.json under its lock, for a change. */
static int index_begin(struct store *s, int *ret_lock, json_t **ret, struct err *e)
{
	auto_close int lock = fs_lock(s->dir, "index.lock", STORE_LOCK_MS, e);
	int r;

	if (lock < 0)
		return lock;
	r = store_index_load(s, ret, e);
	if (r < 0)
		return r;
	*ret_lock = TAKE_FD(lock);
	return 0;
}

int store_tag(struct store *s, const char *name, const struct desc *d, struct err *e)
{
	auto_json *index = NULL;
	auto_json *entry = desc_json(d);
	auto_close int lock = -1;
	json_t *list;
	size_t at;
	int r;

	if (!entry)
		return FAIL_NOMEM(e);
	if (!store_has(s, &d->digest, d->size))
		return FAIL(e, E_INTERNAL, "name '%s': manifest %s is not in the store", name,
			    d->digest.s);
	r = json_put(entry, "annotations", json_pack("{s:s}", ANNOTATION_REF_NAME, name), e);
	if (r == 0)
		r = index_begin(s, &lock, &index, e);
	if (r < 0)
		return r;
	list = json_object_get(index, "manifests");
	at = find_name(list, name);
	if (at < json_array_size(list)) {
		if (json_array_set(list, at, entry) < 0)
			return FAIL_NOMEM(e);
	} else if (json_array_append(list, entry) < 0) {
		return FAIL_NOMEM(e);
	}
	return store_index_save(s, index, e);
}

static int not_found(const char *name, struct err *e)
{
	int r = FAIL(e, E_NOTFOUND, "image '%s' is not in the store", name);
	struct ref ref;

	if (ref_parse(name, &ref, NULL) < 0)
		return err_hint(e, r, "plimsoll images");
	if (ref.host[0])
		return err_hint(e, r, "plimsoll images, or plimsoll pull %s", name);
	if (ref.digest.s[0]) /* nobody can build what has that digest by asking for it */
		return err_hint(e, r, "plimsoll images");
	return err_hint(e, r, "plimsoll images, or plimsoll build -t %s .", name);
}

int store_untag(struct store *s, const char *name, struct err *e)
{
	auto_json *index = NULL;
	auto_close int lock = -1;
	json_t *list;
	size_t at;
	int r = index_begin(s, &lock, &index, e);

	if (r < 0)
		return r;
	list = json_object_get(index, "manifests");
	at = find_name(list, name);
	if (at == json_array_size(list))
		return not_found(name, e);
	if (json_array_remove(list, at) < 0)
		return FAIL_NOMEM(e);
	return store_index_save(s, index, e);
}

/* The descriptor of a manifest that is in the store but not in index.json, from its own media type.
 */
static int desc_of_blob(const struct store *s, const struct digest *d, struct desc *ret,
			struct err *e)
{
	auto_close int fd = fs_open_nolink(s->dir, blob_path(d).s, O_RDONLY, 0, NULL);
	auto_buf b = BUF_INIT(LIMIT_MANIFEST);
	auto_json *j = NULL;
	struct digest got;
	const char *type;
	int r;

	if (fd < 0)
		return not_found(d->s, e);
	r = fs_read_fd(fd, d->s, LIMIT_MANIFEST, &b, e);
	if (r == 0)
		r = json_parse(buf_str(&b), b.n, d->s, &j, e);
	if (r < 0)
		return r;
	digest_of(buf_str(&b), b.n, &got);
	if (!digest_eq(&got, d))
		return FAIL(e, E_VERIFY, "blob %s: its bytes hash to %s", d->s, got.s);
	type = json_string_or_null(j, "mediaType");
	if (!type)
		type = json_object_get(j, "manifests") ? MT_OCI_INDEX : MT_OCI_MANIFEST;
	desc_of(type, buf_str(&b), b.n, ret);
	if (!desc_is_index(ret) && !desc_is_manifest(ret))
		return FAIL(e, E_FORMAT, "blob %s is a '%.100s', not an image", d->s, type);
	return 0;
}

int store_resolve(const struct store *s, const struct ref *ref, struct desc *ret, struct err *e)
{
	auto_json *index = NULL;
	auto_buf name = BUF_INIT(LIMIT_REF);
	json_t *list;
	size_t at;
	int r;

	if (ref->digest.s[0])
		return desc_of_blob(s, &ref->digest, ret, e);
	ref_tagged(ref, &name);
	r = buf_check(&name, "name", e);
	if (r == 0)
		r = store_index_load(s, &index, e);
	if (r < 0)
		return r;
	list = json_object_get(index, "manifests");
	at = find_name(list, buf_str(&name));
	if (at == json_array_size(list))
		return not_found(buf_str(&name), e);
	return desc_parse(json_array_get(list, at), "index.json", ret, e);
}

/* A hex prefix of at least 6 digits that fits exactly one manifest of index.json. 1 when found. */
static int by_prefix(const struct store *s, const char *text, struct desc *ret, struct err *e)
{
	auto_json *index = NULL;
	const char *hex = starts_with(text, "sha256:") ? text + 7 : text;
	size_t n = strlen(hex), i;
	json_t *entry;
	struct desc found = { 0 };
	int r;

	if (n < 6 || n > DIGEST_HEX || strspn(hex, "0123456789abcdef") != n)
		return 0;
	r = store_index_load(s, &index, e);
	if (r < 0)
		return r;
	json_array_foreach(json_object_get(index, "manifests"), i, entry)
	{
		struct desc d;

		if (desc_parse(entry, "index.json", &d, NULL) < 0 ||
		    !starts_with(digest_hex(&d.digest), hex))
			continue;
		if (found.size && !digest_eq(&found.digest, &d.digest))
			return FAIL(e, E_USAGE,
				    "'%s' is the beginning of more than one image's digest", text);
		found = d;
	}
	if (!found.size)
		return 0;
	*ret = found;
	return 1;
}

int store_lookup(const struct store *s, const char *text, struct ref *ret_ref, struct desc *ret,
		 struct err *e)
{
	struct ref ref = { 0 };
	struct desc d;
	int r = ref_parse(text, &ref, e), p;

	if (r == 0)
		r = store_resolve(s, &ref, &d, e);
	if (r == E_NOTFOUND || r == E_USAGE) {
		/* "e3b0c44298fc" parses as a name too: a name wins over the digest prefix. */
		p = by_prefix(s, text, &d, r == E_USAGE ? NULL : e);
		if (p < 0)
			return p;
		if (p == 1) {
			ref = (struct ref){ .digest = d.digest };
			r = 0;
		} else if (ref_is_hex(text)) {
			r = not_found(text, e);
		}
	}
	if (r < 0)
		return r;
	if (ret_ref)
		*ret_ref = ref;
	*ret = d;
	return 0;
}

int store_list(const struct store *s, json_t **ret, struct err *e)
{
	auto_json *index = NULL;
	int r = store_index_load(s, &index, e);

	if (r < 0)
		return r;
	*ret = json_incref(json_object_get(index, "manifests"));
	return 0;
}

int store_add_referrers(struct store *s, const json_t *entries, struct err *e)
{
	auto_json *index = NULL, *added = NULL;
	auto_close int lock = -1;
	json_t *list;
	int r = index_begin(s, &lock, &index, e);

	if (r < 0)
		return r;
	list = json_object_get(index, "manifests");
	r = desc_missing(list, entries, &added, e);
	if (r < 0 || json_array_size(added) == 0)
		return r;
	if (json_array_extend(list, added) < 0)
		return FAIL_NOMEM(e);
	return store_index_save(s, index, e);
}

int store_add_referrer(struct store *s, const struct desc *d, const struct digest *subject,
		       struct err *e)
{
	auto_json *entry = desc_json(d);
	auto_json *list = NULL;
	auto_manifest m = { 0 };
	int r;

	if (!entry)
		return FAIL_NOMEM(e);
	r = store_manifest(s, d, &m, NULL, e);
	if (r < 0)
		return r;
	if (!m.has_subject || !digest_eq(&m.subject.digest, subject))
		return FAIL(e, E_FORMAT, "manifest %s does not refer to %s", d->digest.s,
			    subject->s);
	if (m.artifact_type[0])
		r = json_put_string(entry, "artifactType", m.artifact_type, e);
	if (r < 0)
		return r;
	list = json_pack("[O]", entry);
	return list ? store_add_referrers(s, list, e) : FAIL_NOMEM(e);
}

int store_referrers(const struct store *s, const struct digest *subject, const char *artifact_type,
		    json_t **ret, struct err *e)
{
	auto_json *index = NULL;
	auto_json *found = json_array();
	json_t *entry;
	size_t i;
	int r = found ? store_index_load(s, &index, e) : FAIL_NOMEM(e);

	if (r < 0)
		return r;
	json_array_foreach(json_object_get(index, "manifests"), i, entry)
	{
		auto_manifest m = { 0 };
		auto_json *copy = NULL;
		json_t *notes;
		struct desc d;

		/* A damaged or foreign manifest refers to nothing; it must not hide the others. */
		if (entry_name(entry) || desc_parse(entry, "index.json", &d, NULL) < 0 ||
		    !desc_is_manifest(&d) || store_manifest(s, &d, &m, NULL, NULL) < 0)
			continue;
		if (!m.has_subject || !digest_eq(&m.subject.digest, subject) ||
		    (artifact_type && strcmp(m.artifact_type, artifact_type) != 0))
			continue;
		(void)snprintf(d.artifact_type, sizeof(d.artifact_type), "%s", m.artifact_type);
		copy = desc_json(&d);
		notes = json_object_get(m.json, "annotations");
		if (!copy || (notes && json_object_set(copy, "annotations", notes) < 0) ||
		    json_array_append(found, copy) < 0)
			return FAIL_NOMEM(e);
	}
	*ret = TAKE(found);
	return 0;
}

int store_manifest(const struct store *s, const struct desc *d, struct manifest *ret,
		   struct desc *ret_desc, struct err *e)
{
	auto_buf b = BUF_INIT(LIMIT_MANIFEST);
	struct desc at = *d;
	int r = store_blob_read(s, &at, LIMIT_MANIFEST, &b, e);

	if (r == 0 && desc_is_index(&at)) {
		r = index_pick(buf_str(&b), b.n, d->digest.s, "linux", oci_architecture(), &at, e);
		buf_reset(&b);
		if (r == 0 && !desc_is_manifest(&at))
			r = FAIL(e, E_FORMAT, "index %s: its entry for this machine is a '%.100s'",
				 d->digest.s, at.media_type);
		if (r == 0)
			r = store_blob_read(s, &at, LIMIT_MANIFEST, &b, e);
	}
	if (r == 0)
		r = manifest_parse(buf_str(&b), b.n, at.digest.s, ret, e);
	if (r < 0)
		return WRAP(e, r, "manifest");
	if (ret_desc)
		*ret_desc = at;
	return 0;
}

int store_config(const struct store *s, const struct manifest *m, struct config *ret, struct err *e)
{
	auto_buf b = BUF_INIT(LIMIT_MANIFEST);
	auto_config c = { 0 };
	int r;

	if (m->artifact_type[0])
		return FAIL(e, E_FORMAT, "the manifest is a '%.100s', not an image",
			    m->artifact_type);
	r = store_blob_read(s, &m->config, LIMIT_MANIFEST, &b, e);
	if (r == 0)
		r = config_parse(buf_str(&b), b.n, m->config.digest.s, &c, e);
	if (r < 0)
		return WRAP(e, r, "configuration");
	if (c.diff_ids_n != m->layers_n)
		return FAIL(e, E_FORMAT, "configuration %s: %zu diff IDs for %zu layers",
			    m->config.digest.s, c.diff_ids_n, m->layers_n);
	*ret = c;
	c = (struct config){ 0 };
	return 0;
}
