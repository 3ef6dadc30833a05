/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/advisories/sources.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "registry/url.h"

static const struct {
	const char *name;
	enum source_type type;
	const char *url;
	const char *parts; /* separated by commas */
} builtin[] = {
	{ "debian", SOURCE_FILE, "https://security-tracker.debian.org/tracker/data/json", "" },
	{ "alpine", SOURCE_FILE, "https://secdb.alpinelinux.org",
	  "edge/main.json,edge/community.json,v3.24/main.json,v3.24/community.json,"
	  "v3.23/main.json,v3.23/community.json,v3.22/main.json,v3.22/community.json,"
	  "v3.21/main.json,v3.21/community.json,v3.20/main.json,v3.20/community.json,"
	  "v3.19/main.json,v3.19/community.json,v3.18/main.json,v3.18/community.json,"
	  "v3.17/main.json,v3.17/community.json,v3.16/main.json,v3.16/community.json" },
	/* Debian's tracker and Alpine's list know what is fixed where; how grave it is, these. */
	{ "osv", SOURCE_OSV, "https://osv-vulnerabilities.storage.googleapis.com",
	  "Debian,Alpine,Go,AlmaLinux,Rocky Linux,openSUSE,SUSE" },
	/* OSV has a million documents of these two, one for each build of a package. */
	{ "wolfi", SOURCE_FILE, "https://packages.wolfi.dev", "os/security.json" },
	{ "chainguard", SOURCE_FILE, "https://packages.cgr.dev", "chainguard/security.json" },
	{ "ubuntu", SOURCE_OSV, "https://osv-vulnerabilities.storage.googleapis.com", "Ubuntu" },
	{ "redhat", SOURCE_CSAF, "https://security.access.redhat.com/data/csaf/v2/vex", "" },
	{ "kev", SOURCE_FILE,
	  "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",
	  "" },
	{ "epss", SOURCE_FILE, "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz",
	  "" },
};

static const char *const types[] = { "file", "osv", "csaf" };

static void source_free(struct advisory_source *s)
{
	free(s->name);
	free(s->url);
	strv_free(&s->parts);
	*s = (struct advisory_source){ 0 };
}

void advisory_sources_free(struct advisory_sources *s)
{
	for (size_t i = 0; i < s->n; i++)
		source_free(&s->v[i]);
	s->n = 0;
}

struct advisory_source *advisory_sources_find(struct advisory_sources *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i].name, name) == 0)
			return &s->v[i];
	return NULL;
}

static int set(char **to, struct str value, struct err *e)
{
	char *copy = str_dup(value);

	if (!copy)
		return FAIL_NOMEM(e);
	free(*to);
	*to = copy;
	return 0;
}

static int add(struct advisory_sources *s, const char *name, struct advisory_source **ret,
	       struct err *e)
{
	if (s->n == LIMIT_SOURCES)
		return FAIL(e, E_USAGE, "more than %d sources", LIMIT_SOURCES);
	*ret = &s->v[s->n];
	**ret = (struct advisory_source){ .enabled = true };
	(*ret)->name = strdup(name);
	if (!(*ret)->name)
		return FAIL_NOMEM(e);
	s->n++;
	return 0;
}

static int add_builtin(struct advisory_sources *s, struct err *e)
{
	for (size_t i = 0; i < sizeof(builtin) / sizeof(*builtin); i++) {
		struct str rest = str_of(builtin[i].parts), part;
		struct advisory_source *o;
		int r = add(s, builtin[i].name, &o, e);

		r = r < 0 ? r : set(&o->url, str_of(builtin[i].url), e);
		if (r < 0)
			return r;
		o->type = builtin[i].type;
		while (r == 0 && str_cut(&rest, ',', &part))
			r = strv_addf(&o->parts, e, "%.*s", (int)part.n, part.p);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A name is also a file name of the cache. */
static int check_name(const char *name, struct err *e)
{
	size_t n = strlen(name);

	if (!n || n > LIMIT_SOURCE_NAME || !isalnum((unsigned char)*name))
		return FAIL(e, E_USAGE, "'%.80s' is not a name", name);
	for (const char *p = name; *p; p++)
		if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) &&
		    !strchr("-_.", *p))
			return FAIL(e, E_USAGE,
				    "'%.80s' is not a name: small letters, digits, '-', '_', '.'",
				    name);
	if (strcmp(name, "import") == 0)
		return FAIL(e, E_USAGE, "'import' is not free: imports from files have it");
	return 0;
}

static int read_type(struct advisory_source *s, const json_t *v, struct err *e)
{
	const char *text = json_string_value(v);

	for (size_t i = 0; text && i < sizeof(types) / sizeof(*types); i++)
		if (strcmp(text, types[i]) == 0) {
			s->type = (enum source_type)i;
			return 0;
		}
	return FAIL(e, E_USAGE, "type is file, osv or csaf");
}

