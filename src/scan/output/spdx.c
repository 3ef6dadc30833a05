/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>

#include "scan/output/internal.h"
#include "scan/output/license.h"

/*
 * SPDX 2.3. The document describes the image, which contains the operating system and the packages.
 * What SPDX has no member for (layers, source packages, where a package was found) stands in
 * annotations of ours, from which sbom_read() makes the very list again.
 */
struct spdx {
	const struct subject *subject;
	json_t *packages, *relationships, *licenses; /* members of the document */
	json_t *license_ids;			     /* of the texts in licenses */
};

#define IMAGE_ID "SPDXRef-Image"
#define OS_ID "SPDXRef-OperatingSystem"

static int relate(struct spdx *x, const char *from, const char *type, const char *to, struct err *e)
{
	return json_push(x->relationships,
			 json_pack("{ss ss ss}", "spdxElementId", from, "relationshipType", type,
				   "relatedSpdxElement", to),
			 e);
}

static int annotate(const struct spdx *x, json_t *package, const json_t *what, struct err *e)
{
	auto_buf text = BUF_INIT(SIZE_MAX);
	int r;

	buf_puts(&text, LIST_PREFIX " ");
	r = json_canonical(what, &text, e);
	if (r < 0)
		return r;
	return json_put(package, "annotations",
			json_pack("[{ss ss ss ss}]", "annotationDate", x->subject->created,
				  "annotationType", "OTHER", "annotator", "Tool: " TOOL, "comment",
				  buf_str(&text)),
			e);
}

/* What every package has to say, even where nobody knows it. */
static json_t *new_package(const char *id, const char *name, const char *version)
{
	return json_pack("{ss ss ss* ss ss sb ss ss ss}", "SPDXID", id, "name", *name ? name : "?",
			 "versionInfo", *version ? version : NULL, "supplier", "NOASSERTION",
			 "downloadLocation", "NOASSERTION", "filesAnalyzed", 0, "licenseConcluded",
			 "NOASSERTION", "licenseDeclared", "NOASSERTION", "copyrightText",
			 "NOASSERTION");
}

static int put_purl(json_t *package, const char *purl, struct err *e)
{
	return json_put(package, "externalRefs",
			json_pack("[{ss ss ss}]", "referenceCategory", "PACKAGE-MANAGER",
				  "referenceType", "purl", "referenceLocator", purl),
			e);
}

static int add_image(struct spdx *x, const json_t *list, struct err *e)
{
	const struct subject *s = x->subject;
	auto_json *ours = json_object();
	auto_buf purl = BUF_INIT(LIMIT_REF_TEXT);
	json_t *image = new_package(IMAGE_ID, s->name, s->digest);
	int r = json_push(x->packages, image, e);

	if (r == 0 && *s->digest)
		r = json_put(image, "checksums",
			     json_pack("[{ss ss}]", "algorithm", "SHA256", "checksumValue",
				       s->digest + sizeof("sha256:") - 1),
			     e);
	r = r < 0 ? r : json_put_string(image, "primaryPackagePurpose", "CONTAINER", e);
	subject_purl(s, &purl);
	if (r == 0 && purl.n)
		r = put_purl(image, buf_str(&purl), e);
	if (r == 0 && (!ours || json_object_update(ours, (json_t *)(uintptr_t)list) < 0))
		r = FAIL_NOMEM(e);
	/* All of the list but the packages, which have annotations of their own. */
	(void)json_object_del(ours, "packages");
	r = r < 0 ? r : json_put_string(ours, "arch", s->arch, e);
	r = r < 0 ? r : annotate(x, image, ours, e);
	return r < 0 ? r : relate(x, "SPDXRef-DOCUMENT", "DESCRIBES", IMAGE_ID, e);
}

static int add_os(struct spdx *x, const json_t *list, struct err *e)
{
	const json_t *os = json_object_get(list, "os");
	json_t *package;
	int r;

	if (!*member(os, "id"))
		return 0;
	package = new_package(OS_ID, member(os, "id"), member(os, "version_id"));
	r = json_push(x->packages, package, e);
	if (r == 0 && *member(os, "name"))
		r = json_put_string(package, "description", member(os, "name"), e);
	r = r < 0 ? r : json_put_string(package, "primaryPackagePurpose", "OPERATING_SYSTEM", e);
	return r < 0 ? r : relate(x, IMAGE_ID, "CONTAINS", OS_ID, e);
}

/* "SPDXRef-dpkg-libssl3-17": letters, digits, "." and "-" only. The number makes it the only one.
 */
