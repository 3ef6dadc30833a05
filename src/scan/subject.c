/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/subject.h"

#include "scan/purl.h"

/* RFC 3339 in seconds and UTC, whatever offset the image's configuration has. */
static void put_created(const json_t *config, int64_t epoch, char ret[static RFC3339_MAX])
{
	const char *s = json_string_or_null(config, "created");
	int64_t t = epoch;

	if (t < 0 && (!s || clock_parse_rfc3339(str_of(s), &t, NULL) < 0))
		t = 0;
	clock_rfc3339(t, ret);
}

int subject_of_image(const struct store *store, const struct ref *ref, const struct desc *image,
		     int64_t epoch, struct subject *ret, struct err *e)
{
	auto_manifest m = { 0 };
	auto_config c = { 0 };
	auto_buf name = BUF_INIT(sizeof(ret->name) - 1);
	struct subject s = { .name = "" };
	struct desc at;
	int r = store_manifest(store, image, &m, &at, e);

	r = r < 0 ? r : store_config(store, &m, &c, e);
	if (r < 0)
		return r;
	ref_full(ref, &name);
	(void)snprintf(s.name, sizeof(s.name), "%s", *ref->name ? buf_str(&name) : at.digest.s);
	(void)snprintf(s.digest, sizeof(s.digest), "%s", at.digest.s);
	(void)snprintf(s.arch, sizeof(s.arch), "%s", c.architecture ? c.architecture : "");
	put_created(c.json, epoch, s.created);
	*ret = s;
	return 0;
}

void subject_purl(const struct subject *s, struct buf *ret)
{
	auto_buf repository = BUF_INIT(LIMIT_REF + 1);
	struct ref ref;
	struct purl p = { .type = "oci", .namespace = "", .version = s->digest };
	const char *slash;

	if (!*s->digest || strcmp(s->digest, s->name) == 0 || ref_parse(s->name, &ref, NULL) < 0)
		return;
	slash = strrchr(ref.name, '/');
	p.name = slash ? slash + 1 : ref.name;
	ref_repository(&ref, &repository);
	purl_qualify(&p, "arch", s->arch);
	if (*ref.host)
		purl_qualify(&p, "repository_url", buf_str(&repository));
	if (!*ref.digest.s)
		purl_qualify(&p, "tag", ref.tag);
	purl_put(&p, ret);
}
