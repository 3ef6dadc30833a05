/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A root filesystem without a shell, from one that was installed with all its tools: what the
 * wanted packages brought, and what their installation made. The archive is read twice in the
 * sandbox: for dpkg's database, then for the files.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "oci/layer.h"
#include "oci/tar.h"
#include "pipeline/base/filter.h"
#include "pipeline/base/internal.h"
#include "sandbox/sandbox.h"

#define STATUS "var/lib/dpkg/status"
#define LISTS "var/lib/dpkg/info/"

enum { CHUNK = 64 * 1024, LIMIT_STATUS = 64 * 1024 * 1024, LIMIT_CLOSURE = 100 * 1000 };

/* --- which packages --- */

/* What installation needs and the result does not. */
static const char *const cut[] = { "debconf", "openssl",  "perl-base",
				   "dpkg",    "libc-bin", "libdebconfclient0" };

static bool is_cut(const char *name)
{
	for (size_t i = 0; i < sizeof(cut) / sizeof(*cut); i++)
		if (strcmp(cut[i], name) == 0)
			return true;
	return false;
}

static struct str field(struct str paragraph, const char *name)
{
	struct str line;
	size_t n = strlen(name);

	while (str_line(&paragraph, &line))
		if (line.n > n && strncasecmp(line.p, name, n) == 0 && line.p[n] == ':')
			return str_trim((struct str){ line.p + n + 1, line.n - n - 1 });
	return (struct str){ 0 };
}

/* Takes the next paragraph off the text, without the empty line behind it. */
static bool next_paragraph(struct str *text, struct str *ret)
{
	const char *end;

	while (text->n && *text->p == '\n')
		*text = (struct str){ text->p + 1, text->n - 1 };
	if (text->n == 0)
		return false;
	end = memmem(text->p, text->n, "\n\n", 2);
	*ret = (struct str){ text->p, end ? (size_t)(end - text->p) + 1 : text->n };
	*text = (struct str){ text->p + ret->n, text->n - ret->n };
	return true;
}

