/* SPDX-License-Identifier: Apache-2.0 */
/* Which image of several is meant. */
#include <stdio.h>
#include <string.h>

#include "oci/ref.h"
#include "pipeline/import/internal.h"

/* docker's own names leave out what others write in full. */
static const char *familiar(const char *name)
{
	static const char *const prefixes[] = { "docker.io/library/", "docker.io/", "localhost/" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (starts_with(name, prefixes[i]))
			return name + strlen(prefixes[i]);
	return name;
}

bool import_same_name(const char *a, const char *b)
{
	struct ref x, y;

	if (strcmp(a, b) == 0)
		return true;
	return ref_parse(familiar(a), &x, NULL) == 0 && ref_parse(familiar(b), &y, NULL) == 0 &&
	       strcmp(x.host, y.host) == 0 && strcmp(x.name, y.name) == 0 &&
	       strcmp(x.tag, y.tag) == 0 && strcmp(x.digest.s, y.digest.s) == 0;
}

int import_no_image(const char *path, const char *name, const struct strv *have, struct err *e)
{
	auto_buf list = BUF_INIT(1024);

	for (size_t i = 0; i < have->n && list.n < 400; i++)
		buf_printf(&list, "%s%.200s", i ? ", " : "", have->v[i]);
	return FAIL(e, E_NOTFOUND, "'%s' holds no image named %s%s%s", path, name,
		    have->n ? "; it has " : "", buf_str(&list));
}

int import_many_images(const char *path, const struct strv *have, struct err *e)
{
	auto_buf list = BUF_INIT(1024);
	int r;

	for (size_t i = 0; i < have->n && list.n < 400; i++)
		buf_printf(&list, "%s%.200s", i ? ", " : "", have->v[i]);
	r = FAIL(e, E_USAGE, "'%s' holds more than one image%s%s", path, have->n ? ": " : "",
		 buf_str(&list));
	return err_hint(e, r, "plimsoll import %s:%s NAME", path, have->n ? have->v[0] : "NAME");
}
