/* SPDX-License-Identifier: Apache-2.0 */
#include "run/root/devices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/str.h"

void device_free(struct device *d)
{
	free(d->host);
	free(d->target);
	*d = (struct device){ 0 };
}
#define auto_device __attribute__((cleanup(device_free))) struct device

static bool is_access(struct str s)
{
	return s.n > 0 && s.n <= 3 && memchr("rwm", s.p[0], 3) && strspn(s.p, "rwm") >= s.n;
}

static int look(struct device *d, const char *given, struct err *e)
{
	struct stat st;

	d->host = realpath(given, NULL);
	if (!d->host || stat(d->host, &st) < 0)
		return FAIL(e, E_NOTFOUND, "--device '%s': it is not there", given);
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return FAIL(e, E_USAGE, "--device '%s': it is no device", given);
	d->type = S_ISCHR(st.st_mode) ? 'c' : 'b';
	d->major = major(st.st_rdev);
	d->minor = minor(st.st_rdev);
	return 0;
}

int device_parse(const char *text, struct device *ret, struct err *e)
{
	struct str rest = str_of(text), path = { "", 0 }, word;
	struct str target = { "", 0 }, access = STR("rwm");
	auto_device d = { 0 };
	auto_free char *given = NULL;
	int r;

	(void)str_cut(&rest, ':', &path);
	while (str_cut(&rest, ':', &word)) {
		if (word.n && word.p[0] == '/' && !target.n)
			target = word;
		else if (is_access(word) && rest.n == 0)
			access = word;
		else
			return FAIL(e, E_USAGE, "--device '%s': want PATH[:TARGET][:rwm]", text);
	}
	given = str_dup(path);
	d.target = str_dup(target.n ? target : path);
	if (!given || !d.target)
		return FAIL_NOMEM(e);
	if (!starts_with(d.target, "/dev/") || strstr(d.target, "/.") || strstr(d.target, "//") ||
	    ends_with(d.target, "/"))
		return FAIL(e, E_USAGE, "--device '%s': the target is a path in /dev", text);
	r = look(&d, given, e);
	if (r < 0)
		return r;
	(void)snprintf(d.access, sizeof(d.access), "%.*s", (int)access.n, access.p);
	*ret = d;
	d = (struct device){ 0 };
	return 0;
}
