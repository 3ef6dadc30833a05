/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* SipHash-2-4 (Aumasson and Bernstein, 2012): a short fingerprint that cannot be aimed at by who
 * does not know the key. */
uint64_t siphash(const unsigned char key[static 16], const void *p, size_t n);
