/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>

#include "scan/catalog/catalog.h"
#include "scan/sbom/internal.h"

/*
 * The distribution that a package's purl names. The specification leaves "distro" to those who
 * write it: it is "debian-12", "3.16.0", "jessie" or "amazon-2 (Karoo)", and Docker Scout has
 * "os_name" and "os_version" instead.
 */
enum { MAX_SYSTEMS = 1000 }; /* distributions within one document */

#define SYSTEM "plimsoll:system" /* a package's member until the list is settled */

struct system {
	char *id, *version; /* owned; NULL or "" when it is not said */
	const char *codename;
};

static void system_release(struct system *s)
{
	free(s->id);
	free(s->version);
}

/* Releases that are written by their code names. */
static const char *version_of_codename(const char *codename)
{
	static const char *const names[][2] = {
		{ "wheezy", "7" },     { "jessie", "8" },	{ "stretch", "9" },
		{ "buster", "10" },    { "bullseye", "11" },	{ "bookworm", "12" },
		{ "trixie", "13" },    { "forky", "14" },	{ "trusty", "14.04" },
		{ "xenial", "16.04" }, { "bionic", "18.04" },	{ "focal", "20.04" },
		{ "jammy", "22.04" },  { "noble", "24.04" },	{ "oracular", "24.10" },
		{ "plucky", "25.04" }, { "questing", "25.10" }, { "resolute", "26.04" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(codename, names[i][0]) == 0)
			return names[i][1];
	return NULL;
}

static bool is_version(const char *s)
{
	return isdigit((unsigned char)*s) || strcmp(s, "edge") == 0;
}

/* "debian-12", "debian-bookworm", "opensuse-tumbleweed", "arch-rolling": the last part is a
 * release where it looks like one. */
static int split_distro(const char *distro, const char *namespace, struct system *ret,
			struct err *e)
{
	const char *dash = strrchr(distro, '-'), *tail = dash ? dash + 1 : distro;
	const char *version = is_version(tail) ? tail : version_of_codename(tail);
	bool tailed = version ||
		      (dash && (starts_with(distro, "debian-") || strcmp(tail, "rolling") == 0));

	if (!version && tailed && strcmp(tail, "rolling") != 0)
		ret->codename = tail;
	if (dash)
		ret->id = strndup(distro, tailed ? (size_t)(dash - distro) : strlen(distro));
	else
		ret->id = strdup(version ? namespace : distro);
	ret->version = strdup(version ? version : "");
	return ret->id && ret->version ? 0 : FAIL_NOMEM(e);
}

static int system_of_purl(const struct purl *p, struct system *ret, struct err *e)
{
	const char *distro = purl_qualifier(p, "distro"), *name = purl_qualifier(p, "os_name");
	const char *codename = purl_qualifier(p, "distro_name"), *version;

	if (*distro)
		return split_distro(distro, p->namespace, ret, e);
	if (!*codename)
		codename = purl_qualifier(p, "os_distro");
	version = purl_qualifier(p, "os_version");
	if (!*version)
		version = version_of_codename(codename);
	ret->codename = *codename ? codename : NULL;
	ret->id = strdup(*name ? name : p->namespace);
	ret->version = strdup(version ? version : "");
	return ret->id && ret->version ? 0 : FAIL_NOMEM(e);
}

int sbom_note_system(struct sbom_reader *r, json_t *package, const struct purl *p, struct err *e)
{
	__attribute__((cleanup(system_release))) struct system system = { .id = NULL };
	struct sbom_reader one = { .os = NULL };
	auto_buf key = BUF_INIT(4 * LIMIT_PURL);
	auto_json *os = NULL;
	int error = system_of_purl(p, &system, e);

	if (error < 0)
		return error;
	buf_printf(&key, "%s %s %s", system.id, system.version,
		   system.codename ? system.codename : "");
	error = buf_check(&key, "a distribution", e);
	if (error < 0)
		return error;
	if (json_object_get(r->systems, buf_str(&key)))
		return json_put(package, SYSTEM,
				json_incref(json_object_get(r->systems, buf_str(&key))), e);
	if (json_object_size(r->systems) >= MAX_SYSTEMS)
		return FAIL(e, E_FORMAT, "packages of more than %d distributions", MAX_SYSTEMS);
	one.os = os = json_object();
	error = os ? sbom_set_os(&one, system.id, system.version,
				 system.codename ? system.codename : "", "", e)
		   : FAIL_NOMEM(e);
	error = error < 0 ? error : json_put(r->systems, buf_str(&key), json_incref(os), e);
	return error < 0 ? error : json_put(package, SYSTEM, json_incref(os), e);
}

bool sbom_known_os(const json_t *os)
{
	auto_buf b = BUF_INIT(8 * LIMIT_SBOM_FIELD);

	os_ecosystem(os, &b);
	return b.n;
}

/* The first that packages can be looked up in, else the first. */
static json_t *best_system(const struct sbom_reader *r)
{
	json_t *best = NULL, *package;
	size_t i;

	json_array_foreach(r->packages, i, package)
	{
		json_t *os = json_object_get(package, SYSTEM);

		if (!json_is_object(os) || !json_object_size(os))
			continue;
		if (sbom_known_os(os))
			return os;
		best = best ? best : os;
	}
	return best;
}

/* "12" and "12.5" are one release to somebody who writes less of it. */
static bool same_release(const char *a, const char *b)
{
	size_t n = strlen(a) < strlen(b) ? strlen(a) : strlen(b);

	return strncmp(a, b, n) == 0 && (!a[n] || a[n] == '.') && (!b[n] || b[n] == '.');
}

/* Whether a package's distribution is another than the image's, and one that is known. */
static bool is_other(const json_t *image, const json_t *os, struct str ecosystem, struct buf *ret)
{
	if (strcmp(sbom_member(os, "id"), sbom_member(image, "id")) == 0 &&
	    same_release(sbom_member(os, "version_id"), sbom_member(image, "version_id")))
		return false;
	buf_reset(ret);
	os_ecosystem(os, ret);
	return ret->n && !str_eqz(ecosystem, buf_str(ret));
}

int sbom_settle_systems(struct sbom_reader *r, struct err *e)
{
	auto_buf image = BUF_INIT(8 * LIMIT_SBOM_FIELD), own = BUF_INIT(8 * LIMIT_SBOM_FIELD);
	json_t *package, *best = json_object_get(r->os, "id") ? NULL : best_system(r);
	size_t i;

	if (best && json_object_update(r->os, best) < 0)
		return FAIL_NOMEM(e);
	os_ecosystem(r->os, &image);
	json_array_foreach(r->packages, i, package)
	{
		json_t *os = json_object_get(package, SYSTEM);
		struct str ecosystem = { buf_str(&image), image.n };
		int error = 0;

		if (!json_is_object(os))
			continue;
		if (is_other(r->os, os, ecosystem, &own))
			error = json_put_string(package, "ecosystem", buf_str(&own), e);
		(void)json_object_del(package, SYSTEM);
		if (error < 0)
			return error;
	}
	return 0;
}
