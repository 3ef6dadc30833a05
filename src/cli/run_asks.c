/* SPDX-License-Identifier: Apache-2.0 */
/* What of the options opens the host, as the words by which a policy allows it. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "cli/run_options.h"
#include "run/devices.h"

/* What has no way in yet, whatever the policy says. */
static int check_refused(const struct run_cli_opts *o, struct err *e)
{
	const struct {
		bool asked;
		const char *flag, *why;
	} table[] = {
		{ o->privileged, "--privileged", "root in it would be root of the host" },
		{ o->pid && strcmp(o->pid, "private") != 0, "--pid",
		  "a container sees its own processes only" },
		{ o->ipc && strcmp(o->ipc, "private") != 0, "--ipc",
		  "a container has its own shared memory" },
		{ o->network && strcmp(o->network, "host") == 0, "--network host",
		  "services on the host's loopback would trust the container" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (table[i].asked) {
			int r = FAIL(e, E_POLICY, "%s: %s", table[i].flag, table[i].why);

			return err_hint(e, r, "run without %s", table[i].flag);
		}
	if (o->network && strcmp(o->network, "none") != 0 && strcmp(o->network, "pasta") != 0)
		return FAIL(e, E_USAGE, "--network is pasta (default) or none, not '%s'",
			    o->network);
	return 0;
}

static int ask_security(const char *text, struct run_asks *ret, struct err *e)
{
	const struct {
		const char *option, *word;
		bool *flag;
	} table[] = {
		{ "seccomp unconfined", "seccomp-unconfined", &ret->no_seccomp },
		{ "apparmor unconfined", "apparmor-unconfined", &ret->no_apparmor },
		{ "landlock unconfined", "landlock-unconfined", &ret->no_landlock },
		{ "systempaths unconfined", "proc-unmasked", &ret->unmasked },
	};
	auto_free char *words = strdup(text);
	int r;

	if (!words)
		return FAIL_NOMEM(e);
	words[strcspn(words, "=:")] = ' ';
	if (has_word("no-new-privileges", text) || strcmp(words, "no-new-privileges true") == 0)
		return 0;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(words, table[i].option) == 0) {
			*table[i].flag = true;
			return strv_add(&ret->words, table[i].word, e);
		}
	r = FAIL(e, E_POLICY, "--security-opt %.100s: containers run under plimsoll's profile",
		 text);
	return err_hint(e, r, "--profile FILE says what one needs; 'plimsoll run --help'");
}

/* Where a link leads to is what the policy has to name. */
static int ask_device(const char *text, struct run_asks *ret, struct err *e)
{
	struct device d = { 0 };
	int r = device_parse(text, &d, e);

	if (r == 0)
		r = strv_addf(&ret->words, e, "device:%s", d.host);
	device_free(&d);
	return r;
}

static int ask_cap(const char *text, struct run_asks *ret, struct err *e)
{
	unsigned number;
	int r;

	/* All of them at once are refused by whoever reads them, always. */
	if (run_cap_is_free(text) || strcasecmp(text, "ALL") == 0)
		return 0;
	r = cap_parse(text, &number, e);
	return r < 0 ? WRAP(e, r, "--cap-add")
		     : strv_addf(&ret->words, e, "cap:%s", cap_name(number) + strlen("CAP_"));
}

int run_options_asks(const struct run_cli_opts *o, struct run_asks *ret, struct err *e)
{
	const struct {
		const struct strv *list;
		int (*ask)(const char *, struct run_asks *, struct err *);
	} lists[] = {
		{ &o->security_opt, ask_security },
		{ &o->device, ask_device },
		{ &o->cap_add, ask_cap },
	};
	int r = check_refused(o, e);

	for (size_t l = 0; l < sizeof(lists) / sizeof(*lists); l++)
		for (size_t i = 0; r == 0 && i < lists[l].list->n; i++)
			r = lists[l].ask(lists[l].list->v[i], ret, e);
	return r;
}
