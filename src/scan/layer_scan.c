/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sys/random.h>

#include "base/encode.h"
#include "scan/layer_list.h"

/* The half of a layer's scan that runs in the sandboxed child, entry by entry. */

static const char *const os_release_paths[] = { "etc/os-release", "usr/lib/os-release" };

#define WHITEOUT ".wh."
#define OPAQUE ".wh..wh..opq"

static bool is_os_release(const char *name)
{
	return strcmp(name, os_release_paths[0]) == 0 || strcmp(name, os_release_paths[1]) == 0 ||
	       is_release_file(name);
}

/* --- what is found --- */

/* A name as a key of "files": what is not UTF-8 is escaped, and stands in the entry in hex. */
static void key_of(const char *name, struct buf *ret)
{
	if (str_utf8(str_of(name))) {
		buf_puts(ret, name);
		return;
	}
	for (const char *c = name; *c; c++)
		if (*c < ' ' || *c == '\\')
			buf_printf(ret, "\\x%02x", (unsigned char)*c);
		else
			buf_putc(ret, *c);
}

/* Steals entry; the last of two of one name counts, as it does when the archive is unpacked. */
static int put_entry(struct layer_scan *s, const char *name, json_t *entry, struct err *e)
{
	auto_buf key = BUF_INIT(4 * LIMIT_TAR_NAME), hex = BUF_INIT(2 * LIMIT_TAR_NAME);
	int r = entry ? 0 : FAIL_NOMEM(e);

	key_of(name, &key);
	if (r == 0 && strcmp(buf_str(&key), name) != 0) {
		hex_put(&hex, name, strlen(name));
		r = buf_check(&hex, "a path", e);
		r = r < 0 ? r : json_put_string(entry, "path", buf_str(&hex), e);
	}
	r = r < 0 ? r : buf_check(&key, "a path", e);
	if (r == 0 && json_object_size(s->files) >= LIMIT_LAYER_FILES)
		r = FAIL(e, E_FORMAT, "more than %d package lists and programs", LIMIT_LAYER_FILES);
	if (r < 0) {
		json_decref(entry);
		return r;
	}
	return json_put(s->files, buf_str(&key), entry, e);
}

/* catalog may be "": nobody in particular wanted to read it. */
static int put_error(struct layer_scan *s, const char *name, const char *catalog, const char *why,
		     struct err *e)
{
	json_t *o = json_pack("{ssss}", "catalog", catalog, "error", why);

	return put_entry(s, name,
			 o ? o
			   : json_pack("{ssss}", "catalog", catalog, "error",
				       "broken in a way that cannot be told"),
			 e);
}

/* What a reader made of a file: packages, an error of its own, or both. Other failures are passed
 * on. */
static int put_result(struct layer_scan *s, const char *name, const char *catalog, int r,
		      json_t *packages, const struct err *why, struct err *e)
{
	if (r == E_FORMAT && json_array_size(packages))
		return put_entry(s, name,
				 json_pack("{sssssO}", "catalog", catalog, "error", why->msg,
					   "packages", packages),
				 e);
	if (r == E_FORMAT)
		return put_error(s, name, catalog, why->msg, e);
	/* What it took is free again: the rest can be read. */
	if (r == E_NOMEM)
		return put_error(s, name, catalog, "needs more memory than it may have", e);
	if (r < 0) {
		if (e)
			*e = *why;
		return r;
	}
	return put_entry(s, name, json_pack("{sssO}", "catalog", catalog, "packages", packages), e);
}

/* --- files --- */

struct content {
	struct tar_reader *tar;
	int failed; /* the archive's own failure, which is not the file's */
};

static int64_t read_content(void *arg, void *p, size_t n, struct err *e)
{
	struct content *c = arg;
	int64_t got = tar_read(c->tar, p, n, e);

	if (got < 0)
		c->failed = (int)got;
	return got;
}

static int read_whole(struct tar_reader *t, uint64_t size, struct buf *ret, struct err *e)
{
	char chunk[65536];
	int64_t n;

	while ((n = tar_read(t, chunk, sizeof(chunk), e)) > 0)
		buf_put(ret, chunk, (size_t)n);
	if (n < 0)
		return (int)n;
	return ret->n == size ? buf_check(ret, "file", e) : FAIL_NOMEM(e);
}

