/* SPDX-License-Identifier: Apache-2.0 */
/* A decision as a SLSA verification summary (slsa.dev/spec/v1.0/verification_summary), and the
 * statement around any predicate. */
#include <string.h>

#include "base/clock.h"
#include "pipeline/attest/attest.h"
#include "scan/subject.h"
#include "trust/sigstore/sigstore.h"

enum { LIMIT_RESOURCE_URI = 4096, LIMIT_STATED_URI = 512 };

/* The line of the gate, in canonical form: what the policy's digest is of. */
static int gate_policy(const struct gate *g, json_t **ret, struct err *e)
{
	auto_json *line =
		json_pack("{s:s, s:b, s:I}", "failOn", severity_name(g->fail_on), "ignoreUnfixed",
			  g->ignore_unfixed, "maxAge", (json_int_t)g->max_age);
	auto_buf text = BUF_INIT(4096);
	struct digest digest;
	int r = line ? json_canonical(line, &text, e) : FAIL_NOMEM(e);

	if (r < 0)
		return r;
	digest_of(text.p, text.n, &digest);
	*ret = json_pack("{s:s, s:{s:s}, s:O}", "uri", GATE_POLICY, "digest", "sha256",
			 digest_hex(&digest), "annotations", line);
	return *ret ? 0 : FAIL_NOMEM(e);
}

static void resource_uri(const struct attest_summary *s, struct buf *ret)
{
	struct subject subject = { .name = "" };
	auto_buf repository = BUF_INIT(LIMIT_REF);

	ref_repository(s->ref, &repository);
	(void)snprintf(subject.name, sizeof(subject.name), "%s@%s", buf_str(&repository),
		       s->image->digest.s);
	(void)snprintf(subject.digest, sizeof(subject.digest), "%s", s->image->digest.s);
	subject_purl(&subject, ret);
}

int summary_predicate(const struct attest_summary *s, json_t **ret, struct err *e)
{
	auto_buf uri = BUF_INIT(LIMIT_RESOURCE_URI);
	auto_json *policy = NULL;
	char at[RFC3339_MAX];
	int r = gate_policy(s->gate, &policy, e);

	resource_uri(s, &uri);
	clock_rfc3339(s->time, at);
	if (r == 0)
		r = buf_check(&uri, "resource", e);
	if (r < 0)
		return r;
	*ret = json_pack("{s:{s:s, s:{s:s}}, s:s, s:s, s:O, s:O?, s:s, s:[s], s:s}", "verifier",
			 "id", s->verifier, "version", "plimsoll", PLIMSOLL_VERSION, "timeVerified",
			 at, "resourceUri", buf_str(&uri), "policy", policy, "inputAttestations",
			 s->inputs, "verificationResult", s->passed ? "PASSED" : "FAILED",
			 "verifiedLevels", "SLSA_BUILD_LEVEL_UNEVALUATED", "slsaVersion", "1.0");
	return *ret ? 0 : FAIL_NOMEM(e);
}

int statement_make(const char *type, json_t *predicate, const struct ref *ref,
		   const struct desc *image, json_t **ret, struct err *e)
{
	auto_buf name = BUF_INIT(LIMIT_REF);
	int r;

	ref_repository(ref, &name);
	r = buf_check(&name, "subject", e);
	if (r < 0)
		return r;
	*ret = json_pack("{s:s, s:[{s:s, s:{s:s}}], s:s, s:O}", "_type", IN_TOTO_STATEMENT,
			 "subject", "name", buf_str(&name), "digest", "sha256",
			 digest_hex(&image->digest), "predicateType", type, "predicate", predicate);
	return *ret ? 0 : FAIL_NOMEM(e);
}

/* scheme ":" something (RFC 3986, 3), without spaces and control characters. */
int attest_check_uri(const char *what, const char *s, struct err *e)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char scheme[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789+-.";
	const size_t n = strspn(s, scheme);
	bool plain = true;

	for (const char *p = s; *p; p++)
		plain &= *p > ' ' && *p < 0x7f && !strchr("\"<>\\^`{|}", *p);
	if (!*s || !strchr(letters, *s) || s[n] != ':' || !s[n + 1] || !plain ||
	    strlen(s) > LIMIT_STATED_URI)
		return FAIL(e, E_USAGE, "%s '%.100s' is no absolute URI", what, s);
	return 0;
}
