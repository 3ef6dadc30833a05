/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/catalog/rpm.h"

int rpm_pages_new(struct rpm_pages *ret, uint32_t n, struct err *e)
{
	uint8_t *taken = calloc((size_t)n / 8 + 1, 1);

	if (!taken)
		return FAIL_NOMEM(e);
	*ret = (struct rpm_pages){ taken, n };
	return 0;
}

int rpm_pages_take(struct rpm_pages *p, uint32_t page, struct err *e)
{
	uint8_t bit = (uint8_t)(1 << page % 8);

	if (page >= p->n)
		return FAIL(e, E_FORMAT, "page %u of %u", page, p->n);
	if (p->taken[page / 8] & bit)
		return FAIL(e, E_FORMAT, "page %u is part of two things", page);
	p->taken[page / 8] |= bit;
	return 0;
}

/* "openssl-3.0.7-24.el9.src.rpm" to name and version-release; false when it is none. */
static bool split_source(struct str file, struct str *ret_name, struct str *ret_version)
{
	static const char *const ends[] = { ".src.rpm", ".nosrc.rpm" };
	const char *dash = NULL;

	for (size_t i = 0; i < 2 && !dash; i++)
		if (str_ends(file, ends[i])) {
			file.n -= strlen(ends[i]);
			dash = memrchr(file.p, '-', file.n);
		}
	if (!dash)
		return false;
	dash = memrchr(file.p, '-', (size_t)(dash - file.p));
	if (!dash || dash == file.p)
		return false;
	*ret_name = (struct str){ file.p, (size_t)(dash - file.p) };
	*ret_version = (struct str){ dash + 1, file.n - ret_name->n - 1 };
	return true;
}

/* A licence that is no text or longer than a field is left out: a piece of one would be another. */
static struct str license_of(struct str s)
{
	return s.n <= LIMIT_PACKAGE_FIELD && str_utf8(s) ? s : STR("");
}

static void put_version(uint64_t epoch, struct str version, struct str release, struct buf *ret)
{
	if (epoch)
		buf_printf(ret, "%llu:", (unsigned long long)epoch);
	buf_put(ret, version.p, version.n);
	if (release.n) {
		buf_putc(ret, '-');
		buf_put(ret, release.p, release.n);
	}
}

int rpm_add(struct catalog_out *out, const struct rpm_header *h, struct err *e)
{
	auto_buf version = BUF_INIT(4 * LIMIT_PACKAGE_FIELD);
	auto_buf source = BUF_INIT(4 * LIMIT_PACKAGE_FIELD);
	struct package p = { .name = h->name,
			     .arch = h->arch,
			     .module = h->module,
			     .license = license_of(h->license) };
	int r;

	put_version(h->epoch, h->version, h->release, &version);
	if (split_source(h->source_rpm, &p.source, &p.source_version))
		put_version(h->epoch, p.source_version, STR(""), &source);
	r = buf_check(&version, "a package's version", e);
	r = r < 0 ? r : buf_check(&source, "a package's source", e);
	if (r < 0)
		return r;
	p.version = (struct str){ version.p, version.n };
	p.source_version = (struct str){ source.p, source.n };
	return catalog_add(out, &p, e);
}

static const char *without_epoch(const char *version)
{
	const char *colon = strchr(version, ':');

	return colon ? colon + 1 : version;
}

/* The name of a package's source, with its version but without the epoch. */
static void source_key(const json_t *package, struct buf *ret)
{
	buf_reset(ret);
	buf_printf(ret, "%s-%s", json_string_or_null(package, "source"),
		   without_epoch(json_string_or_null(package, "source_version")));
}

/* From sources to their versions with epoch. Where several packages have the source's version, the
 * one of its name knows best. */
static int collect_epochs(const json_t *packages, size_t first, json_t *known, struct err *e)
{
	auto_buf key = BUF_INIT(8 * LIMIT_PACKAGE_FIELD);
	int r = 0;

	for (size_t i = first; r == 0 && i < json_array_size(packages); i++) {
		const json_t *p = json_array_get(packages, i);
		const char *version = json_string_or_null(p, "version");
		const char *name = json_string_or_null(p, "name");

		source_key(p, &key);
		if (strcmp(without_epoch(version),
			   without_epoch(json_string_or_null(p, "source_version"))) != 0)
			continue;
		if (!json_object_get(known, buf_str(&key)) ||
		    strcmp(name, json_string_or_null(p, "source")) == 0)
			r = json_put_string(known, buf_str(&key), version, e);
	}
	return r;
}

int rpm_mend_epochs(json_t *packages, size_t first, struct err *e)
{
	auto_json *known = json_object();
	auto_buf key = BUF_INIT(8 * LIMIT_PACKAGE_FIELD);
	int r = known ? collect_epochs(packages, first, known, e) : FAIL_NOMEM(e);

	for (size_t i = first; r == 0 && i < json_array_size(packages); i++) {
		json_t *p = json_array_get(packages, i);
		const char *version;

		source_key(p, &key);
		version = json_string_or_null(known, buf_str(&key));
		if (version)
			r = json_put_string(p, "source_version", version, e);
	}
	return r;
}

static int read_blob(void *arg, struct str blob, struct err *e)
{
	struct catalog_out *out = arg;
	struct rpm_header h;
	int r = rpm_header_parse(blob, &h, e);

	/* Keys that rpm trusts are kept as if they were packages. */
	if (r == 0 && str_eqz(h.name, "gpg-pubkey"))
		return 0;
	r = r < 0 ? r : rpm_add(out, &h, e);
	return r < 0 ? r : rpm_header_files(&h, out, e);
}

int catalog_rpm(struct str file, struct catalog_out *out, struct err *e)
{
	size_t first = json_array_size(out->packages);
	int r, mended;

	if (rpm_is_sqlite(file))
		r = rpm_sqlite_read(file, read_blob, out, e);
	else if (rpm_is_ndb(file))
		r = rpm_ndb_read(file, read_blob, out, e);
	else if (rpm_is_bdb(file))
		r = rpm_bdb_read(file, read_blob, out, e);
	else /* nothing at all: made, and never written to */
		r = !file.n ? 0 : FAIL(e, E_FORMAT, "neither SQLite, ndb nor Berkeley DB");
	if (r < 0 && r != E_FORMAT)
		return r;
	mended = rpm_mend_epochs(out->packages, first, r < 0 ? NULL : e);
	return r < 0 ? r : mended;
}
