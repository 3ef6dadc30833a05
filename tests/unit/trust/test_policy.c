/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "tap.h"
#include "trust/policy.h"

#define ID "\"x509.subject: C=US, ST=WA, O=acme\""
#define STORES "\"trustStores\":[\"ca:acme\"],\"trustedIdentities\":[" ID "]"
#define STRICT "\"signatureVerification\":{\"level\":\"strict\"}"
#define ONE(body) "{\"version\":\"1.0\",\"trustPolicies\":[{" body "}]}"

static int parse(const char *text, struct policy *p, struct err *e)
{
	return policy_parse(text, strlen(text), p, e);
}

static void refuse(const char *text, const char *message)
{
	struct err e = ERR_INIT;
	struct policy p = { .n = 99 };
	int r = parse(text, &p, &e);

	CHECK(r == E_FORMAT && p.n == 99);
	if (!strstr(e.msg, message))
		printf("# %s\n#   -> %s (want '%s')\n", text, e.msg, message);
	CHECK(strstr(e.msg, message) != NULL);
}

static void accept(const char *text)
{
	struct err e = ERR_INIT;
	auto_policy p = { 0 };

	CHECK(parse(text, &p, &e) == 0);
	if (e.code)
		printf("# %s\n#   -> %s\n", text, e.msg);
}

TEST(document)
{
	accept(ONE("\"name\":\"a\",\"registryScopes\":[\"*\"]," STRICT "," STORES));
	refuse("", "JSON");
	refuse("[]", "not an object");
	refuse("{}", "'version' is missing");
	refuse("{\"version\":\"1.1\",\"trustPolicies\":[]}", "version '1.1'");
	refuse("{\"version\":\"1.0\",\"trustPolicies\":[]}", "1 to 256 statements");
	refuse("{\"version\":\"1.0\",\"trustPolicies\":[1]}", "'name' is missing");
	refuse("{\"version\":\"1.0\",\"trustPolicies\":[],\"x\":1}", "unknown member 'x'");
	refuse("{\"version\":\"1.0\",\"version\":\"1.0\",\"trustPolicies\":[]}", "duplicate");
	refuse("{\"Version\":\"1.0\",\"trustPolicies\":[]}", "unknown member 'Version'");
	refuse(ONE("\"name\":\"\",\"registryScopes\":[\"*\"]," STRICT "," STORES), "a name must");
	refuse(ONE("\"name\":\"a\",\"registryScopes\":[\"*\"]," STRICT "," STORES ",\"x\":1"),
	       "unknown member 'x'");
	refuse(ONE("\"name\":\"a\",\"registryScopes\":[\"*\"]," STORES),
	       "'signatureVerification' is missing");
}

TEST(scopes)
{
	static const char *const good[] = { "localhost:5000/a",
					    "registry.acme.com/team/web",
					    "local/x",
					    "127.0.0.1:5000/a/b/c",
					    "[::1]:5000/a",
					    "example.com:8080/rep/rep2",
					    "domain/rep",
					    "domain:1234/rep",
					    "10.10.10.10:8080/rep/rep2" };
	static const char *const bad[] = { "web",
					   "",
					   "registry.acme.com/*",
					   "https://a.b/c",
					   "a.b/c:tag",
					   "a.b/C",
					   "a.b/",
					   "/a",
					   "a.b/c@sha256:00",
					   "* ",
					   "a.b/c/",
					   "1:1",
					   "a,b",
					   "1111",
					   "1,2",
					   "example.com",
					   "rep/rep2:latest",
					   "10.10.10.10",
					   "*/",
					   "example*/",
					   "ex*test" };
	char text[1024];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		(void)snprintf(text, sizeof(text),
			       ONE("\"name\":\"a\",\"registryScopes\":[\"%s\"]," STRICT "," STORES),
			       good[i]);
		accept(text);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(text, sizeof(text),
			       ONE("\"name\":\"a\",\"registryScopes\":[\"%s\"]," STRICT "," STORES),
			       bad[i]);
		refuse(text, "not a whole repository");
	}
	refuse(ONE("\"name\":\"a\",\"registryScopes\":[]," STRICT "," STORES), "1 to 1024");
	refuse(ONE("\"name\":\"a\",\"registryScopes\":[1]," STRICT "," STORES),
	       "must hold strings");
	refuse(ONE("\"name\":\"a\",\"registryScopes\":[\"*\",\"a.b/c\"]," STRICT "," STORES),
	       "must be alone");
	refuse(ONE("\"name\":\"a\",\"registryScopes\":[\"a.b/c\",\"a.b/c\"]," STRICT "," STORES),
	       "twice");
}

#define SV(x)                                                                                      \
	ONE("\"name\":\"a\",\"registryScopes\":[\"*\"],\"signatureVerification\":" x "," STORES)