/* Name to paragraph (borrowed from status, as offset and length) of what is installed. */
static int read_packages(struct str status, json_t *packages, struct err *e)
{
	struct str text = status, paragraph;

	while (next_paragraph(&text, &paragraph)) {
		struct str name = field(paragraph, "Package");
		auto_free char *key = str_dup(name);
		json_t *place = json_pack("[I,I]", (json_int_t)(paragraph.p - status.p),
					  (json_int_t)paragraph.n);
		int r;

		if (!key || !place) {
			json_decref(place);
			return FAIL_NOMEM(e);
		}
		if (!str_ends(field(paragraph, "Status"), " installed") || !str_utf8(name)) {
			json_decref(place);
			continue;
		}
		r = json_put(packages, key, place, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static struct str paragraph_of(struct str status, const json_t *packages, const char *name)
{
	const json_t *place = json_object_get(packages, name);

	if (!place)
		return (struct str){ 0 };
	return (struct str){ status.p + json_integer_value(json_array_get(place, 0)),
			     (size_t)json_integer_value(json_array_get(place, 1)) };
}

/* The names in "libc6 (>= 2.36), debconf (>= 0.5) | debconf-2.0, tzdata:any": all alternatives. */
static int add_needed(struct str needs, json_t *queue, struct err *e)
{
	struct str group, one;
	int r = 0;

	while (r == 0 && str_cut(&needs, ',', &group)) {
		while (r == 0 && str_cut(&group, '|', &one)) {
			auto_free char *name = NULL;

			one = str_trim(one);
			for (size_t i = 0; i < one.n; i++)
				if (strchr(" (:\t\n", one.p[i]))
					one.n = i;
			name = str_dup(one);
			if (!name)
				return FAIL_NOMEM(e);
			if (one.n && str_utf8(one))
				r = json_push(queue, json_string(name), e);
		}
	}
	return r;
}

int filter_packages(struct str status, const char *const *wanted, size_t n, json_t *keep,
		    struct err *e)
{
	auto_json *packages = json_object();
	auto_json *queue = json_array();
	int r = packages && queue ? read_packages(status, packages, e) : FAIL_NOMEM(e);

	for (size_t i = 0; r == 0 && i < n; i++) {
		if (!json_object_get(packages, wanted[i]))
			return FAIL(e, E_FORMAT, "package '%s' was not installed", wanted[i]);
		r = json_push(queue, json_string(wanted[i]), e);
	}
	for (size_t i = 0; r == 0 && i < json_array_size(queue); i++) {
		const char *name = json_string_value(json_array_get(queue, i));
		struct str p = paragraph_of(status, packages, name);

		if (json_array_size(queue) > LIMIT_CLOSURE)
			return FAIL(e, E_FORMAT, "more than %d dependencies", LIMIT_CLOSURE);
		if (!p.p || json_object_get(keep, name))
			continue;
		if (i >= n && (is_cut(name) || str_eqz(field(p, "Essential"), "yes")))
			continue;
		r = json_put(keep, name, json_stringn(p.p, p.n), e);
		if (r == 0)
			r = add_needed(field(p, "Depends"), queue, e);
		if (r == 0)
			r = add_needed(field(p, "Pre-Depends"), queue, e);
	}
	return r;
}

/* --- which files --- */

/* Folders of the root that are links into /usr since Debian 12; dpkg's lists have the old names. */
static bool is_merged(const char *path)
{
	static const char *const folders[] = { "bin", "sbin", "lib", "lib32", "lib64", "libx32" };
	size_t n = strcspn(path, "/");

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		if (strlen(folders[i]) == n && strncmp(folders[i], path, n) == 0)
			return true;
	return false;
}

int filter_take_list(struct str list, json_t *paths, struct err *e)
{
	struct str line;
	int r = 0;

	while (r == 0 && str_line(&list, &line)) {
		auto_free char *path = NULL;

		if (line.n < 2 || *line.p != '/' || !str_utf8(line))
			continue;
		path = str_dup((struct str){ line.p + 1, line.n - 1 });
		if (!path)
			return FAIL_NOMEM(e);
		r = json_put(paths, path, json_true(), e);
		if (r == 0 && is_merged(path) && strchr(path, '/')) {
			auto_buf merged = BUF_INIT(LIMIT_TAR_NAME);

			buf_printf(&merged, "usr/%s", path);
			r = json_put(paths, buf_str(&merged), json_true(), e);
		}
	}
	return r;
}

/* What no package lists: made by installing, or the folders that everything expects. */
static bool is_made(const char *name)
{
	static const char *const files[] = {
		".",
		"etc",
		"etc/passwd",
		"etc/group",
		"etc/nsswitch.conf",
		"etc/localtime",
		"etc/timezone",
		"etc/ld.so.cache",
		"etc/ld.so.conf",
		"etc/host.conf",
		"var/lib/dpkg",
		STATUS,
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (strcmp(files[i], name) == 0)
			return true;
	return starts_with(name, "etc/ssl/certs/") || starts_with(name, "etc/ld.so.conf.d/") ||
	       (is_merged(name) && !strchr(name, '/'));
}

bool filter_wants(const json_t *paths, const char *name)
{
	return is_made(name) || json_object_get(paths, name);
}

/* --- in the child --- */

struct filter {
	int in, out;
	const char *const *wanted;
	size_t n;
	json_t *keep, *paths; /* packages to their paragraphs; paths to true */
	struct buf status;
	json_t *lists; /* package to its list's text */
	char chunk[CHUNK];
};

static int64_t read_in(void *arg, void *p, size_t n, struct err *e)
{
	const struct filter *f = arg;
	ssize_t got;

	do {
		got = read(f->in, p, n);
	} while (got < 0 && errno == EINTR);
	return got < 0 ? FAIL_SYS(e, "read") : got;
}

static int write_out(void *arg, const void *p, size_t n, struct err *e)
{
	const struct filter *f = arg;

	return fs_write_all(f->out, p, n, e);
}

static int read_text(struct filter *f, struct tar_reader *t, struct buf *ret, struct err *e)
{
	int64_t n;

	while ((n = tar_read(t, f->chunk, sizeof(f->chunk), e)) > 0)
		buf_put(ret, f->chunk, (size_t)n);
	return n < 0 ? (int)n : buf_check(ret, "dpkg's database", e);
}

/* "var/lib/dpkg/info/libc6:amd64.list": the text is kept under "libc6". */
static int take_info(struct filter *f, struct tar_reader *t, const char *name, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_STATUS);
	auto_free char *key = NULL;
	int r;

	name += strlen(LISTS);
	key = strndup(name, strcspn(name, ":"));
	if (!key)
		return FAIL_NOMEM(e);
	if (ends_with(key, ".list"))
		key[strlen(key) - strlen(".list")] = '\0';
	r = read_text(f, t, &text, e);
	if (r < 0 || !str_utf8(str_of(key)))
		return r;
	/* Paths that are not UTF-8 would not be found again: none of the packages has such. */
	return json_put(f->lists, key, json_stringn_nocheck(buf_str(&text), text.n), e);
}

static int read_database(struct filter *f, struct err *e)
{
	auto_release(tar_reader_free) struct tar_reader *t = NULL;
	const struct tar_entry *m;
	const char *name;
	json_t *value;
	int r = tar_reader_new(&t, read_in, f, e);

	while (r == 0 && (r = tar_next(t, &m, e)) > 0) {
		r = 0;
		if (m->type == TAR_FILE && strcmp(m->name, STATUS) == 0)
			r = read_text(f, t, &f->status, e);
		else if (m->type == TAR_FILE && starts_with(m->name, LISTS) &&
			 ends_with(m->name, ".list"))
			r = take_info(f, t, m->name, e);
	}
	if (r == 0)
		r = filter_packages((struct str){ buf_str(&f->status), f->status.n }, f->wanted,
				    f->n, f->keep, e);
	json_object_foreach(f->keep, name, value)
	{
		const json_t *list = json_object_get(f->lists, name);

		if (r == 0 && list)
			r = filter_take_list(
				(struct str){ json_string_value(list), json_string_length(list) },
				f->paths, e);
	}
	return r;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int write_status(struct filter *f, struct tar_writer *out, const struct tar_entry *m,
			struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_STATUS);
	auto_free const char **names = calloc(json_object_size(f->keep) + 1, sizeof(*names));
	struct tar_entry entry = *m;
	const char *name;
	json_t *value;
	size_t n = 0;
	int r;

	if (!names)
		return FAIL_NOMEM(e);
	json_object_foreach(f->keep, name, value) names[n++] = name;
	qsort(names, n, sizeof(*names), compare_names);
	for (size_t i = 0; i < n; i++)
		buf_printf(&text, "%s\n", json_string_value(json_object_get(f->keep, names[i])));
	r = buf_check(&text, "list of packages", e);
	entry.size = text.n;
	if (r == 0)
		r = tar_write_entry(out, &entry, e);
	return r < 0 ? r : tar_write_data(out, text.p, text.n, e);
}

/* A script in a folder of programs: there is nothing that could run it. */
static bool is_script(const struct tar_entry *m, const char *head, size_t n)
{
	return n >= 2 && head[0] == '#' && head[1] == '!' &&
	       (starts_with(m->name, "usr/bin/") || starts_with(m->name, "usr/sbin/") ||
		starts_with(m->name, "bin/") || starts_with(m->name, "sbin/"));
}

static int copy_entry(struct filter *f, struct tar_reader *in, struct tar_writer *out,
		      const struct tar_entry *m, struct err *e)
{
	int64_t n = m->type == TAR_FILE ? tar_read(in, f->chunk, sizeof(f->chunk), e) : 0;
	int r;

	if (n < 0 || is_script(m, f->chunk, (size_t)n))
		return (int)(n < 0 ? n : 0);
	r = tar_write_entry(out, m, e);
	while (r == 0 && n > 0) {
		r = tar_write_data(out, f->chunk, (size_t)n, e);
		if (r == 0)
			n = tar_read(in, f->chunk, sizeof(f->chunk), e);
	}
	return n < 0 ? (int)n : r;
}

static int write_files(struct filter *f, struct err *e)
{
	auto_release(tar_reader_free) struct tar_reader *t = NULL;
	auto_release(tar_writer_free) struct tar_writer *out = NULL;
	const struct tar_entry *m;
	int r = tar_reader_new(&t, read_in, f, e);

	if (r == 0)
		r = tar_writer_new(&out, write_out, f, e);
	while (r == 0 && (r = tar_next(t, &m, e)) > 0) {
		r = 0;
		if (strcmp(m->name, STATUS) == 0)
			r = write_status(f, out, m, e);
		else if (filter_wants(f->paths, m->name))
			r = copy_entry(f, t, out, m, e);
	}
	return r < 0 ? r : tar_write_end(out, e);
}

static int filter_child(void *arg, struct buf *emit, struct err *e)
{
	struct filter *f = arg;
	int r;

	(void)emit;
	f->keep = json_object();
	f->paths = json_object();
	f->lists = json_object();
	f->status = BUF_INIT(LIMIT_STATUS);
	r = f->keep && f->paths && f->lists ? read_database(f, e) : FAIL_NOMEM(e);
	if (r == 0 && lseek(f->in, 0, SEEK_SET) < 0)
		r = FAIL_SYS(e, "seek");
	if (r == 0)
		r = write_files(f, e);
	json_decref(f->keep);
	json_decref(f->paths);
	json_decref(f->lists);
	buf_free(&f->status);
	return r;
}

int filter_run(int in, int out, const char *const *wanted, size_t n, struct err *e)
{
	auto_free struct filter *f = calloc(1, sizeof(*f));
	const int keep[] = { in, out };
	const struct sandbox box = {
		.what = "root filesystem", .keep = keep, .keep_n = 2, .write_dir = -1
	};

	if (!f)
		return FAIL_NOMEM(e);
	if (lseek(in, 0, SEEK_SET) < 0)
		return FAIL_SYS(e, "seek");
	json_object_seed(0); /* reads /dev/urandom, which the child may not */
	f->in = in;
	f->out = out;
	f->wanted = wanted;
	f->n = n;
	return sandbox_run(&box, filter_child, f, NULL, e);
}
