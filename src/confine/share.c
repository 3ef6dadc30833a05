/* SPDX-License-Identifier: Apache-2.0 */
#include "confine/share.h"

#include <string.h>

#include "base/str.h"

static const struct {
	const char *option, *word;
	const char *own; /* words for one of its own */
	const char *wanted;
} kinds[SHARE_KINDS] = {
	[SHARE_PID] = { "--pid", "pid-host", "private", "private, container:NAME or host" },
	[SHARE_IPC] = { "--ipc", "ipc-host", "private shareable",
			"private, container:NAME or host" },
	[SHARE_NETWORK] = { "--network", "network-host",
			    "pasta none bridge default private slirp4netns",
			    "pasta, none, container:NAME or host" },
	[SHARE_UTS] = { "--uts", "uts-host", "private", "private or host" },
	[SHARE_USER] = { "--userns", "userns-host", "private auto", "private or host" },
	[SHARE_CGROUP] = { "--cgroupns", "cgroupns-host", "private", "private or host" },
};

const char *share_option(enum share_kind k)
{
	return kinds[k].option;
}

const char *share_word(enum share_kind k)
{
	return kinds[k].word;
}

static int unknown(enum share_kind k, const char *text, struct err *e)
{
	int r = FAIL(e, E_USAGE, "%s '%.100s': want %s", kinds[k].option, text, kinds[k].wanted);

	if (k == SHARE_NETWORK)
		return err_hint(e, r,
				"there are no named networks: containers reach each other by "
				"ports that are published (-p)");
	return k == SHARE_USER
		       ? err_hint(e, r,
				  "each container has 65,536 ids of its own; the state folder "
				  "and volumes are translated")
		       : r;
}

int share_parse(enum share_kind k, const char *text, struct share *ret, struct err *e)
{
	if (!text || !*text || has_word(kinds[k].own, text))
		return 0;
	if (strcmp(text, "host") == 0) {
		ret->host[k] = true;
		return 0;
	}
	if (starts_with(text, SHARE_OF) && text[strlen(SHARE_OF)] &&
	    (k == SHARE_PID || k == SHARE_IPC || k == SHARE_NETWORK)) {
		ret->of[k] = text + strlen(SHARE_OF);
		return 0;
	}
	if (starts_with(text, SHARE_OF) && k == SHARE_USER)
		return err_hint(e,
				FAIL(e, E_USAGE,
				     "%s %.100s: ids are shared with what belongs to them",
				     kinds[k].option, text),
				"--network, --ipc or --pid container:NAME");
	return unknown(k, text, e);
}