TEST(levels)
{
	accept(SV("{\"level\":\"permissive\"}"));
	accept(SV("{\"level\":\"audit\",\"verifyTimestamp\":\"afterCertExpiry\"}"));
	accept(SV("{\"level\":\"strict\",\"override\":{\"revocation\":\"skip\",\"expiry\":\"log\"}"
		  "}"));
	refuse(SV("{\"level\":\"Strict\"}"), "unknown level");
	refuse(SV("{}"), "'level' is missing");
	refuse(SV("{\"level\":\"strict\",\"x\":1}"), "unknown member");
	refuse(SV("{\"level\":\"strict\",\"override\":{\"integrity\":\"log\"}}"),
	       "cannot be overridden");
	refuse(SV("{\"level\":\"strict\",\"override\":{\"expiry\":\"skip\"}}"),
	       "must be enforce or log");
	refuse(SV("{\"level\":\"strict\",\"override\":{\"authenticity\":\"skip\"}}"),
	       "must be enforce");
	refuse(SV("{\"level\":\"strict\",\"override\":{\"revocation\":\"off\"}}"), "or skip");
	refuse(SV("{\"level\":\"strict\",\"override\":{\"revocation\":1}}"), "or skip");
	refuse(SV("{\"level\":\"strict\",\"override\":{\"Expiry\":\"log\"}}"), "unknown override");
	refuse(SV("{\"level\":\"strict\",\"override\":[]}"), "not an object");
	refuse(SV("{\"level\":\"strict\",\"verifyTimestamp\":\"never\"}"), "verifyTimestamp");
	refuse(SV("{\"level\":\"strict\",\"verifyTimestamp\":true}"), "verifyTimestamp");
}

TEST(skip_level)
{
#define SKIP "\"signatureVerification\":{\"level\":\"skip\"}"
	accept(ONE("\"name\":\"a\",\"registryScopes\":[\"a.b/c\"]," SKIP));
	/* notation writes what is empty. */
	accept(ONE("\"name\":\"a\",\"registryScopes\":[\"a.b/c\"]," SKIP
		   ",\"trustStores\":[],\"trustedIdentities\":[]"));
	refuse(ONE("\"name\":\"a\",\"registryScopes\":[\"a.b/c\"]," SKIP ",\"trustStores\":{}"),
	       "takes no trust stores");
	refuse(ONE("\"name\":\"a\",\"registryScopes\":[\"*\"]," SKIP), "not '*'");
	refuse(ONE("\"name\":\"a\",\"registryScopes\":[\"a.b/c\"]," SKIP "," STORES),
	       "takes no trust stores");
	refuse(ONE("\"name\":\"a\",\"registryScopes\":[\"a.b/"
		   "c\"],\"signatureVerification\":{\"level\":"
		   "\"skip\",\"override\":{\"expiry\":\"log\"}}"),
	       "takes no override");
}

#define TS(stores, ids)                                                                            \
	ONE("\"name\":\"a\",\"registryScopes\":[\"*\"]," STRICT ",\"trustStores\":" stores         \
	    ",\"trustedIdentities\":" ids)

TEST(stores_and_identities)
{
	accept(TS("[\"ca:a\",\"tsa:b\",\"signingAuthority:c\"]", "[\"*\"]"));
	accept(TS("[\"ca:a\"]", "[" ID ",\"x509.subject: C=US, ST=WA, O=other\"]"));
	accept(TS("[\"ca:a\"]", "[\"x509.subject:C=US,S=WA,O=a\\\\, b\"]"));
	refuse(TS("[]", "[\"*\"]"), "1 to 64");
	refuse(TS("[\"tsa:b\"]", "[\"*\"]"), "only for timestamps");
	refuse(TS("[\"ca:\"]", "[\"*\"]"), "not TYPE:NAME");
	refuse(TS("[\"ca:..\"]", "[\"*\"]"), "not TYPE:NAME");
	refuse(TS("[\"ca:a/b\"]", "[\"*\"]"), "not TYPE:NAME");
	refuse(TS("[\"acme\"]", "[\"*\"]"), "not TYPE:NAME");
	refuse(TS("[\"CA:a\"]", "[\"*\"]"), "the type must be");
	refuse(TS("[\"ca:a\",\"ca:a\"]", "[\"*\"]"), "twice");
	refuse(TS("[\"ca\"]", "[\"*\"]"), "not TYPE:NAME");
	refuse(TS("[\"ca:a\"]", "[\"\"]"), "must begin with");
	refuse(TS("[\"ca:a\"]", "[\"x509.subject\"]"), "must begin with");
	refuse(TS("[\"ca:a\"]", "[\"x509.subject:\"]"), "identity");
	refuse(TS("[\"ca:a\"]", "[]"), "1 to 256");
	refuse(TS("[\"ca:a\"]", "[\"*\"," ID "]"), "must be alone");
	refuse(TS("[\"ca:a\"]", "[\"C=US, ST=WA, O=acme\"]"), "must begin with");
	refuse(TS("[\"ca:a\"]", "[\"x509.subject: C=US, O=acme\"]"), "must name C, ST and O");
	refuse(TS("[\"ca:a\"]", "[\"x509.subject: C=US, ST=WA\"]"), "must name C, ST and O");
	refuse(TS("[\"ca:a\"]", "[\"x509.subject: C=US, ST=WA, O=a, O=b\"]"), "stands twice");
	refuse(TS("[\"ca:a\"]", "[\"x509.subject: C=US, ST=WA, O=a+OU=b\"]"), "must be escaped");
	refuse(TS("[\"ca:a\"]", "[" ID ",\"x509.subject: C=US, ST=WA, O=acme, CN=web\"]"),
	       "overlap");
	refuse(TS("[\"ca:a\"]", "[" ID ",\"x509.subject: O=acme,ST=WA,C=US\"]"), "overlap");
	refuse(ONE("\"name\":\"a\",\"registryScopes\":[\"*\"]," STRICT
		   ",\"trustStores\":[\"ca:a\"]"),
	       "'trustedIdentities' is missing");
}