static int take_owned(void *arg, struct str package, struct str path, struct err *e)
{
	const struct layer_scan *s = arg;

	return owned_put_file(s->owned, package, path, e);
}

static int read_database(struct layer_scan *s, const struct catalog *c, const char *name,
			 struct str text, struct err *e)
{
	auto_json *packages = json_array();
	struct catalog_out out = {
		.path = name, .packages = packages, .file = take_owned, .arg = s
	};
	struct err why = ERR_INIT;
	int r;

	if (!packages)
		return FAIL_NOMEM(e);
	r = owned_put_database(s->owned, c->name, name, e);
	if (r < 0)
		return r;
	r = c->parse(text, &out, &why);
	/* Lists of files alone are in the other document. */
	if (r == 0 && !json_array_size(packages) && c->files_only)
		return 0;
	return put_result(s, name, c->name, r, packages, &why, e);
}

static int read_os_release(struct layer_scan *s, const char *name, struct str text, struct err *e)
{
	auto_json *os = NULL;
	struct err why = ERR_INIT;
	int r = is_release_file(name) ? release_file_parse(name, text, &os, &why)
				      : os_release_parse(text, &os, &why);

	if (r == E_FORMAT)
		return put_error(s, name, "", why.msg, e);
	if (r < 0) {
		if (e)
			*e = why;
		return r;
	}
	if (is_release_file(name) && !json_object_size(os))
		return 0;
	return put_entry(s, name, json_pack("{sO}", "os", os), e);
}

static int read_listed(struct layer_scan *s, const struct tar_entry *entry, struct tar_reader *t,
		       struct err *e)
{
	const struct catalog *c = catalog_of(entry->name);
	uint64_t max = !c ? LIMIT_OS_RELEASE : c->max ? c->max : LIMIT_CATALOG_BYTES;
	auto_buf text = BUF_INIT(max);
	struct str whole;
	int r;

	if (is_release_file(entry->name) && entry->size > LIMIT_RELEASE_FILE)
		return 0;
	if (!str_utf8(str_of(entry->name)))
		return put_error(s, entry->name, c ? c->name : "",
				 "its name is not UTF-8: not read", e);
	if (entry->size > max) {
		char why[80];

		(void)snprintf(why, sizeof(why), "%llu bytes, at most %llu are read",
			       (unsigned long long)entry->size, (unsigned long long)max);
		return put_error(s, entry->name, c ? c->name : "", why, e);
	}
	r = read_whole(t, entry->size, &text, e);
	if (r < 0)
		return r;
	whole = (struct str){ buf_str(&text), text.n };
	return c ? read_database(s, c, entry->name, whole, e)
		 : read_os_release(s, entry->name, whole, e);
}

/* A program, perhaps, that knows what it was built from. */
static int read_program(struct layer_scan *s, const struct tar_entry *entry, struct tar_reader *t,
			struct err *e)
{
	struct content content = { .tar = t };
	const struct catalog_stream in = { read_content, &content, entry->size };
	auto_json *packages = NULL;
	struct catalog_out out = { .path = entry->name };
	struct err why = ERR_INIT;
	int r;

	if (entry->size < 64) /* no header of a program has room */
		return 0;
	packages = json_array();
	if (!packages)
		return FAIL_NOMEM(e);
	out.packages = packages;
	r = catalog_go(s->go, &in, &out, &why);
	if (content.failed) {
		if (e)
			*e = why;
		return content.failed;
	}
	return r == 0 ? 0 : put_result(s, entry->name, "go", r, packages, &why, e);
}

/* --- links and whiteouts --- */

/* So that it is known what still names a program when its own name goes. */
static int note_link(struct layer_scan *s, const char *first, const char *name, struct err *e)
{
	auto_buf key = BUF_INIT(4 * LIMIT_TAR_NAME);
	json_t *names = json_object_get(s->links, first);
	int r = 0;

	key_of(name, &key);
	if (!names) {
		names = json_array();
		r = json_put(s->links, first, names, e);
	}
	return r < 0 ? r : json_push(names, json_string(buf_str(&key)), e);
}

