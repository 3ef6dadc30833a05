/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "scan/scan.h"

/*
 * Why an advisory is, or is not, among an image's findings: every record of the database that
 * speaks of it (by that id or an alias) and of one of the image's packages, with the comparison
 * that was made:
 *
 *   {"schema":…, "advisory":"CVE-2024-1",
 *    "answers":[{"package","installed","verdict":"affected","why":"…",
 *                "record","source","title","status",
 *                "compared":{"kind":"source package","name","version","order":"dpkg","ecosystem"},
 *                "events":[{"event":"fixed","version":"2","installed_is":"before"}],
 *                "versions":["1.2"], "fixed","path","layer","instruction"}],
 *    "elsewhere":[{"ecosystem","package","record"}],
 *    "unchecked":["could not read…"]}
 *
 * "verdict" is one of affected, outside, not-affected, no-kernel, no-version, other-stream,
 * other-platform, owned. "elsewhere" is looked for when there are no answers: which packages the
 * advisory is about, up to LIMIT_ELSEWHERE. E_NOTFOUND without a database. Owned.
 */
#define SCAN_EXPLANATION_SCHEMA "plimsoll.explanation/v1"
enum { LIMIT_ELSEWHERE = 50 };

int scan_explain(const struct state *state, const json_t *list, const char *advisory, json_t **ret,
		 struct err *e);
