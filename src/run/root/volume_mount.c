/* SPDX-License-Identifier: Apache-2.0 */
/* Reading --mount, as docker and podman spell it, and --tmpfs. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "run/root/volume.h"
#include "run/run.h"

#define auto_volume __attribute__((cleanup(volume_free))) struct volume

enum { LIMIT_TMPFS_OPTIONS = 512, LIMIT_MOUNT = 16 * 1024 };

/* A tmpfs as it is collected from words. */
struct memory {
	const char *text;
	struct buf options;
	bool size, exec, read_only;
};

static void memory_release(struct memory *m)
{
	buf_free(&m->options);
}

static bool digits(const char *s)
{
	return *s && strspn(s, "0123456789") == strlen(s);
}

static bool is_mode(const char *s)
{
	return *s && strlen(s) <= 5 && strspn(s, "01234567") == strlen(s);
}

/* One of mount(8)'s words for a tmpfs. */
static int memory_word(struct memory *m, const char *word, struct err *e)
{
	const char *eq = strchr(word, '='), *value = eq ? eq + 1 : "";
	auto_free char *key = strndup(word, strcspn(word, "="));
	uint64_t n;

	if (!key)
		return FAIL_NOMEM(e);
	if (strcmp(key, "size") == 0) {
		/* 0 is no limit to the kernel. */
		if (strchr(value, '%') || run_parse_size(value, &n, NULL) < 0 || n == 0)
			return FAIL(e, E_USAGE, "tmpfs '%s': size '%s': want such as 64m", m->text,
				    value);
		m->size = true;
		buf_printf(&m->options, ",size=%llu", (unsigned long long)n);
	} else if (strcmp(key, "mode") == 0 && !is_mode(value)) {
		return FAIL(e, E_USAGE, "tmpfs '%s': mode '%s': want octal such as 1777", m->text,
			    value);
	} else if (strcmp(key, "nr_inodes") == 0 && value[strspn(value, "0")] == '\0') {
		return FAIL(e, E_USAGE, "tmpfs '%s': nr_inodes '%s': want a number", m->text,
			    value);
	} else if (has_word("mode uid gid nr_inodes", key) && digits(value)) {
		buf_printf(&m->options, ",%s=%s", key, value);
	} else if (strcmp(word, "exec") == 0) {
		m->exec = true;
	} else if (strcmp(word, "ro") == 0) {
		m->read_only = true;
	} else if (strcmp(word, "suid") == 0 || strcmp(word, "dev") == 0) {
		return FAIL(e, E_POLICY, "tmpfs '%s': '%s' would be a way to more rights", m->text,
			    word);
	} else if (!has_word("rw noexec nosuid nodev noatime relatime tmpcopyup notmpcopyup "
			     "private rprivate",
			     word)) {
		return FAIL(e, E_USAGE,
			    "tmpfs '%s': '%s' is not size=, mode=, uid=, gid=, nr_inodes=, ro or "
			    "exec",
			    m->text, word);
	}
	return 0;
}

static int memory_done(struct memory *m, struct volume *v, struct err *e)
{
	auto_buf all = BUF_INIT(LIMIT_TMPFS_OPTIONS);
	int r = buf_check(&m->options, "tmpfs", e);

	buf_puts(&all, "nosuid,nodev");
	buf_puts(&all, m->exec ? "" : ",noexec");
	buf_puts(&all, m->read_only ? ",ro" : "");
	buf_puts(&all, buf_str(&m->options));
	buf_puts(&all, m->size ? "" : ",size=64m");
	buf_puts(&all, strstr(buf_str(&m->options), "nr_inodes=") ? "" : ",nr_inodes=16384");
	r = r < 0 ? r : buf_check(&all, "tmpfs", e);
	if (r < 0)
		return r;
	v->kind = VOLUME_TMPFS;
	v->exec = m->exec;
	v->read_only = m->read_only;
	v->options = buf_take(&all);
	return v->options ? 0 : FAIL_NOMEM(e);
}

int volume_parse_tmpfs(const char *text, struct volume *ret, struct err *e)
{
	__attribute__((cleanup(memory_release))) struct memory m = {
		.text = text, .options = BUF_INIT(LIMIT_TMPFS_OPTIONS)
	};
	struct str rest = str_of(text), path = { "", 0 }, field;
	auto_volume v = { 0 };
	int r = 0;

	(void)str_cut(&rest, ':', &path);
	if (path.n == 0 || path.p[0] != '/')
		return FAIL(e, E_USAGE, "--tmpfs '%s': want an absolute path", text);
	while (r == 0 && str_cut(&rest, ',', &field)) {
		auto_free char *word = str_dup(field);

		r = word ? memory_word(&m, word, e) : FAIL_NOMEM(e);
	}
	if (r == 0)
		r = memory_done(&m, &v, e);
	if (r < 0)
		return r;
	v.target = str_dup(path);
	if (!v.target)
		return FAIL_NOMEM(e);
	*ret = v;
	v = (struct volume){ 0 };
	return 0;
}

