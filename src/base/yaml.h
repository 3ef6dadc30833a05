/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"

/*
 * YAML by libfyaml, read into the JSON model, so that one set of getters serves both. Duplicate
 * keys, aliases, merge keys, tags, several documents and keys that are no scalars are refused,
 * never resolved. A key is its text, quoted or not (`0:` is "0"). Plain values follow the core
 * schema (YAML 1.2.2, 10.3.2): null, true/false, integers that fit int64_t, else strings. Floats
 * stay strings, so that a version 1.10 stays one. An empty document is null.
 */
enum { LIMIT_YAML_DEPTH = 64, LIMIT_YAML_BYTES = 64 * 1024 * 1024 };

int yaml_parse(const char *p, size_t n, const char *what, json_t **ret, struct err *e); /* owned */
