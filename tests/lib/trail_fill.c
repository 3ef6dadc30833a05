/* SPDX-License-Identifier: Apache-2.0 */
/* trail_fill STATE N [KIND RESULT NAME DIGEST REASON]: appends N entries, for the tests of the
 * trail. */
#include <stdio.h>
#include <stdlib.h>

#include "trail/trail.h"

int main(int argc, char **argv)
{
	struct state s = { .fd = -1 };
	struct err e = ERR_INIT;
	auto_release(trail_close) struct trail *t = NULL;
	struct trail_event ev = {
		.kind = argc > 3 ? argv[3] : "build",
		.result = argc > 4 ? argv[4] : "ok",
		.name = argc > 5 ? argv[5] : "web:1",
		.digest = argc > 6 ? argv[6] : NULL,
		.reason = argc > 7 ? argv[7] : NULL,
	};
	int r;

	if (argc < 3)
		return 2;
	r = state_open(&s, argv[1], &e);
	r = r < 0 ? r : trail_open_or_make(&s, &t, &e);
	for (long i = strtol(argv[2], NULL, 10); i > 0 && r == 0; i--) {
		auto_json *entry = NULL;

		r = trail_entry_new(&ev, &entry, &e);
		r = r < 0 ? r : trail_append(t, entry, NULL, &e);
	}
	state_close(&s);
	if (r < 0)
		(void)fprintf(stderr, "%s\n", e.msg);
	return err_exit_status(r);
}
