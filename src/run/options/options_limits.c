/* SPDX-License-Identifier: Apache-2.0 */
/* Option values about resources and names, as docker writes them. */
#include <arpa/inet.h>
#include <string.h>

#include "run/run.h"

static const struct {
	const char *name, *type;
} ulimits[] = {
	{ "core", "RLIMIT_CORE" },	   { "cpu", "RLIMIT_CPU" },
	{ "data", "RLIMIT_DATA" },	   { "fsize", "RLIMIT_FSIZE" },
	{ "locks", "RLIMIT_LOCKS" },	   { "memlock", "RLIMIT_MEMLOCK" },
	{ "msgqueue", "RLIMIT_MSGQUEUE" }, { "nice", "RLIMIT_NICE" },
	{ "nofile", "RLIMIT_NOFILE" },	   { "nproc", "RLIMIT_NPROC" },
	{ "rss", "RLIMIT_RSS" },	   { "rtprio", "RLIMIT_RTPRIO" },
	{ "rttime", "RLIMIT_RTTIME" },	   { "sigpending", "RLIMIT_SIGPENDING" },
	{ "stack", "RLIMIT_STACK" },
};

static int parse_one(struct str s, const char *text, uint64_t *ret, struct err *e)
{
	if (str_eqz(s, "-1")) {
		*ret = UINT64_MAX; /* RLIM_INFINITY */
		return 0;
	}
	return str_u64(s, INT64_MAX, ret, NULL) == 0
		       ? 0
		       : FAIL(e, E_USAGE, "ulimit '%.100s': want NAME=SOFT[:HARD]", text);
}

int run_parse_ulimit(const char *text, struct spec_rlimit *ret, struct err *e)
{
	struct str rest = str_of(text), name = { "", 0 }, soft = { "", 0 };
	struct spec_rlimit l = { NULL, 0, 0 };
	int r;

	(void)str_cut(&rest, '=', &name);
	for (size_t i = 0; i < sizeof(ulimits) / sizeof(*ulimits); i++)
		if (str_eqz(name, ulimits[i].name))
			l.type = ulimits[i].type;
	if (!l.type)
		return FAIL(e, E_USAGE, "ulimit '%.100s': there is no limit of that name", text);
	(void)str_cut(&rest, ':', &soft);
	r = parse_one(soft, text, &l.soft, e);
	l.hard = l.soft;
	if (r == 0 && strchr(text, ':'))
		r = parse_one(rest, text, &l.hard, e);
	if (r == 0 && l.soft > l.hard)
		r = FAIL(e, E_USAGE, "ulimit '%.100s': soft is more than hard", text);
	if (r == 0)
		*ret = l;
	return r;
}

int run_parse_oom_score(const char *text, int *ret, struct err *e)
{
	uint64_t n;
	int r;

	if (str_u64(str_of(text), 1000, &n, NULL) == 0) {
		*ret = (int)n;
		return 0;
	}
	if (text[0] != '-' || str_u64(str_of(text + 1), 1000, &n, NULL) < 0)
		return FAIL(e, E_USAGE, "--oom-score-adj '%.20s': want a number from 0 to 1000",
			    text);
	r = FAIL(e, E_POLICY,
		 "--oom-score-adj %.20s: the host's own processes would be killed before the "
		 "container",
		 text);
	return err_hint(e, r, "give 0 or more");
}

int run_parse_host(const char *text, struct buf *ret, struct err *e)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-._";
	size_t n = strcspn(text, "=:");
	const char *at = text + n + (text[n] != '\0');
	unsigned char raw[16];
	char address[64] = "";
	size_t len = strlen(at);

	if (len > 1 && at[0] == '[' && at[len - 1] == ']') {
		at++;
		len -= 2;
	}
	if (len < sizeof(address))
		memcpy(address, at, len);
	if (n == 0 || n > 253 || strspn(text, letters) != n)
		return FAIL(e, E_USAGE, "host '%.100s': want NAME:ADDRESS", text);
	if (strcmp(at, "host-gateway") == 0)
		return err_hint(e,
				FAIL(e, E_POLICY,
				     "host '%.100s': a container has no way to its host", text),
				"give the address of one of the host's network cards");
	if (inet_pton(AF_INET, address, raw) != 1 && inet_pton(AF_INET6, address, raw) != 1)
		return FAIL(e, E_USAGE, "host '%.100s': '%.60s' is no IP address", text, at);
	buf_printf(ret, "%s\t%.*s\n", address, (int)n, text);
	return buf_check(ret, "hosts", e);
}
