/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "run/run.h"

static int check_driver(const char *name, struct err *e)
{
	/* There is one form, which these words mean to those who type them: a file that logs reads.
	 */
	if (has_word("json-file k8s-file local", name))
		return 0;
	if (strcmp(name, "none") == 0)
		return err_hint(e,
				FAIL(e, E_USAGE,
				     "--log-driver none: what a container prints is kept, bounded"),
				"--log-opt max-size=64k, or a command that writes to /dev/null");
	return err_hint(e,
			FAIL(e, E_USAGE,
			     "--log-driver '%.40s': want json-file, k8s-file or local, which are "
			     "one here",
			     name),
			"hand it on: plimsoll logs --follow NAME | systemd-cat, or logger");
}

static int parse_size(const char *text, uint64_t *ret, struct err *e)
{
	int r = run_parse_size(text, ret, e);

	if (r < 0)
		return WRAP(e, r, "--log-opt max-size");
	if (*ret < LOG_MAX_LEAST || *ret > LOG_MAX_MOST)
		return FAIL(e, E_USAGE, "--log-opt max-size=%.40s: want 64k to 1g", text);
	return 0;
}

int run_parse_log(const char *driver, const struct strv *opts, uint64_t *ret_max, struct err *e)
{
	int r = driver ? check_driver(driver, e) : 0;

	for (size_t i = 0; r == 0 && opts && i < opts->n; i++) {
		const char *o = opts->v[i];

		if (starts_with(o, "max-size="))
			r = parse_size(o + strlen("max-size="), ret_max, e);
		else if (strcmp(o, "max-file=1") != 0)
			r = FAIL(e, E_USAGE, "--log-opt '%.60s': want max-size=SIZE, or max-file=1",
				 o);
	}
	return r;
}
