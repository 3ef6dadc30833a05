/* SPDX-License-Identifier: Apache-2.0 */
#include "dockerfile/run_mount.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "dockerfile/csv.h"
#include "dockerfile/dockerfile.h"

void run_mount_free(struct run_mount *m)
{
	free(m->id);
	free(m->from);
	free(m->source);
	free(m->target);
	free(m->env);
	*m = (struct run_mount){ 0 };
}

static const char *const type_names[] = { "bind", "cache", "tmpfs", "secret", "ssh", NULL };
static const char *const sharing_names[] = { "shared", "private", "locked", NULL };

enum {
	BIND = 1 << RUN_MOUNT_BIND,
	CACHE = 1 << RUN_MOUNT_CACHE,
	TMPFS = 1 << RUN_MOUNT_TMPFS,
	SECRET = 1 << RUN_MOUNT_SECRET,
	SSH = 1 << RUN_MOUNT_SSH,
};

enum key {
	KEY_TYPE,
	KEY_TARGET,
	KEY_SOURCE,
	KEY_FROM,
	KEY_ID,
	KEY_READ_ONLY,
	KEY_READ_WRITE,
	KEY_SHARING,
	KEY_MODE,
	KEY_UID,
	KEY_GID,
	KEY_SIZE,
	KEY_REQUIRED,
	KEY_ENV,
};

/* Every name that an option has, and the types that take it. */
static const struct {
	const char *name;
	enum key key;
	unsigned types;
} keys[] = {
	{ "type", KEY_TYPE, BIND | CACHE | TMPFS | SECRET | SSH },
	{ "target", KEY_TARGET, BIND | CACHE | TMPFS | SECRET | SSH },
	{ "dst", KEY_TARGET, BIND | CACHE | TMPFS | SECRET | SSH },
	{ "destination", KEY_TARGET, BIND | CACHE | TMPFS | SECRET | SSH },
	{ "source", KEY_SOURCE, BIND | CACHE | SECRET },
	{ "src", KEY_SOURCE, BIND | CACHE | SECRET },
	{ "from", KEY_FROM, BIND | CACHE },
	{ "id", KEY_ID, CACHE | SECRET | SSH },
	{ "ro", KEY_READ_ONLY, BIND | CACHE | TMPFS | SECRET },
	{ "readonly", KEY_READ_ONLY, BIND | CACHE | TMPFS | SECRET },
	{ "rw", KEY_READ_WRITE, BIND | CACHE | TMPFS },
	{ "readwrite", KEY_READ_WRITE, BIND | CACHE | TMPFS },
	{ "sharing", KEY_SHARING, CACHE },
	{ "mode", KEY_MODE, CACHE | SECRET | SSH },
	{ "uid", KEY_UID, CACHE | SECRET | SSH },
	{ "gid", KEY_GID, CACHE | SECRET | SSH },
	{ "size", KEY_SIZE, TMPFS },
	{ "required", KEY_REQUIRED, SECRET | SSH },
	{ "env", KEY_ENV, SECRET },
};
enum { KEYS = sizeof(keys) / sizeof(*keys) };

static int find_key(struct str name, struct err *e)
{
	const char *guess = NULL;
	unsigned best = 32;

	for (int i = 0; i < KEYS; i++) {
		if (strlen(keys[i].name) == name.n &&
		    strncasecmp(keys[i].name, name.p, name.n) == 0)
			return i;
		if (df_near(name, keys[i].name, &best))
			guess = keys[i].name;
	}
	return FAIL(e, E_FORMAT, "--mount has no option '%.*s'%s%s%s",
		    name.n < 40 ? (int)name.n : 40, name.p, guess ? " (did you mean " : "",
		    guess ? guess : "", guess ? "?)" : "");
}

static int find_name(const char *const *names, const char *value, const char *what, struct err *e)
{
	const char *guess = NULL;
	unsigned best = 32;

	for (int i = 0; names[i]; i++) {
		if (strcasecmp(names[i], value) == 0)
			return i;
		/* Also the beginning of one: "tmp". */
		if (df_near(str_of(value), names[i], &best) ||
		    (best == 32 && *value && starts_with(names[i], value)))
			guess = names[i];
	}
	return FAIL(e, E_FORMAT, "--mount: there is no %s '%.40s'%s%s%s", what, value,
		    guess ? " (did you mean " : "", guess ? guess : "", guess ? "?)" : "");
}

static int read_bool(const char *name, const char *value, bool *ret, struct err *e)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" };
	static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False" };

	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++) {
		if (strcmp(value, yes[i]) != 0 && strcmp(value, no[i]) != 0)
			continue;
		*ret = strcmp(value, yes[i]) == 0;
		return 0;
	}
	return FAIL(e, E_FORMAT, "--mount: %s is true or false, not '%.40s'", name, value);
}

