/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/trust/signing.h"
#include "cli/trust/trust_keys.h"
#include "trust/trust.h"
#include "trust/withdrawn.h"

struct rotate_opts {
	const char *until, *to, *passphrase_file;
	uint64_t days;
};

static const struct opt rotate_options[] = {
	OPT_AT(struct rotate_opts, until, "until", 0, OPT_STRING, "DATE",
	       "what the old key signed counts until then: 2027-01-31, a time, or 90d from now"),
	OPT_AT(struct rotate_opts, to, "to", 0, OPT_STRING, "KEY",
	       "the key that takes its place (one is made of the same type and subject)"),
	OPT_AT(struct rotate_opts, days, "days", 0, OPT_U64, "N",
	       "days that the new certificate is valid (1825)"),
	OPT_AT(struct rotate_opts, passphrase_file, "passphrase-file", 0, OPT_STRING, "FILE",
	       "encrypt the new key with the passphrase in FILE, or from descriptor N for fd:N"),
	OPT_END,
};

/* A day, a time, or how long from now. */
static int parse_until(const char *text, int64_t *ret, struct err *e)
{
	char day[RFC3339_MAX];
	int64_t from_now;

	if (!text)
		return FAIL(e, E_USAGE, "--until is missing: until when the old key still counts");
	(void)snprintf(day, sizeof(day), "%.10sT00:00:00Z", text);
	if (strlen(text) == 10 && clock_parse_rfc3339(str_of(day), ret, NULL) == 0)
		return 0;
	if (clock_parse_rfc3339(str_of(text), ret, NULL) == 0)
		return 0;
	if (cli_duration(text, &from_now, NULL) < 0)
		return FAIL(e, E_USAGE, "--until '%.40s': want 2027-01-31, a time, or 90d", text);
	*ret = clock_now() + from_now;
	return 0;
}

static int report(struct cli *c, const char *name, const struct withdrawal *old,
		  const char *thumbprint, struct err *e)
{
	auto_json *j = json_object();
	char until[RFC3339_MAX];
	int r;

	clock_rfc3339(old->until, until);
	if (c->quiet && !c->json)
		return cli_print(c, e, "%s\n", thumbprint);
	if (!c->json)
		return cli_print(
			c, e,
			"key %s\ncertificate sha256:%s\n"
			"The old key signs no more; what it signed until now counts until %s.\n"
			"What must live longer is signed again before then:\n"
			"    plimsoll sign%s%s IMAGE && plimsoll push IMAGE\n"
			"Other hosts need the new certificate and the end of the old key:\n"
			"    plimsoll trust export %s            # plimsoll trust add -\n"
			"    plimsoll trust export --revocations # plimsoll trust revoke --import "
			"-\n",
			name, thumbprint, until,
			strcmp(name, TRUST_DEFAULT_NAME) == 0 ? "" : " --key ",
			strcmp(name, TRUST_DEFAULT_NAME) == 0 ? "" : name, name);
	if ((r = json_put_string(j, "schema", "plimsoll.trust-rotate/v1", e)) < 0 ||
	    (r = json_put_string(j, "name", name, e)) < 0 ||
	    (r = json_put_string(j, "thumbprint", thumbprint, e)) < 0 ||
	    (r = json_put_string(j, "oldKey", old->key, e)) < 0 ||
	    (r = json_put_string(j, "until", until, e)) < 0)
		return r;
	return cli_print_json(c, j, e);
}

static int rotate(struct cli *c, const struct rotate_opts *o, const char *name,
		  struct withdrawal *ret_old, char thumbprint[THUMBPRINT_MAX], struct err *e)
{
	struct trust_rotate_opts to = { .name = name, .to = o->to, .days = (int)o->days };
	auto_secret secret = BUF_INIT(LIMIT_PASSPHRASE + 2);
	const struct state *state;
	int r;

	if (o->days > LIMIT_CERT_DAYS)
		return FAIL(e, E_USAGE, "--days: at most %d", LIMIT_CERT_DAYS);
	if (o->to && (o->days || o->passphrase_file))
		return FAIL(e, E_USAGE, "--days and --passphrase-file are of a key that is made");
	if ((r = parse_until(o->until, &to.until, e)) < 0 ||
	    (r = cli_passphrase(o->passphrase_file, &secret, &to.passphrase, e)) < 0 ||
	    (r = cli_state(c, &state, e)) < 0)
		return r;
	return trust_rotate(state, &to, ret_old, thumbprint, e);
}

static int run_rotate(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const char *name = argc ? argv[0] : TRUST_DEFAULT_NAME;
	struct withdrawal old = { 0 };
	char thumbprint[THUMBPRINT_MAX] = "", until[RFC3339_MAX];
	int r = rotate(c, opts, name, &old, thumbprint, e);

	clock_rfc3339(old.until, until);
	r = cli_trust_note(c, "rotate", name, r,
			   r == 0 ? json_pack("{s:s, s:s, s:s}", "oldKey", old.key, "until", until,
					      "certificate", thumbprint)
				  : NULL,
			   e);
	return r < 0 ? r : report(c, name, &old, thumbprint, e);
}

const struct command trust_rotate_command = {
	.name = "rotate",
	.args = "[NAME]",
	.brief = "Put a new key in the place of one, and let the old count until a date",
	.details = "The old key signs nothing more from now on, and its file is removed. What it "
		   "signed before counts until DATE, as does what the new key signs; from DATE on "
		   "nothing of the old key does. A signature of the old key that says to be made "
		   "after the rotation is refused at once; since a thief could write an earlier "
		   "time, a key that may be stolen is revoked, not rotated. A key with a CA's "
		   "certificates, of a token or of a program takes two steps: make its successor "
		   "under another name with 'plimsoll trust init', then rotate with --to.",
	.example = "plimsoll trust rotate --until 90d\n"
		   "plimsoll trust rotate ci --until 2027-01-31 --to ci-next",
	.opts = rotate_options,
	.opts_size = sizeof(struct rotate_opts),
	.max_args = 1,
	.run = run_rotate,
};
