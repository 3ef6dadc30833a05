/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/road.h"

#include <string.h>

#include "base/str.h"
#include "run/life/events.h"
#include "trail/trail.h"

/* Those of the steps, which differ in kind and detail. */
static int record(const struct road *road, const struct trail_event *common,
		  const struct road_step *v, size_t n, struct err *e)
{
	struct trail_event events[LIMIT_TRAIL_APPEND];

	for (size_t i = 0; i < n && i < LIMIT_TRAIL_APPEND; i++) {
		events[i] = *common;
		events[i].kind = v[i].kind;
		events[i].detail = v[i].detail;
	}
	return trail_record_all(road->state, events, n, NULL, e);
}

/* What is done to an image here is one of docker's events, too. Its readers are told what the trail
 * proves: nothing is lost when it cannot be written. */
static void tell(const struct road *road, const char *kind)
{
	static const char *const told[] = { "build", "import", "pull", "push" };

	for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++)
		if (strcmp(told[i], kind) == 0 && road->image.digest.s[0])
			(void)event_note_other(road->state, "image", kind, road->image.digest.s,
					       json_pack("{s:s*}", "name", road->name), NULL);
}

int road_note_all(const struct road *road, const struct road_step *v, size_t n, int outcome,
		  struct err *e)
{
	auto_free char *name = road->name ? strdup(road->name) : NULL;
	const bool refused = outcome == E_POLICY || outcome == E_VERIFY;
	struct err own = ERR_INIT;
	int r;

	/* A text that was cut may end within a character, which the trail does not take. */
	if (outcome < 0 && e)
		text_sanitize(e->msg);
	/* Nor does it take a file's name that is no text; but what was done is to be noted. */
	if (name && !str_utf8(str_of(name)))
		text_sanitize(name);

	const struct trail_event common = {
		.result = outcome >= 0 ? "ok"
			  : refused    ? "refused"
				       : "failed",
		.name = name,
		.digest = road->image.digest.s[0] ? road->image.digest.s : NULL,
		.reason = outcome < 0 && e ? e->msg : NULL,
	};

	r = record(road, &common, v, n, &own);
	for (size_t i = 0; i < n; i++) {
		json_decref(v[i].detail);
		if (r >= 0 && outcome >= 0)
			tell(road, v[i].kind);
	}
	if (r >= 0)
		return outcome;
	if (outcome < 0)
		return WRAP(e, outcome, "(and the trail could not be written: %.200s)", own.msg);
	if (e)
		*e = own;
	return WRAP(e, r, "record '%s' in the trail", v[0].kind);
}

int road_note(const struct road *road, const char *kind, int outcome, json_t *detail, struct err *e)
{
	return road_note_all(road, &(struct road_step){ kind, detail }, 1, outcome, e);
}
