/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "build/run_agent.h"
#include "dockerfile/csv.h"
#include "dockerfile/run_mount.h"
#include "tap.h"

TAP_MAIN()

TEST(fields)
{
	static const struct {
		const char *text, *want; /* joined by '|'; NULL: refused */
	} cases[] = {
		{ "", "" },
		{ "a", "a" },
		{ "a,b", "a|b" },
		{ "a,", "a|" },
		{ ",a", "|a" },
		{ "\"a,b\",c", "a,b|c" },
		{ "\"a\"\"b\"", "a\"b" },
		{ "\"\"", "" },
		{ "\"a\nb\"", "a\nb" },
		{ " a , b", " a | b" },
		{ "\"a", NULL },
		{ "\"a\"b", NULL },
		{ "a\"b", NULL },
		{ "a\nb", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_strv fields = { 0 };
		auto_buf joined = BUF_INIT(1024);
		struct err e = ERR_INIT;
		int r = csv_split(cases[i].text, &fields, &e);

		CHECK((r == 0) == (cases[i].want != NULL));
		for (size_t k = 0; k < fields.n; k++)
			buf_printf(&joined, "%s%s", k ? "|" : "", fields.v[k]);
		if (r == 0)
			CHECK_STR(buf_str(&joined), cases[i].want);
		else
			CHECK(r == E_FORMAT);
	}
}

/* A text of so many fields, or of one field so long. */
static char *fields_of(size_t n, size_t length)
{
	char *s = malloc(n * (length + 1) + 1), *at = s;

	for (size_t i = 0; s && i < n; i++) {
		memset(at, 'a', length);
		at += length;
		*at++ = ',';
	}
	if (s)
		at[-1] = '\0';
	return s;
}

TEST(field_limits)
{
	auto_strv a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };
	auto_free char *most = fields_of(LIMIT_CSV_FIELDS, 1);
	auto_free char *more = fields_of(LIMIT_CSV_FIELDS + 1, 1);
	auto_free char *longest = fields_of(1, LIMIT_CSV);
	auto_free char *longer = fields_of(1, LIMIT_CSV + 1);

	CHECK(csv_split(most, &a, NULL) == 0 && a.n == LIMIT_CSV_FIELDS);
	CHECK(csv_split(more, &b, NULL) == E_FORMAT);
	CHECK(csv_split(longest, &c, NULL) == 0);
	CHECK(csv_split(longer, &d, NULL) == E_FORMAT);
}

TEST(bind)
{
	auto_run_mount m = { 0 };

	CHECK(run_mount_parse("from=base,source=a,target=/b", NULL, &m, NULL) == 0);
	CHECK(m.type == RUN_MOUNT_BIND && m.read_only && !m.id && !m.required);
	CHECK_STR(m.from, "base");
	CHECK_STR(m.source, "a");
	CHECK_STR(m.target, "/b");
	run_mount_free(&m);
	CHECK(run_mount_parse("TYPE=Bind,dst=b,rw", NULL, &m, NULL) == 0);
	CHECK(m.type == RUN_MOUNT_BIND && !m.read_only && !m.from);
	CHECK_STR(m.source, "/");
	run_mount_free(&m);
	CHECK(run_mount_parse("destination=b,readonly=false", NULL, &m, NULL) == 0);
	CHECK(!m.read_only);
	run_mount_free(&m);
	CHECK(run_mount_parse("dst=b,readwrite=0", NULL, &m, NULL) == 0);
	CHECK(m.read_only);
}

TEST(cache)
{
	auto_run_mount m = { 0 };

	CHECK(run_mount_parse("type=cache,target=/c", NULL, &m, NULL) == 0);
	CHECK(!m.read_only && m.sharing == RUN_MOUNT_SHARED && m.mode == 0755 && !m.owned);
	CHECK(!m.id);
	run_mount_free(&m);
	CHECK(run_mount_parse(
		      "type=cache,id=i,src=s,from=f,sharing=locked,mode=1777,uid=4294967294,"
		      "gid=7,ro,target=c",
		      NULL, &m, NULL) == 0);
	CHECK(m.read_only && m.sharing == RUN_MOUNT_LOCKED && m.mode == 01777 && m.owned);
	CHECK(m.uid == 4294967294U && m.gid == 7);
	CHECK_STR(m.id, "i");
}

