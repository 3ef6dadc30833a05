/* SPDX-License-Identifier: Apache-2.0 */
/* plimsoll.yaml, merged, and the environment before it. */
#include "cli/config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/yaml.h"
#include "cli/build/networks.h"
#include "cli/parse.h"
#include "pipeline/advisories/sources.h"
#include "run/options/allow.h"
#include "trust/rules.h"

const struct config_key cli_config_keys[] = {
	{ "gate.fail-on",
	  "the least severity that is refused: low, medium, high (default) or critical" },
	{ "gate.ignore-unfixed",
	  "true: findings without a known fix pass (default, unless fail-on is given)" },
	{ "gate.max-age",
	  "how long ago each source of advisories may have been asked: 24h, 7d; older data refuse "
	  "(any age)" },
	{ "advisories.sources.NAME",
	  "a source of advisories update: url, type (file, osv, csaf), paths or ecosystems "
	  "(lists), "
	  "enabled, insecure; those that are known of themselves need only what differs" },
	{ "watch.webhook",
	  "the URL that is told what new advisories say of watched images (none)" },
	{ "watch.insecure", "true: it may be plain http on another machine (false)" },
	{ "ship.builder-id", "who builds, as provenance says: an absolute URI" },
	{ "trust.signers.NAME",
	  "a signer: certificate, subject, key, key-id, or identity and issuer (plimsoll policy)" },
	{ "trust.rules.SCOPE",
	  "what an image of HOST[/PART...], or \"*\", needs beside trustpolicy.json: signers, "
	  "threshold, require, attesters, builder, source, clean-source, max-scan-age, verifier, "
	  "fresh, unnamed, reject" },
	{ "networks.NAME.allow",
	  "what RUN --network=NAME and build --network NAME may reach by TCP, as a list: "
	  "HOST:PORT, ADDRESS/BITS:PORT, [IPV6/BITS]:PORT" },
	{ "run.allow",
	  "what containers may be given beyond the profile, a list: privileged, network-host, "
	  "cap:NAME, device:PATH, mount:PATH, ..., or {what: WORD, images: [SCOPE]}; each also "
	  "needs --reason (docs/running.md)" },
	{ "run.without",
	  "what the machine may lack: seccomp, landlock, memory-limit, pids-limit, cpu-limit, "
	  "memfd-noexec, as a list (nothing)" },
	{ "run.require", "what it has to have besides: apparmor, memfd-noexec, as a list" },
	{ "run.on-refusal", "stop: running containers whose image is no longer admitted are "
			    "stopped; report (default)" },
	{ "run.runtime", "crun or runc, or an absolute path; --runtime goes before it (crun)" },
	{ "run.unchecked", "stop: the same for those that could not be judged; report (default)" },
	{ NULL, NULL },
};

enum { LIMIT_KEYS = 32 };

