/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "crypto/digest.h"

/*
 * Image references: [HOST[:PORT]/]NAME[/NAME...][:TAG][@DIGEST] (distribution-spec, "Pulling
 * manifests"). The first component is a host when it holds "." or ":" or is "localhost" and a "/"
 * follows. Names without a host are local only: plimsoll never adds "docker.io". Of docker's own
 * registry the full name is kept: "docker.io/nginx" is docker.io/library/nginx.
 */
enum { LIMIT_REF = 512 };

struct ref {
	char host[256];	      /* "127.0.0.1:5000", or "" */
	char name[256];	      /* "team/web" */
	char tag[129];	      /* "latest" when neither tag nor digest was given */
	struct digest digest; /* .s "" when none */
};

int ref_parse(const char *s, struct ref *ret, struct err *e);
/* 64 hex digits and nothing else: a digest, never a name. */
bool ref_is_hex(const char *s);
/* HOST/NAME, the repository: what trust policy scopes are matched against. */
void ref_repository(const struct ref *r, struct buf *ret);
/* HOST/NAME:TAG, the name under which a store keeps it ("web" reads and stores as "web:latest"). */
void ref_tagged(const struct ref *r, struct buf *ret);
/* The name under which a store keeps what the reference brought: HOST/NAME:TAG, or HOST/NAME@DIGEST
 * for one without a tag. */
void ref_stored(const struct ref *r, struct buf *ret);
/* All that is there: HOST/NAME[:TAG][@DIGEST]. */
void ref_full(const struct ref *r, struct buf *ret);
