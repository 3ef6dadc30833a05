/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"

/*
 * Text for XML 1.0 and HTML, in content and in quoted attributes: the five characters that mean
 * something become references, and what XML cannot hold (control characters, broken UTF-8,
 * U+FFFE, U+FFFF) becomes U+FFFD. Tab and newline become references, so that attributes keep them.
 */
void xml_put(struct buf *ret, const char *s);