static int read_url(struct advisory_source *s, const json_t *v, struct err *e)
{
	struct str text = str_of(json_string_value(v));
	struct url url;
	int r = text.n ? url_parse(text, &url, e) : FAIL(e, E_USAGE, "url is not a URL");

	while (text.n && text.p[text.n - 1] == '/')
		text.n--;
	return r < 0 ? WRAP(e, E_USAGE, "url") : set(&s->url, text, e);
}

/* A part is put behind the URL: no step out of it, no query of its own. */
static bool is_part(const char *s)
{
	struct str rest = str_of(s), step;

	if (!*s || *s == '/' || strlen(s) > 256 || strpbrk(s, "?#\\%"))
		return false;
	for (const char *p = s; *p; p++)
		if (iscntrl((unsigned char)*p) || (unsigned char)*p >= 0x80)
			return false;
	while (str_cut(&rest, '/', &step))
		if (!step.n || str_eqz(step, ".") || str_eqz(step, ".."))
			return false;
	return true;
}

static int read_parts(struct advisory_source *s, const char *key, const json_t *v, struct err *e)
{
	size_t i;
	json_t *part;

	if (!json_is_array(v) || json_array_size(v) > LIMIT_SOURCE_PARTS)
		return FAIL(e, E_USAGE, "%s is not a list of at most %d", key, LIMIT_SOURCE_PARTS);
	strv_free(&s->parts);
	json_array_foreach(v, i, part)
	{
		const char *text = json_string_value(part);
		int r = text && is_part(text)
				? strv_add(&s->parts, text, e)
				: FAIL(e, E_USAGE, "%s: number %zu is not one", key, i + 1);

		if (r < 0)
			return r;
	}
	return 0;
}

static int read_bool(bool *ret, const char *key, const json_t *v, struct err *e)
{
	if (!json_is_boolean(v))
		return FAIL(e, E_USAGE, "%s is true or false", key);
	*ret = json_is_true(v);
	return 0;
}

static int read_member(struct advisory_source *s, const char *key, const json_t *v, struct err *e)
{
	if (strcmp(key, "type") == 0)
		return read_type(s, v, e);
	if (strcmp(key, "url") == 0)
		return read_url(s, v, e);
	if (strcmp(key, "enabled") == 0)
		return read_bool(&s->enabled, key, v, e);
	if (strcmp(key, "insecure") == 0)
		return read_bool(&s->insecure, key, v, e);
	if (strcmp(key, "paths") == 0 || strcmp(key, "ecosystems") == 0)
		return read_parts(s, key, v, e);
	return FAIL(e, E_USAGE,
		    "unknown key '%.80s': type, url, paths, ecosystems, enabled, insecure", key);
}

static int check_whole(const struct advisory_source *s, struct err *e)
{
	if (!s->url)
		return FAIL(e, E_USAGE, "no url");
	if (s->type == SOURCE_OSV && !s->parts.n)
		return FAIL(e, E_USAGE, "no ecosystems");
	if (starts_with(s->url, "http://") && !s->insecure) {
		struct url url;
		int r = url_parse(str_of(s->url), &url, e);

		if (r == 0 && !host_is_loopback(url.host))
			r = err_hint(e, FAIL(e, E_USAGE, "plain http to another machine"),
				     "use https, or 'insecure: true'");
		return r;
	}
	return 0;
}

static int read_source(struct advisory_sources *all, const char *name, const json_t *o,
		       struct err *e)
{
	struct advisory_source *s = advisory_sources_find(all, name);
	const char *key;
	json_t *v;
	int r = s ? 0 : check_name(name, e);

	if (r == 0 && !json_is_object(o))
		r = FAIL(e, E_USAGE, "not a mapping of keys");
	if (r == 0 && !s)
		r = add(all, name, &s, e);
	json_object_foreach((json_t *)(uintptr_t)o, key, v) r =
		r < 0 ? r : read_member(s, key, v, e);
	return r < 0 ? r : check_whole(s, e);
}

int advisory_sources_read(const json_t *section, struct advisory_sources *ret, struct err *e)
{
	auto_sources all = { .n = 0 };
	const char *key;
	json_t *v, *sources = json_object_get(section, "sources");
	int r = add_builtin(&all, e);

	if (r == 0 && section && !json_is_object(section) && !json_is_null(section))
		return FAIL(e, E_USAGE, "'advisories' is not a mapping of keys");
	json_object_foreach((json_t *)(uintptr_t)section, key, v)
	{
		if (r == 0 && strcmp(key, "sources") != 0)
			return FAIL(e, E_USAGE, "unknown key 'advisories.%.80s'", key);
		if (r == 0 && !json_is_object(v) && !json_is_null(v))
			return FAIL(e, E_USAGE, "'advisories.sources' is not a mapping of names");
	}
	json_object_foreach(sources, key, v)
	{
		r = r < 0 ? r : read_source(&all, key, v, e);
		if (r < 0)
			return WRAP(e, r, "advisories.sources.%.80s", key);
	}
	if (r < 0)
		return r;
	*ret = all;
	all.n = 0;
	return 0;
}
