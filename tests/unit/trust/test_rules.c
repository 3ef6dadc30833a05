/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/yaml.h"
#include "tap.h"
#include "trust/rules_judge.h"

#define HEX(c) c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c
#define KEY_A HEX("aa")
#define KEY_B HEX("bb")
#define KEY_C HEX("cc")

static int parse(const char *text, struct rules *ret, struct err *e)
{
	auto_json *j = NULL;
	int r = yaml_parse(text, strlen(text), "test", &j, e);

	return r < 0 ? r : rules_parse(j, ret, e);
}

static void refuse(const char *text, const char *message)
{
	struct err e = ERR_INIT;
	struct rules r = { .n = 99 };
	int k = parse(text, &r, &e);

	CHECK(k == E_USAGE && r.n == 99);
	if (!strstr(e.msg, message))
		printf("# %s\n#   -> %s (want '%s')\n", text, e.msg, message);
	CHECK(strstr(e.msg, message) != NULL);
}

TEST(what_is_not_known_is_an_error_of_the_whole)
{
	refuse("[]", "trust: is not a mapping");
	refuse("{rule: {}}", "unknown key 'rule'");
	refuse("{rules: []}", "rules: is not a mapping");
	refuse("{rules: {a.b/c: {requires: [sbom]}}}", "unknown key 'requires'");
	refuse("{rules: {a.b/c: 1}}", "is not a mapping of keys");
	refuse("{rules: {a.b/c: {require: sbom}}}", "'require' is a list");
	refuse("{rules: {a.b/c: {require: [sbomb]}}}", "'sbomb' is no type");
	refuse("{rules: {a.b/c: {require: [\"https://a b\"]}}}", "is no type");
	refuse("{rules: {a.b/c: {fresh: \"yes\"}}}", "'fresh' is true or false");
	refuse("{rules: {a.b/c: {max-scan-age: soon}}}", "'max-scan-age'");
	refuse("{rules: {a.b/c: {max-scan-age: 24}}}", "'max-scan-age' is a text");
	refuse("{rules: {a.b/c: {builder: \"\"}}}", "'builder' is a text");
	refuse("{rules: {a.b/c: {reject: true, fresh: true}}}", "no other keys");
	refuse("{rules: {a.b/c: {signers: [ci]}}}", "there is no signer 'ci'");
	refuse("{rules: {a.b/c: {signers: []}}}", "1 to 32 signers");
	refuse("{rules: {a.b/c: {threshold: 1}}}", "'threshold' is 1 to the number");
	refuse("{signers: {ci: {key: ci}}, rules: {a.b/c: {signers: [ci, ci]}}}", "twice");
	refuse("{signers: {ci: {key: ci}}, rules: {a.b/c: {signers: [ci], threshold: 2}}}", "1 to");
	refuse("{signers: {ci: {key: ci}}, rules: {a.b/c: {signers: [ci], threshold: 0}}}", "1 to");
	refuse("{signers: {ci: {key: ci}}, rules: {a.b/c: {attesters: [ci]}}}", "asks for nothing");
	refuse("{rules: {a.b/c: {require: []}}}", "a list of 1 to");
	refuse("{signers: {ci: {}}}", "want one of");
	refuse("{signers: {ci: {key: ci, key-id: " KEY_A "}}}", "want one of");
	refuse("{signers: {ci: {key: ../ci}}}", "no name of a key");
	refuse("{signers: {ci: {keys: ci}}}", "unknown key 'keys'");
	refuse("{signers: {ci: {key-id: abc}}}", "64 digits");
	refuse("{signers: {ci: {certificate: " HEX("AA") "}}}", "64 digits");
	refuse("{signers: {ci: {subject: \"\"}}}", "'subject' is a text");
	refuse("{signers: {ci: {subject: \"C\"}}}", "signers.ci");
	refuse("{signers: {ci: {identity: a}}}", "identity and issuer");
	refuse("{signers: {ci: {issuer: a}}}", "identity and issuer");
	refuse("{signers: {ci: {identity: a, issuer: b, key: c}}}", "identity and issuer");
	refuse("{signers: {\"a/b\": {key: ci}}}", "a name has letters");
}

