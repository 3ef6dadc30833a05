/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/error.h"
#include "base/str.h"

/*
 * The client of a TUF repository: fetches what trust/tuf/tuf.h then trusts or refuses, in the order
 * of the specification's section 5, and keeps it in a folder:
 *
 *     root.json                       a link to the newest root
 *     root_history/N.root.json        every root from the first on
 *     timestamp.json snapshot.json targets.json ROLE.json
 *
 * Files are kept byte by byte as they came, each only after it was verified, each whole or not at
 * all; a role's name is percent-encoded in the name of its file. A process that is killed leaves
 * what the next one goes on from. Metadata and targets come by https, or http from this machine.
 */
struct tuf_client {
	const char *metadata_dir;
	const char *metadata_url; /* not for tuf_client_init() */
};

/* Begins with the root in the file (a path of the user's): E_VERIFY when it is not signed by its
 * own keys; E_USAGE when the folder began with another one. The folder is made when missing. */
int tuf_client_init(const char *metadata_dir, const char *root_file, struct err *e);

/* Takes the top-level metadata to what the repository has now. E_VERIFY, E_FORMAT: what it has is
 * refused; E_REMOTE, E_NOTFOUND: it does not give it. */
int tuf_client_refresh(const struct tuf_client *c, struct err *e);

struct tuf_download {
	const struct strv *names; /* of the targets, one or more */
	const char *base_url;	  /* where targets are */
	const char *dir; /* takes the files, as their percent-encoded names; made when missing */
};
/* Refreshes once; then, one target after the other, searches the delegations and fetches it unless
 * the file in the folder is it already. The first that cannot be had ends it: E_NOTFOUND when
 * nobody who may lists it. */
int tuf_client_download(const struct tuf_client *c, const struct tuf_download *d, struct err *e);
