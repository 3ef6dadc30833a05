/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record of what a build took from outside of its folder: a file of the build's area, one line
 * each, written by one write(2), since stages in processes of their own add to it as well.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "build/work.h"

enum {
	LIMIT_LINE = 64 * 1024,
	LIMIT_RECORD = 64 * 1024 * 1024,
	LIMIT_MATERIALS = 10000,
};

static const char record_name[] = "materials";

int material_add(struct work *w, const char *uri, const char *digest, struct err *e)
{
	auto_json *j = json_object();
	auto_buf line = BUF_INIT(LIMIT_LINE);
	int r = json_put_string(j, "uri", uri, e);

	if (r == 0)
		r = json_put_string(j, "digest", digest, e);
	if (r == 0)
		r = json_canonical(j, &line, e);
	buf_putc(&line, '\n');
	if (r == 0)
		r = buf_check(&line, "material", e);
	if (r < 0)
		return r;

	auto_close int fd =
		fs_open_nolink(w->area.fd, record_name, O_WRONLY | O_APPEND | O_CREAT, 0600, e);

	return fd < 0 ? fd : fs_write_all(fd, line.p, line.n, e);
}

static int compare(const void *a, const void *b)
{
	const struct build_material *x = a, *y = b;
	int c = strcmp(x->uri, y->uri);

	return c ? c : strcmp(x->digest, y->digest);
}

static int take_line(struct build_result *res, struct str line, struct err *e)
{
	auto_json *j = NULL;
	const char *uri, *digest;
	struct build_material *v;
	int r = json_parse(line.p, line.n, "material", &j, e);

	if (r == 0)
		r = json_get_string(j, "uri", &uri, "material", e);
	if (r == 0)
		r = json_get_string(j, "digest", &digest, "material", e);
	if (r < 0)
		return r;
	if (res->materials_n == LIMIT_MATERIALS)
		return FAIL(e, E_FORMAT, "more than %d things from outside", LIMIT_MATERIALS);
	v = reallocarray(res->materials, res->materials_n + 1, sizeof(*v));
	if (!v)
		return FAIL_NOMEM(e);
	res->materials = v;
	v[res->materials_n++] = (struct build_material){ strdup(uri), strdup(digest) };
	v += res->materials_n - 1;
	return v->uri && v->digest ? 0 : FAIL_NOMEM(e);
}

/* In one order, whatever stage was faster, and each once. */
static void sort_out(struct build_result *res)
{
	size_t n = 0;

	if (res->materials_n)
		qsort(res->materials, res->materials_n, sizeof(*res->materials), compare);
	for (size_t i = 0; i < res->materials_n; i++) {
		if (n && compare(&res->materials[i], &res->materials[n - 1]) == 0) {
			free(res->materials[i].uri);
			free(res->materials[i].digest);
			continue;
		}
		res->materials[n++] = res->materials[i];
	}
	res->materials_n = n;
}

int materials_collect(struct work *w, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_RECORD);
	struct str rest, line;
	int r;

	if (!fs_exists(w->area.fd, record_name))
		return 0;
	r = fs_read(w->area.fd, record_name, LIMIT_RECORD, &text, e);
	rest = (struct str){ buf_str(&text), text.n };
	while (r == 0 && str_line(&rest, &line))
		r = take_line(&w->res, line, e);
	if (r == 0)
		sort_out(&w->res);
	return r < 0 ? WRAP(e, r, "read the record of what was fetched") : 0;
}

void materials_free(struct build_material *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(v[i].uri);
		free(v[i].digest);
	}
	free(v);
}
