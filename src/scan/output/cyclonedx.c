/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/output/cyclonedx.h"

#include "scan/output/license.h"

/*
 * CycloneDX 1.6. What it has no member for (layers, source packages, where a package was found) are
 * properties named "plimsoll:…", from which sbom_read() makes the very list again.
 */

static int add_property(json_t *properties, const char *name, const char *value, struct err *e)
{
	auto_buf full = BUF_INIT(256);

	buf_printf(&full, LIST_PREFIX "%s", name);
	return json_push(properties, json_pack("{ss ss}", "name", buf_str(&full), "value", value),
			 e);
}

/* Strings as they are, all else as JSON. */
static int add_value(json_t *properties, const char *name, const json_t *value, struct err *e)
{
	auto_buf text = BUF_INIT(SIZE_MAX);
	int r;

	if (json_is_string(value))
		return add_property(properties, name, json_string_value(value), e);
	r = json_canonical(value, &text, e);
	return r < 0 ? r : add_property(properties, name, buf_str(&text), e);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The members of an object but those in except (ends with NULL), by name. */
static int add_members(json_t *properties, const json_t *o, const char *const *except,
		       struct err *e)
{
	const char *names[64], *name;
	json_t *value;
	size_t n = 0;
	int r = 0;

	json_object_foreach((json_t *)(uintptr_t)o, name, value)
	{
		bool skip = n == sizeof(names) / sizeof(*names);

		for (const char *const *x = except; *x; x++)
			skip |= strcmp(*x, name) == 0;
		if (!skip)
			names[n++] = name;
	}
	qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n && r == 0; i++)
		r = add_value(properties, names[i], json_object_get(o, names[i]), e);
	return r;
}

static int image_component(const struct subject *s, const json_t *list, json_t **ret, struct err *e)
{
	static const char *const except[] = { "packages", "layers", "unreadable", "os", NULL };
	static const char *const arrays[] = { "layers", "unreadable" };
	auto_buf purl = BUF_INIT(LIMIT_REF_TEXT);
	auto_json *o =
		json_pack("{ss ss ss ss*}", "bom-ref", IMAGE_REF, "type", "container", "name",
			  *s->name ? s->name : "?", "version", *s->digest ? s->digest : NULL);
	auto_json *properties = json_array();
	int r = o && properties ? 0 : FAIL_NOMEM(e);

	if (r == 0 && *s->digest)
		r = json_put(o, "hashes",
			     json_pack("[{ss ss}]", "alg", "SHA-256", "content",
				       s->digest + sizeof("sha256:") - 1),
			     e);
	subject_purl(s, &purl);
	if (r == 0 && purl.n)
		r = json_put_string(o, "purl", buf_str(&purl), e);
	if (r == 0 && *s->arch)
		r = add_property(properties, "arch", s->arch, e);
	r = r < 0 ? r : add_members(properties, list, except, e);
	for (size_t i = 0; i < sizeof(arrays) / sizeof(*arrays) && r == 0; i++) {
		const json_t *array = json_object_get(list, arrays[i]);
		json_t *one;
		size_t n;

		json_array_foreach(array, n, one) r =
			r < 0 ? r : add_value(properties, arrays[i], one, e);
	}
	r = r < 0 ? r : json_put(o, "properties", TAKE(properties), e);
	if (r == 0)
		*ret = TAKE(o);
	return r;
}

static int os_component(const json_t *list, json_t *components, struct err *e)
{
	static const char *const except[] = { "id", "version_id", "name", NULL };
	const json_t *os = json_object_get(list, "os");
	json_t *o, *properties;
	int r;

	if (!*member(os, "id"))
		return 0;
	o = json_pack("{ss ss ss ss* ss* s[]}", "bom-ref", OS_REF, "type", "operating-system",
		      "name", member(os, "id"), "version", json_string_or_null(os, "version_id"),
		      "description", json_string_or_null(os, "name"), "properties");
	r = json_push(components, o, e);
	if (r < 0)
		return r;
	properties = json_object_get(o, "properties");
	r = add_members(properties, os, except, e);
	if (r == 0 && json_array_size(properties) == 0)
		(void)json_object_del(o, "properties");
	return r;
}

static int put_license(json_t *o, const char *text, struct err *e)
{
	auto_buf b = BUF_INIT(LIMIT_REF_TEXT);

	if (!*text)
		return 0;
	if (license_expression(text, &b))
		return json_put(o, "licenses", json_pack("[{ss}]", "expression", buf_str(&b)), e);
	return json_put(o, "licenses", json_pack("[{s{ss}}]", "license", "name", text), e);
}

/* What a package was built from has no member of its own. Syft and grype take it from the purl;
 * Trivy from properties of its own, the version in parts, without which it would look for the
 * advisories of the package's name. */
