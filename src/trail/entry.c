/* SPDX-License-Identifier: Apache-2.0 */
#include <pwd.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/str.h"
#include "base/userns.h"
#include "trail/trail.h"

/* Who did it: the user we run as, the host, and the user who logged in when the kernel knows. */
static int actor(json_t **ret, struct err *e)
{
	auto_json *j = json_object();
	auto_buf login = BUF_INIT(32);
	char room[4096];
	struct passwd pw, *found = NULL;
	struct utsname u;
	uint64_t uid;
	int r;

	if (!j)
		return FAIL_NOMEM(e);
	if (getpwuid_r(userns_user(), &pw, room, sizeof(room), &found) != 0)
		found = NULL;
	if ((r = json_put_u64(j, "uid", userns_user(), e)) < 0 ||
	    (found && str_utf8(str_of(found->pw_name)) &&
	     (r = json_put_string(j, "user", found->pw_name, e)) < 0) ||
	    (uname(&u) == 0 && (r = json_put_string(j, "host", u.nodename, e)) < 0))
		return r;
	/* The audit login uid survives su and sudo; 4294967295 means that nobody logged in. */
	if (fs_read_user("/proc/self/loginuid", 31, &login, NULL) == 0 &&
	    str_u64(str_trim(str_of(buf_str(&login))), UINT32_MAX - 1, &uid, NULL) == 0 &&
	    (r = json_put_u64(j, "login", uid, e)) < 0)
		return r;
	*ret = TAKE(j);
	return 0;
}

int trail_entry_new(const struct trail_event *ev, json_t **ret, struct err *e)
{
	auto_json *j = json_object();
	json_t *who = NULL, *subject;
	int r;

	if (!ev->kind || !ev->result)
		return FAIL(e, E_INTERNAL, "trail: an entry needs a kind and a result");
	if (ev->detail && !json_is_object(ev->detail))
		return FAIL(e, E_INTERNAL, "trail: detail is not an object");
	if (!j)
		return FAIL_NOMEM(e);
	if ((r = json_put_string(j, "schema", TRAIL_SCHEMA, e)) < 0 ||
	    (r = json_put_string(j, "kind", ev->kind, e)) < 0 ||
	    (r = json_put_string(j, "result", ev->result, e)) < 0 || (r = actor(&who, e)) < 0 ||
	    (r = json_put(j, "actor", who, e)) < 0 ||
	    (r = json_put_string(j, "reason", ev->reason, e)) < 0)
		return r;
	if (ev->name || ev->digest) {
		subject = json_object();
		if ((r = json_put(j, "subject", subject, e)) < 0 ||
		    (r = json_put_string(subject, "name", ev->name, e)) < 0 ||
		    (r = json_put_string(subject, "digest", ev->digest, e)) < 0)
			return r;
	}
	if (ev->detail && (r = json_put(j, "detail", json_incref(ev->detail), e)) < 0)
		return r;
	*ret = TAKE(j);
	return 0;
}
