/* SPDX-License-Identifier: Apache-2.0 */
/* References, descriptors, manifests, configurations: what is read and what is refused. */
#include "oci/descriptor.h"
#include "oci/manifest.h"
#include "oci/ref.h"
#include "tap.h"

#define HEX "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
#define DIGEST "sha256:" HEX

static void check_ref(const char *text, const char *host, const char *name, const char *tag,
		      const char *digest)
{
	struct ref r = { 0 };

	CHECK(ref_parse(text, &r, NULL) == 0);
	CHECK_STR(r.host, host);
	CHECK_STR(r.name, name);
	CHECK_STR(r.tag, tag);
	CHECK_STR(r.digest.s, digest);
}

TEST(references)
{
	check_ref("web", "", "web", "latest", "");
	check_ref("team/web:1.2_x-3", "", "team/web", "1.2_x-3", "");
	check_ref("127.0.0.1:5000/web:1", "127.0.0.1:5000", "web", "1", "");
	check_ref("EVIL.Example:5000/web", "evil.example:5000", "web", "latest", "");
	check_ref("[FE80::A]/web", "[fe80::a]", "web", "latest", "");
	check_ref("INDEX.Docker.io/web", "docker.io", "library/web", "latest", "");
	check_ref("localhost/web", "localhost", "web", "latest", "");
	check_ref("[::1]:5000/a/b__c/d--e.f", "[::1]:5000", "a/b__c/d--e.f", "latest", "");
	check_ref("r.example/web@" DIGEST, "r.example", "web", "", DIGEST);
	check_ref(HEX ":1", "", HEX, "1", "");
	check_ref("r.example/web:2@" DIGEST, "r.example", "web", "2", DIGEST);
}

TEST(refused_references)
{
	static const char *const bad[] = {
		"",
		"Web",
		"web:",
		"web@",
		"web@sha256:12",
		"web@" DIGEST "0",
		"web//x",
		"/web",
		"web/",
		"we b",
		"-web",
		"web-",
		"web..x",
		"web___x",
		"web:.x",
		"host:0/web",
		"host:70000/web",
		"host:5000/",
		"a:b/c:d:e",
		"[::1/web",
		"web:\n",
		"ho_st.x/web",
		"evil.example./web",
		"evil.example.:5000/web",
		HEX, /* would stand before the image of that digest */
		"sha256:" HEX "@" DIGEST "@" DIGEST,
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct ref r;

		if (ref_parse(bad[i], &r, NULL) == 0)
			printf("# accepted: '%s'\n", bad[i]);
		CHECK(ref_parse(bad[i], &r, NULL) == E_USAGE);
	}
}

TEST(tag_length_at_the_limit_and_past)
{
	char text[160] = "w:";
	struct ref r;

	memset(text + 2, 'a', 128);
	CHECK(ref_parse(text, &r, NULL) == 0);
	text[130] = 'a';
	CHECK(ref_parse(text, &r, NULL) == E_USAGE);
}

static int parse_desc(const char *text, struct desc *d)
{
	auto_json *j = NULL;

	CHECK(json_parse(text, strlen(text), "test", &j, NULL) == 0);
	return desc_parse(j, "test", d, NULL);
}

TEST(descriptors)
{
	struct desc d;

	CHECK(parse_desc("{\"mediaType\":\"a/b\",\"digest\":\"" DIGEST "\",\"size\":7}", &d) == 0 &&
	      d.size == 7);
	CHECK(parse_desc("{\"mediaType\":\"a b\",\"digest\":\"" DIGEST "\",\"size\":7}", &d) ==
	      E_FORMAT);
	CHECK(parse_desc("{\"mediaType\":\"a/b\",\"digest\":\"" DIGEST "\",\"size\":-7}", &d) ==
	      E_FORMAT);
	CHECK(parse_desc("{\"mediaType\":\"a/b\",\"digest\":\"" DIGEST "\",\"size\":7.5}", &d) ==
	      E_FORMAT);
	CHECK(parse_desc("{\"mediaType\":\"a/b\",\"digest\":\"sha512:" HEX "\",\"size\":7}", &d) ==
	      E_FORMAT);
	CHECK(parse_desc("{\"mediaType\":\"a/b\",\"digest\":\"SHA256:" HEX "\",\"size\":7}", &d) ==
	      E_FORMAT);
	CHECK(parse_desc("{\"mediaType\":\"a/b\",\"size\":7}", &d) == E_FORMAT);
	CHECK(parse_desc("{\"mediaType\":\"a/b\",\"digest\":\"" DIGEST "\",\"size\":68719476736}",
			 &d) == 0);
	CHECK(parse_desc("{\"mediaType\":\"a/b\",\"digest\":\"" DIGEST "\",\"size\":68719476737}",
			 &d) == E_FORMAT);
}

