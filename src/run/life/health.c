/* SPDX-License-Identifier: Apache-2.0 */
/* What a health check is, and where its state lies. */
#include "run/life/health.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "run/file.h"

enum {
	LIMIT_HEALTH_JSON = 256 * 1024,
	INTERVAL_MS = 30000,
	TIMEOUT_MS = 30000,
	START_INTERVAL_MS = 5000,
	IMAGE_MS = 1000, /* each check is work of the host's: an image asks for no more */
	RETRIES = 3,
	NS_PER_MS = 1000000,
	DURATION_MAX_H = 24 * 365,
};

static bool unit_ms(struct str *rest, double *ret)
{
	static const struct {
		const char *name;
		double ms;
	} units[] = {
		{ "ms", 1 },  { "us", 1e-3 }, { "ns", 1e-6 },
		{ "s", 1e3 }, { "m", 6e4 },   { "h", 3.6e6 },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (str_starts(*rest, units[i].name)) {
			rest->p += strlen(units[i].name);
			rest->n -= strlen(units[i].name);
			*ret = units[i].ms;
			return true;
		}
	return false;
}

int health_duration(const char *text, uint64_t *ret_ms, struct err *e)
{
	struct str rest = str_of(text);
	double total = 0, unit = 0;
	bool ok = rest.n > 0;

	while (ok && rest.n) {
		double number = 0, scale = 1;
		bool digit = false, point = false;

		for (; rest.n && ((*rest.p >= '0' && *rest.p <= '9') || (*rest.p == '.' && !point));
		     rest.p++, rest.n--) {
			point |= *rest.p == '.';
			digit |= *rest.p != '.';
			if (*rest.p == '.')
				continue;
			number = number * 10 + (*rest.p - '0');
			scale *= point ? 10 : 1;
		}
		ok = digit && unit_ms(&rest, &unit);
		total += number / scale * unit;
		ok = ok && total <= (double)DURATION_MAX_H * 3.6e6;
	}
	if (!ok)
		return FAIL(e, E_USAGE, "duration '%.60s': want such as 30s, 1m30s or 500ms", text);
	*ret_ms = (uint64_t)total;
	return 0;
}

static int put_duration(json_t *config, const char *key, const char *given, const json_t *image,
			uint64_t otherwise, const char *option, struct err *e)
{
	const json_int_t ns = json_integer_value(json_object_get(image, key));
	uint64_t ms = ns >= NS_PER_MS ? (uint64_t)ns / NS_PER_MS : otherwise;
	int r;

	if (ns >= NS_PER_MS && ms < IMAGE_MS && ends_with(key, "Interval"))
		ms = IMAGE_MS;
	r = given ? health_duration(given, &ms, e) : 0;
	if (r == 0 && given && ms == 0 && strcmp(key, "StartPeriod") != 0)
		r = FAIL(e, E_USAGE, "0 is no time");
	return r < 0 ? WRAP(e, r, "--%s", option) : json_put_u64(config, key, ms, e);
}

/* The command: the options', else the image's. NULL: there is none. */
static json_t *choose_test(const struct health_opts *o, const json_t *image)
{
	const json_t *test = json_object_get(image, "Test");
	const char *kind = json_string_value(json_array_get(test, 0));

	if (o->none)
		return NULL;
	if (o->command)
		return strcmp(o->command, "none") == 0
			       ? NULL
			       : json_pack("[s, s]", "CMD-SHELL", o->command);
	if (!kind || json_array_size(test) < 2 ||
	    (strcmp(kind, "CMD") != 0 && strcmp(kind, "CMD-SHELL") != 0))
		return NULL;
	return json_deep_copy(test);
}

static int configure(const struct health_opts *o, const json_t *image, json_t **ret, struct err *e)
{
	const json_int_t retries = json_integer_value(json_object_get(image, "Retries"));
	json_t *test = choose_test(o, image);
	auto_json *j = test ? json_pack("{s:o}", "Test", test) : NULL;
	int r;

	*ret = NULL;
	if (o->on_failure && !has_word("none kill restart stop", o->on_failure))
		return FAIL(e, E_USAGE,
			    "--health-on-failure '%.60s': want none, kill, restart or stop",
			    o->on_failure);
	if (!j)
		return 0;
	r = put_duration(j, "Interval", o->interval, image, INTERVAL_MS, "health-interval", e);
	if (r == 0)
		r = put_duration(j, "Timeout", o->timeout, image, TIMEOUT_MS, "health-timeout", e);
	if (r == 0)
		r = put_duration(j, "StartPeriod", o->start_period, image, 0, "health-start-period",
				 e);
	if (r == 0)
		r = put_duration(j, "StartInterval", o->start_interval, image, START_INTERVAL_MS,
				 "health-start-interval", e);
	if (r == 0)
		r = json_put_u64(j, "Retries",
				 o->retries    ? o->retries
				 : retries > 0 ? (uint64_t)retries
					       : RETRIES,
				 e);
	if (r == 0 && o->on_failure && strcmp(o->on_failure, "none") != 0)
		r = json_put_string(j, "OnFailure", o->on_failure, e);
	if (r == 0)
		*ret = TAKE(j);
	return r;
}

int health_check(const struct health_opts *o, struct err *e)
{
	const struct health_opts with = { .command = "true",
					  .interval = o->interval,
					  .timeout = o->timeout,
					  .start_period = o->start_period,
					  .start_interval = o->start_interval,
					  .retries = o->retries,
					  .on_failure = o->on_failure };
	auto_json *unused = NULL;

	if (o->none && (o->command || o->interval || o->timeout || o->start_period ||
			o->start_interval || o->retries || o->on_failure))
		return FAIL(e, E_USAGE, "--no-healthcheck and --health-*: one or the other");
	if (o->retries > INT32_MAX)
		return FAIL(e, E_USAGE, "--health-retries: at most %d", INT32_MAX);
	return configure(&with, NULL, &unused, e);
}

int health_begin(const struct container *c, const struct health_opts *o, const json_t *exec,
		 struct err *e)
{
	auto_json *config = NULL, *j = NULL;
	auto_buf text = BUF_INIT(LIMIT_HEALTH_JSON);
	int r = configure(o, json_object_get(exec, "Healthcheck"), &config, e);

	if (r < 0)
		return r;
	if (!config)
		return unlinkat(c->fd, "health.json", 0) < 0 && errno != ENOENT
			       ? FAIL_SYS(e, "remove 'health.json'")
			       : 0;
	j = json_pack("{s:s, s:i, s:[], s:O}", "Status", "starting", "FailingStreak", 0, "Log",
		      "config", config);
	r = j ? json_pretty(j, &text, e) : FAIL_NOMEM(e);
	if (r == 0)
		r = file_put(c->fd, "health.json", buf_str(&text), text.n, e);
	return r < 0 ? r : 1;
}

const char *health_status(const struct container *c, char ret[static HEALTH_STATUS_MAX])
{
	auto_buf text = BUF_INIT(LIMIT_HEALTH_JSON);
	auto_json *j = NULL;

	ret[0] = '\0';
	if (fs_read(c->fd, "health.json", LIMIT_HEALTH_JSON, &text, NULL) == 0 &&
	    json_parse(buf_str(&text), text.n, "health.json", &j, NULL) == 0)
		(void)snprintf(ret, HEALTH_STATUS_MAX, "%s",
			       json_string_or_null(j, "Status") ?: "");
	return ret;
}
