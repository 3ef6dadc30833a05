/* SPDX-License-Identifier: Apache-2.0 */
#include "run/groups/scope.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "base/userns.h"
#include "run/groups/delegated.h"

/* Once is enough: what did not help is not tried again. */
#define ASKED "PLIMSOLL_SCOPE"

bool scope_asked(void)
{
	return getenv(ASKED) != NULL;
}

/* Where his service manager listens: what systemd-run connects to. */
static bool has_manager(void)
{
	const char *run = getenv("XDG_RUNTIME_DIR");
	char path[PATH_MAX], own[64];
	struct stat st;

	(void)snprintf(own, sizeof(own), "/run/user/%u", userns_user());
	return snprintf(path, sizeof(path), "%s/systemd/private", run && *run ? run : own) <
		       (int)sizeof(path) &&
	       stat(path, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_uid == geteuid();
}

bool scope_possible(void)
{
	auto_free char *program = NULL;

	return groups_is_v2(CGROUPS) && has_manager() &&
	       proc_find("systemd-run", &program, NULL) == 0;
}

void scope_enter(char *const argv[])
{
	static const char *const first[] = { "systemd-run", "--user",	 "--scope",
					     "--quiet",	    "--collect", "--property=Delegate=yes",
					     "--" };
	auto_delegated d = { 0 };
	auto_free char *program = NULL;
	auto_strv words = { 0 };
	char self[PATH_MAX], own[64];
	ssize_t n;
	int r = 0;

	if (scope_asked() || !scope_possible() || proc_find(first[0], &program, NULL) < 0)
		return;
	delegated_find(&d);
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (d.in.n || n <= 0)
		return;
	self[n] = '\0';
	for (size_t i = 0; r == 0 && i < sizeof(first) / sizeof(*first); i++)
		r = strv_add(&words, first[i], NULL);
	if (r == 0)
		r = strv_add(&words, self, NULL);
	for (size_t i = 1; r == 0 && argv[i]; i++)
		r = strv_add(&words, argv[i], NULL);
	/* A login by su(1) has none, and systemd-run asks for it. */
	(void)snprintf(own, sizeof(own), "/run/user/%u", userns_user());
	if (r == 0 && setenv("XDG_RUNTIME_DIR", own, 0) == 0 && setenv(ASKED, "1", 1) == 0)
		(void)execv(program, words.v);
	(void)unsetenv(ASKED);
}
