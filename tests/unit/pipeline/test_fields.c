/* SPDX-License-Identifier: Apache-2.0 */
/* The values of --output, --cache-from and --cache-to. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "dockerfile/csv.h"
#include "pipeline/cache/cache.h"
#include "pipeline/fields.h"
#include "pipeline/output/output.h"
#include "tap.h"

TAP_MAIN()

static int refused(const char *text)
{
	auto_fields f = { 0 };
	struct err e = ERR_INIT;

	return fields_parse(text, &f, &e) == E_USAGE && e.msg[0];
}

TEST(fields)
{
	auto_fields f = { 0 };
	bool b = false;

	CHECK(fields_parse("TYPE=oci,\"name=a,b\",push,\"x=\"\"q\"\"\"", &f, NULL) == 0);
	CHECK_STR(fields_get(&f, "type"), "oci");
	CHECK_STR(fields_get(&f, "name"), "a,b");
	CHECK_STR(fields_get(&f, "x"), "\"q\"");
	CHECK(fields_bool(&f, "push", &b, NULL) == 0 && b);
	CHECK(!fields_get(&f, "other"));
}

TEST(fields_refused)
{
	CHECK(refused(""));
	CHECK(refused("a=1,"));
	CHECK(refused("a=1,a=2"));
	CHECK(refused("=1"));
	CHECK(refused("\"a=1"));
	CHECK(refused("\"a=1\"b"));
	CHECK(refused("a\"b=1"));
}

/* n fields, each of another name; owned. */
static char *many(size_t n)
{
	struct buf b = BUF_INIT(1024 * 1024);

	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%sf%zu=1", i ? "," : "", i);
	return buf_take(&b);
}

TEST(fields_limits)
{
	auto_free char *fits = many(LIMIT_CSV_FIELDS), *over = many(LIMIT_CSV_FIELDS + 1);
	auto_free char *longest = malloc(LIMIT_CSV + 2);
	auto_fields f = { 0 }, g = { 0 };

	if (!fits || !over || !longest)
		return;
	CHECK(fields_parse(fits, &f, NULL) == 0 && f.names.n == LIMIT_CSV_FIELDS);
	CHECK(refused(over));
	memset(longest, 'a', LIMIT_CSV + 1);
	longest[LIMIT_CSV + 1] = '\0';
	CHECK(fields_parse(longest, &g, NULL) < 0);
	longest[LIMIT_CSV] = '\0';
	fields_free(&g);
	g = (struct fields){ 0 };
	CHECK(fields_parse(longest, &g, NULL) == 0);
}

TEST(outputs)
{
	auto_output path = { 0 }, out = { 0 }, docker = { 0 }, registry = { 0 };

	CHECK(output_parse("some/dir", &path, NULL) == 0 && path.type == OUTPUT_LOCAL);
	CHECK(output_parse("-", &out, NULL) == 0 && out.type == OUTPUT_TAR);
	CHECK(output_parse("type=docker", &docker, NULL) == 0 && docker.type == OUTPUT_IMAGE);
	CHECK(output_parse("type=registry", &registry, NULL) == 0 && registry.push);
}

TEST(caches)
{
	struct cache_ref c = { 0 };

	CHECK(cache_from_parse("web:1", &c, NULL) == 0 && c.kind == CACHE_STORE);
	cache_ref_free(&c);
	CHECK(cache_from_parse("reg.example/web:1", &c, NULL) == 0 && c.kind == CACHE_REGISTRY);
	cache_ref_free(&c);
	CHECK(cache_to_parse("type=local,dest=d,mode=max", &c, NULL) == 0 && c.max);
	cache_ref_free(&c);
	CHECK(cache_to_parse("type=inline", &c, NULL) == 0 && c.kind == CACHE_INLINE);
	cache_ref_free(&c);
	CHECK(cache_to_parse("web:1", &c, NULL) == E_USAGE);
	CHECK(cache_to_parse("type=local,dest=d,ref=x", &c, NULL) == E_USAGE);
}
