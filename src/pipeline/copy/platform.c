/* SPDX-License-Identifier: Apache-2.0 */
/* Of which platform an image is copied. */
#include <stdio.h>

#include "pipeline/copy/internal.h"
#include "registry/repo.h"

/* p: an entry's "platform", or a configuration, which has the same members. */
static bool is_platform(const json_t *p, const char *want)
{
	const char *os = json_string_or_null(p, "os"),
		   *arch = json_string_or_null(p, "architecture");
	const char *variant = json_string_or_null(p, "variant");
	char has[256];
	size_t n;

	if (!os || !arch)
		return false;
	n = (size_t)snprintf(has, sizeof(has), "%.60s/%.60s", os, arch);
	if (strcmp(has, want) == 0)
		return true;
	(void)snprintf(has + n, sizeof(has) - n, "/%.60s", variant ? variant : "");
	return strcmp(has, want) == 0;
}

/* The image of an index that is for a platform, in the index's place. */
static int pick_platform(struct copy_run *x, const char *want, struct desc *d, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST), have = BUF_INIT(600);
	auto_json *j = NULL;
	json_t *list, *entry;
	size_t i;
	int r = registry_copy_read(&x->c, d, &bytes, e);

	if (r == 0)
		r = json_parse(buf_str(&bytes), bytes.n, d->digest.s, &j, e);
	if (r == 0)
		r = json_get_array(j, "manifests", &list, d->digest.s, e);
	if (r < 0)
		return r;
	json_array_foreach(list, i, entry)
	{
		const json_t *p = json_object_get(entry, "platform");

		if (is_platform(p, want))
			return desc_parse(entry, d->digest.s, d, e);
		if (have.n < 400)
			buf_printf(&have, "%s%.60s/%.60s", have.n ? ", " : "",
				   json_string_or_null(p, "os") ?: "?",
				   json_string_or_null(p, "architecture") ?: "?");
	}
	return FAIL(e, E_NOTFOUND, "index %s has no image for '%s': there are %s", d->digest.s,
		    want, buf_str(&have));
}

/* One image alone: its configuration says what it is for. */
static int check_platform(struct copy_run *x, const char *want, const struct desc *d, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST), text = BUF_INIT(LIMIT_CONFIG);
	auto_manifest m = { 0 };
	auto_json *j = NULL;
	int r = registry_copy_read(&x->c, d, &bytes, e);

	if (r == 0)
		r = manifest_parse(buf_str(&bytes), bytes.n, d->digest.s, &m, e);
	if (r < 0 || m.artifact_type[0])
		return r;
	if (x->c.from)
		r = registry_read_blob(x->c.from, x->c.from_name, &m.config, LIMIT_MANIFEST, &text,
				       e);
	else
		r = store_blob_read(x->c.source, &m.config, LIMIT_MANIFEST, &text, e);
	if (r == 0)
		r = json_parse(buf_str(&text), text.n, m.config.digest.s, &j, e);
	if (r < 0 || is_platform(j, want))
		return r;
	return FAIL(e, E_NOTFOUND, "image %s is for '%.60s/%.60s', not for '%s'", d->digest.s,
		    json_string_or_null(j, "os") ?: "?",
		    json_string_or_null(j, "architecture") ?: "?", want);
}

int copy_choose_platform(struct copy_run *x, const struct copy_end *to, const struct copy_opts *o,
			 struct desc *d, struct err *e)
{
	char here[64];

	if (!desc_is_index(d))
		return o->platform && !o->if_index ? check_platform(x, o->platform, d, e) : 0;
	if (o->platform)
		return pick_platform(x, o->platform, d, e);
	if (to->kind != COPY_DOCKER_ARCHIVE)
		return 0;
	/* docker's archive holds one. */
	(void)snprintf(here, sizeof(here), "linux/%s", oci_architecture());
	return pick_platform(x, here, d, e);
}
