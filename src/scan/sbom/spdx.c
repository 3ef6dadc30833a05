/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/sbom/internal.h"

/* SPDX 2.x, JSON. */

/* What an annotation of ours says, or NULL. Owned. */
static int our_annotation(const json_t *package, json_t **ret, struct err *e)
{
	json_t *one;
	size_t i;

	*ret = NULL;
	json_array_foreach(json_object_get(package, "annotations"), i, one)
	{
		const char *comment = sbom_member(one, "comment");

		if (!starts_with(comment, OURS " {"))
			continue;
		comment += sizeof(OURS);
		return json_parse(comment, strlen(comment), sbom_member(package, "SPDXID"), ret, e);
	}
	return 0;
}

static const char *purl_of(const json_t *package)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(package, "externalRefs"), i,
			   one) if (strcmp(sbom_member(one, "referenceType"), "purl") ==
				    0) return sbom_member(one, "referenceLocator");
	return "";
}

/* Trivy's "LayerDigest: sha256:aa", an annotation, which was an attribution before. */
static const char *layer_of(const json_t *package)
{
	static const char *const words[] = { "LayerDigest: ", "LayerDiffID: " };
	json_t *one;
	size_t i;

	for (size_t w = 0; w < sizeof(words) / sizeof(*words); w++) {
		json_array_foreach(json_object_get(package, "annotations"), i,
				   one) if (starts_with(sbom_member(one, "comment"),
							words[w])) return sbom_member(one,
										      "comment") +
			strlen(words[w]);
		json_array_foreach(json_object_get(package, "attributionTexts"), i,
				   one) if (json_is_string(one) &&
					    starts_with(json_string_value(one),
							words[w])) return json_string_value(one) +
			strlen(words[w]);
	}
	return "";
}

/* Trivy's "built package from: openssl 3.0.11-1". */
static char *source_of(const json_t *package, const char **ret_version)
{
	static const char built[] = "built package from: ";
	const char *at = strstr(sbom_member(package, "sourceInfo"), built);
	char *name = strdup(at ? at + sizeof(built) - 1 : ""), *space;

	space = name ? strchr(name, ' ') : NULL;
	*ret_version = "";
	if (space) {
		*space = '\0';
		*ret_version = space + 1;
	}
	return name;
}

static bool has_purpose(const json_t *package, const char *purpose, const char *other)
{
	const char *s = sbom_member(package, "primaryPackagePurpose");

	return strcmp(s, purpose) == 0 || strcmp(s, other) == 0;
}

static const char *digest_of_image(const json_t *package, const struct purl *p, struct buf *b)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(package, "checksums"), i,
			   one) if (strcmp(sbom_member(one, "algorithm"), "SHA256") == 0)
	{
		buf_reset(b);
		buf_printf(b, "sha256:%s", sbom_member(one, "checksumValue"));
		return buf_str(b);
	}
	if (starts_with(sbom_member(package, "versionInfo"), "sha256:"))
		return sbom_member(package, "versionInfo");
	return p->version ? p->version : "";
}

static int read_image(struct sbom_reader *r, const json_t *doc, const json_t *package,
		      struct err *e)
{
	auto_buf digest = BUF_INIT(256);
	auto_purl p = { 0 };

	(void)purl_parse(purl_of(package), &p, NULL);
	r->image = true;
	return sbom_set_subject(r, sbom_member(package, "name"),
				digest_of_image(package, &p, &digest),
				sbom_member(json_object_get(doc, "creationInfo"), "created"), e);
}

static int read_package(struct sbom_reader *r, const json_t *package, const json_t *ours,
			struct err *e)
{
	const char *license = sbom_member(package, "licenseDeclared"), *version;
	auto_free char *source = source_of(package, &version);
	struct sbom_component c = sbom_component_empty();

	c.ref = sbom_member(package, "SPDXID");
	c.name = sbom_member(package, "name");
	c.version = sbom_member(package, "versionInfo");
	c.purl = purl_of(package);
	c.ours = ours;
	c.source = source ? source : "";
	c.source_version = version;
	c.layer = layer_of(package);
	if (strcmp(license, "NOASSERTION") != 0 && strcmp(license, "NONE") != 0 &&
	    !strstr(license, "LicenseRef-"))
		c.license = license;
	return source ? sbom_add(r, &c, e) : FAIL_NOMEM(e);
}

/* What a package without a purl of ours is: Trivy tells by the beginning of the id, and had no
 * purposes in SPDX 2.2. */
static bool is_os(const json_t *package)
{
	return has_purpose(package, "OPERATING_SYSTEM", "OPERATING-SYSTEM") ||
	       starts_with(sbom_member(package, "SPDXID"), "SPDXRef-OperatingSystem");
}

static bool is_image(const json_t *package)
{
	const char *id = sbom_member(package, "SPDXID"), *purl = purl_of(package);

	return has_purpose(package, "CONTAINER", "CONTAINER") || starts_with(purl, "pkg:oci/") ||
	       starts_with(purl, "pkg:docker/") ||
	       (!*purl && (starts_with(id, "SPDXRef-ContainerImage") ||
			   starts_with(id, "SPDXRef-DocumentRoot")));
}

/* A program or the lock file of some packages, as Trivy has them. */
static bool is_application(const json_t *package)
{
	return !*purl_of(package) &&
	       (has_purpose(package, "FILE", "FILE") ||
		starts_with(sbom_member(package, "SPDXID"), "SPDXRef-Application"));
}

static int read_one(struct sbom_reader *r, const json_t *doc, const json_t *package, struct err *e)
{
	auto_json *ours = NULL;
	int error = our_annotation(package, &ours, e);

	if (error < 0)
		return error;
	if (ours && json_object_get(ours, "layers")) {
		error = read_image(r, doc, package, e);
		return error < 0 ? error : sbom_set_image(r, ours, e);
	}
	if (ours)
		return read_package(r, package, ours, e);
	if (is_os(package))
		return sbom_set_os(r, sbom_member(package, "name"),
				   sbom_member(package, "versionInfo"), "",
				   sbom_member(package, "description"), e);
	if (is_image(package)) /* the first one: bom has the layers beside it */
		return r->image ? 0 : read_image(r, doc, package, e);
	return is_application(package) ? 0 : read_package(r, package, NULL, e);
}

int sbom_spdx(struct sbom_reader *r, const json_t *doc, struct err *e)
{
	json_t *package;
	size_t i;
	int error =
		sbom_set_subject(r, sbom_member(doc, "name"), "",
				 sbom_member(json_object_get(doc, "creationInfo"), "created"), e);

	json_array_foreach(json_object_get(doc, "packages"), i, package) error =
		error < 0 ? error : read_one(r, doc, package, e);
	return error;
}
