/* SPDX-License-Identifier: Apache-2.0 */
/* TUF metadata: the first byte says of which role. What is accepted has one canonical form, which
 * is read as the same again; none of the queries of an accepted file fails. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/key.h"
#include "trust/tuf/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_canonical(const struct tuf_doc *d)
{
	auto_buf once = BUF_INIT(1 << 24), twice = BUF_INIT(1 << 24);
	auto_json *again = NULL;
	struct err e = ERR_INIT;

	if (tuf_canonical(d->body, &once, &e) < 0) {
		assert(e.code == E_FORMAT);
		return;
	}
	/* Control characters stand as they are there, which is no JSON. */
	if (json_parse(buf_str(&once), once.n, "canonical", &again, NULL) < 0)
		return;
	assert(tuf_canonical(again, &twice, &e) == 0);
	assert(once.n == twice.n && memcmp(once.p, twice.p, once.n) == 0);
}

static void ask(const struct tuf_doc *d)
{
	static const char *const paths[] = { "a", "a/b", "some/target.txt", "\xc3\xa4" };
	struct tuf_role role;
	struct err e = ERR_INIT;

	if (d->kind == TUF_ROOT) {
		assert(tuf_root_role(d, "root", &role, &e) == 0);
		(void)tuf_verify(d, &role, &e);
	}
	for (size_t i = 0; d->kind == TUF_TARGETS && i < sizeof(paths) / sizeof(paths[0]); i++) {
		auto_strv names = { 0 };
		bool last;

		assert(tuf_delegates_of(d, paths[i], &names, &last, &e) == 0);
		for (size_t n = 0; n < names.n; n++) {
			assert(tuf_delegated_role(d, names.v[n], &role, &e) == 0);
			assert(role.threshold > 0 && json_is_array(role.keyids));
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_release(tuf_doc_free) struct tuf_doc *d = NULL;
	struct err e = ERR_INIT;
	int r;

	if (size == 0)
		return 0;
	r = tuf_doc_parse(&tuf_1_0, (struct str){ (const char *)data + 1, size - 1 },
			  (enum tuf_kind)(data[0] % 4), &d, &e);
	if (r < 0) {
		assert(e.code == r && e.msg[0] && !d);
		return 0;
	}
	assert(d->version > 0);
	check_canonical(d);
	ask(d);
	return 0;
}
