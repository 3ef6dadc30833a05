/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/image_layers.h"

#include <stdlib.h>

void image_layers_close(struct image_layers *l)
{
	for (size_t i = 0; i < l->n; i++)
		layer_list_free(&l->v[i]);
	free(l->v);
	manifest_free(&l->manifest);
	config_free(&l->config);
	*l = (struct image_layers){ 0 };
}

static int open_lists(struct image_layers *l, const struct state *state, const struct store *store,
		      struct progress *p, struct err *e)
{
	const struct manifest *m = &l->manifest;
	int r = 0;

	l->v = calloc(m->layers_n + 1, sizeof(*l->v));
	if (!l->v)
		return FAIL_NOMEM(e);
	for (size_t i = 0; i < m->layers_n && r == 0; i++) {
		l->v[i] = LAYER_LIST_INIT;
		l->n = i + 1;
		r = layer_list(state, store, &m->layers[i], &l->config.diff_ids[i], p, &l->v[i], e);
		if (r < 0)
			r = WRAP(e, r, "scan layer %zu (%s)", i + 1, m->layers[i].digest.s);
	}
	return r;
}

int image_layers_open(struct image_layers *ret, const struct state *state,
		      const struct store *store, const struct desc *image, struct progress *p,
		      struct err *e)
{
	auto_image_layers l = { 0 };
	int r = store_manifest(store, image, &l.manifest, NULL, e);

	r = r < 0 ? r : store_config(store, &l.manifest, &l.config, e);
	if (r == 0 && l.manifest.layers_n != l.config.diff_ids_n)
		r = FAIL(e, E_FORMAT, "%s: %zu layers, but %zu diff ids", image->digest.s,
			 l.manifest.layers_n, l.config.diff_ids_n);
	r = r < 0 ? r : open_lists(&l, state, store, p, e);
	if (r < 0)
		return r;
	*ret = l;
	l = (struct image_layers){ 0 };
	return 0;
}

/* --- what packages own --- */

/*
 * The databases of one layer by their paths, each with the number of the layer that shows it and of
 * its place there: of two under one name in a layer the last one counts.
 */
struct databases {
	json_t *visible; /* path to [layer, place] */
	size_t layer, place;
	bool failed;
	/* Second reading: */
	package_file_fn fn;
	void *arg;
	struct package_file at;
};

static bool note_database(void *arg, struct str catalog, const char *path)
{
	struct databases *d = arg;

	(void)catalog;
	d->failed |= json_object_set_new(
			     d->visible, path,
			     json_pack("[II]", (json_int_t)d->layer, (json_int_t)d->place)) < 0;
	d->place++;
	return false;
}

static int hide_databases(json_t *visible, int marks, struct err *e)
{
	size_t n = json_object_size(visible), i = 0;
	auto_free struct hidden *paths = calloc(n + 1, sizeof(*paths));
	const char *path;
	json_t *place;
	int r = paths ? 0 : FAIL_NOMEM(e);

	if (r < 0 || !n)
		return r;
	json_object_foreach(visible, path, place) paths[i++] =
		(struct hidden){ .path = path, .n = strlen(path) };
	r = marks_hide(marks, paths, n, e);
	for (i = 0; i < n && r == 0; i++)
		if (paths[i].hidden)
			(void)json_object_del(visible, paths[i].path);
	return r;
}

static bool is_visible(void *arg, struct str catalog, const char *path)
{
	struct databases *d = arg;
	const json_t *at = json_object_get(d->visible, path);
	size_t place = d->place++;

	d->at = (struct package_file){ .catalog = catalog, .database = path, .layer = d->layer };
	return at && (size_t)json_integer_value(json_array_get(at, 0)) == d->layer &&
	       (size_t)json_integer_value(json_array_get(at, 1)) == place;
}

static int no_file(void *arg, struct str package, struct str path, struct err *e)
{
	(void)arg;
	(void)package;
	(void)path;
	return FAIL(e, E_INTERNAL, "a file that nobody asked for");
}

static int give_file(void *arg, struct str package, struct str path, struct err *e)
{
	struct databases *d = arg;

	d->at.package = package;
	d->at.path = path;
	return d->fn(d->arg, &d->at, e);
}

static int read_all(const struct image_layers *l, struct databases *d,
		    const struct owned_reader *reader, bool first, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < l->n && r == 0; i++) {
		d->layer = i;
		d->place = 0;
		if (first)
			r = hide_databases(d->visible, l->v[i].marks, e);
		r = r < 0 ? r : owned_read(l->v[i].owned, reader, e);
		if (r == 0 && d->failed)
			r = FAIL_NOMEM(e);
		if (r < 0)
			r = WRAP(e, r, "layer %s", l->manifest.layers[i].digest.s);
	}
	return r;
}

int image_package_files(const struct image_layers *l, package_file_fn fn, void *arg, struct err *e)
{
	auto_json *visible = json_object();
	struct databases d = { .visible = visible, .fn = fn, .arg = arg };
	const struct owned_reader first = { note_database, no_file, &d };
	const struct owned_reader second = { is_visible, give_file, &d };
	int r = visible ? 0 : FAIL_NOMEM(e);

	r = r < 0 ? r : read_all(l, &d, &first, true, e);
	return r < 0 ? r : read_all(l, &d, &second, false, e);
}

void path_in_usr(struct str path, struct buf *ret)
{
	static const char *const merged[] = {
		"bin/", "sbin/", "lib/", "lib32/", "lib64/", "libx32/"
	};

	buf_reset(ret);
	for (size_t i = 0; i < sizeof(merged) / sizeof(*merged); i++)
		if (str_starts(path, merged[i]))
			buf_puts(ret, "usr/");
	buf_put(ret, path.p, path.n);
}
