/* SPDX-License-Identifier: Apache-2.0 */
/* Header values and error bodies of a hostile server: Location, Link, Content-Range,
 * Retry-After, {"errors":…}. */
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "registry/http.h"
#include "registry/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A URL that is accepted, printed and parsed again is the same URL. */
static void location(const char *s)
{
	const struct url base = { .https = true, .host = "h", .port = 1, .target = "/v2/n/x?y" };
	struct url u, again;
	auto_buf b = BUF_INIT(LIMIT_URL + LIMIT_HOST + 64);

	if (url_resolve(&base, str_of(s), &u, NULL) < 0)
		return;
	url_put(&u, &b);
	if (b.failed || strpbrk(buf_str(&b), " \r\n\\") ||
	    url_parse((struct str){ buf_str(&b), b.n }, &again, NULL) < 0 ||
	    !url_same_origin(&u, &again) || strcmp(u.target, again.target) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const union {
		const uint8_t *in;
		const char *out;
	} p = { .in = data };
	auto_free char *s = str_dup((struct str){ p.out, size });
	auto_buf link = BUF_INIT(LIMIT_URL);
	struct http_error x;
	struct http_range g;
	uint64_t held;

	if (!s)
		return 0;
	location(s);
	(void)http_link_next(s, &link, NULL);
	(void)http_content_range(s, &g, NULL);
	(void)http_upload_range(s, &held, NULL);
	if (http_retry_after(s, 0, 30, 1) > 30)
		abort();
	(void)http_type_is(s, "text/html");
	http_error_parse(p.out, size, &x);
	return 0;
}
