/* SPDX-License-Identifier: Apache-2.0 */
#include "run/options/profile_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/yaml.h"
#include "confine/syscalls.h"
#include "run/run.h"

void profile_file_free(struct profile_file *f)
{
	free(f->name);
	free(f->bind);
	free(f->connect);
	free(f->mounts);
	strv_free(&f->caps);
	strv_free(&f->write);
	strv_free(&f->syscalls);
	strv_free(&f->exec);
	strv_free(&f->options);
	*f = (struct profile_file){ 0 };
}

static int bad(const char *key, const char *want, struct err *e)
{
	return FAIL(e, E_FORMAT, "'%s': want %s", key, want);
}

static int read_strings(const json_t *v, const char *key, struct strv *ret, struct err *e)
{
	const json_t *s;
	size_t i;

	if (!json_is_array(v) || json_array_size(v) > LIMIT_PROFILE_ENTRIES)
		return bad(key, "a list of at most 256 texts", e);
	json_array_foreach(v, i, s)
	{
		int r = json_is_string(s) ? strv_add(ret, json_string_value(s), e)
					  : bad(key, "texts", e);

		if (r < 0)
			return r;
	}
	return 0;
}

static int read_paths(const json_t *v, const char *key, struct strv *ret, struct err *e)
{
	int r = read_strings(v, key, ret, e);

	for (size_t i = 0; r == 0 && i < ret->n; i++)
		if (ret->v[i][0] != '/' || strstr(ret->v[i], ".."))
			return bad(key, "absolute paths without '..'", e);
	return r;
}

static int read_ports(const json_t *v, const char *key, uint16_t **ret, struct profile_ports *p,
		      struct err *e)
{
	const json_t *n;
	size_t i;

	if (!json_is_array(v) || json_array_size(v) > LIMIT_PROFILE_ENTRIES)
		return bad(key, "a list of at most 256 ports", e);
	*ret = calloc(json_array_size(v) + 1, sizeof(**ret));
	if (!*ret)
		return FAIL_NOMEM(e);
	json_array_foreach(v, i, n)
	{
		const json_int_t port = json_integer_value(n);

		if (!json_is_integer(n) || port < 1 || port > UINT16_MAX)
			return bad(key, "ports", e);
		(*ret)[i] = (uint16_t)port;
	}
	*p = (struct profile_ports){ true, *ret, json_array_size(v) };
	return 0;
}

/* "on" and "off", which are texts in YAML 1.2; true and false are taken, too. */
static int read_switch(const json_t *v, const char *key, bool *ret_off, struct err *e)
{
	const char *s = json_string_value(v);

	if (json_is_boolean(v))
		*ret_off = json_is_false(v);
	else if (s && (strcmp(s, "on") == 0 || strcmp(s, "off") == 0))
		*ret_off = strcmp(s, "off") == 0;
	else
		return bad(key, "on or off", e);
	return 0;
}

static int read_proc(const json_t *v, struct profile *p, struct err *e)
{
	const char *s = json_string_value(v);

	if (!s || (strcmp(s, "read-only") != 0 && strcmp(s, "writable") != 0))
		return bad("proc", "read-only or writable", e);
	p->proc_writable = strcmp(s, "writable") == 0;
	return 0;
}

static int read_syscalls(const json_t *v, struct profile_file *f, struct err *e)
{
	int r = read_strings(v, "syscalls", &f->syscalls, e);

	for (size_t i = 0; r == 0 && i < f->syscalls.n; i++) {
		const struct syscall_rule *d = syscalls_denied;

		while (d->name && strcmp(d->name, f->syscalls.v[i]) != 0)
			d++;
		if (!d->name)
			r = FAIL(e, E_FORMAT,
				 "'syscalls': '%s' is not one that can be allowed by itself",
				 f->syscalls.v[i]);
	}
	f->p.syscalls = (const char *const *)f->syscalls.v;
	return r;
}

static int read_limit(const char *key, const json_t *v, struct profile_file *f, struct err *e)
{
	char number[32];
	const char *text = json_string_value(v);

	if (json_is_integer(v)) {
		(void)snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(v));
		text = number;
	}
	if (!text)
		return bad(key, "a number", e);
	if (strcmp(key, "memory") == 0)
		return run_parse_size(text, &f->memory, e);
	if (strcmp(key, "cpus") == 0)
		return run_parse_cpus(text, &f->cpu_milli, e);
	if (strcmp(key, "pids") == 0)
		return str_u64(str_of(text), INT32_MAX, &f->pids, e);
	if (strcmp(key, "disk") == 0)
		return run_parse_size(text, &f->disk, e);
	if (strcmp(key, "nofile") == 0)
		return str_u64(str_of(text), 1 << 20, &f->p.limits.nofile, e);
	return FAIL(e, E_FORMAT, "'limits': no limit is named '%.40s'", key);
}

static int read_limits(const json_t *v, struct profile_file *f, struct err *e)
{
	const char *key;
	const json_t *n;
	int r = json_is_object(v) ? 0 : bad("limits", "a map", e);

	json_object_foreach((json_t *)(uintptr_t)v, key, n) r =
		r == 0 ? read_limit(key, n, f, e) : r;
	return r;
}

