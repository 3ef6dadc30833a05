/* SPDX-License-Identifier: Apache-2.0 */
#include "dockerfile/remote.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tap.h"

TAP_MAIN()

static int parse(const char *s, bool context, struct remote *ret)
{
	struct err e = ERR_INIT;
	int r;

	remote_free(ret);
	r = remote_parse(s, context, ret, &e);
	if (r < 0)
		CHECK(!strstr(e.msg, "secret"));
	return r;
}

TEST(kinds)
{
	CHECK(remote_kind("http://h/a", false) == REMOTE_HTTP);
	CHECK(remote_kind("HTTPS://h/a", false) == REMOTE_HTTP);
	CHECK(remote_kind("https://h/a.git", false) == REMOTE_GIT);
	CHECK(remote_kind("https://h/a.git#main:sub", false) == REMOTE_GIT);
	CHECK(remote_kind("https://h/a.git?branch=x", false) == REMOTE_GIT);
	CHECK(remote_kind("https://h/a.git/b", false) == REMOTE_HTTP);
	CHECK(remote_kind("https://h/a?x=.git", false) == REMOTE_HTTP);
	CHECK(remote_kind("git://h/a", false) == REMOTE_GIT);
	CHECK(remote_kind("ssh://git@h/a", false) == REMOTE_GIT);
	CHECK(remote_kind("git@h:a/b", false) == REMOTE_GIT);
	CHECK(remote_kind("other@h.example:a", false) == REMOTE_GIT);
	CHECK(remote_kind("a@b", false) == REMOTE_NONE);
	CHECK(remote_kind("@b:c", false) == REMOTE_NONE);
	CHECK(remote_kind("github.com/a/b", true) == REMOTE_GIT);
	CHECK(remote_kind("github.com/a/b", false) == REMOTE_NONE);
	CHECK(remote_kind("file:///etc/passwd", true) == REMOTE_NONE);
	CHECK(remote_kind("", true) == REMOTE_NONE);
}

TEST(http)
{
	auto_remote r = { 0 };

	CHECK(parse("https://h.example:8443/a/b%20c.tar?x=1&y=2#frag", false, &r) == 0);
	CHECK_STR(r.url, "https://h.example:8443/a/b%20c.tar?x=1&y=2");
	CHECK_STR(r.shown, "https://h.example:8443/a/b%20c.tar?x=1&y=2#frag");
	CHECK_STR(r.name, "b c.tar");
	CHECK(!r.auth);
	CHECK(parse("http://h/a/", false, &r) == 0);
	CHECK_STR(r.name, "a");
	CHECK(parse("http://h", false, &r) == 0 && !r.name);
	CHECK(parse("http://h/?q=/name", false, &r) == 0 && !r.name);
	CHECK(parse("http://h/a%2fb", false, &r) == 0);
	CHECK_STR(r.name, "b");
	CHECK(parse("http://[::1]:80/x", false, &r) == 0);
	CHECK_STR(r.url, "http://[::1]:80/x");
}

