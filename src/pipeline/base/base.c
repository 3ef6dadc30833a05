/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/base/base.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "build/area.h"
#include "oci/image.h"
#include "oci/layer.h"
#include "pipeline/base/internal.h"
#include "pipeline/import/internal.h"
#include "scan/version/version.h"

enum { LIMIT_PACKAGE_TEXT = 64 * 1024 * 1024 };

/* --- the image --- */

static json_t *exec_json(const struct recipe *r)
{
	static const char path[] =
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

	if (r->variant == BASE_NO_SHELL || r->variant == BASE_STATIC)
		return json_pack("{s:[s,s]}", "Env", path,
				 "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt");
	return json_pack("{s:[s], s:[s]}", "Env", path, "Cmd", "bash");
}

static int write_image(struct store *s, const struct recipe *r, const struct desc *layer,
		       const struct digest *diff_id, int64_t created, struct desc *ret,
		       struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_MANIFEST), by = BUF_INIT(256);
	auto_json *recipe = recipe_json(r);
	auto_json *config = NULL, *notes = NULL;
	char when[RFC3339_MAX];
	int k = recipe ? json_canonical(recipe, &text, e) : FAIL_NOMEM(e);

	if (k < 0)
		return k;
	clock_rfc3339(created, when);
	buf_printf(&by, "plimsoll base debian:%s%s --variant %s", r->suite, r->slim ? "-slim" : "",
		   base_variant_name(r->variant));
	config = json_pack("{s:s, s:s, s:s, s:o, s:{s:s, s:[s]}, s:[{s:s, s:s}]}", "architecture",
			   oci_architecture(), "os", "linux", "created", when, "config",
			   exec_json(r), "rootfs", "type", "layers", "diff_ids", diff_id->s,
			   "history", "created", when, "created_by", buf_str(&by));
	notes = json_pack("{s:s, s:s}", ANNOTATION_BASE, buf_str(&text), ANNOTATION_CREATED, when);
	if (!config || !notes)
		return FAIL_NOMEM(e);
	return image_write(s, config, layer, 1, notes, ret, e);
}