static int unknown(const char *what, const char *name, const char *const *names, size_t n,
		   const char *file, struct err *e)
{
	const char *near = cli_nearest(name, names, n);

	return FAIL(e, E_USAGE, "%s: unknown %s '%s'%s%s%s", file, what, name,
		    near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* The keys of one section: each is known, and a scalar. */
static int check_section(const char *section, json_t *keys, const char *file, struct err *e)
{
	const char *names[LIMIT_KEYS], *key;
	size_t n = 0;
	json_t *value;

	if (!json_is_object(keys) && !json_is_null(keys))
		return FAIL(e, E_USAGE, "%s: '%s' is not a mapping of keys", file, section);
	for (const struct config_key *k = cli_config_keys; k->name && n < LIMIT_KEYS; k++)
		names[n++] = k->name;
	json_object_foreach(keys, key, value)
	{
		char dotted[LIMIT_CONFIG_KEY + 1];
		size_t i = 0;

		(void)snprintf(dotted, sizeof(dotted), "%s.%s", section, key);
		while (i < n && strcmp(names[i], dotted) != 0)
			i++;
		if (i == n)
			return unknown("key", dotted, names, n, file, e);
		if (!json_is_string(value) && !json_is_boolean(value) && !json_is_integer(value))
			return FAIL(e, E_USAGE, "%s: '%s' is not one value", file, dotted);
	}
	return 0;
}

static int check_advisories(const json_t *section, const char *file, struct err *e)
{
	auto_sources sources = { .n = 0 };
	int r = advisory_sources_read(section, &sources, e);

	return r < 0 ? WRAP(e, E_USAGE, "%s", file) : 0;
}

/* The line of text on which the word stands first, after that of its section; 0: on none. */
static unsigned line_of(const char *text, const char *section, const char *word)
{
	struct str rest = str_of(text), line;
	bool inside = false;

	for (unsigned n = 1; *word && str_line(&rest, &line); n++) {
		inside |= str_starts(line, section);
		if (inside && memmem(line.p, line.n, word, strlen(word)))
			return n;
	}
	return 0;
}

static int check_run(const json_t *section, const char *file, const char *text, struct err *e)
{
	auto_free struct run_policy *p = calloc(1, sizeof(*p));
	int r = p ? run_policy_parse(section, p, e) : FAIL_NOMEM(e);
	unsigned line = r < 0 && p ? line_of(text, "run:", p->bad) : 0;

	if (p)
		run_policy_free(p);
	if (r < 0 && line)
		return WRAP(e, r, "%s line %u", file, line);
	return r < 0 ? WRAP(e, r, "%s", file) : 0;
}

/* text: what the file says, for the numbers of lines. */
static int check_sections(json_t *config, const char *file, const char *text, struct err *e)
{
	static const char *const sections[] = { "gate", "networks", "advisories", "watch",
						"ship", "trust",    "run" };
	const size_t n = sizeof(sections) / sizeof(*sections);
	const char *section;
	json_t *keys;

	if (!json_is_object(config))
		return FAIL(e, E_USAGE, "%s: is not a mapping of sections", file);
	json_object_foreach(config, section, keys)
	{
		size_t i = 0;
		int r;

		while (i < n && strcmp(sections[i], section) != 0)
			i++;
		if (i < n && strcmp(section, "networks") == 0)
			r = networks_check(keys, file, e);
		else if (i < n && strcmp(section, "advisories") == 0)
			r = check_advisories(keys, file, e);
		else if (i < n && strcmp(section, "trust") == 0)
			r = 0; /* read once all files are merged: one may name what another has */
		else if (i < n && strcmp(section, "run") == 0)
			r = check_run(keys, file, text, e);
		else
			r = i == n ? unknown("section", section, sections, n, file, e)
				   : check_section(section, keys, file, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Nesting is bounded by LIMIT_YAML_DEPTH. A section without a key is as none; beneath that null is
 * a value like others, and not one that anybody takes. */
static int merge(json_t *into, json_t *from, bool sections, struct err *e)
{
	const char *key;
	json_t *value;

	json_object_foreach(from, key, value)
	{
		json_t *there = json_object_get(into, key);

		if (sections && json_is_null(value))
			continue;

		int r = json_is_object(there) && json_is_object(value)
				? merge(there, value, false, e)
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
	r = check_sections(j, file, buf_str(&b), e);
	return r < 0 ? WRAP(e, r, "configuration") : merge(into, j, true, e);
}

/* A section that is broken anywhere lets nothing pass: it ends every command. */
static int check_trust(const json_t *config, struct err *e)
{
	const json_t *section = json_object_get(config, "trust");
	auto_rules rules = { .n = 0 };
	int r = section ? rules_parse(section, &rules, e) : 0;

	return r < 0 ? WRAP(e, r, "configuration") : 0;
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
	r = check_trust(config, e);
	if (r == 0)
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

int cli_config_rules(const json_t *config, struct rules **ret, struct err *e)
{
	const json_t *section = json_object_get(config, "trust");
	auto_free struct rules *rules = section ? calloc(1, sizeof(*rules)) : NULL;
	int r;

	*ret = NULL;
	if (!section)
		return 0;
	r = rules ? rules_parse(section, rules, e) : FAIL_NOMEM(e);
	if (r == 0)
		*ret = TAKE(rules);
	return r;
}

int cli_config_run(const json_t *config, struct run_policy **ret, struct err *e)
{
	struct run_policy *p = calloc(1, sizeof(*p));
	int r = p ? run_policy_parse(json_object_get(config, "run"), p, e) : FAIL_NOMEM(e);

	if (r < 0 && p)
		run_policy_free(p);
	if (r < 0)
		free(p);
	else
		*ret = p;
	return r < 0 ? WRAP(e, r, "configuration") : 0;
}
