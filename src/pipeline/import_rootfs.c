/* SPDX-License-Identifier: Apache-2.0 */
/* What comes in by the one door, turned into an image of the store: not yet scanned, named or
 * signed. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "oci/image.h"
#include "oci/layer.h"
#include "oci/store_copy.h"
#include "pipeline/import_internal.h"

/* The time that the image says it was made: SOURCE_DATE_EPOCH, else the archive's own. */
static int64_t created_at(int fd)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	struct stat st;
	uint64_t t;

	if (epoch && str_u64(str_of(epoch), INT64_MAX / 2, &t, NULL) == 0)
		return (int64_t)t;
	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? (int64_t)st.st_mtim.tv_sec
							  : clock_now();
}

static int rootfs_config(const struct digest *diff_id, int64_t created, const char *comment,
			 json_t **ret, struct err *e)
{
	char when[RFC3339_MAX];

	clock_rfc3339(created, when);
	*ret = json_pack("{s:s, s:s, s:s, s:{s:[s], s:[s]}, s:{s:s, s:[s]}, s:[{s:s, s:s, s:s}]}",
			 "architecture", oci_architecture(), "os", "linux", "created", when,
			 "config", "Env",
			 "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "Cmd",
			 "/bin/sh", "rootfs", "type", "layers", "diff_ids", diff_id->s, "history",
			 "created", when, "created_by", "plimsoll import", "comment", comment);
	return *ret ? 0 : FAIL(e, E_FORMAT, "import: '%s' is not UTF-8", comment);
}

int import_rootfs(struct store *s, const char *path, struct progress *p, struct desc *ret,
		  struct err *e)
{
	auto_close int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
						   : fs_open_user(path, O_RDONLY | O_NOCTTY, 0, e);
	const char *slash = strrchr(path, '/');
	auto_json *config = NULL;
	struct desc layer;
	struct digest diff_id;
	int64_t created;
	int r;

	if (fd < 0)
		return strcmp(path, "-") == 0 ? FAIL_SYS(e, "standard input") : fd;
	created = created_at(fd);
	r = layer_from_tar(s, fd, created, &layer, &diff_id, p, e);
	if (r == 0)
		r = rootfs_config(&diff_id, created, slash ? slash + 1 : path, &config, e);
	return r < 0 ? r : image_write(s, config, &layer, 1, NULL, ret, e);
}

/* The entry of a layout's index that has this name; with NULL, the only one. */
static int layout_entry(const struct store *from, const char *path, const char *name,
			struct desc *ret, struct err *e)
{
	auto_json *list = NULL;
	json_t *entry, *found = NULL;
	size_t i;
	int r = store_list(from, &list, e);

	if (r < 0)
		return r;
	json_array_foreach(list, i, entry)
	{
		const char *has = json_string_or_null(json_object_get(entry, "annotations"),
						      ANNOTATION_REF_NAME);

		if (name && (!has || strcmp(has, name) != 0))
			continue;
		if (found)
			return FAIL(e, E_USAGE,
				    "layout '%s' holds more than one image: name one as %s:NAME",
				    path, path);
		found = entry;
	}
	if (!found)
		return FAIL(e, E_NOTFOUND, "layout '%s' holds no image%s%s", path,
			    name ? " named " : "", name ? name : "");
	return desc_parse(found, path, ret, e);
}

int import_layout(struct store *s, const char *path, const char *name, struct progress *p,
		  struct desc *ret, struct err *e)
{
	auto_release(store_close) struct store *from = NULL;
	auto_manifest m = { 0 };
	auto_config c = { 0 };
	struct desc d;
	int r = store_open_layout(&from, path, e);

	if (r == 0)
		r = layout_entry(from, path, name, &d, e);
	if (r == 0)
		r = store_manifest(from, &d, &m, &d, e);
	if (r == 0)
		r = store_config(from, &m, &c, e);
	if (r == 0)
		r = store_copy_image(s, from, &d, p, e);
	if (r == 0)
		*ret = d;
	return r;
}
