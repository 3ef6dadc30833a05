/* SPDX-License-Identifier: Apache-2.0 */
/* One envelope against one policy statement. */
#include "world.h"

TEST(good)
{
	auto_world w;
	auto_buf b = BUF_INIT(LIMIT_ENVELOPE);
	struct trust_result res;
	struct err e = ERR_INIT;
	char hex[THUMBPRINT_MAX];

	world_open(&w, leaf_ca, 2);
	sign_as(&w, GOOD_PAYLOAD, 0, &b);
	CHECK(judge(&w, &b, &res, &e) == 0);
	CHECK_STR(res.subject, "CN=leaf,O=acme,ST=WA,C=US");
	cert_thumbprint(w.chain.v[0], hex);
	CHECK_STR(res.thumbprint, hex);
	cert_thumbprint(w.chain.v[1], hex);
	CHECK_STR(res.trusted, hex);
	for (int i = 0; i < TRUST_REVOCATION; i++)
		CHECK(res.checks[i].outcome == TRUST_PASSED);
	CHECK(res.checks[TRUST_REVOCATION].outcome == TRUST_NOT_CHECKED);
}

/* A name that was cut would be another's. */
TEST(limit_of_the_subject)
{
	char name[1100] = "";
	struct spec specs[] = { LEAF_SPEC, CA_SPEC("root") };

	for (int n = 1001; n <= 1002; n++) {
		auto_world w;

		memset(name, 'a', (size_t)n);
		specs[0].name = name;
		world_open(&w, specs, 2);
		expect(&w, GOOD_PAYLOAD, 0, n == 1001 ? 0 : E_VERIFY, n == 1001 ? NULL : "longer");
	}
}

/* Two files of one long name must not look like one. */
TEST(long_names_are_told_whole)
{
	auto_world w;
	auto_buf b = BUF_INIT(LIMIT_ENVELOPE), payload = BUF_INIT(4096);
	char name[TRUST_REPOSITORY_MAX] = "127.0.0.1:5000/";
	struct trust_result res;
	struct err e = ERR_INIT;

	world_open(&w, leaf_ca, 2);
	memset(w.where[0], 's', WHERE_LEN - 1);
	w.where[0][LIMIT_STORE_NAME] = '/';
	memcpy(w.where[0] + WHERE_LEN - 5, ".pem", 5);
	while (strlen(name) < LIMIT_REF)
		name[strlen(name)] = 'n';
	w.repository = name;
	CHECK(payload_make(&w.manifest, name, NULL, &payload, &e) == 0);
	sign_as(&w, buf_str(&payload), 0, &b);
	CHECK(judge(&w, &b, &res, &e) == 0);
	CHECK(strstr(res.checks[TRUST_STORE].text, w.where[0]) != NULL);
	CHECK(strstr(res.checks[TRUST_NAME].text, name) != NULL);
	w.repository = "";
	CHECK(judge(&w, &b, &res, &e) == 0);
	CHECK(strstr(res.checks[TRUST_NAME].text, name) != NULL);
}

TEST(payload_must_name_this_manifest)
{
	auto_world w;

	world_open(&w, leaf_ca, 2);
	expect(&w, TARGET(MT_OCI_MANIFEST, OTHER, "398"), 0, E_VERIFY, "another manifest");
	expect(&w, TARGET(MT_OCI_MANIFEST, DIGEST, "399"), 0, E_VERIFY, "399 bytes");
	expect(&w, TARGET(MT_OCI_INDEX, DIGEST, "398"), 0, E_VERIFY, "media type");
	expect(&w, TARGET(MT_DOCKER_MANIFEST, DIGEST, "398"), 0, E_VERIFY, "media type");
}