static int read_number(const char *name, const char *value, int base, uint64_t max, uint64_t *ret,
		       struct err *e)
{
	const char *digits = base == 8 ? "01234567" : "0123456789";
	char *end;

	/* 20 digits are more than any limit here, and fit what strtoull() takes without error. */
	if (!*value || strlen(value) > 19 || value[strspn(value, digits)])
		return FAIL(e, E_FORMAT, "--mount: %s takes %s, not '%.40s'", name,
			    base == 8 ? "an octal mode" : "a number", value);
	*ret = strtoull(value, &end, base);
	return *ret <= max ? 0 : FAIL(e, E_FORMAT, "--mount: %s '%s' is too large", name, value);
}

int run_mount_size(const char *text, uint64_t *ret, struct err *e)
{
	static const char units[] = "kmgt";
	size_t n = strspn(text, "0123456789");
	const char *unit = text + n, *at;
	unsigned shift = 0;
	uint64_t v = 0;

	if (*unit && (at = strchr(units, tolower((unsigned char)*unit)))) {
		shift = 10 * ((unsigned)(at - units) + 1);
		unit++;
		if (tolower((unsigned char)*unit) == 'i' && tolower((unsigned char)unit[1]) == 'b')
			unit++;
	}
	if (tolower((unsigned char)*unit) == 'b')
		unit++;
	if (n == 0 || *unit ||
	    str_u64((struct str){ text, n }, (uint64_t)1 << (62 - shift), &v, NULL) < 0 || v == 0)
		return FAIL(e, E_FORMAT, "a size is a number and b, k, m, g or t, not '%.40s'",
			    text);
	*ret = v << shift;
	return 0;
}

static int take_string(char **ret, const char *name, char **value, struct err *e)
{
	if (!**value)
		return FAIL(e, E_FORMAT, "--mount: %s is empty", name);
	if (strlen(*value) > LIMIT_RUN_MOUNT_NAME)
		return FAIL(e, E_FORMAT, "--mount: %s has more than %d bytes", name,
			    LIMIT_RUN_MOUNT_NAME);
	free(*ret);
	*ret = TAKE(*value);
	return 0;
}

static int take_env(struct run_mount *m, char **value, struct err *e)
{
	const char *v = *value;

	if (isdigit((unsigned char)*v))
		return FAIL(e, E_FORMAT, "--mount: '%.40s' is no name for a variable", v);
	for (; *v; v++)
		if (!isalnum((unsigned char)*v) && *v != '_')
			return FAIL(e, E_FORMAT, "--mount: '%.40s' is no name for a variable",
				    *value);
	return take_string(&m->env, "env", value, e);
}

static int take_owner(struct run_mount *m, enum key key, const char *name, const char *value,
		      struct err *e)
{
	uint64_t v = 0;
	/* (uid_t)-1 means "unchanged" to the kernel. */
	int r = read_number(name, value, key == KEY_MODE ? 8 : 10,
			    key == KEY_MODE ? 07777 : UINT32_MAX - 1, &v, e);

	if (r < 0)
		return r;
	m->owned = true;
	if (key == KEY_MODE)
		m->mode = (mode_t)v;
	else if (key == KEY_UID)
		m->uid = (uid_t)v;
	else
		m->gid = (gid_t)v;
	return 0;
}

/* A pair whose key is known. value is taken where it is kept. */
static int take_pair(struct run_mount *m, int index, char **value, struct err *e)
{
	const char *name = keys[index].name;
	int r = 0;

	switch (keys[index].key) {
	case KEY_TYPE: break; /* read first of all */
	case KEY_TARGET: return take_string(&m->target, name, value, e);
	case KEY_SOURCE: return take_string(&m->source, name, value, e);
	case KEY_FROM: return take_string(&m->from, name, value, e);
	case KEY_ID: return take_string(&m->id, name, value, e);
	case KEY_ENV: return take_env(m, value, e);
	case KEY_READ_ONLY: return read_bool(name, *value, &m->read_only, e);
	case KEY_READ_WRITE:
		r = read_bool(name, *value, &m->read_only, e);
		m->read_only = r == 0 && !m->read_only;
		return r;
	case KEY_REQUIRED: return read_bool(name, *value, &m->required, e);
	case KEY_SHARING:
		r = find_name(sharing_names, *value, "sharing", e);
		m->sharing = r < 0 ? RUN_MOUNT_SHARED : (enum run_mount_sharing)r;
		return r < 0 ? r : 0;
	case KEY_SIZE: return run_mount_size(*value, &m->size, e);
	case KEY_MODE:
	case KEY_UID:
	case KEY_GID: return take_owner(m, keys[index].key, name, *value, e);
	}
	return r;
}

