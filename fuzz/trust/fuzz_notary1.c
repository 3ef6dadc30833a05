/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata of Notary v1: the first byte says of which role. What is accepted has its hashes in
 * hexadecimal and a text that was signed; it is no document of TUF 1.0, and no query of it fails.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/digest.h"
#include "trust/tuf/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_listing(json_t *list)
{
	const char *name;
	json_t *v;

	json_object_foreach(list, name, v)
	{
		const char *hex = json_string_or_null(json_object_get(v, "hashes"), "sha256");

		assert(hex && strlen(hex) == 64);
		assert(json_is_integer(json_object_get(v, "length")));
	}
}

static void ask(const struct tuf_doc *d)
{
	static const struct tuf_notary1 rules = { .gun = "r.example/team/app" };
	static const char *const tags[] = { "", "v1", "latest" };
	struct tuf_role role;
	struct err e = ERR_INIT;

	if (d->kind == TUF_ROOT) {
		assert(tuf_root_role(d, "root", &role, &e) == 0);
		role.root = &rules;
		role.at = 1900000000;
		(void)tuf_verify(d, &role, &e);
		assert(d->bytes.n);
	}
	for (size_t i = 0; d->kind == TUF_TARGETS && i < sizeof(tags) / sizeof(tags[0]); i++) {
		auto_strv names = { 0 };
		bool last;

		assert(tuf_delegates_of(d, tags[i], &names, &last, &e) == 0 && !last);
		for (size_t n = 0; n < names.n; n++) {
			assert(starts_with(names.v[n], "targets/"));
			assert(tuf_delegated_role(d, names.v[n], &role, &e) == 0);
			assert(role.threshold > 0);
			(void)tuf_verify(d, &role, &e);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_release(tuf_doc_free) struct tuf_doc *d = NULL, *other = NULL;
	struct str bytes = { (const char *)data + 1, size - 1 };
	struct err e = ERR_INIT;
	enum tuf_kind kind;
	int r;

	if (size == 0)
		return 0;
	kind = (enum tuf_kind)(data[0] % 4);
	r = tuf_doc_parse(&tuf_dialect_notary, bytes, kind, &d, &e);
	if (r < 0) {
		assert(e.code == r && e.msg[0] && !d);
		return 0;
	}
	assert(d->version > 0 && d->message.n);
	check_listing(json_object_get(d->body, kind == TUF_TARGETS ? "targets" : "meta"));
	assert(tuf_doc_parse(&tuf_1_0, bytes, kind, &other, NULL) < 0);
	ask(d);
	return 0;
}
