/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "build/build.h"

/*
 * What went into an image: bases by digest, what the build and its commands fetched by digest or
 * commit. A list of {"uri","digest":{ALGORITHM:HEX}}, as in-toto's ResourceDescriptor and
 * BuildKit's materials have it. Owned.
 */
int materials_json(const struct build_result *b, json_t **ret, struct err *e);

/* What commands talked to without that its content could be seen: {"uri"} each, sorted, once.
 * Owned. */
int materials_unseen(const struct build_result *b, json_t **ret, struct err *e);
