/* SPDX-License-Identifier: Apache-2.0 */
/* registries.conf: what is read of it can be asked, and names come out as names. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "registry/conf/registries.h"
#include "registry/conf/toml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct registries *conf, const char *name)
{
	struct place places[LIMIT_PLACES];
	struct ref ref;
	size_t n = 0;

	if (ref_parse(name, &ref, NULL) < 0)
		abort();
	if (registries_qualify(conf, &ref, NULL) < 0 ||
	    registries_places(conf, &ref, places, &n, NULL) < 0)
		return;
	if (n == 0 || n > LIMIT_PLACES || places[n - 1].mirror)
		abort();
	for (size_t i = 0; i < n; i++)
		if (!places[i].host[0] || !places[i].name[0])
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const union {
		const uint8_t *in;
		const char *out;
	} p = { .in = data };
	auto_registries conf = { 0 };
	auto_toml t = TOML_NONE;
	struct err e = ERR_INIT;

	if (toml_parse(p.out, size, "f", &t, &e) < 0) {
		if (e.code != E_FORMAT || t.root)
			abort();
		return 0;
	}
	if (registries_parse(p.out, size, "f", &conf, NULL) < 0)
		return 0;
	ask(&conf, "a.example/team/web:1");
	ask(&conf, "docker.io/nginx");
	ask(&conf, "web");
	return 0;
}
