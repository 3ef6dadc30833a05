/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/signing.h"

#include <stdlib.h>
#include <string.h>

#include "trail/trail.h"
#include "trust/trust.h"

int cli_passphrase(const char *file, struct buf *secret, const char **ret, struct err *e)
{
	const char *from = file ? file : getenv("PLIMSOLL_PASSPHRASE_FILE");
	int r;

	*ret = NULL;
	if (!from || !*from)
		return 0;
	r = trust_passphrase(from, secret, e);
	if (r == 0)
		*ret = buf_str(secret);
	return r;
}

int cli_duration(const char *text, int64_t *ret, struct err *e)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	struct str s = str_of(text);
	int64_t scale = 1;
	uint64_t n;

	for (size_t i = 0; s.n && i < sizeof(units) / sizeof(units[0]); i++)
		if (text[strlen(text) - 1] == units[i].unit) {
			scale = units[i].seconds;
			s.n--;
			break;
		}
	if (str_u64(s, 1000000000, &n, NULL) < 0 || n == 0)
		return FAIL(e, E_USAGE, "'%.40s' is not a duration such as 15m, 720h or 90d", text);
	*ret = (int64_t)n * scale;
	return 0;
}

int cli_note(struct cli *c, const char *kind, const char *name, const struct desc *image,
	     int outcome, json_t *detail, struct err *e)
{
	auto_json *owned = detail;
	const struct state *state;
	struct err own = ERR_INIT;
	const struct trail_event ev = {
		.kind = kind,
		.result = outcome >= 0				       ? "ok"
			  : outcome == E_VERIFY || outcome == E_POLICY ? "refused"
								       : "failed",
		.name = name,
		.digest = image->digest.s[0] ? image->digest.s : NULL,
		.reason = outcome < 0 ? e->msg : NULL,
		.detail = owned,
	};
	int r = cli_state(c, &state, &own);

	if (r == 0)
		r = trail_record(state, &ev, NULL, &own);
	if (r >= 0)
		return outcome;
	if (outcome < 0)
		return WRAP(e, outcome, "(the trail could not be written: %.200s)", own.msg);
	*e = own;
	return WRAP(e, r, "record '%s' in the trail", kind);
}
