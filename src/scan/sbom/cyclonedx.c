/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/sbom/internal.h"

/* CycloneDX 1.2 to 1.7, JSON. */

/* The first property of this name, "" when there is none. */
static const char *property(const json_t *component, const char *name)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(component, "properties"), i,
			   one) if (strcmp(sbom_member(one, "name"), name) ==
				    0) return sbom_member(one, "value");
	return "";
}

/* The properties that are ours, as members; NULL when there is no catalog, hence none of ours. */
static json_t *our_entry(const json_t *component)
{
	auto_json *o = NULL;
	json_t *one;
	size_t i;

	if (!*property(component, OURS "catalog"))
		return NULL;
	o = json_pack("{ss ss}", "name", sbom_member(component, "name"), "version",
		      sbom_member(component, "version"));
	json_array_foreach(json_object_get(component, "properties"), i, one)
	{
		const char *key = sbom_member(one, "name"), *value = sbom_member(one, "value");
		uint64_t n;

		if (!starts_with(key, OURS))
			continue;
		key += sizeof(OURS) - 1;
		if (strcmp(key, "layer") == 0 && str_u64(str_of(value), INT32_MAX, &n, NULL) == 0)
			(void)json_object_set_new(o, key, json_integer((json_int_t)n));
		else
			(void)json_object_set_new(o, key, json_string(value));
	}
	return TAKE(o);
}

/* A property of Trivy's, which cdxgen has without the prefix. */
static const char *trivy_property(const json_t *component, const char *name)
{
	static const char prefix[] = "aquasecurity:trivy:";
	const char *value = property(component, name);

	return *value ? value : property(component, name + sizeof(prefix) - 1);
}

/* Trivy's parts of a source version: "epoch:version-release". */
static void trivy_version(const json_t *component, struct buf *ret)
{
	const char *epoch = trivy_property(component, "aquasecurity:trivy:SrcEpoch");
	const char *release = trivy_property(component, "aquasecurity:trivy:SrcRelease");
	const char *version = trivy_property(component, "aquasecurity:trivy:SrcVersion");

	if (!*version)
		return;
	if (*epoch && strcmp(epoch, "0") != 0)
		buf_printf(ret, "%s:", epoch);
	buf_printf(ret, "%s%s%s", version, *release ? "-" : "", release);
}

/* The license, where it is one alone: an expression, an id or a name. */
static const char *license_of(const json_t *component)
{
	const json_t *licenses = json_object_get(component, "licenses");
	const json_t *one = json_array_get(licenses, 0), *license = json_object_get(one, "license");

	if (json_array_size(licenses) != 1)
		return "";
	return sbom_first(sbom_member(one, "expression"),
			  sbom_first(sbom_member(license, "id"), sbom_member(license, "name")));
}

/* What the component was built from, as Trivy or Syft say it. */
static void set_source(const json_t *o, struct buf *version, struct sbom_component *c)
{
	c->source = trivy_property(o, "aquasecurity:trivy:SrcName");
	if (*c->source) {
		trivy_version(o, version);
		c->source_version = buf_str(version);
		return;
	}
	c->source = sbom_first(property(o, "syft:metadata:source"),
			       property(o, "syft:metadata:originPackage"));
	c->source_version = property(o, "syft:metadata:sourceVersion");
	c->source_rpm = property(o, "syft:metadata:sourceRpm");
}

static int read_component(struct sbom_reader *r, const json_t *o, struct err *e)
{
	auto_buf version = BUF_INIT(8 * LIMIT_SBOM_FIELD), name = BUF_INIT(8 * LIMIT_SBOM_FIELD);
	const char *group = sbom_member(o, "group");
	auto_json *ours = our_entry(o);
	struct sbom_component c = sbom_component_empty();

	buf_printf(&name, "%s%s%s", group, *group ? "/" : "", sbom_member(o, "name"));
	c.ref = sbom_member(o, "bom-ref");
	c.name = buf_str(&name);
	c.version = sbom_member(o, "version");
	c.purl = sbom_member(o, "purl");
	c.ours = ours;
	c.license = license_of(o);
	c.module = sbom_first(property(o, "aquasecurity:trivy:Modularitylabel"),
			      property(o, "syft:metadata:modularityLabel"));
	c.path = sbom_first(property(o, "syft:location:0:path"),
			    property(o, "aquasecurity:trivy:FilePath"));
	c.layer = sbom_first(property(o, "aquasecurity:trivy:LayerDigest"),
			     sbom_first(property(o, "syft:location:0:layerID"),
					property(o, "aquasecurity:trivy:LayerDiffID")));
	set_source(o, &version, &c);
	return sbom_add(r, &c, e);
}