/* A file without a name, for a root filesystem on its way. */
static int temporary(const struct road *road, struct err *e)
{
	int fd = openat(store_fd(road->store), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd < 0 ? FAIL_SYS(e, "make a temporary file") : fd;
}

/* Leaves what is not wanted out; *fd is then the smaller archive. */
static int filter(const struct road *road, const struct recipe *r, int *fd, struct err *e)
{
	static const char *const always[] = { "base-files", "ca-certificates", "netbase", "tzdata",
					      "libc6" };
	const size_t always_n =
		sizeof(always) / sizeof(*always) - (r->variant == BASE_STATIC ? 1 : 0);
	auto_close int out = -1;
	auto_strv wanted = { 0 };
	int k = 0;

	if (r->variant != BASE_NO_SHELL && r->variant != BASE_STATIC)
		return 0;
	out = temporary(road, e);
	if (out < 0)
		return out;
	for (size_t i = 0; k == 0 && i < always_n; i++)
		k = strv_add(&wanted, always[i], e);
	for (size_t i = 0; k == 0 && i < r->include.n; i++)
		k = strv_add(&wanted, r->include.v[i], e);
	if (k == 0)
		k = filter_run(*fd, out, (const char *const *)wanted.v, wanted.n, e);
	if (k < 0)
		return k;
	(void)close(*fd);
	*fd = TAKE_FD(out);
	return 0;
}

static int make_rootfs(struct road *road, const struct recipe *r, const struct archive_apt *apt,
		       json_t *detail, struct err *e)
{
	const char *given = getenv("SOURCE_DATE_EPOCH");
	auto_close int fd = temporary(road, e);
	auto_json *releases = NULL, *asked = NULL;
	struct desc layer;
	struct digest diff_id;
	int64_t epoch = 0;
	uint64_t t;
	int k = fd < 0 ? fd : archive_apt_update(apt, false, e);

	if (k == 0)
		k = archive_apt_releases(apt, "apt/state/lists", &asked, &epoch, e);
	if (k == 0 && given && str_u64(str_of(given), INT64_MAX / 2, &t, NULL) == 0)
		epoch = (int64_t)t;
	if (k == 0)
		k = debstrap_run(apt, r, epoch, fd, &releases, e);
	if (k == 0)
		k = json_put(detail, "releases", TAKE(releases), e);
	if (k == 0)
		k = filter(road, r, &fd, e);
	if (k == 0 && lseek(fd, 0, SEEK_SET) < 0)
		k = FAIL_SYS(e, "seek");
	if (k == 0)
		k = layer_from_tar(road->store, fd, epoch, &layer, &diff_id, road->progress, e);
	return k < 0 ? k : write_image(road->store, r, &layer, &diff_id, epoch, &road->image, e);
}

/* "name version arch" a line, sorted: the digest of what is in it. */
static int note_packages(const struct road *road, json_t *detail, struct err *e)
{
	auto_json *list = NULL;
	auto_buf text = BUF_INIT(LIMIT_PACKAGE_TEXT);
	auto_strv lines = { 0 };
	struct digest digest;
	json_t *p;
	size_t i;
	int r = scan_packages(road->state, road->store, &road->image, road->progress, &list, e);

	json_array_foreach(json_object_get(list, "packages"), i, p)
	{
		if (r == 0)
			r = strv_addf(&lines, e, "%s %s %s", json_string_or_null(p, "name") ?: "",
				      json_string_or_null(p, "version") ?: "",
				      json_string_or_null(p, "arch") ?: "");
	}
	if (r < 0)
		return r;
	for (i = 0; i < lines.n; i++)
		buf_printf(&text, "%s\n", lines.v[i]);
	r = buf_check(&text, "list of packages", e);
	digest_of(buf_str(&text), text.n, &digest);
	if (r == 0)
		r = json_put_u64(detail, "packages", lines.n, e);
	return r < 0 ? r : json_put_string(detail, "packageList", digest.s, e);
}

/* With the folder that apt and mmdebstrap work in. */
static int with_area(struct road *road, const struct recipe *r, const char *mirror,
		     int (*fn)(struct road *road, const struct recipe *r,
			       const struct archive_apt *apt, json_t *detail, struct err *e),
		     json_t *detail, struct err *e)
{
	auto_area area = AREA_NONE;
	auto_free char *folder = NULL;
	auto_archive_apt apt = ARCHIVE_APT_NONE;
	char name[32];
	int k = area_open(&area, road->state, e);

	if (k == 0)
		k = area_dir(&area, name, e);
	if (k == 0)
		k = area_path(&area, name, &folder, e);
	if (k == 0)
		k = archive_apt_open(&apt, road->state, folder, r->suite, mirror, road->progress,
				     e);
	return k < 0 ? k : fn(road, r, &apt, detail, e);
}

static int make(struct road *road, const struct recipe *r, const struct archive_apt *apt,
		json_t *detail, struct err *e)
{
	int k = make_rootfs(road, r, apt, detail, e);

	if (k == 0)
		k = import_check(road->state, road->store, &road->image, road->progress, e);
	return k < 0 ? k : note_packages(road, detail, e);
}

static int step_make(struct road *road, const struct recipe *r, const char *mirror, struct err *e)
{
	json_t *detail = recipe_json(r);
	int k = detail ? with_area(road, r, mirror, make, detail, e) : FAIL_NOMEM(e);

	if (k < 0)
		k = WRAP(e, k, "base debian:%s", r->suite);
	return road_note(road, "base", k, detail, e);
}

/* Not to learn it after minutes. */
static int look_for_key(const struct road *road, const struct trust_sign_opts *o, struct err *e)
{
	auto_buf chain = BUF_INIT(LIMIT_PEM_CERTS);

	return trust_export(road->state, o->key, NULL, &chain, e);
}

static int make_and_admit(struct road *road, const struct recipe *r, const struct base_opts *o,
			  struct report *ret, struct err *e)
{
	auto_buf name = BUF_INIT(LIMIT_REF);
	auto_report report = { 0 };
	int k = look_for_key(road, &o->sign, e);

	if (k == 0)
		k = step_make(road, r, o->mirror, e);
	if (k == 0)
		k = step_scan(road, &report, e);
	if (k == 0 && o->gate)
		k = step_gate(road, &report, o->gate, e);
	if (k == 0)
		k = step_sign(road, &o->sign, NULL, e);
	ref_tagged(&o->name, &name);
	if (k == 0)
		k = store_tag(road->store, buf_str(&name), &road->image, e);
	if (k == 0 || k == E_POLICY) { /* a refusal is shown with its findings */
		*ret = report;
		report = (struct report){ 0 };
	}
	return k;
}

int base_make(struct road *road, const struct base_opts *o, struct report *ret, struct err *e)
{
	auto_recipe r = { 0 };
	int k = recipe_of(o, &r, e);

	return k < 0 ? k : make_and_admit(road, &r, o, ret, e);
}

/* --- made again when something is newer --- */

void base_refresh_free(struct base_refresh *r)
{
	json_decref(r->changes);
	report_free(&r->now);
	*r = (struct base_refresh){ 0 };
}

/* {name: version} of a package list, as scan_packages() gives it. */
static json_t *versions_of(const json_t *list)
{
	auto_json *versions = json_object();
	json_t *p;
	size_t i;

	json_array_foreach(json_object_get(list, "packages"), i, p)
	{
		const char *name = json_string_or_null(p, "name");

		if (name && json_object_set(versions, name, json_object_get(p, "version")) < 0)
			return NULL;
	}
	return TAKE(versions);
}

/* What the archive has newer than the image; detail receives it as "newer". */
static int find_newer(struct road *road, const struct recipe *r, const struct archive_apt *apt,
		      json_t *detail, struct err *e)
{
	const struct version_order *order = version_order_of(STR("Debian:12"));
	auto_json *list = NULL, *installed = NULL, *there = NULL;
	auto_strv names = { 0 };
	const char *name;
	json_t *version, *newer = json_array();
	int k = newer ? json_put(detail, "newer", newer, e) : FAIL_NOMEM(e);

	(void)r;
	if (k == 0)
		k = scan_packages(road->state, road->store, &road->image, road->progress, &list, e);
	if (k < 0)
		return k;
	installed = versions_of(list);
	if (!installed)
		return FAIL_NOMEM(e);
	json_object_foreach(installed, name, version)
	{
		if (k == 0)
			k = strv_add(&names, name, e);
	}
	if (k == 0)
		k = archive_apt_update(apt, true, e);
	if (k == 0)
		k = archive_apt_candidates(apt, (const char *const *)names.v, names.n, &there, e);
	json_object_foreach(installed, name, version)
	{
		const char *has = json_string_value(version);
		const char *candidate = json_string_or_null(there, name);

		if (k == 0 && has && candidate &&
		    order->compare(str_of(candidate), str_of(has)) > 0)
			k = json_push(newer,
				      json_pack("{s:s, s:s, s:s}", "package", name, "from", has,
						"to", candidate),
				      e);
	}
	return k;
}

/* What differs between two lists: [{"package","from"?,"to"?}]. */
static int list_changes(const json_t *before, const json_t *after, json_t **ret, struct err *e)
{
	auto_json *old = versions_of(before), *new = versions_of(after), *changes = json_array();
	const char *name;
	json_t *version;
	int r = old && new && changes ? 0 : FAIL_NOMEM(e);

	json_object_foreach(old, name, version)
	{
		const char *now = json_string_or_null(new, name);

		if (r == 0 && (!now || strcmp(now, json_string_value(version)) != 0))
			r = json_push(changes,
				      json_pack("{s:s, s:O, s:s*}", "package", name, "from",
						version, "to", now),
				      e);
	}
	json_object_foreach(new, name, version)
	{
		if (r == 0 && !json_object_get(old, name))
			r = json_push(changes,
				      json_pack("{s:s, s:O}", "package", name, "to", version), e);
	}
	if (r == 0)
		*ret = TAKE(changes);
	return r;
}

static int refresh(struct road *road, const struct recipe *r, const struct base_opts *o,
		   const json_t *before, struct base_refresh *ret, struct err *e)
{
	int k = make_and_admit(road, r, o, &ret->now, e);

	ret->rebuilt = k == 0;
	return k < 0 ? k : list_changes(before, ret->now.list, &ret->changes, e);
}

int base_refresh(struct road *road, const struct base_opts *o, struct base_refresh *ret,
		 struct err *e)
{
	auto_recipe r = { 0 };
	auto_json *before = NULL;
	auto_base_refresh out = { 0 };
	json_t *detail = NULL;
	size_t newer = 0;
	int k = recipe_read(road->store, &road->image, &r, e);

	if (k == E_NOTFOUND)
		return err_hint(e, E_USAGE, "plimsoll base debian:SUITE --name %s", road->name);
	if (k < 0)
		return k;
	detail = recipe_json(&r);
	k = detail ? with_area(road, &r, o->mirror, find_newer, detail, e) : FAIL_NOMEM(e);
	newer = json_array_size(json_object_get(detail, "newer"));
	k = road_note(road, "refresh", k, detail, e);
	if (k == 0)
		k = scan_packages(road->state, road->store, &road->image, NULL, &before, e);
	if (k == 0 && newer)
		k = refresh(road, &r, o, before, &out, e);
	else if (k == 0)
		k = scan_image(road->state, road->store, &road->image, NULL, &out.now, e);
	if (k == 0 && !out.changes && !(out.changes = json_array()))
		k = FAIL_NOMEM(e);
	if (k < 0 && k != E_POLICY)
		return k;
	*ret = out;
	out = (struct base_refresh){ 0 };
	return k;
}
