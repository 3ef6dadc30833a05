/* SPDX-License-Identifier: Apache-2.0 */
/* Variables and labels, given by themselves and in files. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "run/run.h"

enum { LIMIT_ENV_FILE = 1024 * 1024 };

static int add_beginning(const char *text, struct strv *ret, struct err *e)
{
	const size_t n = strlen(text) - 1;
	int r = 0;

	for (char *const *v = environ; r == 0 && *v; v++)
		if (strncmp(*v, text, n) == 0 && strchr(*v, '='))
			r = strv_add(ret, *v, e);
	return r;
}

int run_parse_env(const char *text, struct strv *ret, struct err *e)
{
	const char *value = strchr(text, '=') ? NULL : getenv(text);

	if (text[0] == '=')
		return FAIL(e, E_USAGE, "--env '%.100s': want NAME=VALUE or NAME", text);
	if (!strchr(text, '=') && ends_with(text, "*"))
		return add_beginning(text, ret, e);
	return value ? strv_addf(ret, e, "%s=%s", text, value) : strv_add(ret, text, e);
}

static int add_line(const char *path, const char *line, bool labels, struct strv *ret,
		    struct err *e)
{
	const size_t n = strcspn(line, "=");

	if (n == 0)
		return FAIL(e, E_USAGE, "'%s': the line '%.80s' has no name", path, line);
	if (strcspn(line, " \t\v\f") < n)
		return FAIL(e, E_USAGE, "'%s': the name '%.*s' has blanks in it", path,
			    (int)(n < 80 ? n : 80), line);
	if (line[n] || labels)
		return strv_add(ret, line, e);
	return getenv(line) ? strv_addf(ret, e, "%s=%s", line, getenv(line)) : 0;
}

static int parse_file(const char *path, bool labels, struct strv *ret, struct err *e)
{
	static const char mark[] = "\xEF\xBB\xBF"; /* of UTF-8, as some editors begin files */
	auto_buf text = BUF_INIT(LIMIT_ENV_FILE);
	struct str rest, line;
	int r = fs_read_user(path, LIMIT_ENV_FILE, &text, e);

	if (r < 0)
		return r;
	rest = (struct str){ buf_str(&text), text.n };
	if (str_starts(rest, mark))
		rest = (struct str){ rest.p + 3, rest.n - 3 };
	while (r == 0 && str_line(&rest, &line)) {
		auto_free char *copy = str_dup(line.n && line.p[line.n - 1] == '\r'
						       ? (struct str){ line.p, line.n - 1 }
						       : line);
		const char *begin = copy ? copy + strspn(copy, " \t\v\f\r") : NULL;

		if (!begin)
			return FAIL_NOMEM(e);
		if (*begin && *begin != '#')
			r = add_line(path, begin, labels, ret, e);
	}
	return r;
}

int run_parse_env_file(const char *path, struct strv *ret, struct err *e)
{
	return parse_file(path, false, ret, e);
}

int run_parse_label_file(const char *path, struct strv *ret, struct err *e)
{
	return parse_file(path, true, ret, e);
}
