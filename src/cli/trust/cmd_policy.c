/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/cmd_policy.h"

static const struct command *const policy_subs[] = { &cmd_policy_check, &cmd_policy_export, NULL };

const struct command cmd_policy = {
	.name = "policy",
	.args = "",
	.group = "Trust",
	.brief = "Ask what is trusted for an image, and tell other programs",
	.details =
		"Two policies must both let an image pass. trust/trustpolicy.json in the state "
		"folder is the Notary Project's, as it is. The section trust: of plimsoll.yaml "
		"says what that cannot:\n\n"
		"trust.signers.NAME is one of certificate: SHA-256 of a Notary signer's, subject: "
		"parts of its name, key: a key of trust/sigstore/keys, key-id: SHA-256 of a public "
		"key; or identity: and issuer: of a keyless one.\n\n"
		"trust.rules.SCOPE is for HOST[/PART...] and all below it, or \"*\"; the longest "
		"scope decides. signers and threshold: how many of whom must have signed (all of "
		"them). require: types of attestations, as words (provenance, sbom, vuln, vsa, and "
		"cosign's) or URIs; attesters: who may have signed those (the signers). builder, "
		"source: patterns of the provenance, * for a part of a path, ** for any; "
		"clean-source: true. max-scan-age: 24h, 7d. verifier: of the verification summary. "
		"fresh: true asks that TUF lists it now. unnamed: true takes signatures that name "
		"no repository. reject: true refuses all.",
	.example = "plimsoll policy check registry.example/prod/web:1\n"
		   "plimsoll policy export --format containers /etc/containers/plimsoll",
	.subs = policy_subs,
};
