/* SPDX-License-Identifier: Apache-2.0 */
/* plimsoll.yaml, merged, and the environment before it. */
#include "cli/config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/yaml.h"
#include "cli/parse.h"

const struct config_section cli_config_sections[] = {
	{ "advisories", "where advisories come from and how old they may be" },
	{ "build", "defaults of plimsoll build" },
	{ "confine", "container defaults: capabilities, limits, mounts" },
	{ "gate", "what the gate refuses: fail-on, ignore-unfixed" },
	{ "network", "how containers reach the network" },
	{ "registry", "registries, their certificates and credentials" },
	{ "run", "defaults of plimsoll run" },
	{ "scan", "defaults of plimsoll scan" },
	{ "ship", "defaults of plimsoll ship" },
	{ "sign", "the key that signs" },
	{ "trail", "the audit trail" },
	{ "trust", "the trust policy" },
	{ NULL, NULL },
};

static bool known_section(const char *name)
{
	for (const struct config_section *s = cli_config_sections; s->name; s++)
		if (strcmp(s->name, name) == 0)
			return true;
	return false;
}

static int check_sections(json_t *config, const char *file, struct err *e)
{
	const char *names[32], *key;
	size_t n = 0;
	json_t *value;

	if (!json_is_object(config))
		return FAIL(e, E_USAGE, "%s: is not a mapping of sections", file);
	for (const struct config_section *s = cli_config_sections; s->name && n < 32; s++)
		names[n++] = s->name;
	json_object_foreach(config, key, value)
	{
		const char *near;

		if (known_section(key))
			continue;
		near = cli_nearest(key, names, n);
		return FAIL(e, E_USAGE, "%s: unknown section '%s'%s%s%s", file, key,
			    near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
	}
	return 0;
}

/* Nesting is bounded by LIMIT_YAML_DEPTH. */
static int merge(json_t *into, json_t *from, struct err *e)
{
	const char *key;
	json_t *value;

	json_object_foreach(from, key, value)
	{
		json_t *there = json_object_get(into, key);
		int r = json_is_object(there) && json_is_object(value)
				? merge(there, value, e)
				: json_put(into, key, json_incref(value), e);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Fills text with "section.key" of every scalar beneath o. */
static int flatten(json_t *o, const char *prefix, json_t *text, struct err *e)
{
	const char *key;
	json_t *value;
	int r = 0;

	json_object_foreach(o, key, value)
	{
		auto_buf name = BUF_INIT(4096);
		char number[24];

		buf_printf(&name, "%s%s%s", prefix, *prefix ? "." : "", key);
		r = buf_check(&name, "configuration key", e);
		if (r < 0)
			return r;
		(void)snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
			       json_integer_value(value));
		if (json_is_object(value))
			r = flatten(value, buf_str(&name), text, e);
		else if (json_is_string(value))
			r = json_put(text, buf_str(&name), json_incref(value), e);
		else if (json_is_integer(value))
			r = json_put_string(text, buf_str(&name), number, e);
		else if (json_is_boolean(value))
			r = json_put_string(text, buf_str(&name),
					    json_is_true(value) ? "true" : "false", e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int load_one(const char *file, bool must_exist, json_t *into, struct err *e)
{
	auto_buf b = BUF_INIT(LIMIT_CONFIG_BYTES);
	auto_json *j = NULL;
	int r = fs_read_user(file, LIMIT_CONFIG_BYTES, &b, e);

	if (r == E_NOTFOUND && !must_exist)
		return 0;
	if (r < 0)
		return WRAP(e, r, "configuration");
	r = yaml_parse(buf_str(&b), b.n, file, &j, e);
	if (r < 0)
		return WRAP(e, E_USAGE, "configuration");
	if (json_is_null(j)) /* empty, or comments only */
		return 0;
	r = check_sections(j, file, e);
	return r < 0 ? WRAP(e, r, "configuration") : merge(into, j, e);
}

int cli_config_load_files(const char *const *files, size_t n, bool must_exist, json_t **ret_config,
			  json_t **ret_text, struct err *e)
{
	auto_json *config = json_object();
	auto_json *text = json_object();
	int r;

	if (!config || !text)
		return FAIL_NOMEM(e);
	for (size_t i = 0; i < n; i++) {
		r = load_one(files[i], must_exist && i + 1 == n, config, e);
		if (r < 0)
			return r;
	}
	r = flatten(config, "", text, e);
	if (r < 0)
		return r;
	*ret_config = TAKE(config);
	*ret_text = TAKE(text);
	return 0;
}

int cli_config_load(const char *file, json_t **ret_config, json_t **ret_text, struct err *e)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	auto_free char *user = NULL;
	const char *files[3] = { "/etc/plimsoll/plimsoll.yaml" };
	size_t n = 1;

	if ((xdg && xdg[0] == '/' && asprintf(&user, "%s/plimsoll/plimsoll.yaml", xdg) < 0) ||
	    (!user && home && home[0] == '/' &&
	     asprintf(&user, "%s/.config/plimsoll/plimsoll.yaml", home) < 0))
		return FAIL_NOMEM(e);
	if (user)
		files[n++] = user;
	if (file)
		files[n++] = file;
	return cli_config_load_files(files, n, file != NULL, ret_config, ret_text, e);
}

const char *cli_config(const struct cli *c, const char *dotted)
{
	char name[LIMIT_CONFIG_KEY + 16] = "PLIMSOLL_";
	size_t n = strlen(name);
	const char *env;

	if (strlen(dotted) > LIMIT_CONFIG_KEY)
		return NULL;
	for (const char *p = dotted; *p; p++)
		name[n++] = (char)(*p == '.' || *p == '-' ? '_' : toupper((unsigned char)*p));
	env = getenv(name);
	return env && *env ? env : json_string_or_null(c->config_text, dotted);
}
