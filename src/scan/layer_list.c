/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/layer_list.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/encode.h"

/* Beside the blobs: may be deleted at any time, and then is made anew. */
#define CACHE "cache/packages"

enum { LIST, MARKS, OWNED, PARTS };
static const char *const suffixes[PARTS] = { ".json", ".marks", ".owned" };

struct names {
	char path[PARTS][192];
};

/* Both digests: a list is only of use to those who state the diff ID that it was read with. */
static void name_parts(const struct desc *layer, const struct digest *diff_id, struct names *ret)
{
	for (int i = 0; i < PARTS; i++)
		(void)snprintf(ret->path[i], sizeof(ret->path[i]), CACHE "/%s-%s%s",
			       digest_hex(&layer->digest), diff_id ? digest_hex(diff_id) : "",
			       suffixes[i]);
}

void layer_list_free(struct layer_list *l)
{
	json_decref(l->files);
	close_release(&l->marks);
	close_release(&l->owned);
	*l = LAYER_LIST_INIT;
}

/* --- what is kept --- */

static int parse_list(const struct buf *text, json_t **ret, struct err *e)
{
	auto_json *doc = NULL;
	const char *schema;
	json_t *member;
	uint64_t n;
	int r = json_parse(buf_str(text), text->n, "package list", &doc, e);

	r = r < 0 ? r : json_get_string(doc, "schema", &schema, "package list", e);
	if (r == 0 && strcmp(schema, LAYER_LIST_SCHEMA) != 0)
		r = FAIL(e, E_FORMAT, "package list: schema '%.80s'", schema);
	r = r < 0 ? r : json_get_object(doc, "files", &member, "package list", e);
	r = r < 0 ? r : json_get_u64(doc, "marks", &n, "package list", e);
	r = r < 0 ? r : json_get_u64(doc, "owned", &n, "package list", e);
	if (r == 0)
		*ret = TAKE(doc);
	return r;
}

static int check_size(int fd, const json_t *doc, const char *what, struct err *e)
{
	struct stat st;
	uint64_t want = 0;
	int r = json_get_u64(doc, what, &want, "package list", e);

	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return FAIL_SYS(e, "package list: %s", what);
	if ((uint64_t)st.st_size != want)
		return FAIL(e, E_FORMAT, "package list: its %s have %llu bytes", what,
			    (unsigned long long)st.st_size);
	return 0;
}

/* Takes the descriptors when the three fit together. */
static int accept(struct layer_list *l, const struct buf *text, struct layer_list *ret,
		  struct err *e)
{
	auto_json *doc = NULL;
	int r = parse_list(text, &doc, e);

	r = r < 0 ? r : check_size(l->marks, doc, "marks", e);
	r = r < 0 ? r : check_size(l->owned, doc, "owned", e);
	if (r < 0)
		return r;
	l->files = json_incref(json_object_get(doc, "files"));
	*ret = *l;
	*l = LAYER_LIST_INIT;
	return 0;
}

/* E_* when one is missing, damaged or of another version: they are made anew then. */
static int load(const struct state *state, const struct names *names, struct layer_list *ret)
{
	auto_buf text = BUF_INIT(LIMIT_LAYER_LIST);
	auto_layer_list l = LAYER_LIST_INIT;
	int r = fs_read(state->fd, names->path[LIST], LIMIT_LAYER_LIST, &text, NULL);

	if (r < 0)
		return r;
	l.marks = fs_open(state->fd, names->path[MARKS], O_RDONLY, 0, NULL);
	l.owned = fs_open(state->fd, names->path[OWNED], O_RDONLY, 0, NULL);
	if (l.marks < 0 || l.owned < 0)
		return E_NOTFOUND;
	return accept(&l, &text, ret, NULL);
}

/* --- reading the layer --- */

/* A file to write to, at path beneath the state; where that cannot be, in memory (*path is ""
 * then): a cache that cannot be written costs time, not the scan. */
static int open_part(const struct state *state, char *path, size_t size, struct err *e)
{
	int fd = -1;

	if (fs_mkdir_p(state->fd, CACHE, 0700, NULL) == 0 &&
	    fs_temp_name(CACHE "/.tmp-", path, size, NULL) == 0)
		fd = fs_open(state->fd, path, O_RDWR | O_CREAT | O_EXCL, 0600, NULL);
	if (fd >= 0)
		return fd;
	*path = '\0';
	fd = memfd_create("layer", MFD_CLOEXEC);
	return fd < 0 ? FAIL_SYS(e, "memfd_create") : fd;
}

static int read_layer(const struct store *store, const struct desc *layer,
		      const struct digest *diff_id, const struct layer_list *parts,
		      struct buf *text, struct err *e)
{
	struct layer_scan s;
	struct layer_reader reader;
	int r = layer_scan_begin(&s, &reader, parts->marks, parts->owned, e);

	if (r < 0)
		return r;
	r = layer_read(store, layer, diff_id, &reader, text, e);
	layer_scan_end(&s);
	return r;
}

