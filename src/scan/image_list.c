/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/image_owners.h"

struct merge {
	json_t *visible; /* path to file entry, see layer_list_apply() */
	json_t *origin;	 /* package key to the layer that brought it, for those visible now */
};

static void merge_release(struct merge *m)
{
	json_decref(m->visible);
	json_decref(m->origin);
}

static void package_key(const char *catalog, const json_t *package, struct buf *ret)
{
	buf_reset(ret);
	buf_printf(ret, "%s\n%s\n%s\n%s", catalog, json_string_or_null(package, "name"),
		   json_string_or_null(package, "version"), json_string_or_null(package, "arch"));
}

/* Databases tell of packages that came at different times. A program came with what it tells of. */
static bool is_database(const json_t *file)
{
	const char *catalog = json_string_or_null(file, "catalog");

	return catalog && strcmp(catalog, "go") != 0;
}

/*
 * After a layer: what was there before in the same version keeps its layer, the rest is this
 * layer's. A package that went away and came back belongs to the layer that brought it back.
 */
static int update_origins(struct merge *m, size_t layer, struct err *e)
{
	auto_json *origin = json_object();
	auto_buf key = BUF_INIT(8 * LIMIT_PACKAGE_FIELD);
	const char *path;
	json_t *file, *package;
	size_t i;

	if (!origin)
		return FAIL_NOMEM(e);
	json_object_foreach(m->visible, path, file)
	{
		if (!is_database(file))
			continue;
		json_array_foreach(json_object_get(file, "packages"), i, package)
		{
			const json_t *before;
			int r;

			package_key(json_string_or_null(file, "catalog"), package, &key);
			before = json_object_get(m->origin, buf_str(&key));
			r = json_put_u64(origin, buf_str(&key),
					 before ? (uint64_t)json_integer_value(before) : layer, e);
			if (r < 0)
				return r;
		}
	}
	json_decref(m->origin);
	m->origin = TAKE(origin);
	return 0;
}

static json_t *layer_of(const struct merge *m, const json_t *file, const json_t *package)
{
	auto_buf key = BUF_INIT(8 * LIMIT_PACKAGE_FIELD);

	if (!is_database(file))
		return json_object_get(file, "layer");
	package_key(json_string_or_null(file, "catalog"), package, &key);
	return json_object_get(m->origin, buf_str(&key));
}