static int read_key(const char *key, const json_t *v, struct profile_file *f, struct err *e)
{
	struct profile *p = &f->p;

	if (strcmp(key, "name") == 0) {
		f->name = json_is_string(v) ? strdup(json_string_value(v)) : NULL;
		return f->name ? 0 : bad(key, "a text", e);
	}
	if (strcmp(key, "capabilities") == 0)
		return read_strings(v, key, &f->caps, e);
	if (strcmp(key, "syscalls") == 0)
		return read_syscalls(v, f, e);
	if (strcmp(key, "write") == 0)
		return read_paths(v, key, &f->write, e);
	if (strcmp(key, "exec") == 0)
		return read_paths(v, key, &f->exec, e);
	if (strcmp(key, "bind") == 0)
		return read_ports(v, key, &f->bind, &p->bind, e);
	if (strcmp(key, "connect") == 0)
		return read_ports(v, key, &f->connect, &p->connect, e);
	if (strcmp(key, "limits") == 0)
		return read_limits(v, f, e);
	if (strcmp(key, "read-only") == 0) {
		f->writable = json_is_false(v);
		return json_is_boolean(v) ? 0 : bad(key, "true or false", e);
	}
	if (strcmp(key, "proc") == 0)
		return read_proc(v, p, e);
	if (strcmp(key, "seccomp") == 0)
		return read_switch(v, key, &p->no_seccomp, e);
	if (strcmp(key, "landlock") == 0)
		return read_switch(v, key, &p->no_landlock, e);
	if (strcmp(key, "apparmor") == 0)
		return read_switch(v, key, &p->no_apparmor, e);
	return FAIL(e, E_FORMAT, "no key of a profile is named '%.40s'", key);
}

/* options without the word. */
static int without(const char *options, const char *word, struct strv *ret, struct err *e)
{
	auto_buf b = BUF_INIT(4096);
	struct str rest = str_of(options), part;
	int r;

	while (str_cut(&rest, ',', &part))
		if (!str_eqz(part, word))
			buf_printf(&b, "%s%.*s", b.n ? "," : "", (int)part.n, part.p);
	r = buf_check(&b, "mount options", e);
	return r < 0 ? r : strv_add(ret, buf_str(&b), e);
}

/* The default's mounts, some without noexec, /proc without ro. */
static int change_mounts(struct profile_file *f, struct err *e)
{
	size_t n = 0;
	int r = 0;

	while (profile_default.mounts[n].target)
		n++;
	f->mounts = calloc(n + 1, sizeof(*f->mounts));
	if (!f->mounts)
		return FAIL_NOMEM(e);
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct profile_mount *m = &f->mounts[i];
		const char *word = NULL;

		*m = profile_default.mounts[i];
		if (strv_has(&f->exec, m->target))
			word = "noexec";
		if (f->p.proc_writable && strcmp(m->target, "/proc") == 0)
			word = "ro";
		if (!word)
			continue;
		r = without(m->options, word, &f->options, e);
		if (r == 0)
			m->options = f->options.v[f->options.n - 1];
	}
	f->p.mounts = f->mounts;
	return r;
}

int profile_file_parse(const char *text, size_t n, const char *what, struct profile_file *ret,
		       struct err *e)
{
	auto_json *j = NULL;
	const char *key;
	json_t *v;
	int r = n > LIMIT_PROFILE ? FAIL(e, E_FORMAT, "larger than %d bytes", LIMIT_PROFILE)
				  : yaml_parse(text, n, what, &j, e);

	*ret = (struct profile_file){ .p = profile_default };
	if (r == 0 && !json_is_object(j) && !json_is_null(j))
		r = FAIL(e, E_FORMAT, "not a map");
	json_object_foreach(j, key, v) r = r == 0 ? read_key(key, v, ret, e) : r;
	if (r == 0)
		r = change_mounts(ret, e);
	ret->p.name = ret->name ?: what;
	if (r == 0)
		return 0;
	profile_file_free(ret);
	/* Also what an option's parser called a usage error lies in the file. */
	return WRAP(e, r == E_NOMEM ? r : E_FORMAT, "profile '%.200s'", what);
}

int profile_file_read(const char *path, struct profile_file *ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_PROFILE + 1);
	int r = fs_read_user(path, LIMIT_PROFILE, &text, e);

	*ret = (struct profile_file){ 0 };
	return r < 0 ? WRAP(e, r, "profile")
		     : profile_file_parse(buf_str(&text), text.n, path, ret, e);
}

void profile_file_needs(const struct profile_file *f, const char *ret[static PROFILE_NEEDS])
{
	size_t n = 0;

	if (f->p.no_seccomp)
		ret[n++] = "seccomp-unconfined";
	if (f->p.no_landlock)
		ret[n++] = "landlock-unconfined";
	if (f->p.no_apparmor)
		ret[n++] = "apparmor-unconfined";
	if (f->p.proc_writable)
		ret[n++] = "proc-writable";
	if (f->p.syscalls && *f->p.syscalls)
		ret[n++] = "syscalls";
	ret[n] = NULL;
}