/* Files, and the lock files that Trivy has as applications, are no packages. */
static bool is_package(const json_t *o)
{
	const char *type = sbom_member(o, "type");

	if (*sbom_member(o, "purl") || *property(o, OURS "catalog"))
		return strcmp(type, "container") != 0;
	return strcmp(type, "library") == 0 || strcmp(type, "framework") == 0;
}

/* Syft has the name of os-release beside the one for people; a release may be a code name. */
static int read_os(struct sbom_reader *r, const json_t *o, struct err *e)
{
	return sbom_set_os(
		r, sbom_first(property(o, "syft:distro:id"), sbom_member(o, "name")),
		sbom_first(sbom_member(o, "version"), property(o, "syft:distro:versionID")),
		sbom_first(property(o, OURS "codename"),
			   property(o, "syft:distro:versionCodename")),
		sbom_member(o, "description"), e);
}

static int read_components(struct sbom_reader *r, const json_t *components, int depth,
			   struct err *e)
{
	json_t *o;
	size_t i;
	int error = 0;

	if (depth > LIMIT_SBOM_DEPTH)
		return FAIL(e, E_FORMAT, "components deeper than %d", LIMIT_SBOM_DEPTH);
	json_array_foreach(components, i, o)
	{
		if (strcmp(sbom_member(o, "type"), "operating-system") == 0)
			error = read_os(r, o, e);
		else if (is_package(o))
			error = read_component(r, o, e);
		error = error < 0 ? error
				  : read_components(r, json_object_get(o, "components"), depth + 1,
						    e);
		if (error < 0)
			return error;
	}
	return 0;
}

/* What the SBOM is of: an image, but also a machine (cdxgen's of type "os"), whose distribution it
 * is then, or a Go program, which is a package itself (cyclonedx-gomod). */
static int read_root(struct sbom_reader *r, const json_t *root, struct err *e)
{
	int error = 0;

	if (strcmp(sbom_member(root, "type"), "operating-system") == 0)
		error = read_os(r, root, e);
	else if (starts_with(sbom_member(root, "purl"), "pkg:golang/"))
		error = read_component(r, root, e);
	return error < 0 ? error : read_components(r, json_object_get(root, "components"), 0, e);
}

/* Our image's properties: layers and what could not be read, each an object in JSON. */
static int our_image(struct sbom_reader *r, const json_t *image, struct err *e)
{
	auto_json *ours = json_pack("{s[] s[] ss}", "layers", "unreadable", "arch",
				    property(image, OURS "arch"));
	json_t *one;
	size_t i;

	if (!ours)
		return FAIL_NOMEM(e);
	json_array_foreach(json_object_get(image, "properties"), i, one)
	{
		const char *name = sbom_member(one, "name"), *value = sbom_member(one, "value");
		json_t *list = starts_with(name, OURS)
				       ? json_object_get(ours, name + sizeof(OURS) - 1)
				       : NULL;
		json_t *parsed = NULL;
		int error;

		if (!json_is_array(list))
			continue;
		error = json_parse(value, strlen(value), name, &parsed, e);
		error = error < 0 ? error : json_push(list, parsed, e);
		if (error < 0)
			return error;
	}
	return sbom_set_image(r, ours, e);
}

int sbom_cyclonedx(struct sbom_reader *r, const json_t *doc, struct err *e)
{
	const json_t *metadata = json_object_get(doc, "metadata");
	const json_t *image = json_object_get(metadata, "component");
	const char *version = sbom_member(doc, "specVersion"), *digest;
	auto_purl p = { 0 };
	struct digest d;
	uint64_t minor;
	int error;

	if (!starts_with(version, "1.") || str_u64(str_of(version + 2), 7, &minor, NULL) < 0 ||
	    minor < 2)
		return FAIL(e, E_FORMAT, "CycloneDX %.20s: 1.2 to 1.7 are read", version);
	digest = sbom_member(image, "version");
	if (digest_parse(str_of(digest), &d, NULL) < 0 &&
	    purl_parse(sbom_member(image, "purl"), &p, NULL) == 0)
		digest = p.version;
	if (digest_parse(str_of(digest), &d, NULL) < 0 &&
	    strchr(property(image, "aquasecurity:trivy:RepoDigest"), '@'))
		digest = strchr(property(image, "aquasecurity:trivy:RepoDigest"), '@') + 1;
	error = sbom_set_subject(r, sbom_member(image, "name"), digest,
				 sbom_member(metadata, "timestamp"), e);
	if (error == 0 && *property(image, OURS "schema"))
		error = our_image(r, image, e);
	error = error < 0 ? error : read_root(r, image, e);
	return error < 0 ? error : read_components(r, json_object_get(doc, "components"), 0, e);
}