static int add_package(json_t *packages, const struct merge *m, const char *path,
		       const json_t *file, const json_t *package, struct err *e)
{
	auto_json *copy = json_copy((json_t *)(uintptr_t)package);
	int r;

	if (!copy)
		return FAIL_NOMEM(e);
	r = json_put_string(copy, "catalog", json_string_or_null(file, "catalog"), e);
	r = r < 0 ? r : json_put_string(copy, "path", path, e);
	r = r < 0 ? r : json_put_string(copy, "owner", json_string_or_null(file, "owner"), e);
	if (r == 0 && json_object_set(copy, "layer", layer_of(m, file, package)) < 0)
		r = FAIL_NOMEM(e);
	return r < 0 ? r : json_push(packages, TAKE(copy), e);
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The visible paths in order, so that the same image always gives the same list. Borrowed names;
 * the array is owned by the caller. */
static const char **sorted_paths(const json_t *visible)
{
	const char **paths = calloc(json_object_size(visible) + 1, sizeof(*paths)), *path;
	json_t *file;
	size_t n = 0;

	if (!paths)
		return NULL;
	json_object_foreach((json_t *)(uintptr_t)visible, path, file) paths[n++] = path;
	qsort(paths, n, sizeof(*paths), compare_paths);
	return paths;
}

/* The other name of a program whose first name is there as well, from the same layer. */
static bool is_twin(const struct merge *m, const json_t *file)
{
	const char *link = json_string_or_null(file, "link");
	const json_t *first = link ? json_object_get(m->visible, link) : NULL;

	return first && json_equal(json_object_get(first, "layer"), json_object_get(file, "layer"));
}

static int collect_file(const struct merge *m, const char *path, const json_t *file,
			json_t *packages, json_t *unreadable, struct err *e)
{
	const char *error = json_string_or_null(file, "error");
	size_t i;
	json_t *package;
	int r = 0;

	/* A program that could not be read is its owner's matter as well. */
	if (is_twin(m, file) || (error && json_object_get(file, "owner")))
		return 0;
	if (error)
		r = json_push(unreadable,
			      json_pack("{sssOss}", "path", path, "layer",
					json_object_get(file, "layer"), "error", error),
			      e);
	json_array_foreach(json_object_get(file, "packages"), i, package) r =
		r < 0 ? r : add_package(packages, m, path, file, package, e);
	return r;
}

static int collect(const struct merge *m, json_t *packages, json_t *unreadable, struct err *e)
{
	auto_free const char **paths = sorted_paths(m->visible);
	int r = paths ? 0 : FAIL_NOMEM(e);

	for (size_t n = 0; r == 0 && paths[n]; n++)
		r = collect_file(m, paths[n], json_object_get(m->visible, paths[n]), packages,
				 unreadable, e);
	return r;
}

static const json_t *os_at(const struct merge *m, const char *path)
{
	return json_object_get(json_object_get(m->visible, path), "os");
}

/* etc/os-release, and where that is only a link, what it points to everywhere. One that does not
 * say who it is leaves it to the files that there were before it. */
static const json_t *find_os(const struct merge *m)
{
	const json_t *os = os_at(m, "etc/os-release");

	os = os ? os : os_at(m, "usr/lib/os-release");
	for (size_t i = 0; !json_object_get(os, "id") && release_files[i]; i++)
		if (os_at(m, release_files[i]))
			return os_at(m, release_files[i]);
	return os;
}

static int build(const struct merge *m, json_t *layers, json_t **ret, struct err *e)
{
	auto_json *list = json_object(), *packages = json_array(), *unreadable = json_array();
	auto_buf ecosystem = BUF_INIT(4 * LIMIT_PACKAGE_FIELD);
	const json_t *os = find_os(m);
	int r;

	if (!list || !packages || !unreadable)
		return FAIL_NOMEM(e);
	os_ecosystem(os, &ecosystem);
	r = json_put_string(list, "schema", SCAN_LIST_SCHEMA, e);
	r = r < 0 ? r : json_put_string(list, "ecosystem", buf_str(&ecosystem), e);
	r = r < 0 ? r : json_put(list, "os", os ? json_deep_copy(os) : json_object(), e);
	if (r == 0 && json_object_set(list, "layers", layers) < 0)
		r = FAIL_NOMEM(e);
	r = r < 0 ? r : collect(m, packages, unreadable, e);
	r = r < 0 ? r : json_put(list, "packages", TAKE(packages), e);
	r = r < 0 ? r : json_put(list, "unreadable", TAKE(unreadable), e);
	if (r == 0)
		*ret = TAKE(list);
	return r;
}

static int add_layer(json_t *layers, const struct desc *layer, const char *instruction,
		     struct err *e)
{
	json_t *o = json_object();
	int r = json_push(layers, o, e);

	r = r < 0 ? r : json_put_string(o, "digest", layer->digest.s, e);
	/* History is free text: what is not UTF-8 was refused with the configuration. */
	return r < 0 ? r : json_put_string(o, "instruction", instruction, e);
}

static int merge_layers(const struct image_layers *l, struct merge *merge, json_t *layers,
			struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < l->n && r == 0; i++) {
		const struct desc *layer = &l->manifest.layers[i];
		bool changed = false;

		r = layer_list_apply(merge->visible, &l->v[i], i, &changed, e);
		if (r == 0 && changed)
			r = update_origins(merge, i, e);
		r = r < 0 ? WRAP(e, r, "layer %s", layer->digest.s)
			  : add_layer(layers, layer, config_layer_instruction(&l->config, i), e);
	}
	return r < 0 ? r : image_find_owners(l, merge->visible, merge->origin, e);
}

int scan_packages(const struct state *state, const struct store *store, const struct desc *image,
		  struct progress *p, json_t **ret, struct err *e)
{
	auto_image_layers l = { 0 };
	auto_json *layers = json_array();
	__attribute__((cleanup(merge_release))) struct merge merge = { .visible = json_object(),
								       .origin = json_object() };
	int r;

	if (!layers || !merge.visible || !merge.origin)
		return FAIL_NOMEM(e);
	r = image_layers_open(&l, state, store, image, p, e);
	r = r < 0 ? r : merge_layers(&l, &merge, layers, e);
	return r < 0 ? r : build(&merge, layers, ret, e);
}
