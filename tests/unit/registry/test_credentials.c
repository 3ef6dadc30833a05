/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encode.h"
#include "registry/auth/auth_file.h"
#include "registry/auth/helper.h"
#include "tap.h"

static int find(const char *text, const char *host, const char *name, struct credential *ret)
{
	auto_json *doc = NULL;
	int r = auth_file_parse(text, strlen(text), "file", &doc, NULL);

	return r < 0 ? r : auth_file_find(doc, host, name, ret, NULL);
}

/* Whose credential is found; "" for none. */
static const char *user(const char *text, const char *host, const char *name)
{
	static char shown[64];
	auto_credential c = { 0 };
	int r = find(text, host, name, &c);

	(void)snprintf(shown, sizeof(shown), "%s", r == 0 && c.user ? c.user : r < 0 ? "" : "?");
	return r < 0 && r != E_NOTFOUND ? "error" : shown;
}

/* YTpw is "a:p", Yjpw "b:p", Yzpw "c:p". */
#define A "{\"auth\":\"YTpw\"}"
#define B "{\"auth\":\"Yjpw\"}"
#define C "{\"auth\":\"Yzpw\"}"

TEST(hosts)
{
	static const char one[] = "{\"auths\":{\"h:5000\":" A ",\"other\":" B "}}";

	CHECK_STR(user(one, "h:5000", NULL), "a");
	CHECK_STR(user(one, "h:5000", "x/y"), "a");
	CHECK_STR(user("{\"auths\":{\"H:5000\":" A "}}", "h:5000", "x"), "a");
	CHECK_STR(user(one, "h", "x"), "");
	CHECK_STR(user(one, "h:5001", "x"), "");
	CHECK_STR(user(one, "other", NULL), "b");
	CHECK_STR(user("", "h", NULL), "");
	CHECK_STR(user("{}", "h", NULL), "");
	CHECK_STR(user("{\"auths\":{\"h\":{}}}", "h", NULL), "");
}

TEST(repositories_go_before_hosts)
{
	static const char three[] =
		"{\"auths\":{\"h\":" A ",\"h/team\":" B ",\"h/team/web\":" C "}}";

	CHECK_STR(user(three, "h", NULL), "a");
	CHECK_STR(user(three, "h", "other"), "a");
	CHECK_STR(user(three, "h", "team"), "b");
	CHECK_STR(user(three, "h", "team/db"), "b");
	CHECK_STR(user(three, "h", "team/web"), "c");
	CHECK_STR(user(three, "h", "team/web/x"), "c");
	CHECK_STR(user(three, "h", "teams"), "a");
	CHECK_STR(user("{\"auths\":{\"h/team\":" B "}}", "h", "x"), "");
}

TEST(keys_as_docker_wrote_them)
{
	CHECK_STR(user("{\"auths\":{\"https://h/v1/\":" A "}}", "h", "x"), "a");
	CHECK_STR(user("{\"auths\":{\"http://h\":" A "}}", "h", NULL), "a");
	CHECK_STR(user("{\"auths\":{\"https://h.evil/\":" A "}}", "h", NULL), "");
	CHECK_STR(user("{\"auths\":{\"https://index.docker.io/v1/\":" A "}}", "docker.io", "x"),
		  "a");
	CHECK_STR(user("{\"auths\":{\"docker.io\":" A "}}", "index.docker.io", NULL), "a");
	CHECK_STR(auth_file_key("docker.io"), "https://index.docker.io/v1/");
	CHECK_STR(auth_file_key("docker.io/x"), "docker.io/x");
	CHECK_STR(auth_file_key("h:1"), "h:1");
}

TEST(members)
{
	auto_credential a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };

	CHECK(find("{\"auths\":{\"h\":{\"auth\":\"YTo=\",\"identitytoken\":\"T\"}}}", "h", NULL,
		   &a) == 0);
	CHECK_STR(a.identity, "T");
	CHECK(find("{\"auths\":{\"h\":{\"registrytoken\":\"R\"}}}", "h", NULL, &b) == 0);
	CHECK_STR(b.bearer, "R");
	CHECK(find("{\"auths\":{\"h\":{\"username\":\"u\",\"password\":\"p:q\"}}}", "h", NULL,
		   &c) == 0);
	CHECK_STR(c.secret, "p:q");
	/* "a:p:q" and a NUL, as docker writes it */
	CHECK(find("{\"auths\":{\"h\":{\"auth\":\"YTpwOnEA\",\"email\":\"x\"}}}", "h", NULL, &d) ==
	      0);
	CHECK_STR(d.secret, "p:q");
}

TEST(malformed)
{
	static const char *const wrong[] = {
		"[",
		"[]",
		"{\"auths\":[]}",
		"{\"auths\":{\"h\":\"YTpw\"}}",
		"{\"auths\":{\"h\":{\"auth\":5}}}",
		"{\"auths\":{\"h\":{\"auth\":\"YTpw \"}}}",
		"{\"auths\":{\"h\":{\"auth\":\"YQ==\"}}}",     /* no ":" */
		"{\"auths\":{\"h\":{\"auth\":\"OnA=\"}}}",     /* no user */
		"{\"auths\":{\"h\":{\"auth\":\"YTpwCkg=\"}}}", /* a line break */
		"{\"auths\":{\"h\":{\"identitytoken\":{}}}}",
		"{\"auths\":{\"h\":{\"identitytoken\":\"a\\nb\"}}}",
		"{\"auths\":{},\"auths\":{}}",
		"{\"credHelpers\":[]}",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		auto_credential c = { 0 };

		CHECK(find(wrong[i], "h", NULL, &c) == E_FORMAT && !c.user && !c.identity);
	}
}

