/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/signing.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

int cli_annotations(const struct strv *list, json_t **ret, struct err *e)
{
	auto_json *o = json_object();

	for (size_t i = 0; i < list->n; i++) {
		const char *eq = strchr(list->v[i], '=');
		auto_free char *key = NULL;
		int r;

		if (!eq || eq == list->v[i])
			return FAIL(e, E_USAGE, "--annotation '%.100s': want KEY=VALUE",
				    list->v[i]);
		key = str_dup((struct str){ list->v[i], (size_t)(eq - list->v[i]) });
		r = key ? json_put_string(o, key, eq + 1, e) : FAIL_NOMEM(e);
		if (r < 0)
			return r;
	}
	*ret = TAKE(o);
	return 0;
}

void cli_key_name(const char *key, struct buf *path, const char **ret)
{
	*ret = key;
	if (!key || strchr(key, '/') || (!ends_with(key, ".key") && !ends_with(key, ".pem")) ||
	    access(key, F_OK) < 0)
		return;
	buf_printf(path, "./%s", key);
	*ret = buf_str(path);
}

int cli_no_tlog(bool tlog_upload, struct err *e)
{
	return tlog_upload ? FAIL(e, E_USAGE,
				  "--tlog-upload: nothing is sent to a transparency log; the trail "
				  "of this host has it")
			   : 0;
}
