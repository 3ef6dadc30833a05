/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image as an OCI image layout (image-spec image-layout.md), in a folder or a tar archive; with
 * docker's manifest.json beside it, it is also what `docker load` takes. Entries are sorted and
 * have time 0 and owner root, so the same image gives the same bytes.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "oci/tar.h"
#include "pipeline/output/internal.h"

enum { LIMIT_NAMES_JSON = 1024 * 1024 };

static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";

/* Where files go: an archive's writer, or a folder. */
struct sink {
	struct tar_writer *tar; /* NULL: dir */
	int dir;
};

static int put_folder(const struct sink *k, char *name, struct err *e)
{
	const struct tar_entry m = { .name = name, .type = TAR_DIR, .mode = 0755 };

	return k->tar ? tar_write_entry(k->tar, &m, e) : fs_mkdir_p(k->dir, name, 0755, e);
}

static int put_file(const struct sink *k, char *name, const char *p, size_t n, struct err *e)
{
	const struct tar_entry m = { .name = name, .type = TAR_FILE, .mode = 0644, .size = n };
	int r;

	if (!k->tar)
		return fs_write_file(k->dir, name, p, n, 0644, e);
	r = tar_write_entry(k->tar, &m, e);
	return r < 0 ? r : tar_write_data(k->tar, p, n, e);
}

static int write_fd(void *arg, const void *p, size_t n, struct err *e)
{
	return fs_write_all(*(const int *)arg, p, n, e);
}

/* Copies a blob and hashes it on the way: what is not what it is called does not go out. */
static int copy_blob(int fd, const struct desc *d, tar_write_fn write, void *arg, struct err *e)
{
	auto_release(sha256_free) struct sha256 *h = NULL;
	unsigned char raw[SHA256_LEN];
	auto_free char *chunk = malloc(128 * 1024);
	struct digest got;
	uint64_t left = d->size;
	int r = chunk ? sha256_new(&h, e) : FAIL_NOMEM(e);

	while (r == 0 && left) {
		ssize_t n = read(fd, chunk, left < 128 * 1024 ? (size_t)left : 128 * 1024);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return FAIL_SYS(e, "read blob %s", d->digest.s);
		if (n == 0)
			return FAIL(e, E_VERIFY, "blob %s is cut short", d->digest.s);
		sha256_update(h, chunk, (size_t)n);
		r = write(arg, chunk, (size_t)n, e);
		left -= (uint64_t)n;
	}
	if (r < 0)
		return r;
	sha256_final(h, raw);
	digest_from_raw(raw, &got);
	return digest_eq(&got, &d->digest)
		       ? 0
		       : FAIL(e, E_VERIFY, "blob %s: its bytes hash to %s", d->digest.s, got.s);
}

static int write_tar(void *arg, const void *p, size_t n, struct err *e)
{
	return tar_write_data(arg, p, n, e);
}

static int put_blob(const struct sink *k, const struct store *s, const struct desc *d,
		    struct err *e)
{
	auto_close int in = store_blob_open(s, d, e), out = -1;
	char name[96];
	const struct tar_entry m = {
		.name = name, .type = TAR_FILE, .mode = 0644, .size = d->size
	};
	int r;

	if (in < 0)
		return in;
	(void)snprintf(name, sizeof(name), "blobs/sha256/%s", digest_hex(&d->digest));
	if (k->tar) {
		r = tar_write_entry(k->tar, &m, e);
		return r < 0 ? r : copy_blob(in, d, write_tar, k->tar, e);
	}
	out = fs_open_nolink(k->dir, name, O_WRONLY | O_CREAT | O_EXCL, 0644, e);
	return out < 0 ? out : copy_blob(in, d, write_fd, &out, e);
}

static int by_digest(const void *a, const void *b)
{
	return strcmp(((const struct desc *)a)->digest.s, ((const struct desc *)b)->digest.s);
}

/* The manifest, its configuration and layers, each once and sorted. */
static int put_blobs(const struct sink *k, const struct road *road, const struct manifest *m,
		     struct err *e)
{
	auto_free struct desc *list = calloc(m->layers_n + 2, sizeof(*list));
	char blobs[] = "blobs", sha256[] = "blobs/sha256";
	int r;

	if (!list)
		return FAIL_NOMEM(e);
	list[0] = road->image;
	list[1] = m->config;
	for (size_t i = 0; i < m->layers_n; i++)
		list[2 + i] = m->layers[i];
	qsort(list, m->layers_n + 2, sizeof(*list), by_digest);
	r = put_folder(k, blobs, e);
	if (r == 0)
		r = put_folder(k, sha256, e);
	for (size_t i = 0; r == 0 && i < m->layers_n + 2; i++)
		if (i == 0 || !digest_eq(&list[i - 1].digest, &list[i].digest))
			r = put_blob(k, road->store, &list[i], e);
	return r;
}

