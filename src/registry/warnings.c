/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/registry_internal.h"

/* What a registry wants its users to read ("Warnings" of the distribution spec): 299 - "text". Each
 * once, in the order in which they come. */
void registry_tell_warnings(struct registry *reg, const struct fetch_response *resp)
{
	const struct http_headers *h = &resp->head.headers;

	for (size_t i = 0; i < h->n && reg->p && !reg->auth_lock; i++) {
		const char *text = h->v[i].value + strlen("299 - \"");
		size_t n = strlen(h->v[i].value);
		char line[600];

		if (strcmp(h->v[i].name, "warning") != 0 ||
		    !starts_with(h->v[i].value, "299 - \"") || h->v[i].value[n - 1] != '"')
			continue;
		(void)snprintf(line, sizeof(line), "%.100s says: %.*s", reg->host,
			       (int)strlen(text) - 1 < 450 ? (int)strlen(text) - 1 : 450, text);
		text_sanitize(line);
		if (strcmp(line, reg->warned) == 0)
			continue;
		(void)snprintf(reg->warned, sizeof(reg->warned), "%s", line);
		progress_line(reg->p, line);
	}
}
