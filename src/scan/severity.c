/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/severity.h"

#include <stddef.h>
#include <strings.h>

static const char *const names[SEVERITIES] = { "unknown", "low", "medium", "high", "critical" };

static const struct {
	const char *word;
	enum severity severity;
} words[] = {
	{ "unimportant", SEVERITY_LOW },   { "negligible", SEVERITY_LOW },
	{ "low", SEVERITY_LOW },	   { "minor", SEVERITY_LOW },
	{ "medium", SEVERITY_MEDIUM },	   { "moderate", SEVERITY_MEDIUM },
	{ "high", SEVERITY_HIGH },	   { "important", SEVERITY_HIGH },
	{ "critical", SEVERITY_CRITICAL },
};

const char *severity_name(enum severity s)
{
	return s >= 0 && (int)s < SEVERITIES ? names[s] : names[SEVERITY_UNKNOWN];
}

int severity_parse(const char *s, enum severity *ret, struct err *e)
{
	for (int i = 0; i < SEVERITIES; i++)
		if (strcasecmp(s, names[i]) == 0) {
			*ret = (enum severity)i;
			return 0;
		}
	return FAIL(e, E_USAGE, "'%s' is not a severity: unknown, low, medium, high or critical",
		    s);
}

enum severity severity_of_word(const char *word)
{
	for (size_t i = 0; word && i < sizeof(words) / sizeof(*words); i++)
		if (strcasecmp(word, words[i].word) == 0)
			return words[i].severity;
	return SEVERITY_UNKNOWN;
}

enum severity severity_of_score(int tenths)
{
	if (tenths < 0)
		return SEVERITY_UNKNOWN;
	if (tenths < 40)
		return SEVERITY_LOW;
	if (tenths < 70)
		return SEVERITY_MEDIUM;
	return tenths < 90 ? SEVERITY_HIGH : SEVERITY_CRITICAL;
}