TEST(hostile_http)
{
	static const char *const bad[] = {
		"http://",	   "http:///x",		"http://h/a b",
		"http://h/a\tb",   "http://h/%",	"http://h/%4",
		"http://h/%zz",	   "http://h/%00",	"http://h/a%0ab",
		"http://h/%2e%2e", "http://-h/x",	"http://h\\@evil/x",
		"http://h|/x",	   "http://h/\"",	"http://u:secret@/x",
		"http://:80/x",	   "http://h/\xc3\xa9", "http://u:secret%0a@h/x",
	};
	auto_remote r = { 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(parse(bad[i], false, &r) == E_FORMAT);
}

TEST(credentials)
{
	auto_remote r = { 0 };
	char text[] = "ADD http://u:p@ss@h/x https://t@g/y.git?a=b@c ssh://git@h/z /t";

	CHECK(parse("https://user:se%63ret@h/x.git?tag=v1", false, &r) == 0);
	CHECK_STR(r.auth, "user:secret");
	CHECK_STR(r.url, "https://h/x.git");
	CHECK_STR(r.shown, "https://h/x.git?tag=v1");
	CHECK(parse("http://u:a@b@h/x", false, &r) == 0);
	CHECK_STR(r.auth, "u:a@b");
	CHECK_STR(r.url, "http://h/x");
	CHECK(parse("ssh://git@h:22/x", false, &r) == 0 && !r.auth);
	CHECK_STR(r.url, "ssh://git@h:22/x");
	CHECK(parse("ssh://git:secret@h/x", false, &r) == E_FORMAT);
	remote_hide(text);
	CHECK_STR(text, "ADD http://******@h/x https://*@g/y.git?a=b@c ssh://***@h/z /t");
}

TEST(git)
{
	auto_remote r = { 0 };

	CHECK(parse("https://h/x.git", false, &r) == 0 && !r.ref && !r.commit);
	CHECK_STR(r.subdir, "");
	CHECK(parse("https://h/x.git#v1:a/./b/", false, &r) == 0);
	CHECK_STR(r.ref, "v1");
	CHECK_STR(r.subdir, "a/b");
	CHECK(parse("https://h/x.git#:sub", false, &r) == 0 && !r.ref);
	CHECK_STR(r.subdir, "sub");
	CHECK(parse("https://h/x.git?branch=a/b&subdir=c&keep-git-dir=1", false, &r) == 0);
	CHECK_STR(r.ref, "refs/heads/a/b");
	CHECK_STR(r.subdir, "c");
	CHECK(r.keep_git && r.keep_said && !r.no_submodules);
	CHECK(parse("git@h.example:o/x.git?tag=v1&submodules=false", false, &r) == 0);
	CHECK_STR(r.url, "git@h.example:o/x.git");
	CHECK_STR(r.ref, "refs/tags/v1");
	CHECK(r.no_submodules);
	CHECK(parse("github.com/o/x#main", true, &r) == 0);
	CHECK_STR(r.url, "https://github.com/o/x");
	CHECK(parse("git://h/x?ref=pull/4/head&commit=0123456789012345678901234567890123456789",
		    false, &r) == 0);
	CHECK_STR(r.ref, "pull/4/head");
	CHECK_STR(r.commit, "0123456789012345678901234567890123456789");
}

TEST(hostile_git)
{
	static const char *const bad[] = {
		"https://h/x.git#--upload-pack=x",
		"https://h/x.git?ref=-x",
		"https://h/x.git?ref=a..b",
		"https://h/x.git?ref=",
		"https://h/x.git?ref=a&tag=b",
		"https://h/x.git?tag=a#b",
		"https://h/x.git?subdir=../y",
		"https://h/x.git#a:../../etc",
		"https://h/x.git?commit=1234",
		"https://h/x.git?unknown=1",
		"https://h/x.git?keep-git-dir=no",
		"https://h/x.git?ref=a%00b",
		"https://h/x.git?subdir=a%0ab",
		"git@h:-oProxyCommand=x",
		"ssh://-oProxyCommand=x/y",
		"ssh://-x@h/y",
		"ssh://h",
		"git@h:",
		("https://h/x.git?checksum=0123456789012345678901234567890123456789&commit="
		 "1123456789012345678901234567890123456789"),
		"https://h/x.git#a:b?subdir=c:d%",
	};
	auto_remote r = { 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(parse(bad[i], false, &r) == E_FORMAT);
}

TEST(limit)
{
	auto_remote r = { 0 };
	auto_free char *s = calloc(1, LIMIT_REMOTE + 2);

	CHECK(s != NULL);
	memset(s, 'a', LIMIT_REMOTE);
	memcpy(s, "http://h/a?", 11);
	CHECK(parse(s, false, &r) == 0);
	s[LIMIT_REMOTE] = 'a';
	CHECK(parse(s, false, &r) == E_FORMAT);
}
