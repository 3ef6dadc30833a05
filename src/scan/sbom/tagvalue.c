/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/sbom/internal.h"

/*
 * SPDX 2.x as tags and values ("syft -o spdx", "trivy --format spdx", "docker sbom --format spdx"),
 * to the document that it would be as JSON. What the reader of that does not look at is passed
 * over.
 */
struct tags {
	json_t *doc, *packages; /* borrowed: doc has packages */
	json_t *package;	/* the one that is being read; borrowed, NULL outside of one */
	bool started;		/* something but the document's own tags was there */
};

/* The next tag and its value, which "<text>" and "</text>" may put on several lines. */
static int next_tag(struct str *rest, struct str *tag, struct str *value, struct err *e)
{
	static const char open[] = "<text>", close[] = "</text>";
	struct str line;
	const char *end;

	while (str_line(rest, &line)) {
		line = str_trim(line);
		if (!line.n || *line.p == '#' || !memchr(line.p, ':', line.n))
			continue;
		(void)str_cut(&line, ':', tag);
		*tag = str_trim(*tag);
		*value = str_trim(line);
		if (!str_starts(*value, open))
			return 1;
		value->p += sizeof(open) - 1;
		end = memmem(value->p, (size_t)(rest->p + rest->n - value->p), close,
			     sizeof(close) - 1);
		if (!end)
			return FAIL(e, E_FORMAT, "SPDX: <text> without </text>");
		value->n = (size_t)(end - value->p);
		if (end + sizeof(close) - 1 > rest->p) {
			rest->n -= (size_t)(end + sizeof(close) - 1 - rest->p);
			rest->p = end + sizeof(close) - 1;
		}
		return 1;
	}
	return 0;
}

static int put(json_t *o, const char *key, struct str value, struct err *e)
{
	return json_put(o, key, json_stringn(value.p, value.n), e);
}

static int begin_package(struct tags *t, struct str name, struct err *e)
{
	json_t *package = json_object();
	int r = json_push(t->packages, package, e);

	t->package = r < 0 ? NULL : package;
	return r < 0 ? r : put(package, "name", name, e);
}

/* The list of a package, made where it is none yet. */
static json_t *list_of(json_t *package, const char *key)
{
	if (!json_object_get(package, key))
		(void)json_object_set_new(package, key, json_array());
	return json_object_get(package, key);
}

/* "PACKAGE-MANAGER purl pkg:deb/debian/a@1" */
static int put_reference(json_t *package, struct str value, struct err *e)
{
	struct str category, type;

	if (!str_cut(&value, ' ', &category) || !str_cut(&value, ' ', &type))
		return 0;
	value = str_trim(value);
	return json_push(list_of(package, "externalRefs"),
			 json_pack("{ss% ss%}", "referenceType", type.p, type.n, "referenceLocator",
				   value.p, value.n),
			 e);
}

/* "SHA256: aa" */
static int put_checksum(json_t *package, struct str value, struct err *e)
{
	struct str algorithm;

	if (!str_cut(&value, ':', &algorithm))
		return 0;
	value = str_trim(value);
	return json_push(list_of(package, "checksums"),
			 json_pack("{ss% ss%}", "algorithm", algorithm.p, algorithm.n,
				   "checksumValue", value.p, value.n),
			 e);
}

static int package_tag(json_t *package, struct str tag, struct str value, struct err *e)
{
	static const char *const plain[][2] = {
		{ "SPDXID", "SPDXID" },
		{ "PackageVersion", "versionInfo" },
		{ "PackageSourceInfo", "sourceInfo" },
		{ "PackageDescription", "description" },
		{ "PackageLicenseDeclared", "licenseDeclared" },
		{ "PrimaryPackagePurpose", "primaryPackagePurpose" },
	};

	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		if (str_eqz(tag, plain[i][0]))
			return put(package, plain[i][1], value, e);
	if (str_eqz(tag, "ExternalRef"))
		return put_reference(package, value, e);
	if (str_eqz(tag, "PackageChecksum"))
		return put_checksum(package, value, e);
	if (str_eqz(tag, "PackageAttributionText"))
		return json_push(list_of(package, "attributionTexts"),
				 json_stringn(value.p, value.n), e);
	return 0;
}

static int document_tag(struct tags *t, struct str tag, struct str value, struct err *e)
{
	if (str_eqz(tag, "SPDXVersion"))
		return put(t->doc, "spdxVersion", value, e);
	if (str_eqz(tag, "DocumentName"))
		return put(t->doc, "name", value, e);
	if (str_eqz(tag, "Created"))
		return put(json_object_get(t->doc, "creationInfo"), "created", value, e);
	return 0;
}

/* Files, snippets, annotations, licenses: each begins with a tag of its own, and has an SPDXID
 * or a comment that is not the package's. */
static bool begins_other(struct str tag)
{
	static const char *const tags[] = { "FileName",	 "SnippetSPDXID", "SnippetSPDXIdentifier",
					    "LicenseID", "Annotator",	  "Reviewer" };

	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++)
		if (str_eqz(tag, tags[i]))
			return true;
	return false;
}

int sbom_tag_value(struct str text, json_t **ret, struct err *e)
{
	auto_json *doc = json_pack("{s[] s{}}", "packages", "creationInfo");
	struct tags t = { .doc = doc, .packages = json_object_get(doc, "packages") };
	struct str tag, value;
	int r;

	if (!doc)
		return FAIL_NOMEM(e);
	if (!str_utf8(text))
		return FAIL(e, E_FORMAT, "SPDX: not UTF-8");
	while ((r = next_tag(&text, &tag, &value, e)) > 0) {
		if (str_eqz(tag, "PackageName"))
			r = begin_package(&t, value, e);
		else if (begins_other(tag))
			t.package = NULL;
		else if (t.package)
			r = package_tag(t.package, tag, value, e);
		else if (!t.started)
			r = document_tag(&t, tag, value, e);
		t.started = t.started || t.package || begins_other(tag);
		if (r < 0)
			return r;
		if (json_array_size(t.packages) > LIMIT_SBOM_PACKAGES)
			return FAIL(e, E_FORMAT, "more than %d packages", LIMIT_SBOM_PACKAGES);
	}
	if (r < 0)
		return r;
	*ret = TAKE(doc);
	return 0;
}
