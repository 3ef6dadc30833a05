/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/road.h"

#include <string.h>

#include "base/str.h"
#include "trail/trail.h"

int road_note(const struct road *road, const char *kind, int outcome, json_t *detail, struct err *e)
{
	auto_json *owned = detail;
	auto_free char *name = road->name ? strdup(road->name) : NULL;
	const bool refused = outcome == E_POLICY || outcome == E_VERIFY;
	struct err own = ERR_INIT;

	/* A text that was cut may end within a character, which the trail does not take. */
	if (outcome < 0 && e)
		text_sanitize(e->msg);
	/* Nor does it take a file's name that is no text; but what was done is to be noted. */
	if (name && !str_utf8(str_of(name)))
		text_sanitize(name);

	const struct trail_event ev = {
		.kind = kind,
		.result = outcome >= 0 ? "ok"
			  : refused    ? "refused"
				       : "failed",
		.name = name,
		.digest = road->image.digest.s[0] ? road->image.digest.s : NULL,
		.reason = outcome < 0 && e ? e->msg : NULL,
		.detail = owned,
	};
	int r = trail_record(road->state, &ev, NULL, &own);

	if (r >= 0)
		return outcome;
	if (outcome < 0)
		return WRAP(e, outcome, "(and the trail could not be written: %.200s)", own.msg);
	if (e)
		*e = own;
	return WRAP(e, r, "record '%s' in the trail", kind);
}
