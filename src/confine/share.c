/* SPDX-License-Identifier: Apache-2.0 */
#include "confine/share.h"

#include <string.h>

#include "base/str.h"

static const struct {
	const char *option, *word;
	const char *own; /* words for one of its own */
	bool with;	 /* can be another container's */
	const char *wanted;
} kinds[SHARE_KINDS] = {
	[SHARE_PID] = { "--pid", "pid-host", "private", true, "private, host or container:NAME" },
	[SHARE_IPC] = { "--ipc", "ipc-host", "private shareable", true,
			"private, host or container:NAME" },
	[SHARE_NETWORK] = { "--network", "network-host",
			    "pasta none bridge default private slirp4netns", true,
			    "pasta, none, host or container:NAME" },
	[SHARE_UTS] = { "--uts", "uts-host", "private", false, "private or host" },
	[SHARE_USER] = { "--userns", "userns-host", "private auto", false, "private or host" },
	[SHARE_CGROUP] = { "--cgroupns", "cgroupns-host", "private", false, "private or host" },
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
				"there are no named networks: containers that are to reach each "
				"other share one by --network container:NAME, or publish a port");
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
	if (!starts_with(text, "container:") || !text[strlen("container:")])
		return unknown(k, text, e);
	if (!kinds[k].with)
		return err_hint(e, unknown(k, text, e),
				"a container that joins another's network, processes or memory has "
				"that one's user ids anyway");
	ret->with[k] = text + strlen("container:");
	return 0;
}

const char *share_any(const struct share *s)
{
	for (int k = 0; k < SHARE_KINDS; k++)
		if (s->with[k])
			return s->with[k];
	return NULL;
}
