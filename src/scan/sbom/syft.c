/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/sbom/internal.h"

/* Syft's own JSON ("syft -o json"), which grype is fed with. */

/* The license, where it is one alone: a word, or an object since schema 8. */
static const char *license_of(const json_t *artifact)
{
	const json_t *list = json_object_get(artifact, "licenses"), *one = json_array_get(list, 0);

	if (json_array_size(list) != 1)
		return "";
	if (json_is_string(one))
		return json_string_value(one);
	return sbom_first(sbom_member(one, "spdxExpression"), sbom_member(one, "value"));
}

static int read_artifact(struct sbom_reader *r, const json_t *o, struct err *e)
{
	const json_t *metadata = json_object_get(o, "metadata");
	const json_t *location = json_array_get(json_object_get(o, "locations"), 0);
	struct sbom_component c = sbom_component_empty();

	c.ref = sbom_member(o, "id");
	c.name = sbom_member(o, "name");
	c.version = sbom_member(o, "version");
	c.purl = sbom_member(o, "purl");
	c.source =
		sbom_first(sbom_member(metadata, "source"), sbom_member(metadata, "originPackage"));
	c.source_version = sbom_member(metadata, "sourceVersion");
	c.source_rpm = sbom_member(metadata, "sourceRpm");
	c.module = sbom_member(metadata, "modularityLabel");
	c.license = license_of(o);
	c.path = sbom_member(location, "path");
	c.layer = sbom_member(location, "layerID");
	/* Kinds without a purl are told by Syft's name for them. */
	if (!*c.purl && *sbom_member(o, "type"))
		return sbom_unmatched(r, sbom_member(o, "type"), e);
	return sbom_add(r, &c, e);
}

int sbom_syft(struct sbom_reader *r, const json_t *doc, struct err *e)
{
	const json_t *distro = json_object_get(doc, "distro");
	const json_t *source = json_object_get(doc, "source");
	const json_t *image = json_object_get(source, "metadata"); /* "target" before schema 8 */
	json_t *artifact;
	size_t i;
	int error;

	if (!image)
		image = json_object_get(source, "target");
	error = sbom_set_subject(
		r, sbom_first(sbom_member(source, "name"), sbom_member(image, "userInput")),
		sbom_member(image, "manifestDigest"), "", e);
	error = error < 0 ? error
			  : sbom_set_os(r,
					sbom_first(sbom_member(distro, "id"),
						   sbom_member(distro, "name")),
					sbom_first(sbom_member(distro, "versionID"),
						   sbom_member(distro, "version")),
					sbom_member(distro, "versionCodename"),
					sbom_member(distro, "prettyName"), e);
	json_array_foreach(json_object_get(doc, "artifacts"), i, artifact) error =
		error < 0 ? error : read_artifact(r, artifact, e);
	return error;
}
