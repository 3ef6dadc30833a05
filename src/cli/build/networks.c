/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/build/networks.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "run/step/reach.h"

static int check_name(const char *name, const char *file, struct err *e)
{
	static const char *const taken[] = { "none", "default", "host" };
	const size_t n = strlen(name);

	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++)
		if (strcmp(name, taken[i]) == 0)
			return FAIL(e, E_USAGE, "%s: networks: '%s' is a name of its own", file,
				    name);
	if (n == 0 || n > LIMIT_NETWORK_NAME || !isalnum((unsigned char)name[0]) ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != n)
		return FAIL(e, E_USAGE, "%s: networks: '%.80s' is no name for a network", file,
			    name);
	return 0;
}

static int check_allow(const char *name, const json_t *allow, const char *file, struct err *e)
{
	struct reach *reach = calloc(1, sizeof(*reach));
	const json_t *v;
	int r = reach ? 0 : FAIL_NOMEM(e);
	size_t i;

	json_array_foreach(allow, i, v)
	{
		const char *text = json_string_value(v);

		if (r < 0)
			break;
		r = text ? reach_parse(text, reach, e) : FAIL(e, E_USAGE, "an entry is no text");
	}
	if (reach)
		reach_free(reach);
	free(reach);
	return r < 0 ? WRAP(e, r, "%s: networks.%s.allow", file, name) : 0;
}

int networks_check(json_t *section, const char *file, struct err *e)
{
	const char *name;
	json_t *network;

	if (json_is_null(section))
		return 0;
	if (!json_is_object(section))
		return FAIL(e, E_USAGE, "%s: 'networks' is not a mapping of names", file);
	json_object_foreach(section, name, network)
	{
		const json_t *allow = json_object_get(network, "allow");
		int r = check_name(name, file, e);

		if (r < 0)
			return r;
		if (!json_is_array(allow) || json_object_size(network) != 1)
			return FAIL(e, E_USAGE,
				    "%s: networks.%s is not 'allow:' with a list of what it may "
				    "reach",
				    file, name);
		r = check_allow(name, allow, file, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_one(const char *name, const json_t *allow, struct networks *ret, struct err *e)
{
	struct strv *list = &ret->allow[ret->n];
	const json_t *v;
	size_t i;
	int r = 0;

	if (ret->n == LIMIT_NETWORKS)
		return FAIL(e, E_USAGE, "configuration: more than %d networks", LIMIT_NETWORKS);
	ret->v[ret->n++] = (struct build_named_network){ name, list };
	json_array_foreach(allow, i, v)
	{
		if (r == 0)
			r = strv_add(list, json_string_value(v), e);
	}
	return r;
}

int networks_read(json_t *config, struct networks *ret, struct err *e)
{
	const char *name;
	json_t *network;
	int r = 0;

	json_object_foreach(json_object_get(config, "networks"), name, network)
	{
		if (r == 0)
			r = read_one(name, json_object_get(network, "allow"), ret, e);
	}
	return r;
}

int networks_find(const struct networks *n, const char *name,
		  const struct build_named_network **ret, struct err *e)
{
	auto_buf known = BUF_INIT(LIMIT_NETWORKS * (LIMIT_NETWORK_NAME + 2));
	int r;

	for (size_t i = 0; i < n->n; i++) {
		if (strcmp(n->v[i].name, name) == 0) {
			*ret = &n->v[i];
			return 0;
		}
		buf_printf(&known, "%s%s", i ? ", " : "", n->v[i].name);
	}
	r = FAIL(e, E_USAGE,
		 "--network is none, default or one that the configuration names, not '%.40s'",
		 name);
	return n->n ? err_hint(e, r, "the configuration names: %s", buf_str(&known)) : r;
}

void networks_free(struct networks *n)
{
	for (size_t i = 0; i < n->n; i++)
		strv_free(&n->allow[i]);
	n->n = 0;
}