/* A hard link to a program is that program. */
static int read_hardlink(struct layer_scan *s, const struct tar_entry *entry, struct err *e)
{
	auto_buf key = BUF_INIT(4 * LIMIT_TAR_NAME);
	auto_free char *first = NULL;
	const char *link, *catalog;
	const json_t *to;
	int r;

	if (catalog_of(entry->name))
		return put_error(s, entry->name, "", "not a regular file: not read", e);
	key_of(entry->link, &key);
	to = json_object_get(s->files, buf_str(&key));
	link = json_string_or_null(to, "link");
	catalog = json_string_or_null(to, "catalog");
	if (!link && (!catalog || strcmp(catalog, "go") != 0))
		return 0;
	first = strdup(link ? link : buf_str(&key));
	if (!first)
		return FAIL_NOMEM(e);
	r = put_entry(s, entry->name, json_pack("{ss}", "link", first), e);
	return r < 0 ? r : note_link(s, first, entry->name, e);
}

/* Where a symbolic link leads, seen from the root: "var/lib/rpm" to "../../usr/share/rpm" is
 * "usr/share/rpm". False when it leads out, or too far. */
static bool link_target(const struct tar_entry *entry, struct buf *ret)
{
	struct str rest = str_of(entry->link), part;

	buf_reset(ret);
	if (*entry->link != '/') {
		const char *slash = strrchr(entry->name, '/');

		buf_put(ret, entry->name, slash ? (size_t)(slash - entry->name) : 0);
	}
	while (str_cut(&rest, '/', &part)) {
		if (!part.n || str_eqz(part, "."))
			continue;
		if (!str_eqz(part, "..")) {
			buf_printf(ret, "%s%.*s", ret->n ? "/" : "", (int)part.n, part.p);
			continue;
		}
		while (ret->n && ret->p[--ret->n] != '/')
			continue;
	}
	return !ret->failed && ret->n;
}

/* A link, device or pipe where a package list, or a folder of one, is expected. That it hides what
 * lower layers had there is in the marks; that it hides what it points to is said here, unless that
 * is where we look as well: "lib" to "usr/lib". */
static int read_other(struct layer_scan *s, const struct tar_entry *entry, struct err *e)
{
	auto_buf target = BUF_INIT(2 * LIMIT_TAR_NAME);

	if (!catalog_concerns(entry->name))
		return 0;
	if (entry->type == TAR_SYMLINK && entry->link && link_target(entry, &target) &&
	    catalog_follows(entry->name, buf_str(&target)))
		return 0;
	return put_error(s, entry->name, "", "not a regular file: not read", e);
}

/* "var/lib/dpkg/.wh.status" hides a name, "var/lib/dpkg/.wh..wh..opq" all that is in the folder. */
static int read_whiteout(struct layer_scan *s, const char *name, const char *leaf, struct err *e)
{
	auto_buf target = BUF_INIT(LIMIT_TAR_NAME);
	size_t folder = leaf == name ? 0 : (size_t)(leaf - name) - 1;

	if (strcmp(leaf, OPAQUE) == 0)
		return folder ? marks_put(s->marks, name, folder, MARK_OTHER, e)
			      : marks_put(s->marks, ".", 1, MARK_OTHER, e);
	/* Names that aufs kept for itself hide nothing. */
	if (starts_with(leaf, WHITEOUT WHITEOUT) || strcmp(leaf, WHITEOUT) == 0)
		return 0;
	buf_put(&target, name, (size_t)(leaf - name));
	buf_puts(&target, leaf + strlen(WHITEOUT));
	return marks_put(s->marks, buf_str(&target), target.n, MARK_OTHER, e);
}

/* --- the reader --- */

/* Its links stay what they are: the file is kept under a key that is no path, once for all. */
static int move_aside(struct layer_scan *s, const char *key, const json_t *names, struct err *e)
{
	char aside[16];
	size_t i;
	json_t *name;
	int r;

	(void)snprintf(aside, sizeof(aside), "/%u", s->aside++);
	r = json_put(s->files, aside, json_incref(json_object_get(s->files, key)), e);
	json_array_foreach(names, i, name)
	{
		json_t *entry = json_object_get(s->files, json_string_value(name));
		const char *link = json_string_or_null(entry, "link");

		if (r == 0 && link && strcmp(link, key) == 0)
			r = json_put_string(entry, "link", aside, e);
	}
	return r;
}

