/* SPDX-License-Identifier: Apache-2.0 */
#include "confine/user.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/str.h"

/* (uid_t)-1 means "unchanged" to the kernel, so it is no id. */
#define LIMIT_ID ((uint64_t)UINT32_MAX - 1)

/* Appends a file of the root; a missing one is empty. */
static int read_in_root(int root, const char *path, struct buf *ret, struct err *e)
{
	struct err why = ERR_INIT;
	/* O_NONBLOCK: a FIFO under this name must not hold us up. */
	auto_close int fd = fs_open_in_root(root, path, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0, &why);
	struct stat st;

	if (fd == E_NOTFOUND)
		return 0;
	if (fd < 0)
		return FAIL(e, (enum err_code)fd, "%s", why.msg);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return FAIL(e, E_FORMAT, "image file '/%s' is not a regular file", path);
	return fs_read_fd(fd, path, LIMIT_USER_FILE, ret, e);
}

static bool number(struct str s, uint32_t *ret)
{
	uint64_t v;

	if (str_u64(s, LIMIT_ID, &v, NULL) < 0)
		return false;
	*ret = (uint32_t)v;
	return true;
}

/* The first fields of "name:password:id:..." */
struct line {
	struct str name, id, rest;
};

static bool next_line(struct str *text, struct line *ret)
{
	struct str line, password;

	while (str_line(text, &line))
		if (str_cut(&line, ':', &ret->name) && str_cut(&line, ':', &password) &&
		    str_cut(&line, ':', &ret->id)) {
			ret->rest = line;
			return true;
		}
	return false;
}

/* True when the entry of this name or number was found; fills gid and home. */
static bool find_user(struct str text, struct str want, struct user *u, struct str *ret_name)
{
	uint32_t id = 0, wanted = 0;
	bool numeric = number(want, &wanted);
	struct line l;

	while (next_line(&text, &l)) {
		struct str gid, gecos, home;
		uint32_t g;

		/* A number is one, also where a hostile image has a user of that name. */
		if (!number(l.id, &id) || !(numeric ? id == wanted : str_eq(l.name, want)))
			continue;
		if (!str_cut(&l.rest, ':', &gid) || !number(gid, &g))
			continue;
		u->uid = id;
		u->gid = g;
		*ret_name = l.name;
		if (str_cut(&l.rest, ':', &gecos) && str_cut(&l.rest, ':', &home) && home.n &&
		    home.p[0] == '/' && home.n < sizeof(u->home))
			(void)snprintf(u->home, sizeof(u->home), "%.*s", (int)home.n, home.p);
		return true;
	}
	return false;
}

static bool find_group(struct str text, struct str want, gid_t *ret)
{
	struct line l;
	uint32_t id;

	while (next_line(&text, &l))
		if (number(l.id, &id) && str_eq(l.name, want)) {
			*ret = id;
			return true;
		}
	return false;
}

static void find_supplementary(struct str text, struct str user, struct user *u)
{
	struct line l;
	struct str member;
	uint32_t id;

	while (next_line(&text, &l)) {
		if (!number(l.id, &id))
			continue;
		while (str_cut(&l.rest, ',', &member))
			if (str_eq(str_trim(member), user) && id != u->gid &&
			    u->groups_n < LIMIT_USER_GROUPS) {
				u->groups[u->groups_n++] = id;
				break;
			}
	}
}

/* What looks like a number is an id, or nothing: as a name, a hostile image could have it. */
static int check_number(struct str part, struct err *e)
{
	auto_free char *text = str_dup(part);
	uint32_t id;

	if (!text)
		return FAIL_NOMEM(e);
	if (!part.n || strspn(text, "0123456789+-.") < part.n || number(part, &id))
		return 0;
	return FAIL(e, E_NOTFOUND, "'%.100s' is no id", text);
}

static int resolve_names(struct str spec, struct str passwd, struct str groups, struct user *u,
			 struct err *e)
{
	struct str rest = spec, user = { "", 0 }, name = { "", 0 };
	bool has_group = memchr(spec.p, ':', spec.n) != NULL;
	uint32_t id = 0;

	(void)str_cut(&rest, ':', &user);
	if (check_number(user, e) < 0 || (has_group && check_number(rest, e) < 0))
		return E_NOTFOUND;
	if (!find_user(passwd, user.n ? user : STR("0"), u, &name)) {
		if (user.n && !number(user, &id))
			return FAIL(e, E_NOTFOUND, "the image's /etc/passwd has no user '%.*s'",
				    (int)user.n, user.p);
		u->uid = user.n ? id : 0;
	}
	if (!has_group) {
		if (name.n)
			find_supplementary(groups, name, u);
		return 0;
	}
	if (number(rest, &id))
		u->gid = id;
	else if (!find_group(groups, rest, &u->gid))
		return FAIL(e, E_NOTFOUND, "the image's /etc/group has no group '%.*s'",
			    (int)rest.n, rest.p);
	return 0;
}

int user_resolve(int root, const char *spec, struct user *ret, struct err *e)
{
	auto_buf passwd = BUF_INIT(LIMIT_USER_FILE), groups = BUF_INIT(LIMIT_USER_FILE);
	struct user u = { .home = "/" };
	int r = read_in_root(root, "etc/passwd", &passwd, e);

	if (r == 0)
		r = read_in_root(root, "etc/group", &groups, e);
	if (r == 0)
		r = resolve_names(str_of(spec), (struct str){ buf_str(&passwd), passwd.n },
				  (struct str){ buf_str(&groups), groups.n }, &u, e);
	if (r < 0)
		return WRAP(e, r, "user '%s'", spec);
	*ret = u;
	return 0;
}

int user_name(int root, bool group, uint32_t id, struct buf *ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_USER_FILE);
	uint32_t found;
	struct str rest;
	struct line l;
	int r = id == 0 ? 0 : read_in_root(root, group ? "etc/group" : "etc/passwd", &text, e);

	if (r < 0)
		return r;
	rest = (struct str){ buf_str(&text), text.n };
	/* 0 is root whatever a line says of it. */
	while (id != 0 && next_line(&rest, &l))
		if (number(l.id, &found) && found == id && l.name.n) {
			buf_put(ret, l.name.p, l.name.n);
			return ret->failed ? FAIL_NOMEM(e) : 0;
		}
	if (id == 0)
		buf_puts(ret, "root");
	else
		buf_printf(ret, "%u", id);
	return ret->failed ? FAIL_NOMEM(e) : 0;
}
