/* SPDX-License-Identifier: Apache-2.0 */
/* Notes, verifier keys and checkpoints: what parses is printed and parsed again, with the same
 * result. */
#include <stdint.h>
#include <stdlib.h>

#include "trail/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void checkpoint(struct str s)
{
	struct checkpoint c, back;
	auto_buf b = BUF_INIT(4096);

	if (checkpoint_parse(s, &c, NULL) < 0)
		return;
	must(checkpoint_format(&c, &b, NULL) == 0);
	must(checkpoint_parse((struct str){ b.p, b.n }, &back, NULL) == 0);
	must(back.size == c.size && memcmp(&back.root, &c.root, sizeof(c.root)) == 0);
	must(str_starts(s, buf_str(&b))); /* extension lines apart there is one form only */
}

static void vkey(struct str s)
{
	auto_note_key k = { .key = NULL };
	auto_buf b = BUF_INIT(4096);

	if (note_key_parse(s, &k, NULL) < 0)
		return;
	must(note_key_format(&k, &b, NULL) == 0);
	must(str_eq(s, (struct str){ b.p, b.n }));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = { (const char *)data, size };
	struct note n;

	if (note_parse(s, &n, NULL) == 0) {
		must(n.n > 0 && n.text.n > 0 && n.text.p[n.text.n - 1] == '\n');
		checkpoint(n.text);
	}
	checkpoint(s);
	vkey(s);
	return 0;
}
