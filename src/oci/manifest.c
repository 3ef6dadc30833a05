/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/manifest.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

static bool image_config(const char *media_type)
{
	return strcmp(media_type, MT_OCI_CONFIG) == 0 || strcmp(media_type, MT_DOCKER_CONFIG) == 0;
}

/* image-spec manifest.md: without an artifactType the configuration's media type tells the
 * artifact. */
static int artifact_type(const json_t *j, struct manifest *m, const char *what, struct err *e)
{
	const char *own = json_string_or_null(j, "artifactType");

	if (!own)
		own = image_config(m->config.media_type) ? "" : m->config.media_type;
	if (strlen(own) > LIMIT_MEDIA_TYPE)
		return FAIL(e, E_FORMAT, "%s: 'artifactType' is longer than %d", what,
			    LIMIT_MEDIA_TYPE);
	memcpy(m->artifact_type, own, strlen(own) + 1);
	return 0;
}

static int parse_layers(const json_t *j, struct manifest *m, const char *what, struct err *e)
{
	json_t *layers;
	int r = json_get_array(j, "layers", &layers, what, e);

	if (r < 0)
		return r;
	if (json_array_size(layers) > LIMIT_LAYERS)
		return FAIL(e, E_FORMAT, "%s: %zu layers, the limit is %d", what,
			    json_array_size(layers), LIMIT_LAYERS);
	m->layers = calloc(json_array_size(layers) + 1, sizeof(*m->layers));
	if (!m->layers)
		return FAIL_NOMEM(e);
	m->layers_n = json_array_size(layers);
	for (size_t i = 0; i < m->layers_n; i++) {
		r = desc_parse(json_array_get(layers, i), what, &m->layers[i], e);
		if (r < 0)
			return WRAP(e, r, "layer %zu", i);
	}
	return 0;
}

static int parse(const char *p, size_t n, const char *what, struct manifest *m, struct err *e)
{
	const char *type;
	json_t *config;
	uint64_t version;
	int r = json_parse(p, n, what, &m->json, e);

	if (r == 0)
		r = json_get_u64(m->json, "schemaVersion", &version, what, e);
	if (r < 0)
		return r;
	if (version != 2)
		return FAIL(e, E_FORMAT, "%s: schemaVersion %llu is not supported, only 2", what,
			    (unsigned long long)version);
	type = json_string_or_null(m->json, "mediaType");
	type = type ? type : MT_OCI_MANIFEST;
	if (strcmp(type, MT_OCI_MANIFEST) != 0 && strcmp(type, MT_DOCKER_MANIFEST) != 0)
		return FAIL(e, E_FORMAT, "%s: media type '%.100s' is not an image manifest", what,
			    type);
	/* A document that reads both as manifest and as index is refused (CVE-2021-41190). */
	if (json_object_get(m->json, "manifests") || json_object_get(m->json, "fsLayers"))
		return FAIL(e, E_FORMAT, "%s: has members of an index and of a manifest", what);
	memcpy(m->media_type, type, strlen(type) + 1);
	r = json_get_object(m->json, "config", &config, what, e);
	if (r == 0)
		r = desc_parse(config, what, &m->config, e);
	if (r == 0)
		r = artifact_type(m->json, m, what, e);
	if (r == 0)
		r = parse_layers(m->json, m, what, e);
	if (r == 0 && json_object_get(m->json, "subject")) {
		r = desc_parse(json_object_get(m->json, "subject"), what, &m->subject, e);
		m->has_subject = r == 0;
	}
	return r;
}

int manifest_parse(const char *p, size_t n, const char *what, struct manifest *ret, struct err *e)
{
	auto_manifest m = { 0 };
	int r = n > LIMIT_MANIFEST
			? FAIL(e, E_FORMAT, "%s: more than %d bytes", what, LIMIT_MANIFEST)
			: parse(p, n, what, &m, e);

	if (r < 0)
		return r;
	*ret = m;
	m = (struct manifest){ 0 };
	return 0;
}

void manifest_free(struct manifest *m)
{
	json_decref(m->json);
	free(m->layers);
	*m = (struct manifest){ 0 };
}

static bool platform_is(const json_t *entry, const char *os, const char *arch)
{
	const json_t *p = json_object_get(entry, "platform");
	const char *o = json_string_or_null(p, "os"), *a = json_string_or_null(p, "architecture");

	return o && a && strcmp(o, os) == 0 && strcmp(a, arch) == 0;
}