static void put_id(const json_t *package, size_t number, struct buf *ret)
{
	buf_printf(ret, "SPDXRef-%s-", member(package, "catalog"));
	for (const char *s = member(package, "name"); *s && ret->n < 200; s++)
		buf_putc(ret, isalnum((unsigned char)*s) || *s == '.' ? *s : '-');
	buf_printf(ret, "-%zu", number);
}

/* A license in words of its own is quoted as extracted text, under an id made for it. */
static int declare_license(struct spdx *x, json_t *package, const char *text, struct err *e)
{
	auto_buf b = BUF_INIT(LIMIT_REF_TEXT);
	const char *known;
	int r;

	if (!*text)
		return 0;
	if (license_expression(text, &b))
		return json_put_string(package, "licenseDeclared", buf_str(&b), e);
	known = json_string_or_null(x->license_ids, text);
	if (known)
		return json_put_string(package, "licenseDeclared", known, e);
	buf_printf(&b, "LicenseRef-%s-%zu", TOOL, json_array_size(x->licenses) + 1);
	r = json_put_string(x->license_ids, text, buf_str(&b), e);
	r = r < 0 ? r
		  : json_push(x->licenses,
			      json_pack("{ss ss}", "licenseId", buf_str(&b), "extractedText", text),
			      e);
	return r < 0 ? r : json_put_string(package, "licenseDeclared", buf_str(&b), e);
}

/* In Trivy's words, which reads them back when they are all that stands there: what the package
 * was built from, else where it was found. */
static int put_source_info(json_t *o, const json_t *package, struct err *e)
{
	auto_buf b = BUF_INIT(LIMIT_REF_TEXT);
	const char *source = member(package, "source");

	if (*source && strcmp(member(package, "catalog"), "go") != 0)
		buf_printf(&b, "built package from: %s %s", source,
			   member(package, "source_version"));
	else if (*member(package, "path"))
		buf_printf(&b, "package found in: %s", member(package, "path"));
	return b.n && !b.failed ? json_put_string(o, "sourceInfo", buf_str(&b), e) : 0;
}

static int add_package(struct spdx *x, const struct package_ref *ref, size_t number, struct err *e)
{
	auto_buf id = BUF_INIT(512);
	json_t *o;
	int r;

	put_id(ref->package, number, &id);
	o = new_package(buf_str(&id), member(ref->package, "name"),
			member(ref->package, "version"));
	r = json_push(x->packages, o, e);
	r = r < 0 ? r : put_source_info(o, ref->package, e);
	r = r < 0 ? r : declare_license(x, o, member(ref->package, "license"), e);
	r = r < 0 ? r : put_purl(o, ref->purl, e);
	r = r < 0 ? r : annotate(x, o, ref->package, e);
	return r < 0 ? r : relate(x, IMAGE_ID, "CONTAINS", buf_str(&id), e);
}

static int finish(struct spdx *x, json_t *doc, struct err *e)
{
	auto_buf ns = BUF_INIT(128);
	char uuid[UUID_LEN + 1];
	int r = 0;

	if (json_array_size(x->licenses) == 0)
		(void)json_object_del(doc, "hasExtractedLicensingInfos");
	r = output_uuid("spdx", doc, uuid, e);
	if (r < 0)
		return r;
	buf_printf(&ns, "https://spdx.org/spdxdocs/" TOOL "-%s", uuid);
	return json_put_string(doc, "documentNamespace", buf_str(&ns), e);
}

int output_spdx(const struct subject *s, const json_t *list, json_t **ret, struct err *e)
{
	auto_package_refs refs = { 0 };
	auto_json *ids = json_object();
	struct spdx x = { .subject = s, .license_ids = ids };
	auto_json *doc =
		json_pack("{ss ss ss ss ss s{ss s[s]} s[] s[] s[]}", "spdxVersion", "SPDX-2.3",
			  "dataLicense", "CC0-1.0", "SPDXID", "SPDXRef-DOCUMENT", "name", s->name,
			  "documentNamespace", "", "creationInfo", "created", s->created,
			  "creators", "Tool: " TOOL "-" PLIMSOLL_VERSION, "packages",
			  "hasExtractedLicensingInfos", "relationships");
	int r = doc && ids ? package_refs(list, &refs, e) : FAIL_NOMEM(e);

	if (r < 0)
		return r;
	x.packages = json_object_get(doc, "packages");
	x.licenses = json_object_get(doc, "hasExtractedLicensingInfos");
	x.relationships = json_object_get(doc, "relationships");
	r = add_image(&x, list, e);
	r = r < 0 ? r : add_os(&x, list, e);
	for (size_t i = 0; i < refs.n && r == 0; i++)
		r = add_package(&x, &refs.v[i], i + 1, e);
	r = r < 0 ? r : finish(&x, doc, e);
	if (r == 0)
		*ret = TAKE(doc);
	return r;
}
