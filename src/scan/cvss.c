/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/severity.h"

#include <stdbool.h>

#include "base/str.h"

enum { LIMIT_VECTOR = 512 };

/* The value of a metric: the letters after "NAME:". Empty when it is not there or there twice. */
static struct str metric(struct str vector, const char *name)
{
	struct str part, key, found = STR("");
	bool seen = false;

	while (str_cut(&vector, '/', &part)) {
		if (!str_cut(&part, ':', &key) || !str_eqz(key, name))
			continue;
		if (seen)
			return STR("");
		found = part;
		seen = true;
	}
	return found;
}

struct weight {
	char letter;
	double value;
};

/* The weight of a metric's one letter; false when it is none of the three. */
static bool weigh(struct str vector, const char *name, const struct weight w[static 4], double *ret)
{
	struct str value = metric(vector, name);

	for (int i = 0; i < 4 && w[i].letter; i++)
		if (value.n == 1 && *value.p == w[i].letter) {
			*ret = w[i].value;
			return true;
		}
	return false;
}

static double least(double a, double b)
{
	return a < b ? a : b;
}

/* CVSS 3.1, appendix A: rounding up in whole numbers, free of the errors of floating point. */
static int round_up(double score)
{
	long scaled = (long)(score * 100000 + 0.5);

	return (int)((scaled + 9999) / 10000);
}

static int score_v3(struct str v)
{
	static const struct weight av[4] = {
		{ 'N', 0.85 }, { 'A', 0.62 }, { 'L', 0.55 }, { 'P', 0.2 }
	};
	static const struct weight ac[4] = { { 'L', 0.77 }, { 'H', 0.44 } };
	static const struct weight pr_same[4] = { { 'N', 0.85 }, { 'L', 0.62 }, { 'H', 0.27 } };
	static const struct weight pr_changed[4] = { { 'N', 0.85 }, { 'L', 0.68 }, { 'H', 0.5 } };
	static const struct weight ui[4] = { { 'N', 0.85 }, { 'R', 0.62 } };
	static const struct weight scope[4] = { { 'U', 0 }, { 'C', 1 } };
	static const struct weight cia[4] = { { 'H', 0.56 }, { 'L', 0.22 }, { 'N', 0 } };
	double attack, complexity, privileges, interaction, changed, c, i, a, iss, impact,
		power = 1;

	if (!weigh(v, "S", scope, &changed) || !weigh(v, "AV", av, &attack) ||
	    !weigh(v, "AC", ac, &complexity) || !weigh(v, "UI", ui, &interaction) ||
	    !weigh(v, "PR", changed > 0 ? pr_changed : pr_same, &privileges) ||
	    !weigh(v, "C", cia, &c) || !weigh(v, "I", cia, &i) || !weigh(v, "A", cia, &a))
		return -1;
	iss = 1 - (1 - c) * (1 - i) * (1 - a);
	for (int n = 0; n < 15; n++)
		power *= iss - 0.02;
	impact = changed > 0 ? 7.52 * (iss - 0.029) - 3.25 * power : 6.42 * iss;
	if (impact <= 0)
		return 0;
	impact += 8.22 * attack * complexity * privileges * interaction;
	return round_up(least(changed > 0 ? 1.08 * impact : impact, 10));
}

static int score_v2(struct str v)
{
	static const struct weight av[4] = { { 'N', 1 }, { 'A', 0.646 }, { 'L', 0.395 } };
	static const struct weight ac[4] = { { 'L', 0.71 }, { 'M', 0.61 }, { 'H', 0.35 } };
	static const struct weight au[4] = { { 'N', 0.704 }, { 'S', 0.56 }, { 'M', 0.45 } };
	static const struct weight cia[4] = { { 'C', 0.66 }, { 'P', 0.275 }, { 'N', 0 } };
	double attack, complexity, authentication, c, i, a, impact, score;

	if (!weigh(v, "AV", av, &attack) || !weigh(v, "AC", ac, &complexity) ||
	    !weigh(v, "Au", au, &authentication) || !weigh(v, "C", cia, &c) ||
	    !weigh(v, "I", cia, &i) || !weigh(v, "A", cia, &a))
		return -1;
	impact = 10.41 * (1 - (1 - c) * (1 - i) * (1 - a));
	if (impact <= 0)
		return 0;
	score = 1.176 * (0.6 * impact + 8 * attack * complexity * authentication - 1.5);
	return (int)(score * 10 + 0.5);
}

int cvss_score(const char *vector)
{
	struct str v = str_of(vector);

	if (v.n > LIMIT_VECTOR)
		return -1;
	if (str_starts(v, "CVSS:3.0/") || str_starts(v, "CVSS:3.1/"))
		return score_v3((struct str){ v.p + 9, v.n - 9 });
	if (str_starts(v, "CVSS:4.0/"))
		return cvss4_score((struct str){ v.p + 9, v.n - 9 });
	if (str_starts(v, "CVSS:"))
		return -1;
	return score_v2(v);
}
