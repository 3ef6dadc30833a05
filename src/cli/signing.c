/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/signing.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "pipeline/road.h"
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

int cli_cosign_passphrase(const char *file, struct buf *secret, const char **ret, struct err *e)
{
	const char *password = getenv("COSIGN_PASSWORD");
	int r = cli_passphrase(file, secret, ret, e);

	if (r < 0 || *ret || !password)
		return r;
	buf_put(secret, password, strlen(password));
	r = buf_check(secret, "COSIGN_PASSWORD", e);
	if (r == 0)
		*ret = buf_str(secret);
	return r;
}

int cli_duration(const char *text, int64_t *ret, struct err *e)
{
	return clock_parse_duration(text, ret, e);
}

int cli_note(struct cli *c, const char *kind, const char *name, const struct desc *image,
	     int outcome, json_t *detail, struct err *e)
{
	struct road road = { .name = name, .image = *image };
	struct err own = ERR_INIT;

	if (cli_state(c, &road.state, &own) < 0) {
		json_decref(detail);
		if (outcome < 0)
			return outcome;
		*e = own;
		return own.code;
	}
	return road_note(&road, kind, outcome, detail, e);
}
