/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/catalog/rpm.h"

/*
 * A header: the number of tags, the length of the data, an index of 16 bytes a tag (tag, type,
 * offset into the data, count), the data; numbers big-endian (rpm's "RPM v4 Headers").
 */
enum { INDEX_START = 8, INDEX_ENTRY = 16, LIMIT_DATA = 0x0fffffff /* as rpm has it */ };
enum type { TYPE_INT32 = 4, TYPE_STRING = 6, TYPE_STRING_ARRAY = 8, TYPE_I18N = 9 };

enum tag {
	TAG_NAME = 1000,
	TAG_VERSION = 1001,
	TAG_RELEASE = 1002,
	TAG_EPOCH = 1003,
	TAG_LICENSE = 1014,
	TAG_ARCH = 1022,
	TAG_OLD_FILENAMES = 1027,
	TAG_SOURCE_RPM = 1044,
	TAG_DIRINDEXES = 1116,
	TAG_BASENAMES = 1117,
	TAG_DIRNAMES = 1118,
	TAG_MODULARITY = 5096,
};

/* Where a tag that is a string goes; NULL for others. */
static struct str *string_member(struct rpm_header *h, uint32_t tag)
{
	switch (tag) {
	case TAG_NAME: return &h->name;
	case TAG_VERSION: return &h->version;
	case TAG_RELEASE: return &h->release;
	case TAG_LICENSE: return &h->license;
	case TAG_ARCH: return &h->arch;
	case TAG_SOURCE_RPM: return &h->source_rpm;
	case TAG_MODULARITY: return &h->module;
	default: return NULL;
	}
}

/* The same for lists. */
static struct rpm_tag *list_member(struct rpm_header *h, uint32_t tag)
{
	switch (tag) {
	case TAG_BASENAMES: return &h->basenames;
	case TAG_DIRNAMES: return &h->dirnames;
	case TAG_DIRINDEXES: return &h->dirindexes;
	case TAG_OLD_FILENAMES: return &h->old_names;
	default: return NULL;
	}
}

/* The data from this tag's offset on; where it ends is for the type to say. */
static struct str data_of(struct str blob, const struct rpm_tag *t)
{
	size_t start = INDEX_START + (size_t)rpm_be32(blob.p) * INDEX_ENTRY + t->offset;

	return (struct str){ blob.p + start, blob.n - start };
}

/* Takes one string with its NUL off the front. */
static int take_string(struct str *data, struct str *ret, struct err *e)
{
	const char *end = data->n ? memchr(data->p, '\0', data->n) : NULL;

	if (!end)
		return FAIL(e, E_FORMAT, "a header's string does not end");
	*ret = (struct str){ data->p, (size_t)(end - data->p) };
	*data = (struct str){ end + 1, data->n - ret->n - 1 };
	return 0;
}

static int read_epoch(struct str blob, const struct rpm_tag *t, uint64_t *ret, struct err *e)
{
	struct str data = data_of(blob, t);

	if (t->type != TYPE_INT32 || t->count != 1 || t->offset % 4 || data.n < 4)
		return FAIL(e, E_FORMAT, "a header's epoch is not one number");
	*ret = rpm_be32(data.p);
	return 0;
}

/* Of a tag that was there before the last one counts: what rpm adds to a package's own header comes
 * after it. */
static int read_tag(struct rpm_header *h, uint32_t tag, const struct rpm_tag *t, struct err *e)
{
	struct str data = data_of(h->blob, t), *string = string_member(h, tag);
	struct rpm_tag *list = list_member(h, tag);

	if (tag == TAG_EPOCH)
		return read_epoch(h->blob, t, &h->epoch, e);
	if (string) {
		if ((t->type != TYPE_STRING && t->type != TYPE_I18N) || !t->count)
			return FAIL(e, E_FORMAT, "a header's tag %u is not a string", tag);
		return take_string(&data, string, e);
	}
	if (list) {
		bool numbers = tag == TAG_DIRINDEXES;
		/* A string takes at least its NUL. */
		size_t most = numbers ? data.n / 4 : data.n;

		if (t->type != (numbers ? TYPE_INT32 : TYPE_STRING_ARRAY) || t->count > most ||
		    (numbers && t->offset % 4))
			return FAIL(e, E_FORMAT,
				    "a header's tag %u is not a list of its type, or longer than "
				    "the header",
				    tag);
		*list = *t;
	}
	return 0;
}