/* The list goes last: whoever finds it finds all three. */
static void keep(const struct state *state, const struct names *names, const struct layer_list *l,
		 char temp[][64], const struct buf *text)
{
	const int fds[PARTS] = { -1, l->marks, l->owned };

	for (int i = MARKS; i < PARTS; i++)
		if (!*temp[i] || fdatasync(fds[i]) < 0 ||
		    renameat(state->fd, temp[i], state->fd, names->path[i]) < 0)
			return;
	(void)fs_write_file(state->fd, names->path[LIST], text->p, text->n, 0600, NULL);
}

static int make(const struct state *state, const struct store *store, const struct desc *layer,
		const struct digest *diff_id, const struct names *names, struct layer_list *ret,
		struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_LAYER_LIST);
	auto_layer_list l = LAYER_LIST_INIT;
	char temp[PARTS][64] = { "" };
	int r = 0;

	l.marks = open_part(state, temp[MARKS], sizeof(temp[MARKS]), e);
	l.owned = l.marks < 0 ? -1 : open_part(state, temp[OWNED], sizeof(temp[OWNED]), e);
	if (l.owned < 0)
		r = l.marks < 0 ? l.marks : l.owned;
	r = r < 0 ? r : read_layer(store, layer, diff_id, &l, &text, e);
	if (r == 0)
		keep(state, names, &l, temp, &text);
	for (int i = MARKS; i < PARTS; i++)
		if (*temp[i])
			(void)unlinkat(state->fd, temp[i], 0); /* when it still has that name */
	return r < 0 ? r : accept(&l, &text, ret, e);
}

int layer_list(const struct state *state, const struct store *store, const struct desc *layer,
	       const struct digest *diff_id, struct progress *p, struct layer_list *ret,
	       struct err *e)
{
	struct names names;
	char what[40];
	int r;

	name_parts(layer, diff_id, &names);
	if (load(state, &names, ret) == 0)
		return 0;
	json_object_seed(0); /* reads /dev/urandom, which the child may not */
	(void)snprintf(what, sizeof(what), "scan %.19s", layer->digest.s);
	progress_begin(p, what, layer->size);
	r = make(state, store, layer, diff_id, &names, ret, e);
	progress_end(p, r < 0 ? "failed" : NULL);
	return r;
}

/* --- layers over each other --- */

char *layer_file_path(const char *key, const json_t *entry)
{
	const char *hex = json_string_or_null(entry, "path");
	size_t n = hex ? strlen(hex) / 2 : 0;
	char *path;

	if (!hex)
		return strdup(key);
	path = calloc(n + 1, 1);
	if (path && hex_decode(str_of(hex), path, n, NULL) < 0)
		*path = '\0';
	return path;
}

/* The paths of what is visible, with what layer_file_path() made for them. */
struct paths {
	struct hidden *v;
	const char **keys;
	size_t n;
};

static void paths_release(struct paths *p)
{
	for (size_t i = 0; i < p->n; i++)
		free((void *)(uintptr_t)p->v[i].path);
	free(p->v);
	free(p->keys);
}

static int paths_of(json_t *visible, struct paths *ret, struct err *e)
{
	size_t n = json_object_size(visible);
	const char *key;
	json_t *file;

	ret->v = calloc(n + 1, sizeof(*ret->v));
	ret->keys = calloc(n + 1, sizeof(*ret->keys));
	if (!ret->v || !ret->keys)
		return FAIL_NOMEM(e);
	json_object_foreach(visible, key, file)
	{
		char *path = layer_file_path(key, file);

		if (!path)
			return FAIL_NOMEM(e);
		ret->keys[ret->n] = key;
		ret->v[ret->n++] = (struct hidden){ .path = path, .n = strlen(path) };
	}
	return 0;
}

static int hide(json_t *visible, const struct layer_list *list, bool *ret_changed, struct err *e)
{
	__attribute__((cleanup(paths_release))) struct paths paths = { 0 };
	int r;

	if (!json_object_size(visible))
		return 0;
	r = paths_of(visible, &paths, e);
	r = r < 0 ? r : marks_hide(list->marks, paths.v, paths.n, e);
	for (size_t i = 0; i < paths.n && r == 0; i++)
		if (paths.v[i].hidden) {
			(void)json_object_del(visible, paths.keys[i]);
			*ret_changed = true;
		}
	return r;
}

int layer_list_apply(json_t *visible, const struct layer_list *list, size_t layer,
		     bool *ret_changed, struct err *e)
{
	json_t *file;
	const char *path;
	int r;

	*ret_changed = json_object_size(list->files) != 0;
	r = hide(visible, list, ret_changed, e);
	json_object_foreach(list->files, path, file)
	{
		const char *link = json_string_or_null(file, "link");
		json_t *copy;

		if (*path == '/') /* only its links are to be seen */
			continue;
		/* A hard link is what it points to, in the same layer. */
		copy = json_copy(link ? json_object_get(list->files, link) : file);
		if (r == 0 && !copy)
			r = link ? FAIL(e, E_FORMAT, "package list: a link to '%.200s'", link)
				 : FAIL_NOMEM(e);
		r = r < 0 ? r : json_put_u64(copy, "layer", layer, e);
		if (r == 0 && link)
			r = json_put_string(copy, "link", link, e);
		if (r < 0) {
			json_decref(copy);
			return r;
		}
		r = json_put(visible, path, copy, e);
		if (r < 0)
			return r;
	}
	return r;
}
