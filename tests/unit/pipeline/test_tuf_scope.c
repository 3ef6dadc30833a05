/* SPDX-License-Identifier: Apache-2.0 */
/* Which TUF root speaks for which repository. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "pipeline/tuf/internal.h"
#include "pipeline/tuf/scope.h"
#include "tap.h"

static char path[] = "/tmp/plimsoll-scope-XXXXXX";
static struct state state;

static void begin(void)
{
	struct err e = ERR_INIT;

	strcpy(path + sizeof(path) - 7, "XXXXXX");
	if (!mkdtemp(path) || state_open(&state, path, &e) < 0)
		abort();
}

static void end(void)
{
	auto_close int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	state_close(&state);
	if (fs_remove_tree(tmp, path + strlen("/tmp/"), NULL) < 0)
		abort();
}

static int parse(const char *scope, const char *at, char ret_at[static 2 * LIMIT_REF])
{
	struct tuf_scope s = TUF_SCOPE_INIT;
	auto_buf text = BUF_INIT(2 * LIMIT_REF);
	struct err e = ERR_INIT;
	int r = tuf_scope_parse(scope, at, &s, &e);

	if (r < 0)
		return r;
	ref_full(&s.at, &text);
	(void)snprintf(ret_at, 2 * LIMIT_REF, "%s", buf_str(&text));
	return 0;
}

TEST(texts)
{
	static const char *const bad[] = {
		"",	     "web",	   "web/",     "/",	     "r.io",
		"r.io//",    "r.io/web:1", "r.io/Web", "r.io/a/../", "r.io/a@sha256:00",
		"r.io/web//"
	};
	char at[2 * LIMIT_REF];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(parse(bad[i], NULL, at) == E_USAGE);
	CHECK(parse("r.io/web", NULL, at) == 0);
	CHECK_STR(at, "r.io/web:tuf");
	CHECK(parse("127.0.0.1:5000/team/", NULL, at) == 0);
	CHECK_STR(at, "127.0.0.1:5000/team/tuf:tuf");
	CHECK(parse("r.io/", NULL, at) == 0);
	CHECK_STR(at, "r.io/tuf:tuf");
	CHECK(parse("r.io/web", "r.io/meta:web", at) == 0);
	CHECK_STR(at, "r.io/meta:web");
	CHECK(parse("r.io/web", "other.io/web:tuf", at) == E_USAGE);
}

static void add(const char *scope)
{
	auto_scope s = TUF_SCOPE_INIT;
	struct err e = ERR_INIT;

	if (tuf_scope_parse(scope, NULL, &s, &e) < 0 || tuf_scope_save(&state, &s, &e) < 0)
		abort();
}

/* The scope that speaks for a repository, "" for none. */
static const char *found(const char *repository)
{
	static struct tuf_scope s;
	static struct err e;
	int r = tuf_scope_find(&state, repository, &s, &e);

	if (r < 0)
		return e.msg;
	if (r == 0)
		return "";
	tuf_scope_close(&s);
	return s.scope;
}

TEST(the_narrowest_speaks)
{
	auto_strv all = { 0 };
	struct err e = ERR_INIT;

	begin();
	CHECK_STR(found("r.io/team/web"), "");
	add("r.io/");
	add("r.io/team/");
	add("r.io/team/web");
	CHECK_STR(found("r.io/team/web"), "r.io/team/web");
	CHECK_STR(found("r.io/team/web/sub"), "r.io/team/");
	CHECK_STR(found("r.io/team/webs"), "r.io/team/");
	CHECK_STR(found("r.io/teams/web"), "r.io/");
	CHECK_STR(found("r.io.evil/team/web"), "");
	CHECK_STR(found("evil/r.io/team/web"), "");
	CHECK_STR(found("web"), "");
	CHECK(tuf_scope_list(&state, &all, &e) == 0 && all.n == 3);
	CHECK(tuf_scope_forget(&state, "r.io/team/web", &e) == 0);
	CHECK(tuf_scope_forget(&state, "r.io/team/web", &e) == E_NOTFOUND);
	CHECK_STR(found("r.io/team/web"), "r.io/team/");
	/* Somebody was killed half-way. */
	CHECK(unlinkat(state.fd, "trust/tuf/scopes/r.io%2Fteam%2F/scope", 0) == 0);
	CHECK(tuf_scope_forget(&state, "r.io/team/", &e) == 0);
	CHECK(tuf_scope_forget(&state, "r.io/team/", &e) == E_NOTFOUND);
	CHECK(!fs_exists(state.fd, "trust/tuf/scopes/r.io%2Fteam%2F"));
	end();
}

/* What cannot be read refuses; it is not passed over for a wider one. */
TEST(damaged)
{
	static const char *const files[] = { "", "{}", "{\"scope\":\"r.io/other/\"}", "x" };
	static struct tuf_scope s;

	begin();
	add("r.io/");
	add("r.io/team/");
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct err e = ERR_INIT;

		CHECK(fs_write_file(state.fd, "trust/tuf/scopes/r.io%2Fteam%2F/scope", files[i],
				    strlen(files[i]), 0644, &e) == 0);
		CHECK(tuf_scope_find(&state, "r.io/team/web", &s, &e) == E_FORMAT);
	}
	end();
}

/* What cannot be looked at is no more passed over than what is broken; a folder that was only begun
 * is. */
TEST(unreadable)
{
	static const char file[] = "trust/tuf/scopes/r.io%2Fteam%2F/scope";
	static struct tuf_scope s;
	struct err e = ERR_INIT;

	begin();
	add("r.io/");
	add("r.io/team/");
	CHECK(unlinkat(state.fd, file, 0) == 0);
	CHECK_STR(found("r.io/team/web"), "r.io/");
	CHECK(symlinkat("scope", state.fd, file) == 0);
	CHECK(tuf_scope_find(&state, "r.io/team/web", &s, &e) < 0);
	end();
}

/* When it was last looked at lies beside files that others name, and is not forgotten by an error.
 */
TEST(seen)
{
	static struct tuf_scope s = TUF_SCOPE_INIT;
	struct tuf_seen seen = { .at = 7 };
	struct err e = ERR_INIT;

	begin();
	add("r.io/web");
	CHECK(tuf_scope_open(&state, "r.io/web", &s, &e) == 0);
	CHECK(tuf_seen_load(&s, &seen, &e) == 0 && seen.at == 0);
	CHECK(tuf_files_keep(s.dir, "scope", str_of("{}"), &e) == 0);
	CHECK(tuf_files_keep(s.dir, "seen", str_of("{}"), &e) == 0);
	CHECK(tuf_seen_load(&s, &seen, &e) == 0 && seen.at == 0);
	CHECK_STR(found("r.io/web"), "r.io/web");
	CHECK(symlinkat("seen", s.dir, "seen") == 0);
	CHECK(tuf_seen_load(&s, &seen, &e) < 0);
	tuf_scope_close(&s);
	end();
}

TAP_MAIN()
