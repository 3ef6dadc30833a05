/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/sbom/internal.h"

/* From a component of somebody's SBOM to a package of our list. */

const char *sbom_member(const json_t *o, const char *key)
{
	const char *s = json_string_or_null(o, key);

	return s ? s : "";
}

const char *sbom_first(const char *a, const char *b)
{
	return *a ? a : b;
}

struct sbom_component sbom_component_empty(void)
{
	return (struct sbom_component){ "", "", "", "", NULL, "", "", "", "", "", "", "" };
}

static int unreadable(struct sbom_reader *r, const struct sbom_component *c, const char *why,
		      struct err *e)
{
	const char *what = *c->purl ? c->purl : *c->ref ? c->ref : c->name;

	if (json_array_size(r->unreadable) >= LIMIT_SBOM_PACKAGES)
		return FAIL(e, E_FORMAT, "more than %d packages", LIMIT_SBOM_PACKAGES);
	return json_push(r->unreadable,
			 json_pack("{ss si ss}", "path", what, "layer", 0, "error", why), e);
}

int sbom_unmatched(struct sbom_reader *r, const char *type, struct err *e)
{
	json_int_t n = json_integer_value(json_object_get(r->unmatched, type));

	if (!n && json_object_size(r->unmatched) >= 100)
		return 0;
	return json_put(r->unmatched, type, json_integer(n + 1), e);
}

static bool is_number(const json_t *j)
{
	return json_is_integer(j) && json_integer_value(j) >= 0;
}

/* An entry of ours is taken as it is, once it was found to be one. */
static int add_ours(struct sbom_reader *r, const struct sbom_component *c, struct err *e)
{
	static const char *const required[] = { "name",	  "version",	    "arch",
						"source", "source_version", "catalog" };
	const char *key;
	json_t *value;

	for (size_t i = 0; i < sizeof(required) / sizeof(*required); i++)
		if (!json_is_string(json_object_get(c->ours, required[i])))
			return FAIL(e, E_FORMAT, "%.200s: no %s", c->ref, required[i]);
	json_object_foreach((json_t *)(uintptr_t)c->ours, key, value)
	{
		bool layer = strcmp(key, "layer") == 0;

		if (layer ? !is_number(value) : !json_is_string(value))
			return FAIL(e, E_FORMAT, "%.200s: %.40s is of the wrong type", c->ref, key);
		if (!layer && json_string_length(value) > 4 * LIMIT_SBOM_FIELD)
			return FAIL(e, E_FORMAT, "%.200s: %.40s is too long", c->ref, key);
	}
	return json_push(r->packages, json_incref((json_t *)(uintptr_t)c->ours), e);
}

/* The layer that a digest names, which is added when it is new. */
static int put_layer(struct sbom_reader *r, json_t *o, const char *digest, struct err *e)
{
	size_t i;
	json_t *layer;
	int error = 0;

	if (!*digest)
		return 0;
	json_array_foreach(r->layers, i,
			   layer) if (strcmp(sbom_member(layer, "digest"), digest) == 0) break;
	if (i == LIMIT_LAYERS)
		return 0;
	if (i == json_array_size(r->layers))
		error = json_push(r->layers,
				  json_pack("{ss ss}", "digest", digest, "instruction", ""), e);
	return error < 0 ? error : json_put_u64(o, "layer", i, e);
}

/* "openssl-1.1.1k-9.el8.src.rpm" to name and version-release. */
static bool split_source_rpm(char *s, const char **ret_version)
{
	char *end = strstr(s, ".src.rpm"), *release, *version;

	if (!end)
		end = strstr(s, ".nosrc.rpm");
	if (!end)
		return false;
	*end = '\0';
	release = strrchr(s, '-');
	if (!release || release == s)
		return false;
	*release = '\0';
	version = strrchr(s, '-');
	*release = '-';
	if (!version || version == s)
		return false;
	*version = '\0';
	*ret_version = version + 1;
	return true;
}

/* What the package was built from: as the format says, else as the purl does. */
static int put_source(json_t *o, const struct sbom_component *c, const struct purl *p,
		      const char *version, struct err *e)
{
	auto_free char *upstream = strdup(sbom_first(purl_qualifier(p, "upstream"), c->source_rpm));
	const char *name = c->source, *source_version = c->source_version;
	auto_buf full = BUF_INIT(8 * LIMIT_SBOM_FIELD);
	int r;

	if (!upstream)
		return FAIL_NOMEM(e);
	if (!*name && strcmp(p->type, "rpm") == 0 && split_source_rpm(upstream, &source_version)) {
		name = upstream;
		/* The file's name has no epoch: that is the package's own. */
		if (strchr(version, ':') && !strchr(source_version, ':')) {
			buf_put(&full, version, strcspn(version, ":") + 1);
			buf_puts(&full, source_version);
			source_version = buf_str(&full);
		}
	} else if (!*name && *upstream) {
		char *at = strrchr(upstream, '@');

		name = upstream;
		if (at && at != upstream) {
			*at = '\0';
			source_version = at + 1;
		}
	}
	r = json_put_string(o, "source", *name ? name : sbom_member(o, "name"), e);
	return r < 0 ? r
		     : json_put_string(o, "source_version",
				       *source_version ? source_version : version, e);
}

/* Of Go's modules the name as it is written: the purl has it in lower case, and Syft's has what
 * follows a repository's root as a subpath. */
