/* SPDX-License-Identifier: Apache-2.0 */
/* A root filesystem archive as an image of one layer. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "oci/image.h"
#include "oci/layer.h"
#include "pipeline/import/internal.h"

/* The time that the image says it was made: SOURCE_DATE_EPOCH, else the archive's own. */
static int64_t created_at(const struct archive *a)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	uint64_t t;

	if (epoch && str_u64(str_of(epoch), INT64_MAX / 2, &t, NULL) == 0)
		return (int64_t)t;
	return a->mtime;
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

int import_rootfs(struct store *s, const struct archive *a, const char *path, struct progress *p,
		  struct desc *ret, struct err *e)
{
	const char *slash = strrchr(path, '/');
	const int64_t created = created_at(a);
	auto_json *config = NULL;
	struct desc layer;
	struct digest diff_id;
	int r = layer_from_tar(s, a->fd, created, &layer, &diff_id, p, e);

	if (r == 0)
		r = rootfs_config(&diff_id, created, slash ? slash + 1 : path, &config, e);
	return r < 0 ? r : image_write(s, config, &layer, 1, NULL, ret, e);
}
