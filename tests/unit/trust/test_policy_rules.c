/* SPDX-License-Identifier: Apache-2.0 */
/* trustpolicy.json by the rules of the Notary Project's specification (trust-store-trust-policy.md)
 * and what notation makes of it: a document that is good but for one thing, a row each. */
#include <stdio.h>
#include <string.h>

#include "tap.h"
#include "trust/policy.h"

struct row {
	const char *what;
	/* Members of the only statement; NULL: a good one, "": left out. ' stands for ". */
	const char *name, *scopes, *verification, *stores, *identities;
	const char *why; /* part of the refusal; NULL: accepted */
};

static void put_member(struct buf *b, const char *name, const char *value, const char *good)
{
	value = value ? value : good;
	if (!*value)
		return;
	buf_printf(b, "%s\"%s\":", b->p[b->n - 1] == '{' ? "" : ",", name);
	for (; *value; value++)
		buf_putc(b, *value == '\'' ? '"' : *value);
}

static void check(const struct row *r)
{
	auto_buf b = BUF_INIT(8192);
	struct err e = ERR_INIT;
	auto_policy p = { 0 };
	int got;

	buf_puts(&b, "{\"version\":\"1.0\",\"trustPolicies\":[{");
	put_member(&b, "name", r->name, "'n'");
	put_member(&b, "registryScopes", r->scopes, "['registry.example/team/app']");
	put_member(&b, "signatureVerification", r->verification, "{'level':'strict'}");
	put_member(&b, "trustStores", r->stores, "['ca:acme']");
	put_member(&b, "trustedIdentities", r->identities, "['x509.subject: C=US, ST=WA, O=acme']");
	buf_puts(&b, "}]}");
	got = policy_parse(b.p, b.n, &p, &e);
	CHECK(got == (r->why ? E_FORMAT : 0));
	CHECK(!r->why || strstr(e.msg, r->why));
	if (got != (r->why ? E_FORMAT : 0) || (r->why && !strstr(e.msg, r->why)))
		printf("# %s: %d %s\n", r->what, got, e.msg);
}

static void check_all(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check(&rows[i]);
}
#define CHECK_ROWS(rows) check_all(rows, sizeof(rows) / sizeof((rows)[0]))

TEST(names)
{
	static const struct row rows[] = {
		{ "as it is", .why = NULL },
		{ "missing", .name = "", .why = "'name' is missing" },
		{ "empty", .name = "''", .why = "a name must" },
		{ "blanks and signs", .name = "'my policy / 1'" },
		{ "a number", .name = "1", .why = "name" },
	};

	CHECK_ROWS(rows);
}

TEST(scopes)
{
	static const struct row rows[] = {
		{ "missing", .scopes = "", .why = "registryScopes" },
		{ "null", .scopes = "null", .why = "registryScopes" },
		{ "none", .scopes = "[]", .why = "1 to 1024" },
		{ "a text", .scopes = "'*'", .why = "registryScopes" },
		{ "the wildcard", .scopes = "['*']" },
		{ "the wildcard and another", .scopes = "['*','a.b/c']", .why = "must be alone" },
		{ "another and the wildcard", .scopes = "['a.b/c','*']", .why = "must be alone" },
		{ "several", .scopes = "['a.b/c','a.b/d','local/e']" },
		{ "one twice", .scopes = "['a.b/c','a.b/c']", .why = "twice" },
		{ "a tag", .scopes = "['a.b/c:1']", .why = "whole repository" },
		{ "a digest", .scopes = "['a.b/c@sha256:00']", .why = "whole repository" },
		{ "a scheme", .scopes = "['https://a.b/c']", .why = "whole repository" },
		{ "a host alone", .scopes = "['a.b']", .why = "whole repository" },
		{ "a host and a slash", .scopes = "['a.b/']", .why = "whole repository" },
		{ "a prefix", .scopes = "['a.b/c/']", .why = "whole repository" },
		{ "a pattern of repositories", .scopes = "['a.b/*']", .why = "whole repository" },
		{ "a pattern of hosts", .scopes = "['*.b/c']", .why = "whole repository" },
		{ "blanks", .scopes = "[' a.b/c']", .why = "whole repository" },
		{ "a port", .scopes = "['a.b:5000/c']" },
		{ "a port without digits", .scopes = "['a.b:/c']", .why = "whole repository" },
		{ "an address", .scopes = "['10.0.0.1:5000/c/d']" },
		{ "a host without dots", .scopes = "['domain/c']" },
		{ "separators", .scopes = "['a.b/c-d','a.b/c--d','a.b/c_d','a.b/c__d','a.b/c.d']" },
		{ "a separator too many", .scopes = "['a.b/c___d']", .why = "whole repository" },
		{ "dots", .scopes = "['a.b/c..d']", .why = "whole repository" },
		{ "a path upwards", .scopes = "['a.b/../c']", .why = "whole repository" },
		{ "a separator at the beginning", .scopes = "['a.b/-c']",
		  .why = "whole repository" },
		{ "a separator at the end", .scopes = "['a.b/c-']", .why = "whole repository" },
		{ "capitals in a name", .scopes = "['a.b/C']", .why = "whole repository" },
		{ "an empty part", .scopes = "['a.b//c']", .why = "whole repository" },
		{ "a host's label that ends in '-'", .scopes = "['a-.b/c']",
		  .why = "whole repository" },
	};

	CHECK_ROWS(rows);
}

