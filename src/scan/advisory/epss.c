/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/unit_make.h"

#include <ctype.h>

#include "base/clock.h"

/*
 * EPSS as FIRST publishes it: a line "#model_version:v2025.03.14,score_date:2026-01-01T00:00:00Z",
 * a heading "cve,epss,percentile", and a line for each CVE, some 280,000 of them. Probabilities are
 * kept in parts per million. A unit holds the CVEs of one year, so that none is large.
 */
enum { FIRST_YEAR = 1999, YEARS = 101, PPM = 1000 * 1000 };

struct year {
	struct buf facts; /* JSON objects, a comma before each */
};

bool advisory_is_epss(struct str head)
{
	struct str line;

	if (str_starts(head, "#model_version:"))
		return true;
	return str_line(&head, &line) && str_eqz(str_trim(line), "cve,epss,percentile");
}

/* "0.97345", "1", "1e-05" (as Python writes small numbers), at most 1: in parts per million,
 * rounded. Not strtod(), which asks the locale. */
static bool read_ppm(struct str s, unsigned *ret)
{
	double v = 0, scale = 1;
	size_t i = 0;
	uint64_t exponent = 0;

	s = str_trim(s);
	if (!s.n || s.n > 32 || !isdigit((unsigned char)*s.p))
		return false;
	for (; i < s.n && isdigit((unsigned char)s.p[i]); i++)
		v = 10 * v + (s.p[i] - '0');
	if (i < s.n && s.p[i] == '.')
		for (i++; i < s.n && isdigit((unsigned char)s.p[i]); i++)
			v += (s.p[i] - '0') * (scale /= 10);
	if (i + 2 < s.n && s.p[i] == 'e' && s.p[i + 1] == '-') {
		while (i + 2 < s.n && s.p[i + 2] == '0')
			i++;
		if (str_u64((struct str){ s.p + i + 2, s.n - i - 2 }, 300, &exponent, NULL) < 0)
			return false;
		i = s.n;
	}
	for (; exponent; exponent--)
		v /= 10;
	if (i != s.n || v > 1)
		return false;
	*ret = (unsigned)(v * (double)PPM + 0.5);
	return true;
}

/* "CVE-2024-12345": its year, or -1. */
static int cve_year(struct str id)
{
	int year = 0;

	if (!str_starts(id, "CVE-") || id.n < 13 || id.n > 24 || id.p[8] != '-')
		return -1;
	for (size_t i = 4; i < id.n; i++) {
		if (i != 8 && !isdigit((unsigned char)id.p[i]))
			return -1;
		if (i < 8)
			year = 10 * year + (id.p[i] - '0');
	}
	return year >= FIRST_YEAR && year < FIRST_YEAR + YEARS ? year : -1;
}

static int read_line(struct str line, struct year *years, struct err *e)
{
	struct str id = STR(""), epss = STR(""), pct = STR("");
	unsigned p, q;
	int year;

	(void)str_cut(&line, ',', &id);
	(void)str_cut(&line, ',', &epss);
	(void)str_cut(&line, ',', &pct);
	year = cve_year(id);
	if (year < 0 || !read_ppm(epss, &p) || !read_ppm(pct, &q) || line.n)
		return FAIL(e, E_FORMAT, "not \"CVE,epss,percentile\"");
	buf_printf(&years[year - FIRST_YEAR].facts, ",{\"epss\":%u,\"id\":\"%.*s\",\"pct\":%u}", p,
		   (int)id.n, id.p, q);
	return 0;
}

/* score_date of the first line; older files have it as "2026-01-01T00:00:00+0000". */
static int64_t score_date(struct str line)
{
	const char *at = memmem(line.p, line.n, "score_date:", 11);
	char text[RFC3339_MAX];
	int64_t when;
	struct str s;

	if (!at)
		return 0;
	s = (struct str){ at + 11, (size_t)(line.p + line.n - (at + 11)) };
	if (s.n < 10)
		return 0;
	(void)snprintf(text, sizeof(text), "%.10sT00:00:00Z", s.p);
	return clock_parse_rfc3339(str_of(text), &when, NULL) == 0 && when > 0 ? when : 0;
}

static int put_year(const struct year *y, int year, int64_t when, const struct unit_sink *to,
		    struct err *e)
{
	auto_json *unit = NULL, *facts = NULL;
	auto_buf list = BUF_INIT(LIMIT_ADVISORY_DOC + 8);
	char name[32];
	int r;

	(void)snprintf(name, sizeof(name), ADVISORY_EPSS_UNITS "%d", year);
	buf_putc(&list, '[');
	buf_put(&list, y->facts.p + 1, y->facts.n - 1);
	buf_putc(&list, ']');
	r = json_parse(buf_str(&list), list.n, "EPSS", &facts, e);
	r = r < 0 ? r : unit_new(&unit, name, "epss", when, NULL, e);
	r = r < 0 ? r : json_put_string(unit, "replaces", ADVISORY_EPSS_UNITS, e);
	r = r < 0 ? r : json_put(unit, "facts", TAKE(facts), e);
	return r < 0 ? r : unit_emit(to, unit, e);
}

static int read_lines(const struct advisory_lines *lines, struct year *years, int64_t *when,
		      struct err *e)
{
	bool heading = false;
	size_t n = 0;
	struct str line;
	int r;

	while ((r = lines->next(lines->arg, &line, e)) > 0) {
		if (++n > LIMIT_EPSS_LINES)
			return FAIL(e, E_FORMAT, "more than %d lines", LIMIT_EPSS_LINES);
		line = str_trim(line);
		if (str_starts(line, "#")) {
			*when = score_date(line);
		} else if (!heading) {
			heading = str_eqz(line, "cve,epss,percentile");
			if (!heading)
				return FAIL(e, E_FORMAT, "line %zu is not the heading", n);
		} else if (line.n) {
			r = read_line(line, years, e);
			if (r < 0)
				return WRAP(e, r, "line %zu", n);
		}
	}
	if (r == 0 && !heading)
		return FAIL(e, E_FORMAT, "no heading");
	return r;
}

int advisory_epss(const struct advisory_lines *lines, const struct unit_sink *to, struct err *e)
{
	struct year *years = calloc(YEARS, sizeof(*years));
	int64_t when = 0;
	int r;

	if (!years)
		return FAIL_NOMEM(e);
	for (int i = 0; i < YEARS; i++)
		years[i].facts = BUF_INIT(LIMIT_ADVISORY_DOC);
	r = read_lines(lines, years, &when, e);
	for (int i = 0; i < YEARS; i++) {
		r = r < 0 ? r : buf_check(&years[i].facts, "EPSS of one year", e);
		if (r == 0 && years[i].facts.n)
			r = put_year(&years[i], FIRST_YEAR + i, when, to, e);
		buf_free(&years[i].facts);
	}
	free(years);
	return r;
}