/* "ro", "ro=true", "ro=1", "ro=false". */
static int parse_bool(const char *value, const char *text, bool *ret, struct err *e)
{
	if (!*value || has_word("true 1", value))
		*ret = true;
	else if (has_word("false 0", value))
		*ret = false;
	else
		return FAIL(e, E_USAGE, "--mount '%s': '%s' is neither true nor false", text,
			    value);
	return 0;
}

static int set_string(char **at, const char *value, const char *text, struct err *e)
{
	if (*at)
		return FAIL(e, E_USAGE, "--mount '%s': two sources or two targets", text);
	*at = strdup(value);
	return *at ? 0 : FAIL_NOMEM(e);
}

/* A --mount as it is collected. */
struct parts {
	const char *text;
	char *type; /* owned */
	struct volume v;
	struct memory memory;
	bool propagation; /* bind-propagation was said */
};

static void parts_release(struct parts *p)
{
	free(p->type);
	volume_free(&p->v);
	memory_release(&p->memory);
}

static int refuse_key(const struct parts *p, const char *key, const char *value, struct err *e)
{
	if (strcmp(key, "bind-propagation") == 0 && has_word("shared slave rshared rslave", value))
		return FAIL(e, E_POLICY,
			    "--mount '%s': propagation '%s' would reach the host's mounts", p->text,
			    value);
	if (strcmp(key, "bind-propagation") == 0)
		return FAIL(e, E_USAGE, "--mount '%s': propagation '%s': want private or rprivate",
			    p->text, value);
	if (has_word("volume-opt volume-driver volume-subpath", key))
		return FAIL(e, E_USAGE, "--mount '%s': volumes are folders of this host: no %s",
			    p->text, key);
	return FAIL(e, E_USAGE, "--mount '%s': unknown key '%s'", p->text, key);
}

