/* SPDX-License-Identifier: Apache-2.0 */
/* Trust policies: one that is accepted keeps the rules that make it safe to use. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "trust/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct statement *s)
{
	assert(s->name[0] && json_array_size(s->scopes) >= 1);
	assert((s->action[POLICY_INTEGRITY] == POLICY_ENFORCE) == !s->skip);
	if (s->skip) {
		for (size_t i = 0; i < json_array_size(s->scopes); i++)
			assert(strcmp(json_string_value(json_array_get(s->scopes, i)), "*") != 0);
		return;
	}
	assert(policy_names_store(s, STORE_CA) || policy_names_store(s, STORE_AUTHORITY));
	assert(s->any_identity ? s->identities_n == 0 : s->identities_n > 0);
	for (size_t i = 0; i < s->stores_n; i++)
		assert(trust_name_ok(s->stores[i].name) && !strchr(s->stores[i].name, '/'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "web", "a.b/c:1", "127.0.0.1:5000/x/y" };
	struct err e = ERR_INIT;
	auto_policy p = { 0 };

	if (policy_parse((const char *)data, size, &p, &e) < 0) {
		assert(e.msg[0] && p.json == NULL);
		return 0;
	}
	for (size_t i = 0; i < p.n; i++)
		check(&p.v[i]);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct ref ref;

		assert(ref_parse(names[i], &ref, &e) == 0);
		(void)policy_select(&p, &ref);
	}
	return 0;
}