/* A name that comes twice in one archive: what was read of the first is no more under it. */
static int forget(struct layer_scan *s, const char *name, struct err *e)
{
	auto_buf escaped = BUF_INIT(4 * LIMIT_TAR_NAME);
	const char *key = name;
	const json_t *names;
	int r = 0;

	if (!json_object_size(s->files))
		return 0;
	if (!str_utf8(str_of(name))) {
		key_of(name, &escaped);
		key = buf_str(&escaped);
	}
	if (!json_object_get(s->files, key))
		return 0;
	names = json_object_get(s->links, key);
	r = names ? move_aside(s, key, names, e) : 0;
	(void)json_object_del(s->links, key);
	(void)json_object_del(s->files, key);
	return r;
}

static int take_entry(void *arg, const struct tar_entry *entry, struct tar_reader *t, struct err *e)
{
	struct layer_scan *s = arg;
	const char *leaf = strrchr(entry->name, '/');
	int r;

	leaf = leaf ? leaf + 1 : entry->name;
	if (starts_with(leaf, WHITEOUT))
		return read_whiteout(s, entry->name, leaf, e);
	r = marks_put(s->marks, entry->name, strlen(entry->name),
		      entry->type == TAR_DIR ? MARK_FOLDER : MARK_OTHER, e);
	if (r < 0 || entry->type == TAR_DIR)
		return r;
	r = forget(s, entry->name, e);
	if (r < 0)
		return r;
	if (entry->type == TAR_HARDLINK)
		return read_hardlink(s, entry, e);
	if (entry->type != TAR_FILE)
		return read_other(s, entry, e);
	if (catalog_of(entry->name) || is_os_release(entry->name))
		return read_listed(s, entry, t, e);
	if (catalog_concerns(entry->name))
		return read_other(s, entry, e); /* a file in a folder's place */
	return read_program(s, entry, t, e);
}

static int done(void *arg, struct buf *emit, struct err *e)
{
	const struct layer_scan *s = arg;
	auto_json *doc = NULL;
	uint64_t marks = 0, owned = 0;
	int r = index_out_end(s->marks, &marks, e);

	r = r < 0 ? r : index_out_end(s->owned, &owned, e);
	if (r < 0)
		return r;
	doc = json_pack("{sssOsIsI}", "schema", LAYER_LIST_SCHEMA, "files", s->files, "marks",
			(json_int_t)marks, "owned", (json_int_t)owned);
	return doc ? json_canonical(doc, emit, e) : FAIL_NOMEM(e);
}

static int begin(struct layer_scan *s, int marks, int owned, struct err *e)
{
	unsigned char key[16];
	int r;

	if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key))
		return FAIL_SYS(e, "getrandom");
	s->files = json_object();
	s->links = json_object();
	if (!s->files || !s->links)
		return FAIL_NOMEM(e);
	r = index_out_new(&s->marks, marks, e);
	r = r < 0 ? r : index_out_new(&s->owned, owned, e);
	r = r < 0 ? r : go_reader_new(&s->go, e);
	r = r < 0 ? r : marks_begin(s->marks, key, e);
	return r < 0 ? r : owned_begin(s->owned, e);
}

int layer_scan_begin(struct layer_scan *ret, struct layer_reader *reader, int marks, int owned,
		     struct err *e)
{
	struct layer_scan s = { 0 };
	int r = begin(&s, marks, owned, e);

	if (r < 0) {
		layer_scan_end(&s);
		return r;
	}
	*ret = s;
	*reader = (struct layer_reader){
		.entry = take_entry, .done = done, .arg = ret, .keep = { marks, owned }, .keep_n = 2
	};
	return 0;
}

void layer_scan_end(struct layer_scan *s)
{
	json_decref(s->files);
	json_decref(s->links);
	index_out_free(s->marks);
	index_out_free(s->owned);
	go_reader_free(s->go);
	*s = (struct layer_scan){ 0 };
}
