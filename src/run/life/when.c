/* SPDX-License-Identifier: Apache-2.0 */
#include "run/life/when.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/str.h"

#define SECOND INT64_C(1000000000)

/* Up to nine digits after the point, as nanoseconds; false when there are none. */
static bool fraction(const char **at, int64_t unit, int64_t *ret)
{
	int64_t n = 0;
	const char *p = *at;

	for (; *p >= '0' && *p <= '9'; p++) {
		unit /= 10;
		n += unit * (*p - '0');
	}
	if (p == *at)
		return false;
	*ret = n;
	*at = p;
	return true;
}

/* Digits; at most max. */
static bool whole(const char **at, int64_t max, int64_t *ret)
{
	int64_t n = 0;
	const char *p = *at;

	for (; *p >= '0' && *p <= '9'; p++) {
		n = n * 10 + (*p - '0');
		if (n > max)
			return false;
	}
	if (p == *at)
		return false;
	*ret = n;
	*at = p;
	return true;
}

static int64_t unit_of(const char **at)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = { { "ns", 1 },     { "us", 1000 },	     { "ms", 1000000 },
		      { "s", SECOND }, { "m", 60 * SECOND }, { "h", 3600 * SECOND } };

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (starts_with(*at, units[i].name)) {
			*at += strlen(units[i].name);
			return units[i].ns;
		}
	return 0;
}

/* "1h30m", "1.5h". */
static bool duration(const char *p, int64_t *ret)
{
	int64_t sum = 0;

	do {
		const char *decimals = NULL;
		int64_t n = 0, part = 0, unit;

		if (!whole(&p, 1000000, &n))
			return false;
		if (*p == '.') {
			decimals = ++p;
			if (!fraction(&p, SECOND, &part))
				return false;
		}
		unit = unit_of(&p);
		if (!unit)
			return false;
		if (decimals)
			(void)fraction(&decimals, unit, &part);
		sum += n * unit + part;
		if (sum > INT64_MAX / 4)
			return false;
	} while (*p);
	*ret = sum;
	return true;
}

static bool unix_time(const char *p, int64_t *ret)
{
	int64_t s, ns = 0;

	if (!whole(&p, INT64_MAX / SECOND / 4, &s))
		return false;
	if (*p == '.') {
		p++;
		if (!fraction(&p, SECOND, &ns))
			return false;
	}
	if (*p)
		return false;
	*ret = s * SECOND + ns;
	return true;
}

/* Exactly n digits within bounds. */
static bool digits(const char **at, int n, int min, int max, int *ret)
{
	int v = 0;

	for (int i = 0; i < n; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return false;
		v = v * 10 + (**at - '0');
	}
	*ret = v;
	return v >= min && v <= max;
}

static bool literal(const char **at, char c)
{
	return **at == c && (*at)++;
}

static bool zone(const char **at, int *ret_seconds)
{
	int h, m, sign = **at == '-' ? -1 : 1;

	if (literal(at, 'Z')) {
		*ret_seconds = 0;
		return true;
	}
	if (!literal(at, '+') && !literal(at, '-'))
		return false;
	if (!digits(at, 2, 0, 23, &h) || !literal(at, ':') || !digits(at, 2, 0, 59, &m))
		return false;
	*ret_seconds = sign * (h * 3600 + m * 60);
	return true;
}

static bool time_of_day(const char **at, struct tm *tm, int64_t *ret_ns)
{
	if (!digits(at, 2, 0, 23, &tm->tm_hour) || !literal(at, ':') ||
	    !digits(at, 2, 0, 59, &tm->tm_min))
		return false;
	if (literal(at, ':')) {
		if (!digits(at, 2, 0, 60, &tm->tm_sec))
			return false;
		/* ISO 8601's own sign, as date(1) prints it, or RFC 3339's. */
		if ((literal(at, ',') || literal(at, '.')) && !fraction(at, SECOND, ret_ns))
			return false;
	}
	return true;
}

static bool calendar(const char *p, int64_t *ret)
{
	struct tm tm = { .tm_isdst = -1 };
	int64_t ns = 0;
	int offset = 0;
	bool has_zone = false;
	struct tm again;
	time_t t;

	if (!digits(&p, 4, 1970, 2200, &tm.tm_year) || !literal(&p, '-') ||
	    !digits(&p, 2, 1, 12, &tm.tm_mon) || !literal(&p, '-') ||
	    !digits(&p, 2, 1, 31, &tm.tm_mday))
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	if (literal(&p, 'T') && !time_of_day(&p, &tm, &ns))
		return false;
	if (*p) {
		has_zone = zone(&p, &offset);
		if (!has_zone || *p)
			return false;
	}
	again = tm;
	t = has_zone ? timegm(&again) : mktime(&again);
	if (t == (time_t)-1 || again.tm_mday != tm.tm_mday) /* 31 February */
		return false;
	*ret = ((int64_t)t - offset) * SECOND + ns;
	return true;
}

int when_parse(const char *text, int64_t now_ns, int64_t *ret, struct err *e)
{
	const bool after = text[0] == '-';
	int64_t n;

	if (duration(text + after, &n))
		*ret = after ? now_ns + n : now_ns - n;
	else if (!unix_time(text, ret) && !calendar(text, ret))
		return FAIL(e, E_USAGE,
			    "'%.60s' is no time: want 10m, 2026-11-27T10:00:00Z, 2026-11-27 or "
			    "seconds since 1970",
			    text);
	return 0;
}

int64_t when_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * SECOND + t.tv_nsec;
}

void when_print(int64_t ns, char ret[static WHEN_MAX])
{
	const time_t s = (time_t)(ns / SECOND);
	struct tm tm;

	(void)gmtime_r(&s, &tm);
	(void)snprintf(ret, WHEN_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%09dZ",
		       (tm.tm_year + 1900) % 10000, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		       tm.tm_min, tm.tm_sec, (int)(ns % SECOND));
}
