/* SPDX-License-Identifier: Apache-2.0 */
#include "base/siphash.h"

#include "tap.h"

TAP_MAIN()

/* The vectors of the paper's appendix and of its authors' program: key 00 01 … 0f, text 00 01 …. */
TEST(vectors)
{
	static const struct {
		size_t n;
		uint64_t want;
	} t[] = {
		{ 0, 0x726fdb47dd0e0e31 }, { 1, 0x74f839c593dc67fd },  { 7, 0xab0200f58b01d137 },
		{ 8, 0x93f5f5799a932462 }, { 15, 0xa129ca6149be45e5 },
	};
	unsigned char key[16], text[16];

	for (unsigned i = 0; i < 16; i++)
		key[i] = text[i] = (unsigned char)i;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++)
		CHECK(siphash(key, text, t[i].n) == t[i].want);
}
