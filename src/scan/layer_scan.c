/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/layer_list.h"

#include "scan/catalog/catalog.h"

/* The half of a layer's scan that runs in the sandboxed child, entry by entry. */

static const char *const os_release_paths[] = { "etc/os-release", "usr/lib/os-release" };

#define WHITEOUT ".wh."
#define OPAQUE ".wh..wh..opq"

static bool is_os_release(const char *name)
{
	return strcmp(name, os_release_paths[0]) == 0 || strcmp(name, os_release_paths[1]) == 0;
}

/* True when what is at name, or is missing there, takes away something that we read below: it is
 * such a place, or above one. */
static bool concerns(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < sizeof(os_release_paths) / sizeof(*os_release_paths); i++)
		if (strncmp(os_release_paths[i], name, n) == 0 &&
		    (os_release_paths[i][n] == '\0' || os_release_paths[i][n] == '/'))
			return true;
	return catalog_concerns(name);
}

static bool want(void *arg, const struct tar_entry *entry)
{
	(void)arg;
	if (catalog_of(entry->name) || is_os_release(entry->name))
		return true;
	/* What is no folder takes the place of one, and hides what lower layers had beneath. */
	return entry->type != TAR_DIR && concerns(entry->name);
}

static int hide(struct layer_scan *s, const char *path, struct err *e)
{
	if (json_array_size(s->hidden) >= LIMIT_LAYER_HIDDEN)
		return FAIL(e, E_FORMAT, "more than %d whiteouts of package lists",
			    LIMIT_LAYER_HIDDEN);
	if (!str_utf8(str_of(path)))
		return 0; /* none of ours */
	return json_push(s->hidden, json_string(path), e);
}

/* "var/lib/dpkg/.wh.status" hides a name, "var/lib/dpkg/.wh..wh..opq" all that is in the folder. */
static int read_whiteout(struct layer_scan *s, const char *name, const char *leaf, struct err *e)
{
	auto_buf target = BUF_INIT(LIMIT_TAR_NAME + 2);
	int r;

	buf_put(&target, name, (size_t)(leaf - name));
	if (strcmp(leaf, OPAQUE) == 0) {
		if (!target.n)
			buf_putc(&target, '/');
	} else if (starts_with(leaf, WHITEOUT OPAQUE) || strcmp(leaf, WHITEOUT) == 0) {
		return 0;
	} else {
		buf_puts(&target, leaf + strlen(WHITEOUT));
	}
	r = buf_check(&target, "a whiteout", e);
	if (r < 0 || strcmp(buf_str(&target), "/") == 0)
		return r < 0 ? r : hide(s, "/", e);

	auto_buf plain = BUF_INIT(LIMIT_TAR_NAME + 2);

	buf_put(&plain, target.p, ends_with(target.p, "/") ? target.n - 1 : target.n);
	return concerns(buf_str(&plain)) ? hide(s, target.p, e) : 0;
}

/* "lib" that points to "usr/lib", in whichever way it is written: we look there as well. */
static bool is_usr_merge(const struct tar_entry *entry)
{
	const char *to = entry->link;

	if (entry->type != TAR_SYMLINK || !to)
		return false;
	while (*to == '/' || starts_with(to, "../"))
		to += *to == '/' ? 1 : 3;
	return starts_with(to, "usr/") && strcmp(to + 4, entry->name) == 0;
}

static int put_error(struct layer_scan *s, const char *name, const char *why, struct err *e)
{
	json_t *o = json_pack("{ss}", "error", why);

	if (!o)
		o = json_pack("{ss}", "error", "broken in a way that cannot be told");
	return json_put(s->files, name, o, e);
}

/* A link, device or folder where a package list, or a folder of one, is expected. It hides what was
 * there; that it hides what it points to is for the reader of the report to know. */
static int read_other(struct layer_scan *s, const struct tar_entry *entry, struct err *e)
{
	int r = hide(s, entry->name, e);

	if (r < 0 || is_usr_merge(entry) || starts_with("etc/os-release", entry->name) ||
	    starts_with("usr/lib/os-release", entry->name))
		return r;
	return put_error(s, entry->name, "not a regular file: not read", e);
}

static int read_file(struct layer_scan *s, const char *name, struct str text, struct err *e)
{
	const struct catalog *c = catalog_of(name);
	auto_json *o = json_object(), *packages = json_array(), *os = NULL;
	struct err why = ERR_INIT;
	int r;

	if (!o || !packages)
		return FAIL_NOMEM(e);
	if (c)
		r = c->parse(text, &(struct catalog_out){ .path = name, .packages = packages },
			     &why);
	else
		r = os_release_parse(text, &os, &why);
	if (r == E_FORMAT)
		return put_error(s, name, why.msg, e);
	if (r < 0) {
		if (e)
			*e = why;
		return r;
	}
	if (!c)
		r = json_put(o, "os", TAKE(os), e);
	else
		r = json_put_string(o, "catalog", c->name, e);
	if (r == 0 && c)
		r = json_put(o, "packages", TAKE(packages), e);
	return r < 0 ? r : json_put(s->files, name, TAKE(o), e);
}

static int got(void *arg, const struct tar_entry *entry, const char *p, size_t n, struct buf *emit,
	       struct err *e)
{
	const char *leaf = strrchr(entry->name, '/');

	(void)emit;
	leaf = leaf ? leaf + 1 : entry->name;
	if (starts_with(leaf, WHITEOUT))
		return read_whiteout(arg, entry->name, leaf, e);
	if (entry->type != TAR_FILE)
		return read_other(arg, entry, e);
	if (!catalog_of(entry->name) && !is_os_release(entry->name))
		return read_other(arg, entry, e); /* a file in a folder's place */
	return read_file(arg, entry->name, (struct str){ p ? p : "", n }, e);
}

static int done(void *arg, struct buf *emit, struct err *e)
{
	const struct layer_scan *s = arg;
	auto_json *doc = json_pack("{sssOsO}", "schema", LAYER_LIST_SCHEMA, "files", s->files,
				   "hidden", s->hidden);

	return doc ? json_canonical(doc, emit, e) : FAIL_NOMEM(e);
}

int layer_scan_begin(struct layer_scan *ret, struct layer_reader *reader, struct err *e)
{
	*ret = (struct layer_scan){ .files = json_object(), .hidden = json_array() };
	if (!ret->files || !ret->hidden) {
		layer_scan_end(ret);
		return FAIL_NOMEM(e);
	}
	*reader = (struct layer_reader){
		.want = want, .got = got, .done = done, .arg = ret, .max = LIMIT_CATALOG_BYTES
	};
	return 0;
}

void layer_scan_end(struct layer_scan *s)
{
	json_decref(s->files);
	json_decref(s->hidden);
	*s = (struct layer_scan){ 0 };
}