TEST(levels)
{
#define LEVEL(level) "{'level':'" level "'}"
#define OVER(override) "{'level':'strict','override':{" override "}}"
#define STAMP(value) "{'level':'strict','verifyTimestamp':" value "}"
	static const struct row rows[] = {
		{ "missing", .verification = "", .why = "'signatureVerification' is missing" },
		{ "no level", .verification = "{}", .why = "'level' is missing" },
		{ "permissive", .verification = LEVEL("permissive") },
		{ "audit", .verification = LEVEL("audit") },
		{ "empty", .verification = LEVEL(""), .why = "unknown level" },
		{ "unknown", .verification = LEVEL("custom"), .why = "unknown level" },
		{ "capitals", .verification = LEVEL("Strict"), .why = "unknown level" },
		{ "nothing overridden", .verification = OVER("") },
		{ "all that may be",
		  .verification =
			  OVER("'authenticity':'log','authenticTimestamp':'enforce','expiry':'log',"
			       "'revocation':'skip'") },
		{ "integrity", .verification = OVER("'integrity':'enforce'"),
		  .why = "cannot be overridden" },
		{ "authenticity skipped", .verification = OVER("'authenticity':'skip'"),
		  .why = "must be enforce or log" },
		{ "timestamp skipped", .verification = OVER("'authenticTimestamp':'skip'"),
		  .why = "must be enforce or log" },
		{ "expiry skipped", .verification = OVER("'expiry':'skip'"),
		  .why = "must be enforce or log" },
		{ "an unknown type", .verification = OVER("'signature':'log'"),
		  .why = "unknown override" },
		{ "an unknown action", .verification = OVER("'expiry':'warn'"),
		  .why = "must be enforce" },
		{ "an action in capitals", .verification = OVER("'expiry':'Log'"),
		  .why = "must be enforce" },
		{ "timestamps always", .verification = STAMP("'always'") },
		{ "timestamps after expiry", .verification = STAMP("'afterCertExpiry'") },
		{ "timestamps never", .verification = STAMP("'never'"), .why = "verifyTimestamp" },
		{ "timestamps empty", .verification = STAMP("''"), .why = "verifyTimestamp" },
		{ "an unknown member", .verification = "{'level':'strict','x':1}",
		  .why = "unknown member" },
	};

	CHECK_ROWS(rows);
}

TEST(skipping)
{
#define SKIP .verification = LEVEL("skip")
	static const struct row rows[] = {
		{ "nothing else", SKIP, .stores = "", .identities = "" },
		/* As Go's programs write lists that are empty. */
		{ "empty lists", SKIP, .stores = "[]", .identities = "[]" },
		{ "null for lists", SKIP, .stores = "null", .identities = "null" },
		{ "stores", SKIP, .identities = "", .why = "takes no trust stores" },
		{ "identities", SKIP, .stores = "", .why = "takes no trust stores" },
		{ "everywhere", SKIP, .scopes = "['*']", .stores = "", .identities = "",
		  .why = "not '*'" },
		{ "nothing overridden", .verification = "{'level':'skip','override':{}}",
		  .stores = "", .identities = "" },
		{ "overridden", .verification = "{'level':'skip','override':{'expiry':'log'}}",
		  .stores = "", .identities = "", .why = "takes no override" },
	};

	CHECK_ROWS(rows);
}

