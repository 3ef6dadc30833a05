/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What attestations say, by the type of their predicate: those that are made or read here. */
#define PREDICATE_PROVENANCE "https://slsa.dev/provenance/v1"
#define PREDICATE_PROVENANCE_02 "https://slsa.dev/provenance/v0.2"
#define PREDICATE_SPDX "https://spdx.dev/Document"
#define PREDICATE_CYCLONEDX "https://cyclonedx.org/bom"
#define PREDICATE_VULNS "https://in-toto.io/attestation/vulns/v0.2"
#define PREDICATE_VULNS_COSIGN "https://cosign.sigstore.dev/attestation/vuln/v1"
#define PREDICATE_SUMMARY "https://slsa.dev/verification_summary/v1"
#define PREDICATE_VEX "https://openvex.dev/ns"
#define PREDICATE_LINK "https://in-toto.io/Link/v1"
#define PREDICATE_CUSTOM "https://cosign.sigstore.dev/attestation/v1"
