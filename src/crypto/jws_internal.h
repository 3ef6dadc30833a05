/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"
#include "crypto/envelope_internal.h"
#include "crypto/jws.h"

/* Reads the decoded protected header; ret_alg is borrowed from header. E_FORMAT. */
int jws_read_protected(json_t *header, const char *content_type, const char **ret_alg,
		       struct claims *ret, struct err *e);
/* Reads the unprotected header, whose names must not stand in the protected one too: the chain, and
 * the timestamp when there is one. */
int jws_read_unprotected(json_t *header, json_t *protected_header, struct envelope *ret,
			 struct err *e);