TEST(tmpfs_and_sizes)
{
	static const struct {
		const char *text;
		uint64_t want; /* 0: refused */
	} cases[] = {
		{ "1", 1 },
		{ "10b", 10 },
		{ "64k", 65536 },
		{ "64K", 65536 },
		{ "64kb", 65536 },
		{ "64KiB", 65536 },
		{ "2m", 2U << 20 },
		{ "1g", 1U << 30 },
		{ "1t", 1ULL << 40 },
		{ "4194304t", 1ULL << 62 },
		{ "4194305t", 0 },
		{ "0", 0 },
		{ "", 0 },
		{ "k", 0 },
		{ "1.5g", 0 },
		{ "-1", 0 },
		{ "1kk", 0 },
		{ "1ki", 0 },
		{ "1 k", 0 },
		{ "99999999999999999999", 0 },
	};
	auto_run_mount m = { 0 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t v = 0;

		CHECK(run_mount_size(cases[i].text, &v, NULL) == (cases[i].want ? 0 : E_FORMAT));
		CHECK(v == cases[i].want);
	}
	CHECK(run_mount_parse("type=tmpfs,target=/t,size=1k", NULL, &m, NULL) == 0);
	CHECK(m.type == RUN_MOUNT_TMPFS && m.size == 1024 && !m.read_only);
}

TEST(secret_and_ssh)
{
	auto_run_mount m = { 0 };

	CHECK(run_mount_parse("type=secret,id=a", NULL, &m, NULL) == 0);
	CHECK(m.read_only && m.mode == 0400 && !m.target && !m.env && !m.required);
	run_mount_free(&m);
	CHECK(run_mount_parse("type=secret,target=/x/name,required", NULL, &m, NULL) == 0);
	CHECK_STR(m.id, "name");
	CHECK(m.required);
	run_mount_free(&m);
	CHECK(run_mount_parse("type=secret,source=s,env=A_1,required=true", NULL, &m, NULL) == 0);
	CHECK_STR(m.id, "s");
	CHECK_STR(m.env, "A_1");
	run_mount_free(&m);
	CHECK(run_mount_parse("type=ssh", NULL, &m, NULL) == 0);
	CHECK(m.mode == 0600);
	CHECK_STR(m.id, "default");
}

TEST(variables)
{
	auto_vars vars = { 0 };
	const struct expand x = { .escape = '\\', .sets = { &vars } };
	auto_run_mount m = { 0 };

	CHECK(vars_set(&vars, "A", "x,ro", NULL) == 0 && vars_set(&vars, "T", "cache", NULL) == 0);
	CHECK(run_mount_parse("type=$T,id=${A}y,target=/$NONE$A", &x, &m, NULL) == 0);
	/* A value is one value, whatever a variable brings. */
	CHECK(m.type == RUN_MOUNT_CACHE && !m.read_only);
	CHECK_STR(m.id, "x,roy");
	CHECK_STR(m.target, "/x,ro");
}

TEST(from_alone)
{
	static const char *const cases[][2] = {
		{ "type=bind,from=a,target=/x", "a" },
		{ "type=bind,target=/x", NULL },
		{ "\"from=a,b\"", "a,b" },
		{ "from=a,from=b", "b" },
		{ "FROM=a", "a" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_free char *from = NULL;

		CHECK(run_mount_from(cases[i][0], &from, NULL) == 0);
		CHECK((from == NULL) == (cases[i][1] == NULL));
		if (from && cases[i][1])
			CHECK_STR(from, cases[i][1]);
	}
}

TEST(refused)
{
	static const char *const cases[] = {
		"type=cache",
		"type=bind",
		"type=tmpfs",
		"type=secret",
		"type=none,target=/x",
		"type=,target=/x",
		"target=",
		"target",
		"target=/x,nonsense",
		"target=/x,ro=maybe",
		"target=/x,sharing=shared",
		"target=/x,id=a",
		"target=/x,required",
		"type=cache,target=/x,mode=8",
		"type=cache,target=/x,mode=10000",
		"type=cache,target=/x,uid=-1",
		"type=cache,target=/x,uid=4294967295",
		"type=cache,target=/x,uid=99999999999999999999",
		"type=cache,target=/x,gid=root",
		"type=cache,target=/x,source=a",
		"type=secret,id=a,rw",
		"type=secret,id=a,env=",
		"type=secret,id=a,env=A=B",
		"type=ssh,source=a",
		"type=secret,target=/x/",
		"from=a$b,target=/x",
		"target=/x,\"id",
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_run_mount m = { 0 };
		struct err e = ERR_INIT;

		if (run_mount_parse(cases[i], NULL, &m, &e) != E_FORMAT)
			printf("# %s\n", cases[i]);
		CHECK(e.code == E_FORMAT && !m.target);
	}
}

TEST(longest_name)
{
	auto_buf text = BUF_INIT(2 * LIMIT_RUN_MOUNT_NAME);
	auto_run_mount m = { 0 };

	buf_puts(&text, "target=/");
	for (int i = 1; i < LIMIT_RUN_MOUNT_NAME; i++)
		buf_putc(&text, 'x');
	CHECK(run_mount_parse(buf_str(&text), NULL, &m, NULL) == 0);
	run_mount_free(&m);
	buf_putc(&text, 'x');
	CHECK(run_mount_parse(buf_str(&text), NULL, &m, NULL) == E_FORMAT);
}

TEST(what_an_agent_is_asked)
{
	for (unsigned t = 0; t < 256; t++)
		CHECK(run_agent_allows((unsigned char)t) == (t == 11 || t == 13 || t == 27));
}