TEST(scopes)
{
	static const char *const bad[] = { "a.b/", "/a", "a.b//c", "A.b/c", "a.b/c:tag", "a.b/../c",
					   "a.b/./c", "a.b/c@x", "a.b/*",
					   /* No repository has such a name. */
					   "web", "team/web", "index.docker.io/library/nginx",
					   "local/a.b/c", "a.b/x..y", "a.b/-x" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[128];

		(void)snprintf(text, sizeof(text), "{rules: {%s: {fresh: true}}}", bad[i]);
		refuse(text, "a scope is");
	}
}

/* What people call docker.io/nginx has another name for us, and for the registry. */
TEST(the_rule_of_an_image_of_docker)
{
	struct err e = ERR_INIT;
	auto_rules r = { .n = 0 };

	CHECK(parse("rules: {docker.io/nginx: {reject: true}, docker.io/redis: {reject: true}, "
		    "docker.io/library/redis: {fresh: true}, docker.io/library: {fresh: true}, "
		    "local: {fresh: true}, local/web: {reject: true}, docker.io: {fresh: true}}",
		    &r, &e) == 0);
	CHECK(rules_select(&r, "docker.io/library/nginx")->reject);
	CHECK(rules_select(&r, "docker.io/nginx/unit")->reject);
	CHECK(!rules_select(&r, "docker.io/library/redis")->reject);
	CHECK(!rules_select(&r, "docker.io/library/web")->reject);
	CHECK(rules_select(&r, "local/web")->reject);
}

TEST(the_longest_scope_wins_at_the_end_of_a_part)
{
	struct err e = ERR_INIT;
	auto_rules r = { .n = 0 };
	static const struct {
		const char *repository, *scope;
	} cases[] = {
		{ "reg.example:5000/prod", "reg.example:5000/prod" },
		{ "reg.example:5000/prod/db", "reg.example:5000/prod" },
		{ "reg.example:5000/prod/web/a", "reg.example:5000/prod/web" },
		{ "reg.example:5000/production", "reg.example:5000" },
		{ "reg.example:5000/prod-2/web", "reg.example:5000" },
		{ "reg.example:50001/prod", "*" },
		{ "reg.example/prod", "*" },
		{ "local/web", "*" },
	};

	CHECK(parse("rules:\n  \"*\": {fresh: true}\n  reg.example:5000/prod: {fresh: true}\n"
		    "  reg.example:5000: {fresh: true}\n  reg.example:5000/prod/web: {fresh: "
		    "true}\n"
		    "  reg.example:5000/prod/web/a/b: {fresh: true}\n",
		    &r, &e) == 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct rule *one = rules_select(&r, cases[i].repository);

		if (!one || strcmp(one->scope, cases[i].scope) != 0)
			printf("# %s -> %s\n", cases[i].repository, one ? one->scope : "none");
		CHECK(one && strcmp(one->scope, cases[i].scope) == 0);
	}
	rules_free(&r);
	CHECK(parse("rules: {a.b/c: {fresh: true}}", &r, &e) == 0);
	CHECK(rules_select(&r, "a.b/d") == NULL);
}

