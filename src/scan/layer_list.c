/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/layer_list.h"

/* Beside the blobs: may be deleted at any time, and then is made anew. */
#define CACHE "cache/packages"

static int read_layer(const struct store *store, const struct desc *layer,
		      const struct digest *diff_id, struct buf *text, struct err *e)
{
	struct layer_scan s;
	struct layer_reader reader;
	int r = layer_scan_begin(&s, &reader, e);

	if (r < 0)
		return r;
	r = layer_read(store, layer, diff_id, &reader, text, e);
	layer_scan_end(&s);
	return r;
}

static int parse_list(const struct buf *text, json_t **ret, struct err *e)
{
	auto_json *doc = NULL;
	const char *schema;
	json_t *member;
	int r = json_parse(buf_str(text), text->n, "package list", &doc, e);

	r = r < 0 ? r : json_get_string(doc, "schema", &schema, "package list", e);
	if (r == 0 && strcmp(schema, LAYER_LIST_SCHEMA) != 0)
		r = FAIL(e, E_FORMAT, "package list: schema '%.80s'", schema);
	r = r < 0 ? r : json_get_object(doc, "files", &member, "package list", e);
	r = r < 0 ? r : json_get_array(doc, "hidden", &member, "package list", e);
	if (r == 0)
		*ret = TAKE(doc);
	return r;
}

int layer_list(const struct state *state, const struct store *store, const struct desc *layer,
	       const struct digest *diff_id, struct progress *p, json_t **ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_LAYER_LIST);
	char path[192], what[40];
	int r;

	/* Both digests: a list is only of use to those who state the diff ID that it was read with.
	 */
	(void)snprintf(path, sizeof(path), CACHE "/%s-%s.json", digest_hex(&layer->digest),
		       diff_id ? digest_hex(diff_id) : "");
	/* One that is missing, damaged or of another version is made anew. */
	if (fs_read(state->fd, path, LIMIT_LAYER_LIST, &text, NULL) == 0 &&
	    parse_list(&text, ret, NULL) == 0)
		return 0;
	buf_reset(&text);
	json_object_seed(0); /* reads /dev/urandom, which the child may not */
	(void)snprintf(what, sizeof(what), "scan %.19s", layer->digest.s);
	progress_begin(p, what, layer->size);
	r = read_layer(store, layer, diff_id, &text, e);
	progress_end(p, r < 0 ? "failed" : NULL);
	r = r < 0 ? r : parse_list(&text, ret, e);
	if (r < 0)
		return r;
	/* A cache that cannot be written costs time, not the scan. */
	if (fs_mkdir_p(state->fd, CACHE, 0700, NULL) == 0)
		(void)fs_write_file(state->fd, path, text.p, text.n, 0600, NULL);
	return 0;
}

/* Whether a path of a lower layer is taken away by one entry of "hidden". */
static bool hides(const char *hidden, const char *path)
{
	size_t n = strlen(hidden);

	if (strcmp(hidden, "/") == 0)
		return true;
	if (strncmp(hidden, path, n) != 0)
		return false;
	return hidden[n - 1] == '/' || path[n] == '/' || path[n] == '\0';
}

static void remove_hidden(json_t *visible, const char *hidden)
{
	const char *path;
	json_t *file;
	void *next;

	json_object_foreach_safe(visible, next, path, file) if (hides(hidden, path))(void)
		json_object_del(visible, path);
}

/* A file whose folder was no folder below: then the lower entry is gone. */
static void remove_above(json_t *visible, const char *path)
{
	const char *other;
	json_t *file;
	void *next;

	json_object_foreach_safe(visible, next, other, file)
	{
		size_t n = strlen(other);

		if (strncmp(other, path, n) == 0 && path[n] == '/')
			(void)json_object_del(visible, other);
	}
}

int layer_list_apply(json_t *visible, const json_t *list, size_t layer, struct err *e)
{
	json_t *files = json_object_get(list, "files"), *file, *hidden;
	const char *path;
	size_t i;

	json_array_foreach(json_object_get(list, "hidden"), i,
			   hidden) if (json_is_string(hidden) && json_string_length(hidden))(void)
		remove_hidden(visible, json_string_value(hidden));
	json_object_foreach(files, path, file)
	{
		json_t *copy = json_copy(file);
		int r;

		if (!copy)
			return FAIL_NOMEM(e);
		r = json_put_u64(copy, "layer", layer, e);
		if (r < 0) {
			json_decref(copy);
			return r;
		}
		remove_above(visible, path);
		r = json_put(visible, path, copy, e);
		if (r < 0)
			return r;
	}
	return 0;
}