static int put_trivy_source(json_t *properties, const json_t *p, struct err *e)
{
	const char *catalog = member(p, "catalog"), *version = member(p, "source_version");
	bool parts = strcmp(catalog, "dpkg") == 0 || strcmp(catalog, "rpm") == 0;
	const char *colon = parts ? strchr(version, ':') : NULL;
	const char *upstream = colon ? colon + 1 : version;
	const char *release = parts ? strrchr(upstream, '-') : NULL;
	const struct {
		const char *key;
		struct str value;
	} members[] = {
		{ "SrcName", str_of(member(p, "source")) },
		{ "SrcVersion",
		  { upstream, release ? (size_t)(release - upstream) : strlen(upstream) } },
		{ "SrcRelease", str_of(release ? release + 1 : "") },
		{ "SrcEpoch", { version, colon ? (size_t)(colon - version) : 0 } },
	};
	int r = 0;

	if (!parts && strcmp(catalog, "apk") != 0)
		return 0;
	for (size_t i = 0; i < sizeof(members) / sizeof(*members) && r == 0; i++) {
		auto_buf name = BUF_INIT(64);

		if (!members[i].value.n)
			continue;
		buf_printf(&name, "aquasecurity:trivy:%s", members[i].key);
		r = json_push(properties,
			      json_pack("{ss ss%}", "name", buf_str(&name), "value",
					members[i].value.p, members[i].value.n),
			      e);
	}
	return r;
}

static int package_component(const struct package_ref *ref, json_t *components, struct err *e)
{
	static const char *const except[] = { "name", "version", NULL };
	const json_t *p = ref->package;
	json_t *properties = json_array();
	json_t *o = json_pack("{ss ss ss ss*}", "bom-ref", ref->ref, "type", "library", "name",
			      *member(p, "name") ? member(p, "name") : "?", "version",
			      json_string_or_null(p, "version"));
	int r = json_push(components, o, e);

	r = r < 0 ? r : put_license(o, member(p, "license"), e);
	r = r < 0 ? r : json_put_string(o, "purl", ref->purl, e);
	if (r < 0) {
		json_decref(properties);
		return r;
	}
	r = json_put(o, "properties", properties, e);
	r = r < 0 ? r : add_members(properties, p, except, e);
	return r < 0 ? r : put_trivy_source(properties, p, e);
}

/* The image needs all that is in it; which package needs which is not known here. */
static int put_dependencies(json_t *doc, const json_t *components, struct err *e)
{
	json_t *on = json_array(), *one;
	size_t i;
	int r = json_put(doc, "dependencies",
			 json_pack("[{ss so}]", "ref", IMAGE_REF, "dependsOn", on), e);

	json_array_foreach(components, i, one) r =
		r < 0 ? r : json_push(on, json_incref(json_object_get(one, "bom-ref")), e);
	return r;
}

static int put_components(json_t *doc, const json_t *list, const struct package_refs *refs,
			  struct err *e)
{
	json_t *components = json_array();
	int r = json_put(doc, "components", components, e);

	r = r < 0 ? r : os_component(list, components, e);
	for (size_t i = 0; i < refs->n && r == 0; i++)
		r = package_component(&refs->v[i], components, e);
	r = r < 0 ? r : put_dependencies(doc, components, e);
	/* A list that could not be read whole is not whole in here either. */
	if (r == 0 && json_array_size(json_object_get(list, "unreadable")))
		r = json_put(doc, "compositions",
			     json_pack("[{ss s[s]}]", "aggregate", "incomplete", "assemblies",
				       IMAGE_REF),
			     e);
	return r;
}

int output_cyclonedx(const struct subject *s, const json_t *list, const struct report *report,
		     json_t **ret, struct err *e)
{
	auto_package_refs refs = { 0 };
	auto_json *doc =
		json_pack("{ss ss ss ss si s{ss s{s[{ss ss ss}]}}}", "$schema",
			  "http://cyclonedx.org/schema/bom-1.6.schema.json", "bomFormat",
			  "CycloneDX", "specVersion", "1.6", "serialNumber", "", "version", 1,
			  "metadata", "timestamp", s->created, "tools", "components", "type",
			  "application", "name", TOOL, "version", PLIMSOLL_VERSION);
	char uuid[UUID_LEN + 1], urn[sizeof("urn:uuid:") + UUID_LEN];
	json_t *image = NULL;
	int r = doc ? package_refs(list, &refs, e) : FAIL_NOMEM(e);

	r = r < 0 ? r : image_component(s, list, &image, e);
	r = r < 0 ? r : json_put(json_object_get(doc, "metadata"), "component", image, e);
	r = r < 0 ? r : put_components(doc, list, &refs, e);
	if (r == 0 && report)
		r = cyclonedx_vulnerabilities(doc, report, &refs, e);
	r = r < 0 ? r : output_uuid("cyclonedx", doc, uuid, e);
	if (r < 0)
		return r;
	(void)snprintf(urn, sizeof(urn), "urn:uuid:%s", uuid);
	r = json_put_string(doc, "serialNumber", urn, e);
	if (r == 0)
		*ret = TAKE(doc);
	return r;
}
