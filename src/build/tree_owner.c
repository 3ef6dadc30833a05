/* SPDX-License-Identifier: Apache-2.0 */
/* Names of users and groups, as the image's own /etc has them. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/userns.h"
#include "build/tree.h"

enum { LIMIT_PASSWD = 4 * 1024 * 1024 };

static int number(struct str s, uint32_t *ret)
{
	uint64_t v;

	if (str_u64(s, UINT32_MAX - 1, &v, NULL) < 0)
		return -1;
	*ret = (uint32_t)v;
	return 0;
}

/* The ids in the line of /etc/passwd or /etc/group that begins with name: fields 2 and 3. */
static int look_up(int root, const char *file, const char *name, uint32_t ret[2], struct err *e)
{
	auto_close int fd = fs_open_in_root(root, file, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, e);
	auto_buf text = BUF_INIT(LIMIT_PASSWD + 1);
	struct str rest, line;
	struct stat st;
	int r;

	if (fd == E_NOTFOUND)
		return FAIL(e, E_NOTFOUND, "'%.100s' cannot be looked up: the image has no /%s",
			    name, file);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return FAIL(e, E_FORMAT, "the image's /%s is no regular file", file);
	r = fs_read_fd(fd, file, LIMIT_PASSWD, &text, e);
	if (r < 0)
		return r;
	rest = (struct str){ buf_str(&text), text.n };
	while (str_line(&rest, &line)) {
		struct str f[4] = { 0 };

		for (int i = 0; i < 4 && str_cut(&line, ':', &f[i]); i++)
			;
		if (str_eqz(f[0], name) && number(f[2], &ret[0]) == 0) {
			(void)number(f[3], &ret[1]);
			return 0;
		}
	}
	return FAIL(e, E_NOTFOUND, "'%.100s' is not in the image's /%s", name, file);
}

/* A number, or a name that is looked up. */
static int find_id(int root, const char *file, const char *s, uint32_t ret[2], struct err *e)
{
	if (number(str_of(s), &ret[0]) == 0) {
		ret[1] = ret[0];
		return 0;
	}
	if (s[strspn(s, "0123456789")] == '\0')
		return FAIL(e, E_FORMAT, "'%.100s' is no user or group number", s);
	return look_up(root, file, s, ret, e);
}

int tree_owner(int root, const char *spec, struct owner *ret, struct err *e)
{
	const char *colon = strchr(spec, ':');
	struct str user = { spec, colon ? (size_t)(colon - spec) : strlen(spec) };
	auto_free char *name = str_dup(user);
	uint32_t ids[2] = { 0, 0 }, group[2] = { 0, 0 };
	int r;

	if (!name)
		return FAIL_NOMEM(e);
	if (user.n == 0 || (colon && colon[1] == '\0'))
		return FAIL(e, E_FORMAT, "'%.100s' is not USER or USER:GROUP", spec);
	r = find_id(root, "etc/passwd", name, ids, e);
	if (r == 0 && colon)
		r = find_id(root, "etc/group", colon + 1, group, e);
	if (r < 0)
		return r;
	group[0] = colon ? group[0] : ids[1];
	if (ids[0] >= userns_ids() || group[0] >= userns_ids())
		return FAIL(e, E_SYSTEM,
			    "owner %u:%u is not among the ids of this user, which are 0 to %u",
			    ids[0], group[0], userns_ids() - 1);
	*ret = (struct owner){ ids[0], group[0] };
	return 0;
}