TEST(stores)
{
	static const struct row rows[] = {
		{ "missing", .stores = "", .why = "'trustStores'" },
		{ "none", .stores = "[]", .why = "1 to 64" },
		{ "null", .stores = "null", .why = "'trustStores'" },
		{ "of each type", .stores = "['ca:a','signingAuthority:a','tsa:a']" },
		{ "several of a type", .stores = "['ca:a','ca:b']" },
		{ "one twice", .stores = "['ca:a','ca:a']", .why = "twice" },
		{ "no type", .stores = "['acme']", .why = "not TYPE:NAME" },
		{ "no name", .stores = "['ca:']", .why = "not TYPE:NAME" },
		{ "a type alone", .stores = "['ca']", .why = "not TYPE:NAME" },
		{ "an unknown type", .stores = "['root:a']", .why = "the type must be" },
		{ "a type in capitals", .stores = "['CA:a']", .why = "the type must be" },
		{ "blanks", .stores = "['ca: a']", .why = "not TYPE:NAME" },
		{ "a path", .stores = "['ca:../a']", .why = "not TYPE:NAME" },
		{ "this folder", .stores = "['ca:.']", .why = "not TYPE:NAME" },
		{ "every sign of a name", .stores = "['ca:aZ0_.-']" },
		{ "two colons", .stores = "['ca:a:b']", .why = "not TYPE:NAME" },
		/* In notation's prose; its program takes one of a list for one. */
		{ "two in one text", .stores = "['ca:a,tsa:b']", .why = "not TYPE:NAME" },
		/* Nobody could sign; notation finds that out later. */
		{ "timestamps alone", .stores = "['tsa:a']", .why = "only for timestamps" },
	};

	CHECK_ROWS(rows);
}

TEST(identities)
{
#define DN(rest) "['x509.subject: " rest "']"
#define TWO(a, b) "['x509.subject: " a "','x509.subject: " b "']"
#define BASE "C=US, ST=WA, O=acme"
	static const struct row rows[] = {
		{ "missing", .identities = "", .why = "'trustedIdentities'" },
		{ "none", .identities = "[]", .why = "1 to 256" },
		{ "anybody", .identities = "['*']" },
		{ "anybody and somebody", .identities = "['*','x509.subject: " BASE "']",
		  .why = "must be alone" },
		{ "somebody and anybody", .identities = "['x509.subject: " BASE "','*']",
		  .why = "must be alone" },
		{ "empty", .identities = "['']", .why = "must begin with" },
		{ "no colon", .identities = "['x509.subject']", .why = "must begin with" },
		{ "no subject", .identities = "['x509.subject:']", .why = "identity" },
		{ "blanks for a subject", .identities = "['x509.subject:  ']", .why = "identity" },
		{ "no blank", .identities = "['x509.subject:C=US,ST=WA,O=acme']" },
		/* notation leaves those to its plugins, of which there are none here. */
		{ "another kind", .identities = "['spiffe: a']", .why = "must begin with" },
		{ "a kind in capitals", .identities = "['X509.Subject: " BASE "']",
		  .why = "must begin with" },
		{ "no C", .identities = DN("ST=WA, O=acme"), .why = "must name C, ST and O" },
		{ "no ST", .identities = DN("C=US, O=acme"), .why = "must name C, ST and O" },
		{ "no O", .identities = DN("C=US, ST=WA"), .why = "must name C, ST and O" },
		{ "S for ST", .identities = DN("C=US, S=WA, O=acme") },
		{ "S and ST", .identities = DN("C=US, S=WA, ST=WA, O=acme"), .why = "twice" },
		{ "a part twice", .identities = DN(BASE ", OU=a, OU=b"), .why = "twice" },
		{ "two parts in one", .identities = DN(BASE ", OU=a+CN=b"), .why = "escaped" },
		{ "bytes in hex", .identities = DN("C=US, ST=WA, O=#0C0141"), .why = "identity" },
		{ "an empty value", .identities = DN("C=US, ST=WA, O="), .why = "identity" },
		{ "no value", .identities = DN("C=US, ST=WA, O"), .why = "identity" },
		{ "a comma at the end", .identities = DN(BASE ","), .why = "identity" },
		{ "an escaped comma", .identities = DN("C=US, ST=WA, O=acme\\\\, inc.") },
		{ "all parts", .identities = DN(BASE ", L=Seattle, OU=build, CN=ci") },
		{ "two of one house", .identities = TWO(BASE ", CN=a", BASE ", CN=b") },
		{ "the same twice", .identities = TWO(BASE, BASE), .why = "twice" },
		{ "in another order", .identities = TWO(BASE, "O=acme, ST=WA, C=US"),
		  .why = "overlap" },
		{ "one is wider", .identities = TWO(BASE ", CN=a", BASE), .why = "overlap" },
		{ "one is narrower", .identities = TWO(BASE, BASE ", CN=a"), .why = "overlap" },
		{ "the same but escaped", .identities = TWO(BASE, "C=US, ST=WA, O=\\\\61cme"),
		  .why = "overlap" },
		{ "the same but for S", .identities = TWO(BASE, "C=US, S=WA, O=acme"),
		  .why = "overlap" },
		{ "across each other", .identities = TWO(BASE ", CN=a, OU=x", BASE ", CN=a, L=y") },
	};

	CHECK_ROWS(rows);
}

TAP_MAIN()