TEST(payload_is_read_strictly)
{
#define T "\"mediaType\":\"" MT_OCI_MANIFEST "\",\"digest\":\"" DIGEST "\",\"size\":398"
	static const struct {
		const char *payload;
		int code;
		const char *message;
	} cases[] = {
		{ "{\"targetArtifact\":{" T ",\"annotations\":{\"a\":\"b\"}}}", 0, NULL },
		{ "{\"targetArtifact\":{" T ",\"artifactType\":\"a/b\"}}", 0, NULL },
		{ "", E_FORMAT, "JSON" },
		{ "[]", E_FORMAT, "'targetArtifact' is missing" },
		{ "{}", E_FORMAT, "'targetArtifact' is missing" },
		{ "{\"targetArtifact\":[]}", E_FORMAT, "not an object" },
		{ "{\"targetArtifact\":{" T "},\"x\":1}", E_FORMAT, "members beside" },
		{ "{\"targetArtifact\":{" T "},\"TargetArtifact\":{" T "}}", E_FORMAT,
		  "members beside" },
		{ "{\"targetArtifact\":{" T "},\"targetArtifact\":{" T "}}", E_FORMAT,
		  "duplicate" },
		{ "{\"targetArtifact\":{" T ",\"Digest\":\"" OTHER "\"}}", E_FORMAT,
		  "unknown member" },
		{ "{\"targetArtifact\":{" T ",\"size\":398}}", E_FORMAT, "duplicate" },
		{ "{\"targetArtifact\":{" T ",\"annotations\":{\"a\":1}}}", E_FORMAT,
		  "not a string" },
		{ "{\"targetArtifact\":{" T ",\"annotations\":[]}}", E_FORMAT, "not an object" },
		{ TARGET(MT_OCI_MANIFEST, DIGEST, "398.0"), E_FORMAT, "'size' is not an integer" },
		{ TARGET(MT_OCI_MANIFEST, DIGEST, "-398"), E_FORMAT, "negative" },
		{ TARGET(MT_OCI_MANIFEST, "sha256:8D", "398"), E_FORMAT, "digest" },
		{ TARGET("", DIGEST, "398"), E_FORMAT, "mediaType" },
	};
	auto_world w;

	world_open(&w, leaf_ca, 2);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect(&w, cases[i].payload, 0, cases[i].code, cases[i].message);
#undef T
}

TEST(untrusted_and_levels)
{
	auto_world w, stranger;
	auto_buf b = BUF_INIT(LIMIT_ENVELOPE);
	struct trust_result res;
	struct err e = ERR_INIT;

	world_open(&w, leaf_ca, 2);
	world_open(&stranger, leaf_ca, 2); /* same names, other keys */
	sign_as(&stranger, GOOD_PAYLOAD, 0, &b);
	CHECK(judge(&w, &b, &res, &e) == E_VERIFY && strstr(e.msg, "trust store"));
	world_policy(&w, "{\"level\":\"permissive\"}", "[\"ca:s\"]", "[\"*\"]");
	CHECK(judge(&w, &b, &res, &e) == E_VERIFY && strstr(e.msg, "trust store"));
	world_policy(&w, "{\"level\":\"audit\"}", "[\"ca:s\"]", "[\"*\"]");
	CHECK(judge(&w, &b, &res, &e) == 0);
	CHECK(res.checks[TRUST_STORE].outcome == TRUST_LOGGED && !res.trusted[0]);
	/* Integrity is enforced at every level. */
	w.manifest.size++;
	CHECK(judge(&w, &b, &res, &e) == E_VERIFY);
}

TEST(identities)
{
	static const char *const cases[][2] = {
		{ "[\"*\"]", "" },
		{ "[\"x509.subject: CN=leaf,C=US,ST=WA,O=acme\"]", "" },
		{ "[\"x509.subject: C=US,ST=WA,O=other\",\"x509.subject: C=US,ST=WA,O=acme\"]",
		  "" },
		{ "[\"x509.subject: C=US,ST=WA,O=acme,CN=root\"]", "does not name its signer" },
		{ "[\"x509.subject: C=US,ST=WA,O=ACME\"]", "does not name its signer" },
		{ "[\"x509.subject: C=US,ST=WA,O=acme,OU=x\"]", "does not name its signer" },
	};
	auto_world w;

	world_open(&w, leaf_ca, 2);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world_policy(&w, "{\"level\":\"strict\"}", "[\"ca:s\"]", cases[i][0]);
		expect(&w, GOOD_PAYLOAD, 0, cases[i][1][0] ? E_VERIFY : 0, cases[i][1]);
	}
}

