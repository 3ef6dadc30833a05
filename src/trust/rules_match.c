/* SPDX-License-Identifier: Apache-2.0 */
/* Which rule, which type, which pattern: pure comparisons. */
#include <ctype.h>
#include <string.h>

#include "trust/predicates.h"
#include "trust/rules.h"

/* The scope is the repository, or ends where a part of its path does. */
static bool within(const char *scope, const char *repository)
{
	const size_t n = strlen(scope);

	return strncmp(scope, repository, n) == 0 &&
	       (repository[n] == '\0' || repository[n] == '/');
}

const struct rule *rules_select(const struct rules *r, const char *repository)
{
	const struct rule *best = NULL, *any = NULL;

	for (size_t i = 0; i < r->n; i++) {
		const struct rule *one = &r->v[i];

		if (strcmp(one->scope, "*") == 0)
			any = one;
		else if (within(one->scope, repository) &&
			 (!best || strlen(one->scope) > strlen(best->scope)))
			best = one;
	}
	return best ? best : any;
}

/* Our words, and those that cosign's --type has; each covers the types in the list, and an
 * attestation made by that word is of the first, or of one that cosign makes by it. */
static const struct {
	const char *word, *types, *made;
} words[] = {
	{ "provenance", PREDICATE_PROVENANCE, PREDICATE_PROVENANCE },
	{ "slsaprovenance1", PREDICATE_PROVENANCE, PREDICATE_PROVENANCE },
	{ "slsaprovenance", PREDICATE_PROVENANCE_02, PREDICATE_PROVENANCE_02 },
	{ "slsaprovenance02", PREDICATE_PROVENANCE_02, PREDICATE_PROVENANCE_02 },
	{ "sbom", PREDICATE_SPDX " " PREDICATE_SPDX "/v2.3 " PREDICATE_CYCLONEDX, NULL },
	{ "spdx", PREDICATE_SPDX " " PREDICATE_SPDX "/v2.3", PREDICATE_SPDX },
	{ "spdxjson", PREDICATE_SPDX " " PREDICATE_SPDX "/v2.3", PREDICATE_SPDX },
	{ "cyclonedx", PREDICATE_CYCLONEDX, PREDICATE_CYCLONEDX },
	{ "vuln",
	  PREDICATE_VULNS " https://in-toto.io/attestation/vulns/v0.1 " PREDICATE_VULNS_COSIGN,
	  PREDICATE_VULNS_COSIGN },
	{ "vsa", PREDICATE_SUMMARY, PREDICATE_SUMMARY },
	{ "openvex", PREDICATE_VEX, PREDICATE_VEX },
	{ "link", PREDICATE_LINK, PREDICATE_LINK },
	{ "custom", PREDICATE_CUSTOM, PREDICATE_CUSTOM },
};
enum { WORDS = sizeof(words) / sizeof(words[0]) };

static int find_word(const char *word)
{
	int i = 0;

	while (i < WORDS && strcmp(words[i].word, word) != 0)
		i++;
	return i < WORDS ? i : -1;
}

bool rule_type_ok(const char *type)
{
	const char *colon = strchr(type, ':');

	if (find_word(type) >= 0)
		return true;
	if (!colon || colon == type || !colon[1] || strlen(type) > LIMIT_RULE_TEXT)
		return false;
	for (const char *p = type; *p; p++)
		if (!isgraph((unsigned char)*p))
			return false;
	return true;
}

bool rule_type_covers(const char *word, const char *predicate_type)
{
	int i = find_word(word);

	return i >= 0 ? has_word(words[i].types, predicate_type)
		      : strcmp(word, predicate_type) == 0;
}

const char *rule_type_made(const char *word)
{
	int i = find_word(word);

	if (i >= 0)
		return words[i].made;
	return rule_type_ok(word) ? word : NULL;
}

/* "." or ".." as a part of the path; an escaped one is nobody's honest name. */
static bool has_dots(const char *s)
{
	struct str rest = str_of(s), part;

	if (strcasestr(s, "%2e"))
		return true;
	while (str_cut(&rest, '/', &part))
		if (str_eqz(part, ".") || str_eqz(part, ".."))
			return true;
	return false;
}

/* Where to go on after a star has taken one character more. */
struct star {
	const char *pattern, *from;
};

/* Where the host of a URL ends in a pattern; its beginning when it is of none. */
static const char *host_end(const char *pattern)
{
	const char *slashes = strstr(pattern, "://");

	return slashes ? slashes + 3 + strcspn(slashes + 3, "/") : pattern;
}

/* A part of a path is all but "/"; what stands for a part of a host must not end it. */
static bool star_takes(char c, bool in_host)
{
	return c && !strchr(in_host ? "/?#@\\" : "/", c);
}

/* Where nothing matches, the last "*" takes a character more, as long as it may; then the last
 * "**". What stands before that needs no second look: it can take anything. */
bool rule_pattern_match(const char *pattern, const char *s)
{
	const char *host = host_end(pattern);
	struct star one = { NULL, NULL }, any = { NULL, NULL };

	if (strlen(s) > LIMIT_RULE_MATCHED || has_dots(s))
		return false;
	while (*s || *pattern) {
		if (pattern[0] == '*' && pattern[1] == '*') {
			pattern += 2;
			any = (struct star){ pattern, s };
			one.pattern = NULL;
		} else if (*pattern == '*') {
			one = (struct star){ ++pattern, s };
		} else if (*s && *pattern == *s) {
			pattern++;
			s++;
		} else if (one.pattern && star_takes(*one.from, one.pattern <= host)) {
			s = ++one.from;
			pattern = one.pattern;
		} else if (any.pattern && *any.from) {
			s = ++any.from;
			pattern = any.pattern;
			one.pattern = NULL;
		} else {
			return false;
		}
	}
	return true;
}
