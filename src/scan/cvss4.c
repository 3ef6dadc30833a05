/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/severity.h"

#include <stdbool.h>
#include <string.h>

#include "base/str.h"

/*
 * CVSS 4.0. Metrics are sorted into six equivalence sets; their levels make a MacroVector, for
 * which experts gave a score (section 8.2, and the published table). From it is taken what the
 * vector is below the worst of its MacroVector, as a share of the way to the next one (section 8.2,
 * "Interpolation").
 */

/* The metrics that count, each with its values in the order of their severity: the place of a
 * letter is its distance from the worst, in steps. Subsequent systems have S before H, only as a
 * modified value. */
enum metric { AV, PR, UI, AC, AT, VC, VI, VA, CR, IR, AR, SC, SI, SA, E, METRICS };

static const struct {
	const char *name;
	const char *values;
	char missing; /* what stands for a metric that is not given or X; 0: it has to be given */
} metrics[METRICS] = {
	[AV] = { "AV", "NALP", 0 },  [PR] = { "PR", "NLH", 0 },	  [UI] = { "UI", "NPA", 0 },
	[AC] = { "AC", "LH", 0 },    [AT] = { "AT", "NP", 0 },	  [VC] = { "VC", "HLN", 0 },
	[VI] = { "VI", "HLN", 0 },   [VA] = { "VA", "HLN", 0 },	  [CR] = { "CR", "HML", 'H' },
	[IR] = { "IR", "HML", 'H' }, [AR] = { "AR", "HML", 'H' }, [SC] = { "SC", "SHLN", 0 },
	[SI] = { "SI", "SHLN", 0 },  [SA] = { "SA", "SHLN", 0 },  [E] = { "E", "APU", 'A' },
};

/* Metrics that say nothing of the score (section 4, supplemental). */
static const char *const supplemental[] = { "S", "AU", "R", "V", "RE", "U" };

struct vector {
	int v[METRICS];
};

/* MacroVector scores in tenths: rows are EQ1, EQ2, EQ3, columns EQ4, EQ5, EQ6. -1: there is none.
 */
static const signed char scores[18][18] = {
	{ 100, 99, 98, 95, 95, 92, 100, 96, 93, 87, 91, 81, 93, 90, 89, 80, 81, 68 },
	{ 98, 95, 95, 92, 90, 84, 93, 92, 89, 81, 81, 65, 88, 80, 78, 70, 69, 48 },
	{ -1, 92, -1, 82, -1, 72, -1, 79, -1, 69, -1, 50, -1, 69, -1, 55, -1, 27 },
	{ 99, 97, 95, 92, 92, 85, 95, 91, 90, 83, 84, 71, 92, 81, 82, 71, 72, 53 },
	{ 95, 93, 92, 85, 85, 73, 92, 82, 80, 72, 70, 59, 84, 70, 71, 52, 50, 30 },
	{ -1, 86, -1, 75, -1, 52, -1, 71, -1, 52, -1, 29, -1, 63, -1, 29, -1, 17 },
	{ 98, 95, 94, 87, 91, 81, 94, 89, 86, 74, 77, 64, 87, 75, 74, 63, 63, 49 },
	{ 94, 89, 88, 77, 76, 67, 86, 76, 74, 58, 59, 50, 72, 57, 57, 52, 52, 25 },
	{ -1, 83, -1, 70, -1, 54, -1, 65, -1, 58, -1, 26, -1, 53, -1, 21, -1, 13 },
	{ 95, 90, 88, 76, 76, 70, 90, 77, 75, 62, 61, 53, 77, 66, 68, 59, 52, 30 },
	{ 89, 78, 76, 67, 62, 58, 74, 59, 57, 57, 47, 23, 61, 52, 57, 29, 24, 16 },
	{ -1, 71, -1, 59, -1, 30, -1, 58, -1, 26, -1, 15, -1, 23, -1, 13, -1, 6 },
	{ 93, 87, 86, 72, 75, 58, 86, 74, 74, 61, 56, 34, 70, 54, 52, 40, 40, 22 },
	{ 85, 75, 74, 55, 62, 51, 72, 57, 55, 41, 46, 19, 53, 36, 34, 19, 19, 8 },
	{ -1, 64, -1, 51, -1, 20, -1, 47, -1, 21, -1, 11, -1, 24, -1, 9, -1, 4 },
	{ 88, 75, 73, 53, 60, 50, 73, 55, 59, 40, 41, 20, 54, 43, 45, 22, 20, 11 },
	{ 75, 55, 58, 45, 40, 21, 61, 51, 48, 18, 20, 9, 46, 18, 17, 7, 8, 2 },
	{ -1, 53, -1, 24, -1, 14, -1, 24, -1, 12, -1, 5, -1, 10, -1, 3, -1, 1 }
};

