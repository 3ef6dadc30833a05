/* SPDX-License-Identifier: Apache-2.0 */
#include "confine/shim.h"

#include <string.h>

static bool has_option(const char *options, const char *option)
{
	struct str rest = str_of(options), word;

	while (str_cut(&rest, ',', &word))
		if (str_eqz(word, option))
			return true;
	return false;
}

/* One mount. /dev itself holds devices and sockets of terminals: written to, never added to. */
static int add_mount(const char *target, const char *options, struct strv *argv, struct err *e)
{
	const bool writable = !has_option(options, "ro");
	int r = 0;

	if (has_option(options, "noexec"))
		r = strv_addf(argv, e, "--noexec=%s", target);
	if (r < 0 || !writable)
		return r;
	return strv_addf(argv, e, "--%s=%s", strcmp(target, "/dev") == 0 ? "device" : "write",
			 target);
}

static int add_ports(const char *option, const struct profile_ports *ports, struct strv *argv,
		     struct err *e)
{
	int r = 0;

	if (!ports->restricted)
		return 0;
	/* Port 0: the kind is restricted, also when no port is allowed. */
	r = strv_addf(argv, e, "%s0", option);
	for (size_t i = 0; r == 0 && i < ports->n; i++)
		r = strv_addf(argv, e, "%s%u", option, ports->v[i]);
	return r;
}

/* Without Landlock it is only there to be the first process, to put a filter on the command, or for
 * what is executed later. */
static int init_words(const struct spec *s, struct strv *argv, struct err *e)
{
	int r = s->init ? strv_add(argv, "--init", e) : 0;

	if (r == 0 && s->filter)
		r = strv_addf(argv, e, "--filter=%s", s->filter);
	return r == 0 && !s->shim ? strv_add(argv, "--unconfined", e) : r;
}

int shim_words(const struct spec *s, struct strv *argv, struct err *e)
{
	int r = strv_add(argv, SHIM_PATH, e);

	if (r == 0)
		r = init_words(s, argv, e);
	if (r < 0 || !s->shim)
		return r < 0 ? r : strv_add(argv, "--", e);
	for (const struct profile_mount *m = s->profile->mounts; r == 0 && m->target; m++)
		r = add_mount(m->target, m->options, argv, e);
	for (size_t i = 0; r == 0 && i < s->mounts_n; i++)
		r = add_mount(s->mounts[i].target, s->mounts[i].options, argv, e);
	if (r == 0 && !s->root_readonly)
		r = strv_add(argv, "--write=/", e);
	/* Behind all that is not to be executed. */
	if (r == 0)
		r = strv_add(argv, "--exec=/", e);
	if (r == 0)
		r = add_ports("--bind=", &s->profile->bind, argv, e);
	if (r == 0)
		r = add_ports("--connect=", &s->profile->connect, argv, e);
	if (r == 0)
		r = strv_add(argv, s->pidns ? "--scope=sockets" : "--scope", e);
	if (r == 0 && s->gated)
		r = strv_add(argv, "--gate", e);
	return r == 0 ? strv_add(argv, "--", e) : r;
}

static int no_shim(struct err *e)
{
	int r = FAIL(e, E_SYSTEM, "nothing in the container takes its AppArmor profile");

	return err_hint(e, r, "start the container anew");
}

int shim_words_again(const json_t *args, const char *profile, bool ask, struct strv *ret,
		     struct err *e)
{
	const char *first = json_string_value(json_array_get(args, 0)) ?: "";
	const json_t *v;
	size_t i;
	int r = 0;

	if (strcmp(first, SHIM_PATH) != 0)
		return profile ? no_shim(e) : 0;
	json_array_foreach(args, i, v)
	{
		const char *word = json_string_value(v) ?: "";
		const bool last = strcmp(word, "--") == 0;

		if (last && profile)
			r = strv_addf(ret, e, "--apparmor=%s", profile);
		if (r == 0 && last && ask)
			r = strv_add(ret, "--ask", e);
		if (r == 0 && !starts_with(word, "--scope") && !has_word("--gate --init", word))
			r = strv_add(ret, word, e);
		if (r < 0 || last)
			return r;
	}
	return 0;
}

int shim_words_filter(const json_t *args, bool ask, struct strv *ret, struct err *e)
{
	const json_t *v;
	size_t i;
	int r = 0;

	if (strcmp(json_string_value(json_array_get(args, 0)) ?: "", SHIM_PATH) != 0)
		return 0;
	r = strv_add(ret, SHIM_PATH, e);
	if (r == 0)
		r = strv_add(ret, "--unconfined", e);
	if (r == 0 && ask)
		r = strv_add(ret, "--ask", e);
	json_array_foreach(args, i, v)
	{
		const char *word = json_string_value(v) ?: "";

		if (strcmp(word, "--") == 0)
			break;
		if (r == 0 && starts_with(word, "--filter="))
			r = strv_add(ret, word, e);
	}
	return r == 0 ? strv_add(ret, "--", e) : r;
}