/* One entry a name, as BuildKit has them: the tag as the layout's own reference, the whole name for
 * containerd. */
static int index_entry(const struct desc *image, const char *name, json_t **ret, struct err *e)
{
	auto_json *j = desc_json(image);
	auto_buf full = BUF_INIT(LIMIT_REF);
	struct ref ref;
	int r;

	if (!j)
		return FAIL_NOMEM(e);
	if (name) {
		r = ref_parse(name, &ref, e);
		if (r < 0)
			return r;
		ref_tagged(&ref, &full);
		r = json_put(j, "annotations",
			     json_pack("{s:s, s:s}", "io.containerd.image.name", buf_str(&full),
				       ANNOTATION_REF_NAME, ref.tag),
			     e);
		if (r < 0)
			return r;
	}
	*ret = TAKE(j);
	return 0;
}

static int put_index(const struct sink *k, const struct desc *image, const struct strv *names,
		     struct err *e)
{
	auto_json *j = json_pack("{s:i, s:s, s:[]}", "schemaVersion", 2, "mediaType", MT_OCI_INDEX,
				 "manifests");
	auto_buf text = BUF_INIT(LIMIT_NAMES_JSON);
	char name[] = "index.json";
	int r = j ? 0 : FAIL_NOMEM(e);

	for (size_t i = 0; r == 0 && (i < names->n || i == 0); i++) {
		json_t *entry = NULL;

		r = index_entry(image, names->n ? names->v[i] : NULL, &entry, e);
		if (r == 0)
			r = json_push(json_object_get(j, "manifests"), entry, e);
	}
	if (r == 0)
		r = json_canonical(j, &text, e);
	return r < 0 ? r : put_file(k, name, buf_str(&text), text.n, e);
}

/* Docker's own list (moby image/tarexport): the names, and where configuration and layers are. */
static int put_docker(const struct sink *k, const struct manifest *m, const struct strv *names,
		      struct err *e)
{
	json_t *tags = json_array(), *layers = json_array();
	auto_json *j = json_pack("[{s:o, s:o}]", "RepoTags", tags, "Layers", layers);
	auto_buf text = BUF_INIT(LIMIT_NAMES_JSON);
	char name[] = "manifest.json", path[96];
	int r = j ? 0 : FAIL_NOMEM(e);

	for (size_t i = 0; r == 0 && i < names->n; i++) {
		auto_buf full = BUF_INIT(LIMIT_REF);
		struct ref ref;

		r = ref_parse(names->v[i], &ref, e);
		if (r == 0) {
			ref_tagged(&ref, &full);
			r = json_push(tags, json_string(buf_str(&full)), e);
		}
	}
	for (size_t i = 0; r == 0 && i < m->layers_n; i++) {
		(void)snprintf(path, sizeof(path), "blobs/sha256/%s",
			       digest_hex(&m->layers[i].digest));
		r = json_push(layers, json_string(path), e);
	}
	(void)snprintf(path, sizeof(path), "blobs/sha256/%s", digest_hex(&m->config.digest));
	if (r == 0)
		r = json_put_string(json_array_get(j, 0), "Config", path, e);
	if (r == 0)
		r = json_canonical(j, &text, e);
	return r < 0 ? r : put_file(k, name, buf_str(&text), text.n, e);
}

static int put_all(const struct sink *k, const struct road *road, const struct output *o,
		   const struct strv *names, struct err *e)
{
	auto_manifest m = { 0 };
	char name[] = "oci-layout";
	int r = store_manifest(road->store, &road->image, &m, NULL, e);

	if (r == 0)
		r = put_blobs(k, road, &m, e);
	if (r == 0)
		r = put_index(k, &road->image, names, e);
	if (r == 0 && o->type == OUTPUT_DOCKER)
		r = put_docker(k, &m, names, e);
	return r < 0 ? r : put_file(k, name, layout, sizeof(layout) - 1, e);
}

static int to_folder(const struct road *road, const struct output *o, const struct strv *names,
		     struct err *e)
{
	auto_stage s = STAGE_NONE;
	int r = stage_open(o->dest, &s, e);

	if (r == 0)
		r = put_all(&(struct sink){ .dir = s.fd }, road, o, names, e);
	return r < 0 ? r : stage_place(&s, e);
}

int output_layout(const struct road *road, const struct output *o, const struct strv *names,
		  struct err *e)
{
	auto_outfile f = OUTFILE_NONE;
	auto_release(tar_writer_free) struct tar_writer *tar = NULL;
	int r;

	if (o->folder)
		return to_folder(road, o, names, e);
	r = outfile_open(o->dest, &f, e);
	if (r == 0)
		r = tar_writer_new(&tar, write_fd, &f.fd, e);
	if (r == 0)
		r = put_all(&(struct sink){ .tar = tar, .dir = -1 }, road, o, names, e);
	if (r == 0)
		r = tar_write_end(tar, e);
	return r < 0 ? r : outfile_commit(&f, e);
}
