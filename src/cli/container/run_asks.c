/* SPDX-License-Identifier: Apache-2.0 */
/* What of the options opens the host, as the words by which a policy allows it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "cli/container/run_options.h"
#include "run/options/allow.h"
#include "run/root/devices.h"

/* Which namespaces are the host's. A privileged one is the host's root: with ids of its own its
 * capabilities would be good for little. */
static int ask_share(const struct run_cli_opts *o, struct run_asks *ret, struct err *e)
{
	const char *const values[SHARE_KINDS] = {
		[SHARE_PID] = o->pid, [SHARE_IPC] = o->ipc,	[SHARE_NETWORK] = o->network,
		[SHARE_UTS] = o->uts, [SHARE_USER] = o->userns, [SHARE_CGROUP] = o->cgroupns,
	};
	int r = o->privileged ? strv_add(&ret->words, "privileged", e) : 0;

	for (enum share_kind k = 0; r == 0 && k < SHARE_KINDS; k++) {
		r = share_parse(k, values[k], &ret->share, e);
		if (r == 0 && ret->share.host[k])
			r = strv_add(&ret->words, share_word(k), e);
	}
	if (r == 0 && o->hostname && ret->share.host[SHARE_UTS])
		return FAIL(e, E_USAGE, "--hostname and --uts host: it would rename the host");
	ret->share.host[SHARE_USER] |= o->privileged;
	for (enum share_kind k = 0; r == 0 && k < SHARE_KINDS; k++)
		if (ret->share.of[k] && ret->share.host[SHARE_USER])
			return FAIL(
				e, E_USAGE,
				"%s container:%.64s: with it go its ids, so that this one can be "
				"neither privileged nor have the host's",
				share_option(k), ret->share.of[k]);
	return r;
}

static int ask_apparmor(const char *name, struct run_asks *ret, struct err *e)
{
	auto_free char *word = NULL;
	int r;

	if (asprintf(&word, "apparmor:%s", name) < 0)
		return FAIL_NOMEM(e);
	if (!run_allow_word(word)) {
		r = FAIL(e, E_USAGE, "--security-opt apparmor=%.100s: no name of a profile", name);
		return err_hint(e, r,
				"letters, digits and ._+@/- of one that is loaded (aa-status)");
	}
	ret->apparmor = name;
	return strv_add(&ret->words, word, e);
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
		{ "label disable", "selinux-unconfined", &ret->no_selinux },
		{ "systempaths unconfined", "proc-unmasked", &ret->unmasked },
		{ "no-new-privileges false", "new-privileges", &ret->new_privileges },
	};
	static const struct {
		const char *begin, *why, *instead;
	} others[] = {
		{ "label ", "labels of SELinux are chosen by plimsoll",
		  "label=disable, where the policy allows it" },
		{ "mask ", "what is masked is the profile's to say", "leave it out" },
		{ "unmask ", "what is masked is the profile's to say",
		  "systempaths=unconfined, where the policy allows it" },
		{ "proc-opts ", "/proc is mounted by the profile", "leave it out" },
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
	if (starts_with(words, "apparmor "))
		return ask_apparmor(text + strlen("apparmor="), ret, e);
	if (starts_with(words, "seccomp ")) {
		ret->seccomp_file = has_word("builtin default", text + strlen("seccomp="))
					    ? NULL
					    : text + strlen("seccomp=");
		return 0;
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (starts_with(words, others[i].begin)) {
			r = FAIL(e, E_POLICY, "--security-opt %.100s: %s", text, others[i].why);
			return err_hint(e, r, "%s", others[i].instead);
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
	int r = ask_share(o, ret, e);

	for (size_t l = 0; l < sizeof(lists) / sizeof(*lists); l++)
		for (size_t i = 0; r == 0 && i < lists[l].list->n; i++)
			r = lists[l].ask(lists[l].list->v[i], ret, e);
	if (r == 0 && ret->apparmor && ret->no_apparmor)
		return FAIL(e, E_USAGE, "--security-opt apparmor=unconfined and apparmor=%.64s",
			    ret->apparmor);
	if (r == 0 && ret->seccomp_file &&
	    (ret->no_seccomp || ret->new_privileges || o->privileged))
		return FAIL(
			e, E_USAGE,
			"--security-opt seccomp=FILE needs the profile's own filter, and no new "
			"privileges");
	return r;
}