TEST(patterns)
{
	static const struct {
		const char *pattern, *s;
		bool match;
	} cases[] = {
		{ "https://a/b", "https://a/b", true },
		{ "https://a/b", "https://a/bc", false },
		{ "https://a/*", "https://a/b", true },
		{ "https://a/*", "https://a/b/c", false },
		{ "https://a/**", "https://a/b/c", true },
		{ "https://a/**", "https://a/b/../../evil", false },
		{ "https://a/*", "https://a/..", false },
		{ "https://a/*/c", "https://a/b/c", true },
		{ "**/x*y", "a/x1/xy", true },
		{ "**/x*y", "a/x1/xz", false },
		{ "*", "", true },
		{ "", "a", false },
		{ "a*b*c", "abbc", true },
		{ "a*b*c", "abb", false },
		{ "git+https://g/team/*", "git+https://g/team-evil/x", false },
		{ "git+https://g/team/**", "git+https://g/team/%2e%2E/evil", false },
		{ "https://*.g.example/x", "https://a.g.example/x", true },
		{ "https://*.g.example/x", "https://evil.example?.g.example/x", false },
		{ "https://*.g.example/x", "https://evil.example#.g.example/x", false },
		{ "https://*", "https://me@evil.example", false },
		{ "https://g/*", "https://g/app@v1", true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool match = rule_pattern_match(cases[i].pattern, cases[i].s);

		if (match != cases[i].match)
			printf("# %s and %s\n", cases[i].pattern, cases[i].s);
		CHECK(match == cases[i].match);
	}
	for (int n = LIMIT_RULE_MATCHED; n <= LIMIT_RULE_MATCHED + 1; n++) {
		auto_buf long_name = BUF_INIT(LIMIT_RULE_MATCHED + 1);

		for (int i = 0; i < n; i++)
			buf_puts(&long_name, "a");
		CHECK(rule_pattern_match("**", buf_str(&long_name)) == (n == LIMIT_RULE_MATCHED));
	}
	CHECK(rule_type_covers("sbom", "https://cyclonedx.org/bom"));
	CHECK(!rule_type_covers("sbom", "https://slsa.dev/provenance/v1"));
	CHECK(!rule_type_covers("provenance", "https://slsa.dev/provenance/v0.2"));
	CHECK(rule_type_covers("https://x.example/t", "https://x.example/t"));
	CHECK(!rule_type_covers("https://x.example/t", "https://x.example/t2"));
}

/* Evidence by hand. */

enum { NOW = 1800000000 };

struct scene {
	struct trust_signers notary;
	struct trust_result signers[8];
	struct sigstore_findings found;
	struct sigstore_found v[8];
	bool fresh;
};

static void add_notary(struct scene *s, const char *thumbprint, const char *subject,
		       const char *key, const char *repository)
{
	struct trust_result *t = &s->signers[s->notary.n++];

	s->notary.v = s->signers;
	(void)snprintf(t->thumbprint, sizeof(t->thumbprint), "%s", thumbprint);
	(void)snprintf(t->subject, sizeof(t->subject), "%s", subject);
	(void)snprintf(t->key, sizeof(t->key), "%s", key);
	(void)snprintf(t->repository, sizeof(t->repository), "%s", repository);
}

static void add_bundle(struct scene *s, const char *signer, const char *key, const char *type,
		       const char *repository, const char *predicate)
{
	struct sigstore_found *f = &s->v[s->found.n++];

	*f = (struct sigstore_found){ .format = SIGSTORE_BUNDLE, .statement = BUF_INIT(4096) };
	(void)snprintf(f->signer, sizeof(f->signer), "%s", signer);
	(void)snprintf(f->key_id, sizeof(f->key_id), "%s", key);
	(void)snprintf(f->predicate_type, sizeof(f->predicate_type), "%s", type);
	(void)snprintf(f->repository, sizeof(f->repository), "%s", repository);
	(void)snprintf(f->carrier.s, sizeof(f->carrier.s), "sha256:%s", KEY_C);
	buf_printf(&f->statement, "{\"predicate\":%s}", predicate);
	s->found.v = s->v;
}

static void clear(struct scene *s)
{
	for (size_t i = 0; i < s->found.n; i++)
		buf_free(&s->v[i].statement);
	*s = (struct scene){ .fresh = false };
}

/* What the only rule of the text says of the scene, in the repository r.example/app. */
static int judge(const char *rules, const struct scene *s, const char *message)
{
	struct err e = ERR_INIT;
	auto_rules r = { .n = 0 };
	auto_json *doc = json_pack("{s:[], s:[]}", "checks", "attestations");
	struct sigstore_alias names[8];
	struct sigstore_trust trust = { .aliases = names, .aliases_n = s->found.n };
	const struct evidence ev = { .notary = &s->notary,
				     .found = &s->found,
				     .trust = &trust,
				     .repository = "r.example/app",
				     .fresh = s->fresh,
				     .now = NOW };
	int k = parse(rules, &r, &e);

	CHECK(k == 0 && r.n == 1);
	for (size_t i = 0; i < s->found.n; i++) {
		memcpy(names[i].name, s->v[i].signer, sizeof(names[i].name));
		memcpy(names[i].id, s->v[i].key_id, sizeof(names[i].id));
	}
	k = rule_judge(&r.v[0], &ev, doc, &e);
	if (!strstr(e.msg, message))
		printf("# %s\n#   -> %s (want '%s')\n", rules, e.msg, message);
	CHECK(strstr(e.msg, message) != NULL);
	return k;
}

#define SIGNERS                                                                                    \
	"signers:\n  a: {certificate: " HEX("11") "}\n  b: {subject: \"O=Example, CN=b\"}\n"       \
						  "  c: {key: ci}\n  d: {key-id: " KEY_A "}\n"
#define RULE(body) SIGNERS "rules: {r.example: {" body "}}"
#define APP "r.example/app"

TEST(m_of_n_counts_keys)
{
	struct scene s = { .fresh = false };

	CHECK(judge(RULE("signers: [a, b], threshold: 1"), &s, "0 of 1 signers") == E_VERIFY);
	add_notary(&s, HEX("11"), "CN=x", KEY_A, APP);
	CHECK(judge(RULE("signers: [a]"), &s, "") == 0);
	CHECK(judge(RULE("signers: [a, b]"), &s, "1 of 2 signers: a, not b") == E_VERIFY);
	CHECK(judge(RULE("signers: [a, b], threshold: 1"), &s, "") == 0);
	/* d is the same key as a: one person, not two. */
	CHECK(judge(RULE("signers: [a, d]"), &s, "the same key again") == E_VERIFY);
	add_notary(&s, HEX("22"), "CN=b,O=Example,C=DE", KEY_B, APP);
	CHECK(judge(RULE("signers: [a, b]"), &s, "") == 0);
	CHECK(judge(RULE("signers: [a, b, c], threshold: 3"), &s, "2 of 3") == E_VERIFY);
	add_bundle(&s, "ci", KEY_C, COSIGN_SIGN_PREDICATE, APP, "{}");
	CHECK(judge(RULE("signers: [a, b, c], threshold: 3"), &s, "") == 0);
	clear(&s);
}

/* Whom a signature counts for first must not leave another without: with less he would pass. */
TEST(more_signatures_never_refuse)
{
	struct scene s = { .fresh = false };
	static const char rule[] = "signers: {a: {subject: O=Example}, b: {key-id: " KEY_A "}}\n"
				   "rules: {r.example: {signers: [a, b]}}";

	add_notary(&s, HEX("11"), "CN=x,O=Example", KEY_A, APP);
	CHECK(judge(rule, &s, "1 of 2 signers: a, not b (the same key again)") == E_VERIFY);
	add_notary(&s, HEX("22"), "CN=y,O=Example", KEY_B, APP);
	CHECK(judge(rule, &s, "") == 0);
	add_bundle(&s, "k", KEY_A, COSIGN_SIGN_PREDICATE, APP, "{}");
	CHECK(judge(rule, &s, "") == 0);
	clear(&s);
}

TEST(a_signature_names_the_repository)
{
	struct scene s = { .fresh = false };

	add_notary(&s, HEX("11"), "CN=x", KEY_A, "");
	add_bundle(&s, "ci", KEY_C, COSIGN_SIGN_PREDICATE, "", "{}");
	CHECK(judge(RULE("signers: [a]"), &s, "not for this repository") == E_VERIFY);
	CHECK(judge(RULE("signers: [c]"), &s, "not for this repository") == E_VERIFY);
	CHECK(judge(RULE("signers: [a, c], unnamed: true"), &s, "") == 0);
	clear(&s);
	add_bundle(&s, "ci", KEY_C, COSIGN_SIGN_PREDICATE, "r.example/other", "{}");
	CHECK(judge(RULE("signers: [c], unnamed: true"), &s, "0 of 1") == E_VERIFY);
	/* A certificate in the trust store called ci is no key of that name. */
	clear(&s);
	add_bundle(&s, "ci/x.pem", KEY_C, COSIGN_SIGN_PREDICATE, APP, "{}");
	CHECK(judge(RULE("signers: [c]"), &s, "0 of 1") == E_VERIFY);
	/* An attestation of something is no signature. */
	clear(&s);
	add_bundle(&s, "ci", KEY_C, "https://spdx.dev/Document", APP, "{}");
	CHECK(judge(RULE("signers: [c]"), &s, "0 of 1") == E_VERIFY);
	clear(&s);
}

TEST(keyless_signers_and_simple_signatures)
{
	struct scene s = { .fresh = false };
	static const char rule[] =
		"signers: {bot: {identity: a@x.example, issuer: i}, c: {key: bot}}\n"
		"rules: {r.example: {signers: [bot], require: [sbom]}}";

	add_bundle(&s, "bot", "", COSIGN_SIGN_PREDICATE, APP, "{}");
	add_bundle(&s, "bot", "", "https://spdx.dev/Document", APP, "{}");
	/* A key of that name is not he. */
	CHECK(judge(rule, &s, "0 of 1 signers") == E_VERIFY);
	s.v[0].keyless = true;
	CHECK(judge(rule, &s, "may not attest") == E_VERIFY);
	s.v[1].keyless = true;
	CHECK(judge(rule, &s, "") == 0);
	clear(&s);
	add_bundle(&s, "ci", KEY_C, "", APP, "{}");
	CHECK(judge(RULE("signers: [c]"), &s, "0 of 1") == E_VERIFY);
	s.v[0].format = SIGSTORE_SIMPLE;
	CHECK(judge(RULE("signers: [c]"), &s, "") == 0);
	clear(&s);
}

/* Level audit lets anybody's certificate through: no rule may take it for whom it names. */
TEST(whom_the_policy_only_logs_is_nobody)
{
	struct scene s = { .fresh = false };
	static const char rule[] = "signers: {qa: {subject: CN=qa}}\n"
				   "rules: {r.example: {signers: [qa]}}";
	static const enum trust_check checks[] = { TRUST_STORE, TRUST_IDENTITY };

	add_notary(&s, HEX("11"), "CN=qa", KEY_A, APP);
	CHECK(judge(rule, &s, "") == 0);
	for (size_t i = 0; i < 2; i++) {
		s.notary.v[0].checks[checks[i]].outcome = TRUST_LOGGED;
		CHECK(judge(rule, &s, "0 of 1 signers") == E_VERIFY);
		s.notary.v[0].checks[checks[i]].outcome = TRUST_PASSED;
	}
	clear(&s);
}

/* By the first of a key's signatures alone, taking one away would make a pass of a refusal. */
TEST(a_key_that_signed_for_nobody_too)
{
	struct scene s = { .fresh = false };

	add_notary(&s, HEX("11"), "CN=x", KEY_A, "");
	add_notary(&s, HEX("11"), "CN=x", KEY_A, APP);
	CHECK(judge(RULE("signers: [a]"), &s, "") == 0);
	clear(&s);
}

TEST(attestations_are_of_those_who_may_attest)
{
	struct scene s = { .fresh = false };
	static const char spdx[] = "https://spdx.dev/Document";

	CHECK(judge(RULE("require: [sbom]"), &s, "no accepted attestation") == E_VERIFY);
	add_notary(&s, HEX("11"), "CN=x", KEY_A, APP);
	add_bundle(&s, "store/x.pem", KEY_A, spdx, APP, "{}");
	CHECK(judge(RULE("require: [sbom]"), &s, "") == 0);
	CHECK(judge(RULE("require: [sbom, vuln]"), &s, "attestation of type vuln") == E_VERIFY);
	CHECK(judge(RULE("require: [sbom], signers: [a]"), &s, "") == 0);
	CHECK(judge(RULE("require: [sbom], signers: [a], attesters: [c]"), &s, "may not attest") ==
	      E_VERIFY);
	/* One that is refused beside it takes nothing away. */
	add_bundle(&s, "other", KEY_B, spdx, APP, "{}");
	CHECK(judge(RULE("require: [sbom], signers: [a]"), &s, "") == 0);
	clear(&s);
	add_bundle(&s, "ci", KEY_C, spdx, "", "{}");
	CHECK(judge(RULE("require: [sbom]"), &s, "for no named repository") == E_VERIFY);
	CHECK(judge(RULE("require: [sbom], unnamed: true"), &s, "") == 0);
	clear(&s);
}

#define VULNS "https://in-toto.io/attestation/vulns/v0.2"

static void add_scan(struct scene *s, const char *at)
{
	char text[128];

	(void)snprintf(text, sizeof(text), "{\"metadata\":{\"scanFinishedOn\":%s}}", at);
	add_bundle(s, "ci", KEY_C, VULNS, APP, text);
}

TEST(a_scan_is_neither_old_nor_of_the_future)
{
	struct scene s = { .fresh = false };
	static const char rule[] = RULE("max-scan-age: 1h");

	/* NOW is 2027-01-15T08:00:00Z */
	CHECK(judge(rule, &s, "no accepted attestation of type vuln") == E_VERIFY);
	add_scan(&s, "\"2027-01-15T06:59:59Z\"");
	CHECK(judge(rule, &s, "more than 1 hours ago") == E_POLICY);
	add_scan(&s, "\"2027-01-15T08:01:01Z\"");
	CHECK(judge(rule, &s, "of the future") == E_POLICY);
	add_scan(&s, "null");
	add_scan(&s, "\"yesterday\"");
	CHECK(judge(rule, &s, "does not tell when") == E_POLICY);
	add_scan(&s, "\"2027-01-15T07:00:00Z\"");
	CHECK(judge(rule, &s, "") == 0);
	clear(&s);
	add_scan(&s, "\"2027-01-15T08:01:00Z\"");
	CHECK(judge(rule, &s, "") == 0);
	clear(&s);
}

#define PROVENANCE "https://slsa.dev/provenance/v1"

/* A dependency is the source only where the build was asked for it. */
static void source_of_others(struct scene *s)
{
#define DEPENDS(uri, hash) "{\"uri\":\"" uri "\",\"digest\":{\"" hash "\":\"a\"}}"
#define BUILT(external, dependencies)                                                              \
	"{\"buildDefinition\":{\"buildType\":\"https://"                                           \
	"x.example\",\"externalParameters\":{" external                                            \
	"},\"resolvedDependencies\":[" dependencies "]}}"
#define GOOD "https://g.example/team/app"
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
		{ BUILT("", DEPENDS("git+" GOOD, "gitCommit")), false },
		{ BUILT("\"inputs\":{\"source\":\"" GOOD "\"}", DEPENDS("git+" GOOD, "gitCommit")),
		  false },
		{ BUILT("\"workflow\":{\"repository\":\"https://g.example/evil/app\"}",
			DEPENDS("git+" GOOD, "gitCommit")),
		  false },
		{ BUILT("\"workflow\":{\"repository\":\"" GOOD "\"}",
			DEPENDS("git+" GOOD, "sha256")),
		  false },
		{ BUILT("\"workflow\":{\"repository\":\"" GOOD "\"}",
			DEPENDS("git+" GOOD "2", "gitCommit")),
		  false },
		{ BUILT("\"configSource\":{\"uri\":\"" GOOD ".git#main\"}",
			DEPENDS("git+" GOOD ".git#main", "sha1")),
		  true },
		{ BUILT("\"source\":\"git+" GOOD "@refs/heads/main\"",
			DEPENDS("git+" GOOD "@refs/heads/main", "gitCommit")),
		  true },
		{ BUILT("\"source\":{\"uri\":\"git+" GOOD "\",\"digest\":{\"gitCommit\":\"a\"}}",
			""),
		  true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		clear(s);
		add_bundle(s, "ci", KEY_C, PROVENANCE, APP, cases[i].text);
		CHECK(judge(RULE("source: \"git+" GOOD "**\""), s,
			    cases[i].good ? "" : "no source") == (cases[i].good ? 0 : E_POLICY));
	}
}

TEST(provenance_says_who_built_what)
{
	struct scene s = { .fresh = false };
	static const char ours[] =
		"{\"buildDefinition\":{\"buildType\":\"urn:plimsoll:build:dockerfile:v1\","
		"\"externalParameters\":{\"source\":{\"uri\":\"git+https://g.example/team/"
		"app.git\","
		"\"digest\":{\"gitCommit\":\"abc\"},\"dirty\":true}}},"
		"\"runDetails\":{\"builder\":{\"id\":\"https://ci.example/1\"}}}";
	static const char others[] =
		"{\"buildDefinition\":{\"buildType\":\"https://"
		"x.example\",\"externalParameters\":{\"workflow\":{\"repository\":"
		"\"https://g.example/team/app\"}},\"resolvedDependencies\":"
		"[{\"uri\":\"git+https://g.example/team/app\",\"digest\":{\"gitCommit\":\"a\"}}]},"
		"\"runDetails\":{\"builder\":{\"id\":\"https://ci.example/2\"}}}";

#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN
	static const char long_builder[] =
		"{\"runDetails\":{\"builder\":{\"id\":\"x" FIFTY FIFTY FIFTY TEN TEN TEN TEN
		"12345678\xc3\xa9\xc3\xa9\xc3\xa9\"}}}";

	add_bundle(&s, "ci", KEY_C, PROVENANCE, APP, ours);
	CHECK(judge(RULE("builder: \"https://ci.example/*\""), &s, "") == 0);
	CHECK(judge(RULE("builder: \"https://ci.example\""), &s, "its builder is") == E_POLICY);
	CHECK(judge(RULE("source: \"git+https://g.example/team/*\""), &s, "") == 0);
	CHECK(judge(RULE("source: \"git+https://g.example/*\""), &s, "its source is") == E_POLICY);
	CHECK(judge(RULE("clean-source: true"), &s, "has more, or other") == E_POLICY);
	clear(&s);
	add_bundle(&s, "ci", KEY_C, PROVENANCE, APP, others);
	CHECK(judge(RULE("source: \"git+https://g.example/team/*\""), &s, "") == 0);
	CHECK(judge(RULE("source: \"git+https://g.example/other/*\""), &s, "no source") ==
	      E_POLICY);
	CHECK(judge(RULE("clean-source: true"), &s, "of which commit") == E_POLICY);
	source_of_others(&s);
	clear(&s);
	add_bundle(&s, "ci", KEY_C, PROVENANCE, APP, others);
	/* What is asked for is in one provenance, not the builder in one and the source in another.
	 */
	add_bundle(&s, "ci", KEY_C, PROVENANCE, APP, ours);
	CHECK(judge(RULE("builder: \"https://ci.example/1\", source: "
			 "\"git+https://g.example/team/app\""),
		    &s, "attestation provenance") == E_POLICY);
	clear(&s);
	/* Told in part only: cut within a character. */
	add_bundle(&s, "ci", KEY_C, PROVENANCE, APP, long_builder);
	CHECK(judge(RULE("builder: \"https://ci.example/1\""), &s, "its builder is") == E_POLICY);
	clear(&s);
	add_bundle(&s, "ci", KEY_C, PROVENANCE, APP, "{}");
	CHECK(judge(RULE("builder: \"**\""), &s, "its builder is 'not told'") == E_POLICY);
	add_bundle(&s, "ci", KEY_C, PROVENANCE, APP, "[]");
	CHECK(judge(RULE("builder: \"**\""), &s, "it has no predicate") == E_POLICY);
	clear(&s);
}

#define VSA "https://slsa.dev/verification_summary/v1"

TEST(a_summary_has_passed_and_tuf_says_newest)
{
	struct scene s = { .fresh = false };

	add_bundle(&s, "ci", KEY_C, VSA, APP, "{\"verificationResult\":\"FAILED\"}");
	CHECK(judge(RULE("require: [vsa]"), &s, "not PASSED") == E_POLICY);
	add_bundle(
		&s, "ci", KEY_C, VSA, APP,
		"{\"verificationResult\":\"PASSED\",\"verifier\":{\"id\":\"https://v.example\"}}");
	CHECK(judge(RULE("require: [vsa]"), &s, "") == 0);
	CHECK(judge(RULE("verifier: \"https://v.example\""), &s, "") == 0);
	CHECK(judge(RULE("verifier: \"https://w.example\""), &s, "its verifier") == E_POLICY);
	CHECK(judge(RULE("fresh: true"), &s, "no TUF root") == E_VERIFY);
	s.fresh = true;
	CHECK(judge(RULE("fresh: true"), &s, "") == 0);
	CHECK(judge(RULE("reject: true"), &s, "rejects all") == E_POLICY);
	clear(&s);
}

TAP_MAIN()