#define CONFIG                                                                                     \
	"\"config\":{\"mediaType\":\"" MT_OCI_CONFIG "\",\"digest\":\"" DIGEST "\",\"size\":2}"

TEST(a_document_that_is_manifest_and_index_is_refused)
{
	static const char both[] =
		"{\"schemaVersion\":2," CONFIG ",\"layers\":[],\"manifests\":[]}";
	static const char good[] = "{\"schemaVersion\":2," CONFIG ",\"layers\":[]}";
	auto_manifest m = { 0 };
	struct desc d;

	CHECK(manifest_parse(both, sizeof(both) - 1, "t", &m, NULL) == E_FORMAT);
	CHECK(index_pick(both, sizeof(both) - 1, "t", "linux", "amd64", &d, NULL) == E_FORMAT);
	CHECK(manifest_parse(good, sizeof(good) - 1, "t", &m, NULL) == 0);
}

TEST(index_entries_are_picked_by_platform)
{
	static const char text[] = "{\"schemaVersion\":2,\"manifests\":["
				   "{\"mediaType\":\"a/b\",\"digest\":\"" DIGEST
				   "\",\"size\":1,\"platform\":{\"os\":\"linux\","
				   "\"architecture\":\"arm64\"}},"
				   "{\"mediaType\":\"a/b\",\"digest\":\"" DIGEST
				   "\",\"size\":2,\"platform\":{\"os\":\"linux\","
				   "\"architecture\":\"amd64\"}}]}";
	struct desc d;

	CHECK(index_pick(text, sizeof(text) - 1, "t", "linux", "amd64", &d, NULL) == 0 &&
	      d.size == 2);
	CHECK(index_pick(text, sizeof(text) - 1, "t", "linux", "riscv64", &d, NULL) == E_NOTFOUND);
}

TEST(a_layer_knows_its_instruction)
{
	static const char text[] =
		"{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\","
		"\"diff_ids\":[\"" DIGEST "\",\"" DIGEST "\"]},\"history\":[{\"created_by\":\"A\"},"
		"{\"created_by\":\"ENV\",\"empty_layer\":true},{\"created_by\":\"B\"}]}";
	auto_config c = { 0 };

	CHECK(config_parse(text, sizeof(text) - 1, "t", &c, NULL) == 0);
	CHECK_STR(config_layer_instruction(&c, 0), "A");
	CHECK_STR(config_layer_instruction(&c, 1), "B");
	CHECK(config_layer_instruction(&c, 2) == NULL);
}

TEST(what_a_list_lacks)
{
	auto_json *list = json_pack("[{s:s}]", "digest", "sha256:a"),
		  *entries = json_pack("[{s:s},{s:s},{s:s},{s:s}]", "digest", "sha256:b", "digest",
				       "sha256:a", "digest", "sha256:b", "mediaType", "none"),
		  *lacks = NULL, *all = NULL;
	struct err e = ERR_INIT;

	CHECK(desc_missing(list, entries, &lacks, &e) == 0 && json_array_size(lacks) == 1);
	CHECK_STR(json_string_or_null(json_array_get(lacks, 0), "digest"), "sha256:b");
	CHECK(desc_missing(NULL, entries, &all, &e) == 0 && json_array_size(all) == 2);
}

TAP_MAIN()