static void go_name(const struct sbom_component *c, const struct purl *p, struct buf *ret)
{
	size_t n;

	buf_printf(ret, "%s%s%s", p->namespace, *p->namespace ? "/" : "", p->name);
	n = ret->n;
	if (*p->subpath && strncasecmp(c->name, buf_str(ret), n) == 0 && c->name[n] == '/')
		buf_printf(ret, "/%s", p->subpath);
	if (strcasecmp(buf_str(ret), c->name) == 0) {
		buf_reset(ret);
		buf_puts(ret, c->name);
	}
}

/* A program's own module often has no version, which Go calls "(devel)". Releases of Go itself are
 * "1.22.3", whether they were written "go1.22.3" or "v1.22.3". */
static const char *go_version(const char *name, const char *version)
{
	if (!*version || strcmp(version, "UNKNOWN") == 0)
		return "(devel)";
	if (strcmp(name, "stdlib") != 0)
		return version;
	if (starts_with(version, "go"))
		version += 2;
	return *version == 'v' ? version + 1 : version;
}

/* The version with its epoch, which a purl has apart or not at all. "0" is the same as none. */
static void put_version(const struct sbom_component *c, const struct purl *p, struct buf *ret)
{
	const char *epoch = purl_qualifier(p, "epoch");
	const char *version = sbom_first(p->version, c->version);
	size_t digits = strspn(c->version, "0123456789");

	if (!*epoch && digits && c->version[digits] == ':' &&
	    strcmp(c->version + digits + 1, version) == 0)
		version = c->version;
	if (*epoch && strcmp(epoch, "0") != 0 && !strchr(version, ':'))
		buf_printf(ret, "%s:", epoch);
	buf_puts(ret,
		 starts_with(version, "0:") && strcmp(p->type, "rpm") == 0 ? version + 2 : version);
}

/* Of Go's modules the platform, as cyclonedx-gomod and others write it. */
static int put_platform(json_t *o, const struct purl *p, struct err *e)
{
	const char *os = purl_qualifier(p, "goos"), *arch = purl_qualifier(p, "goarch");
	int r = *os ? json_put_string(o, "os", os, e) : 0;

	return r < 0 || !*arch ? r : json_put_string(o, "arch", arch, e);
}

static int add_package(struct sbom_reader *r, const struct sbom_component *c, const struct purl *p,
		       const char *catalog, const char *name, const char *version, struct err *e)
{
	const char *module =
		sbom_first(purl_qualifier(p, "rpmmod"), purl_qualifier(p, "modularitylabel"));
	json_t *o = json_pack("{ss ss ss ss ss*}", "name", name, "version", version, "arch",
			      purl_qualifier(p, "arch"), "catalog", catalog, "ecosystem",
			      strcmp(catalog, "go") == 0 ? "Go" : NULL);
	int error = json_push(r->packages, o, e);

	if (!*module)
		module = c->module;
	if (error == 0 && strcmp(catalog, "go") == 0)
		error = put_platform(o, p, e);
	error = error < 0 ? error : put_source(o, c, p, version, e);
	if (error == 0 && *module)
		error = json_put_string(o, "module", module, e);
	if (error == 0 && *c->license)
		error = json_put_string(o, "license", c->license, e);
	if (error == 0 && *c->path)
		error = json_put_string(o, "path", c->path + strspn(c->path, "/"), e);
	error = error < 0 ? error : put_layer(r, o, c->layer, e);
	return error < 0 || strcmp(catalog, "go") == 0 ? error : sbom_note_system(r, o, p, e);
}

static const char *catalog_of_type(const char *type)
{
	static const char *const types[][2] = { { "deb", "dpkg" },   { "apk", "apk" },
						{ "alpine", "apk" }, /* Syft before 0.35 */
						{ "rpm", "rpm" },    { "alpm", "pacman" },
						{ "golang", "go" } };

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strcmp(type, types[i][0]) == 0)
			return types[i][1];
	return NULL;
}

static int add_foreign(struct sbom_reader *r, const struct sbom_component *c, const struct purl *p,
		       struct err *e)
{
	const char *catalog = catalog_of_type(p->type), *version;
	auto_buf name = BUF_INIT(LIMIT_PURL), full = BUF_INIT(LIMIT_PURL + 64);

	if (!catalog)
		return sbom_unmatched(r, p->type, e);
	if (strcmp(catalog, "go") == 0)
		go_name(c, p, &name);
	else
		buf_puts(&name, p->name);
	put_version(c, p, &full);
	if (full.failed || name.failed || name.n > LIMIT_SBOM_FIELD || full.n > LIMIT_SBOM_FIELD)
		return unreadable(r, c, "name or version too long", e);
	version = buf_str(&full);
	if (strcmp(catalog, "go") == 0)
		version = go_version(buf_str(&name), version);
	if (!*version)
		return unreadable(r, c, "no version", e);
	return add_package(r, c, p, catalog, buf_str(&name), version, e);
}

int sbom_add(struct sbom_reader *r, const struct sbom_component *c, struct err *e)
{
	auto_purl p = { 0 };
	struct err why = ERR_INIT;

	if (json_array_size(r->packages) >= LIMIT_SBOM_PACKAGES)
		return FAIL(e, E_FORMAT, "more than %d packages", LIMIT_SBOM_PACKAGES);
	if (c->ours)
		return add_ours(r, c, e);
	if (!*c->purl)
		return sbom_unmatched(r, "unknown", e);
	if (purl_parse(c->purl, &p, &why) < 0)
		return unreadable(r, c, why.msg, e);
	return add_foreign(r, c, &p, e);
}
