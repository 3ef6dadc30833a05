/* SPDX-License-Identifier: Apache-2.0 */
/* The guard's notes; all that is said of one is printable. */
#include <stdint.h>
#include <stdlib.h>

#include "run/denials/denials.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_denials d = { 0 };
	auto_json *j = NULL;

	if (denials_parse((const char *)data, size, &d, NULL) < 0)
		return 0;
	if (d.n > LIMIT_DENIALS)
		abort();
	(void)denials_json(&d, &j, NULL);
	for (size_t i = 0; i < d.n; i++) {
		auto_buf text = BUF_INIT(65536);

		denial_what(&d.v[i], &text);
		denial_why(&d.v[i], &text);
		denial_remedy(&d, &d.v[i], &text);
		denial_instead(&d, &d.v[i], &text);
		if (denials_like(&d, i) > i)
			abort();
		for (size_t k = 0; k < text.n; k++)
			if ((unsigned char)buf_str(&text)[k] < ' ')
				abort();
	}
	return 0;
}