/* The worst vectors of each level of a set: no metric of the level is worse in all of them. */
struct worst {
	int eq, level;
	int v[6];
};

/* EQ3 and EQ6 go together: their level is 2 * EQ3 + EQ6. */
enum set { EQ1, EQ2, EQ3_6, EQ4, SETS };

static const struct {
	int n;
	enum metric m[6];
	int depth[6]; /* steps from the worst to the least of a level */
} sets[SETS] = {
	[EQ1] = { 3, { AV, PR, UI }, { 1, 4, 5 } },
	[EQ2] = { 2, { AC, AT }, { 1, 2 } },
	[EQ3_6] = { 6, { VC, VI, VA, CR, IR, AR }, { 7, 6, 8, 8, 0, 10 } },
	[EQ4] = { 3, { SC, SI, SA }, { 6, 5, 4 } },
};

static const struct worst worst[] = {
	{ EQ1, 0, { 0, 0, 0 } },
	{ EQ1, 1, { 1, 0, 0 } },
	{ EQ1, 1, { 0, 1, 0 } },
	{ EQ1, 1, { 0, 0, 1 } },
	{ EQ1, 2, { 3, 0, 0 } },
	{ EQ1, 2, { 1, 1, 1 } },
	{ EQ2, 0, { 0, 0 } },
	{ EQ2, 1, { 1, 0 } },
	{ EQ2, 1, { 0, 1 } },
	{ EQ3_6, 0, { 0, 0, 0, 0, 0, 0 } },
	{ EQ3_6, 1, { 0, 0, 1, 1, 1, 0 } },
	{ EQ3_6, 1, { 0, 0, 0, 1, 1, 1 } },
	{ EQ3_6, 2, { 1, 0, 0, 0, 0, 0 } },
	{ EQ3_6, 2, { 0, 1, 0, 0, 0, 0 } },
	{ EQ3_6, 3, { 1, 0, 1, 0, 1, 0 } },
	{ EQ3_6, 3, { 1, 0, 0, 0, 1, 1 } },
	{ EQ3_6, 3, { 0, 1, 0, 1, 0, 1 } },
	{ EQ3_6, 3, { 0, 1, 1, 1, 0, 0 } },
	{ EQ3_6, 3, { 1, 1, 0, 0, 0, 1 } },
	{ EQ3_6, 5, { 1, 1, 1, 0, 0, 0 } },
	{ EQ4, 0, { 1, 0, 0 } },
	{ EQ4, 1, { 1, 1, 1 } },
	{ EQ4, 2, { 2, 2, 2 } },
};

static bool is_supplemental(struct str name)
{
	for (size_t i = 0; i < sizeof(supplemental) / sizeof(*supplemental); i++)
		if (str_eqz(name, supplemental[i]))
			return true;
	return false;
}

/* The place of a value, -1 for X, -2 for what the metric does not have. */
static int place(enum metric m, bool modified, struct str value)
{
	const char *at = value.n == 1 ? strchr(metrics[m].values, *value.p) : NULL;

	if (str_eqz(value, "X") && (modified || metrics[m].missing))
		return -1;
	if (!at || (*at == 'S' && (!modified || m == SC)))
		return -2;
	return (int)(at - metrics[m].values);
}

/* One "NAME:VALUE" into base or modified, which hold -3 where nothing was given. */
static bool read_metric(struct str name, struct str value, struct vector *base,
			struct vector *modified)
{
	for (int m = 0; m < METRICS; m++) {
		bool is_modified = name.n > 1 && *name.p == 'M' && !metrics[m].missing &&
				   str_eqz((struct str){ name.p + 1, name.n - 1 }, metrics[m].name);
		int *to = is_modified ? &modified->v[m] : &base->v[m];

		if (!is_modified && !str_eqz(name, metrics[m].name))
			continue;
		if (*to != -3)
			return false; /* twice */
		*to = place((enum metric)m, is_modified, value);
		return *to != -2;
	}
	return is_supplemental(name);
}