static int of_size(size_t n)
{
	auto_buf pair = BUF_INIT(2 * LIMIT_SECRET), text = BUF_INIT(4 * LIMIT_SECRET);
	auto_credential c = { 0 };

	buf_puts(&pair, "u:");
	for (size_t i = 0; i < n; i++)
		buf_putc(&pair, 'p');
	buf_puts(&text, "{\"auths\":{\"h\":{\"auth\":\"");
	b64_put(&text, B64_STD, pair.p, pair.n);
	buf_puts(&text, "\"}}}");
	return find(buf_str(&text), "h", NULL, &c);
}

TEST(limit_of_a_secret)
{
	CHECK(of_size(LIMIT_SECRET) == 0);
	CHECK(of_size(LIMIT_SECRET + 1) == E_FORMAT);
}

static int helper(const char *text, const char *host, bool all, const char **ret)
{
	static json_t *doc;

	json_decref(doc);
	doc = NULL;
	*ret = NULL;
	return auth_file_parse(text, strlen(text), "file", &doc, NULL) < 0
		       ? E_FORMAT
		       : auth_file_helper(doc, host, all, ret, NULL);
}

TEST(helpers)
{
	static const char both[] =
		"{\"credsStore\":\"all\",\"credHelpers\":{\"h:5000\":\"one\",\"x\":\"\"}}";
	const char *name;

	CHECK(helper(both, "h:5000", false, &name) == 0);
	CHECK_STR(name, "one");
	CHECK(helper(both, "h", false, &name) == 0 && !name);
	CHECK(helper(both, "x", false, &name) == 0 && !name);
	CHECK(helper(both, "h", true, &name) == 0);
	CHECK_STR(name, "all");
	CHECK(helper("{\"credsStore\":\"../evil\"}", "h", true, &name) == E_FORMAT);
	CHECK(helper("{\"credsStore\":5}", "h", true, &name) == E_FORMAT);
	(void)helper("", "h", true, &name); /* frees */
	json_t *none = NULL;
	json_decref(none);
}

static int answer(const char *s, struct credential *ret)
{
	return helper_parse(s, strlen(s), ret, NULL);
}

TEST(helpers_answers)
{
	auto_credential a = { 0 }, b = { 0 }, c = { 0 };

	CHECK(answer("{\"ServerURL\":\"h\",\"Username\":\"u\",\"Secret\":\"s\"}\n", &a) == 0);
	CHECK_STR(a.user, "u");
	CHECK_STR(a.secret, "s");
	CHECK(answer("{\"Username\":\"<token>\",\"Secret\":\"t\"}", &b) == 0);
	CHECK_STR(b.identity, "t");
	CHECK(!b.user);
	CHECK(answer("{\"Username\":\"\",\"Secret\":\"\"}", &c) == E_NOTFOUND);
	CHECK(answer("{\"Username\":\"u\"}", &c) == E_FORMAT);
	CHECK(answer("u:s", &c) == E_FORMAT);
	CHECK(answer("{\"Username\":\"u\\n\",\"Secret\":\"\"}", &c) == E_FORMAT);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "we");

	CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0 && chmod(path, mode) == 0);
}

/* The user that a helper's answer for docker.io gives, when it knows key alone. */
static const char *helped(const char *dir, const char *key)
{
	static char shown[64];
	auto_credential c = { 0 };
	char path[128], script[400];
	int r;

	(void)snprintf(path, sizeof(path), "%s/docker-credential-x", dir);
	(void)snprintf(
		script, sizeof(script),
		"#!/bin/sh\nread -r k\n[ \"$k\" = %s ] || { echo credentials not found; exit 1; "
		"}\necho '{\"Username\":\"ann\",\"Secret\":\"s\"}'\n",
		key);
	write_file(path, script, 0700);
	r = credential_find("docker.io", "library/web", &c, NULL);
	(void)snprintf(shown, sizeof(shown), "%s", r == 0 && c.user ? c.user : "none");
	(void)unlink(path);
	return shown;
}

TEST(a_helper_is_asked_for_docker_by_the_name_that_docker_keeps_it_under)
{
	char dir[] = "/tmp/plimsoll-test-XXXXXX", file[64], conf[64], path[256];

	CHECK(mkdtemp(dir));
	(void)snprintf(file, sizeof(file), "%s/config.json", dir);
	(void)snprintf(conf, sizeof(conf), "%s/registries.conf", dir);
	(void)snprintf(path, sizeof(path), "%s:/usr/bin:/bin", dir);
	CHECK(setenv("PATH", path, 1) == 0 && setenv("REGISTRY_AUTH_FILE", file, 1) == 0);
	CHECK(setenv("CONTAINERS_REGISTRIES_CONF", conf, 1) == 0);
	write_file(conf, "", 0600);
	write_file(file, "{\"credsStore\":\"x\"}", 0600);
	CHECK_STR(helped(dir, "https://index.docker.io/v1/"), "ann");
	CHECK_STR(helped(dir, "docker.io"), "ann");
	CHECK_STR(helped(dir, "other"), "none");
	write_file(conf, "credential-helpers=[\"x\"]", 0600);
	CHECK_STR(helped(dir, "https://index.docker.io/v1/"), "ann");
	(void)unlink(conf);
	(void)unlink(file);
	CHECK(rmdir(dir) == 0);
}

TAP_MAIN()