static int mount_flag(struct parts *p, const char *key, const char *value, struct err *e)
{
	struct volume *v = &p->v;
	const struct {
		const char *keys;
		bool *flag;
	} flags[] = {
		{ "readonly ro", &v->read_only }, { "volume-nocopy nocopy", &v->no_copy },
		{ "noexec", &v->no_exec },	  { "exec", &p->memory.exec },
		{ "u chown", &v->own },
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if (has_word(flags[i].keys, key))
			return parse_bool(value, p->text, flags[i].flag, e);
	return refuse_key(p, key, value, e);
}

static int mount_word(struct parts *p, const char *word, struct err *e)
{
	const char *eq = strchr(word, '='), *value = eq ? eq + 1 : "";
	auto_free char *key = strndup(word, strcspn(word, "=")), *option = NULL;

	if (!key)
		return FAIL_NOMEM(e);
	for (char *c = key; *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
	if (strcmp(key, "type") == 0)
		return set_string(&p->type, value, p->text, e);
	if (has_word("source src", key))
		return set_string(&p->v.source, value, p->text, e);
	if (has_word("target destination dst", key))
		return set_string(&p->v.target, value, p->text, e);
	if (has_word("tmpfs-size tmpfs-mode", key)) {
		if (asprintf(&option, "%s=%s", key + 6, value) < 0)
			return FAIL_NOMEM(e);
		return memory_word(&p->memory, option, e);
	}
	if (strcmp(key, "bind-propagation") == 0 && has_word("private rprivate", value)) {
		p->propagation = true;
		return 0;
	}
	/* So anyway, or without a meaning here. */
	if (has_word("consistency bind-nonrecursive bind-recursive relabel idmap volume-label z",
		     key) ||
	    (strcmp(key, "volume-driver") == 0 && strcmp(value, "local") == 0))
		return 0;
	return mount_flag(p, key, value, e);
}

/* A key of another type's means that something else was meant. */
static int check_type(const struct parts *p, const char *type, struct err *e)
{
	if (p->v.no_copy && strcmp(type, "volume") != 0)
		return FAIL(e, E_USAGE, "--mount '%s': volume-nocopy is for type=volume", p->text);
	if (p->propagation && strcmp(type, "bind") != 0)
		return FAIL(e, E_USAGE, "--mount '%s': bind-propagation is for type=bind", p->text);
	return 0;
}

static int mount_done(struct parts *p, struct err *e)
{
	const char *type = p->type ? p->type : "volume";
	struct volume *v = &p->v;
	int r = check_type(p, type, e);

	if (r < 0)
		return r;
	if (!v->target || v->target[0] != '/')
		return FAIL(e, E_USAGE, "--mount '%s': want target=, an absolute path", p->text);
	if (strcmp(type, "tmpfs") == 0) {
		if (v->source)
			return FAIL(e, E_USAGE, "--mount '%s': a tmpfs has no source", p->text);
		p->memory.read_only = v->read_only;
		return memory_done(&p->memory, v, e);
	}
	if (p->memory.size || p->memory.options.n)
		return FAIL(e, E_USAGE, "--mount '%s': a size or mode is for type=tmpfs", p->text);
	v->exec = p->memory.exec;
	if (strcmp(type, "bind") == 0) {
		v->kind = VOLUME_BIND;
		if (!v->source || v->source[0] != '/')
			return FAIL(e, E_USAGE, "--mount '%s': want source=, an absolute path",
				    p->text);
		return 0;
	}
	if (strcmp(type, "volume") != 0)
		return FAIL(e, E_USAGE, "--mount '%s': type is bind, volume or tmpfs", p->text);
	if (v->source && !*v->source) {
		free(v->source);
		v->source = NULL;
	}
	v->kind = v->source ? VOLUME_NAMED : VOLUME_ANONYMOUS;
	return 0;
}

/* Fields with commas between, as CSV has them: one that begins with a quote ends with one, and two
 * within it are one. Blanks around others do not count. */
static int split_fields(const char *text, struct strv *ret, struct err *e)
{
	const char *at = text;
	int r = 0;

	while (r == 0 && *at) {
		auto_buf field = BUF_INIT(LIMIT_MOUNT);
		const bool quoted = *at == '"';

		if (!quoted) {
			const size_t n = strcspn(at, ",");

			buf_puts(&field, "");
			buf_put(&field, at, n);
			at += n;
		}
		for (at += quoted; quoted && (*at != '"' || at[1] == '"'); at++) {
			if (!*at)
				return FAIL(e, E_USAGE, "--mount '%s': a quote is not closed",
					    text);
			at += *at == '"';
			buf_printf(&field, "%c", *at);
		}
		at += quoted;
		if (*at && *at != ',')
			return FAIL(e, E_USAGE, "--mount '%s': want a comma behind a quote", text);
		at += *at == ',';
		r = buf_check(&field, "--mount", e);
		if (r == 0) {
			auto_free char *word = quoted ? strdup(buf_str(&field))
						      : str_dup(str_trim(str_of(buf_str(&field))));

			r = word ? strv_add(ret, word, e) : FAIL_NOMEM(e);
		}
	}
	return r;
}

int volume_parse_mount(const char *text, struct volume *ret, struct err *e)
{
	__attribute__((cleanup(parts_release))) struct parts p = {
		.text = text,
		.memory = { .text = text, .options = BUF_INIT(LIMIT_TMPFS_OPTIONS) },
	};
	auto_strv fields = { 0 };
	int r = split_fields(text, &fields, e);

	for (size_t i = 0; r == 0 && i < fields.n; i++)
		r = mount_word(&p, fields.v[i], e);
	if (r == 0)
		r = mount_done(&p, e);
	if (r < 0)
		return r;
	*ret = p.v;
	p.v = (struct volume){ 0 };
	return 0;
}

/* A folder that is named from where we are, by its whole path. */
static int settle_field(const char *field, struct buf *ret, struct err *e)
{
	const char *value = strchr(field, '=');
	const bool source = value && (strncasecmp(field, "src=", 4) == 0 ||
				      strncasecmp(field, "source=", 7) == 0);
	auto_free char *real = source && value[1] == '.' ? realpath(value + 1, NULL) : NULL;
	auto_free char *whole = NULL;

	if (real && asprintf(&whole, "%.*s%s", (int)(value + 1 - field), field, real) < 0)
		return FAIL_NOMEM(e);
	field = whole ?: field;
	buf_puts(ret, ret->n ? "," : "");
	if (!strpbrk(field, ",\"")) {
		buf_puts(ret, field);
		return 0;
	}
	buf_puts(ret, "\"");
	for (; *field; field++)
		buf_printf(ret, "%s%c", *field == '"' ? "\"" : "", *field);
	buf_puts(ret, "\"");
	return 0;
}

int volume_settle_mount(const char *text, char **ret, struct err *e)
{
	auto_buf out = BUF_INIT(LIMIT_MOUNT);
	auto_strv fields = { 0 };
	int r = split_fields(text, &fields, e);

	for (size_t i = 0; r == 0 && i < fields.n; i++)
		r = settle_field(fields.v[i], &out, e);
	if (r == 0)
		r = buf_check(&out, "--mount", e);
	if (r < 0)
		return r;
	*ret = buf_take(&out);
	return *ret ? 0 : FAIL_NOMEM(e);
}
