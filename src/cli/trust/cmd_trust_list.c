/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/trust/sigstore.h"
#include "cli/trust/trust_keys.h"

/* "ok", "ok, rotate by 2027-01-01" when that is near, "rotated, until ...", "revoked". */
static void state_text(const json_t *o, char *ret, size_t n)
{
	const char *state = json_string_or_null(o, "state"),
		   *until = json_string_or_null(o, "until"),
		   *by = json_string_or_null(o, "rotateBy");
	int64_t when = INT64_MAX;

	if (by)
		(void)clock_parse_rfc3339(str_of(by), &when, NULL);
	if (until)
		(void)snprintf(ret, n, "rotated, counts until %s", until);
	else if (by && when <= clock_now() && state && strcmp(state, "ok") == 0)
		(void)snprintf(ret, n, "ok, rotate now");
	else
		(void)snprintf(ret, n, "%s", state ? state : "");
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_or_null(o, key);

	return s ? s : "-";
}

struct list_opts {
	struct trust_where where;
};

static const struct opt list_options[] = {
	TRUST_WHERE(struct list_opts),
	OPT_END,
};

static int row(struct table *t, const char *kind, const char *name, const json_t *o, struct err *e)
{
	char thumbprint[16], state[80], store[160];
	auto_buf key = BUF_INIT(4096);
	const char *cells[] = {
		kind, name, state, text_of(o, "notAfter"), NULL, thumbprint, text_of(o, "subject")
	};

	if (strcmp(kind, "trusted") == 0) {
		(void)snprintf(store, sizeof(store), "%s:%s", text_of(o, "type"), name);
		cells[1] = store;
	}
	(void)snprintf(thumbprint, sizeof(thumbprint), "%.12s", text_of(o, "thumbprint"));
	state_text(o, state, sizeof(state));
	if (json_string_or_null(o, "algorithm"))
		buf_printf(&key, "%s, %s", text_of(o, "algorithm"), text_of(o, "where"));
	cells[4] = key.n ? buf_str(&key) : "-";
	return table_row(t, cells, e);
}

static int rows(struct table *t, const json_t *list, const char *kind, const char *name_key,
		struct err *e)
{
	size_t i;
	const json_t *o;

	json_array_foreach(list, i, o)
	{
		int r = row(t, kind, json_string_or_null(o, name_key), o, e);

		if (r < 0)
			return r;
	}
	return 0;
}

/* -q: by what 'trust remove' knows each. */
static int print_names(struct cli *c, const json_t *all, struct err *e)
{
	static const char *const lists[][2] = { { "keys", "name" },
						{ "certificates", "thumbprint" },
						{ "signers", "name" } };
	int r = 0;

	for (size_t k = 0; k < sizeof(lists) / sizeof(lists[0]); k++) {
		const json_t *o;
		size_t i;

		json_array_foreach(json_object_get(all, lists[k][0]), i, o)
		{
			const char *name = json_string_or_null(o, lists[k][1]);

			r = r < 0 || !name ? r : cli_print(c, e, "%s\n", name);
		}
	}
	return r;
}

static int run_list(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	static const char *const headings[] = { "KIND", "NAME",	      "STATE",	"VALID UNTIL",
						"KEY",	"THUMBPRINT", "SUBJECT" };
	const struct list_opts *o = opts;
	const bool certificates = o->where.type || o->where.store;
	auto_release(table_free) struct table *t = NULL;
	auto_json *all = NULL;
	const struct state *state;
	int r;

	(void)argc, (void)argv;
	if ((r = cli_state(c, &state, e)) < 0 || (r = trust_list(state, &o->where, &all, e)) < 0 ||
	    (!certificates && (r = sigstore_list(state, all, e)) < 0))
		return r;
	if (c->json) {
		r = json_put_string(all, "schema", "plimsoll.trust-list/v1", e);
		return r < 0 ? r : cli_print_json(c, all, e);
	}
	if (c->quiet)
		return print_names(c, all, e);
	if ((r = table_new(&t, headings, 7, e)) < 0 ||
	    (r = rows(t, json_object_get(all, "keys"), "key", "name", e)) < 0 ||
	    (r = rows(t, json_object_get(all, "certificates"), "trusted", "store", e)) < 0 ||
	    (!certificates && (r = cli_sigstore_rows(all, t, e)) < 0))
		return r;
	return cli_print_table(c, t, e);
}

const struct command trust_list_command = {
	.name = "list",
	.args = "",
	.brief = "List keys of this host, trusted certificates and signers",
	.details =
		"STATE is ok, revoked, rotated and until when, or expired; KEY is its type and "
		"where the private half is; a trusted certificate's name is TYPE:STORE, as trust "
		"policies say it. With --type or --store, certificates of those trust stores "
		"alone. With --format json there is more: each key's id, the date by which it is "
		"better rotated, files, and the trust policy's statements.",
	.example = "plimsoll trust list\n"
		   "plimsoll trust list --type tsa",
	.opts = list_options,
	.opts_size = sizeof(struct list_opts),
	.run = run_list,
};