TEST(expiry)
{
	auto_world w;
	auto_buf b = BUF_INIT(LIMIT_ENVELOPE);
	struct trust_result res;
	struct err e = ERR_INIT;

	world_open(&w, leaf_ca, 2);
	expect(&w, GOOD_PAYLOAD, w.now + 1, 0, NULL);
	expect(&w, GOOD_PAYLOAD, w.now, E_VERIFY, "signature expired"); /* now >= expiry */
	expect(&w, GOOD_PAYLOAD, w.now - 1, E_VERIFY, "signature expired");
	world_policy(&w, "{\"level\":\"permissive\"}", "[\"ca:s\"]", "[\"*\"]");
	sign_as(&w, GOOD_PAYLOAD, w.now - 1, &b);
	CHECK(judge(&w, &b, &res, &e) == 0 && res.checks[TRUST_EXPIRY].outcome == TRUST_LOGGED);
	world_policy(&w, "{\"level\":\"strict\",\"override\":{\"expiry\":\"log\"}}", "[\"ca:s\"]",
		     "[\"*\"]");
	CHECK(judge(&w, &b, &res, &e) == 0 && res.checks[TRUST_EXPIRY].outcome == TRUST_LOGGED);
	world_policy(&w, "{\"level\":\"permissive\",\"override\":{\"expiry\":\"enforce\"}}",
		     "[\"ca:s\"]", "[\"*\"]");
	CHECK(judge(&w, &b, &res, &e) == E_VERIFY);
}

TEST(clock_outside_the_certificate)
{
	struct spec early[] = { LEAF_SPEC, CA_SPEC("root") },
		    late[] = { LEAF_SPEC, CA_SPEC("root") };
	auto_world before, after;

	early[0].from_days = 1, early[0].days = 10; /* not yet */
	late[1].from_days = -10, late[1].days = 9;  /* the root is over */
	world_open(&before, early, 2);
	expect(&before, GOOD_PAYLOAD, 0, E_VERIFY, "not valid before");
	world_open(&after, late, 2);
	expect(&after, GOOD_PAYLOAD, 0, E_VERIFY, "certificate 2 of the chain expired");
	world_policy(&after, "{\"level\":\"permissive\"}", "[\"ca:s\"]", "[\"*\"]");
	expect(&after, GOOD_PAYLOAD, 0, 0, NULL);
}

TEST(repository_names)
{
#define NAMED(members)                                                                             \
	"{\"targetArtifact\":{\"mediaType\":\"" MT_OCI_MANIFEST "\",\"digest\":\"" DIGEST          \
	"\",\"size\":398,\"annotations\":{" members "}}}"
	auto_world w;
	auto_buf made = BUF_INIT(4096);
	struct err e = ERR_INIT;

	world_open(&w, leaf_ca, 2);
	w.repository = "127.0.0.1:5000/web";
	expect(&w, NAMED("\"io.plimsoll.repository\":\"127.0.0.1:5000/web\""), 0, 0, NULL);
	expect(&w, NAMED("\"io.plimsoll.repository\":\"127.0.0.1:5000/other\""), 0, E_VERIFY,
	       "it is signed for 127.0.0.1:5000/other, not for 127.0.0.1:5000/web");
	expect(&w, NAMED("\"io.plimsoll.repository\":\"127.0.0.1:5000/Web\""), 0, E_VERIFY,
	       "it is signed for");
	/* Nobody may read another name, or none, out of the same bytes. */
	expect(&w, NAMED("\"io.plimsoll.repository\":\"\""), 0, E_FORMAT, "not the name");
	expect(&w, NAMED("\"io.plimsoll.Repository\":\"127.0.0.1:5000/web\""), 0, E_FORMAT,
	       "not the name");
	expect(&w, GOOD_PAYLOAD, 0, 0, NULL); /* others' signatures have none */
	/* What is signed here is what is read here. */
	CHECK(payload_make(&w.manifest, w.repository, NULL, &made, &e) == 0);
	expect(&w, buf_str(&made), 0, 0, NULL);
	w.repository = "local/web";
	expect(&w, buf_str(&made), 0, E_VERIFY, "not for local/web");
	w.repository = ""; /* asked for by digest */
	expect(&w, buf_str(&made), 0, 0, NULL);
	w.repository = "local/web";
	world_policy(&w, "{\"level\":\"audit\"}", "[\"ca:s\"]", "[\"*\"]");
	expect(&w, buf_str(&made), 0, 0, NULL);
#undef NAMED
}