int rpm_header_parse(struct str blob, struct rpm_header *ret, struct err *e)
{
	struct rpm_header h = { .blob = blob };
	uint32_t tags, length;

	if (blob.n < INDEX_START)
		return FAIL(e, E_FORMAT, "a header of %zu bytes", blob.n);
	tags = rpm_be32(blob.p);
	length = rpm_be32(blob.p + 4);
	if (!tags || tags > LIMIT_RPM_TAGS || length > LIMIT_DATA ||
	    blob.n != INDEX_START + (size_t)tags * INDEX_ENTRY + length)
		return FAIL(e, E_FORMAT,
			    "a header of %zu bytes that claims %u tags and %u bytes of data",
			    blob.n, tags, length);
	for (uint32_t i = 0; i < tags; i++) {
		const char *p = blob.p + INDEX_START + (size_t)i * INDEX_ENTRY;
		struct rpm_tag t = { rpm_be32(p + 4), rpm_be32(p + 8), rpm_be32(p + 12) };
		int r;

		if (t.type > TYPE_I18N || t.offset > length)
			return FAIL(e, E_FORMAT, "a header's tag %u is of type %u at %u of %u",
				    rpm_be32(p), t.type, t.offset, length);
		r = read_tag(&h, rpm_be32(p), &t, e);
		if (r < 0)
			return r;
	}
	if (!h.name.n || !h.version.n || !h.release.n)
		return FAIL(e, E_FORMAT, "a header without name, version or release");
	*ret = h;
	return 0;
}

/* The folders of a package, to be named by number. Owned by the caller. */
static int read_folders(const struct rpm_header *h, struct str **ret, struct err *e)
{
	struct str data = data_of(h->blob, &h->dirnames);
	auto_free struct str *folders = NULL;

	if (h->dirnames.count > LIMIT_RPM_FOLDERS)
		return FAIL(e, E_FORMAT, "a header with %u folders, at most %d are read",
			    h->dirnames.count, LIMIT_RPM_FOLDERS);
	folders = calloc((size_t)h->dirnames.count + 1, sizeof(*folders));
	if (!folders)
		return FAIL_NOMEM(e);
	for (uint32_t i = 0; i < h->dirnames.count; i++) {
		int r = take_string(&data, &folders[i], e);

		if (r < 0)
			return r;
	}
	*ret = TAKE(folders);
	return 0;
}

/* Packages of rpm 3 and before: whole paths. */
static int old_files(const struct rpm_header *h, struct catalog_out *out, struct err *e)
{
	struct str data = data_of(h->blob, &h->old_names), path;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < h->old_names.count; i++) {
		r = take_string(&data, &path, e);
		r = r < 0 ? r : catalog_owns(out, h->name, STR(""), path, e);
	}
	return r;
}

int rpm_header_files(const struct rpm_header *h, struct catalog_out *out, struct err *e)
{
	auto_free struct str *folders = NULL;
	struct str names, numbers, name;
	int r;

	if (!h->basenames.count)
		return h->old_names.count ? old_files(h, out, e) : 0;
	if (h->basenames.count != h->dirindexes.count)
		return FAIL(e, E_FORMAT, "a header with %u names of files, but %u folder numbers",
			    h->basenames.count, h->dirindexes.count);
	names = data_of(h->blob, &h->basenames);
	numbers = data_of(h->blob, &h->dirindexes);
	r = read_folders(h, &folders, e);
	for (uint32_t i = 0; r == 0 && i < h->basenames.count; i++) {
		uint32_t folder = rpm_be32(numbers.p + 4 * (size_t)i);

		if (folder >= h->dirnames.count)
			return FAIL(e, E_FORMAT, "a header with a file in folder %u of %u", folder,
				    h->dirnames.count);
		r = take_string(&names, &name, e);
		r = r < 0 ? r : catalog_owns(out, h->name, folders[folder], name, e);
	}
	return r;
}