TEST(unique)
{
	refuse("{\"version\":\"1.0\",\"trustPolicies\":[{\"name\":\"a\",\"registryScopes\":[\"*\"]"
	       "," STRICT "," STORES "},{\"name\":\"a\",\"registryScopes\":[\"a.b/c\"]," STRICT
	       "," STORES "}]}",
	       "the name 'a' stands twice");
	refuse("{\"version\":\"1.0\",\"trustPolicies\":[{\"name\":\"a\",\"registryScopes\":[\"a.b/"
	       "c\"]," STRICT "," STORES "},{\"name\":\"b\",\"registryScopes\":[\"a.b/c\"]," STRICT
	       "," STORES "}]}",
	       "in two statements");
}

static const char *select_for(const struct policy *p, const char *text)
{
	struct err e = ERR_INIT;
	struct ref ref;
	const struct statement *s;

	CHECK(ref_parse(text, &ref, &e) == 0);
	s = policy_select(p, &ref);
	return s ? s->name : "none";
}

TEST(selection)
{
	static const char with_any[] =
		"{\"version\":\"1.0\",\"trustPolicies\":["
		"{\"name\":\"any\",\"registryScopes\":[\"*\"]," STRICT "," STORES "},"
		"{\"name\":\"web\",\"registryScopes\":[\"a.b/web\",\"a.b:5000/web\"]," STRICT
		"," STORES "},"
		"{\"name\":\"local\",\"registryScopes\":[\"local/web\"]," STRICT "," STORES "}]}";
	struct err e = ERR_INIT;
	auto_policy p = { 0 }, q = { 0 };

	CHECK(parse(with_any, &p, &e) == 0);
	CHECK_STR(select_for(&p, "a.b/web:1.2"), "web");
	CHECK_STR(select_for(&p, "a.b:5000/web"), "web");
	CHECK_STR(select_for(&p, "a.b/web2"), "any");
	CHECK_STR(select_for(&p, "a.b/web/sub"), "any");
	CHECK_STR(select_for(&p, "web"), "local");
	CHECK_STR(select_for(&p, "local/web"), "any"); /* that is local/local/web */
	CHECK_STR(select_for(&p, "other"), "any");
	CHECK(parse(ONE("\"name\":\"a\",\"registryScopes\":[\"a.b/c\"]," STRICT "," STORES), &q,
		    &e) == 0);
	CHECK_STR(select_for(&q, "a.b/d"), "none");
}

TEST(limits)
{
	auto_buf b = BUF_INIT(2 * LIMIT_POLICY);
	struct err e = ERR_INIT;
	auto_policy p = { 0 }, q = { 0 };

	for (int n = LIMIT_STATEMENTS; n <= LIMIT_STATEMENTS + 1; n++) {
		buf_reset(&b);
		buf_puts(&b, "{\"version\":\"1.0\",\"trustPolicies\":[");
		for (int i = 0; i < n; i++)
			buf_printf(&b,
				   "%s{\"name\":\"n%d\",\"registryScopes\":[\"a.b/r%d\"]," STRICT
				   "," STORES "}",
				   i ? "," : "", i, i);
		buf_puts(&b, "]}");
		CHECK(policy_parse(b.p, b.n, n == LIMIT_STATEMENTS ? &p : &q, &e) ==
		      (n == LIMIT_STATEMENTS ? 0 : E_FORMAT));
	}
	buf_reset(&b);
	buf_puts(&b, ONE("\"name\":\"a\",\"registryScopes\":[\"*\"]," STRICT "," STORES));
	while (b.n < LIMIT_POLICY)
		buf_putc(&b, ' ');
	CHECK(policy_parse(b.p, b.n, &q, &e) == 0);
	policy_free(&q);
	buf_putc(&b, ' ');
	CHECK(policy_parse(b.p, b.n, &q, &e) == E_FORMAT);
}

TAP_MAIN()
