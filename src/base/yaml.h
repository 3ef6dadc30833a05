/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"

/*
 * YAML by libfyaml, read into the JSON model, so that one set of getters serves both. Duplicate
 * keys, aliases, merge keys, tags, several documents and non-string keys are refused, never
 * resolved. Plain scalars follow the YAML 1.2 core schema: null, true/false, integers, else
 * strings. Floats stay strings.
 */
enum { LIMIT_YAML_DEPTH = 64, LIMIT_YAML_BYTES = 64 * 1024 * 1024 };

int yaml_parse(const char *p, size_t n, const char *what, json_t **ret, struct err *e); /* owned */
