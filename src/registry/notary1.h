/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "registry/registry.h"

/*
 * A Notary v1 server (Docker Content Trust), read only: its files by name, nothing judged. Spoken
 * to as a registry is, with its token scheme: scope "repository:GUN:pull", credentials those of the
 * registry that the images are in.
 */
struct notary1_server {
	const char *url;     /* "https://HOST[:PORT]"; plain http to this machine only */
	const char *ca_file; /* absolute path; NULL: certs.d/HOST:PORT, as of a registry */
	const char *host;    /* of the registry */
};
/* E_USAGE for an address that is none. Nothing is asked yet. */
int notary1_open(const struct notary1_server *n, struct registry **ret, struct err *e);

/* GET /v2/GUN/_trust/tuf/FILE.json, again after what may pass; at most max bytes, which replace
 * what is in ret. E_NOTFOUND: 404; E_FORMAT: it is larger; E_REMOTE. */
int notary1_get(struct registry *reg, const char *gun, const char *file, uint64_t max,
		struct buf *ret, struct err *e);