TEST(timestamps_are_not_pretended)
{
	auto_world w;

	world_open(&w, leaf_ca, 2);
	world_policy(&w, "{\"level\":\"strict\"}", "[\"ca:s\",\"tsa:t\"]", "[\"*\"]");
	expect(&w, GOOD_PAYLOAD, 0, E_VERIFY, "asks for a timestamp");
	world_policy(&w, "{\"level\":\"strict\",\"verifyTimestamp\":\"afterCertExpiry\"}",
		     "[\"ca:s\",\"tsa:t\"]", "[\"*\"]");
	expect(&w, GOOD_PAYLOAD, 0, 0, NULL);
	w.now += 86400 * 60; /* after the certificate's end */
	expect(&w, GOOD_PAYLOAD, 0, E_VERIFY, "asks for a timestamp");
}

TEST(revocation_is_not_pretended)
{
	struct spec specs[] = { LEAF_SPEC, CA_SPEC("root") };
	auto_world w;

	specs[0].crl = "URI:http://127.0.0.1:1/x.crl";
	world_open(&w, specs, 2);
	expect(&w, GOOD_PAYLOAD, 0, E_REMOTE, "could not be found out: nobody was asked");
	world_policy(&w, "{\"level\":\"permissive\"}", "[\"ca:s\"]", "[\"*\"]");
	expect(&w, GOOD_PAYLOAD, 0, 0, NULL);
	world_policy(&w, "{\"level\":\"strict\",\"override\":{\"revocation\":\"skip\"}}",
		     "[\"ca:s\"]", "[\"*\"]");
	expect(&w, GOOD_PAYLOAD, 0, 0, NULL);
}

/* x5c in another order, or with a root too many: the chain rules, not luck, refuse them. */
TEST(x5c_order)
{
	auto_world w;
	auto_json *env = NULL;
	auto_buf b = BUF_INIT(LIMIT_ENVELOPE), swapped = BUF_INIT(LIMIT_ENVELOPE),
		 twice = BUF_INIT(LIMIT_ENVELOPE);
	struct trust_result res;
	struct err e = ERR_INIT;
	json_t *x5c, *first;

	world_open(&w, leaf_ca, 2);
	sign_as(&w, GOOD_PAYLOAD, 0, &b);
	CHECK(json_parse(b.p, b.n, "t", &env, &e) == 0);
	x5c = json_object_get(json_object_get(env, "header"), "x5c");
	CHECK(json_array_append(x5c, json_array_get(x5c, 1)) == 0);
	CHECK(json_canonical(env, &twice, &e) == 0);
	CHECK(judge(&w, &twice, &res, &e) == E_VERIFY &&
	      strstr(e.msg, "self-signed but not the last"));
	CHECK(json_array_remove(x5c, 2) == 0);
	first = json_incref(json_array_get(x5c, 0));
	CHECK(json_array_remove(x5c, 0) == 0 && json_array_append_new(x5c, first) == 0);
	CHECK(json_canonical(env, &swapped, &e) == 0);
	CHECK(judge(&w, &swapped, &res, &e) == E_VERIFY);
}

/* Every byte of the payload, the protected header, the signature and both certificates. */
TEST(flip_every_byte)
{
	static const char *const members[] = { "\"payload\":\"", "\"protected\":\"",
					       "\"signature\":\"", "\"x5c\":[\"" };
	auto_world w;
	auto_buf b = BUF_INIT(LIMIT_ENVELOPE);
	struct trust_result res;
	struct err e = ERR_INIT;
	size_t flips = 0, accepted = 0;

	world_open(&w, leaf_ca, 2);
	sign_as(&w, GOOD_PAYLOAD, w.now + 1000, &b);
	CHECK(judge(&w, &b, &res, &e) == 0);
	for (size_t m = 0; m < 4; m++) {
		char *p = strstr(b.p, members[m]), *end;

		CHECK(p != NULL);
		if (!p)
			return;
		p += strlen(members[m]);
		end = strchr(p, m == 3 ? ']' : '"');
		for (; p < end; p++) {
			*p = (char)(*p ^ 1);
			accepted += judge(&w, &b, &res, &e) == 0;
			*p = (char)(*p ^ 1);
			flips++;
		}
	}
	printf("# %zu bytes flipped\n", flips);
	CHECK(flips > 1000 && accepted == 0);
	CHECK(judge(&w, &b, &res, &e) == 0);
}

TAP_MAIN()
