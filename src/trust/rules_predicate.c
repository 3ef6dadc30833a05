/* SPDX-License-Identifier: Apache-2.0 */
/* What attestations say, against what a rule asks for. */
#include <string.h>

#include "base/clock.h"
#include "trust/predicates.h"
#include "trust/rules_judge.h"

static const json_t *path(const json_t *o, const char *a, const char *b)
{
	return json_object_get(json_object_get(o, a), b);
}

static int match(const char *pattern, const char *have, const char *what, struct err *e)
{
	if (have && rule_pattern_match(pattern, have))
		return 0;
	return FAIL(e, E_POLICY, "%s is '%.200s', not %.200s", what, have ? have : "not told",
		    pattern);
}

/* Where builders other than ours tell what was to be built: a URI, or a descriptor or repository
 * with one. Arguments and inputs of a build are no such place: who starts it writes what he likes.
 */
static const char *const source_members[] = { "source", "configSource", "workflow",
					      "buildConfigSource", "sourceToBuild" };
enum { SOURCE_MEMBERS = sizeof(source_members) / sizeof(source_members[0]) };

static const char *told_uri(const json_t *source)
{
	const char *uri = json_string_or_null(source, "uri");

	return json_is_string(source) ? json_string_value(source)
	       : uri		      ? uri
				      : json_string_or_null(source, "repository");
}

static bool has_commit(const json_t *descriptor)
{
	return json_is_string(path(descriptor, "digest", "gitCommit")) ||
	       json_is_string(path(descriptor, "digest", "sha1"));
}

/* "https://host/x" of "git+https://host/x.git@refs/heads/main" or "...#main". */
static struct str bare(const char *uri)
{
	struct str s = str_of(starts_with(uri, "git+") ? uri + 4 : uri);
	const char *slashes = strstr(s.p, "://");
	const char *rest = slashes ? strchr(slashes + 3, '/') : NULL;
	const char *end = rest ? strpbrk(rest, "@#?") : NULL;

	if (end)
		s.n = (size_t)(end - s.p);
	while (s.n > 0 && s.p[s.n - 1] == '/')
		s.n--;
	if (s.n > 4 && memcmp(s.p + s.n - 4, ".git", 4) == 0)
		s.n -= 4;
	return s;
}

/* One of the sources that were asked for is of the pattern, and its commit is told: by itself, or
 * by the dependency that it names. */
static bool source_is(const json_t *source, const json_t *dependencies, const char *pattern)
{
	const char *told = told_uri(source);
	const json_t *d;
	size_t i;

	if (!told)
		return false;
	if (has_commit(source) && rule_pattern_match(pattern, told))
		return true;
	json_array_foreach(dependencies, i, d)
	{
		const char *uri = json_string_or_null(d, "uri");

		if (uri && has_commit(d) && str_eq(bare(uri), bare(told)) &&
		    rule_pattern_match(pattern, uri))
			return true;
	}
	return false;
}

static bool is_of(const json_t *definition, const char *pattern)
{
	const json_t *dependencies = json_object_get(definition, "resolvedDependencies");

	for (int i = 0; i < SOURCE_MEMBERS; i++)
		if (source_is(path(definition, "externalParameters", source_members[i]),
			      dependencies, pattern))
			return true;
	return false;
}

static int check_source(const struct rule *rule, const json_t *definition, struct err *e)
{
	const json_t *source = path(definition, "externalParameters", "source");
	const char *type = json_string_or_null(definition, "buildType");
	const bool ours = type && strcmp(type, BUILD_TYPE) == 0;
	int r = 0;

	if (rule->source && ours)
		r = match(rule->source, json_string_or_null(source, "uri"), "its source", e);
	else if (rule->source && !is_of(definition, rule->source))
		r = FAIL(e, E_POLICY, "no source of it is %.200s", rule->source);
	if (r < 0 || !rule->clean_source)
		return r;
	if (!ours || !json_string_value(path(source, "digest", "gitCommit")))
		return FAIL(e, E_POLICY, "it does not tell of which commit it is");
	if (!json_is_false(json_object_get(source, "dirty")))
		return FAIL(e, E_POLICY, "its source has more, or other, than commit %.64s",
			    json_string_value(path(source, "digest", "gitCommit")));
	return 0;
}

static int check_provenance(const struct rule *rule, const char *type, const json_t *p,
			    struct err *e)
{
	const json_t *builder = path(p, "runDetails", "builder");
	int r = 0;

	if (!rule->builder && !rule->source && !rule->clean_source)
		return 0;
	if (strcmp(type, PREDICATE_PROVENANCE) != 0)
		return FAIL(e, E_POLICY, "builder and source are read of %s only",
			    PREDICATE_PROVENANCE);
	if (rule->builder)
		r = match(rule->builder, json_string_or_null(builder, "id"), "its builder", e);
	return r < 0 ? r : check_source(rule, json_object_get(p, "buildDefinition"), e);
}

static int check_scan(const struct rule *rule, const json_t *p, int64_t now, struct err *e)
{
	const char *text = json_string_or_null(json_object_get(p, "metadata"), "scanFinishedOn");
	int64_t at;

	if (!rule->max_scan_age)
		return 0;
	if (!text || clock_parse_rfc3339(str_of(text), &at, NULL) < 0)
		return FAIL(e, E_POLICY, "it does not tell when the scan was");
	if (at > now + RULE_CLOCK_SKEW)
		return FAIL(e, E_POLICY, "its scan is of the future, %.40s", text);
	if (now - at > rule->max_scan_age)
		return FAIL(e, E_POLICY, "its scan is of %.40s, more than %lld hours ago", text,
			    (long long)(rule->max_scan_age / 3600));
	return 0;
}

static int check_summary(const struct rule *rule, const json_t *p, struct err *e)
{
	const char *result = json_string_or_null(p, "verificationResult");

	if (!result || strcmp(result, "PASSED") != 0)
		return FAIL(e, E_POLICY, "its result is '%.40s', not PASSED",
			    result ? result : "not told");
	return rule->verifier ? match(rule->verifier,
				      json_string_or_null(json_object_get(p, "verifier"), "id"),
				      "its verifier", e)
			      : 0;
}

int rule_predicate(const struct rule *rule, const char *predicate_type, const json_t *statement,
		   int64_t now, struct err *e)
{
	const json_t *p = json_object_get(statement, "predicate");

	if (!json_is_object(p))
		return FAIL(e, E_POLICY, "it has no predicate");
	if (starts_with(predicate_type, "https://slsa.dev/provenance/"))
		return check_provenance(rule, predicate_type, p, e);
	if (rule_type_covers("vuln", predicate_type))
		return check_scan(rule, p, now, e);
	return rule_type_covers("vsa", predicate_type) ? check_summary(rule, p, e) : 0;
}
