/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"
#include "trust/sigstore/sigstore.h"

/* What the commands share that know of sigstore's signatures: verify, trust add, trust
 * verify-bundle. */

/* Options in cosign's words, of struct type's member sigstore. */
struct sigstore_options {
	struct strv keys, types, annotations;
	const char *identity, *identity_regexp, *issuer, *issuer_regexp, *trusted_root;
	bool any_repository, offline, ignore_tlog;
};
/* clang-format off */
#define SIGSTORE_SIGNER_OPTIONS(type) \
	OPT_AT(type, sigstore.keys, "key", 0, OPT_LIST, "FILE", \
	       "accept cosign's signatures and bundles by this public key (again for more)"), \
	OPT_AT(type, sigstore.identity, "certificate-identity", 0, OPT_STRING, "NAME", \
	       "accept keyless ones by this e-mail address or URI"), \
	OPT_AT(type, sigstore.identity_regexp, "certificate-identity-regexp", 0, OPT_STRING, \
	       "REGEXP", "the same, by an extended regular expression"), \
	OPT_AT(type, sigstore.issuer, "certificate-oidc-issuer", 0, OPT_STRING, "URL", \
	       "who must have vouched for it"), \
	OPT_AT(type, sigstore.issuer_regexp, "certificate-oidc-issuer-regexp", 0, OPT_STRING, \
	       "REGEXP", "the same, by an extended regular expression"), \
	OPT_AT(type, sigstore.trusted_root, "trusted-root", 0, OPT_STRING, "FILE", \
	       "sigstore's trusted root (the one of trust add)"), \
	OPT_ALWAYS(type, sigstore.offline, "offline", 0, \
	       "by signers that are named so: no server is asked; so it is always"), \
	OPT_ALWAYS(type, sigstore.ignore_tlog, "insecure-ignore-tlog", 0, \
	       "with --key: no transparency log needs to have it; so it is always")
#define SIGSTORE_IMAGE_OPTIONS(type) \
	OPT_AT(type, sigstore.any_repository, "any-repository", 0, OPT_FLAG, NULL, \
	       "accept what was signed for another repository, or for none"), \
	OPT_AT(type, sigstore.types, "type", 0, OPT_LIST, "TYPE", \
	       "an attestation of this type by them, and no signature: slsaprovenance, spdxjson, " \
	       "cyclonedx, vuln, link, custom, a type's URI (again for more)"), \
	OPT_AT(type, sigstore.annotations, "annotation", 'a', OPT_LIST, "KEY=VALUE", \
	       "this must have been signed with it (again for more)")
/* clang-format on */

/* Whether any of them was given: then the trust policy is not asked. */
bool cli_sigstore_given(const struct sigstore_options *o);
/* Those who are named, and the trusted root. ret_identity is what ret refers to. */
int cli_sigstore_trust(struct cli *c, const struct sigstore_options *o,
		       struct sigstore_identity *ret_identity, struct sigstore_trust *ret,
		       struct err *e);
/* One result, as an object. */
int cli_sigstore_json(const struct sigstore_found *f, json_t **ret, struct err *e);
/* sigstore_verify.c: 'plimsoll verify' of an image by these options alone. Beside a signature an
 * attestation of each type of require must be there. */
int cli_verify_sigstore(struct cli *c, const struct sigstore_options *o, const struct strv *require,
			const char *image, struct err *e);
/* 'plimsoll trust add' of a public key or a trusted root; *ret_taken is false for other files.
 * certificate: options were given that only certificates have. */
int cli_trust_add_sigstore(struct cli *c, const char *path, const char *name, bool certificate,
			   struct str file, bool *ret_taken, struct err *e);

/* Rows of 'plimsoll trust list' for what sigstore_list() put into all. */
int cli_sigstore_rows(const json_t *all, struct table *t, struct err *e);

/* Verifies a bundle of a file, or of its digest, and says so: what verify-bundle and verify-blob
 * do.
 */
int cli_verify_blob(struct cli *c, const struct sigstore_options *o, struct str bundle,
		    const struct digest *digest, struct str artifact, struct err *e);
/* A file's bytes and digest; "sha256:..." is that digest, .p of *ret_artifact NULL, unless there is
 * such a file. bytes holds what *ret_artifact points to. */
int cli_read_artifact(const char *text, struct buf *bytes, struct digest *ret,
		      struct str *ret_artifact, struct err *e);
enum { LIMIT_ARTIFACT = 256 * 1024 * 1024 };

extern const struct command trust_generate_key_pair_command;
extern const struct command trust_import_key_pair_command;
extern const struct command trust_verify_bundle_command;
