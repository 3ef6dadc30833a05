/* SPDX-License-Identifier: Apache-2.0 */
#include "run/options/environment.h"

#include <string.h>

/* "NAME=VALUE", and "NAME" for one that is taken away. */
static bool names(const struct strv *l, const char *name)
{
	const size_t n = strlen(name);

	for (size_t i = 0; l && i < l->n; i++)
		if (strncmp(l->v[i], name, n) == 0 && (l->v[i][n] == '=' || !l->v[i][n]))
			return true;
	return false;
}

static int put_default(const struct setup *s, const char *name, const char *value, struct strv *ret,
		       struct err *e)
{
	if (names(&s->command->env, name) || names(s->opts->command.env, name))
		return 0;
	return strv_addf(ret, e, "%s=%s", name, value);
}

int environment_make(const struct setup *s, const char *hostname, const struct user *user,
		     struct strv *ret, struct err *e)
{
	const struct strv *env = &s->command->env;
	int r = put_default(s, "HOSTNAME", hostname, ret, e);

	if (r == 0 && s->opts->tty)
		r = put_default(s, "TERM", "xterm", ret, e);
	for (size_t i = 0; r == 0 && i < env->n; i++)
		if (strcmp(env->v[i], "HOME=") != 0)
			r = strv_add(ret, env->v[i], e);
	if (r == 0 && setup_profile(s->opts)->no_landlock && strcmp(user->home, "/") == 0)
		r = put_default(s, "HOME", "/", ret, e);
	return r;
}
