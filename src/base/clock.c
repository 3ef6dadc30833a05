/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

/* Not time(2): that is the clock of the last tick, and a file that was written just now may have a
 * later second (since Linux 6.13). */
int64_t clock_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec;
}

uint64_t clock_mono_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void clock_rfc3339(int64_t t, char ret[static RFC3339_MAX])
{
	time_t tt = (time_t)t;
	struct tm tm;

	/* Not strftime: its %Y has no leading zeros. Years of more than four digits are not RFC
	 * 3339. */
	if (!gmtime_r(&tt, &tm) || tm.tm_year < -1900 || tm.tm_year > 9999 - 1900) {
		(void)snprintf(ret, RFC3339_MAX, "1970-01-01T00:00:00Z");
		return;
	}
	(void)snprintf(ret, RFC3339_MAX, "%04u-%02u-%02uT%02u:%02u:%02uZ",
		       (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)(tm.tm_mon + 1) % 100,
		       (unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100,
		       (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
}

/* Takes exactly n digits off the front. */
static bool digits(struct str *s, size_t n, int *ret)
{
	int v = 0;

	if (s->n < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s->p[i] < '0' || s->p[i] > '9')
			return false;
		v = v * 10 + (s->p[i] - '0');
	}
	s->p += n;
	s->n -= n;
	*ret = v;
	return true;
}

static bool letter(struct str *s, const char *any)
{
	if (s->n == 0 || !memchr(any, s->p[0], strlen(any)))
		return false;
	s->p++;
	s->n--;
	return true;
}

static bool zone(struct str *s, int *ret)
{
	bool minus;
	int h, m;

	*ret = 0;
	if (letter(s, "Zz"))
		return true;
	minus = s->n && s->p[0] == '-';
	if (!letter(s, "+-") || !digits(s, 2, &h) || !letter(s, ":") || !digits(s, 2, &m) ||
	    h > 23 || m > 59)
		return false;
	*ret = (h * 60 + m) * (minus ? -60 : 60);
	return true;
}

/* Of the proleptic Gregorian calendar; years begin in March, so that a leap day is their last. */
static int64_t days_since_1970(int64_t year, int month, int day)
{
	int64_t from_march = (month + 9) % 12;
	int64_t y = year - (month < 3) + 400; /* a cycle later, so that nothing is negative */

	return y * 365 + y / 4 - y / 100 + y / 400 + (from_march * 153 + 2) / 5 + day - 1 - 719468 -
	       146097;
}

int clock_parse_rfc3339(struct str s, int64_t *ret, struct err *e)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	struct str all = s;
	struct tm tm = { 0 };
	int year, off, ignored;
	bool leap;

	if (!digits(&s, 4, &year) || !letter(&s, "-") || !digits(&s, 2, &tm.tm_mon) ||
	    !letter(&s, "-") || !digits(&s, 2, &tm.tm_mday) || !letter(&s, "Tt ") ||
	    !digits(&s, 2, &tm.tm_hour) || !letter(&s, ":") || !digits(&s, 2, &tm.tm_min) ||
	    !letter(&s, ":") || !digits(&s, 2, &tm.tm_sec))
		goto bad;
	if (letter(&s, ".")) {
		if (!digits(&s, 1, &ignored))
			goto bad;
		while (digits(&s, 1, &ignored))
			continue;
	}
	if (!zone(&s, &off) || s.n)
		goto bad;
	leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 ||
	    tm.tm_mday > days[tm.tm_mon - 1] + (tm.tm_mon == 2 && leap) || tm.tm_hour > 23 ||
	    tm.tm_min > 59 || tm.tm_sec > 60)
		goto bad;
	/* Not by timegm(): it opens /etc/localtime, and that is not for the sandbox. */
	*ret = days_since_1970(year, tm.tm_mon, tm.tm_mday) * 86400 + tm.tm_hour * 3600 +
	       tm.tm_min * 60 + tm.tm_sec - off;
	return 0;
bad:
	return FAIL(e, E_FORMAT, "'%.*s' is not an RFC 3339 time", (int)(all.n > 40 ? 40 : all.n),
		    all.p);
}

int clock_parse_duration(const char *text, int64_t *ret, struct err *e)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	struct str s = str_of(text);
	int64_t scale = 1;
	uint64_t n;

	for (size_t i = 0; s.n && i < sizeof(units) / sizeof(units[0]); i++)
		if (text[strlen(text) - 1] == units[i].unit) {
			scale = units[i].seconds;
			s.n--;
			break;
		}
	if (str_u64(s, 1000000000, &n, NULL) < 0 || n == 0)
		return FAIL(e, E_USAGE, "'%.40s' is not a duration such as 15m, 720h or 90d", text);
	*ret = (int64_t)n * scale;
	return 0;
}