static bool read_vector(struct str text, struct vector *ret)
{
	struct vector modified;
	struct str part, name;

	for (int m = 0; m < METRICS; m++)
		ret->v[m] = modified.v[m] = -3;
	while (str_cut(&text, '/', &part))
		if (!str_cut(&part, ':', &name) || !read_metric(name, part, ret, &modified))
			return false;
	for (int m = 0; m < METRICS; m++) {
		if (ret->v[m] < 0 && !metrics[m].missing)
			return false;
		if (ret->v[m] < 0)
			ret->v[m] = 0; /* the worst is what stands for an unknown one */
		if (modified.v[m] >= 0)
			ret->v[m] = modified.v[m];
	}
	return true;
}

/* Section 8.2, tables 24 to 29. */
static void macro_vector(const struct vector *v, int ret[static 6])
{
	const int *m = v->v;
	int easy = (m[AV] == 0) + (m[PR] == 0) + (m[UI] == 0);

	ret[0] = easy == 3 ? 0 : easy > 0 && m[AV] != 3 ? 1 : 2;
	ret[1] = m[AC] || m[AT];
	ret[2] = !m[VC] && !m[VI] ? 0 : !m[VC] || !m[VI] || !m[VA] ? 1 : 2;
	ret[3] = !m[SI] || !m[SA] ? 0 : m[SC] == 1 || m[SI] == 1 || m[SA] == 1 ? 1 : 2;
	ret[4] = m[E];
	ret[5] = (m[CR] || m[VC]) && (m[IR] || m[VI]) && (m[AR] || m[VA]);
}

/* In tenths, -1 where there is no such MacroVector. */
static int macro_score(const int eq[static 6])
{
	if (eq[0] > 2 || eq[1] > 1 || eq[2] > 2 || eq[3] > 2 || eq[4] > 2 || eq[5] > 1)
		return -1;
	return scores[eq[0] * 6 + eq[1] * 3 + eq[2]][eq[3] * 6 + eq[4] * 2 + eq[5]];
}

/* The score of the MacroVector one level further down in one set. */
static int lower_score(const int eq[static 6], int set)
{
	int one[6], both, r;

	memcpy(one, eq, sizeof(one));
	one[set]++;
	if (set != 2)
		return macro_score(one);
	/* EQ3 and EQ6: the way down is in EQ6 first; from the top of both, whichever is worse. */
	r = macro_score(one);
	if (eq[5] != 0 || eq[2] > 1)
		return r;
	memcpy(one, eq, sizeof(one));
	one[5]++;
	both = macro_score(one);
	return eq[2] == 1 || both > r ? both : r;
}

/* Steps from the first of a level's worst vectors that is as bad in every metric. */
static int distance(const struct vector *v, enum set set, int level)
{
	for (size_t i = 0; i < sizeof(worst) / sizeof(*worst); i++) {
		int steps = 0, j = 0;

		if (worst[i].eq != (int)set || worst[i].level != level)
			continue;
		for (; j < sets[set].n; j++) {
			int d = v->v[sets[set].m[j]] - worst[i].v[j];

			if (d < 0)
				break;
			steps += d;
		}
		if (j == sets[set].n)
			return steps;
	}
	return 0;
}

static bool is_harmless(const struct vector *v)
{
	return v->v[VC] == 2 && v->v[VI] == 2 && v->v[VA] == 2 && v->v[SC] == 3 && v->v[SI] == 3 &&
	       v->v[SA] == 3;
}

int cvss4_score(struct str text)
{
	struct vector v;
	int eq[6], value, n = 0;
	double less = 0;

	if (!read_vector(text, &v))
		return -1;
	if (is_harmless(&v))
		return 0;
	macro_vector(&v, eq);
	value = macro_score(eq);
	for (int set = 0; set < 5; set++) {
		int lower = lower_score(eq, set);
		int level = set == 2 ? 2 * eq[2] + eq[5] : eq[set];

		if (lower < 0)
			continue;
		n++;
		if (set < SETS) /* within a level of EQ5 all are equal */
			less += (double)(value - lower) * distance(&v, (enum set)set, level) /
				sets[set].depth[level];
	}
	if (n)
		less /= n;
	/* Rounded half up; what floating point lost of a half is given back. */
	return less >= value ? 0 : (int)(value - less + 0.5 + 1e-5);
}