int index_pick(const char *p, size_t n, const char *what, const char *os, const char *arch,
	       struct desc *ret, struct err *e)
{
	auto_json *j = NULL;
	json_t *list, *entry;
	size_t i;
	int r = n > LIMIT_MANIFEST
			? FAIL(e, E_FORMAT, "%s: more than %d bytes", what, LIMIT_MANIFEST)
			: json_parse(p, n, what, &j, e);

	if (r == 0)
		r = json_get_array(j, "manifests", &list, what, e);
	if (r < 0)
		return r;
	if (json_object_get(j, "layers") || json_object_get(j, "config"))
		return FAIL(e, E_FORMAT, "%s: has members of an index and of a manifest", what);
	json_array_foreach(list, i, entry)
	{
		/* An index of one image without platforms stands for that image. */
		if (platform_is(entry, os, arch) ||
		    (json_array_size(list) == 1 && !json_object_get(entry, "platform")))
			return desc_parse(entry, what, ret, e);
	}
	return FAIL(e, E_NOTFOUND, "%s: holds no image for %s/%s", what, os, arch);
}

static int parse_diff_ids(struct config *c, const char *what, struct err *e)
{
	json_t *rootfs, *ids;
	int r = json_get_object(c->json, "rootfs", &rootfs, what, e);

	if (r == 0)
		r = json_get_array(rootfs, "diff_ids", &ids, what, e);
	if (r < 0)
		return r;
	if (json_array_size(ids) > LIMIT_LAYERS)
		return FAIL(e, E_FORMAT, "%s: %zu diff IDs, the limit is %d", what,
			    json_array_size(ids), LIMIT_LAYERS);
	c->diff_ids = calloc(json_array_size(ids) + 1, sizeof(*c->diff_ids));
	if (!c->diff_ids)
		return FAIL_NOMEM(e);
	c->diff_ids_n = json_array_size(ids);
	for (size_t i = 0; i < c->diff_ids_n; i++) {
		r = digest_parse(str_of(json_string_value(json_array_get(ids, i))), &c->diff_ids[i],
				 e);
		if (r < 0)
			return WRAP(e, r, "%s: diff ID %zu", what, i);
	}
	return 0;
}

int config_parse(const char *p, size_t n, const char *what, struct config *ret, struct err *e)
{
	auto_config c = { 0 };
	int r = json_parse(p, n, what, &c.json, e);

	if (r == 0)
		r = json_get_string(c.json, "os", &c.os, what, e);
	if (r == 0)
		r = json_get_string(c.json, "architecture", &c.architecture, what, e);
	if (r == 0)
		r = parse_diff_ids(&c, what, e);
	if (r < 0)
		return r;
	c.exec = json_object_get(c.json, "config");
	if (c.exec && json_is_null(c.exec))
		c.exec = NULL;
	if (c.exec && !json_is_object(c.exec))
		return FAIL(e, E_FORMAT, "%s: 'config' is not an object", what);
	c.history = json_object_get(c.json, "history");
	if (c.history && !json_is_array(c.history))
		c.history = NULL;
	*ret = c;
	c = (struct config){ 0 };
	return 0;
}

void config_free(struct config *c)
{
	json_decref(c->json);
	free(c->diff_ids);
	*c = (struct config){ 0 };
}

const char *config_layer_instruction(const struct config *c, size_t layer)
{
	json_t *entry;
	size_t i, seen = 0;

	json_array_foreach(c->history, i, entry)
	{
		if (json_is_true(json_object_get(entry, "empty_layer")))
			continue;
		if (seen++ == layer)
			return json_string_or_null(entry, "created_by");
	}
	return NULL;
}

const char *oci_architecture(void)
{
	static const char *const names[][2] = {
		{ "x86_64", "amd64" },	  { "aarch64", "arm64" },   { "armv7l", "arm" },
		{ "i686", "386" },	  { "ppc64le", "ppc64le" }, { "s390x", "s390x" },
		{ "riscv64", "riscv64" },
	};
	struct utsname u;

	if (uname(&u) == 0)
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (strcmp(names[i][0], u.machine) == 0)
				return names[i][1];
	return "unknown";
}
