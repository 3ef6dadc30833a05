/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/decision_output.h"

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_or_null(o, key);

	return s ? s : "";
}

static int print_lists(struct cli *c, const json_t *doc, struct err *e)
{
	const json_t *o;
	size_t i;
	int r = 0;

	json_array_foreach(json_object_get(doc, "checks"), i, o)
	{
		if (r == 0)
			r = cli_print(c, e, "%-12s %s: %s\n", text(o, "outcome"), text(o, "check"),
				      text(o, "note"));
	}
	json_array_foreach(json_object_get(doc, "signatures"), i, o)
	{
		if (r == 0)
			r = cli_print(c, e, "%-12s %s, %s, by %s, for %s\n", "signature",
				      text(o, "digest"), text(o, "kind"), text(o, "signer"),
				      *text(o, "repository") ? text(o, "repository")
							     : "no named repository");
	}
	json_array_foreach(json_object_get(doc, "attestations"), i, o)
	{
		if (r == 0)
			r = cli_print(c, e, "%-12s %s, %s, by %s: %s%s%s\n", "attestation",
				      text(o, "digest"), text(o, "type"), text(o, "signer"),
				      text(o, "outcome"), *text(o, "note") ? ", " : "",
				      text(o, "note"));
	}
	json_array_foreach(json_object_get(doc, "refused"), i, o)
	{
		if (r == 0)
			r = cli_print(c, e, "%-12s %s\n", "refused", json_string_value(o));
	}
	return r;
}

int decision_print(struct cli *c, const struct decision *d, struct err *e)
{
	const json_t *policy = json_object_get(d->doc, "policy");
	const char *rule = json_string_or_null(d->doc, "rule");
	int r = cli_print(c, e, "%-12s %s\n%-12s %s\n", "repository", text(d->doc, "repository"),
			  "digest", text(d->doc, "digest"));

	if (r == 0 && policy)
		r = cli_print(c, e, "%-12s '%s', level %s\n", "statement",
			      text(policy, "statement"), text(policy, "level"));
	if (r == 0)
		r = cli_print(c, e, "%-12s %s\n", "rule",
			      rule ? rule : "none of plimsoll.yaml is for it");
	return r < 0 ? r : print_lists(c, d->doc, e);
}
