/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/fs.h"
#include "base/str.h"
#include "trust/rules.h"

/*
 * This host's policy for podman, skopeo and CRI-O: DIR/policy.json (containers-policy.json(5)),
 * DIR/registries.d/plimsoll.yaml, and keys in DIR/keys. It lets pass what plimsoll lets pass, or
 * less: what cannot be said there is `reject`, with a line in notes that tells why.
 *
 * Those programs verify cosign's simple signatures by public keys, all that are listed for a scope.
 * So a scope is more than `reject` only where trustpolicy.json skips it (they know no Notary
 * signatures) and its rule asks for nothing but signers that are keys of trust/sigstore/keys. Fewer
 * signers than all cannot be said: then all are asked for.
 *
 * Where a TUF root is trusted (tuf: their scopes, HOST/NAME or HOST/PREFIX/), all is `reject`. Our
 * statements are for one repository and scopes there for all below it: an image below passes there
 * if every key signed the same bytes for both names, bytes that pass here by the scope's name.
 *
 * rules may be NULL. dir is the user's; made when missing. Files are replaced, each as a whole.
 */
int rules_export_containers(const struct state *state, const struct rules *rules,
			    const struct strv *tuf, const char *dir, struct strv *notes,
			    struct err *e);
