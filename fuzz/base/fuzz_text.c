/* SPDX-License-Identifier: Apache-2.0 */
/* Times, numbers, hex, base64, JSON and terminal text: what is accepted is printed and read again.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/json.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void base64(struct str s, enum b64 kind)
{
	auto_buf raw = BUF_INIT(1 << 20);
	auto_buf again = BUF_INIT(1 << 20);

	if (b64_decode(s, kind, &raw, NULL) < 0)
		return;
	b64_put(&again, kind, raw.p, raw.n);
	must(str_eq(s, (struct str){ buf_str(&again), again.n })); /* one form only */
}

static void times(struct str s)
{
	char text[RFC3339_MAX];
	int64_t t, back;

	if (clock_parse_rfc3339(s, &t, NULL) < 0)
		return;
	clock_rfc3339(t, text);
	if (t >= -62167219200 && t <= 253402300799) /* the years 0000 to 9999 */
		must(clock_parse_rfc3339(str_of(text), &back, NULL) == 0 && back == t);
}

static void json(struct str s)
{
	auto_json *j = NULL;
	auto_json *back = NULL;
	auto_buf once = BUF_INIT(1 << 22);
	auto_buf twice = BUF_INIT(1 << 22);

	if (json_parse(s.p, s.n, "fuzz", &j, NULL) < 0)
		return;
	must(json_canonical(j, &once, NULL) == 0);
	must(json_parse(once.p, once.n, "fuzz", &back, NULL) == 0);
	must(json_canonical(back, &twice, NULL) == 0);
	must(str_eq((struct str){ once.p, once.n }, (struct str){ twice.p, twice.n }));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = { (const char *)data, size };
	unsigned char raw[16];
	auto_free char *text = str_dup(s);
	uint64_t n;

	base64(s, B64_STD);
	base64(s, B64_URL);
	times(s);
	json(s);
	(void)hex_decode(s, raw, sizeof(raw), NULL);
	(void)str_u64(s, UINT64_MAX, &n, NULL);
	if (!text)
		return 0;
	text_sanitize(text);
	must(str_utf8(str_of(text)));
	return 0;
}