/* "name=value", or a name alone, which is true for what is true or false. */
static int take_field(struct run_mount *m, const char *field, const struct expand *x, struct err *e)
{
	const char *eq = strchr(field, '=');
	struct str name = { field, eq ? (size_t)(eq - field) : strlen(field) };
	auto_free char *value = NULL;
	int index = find_key(name, e), r = 0;

	if (index < 0)
		return index;
	if (!(keys[index].types & 1U << m->type))
		return FAIL(e, E_FORMAT, "--mount: type=%s takes no %s", type_names[m->type],
			    keys[index].name);
	if (!eq && keys[index].key != KEY_READ_ONLY && keys[index].key != KEY_READ_WRITE &&
	    keys[index].key != KEY_REQUIRED)
		return FAIL(e, E_FORMAT, "--mount: %s wants a value", keys[index].name);
	if (!eq || !x || keys[index].key == KEY_FROM)
		value = strdup(eq ? eq + 1 : "true");
	else
		r = expand_string(eq + 1, x, &value, e);
	if (r < 0)
		return r;
	return value ? take_pair(m, index, &value, e) : FAIL_NOMEM(e);
}

/* The type decides what else may stand there, so it is looked for first. */
static int find_type(const struct strv *fields, const struct expand *x, struct run_mount *m,
		     struct err *e)
{
	for (size_t i = 0; i < fields->n; i++) {
		auto_free char *value = NULL;
		int r;

		if (strncasecmp(fields->v[i], "type=", 5) != 0)
			continue;
		r = x ? expand_string(fields->v[i] + 5, x, &value, e) : 0;
		if (r == 0)
			r = find_name(type_names, value ? value : fields->v[i] + 5, "type", e);
		if (r < 0)
			return r;
		m->type = (enum run_mount_type)r;
	}
	m->read_only = m->type == RUN_MOUNT_BIND || m->type == RUN_MOUNT_SECRET;
	m->mode = m->type == RUN_MOUNT_SECRET ? 0400 : m->type == RUN_MOUNT_SSH ? 0600 : 0755;
	return 0;
}

static int copy_of(char **ret, const char *s, struct err *e)
{
	*ret = strdup(s);
	return *ret ? 0 : FAIL_NOMEM(e);
}

/* A secret's name is its id, its source (an older word for that), or the target's last part. */
static int finish_secret(struct run_mount *m, struct err *e)
{
	const char *base;

	if (m->id && m->source)
		return FAIL(e, E_FORMAT, "--mount: a secret has an id or a source, not both");
	if (m->source)
		m->id = TAKE(m->source);
	if (m->id)
		return 0;
	if (!m->target)
		return FAIL(e, E_FORMAT, "--mount: the secret's id is missing");
	base = strrchr(m->target, '/');
	base = base ? base + 1 : m->target;
	return *base ? copy_of(&m->id, base, e)
		     : FAIL(e, E_FORMAT, "--mount: the secret's id is missing");
}

static int finish(struct run_mount *m, struct err *e)
{
	int r = 0;

	if (m->type == RUN_MOUNT_SECRET)
		r = finish_secret(m, e);
	else if (m->type == RUN_MOUNT_SSH && !m->id)
		r = copy_of(&m->id, "default", e);
	else if (m->type != RUN_MOUNT_SSH && !m->target)
		r = FAIL(e, E_FORMAT, "--mount: the target is missing");
	if (r == 0 && m->from && strchr(m->from, '$'))
		r = FAIL(e, E_FORMAT,
			 "variables are not replaced in from; name a stage by 'FROM %.100s AS "
			 "...' instead",
			 m->from);
	if (r == 0 && m->from && strcasecmp(m->from, "scratch") == 0 && m->type == RUN_MOUNT_CACHE)
		free(TAKE(m->from));
	if (r == 0 && m->type == RUN_MOUNT_CACHE && m->source && !m->from)
		r = FAIL(e, E_FORMAT, "--mount: source is a path within what from names");
	if (r == 0 && !m->source)
		r = copy_of(&m->source, "/", e);
	return r;
}

int run_mount_parse(const char *text, const struct expand *x, struct run_mount *ret, struct err *e)
{
	auto_strv fields = { 0 };
	auto_run_mount m = { 0 };
	int r = csv_split(text, &fields, e);

	if (r == 0)
		r = find_type(&fields, x, &m, e);
	for (size_t i = 0; r == 0 && i < fields.n; i++)
		r = take_field(&m, fields.v[i], x, e);
	if (r == 0)
		r = finish(&m, e);
	if (r < 0)
		return r;
	*ret = m;
	m = (struct run_mount){ 0 };
	return 0;
}

int run_mount_from(const char *text, char **ret, struct err *e)
{
	auto_strv fields = { 0 };
	int r = csv_split(text, &fields, e);

	*ret = NULL;
	for (size_t i = 0; r == 0 && i < fields.n; i++) {
		if (strncasecmp(fields.v[i], "from=", 5) != 0)
			continue;
		free(*ret);
		*ret = strdup(fields.v[i] + 5);
		r = *ret ? 0 : FAIL_NOMEM(e);
	}
	return r;
}
