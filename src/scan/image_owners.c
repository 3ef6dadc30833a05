/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/image_owners.h"

/*
 * A program that a package of the distribution brought is that package's matter: the distribution
 * mends it under the package's version, whatever the program says of itself. It is so only where
 * the program is of the very layer that brought the package: one that was put over it later is not
 * the distribution's.
 */
struct owners {
	json_t *programs; /* path in /usr to an array of entries of the image's files */
	json_t *packages; /* "CATALOG\nNAME" to an array of layers */
	struct buf path, key;
};

static void owners_release(struct owners *o)
{
	json_decref(o->programs);
	json_decref(o->packages);
	buf_free(&o->path);
	buf_free(&o->key);
}

/* o[key] is an array, and has value, which is stolen. */
static int push_at(json_t *o, const char *key, json_t *value, struct err *e)
{
	json_t *list = json_object_get(o, key);
	int r = 0;

	if (!list) {
		list = json_array();
		r = json_put(o, key, list, e);
	}
	if (r < 0)
		json_decref(value);
	return r < 0 ? r : json_push(list, value, e);
}

static int add_programs(struct owners *o, json_t *visible, struct err *e)
{
	const char *path;
	json_t *file;
	int r = 0;

	json_object_foreach(visible, path, file)
	{
		const char *catalog = json_string_or_null(file, "catalog");

		if (r < 0 || !catalog || strcmp(catalog, "go") != 0)
			continue;
		path_in_usr(str_of(path), &o->path);
		r = push_at(o->programs, buf_str(&o->path), json_incref(file), e);
	}
	return r;
}

static int add_packages(struct owners *o, const json_t *origins, struct err *e)
{
	const char *key;
	json_t *layer;
	int r = 0;

	json_object_foreach((json_t *)(uintptr_t)origins, key, layer)
	{
		size_t catalog = strcspn(key, "\n"), name = strcspn(key + catalog + 1, "\n");

		buf_reset(&o->key);
		buf_put(&o->key, key, catalog + 1 + name);
		r = r < 0 ? r : push_at(o->packages, buf_str(&o->key), json_incref(layer), e);
	}
	return r;
}

/* Whether a layer brought this package. */
static bool brought(struct owners *o, const struct package_file *f, const json_t *by)
{
	size_t i;
	json_t *layer;

	buf_reset(&o->key);
	buf_put(&o->key, f->catalog.p, f->catalog.n);
	buf_putc(&o->key, '\n');
	buf_put(&o->key, f->package.p, f->package.n);
	json_array_foreach(json_object_get(o->packages, buf_str(&o->key)), i,
			   layer) if (json_equal(layer, by)) return true;
	return false;
}

static int take_file(void *arg, const struct package_file *f, struct err *e)
{
	struct owners *o = arg;
	json_t *files, *file;
	size_t i;
	int r = 0;

	path_in_usr(f->path, &o->path);
	files = json_object_get(o->programs, buf_str(&o->path));
	json_array_foreach(files, i, file)
	{
		if (r == 0 && brought(o, f, json_object_get(file, "layer")))
			r = json_put(file, "owner", json_stringn(f->package.p, f->package.n), e);
	}
	return r;
}

int image_find_owners(const struct image_layers *l, json_t *visible, const json_t *origins,
		      struct err *e)
{
	__attribute__((cleanup(
		owners_release))) struct owners o = { .programs = json_object(),
						      .packages = json_object(),
						      .path = BUF_INIT(2 * LIMIT_PACKAGE_PATH),
						      .key = BUF_INIT(4 * LIMIT_PACKAGE_FIELD) };
	int r = o.programs && o.packages ? 0 : FAIL_NOMEM(e);

	r = r < 0 ? r : add_programs(&o, visible, e);
	if (r < 0 || !json_object_size(o.programs) || !json_object_size(origins))
		return r;
	r = add_packages(&o, origins, e);
	return r < 0 ? r : image_package_files(l, take_file, &o, e);
}
