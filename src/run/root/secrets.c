/* SPDX-License-Identifier: Apache-2.0 */
#include "run/root/secrets.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"

#define FOLDER "secrets"

enum { LIMIT_SECRET_NAME = 200 };

struct secret {
	char *id, *source; /* owned */
	bool env;
	mode_t mode;
};

static void secret_release(struct secret *s)
{
	free(s->id);
	free(s->source);
}
#define auto_secret __attribute__((cleanup(secret_release))) struct secret

static int set(char **at, const char *value, const char *text, struct err *e)
{
	if (*at || !*value)
		return FAIL(e, E_USAGE, "--secret '%s': want id=NAME,src=FILE or env=VARIABLE",
			    text);
	*at = strdup(value);
	return *at ? 0 : FAIL_NOMEM(e);
}

static int parse_mode(const char *value, mode_t *ret, const char *text, struct err *e)
{
	char *end;
	unsigned long mode = strtoul(value, &end, 8);

	/* Read by whom it is for, and by nobody written or executed. */
	if (!*value || *end || mode & ~0444UL || !(mode & 0400))
		return FAIL(e, E_USAGE, "--secret '%s': mode is 0400, 0440 or 0444", text);
	*ret = (mode_t)mode;
	return 0;
}

static int parse_word(const char *word, const char *text, struct secret *s, struct err *e)
{
	const char *eq = strchr(word, '='), *value = eq ? eq + 1 : "";
	auto_free char *key = strndup(word, strcspn(word, "="));

	if (!key)
		return FAIL_NOMEM(e);
	if (has_word("id", key))
		return set(&s->id, value, text, e);
	if (has_word("src source", key))
		return set(&s->source, value, text, e);
	if (strcmp(key, "mode") == 0)
		return parse_mode(value, &s->mode, text, e);
	if (strcmp(key, "type") == 0 && has_word("file env", value))
		return 0;
	if (strcmp(key, "env") != 0)
		return FAIL(e, E_USAGE, "--secret '%s': unknown key '%s'", text, key);
	s->env = true;
	return set(&s->source, value, text, e);
}

static int parse(const char *text, struct secret *s, struct err *e)
{
	static const char set_of[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789_.-";
	struct str rest = str_of(text), field;
	int r = 0;

	s->mode = 0400;
	while (r == 0 && str_cut(&rest, ',', &field)) {
		auto_free char *word = str_dup(field);

		r = word ? parse_word(word, text, s, e) : FAIL_NOMEM(e);
	}
	if (r < 0)
		return r;
	if (!s->id || !s->source)
		return FAIL(e, E_USAGE, "--secret '%s': want id=NAME,src=FILE or env=VARIABLE",
			    text);
	if (s->id[0] == '.' || strlen(s->id) > LIMIT_SECRET_NAME ||
	    strspn(s->id, set_of) != strlen(s->id))
		return FAIL(e, E_USAGE, "--secret '%s': the name is letters, digits, '_', '.', '-'",
			    text);
	return 0;
}

int secrets_check(const struct strv *secrets, struct err *e)
{
	int r = 0;

	if (secrets && secrets->n > LIMIT_SECRETS)
		return FAIL(e, E_USAGE, "more than %d secrets", LIMIT_SECRETS);
	for (size_t i = 0; r == 0 && secrets && i < secrets->n; i++) {
		auto_secret s = { 0 };

		r = parse(secrets->v[i], &s, e);
	}
	return r;
}

bool secrets_need_environment(const struct strv *secrets)
{
	for (size_t i = 0; i < secrets->n; i++) {
		auto_secret s = { 0 };

		if (parse(secrets->v[i], &s, NULL) == 0 && s.env)
			return true;
	}
	return false;
}

int secret_settle(const char *text, char **ret, struct err *e)
{
	auto_secret s = { 0 };
	auto_free char *real = NULL;
	int r = parse(text, &s, e);

	if (r < 0)
		return r;
	if (!s.env) {
		real = realpath(s.source, NULL);
		if (!real)
			return FAIL(e, E_NOTFOUND, "--secret '%s': '%s' is not there", s.id,
				    s.source);
	}
	return asprintf(ret, "id=%s,%s=%s,mode=%04o", s.id, s.env ? "env" : "src", real ?: s.source,
			s.mode) < 0
		       ? FAIL_NOMEM(e)
		       : 0;
}

static int read_value(const struct secret *s, struct buf *ret, struct err *e)
{
	const char *value;
	int r;

	if (!s->env) {
		r = fs_read_user(s->source, LIMIT_SECRET, ret, e);
		return r < 0 ? WRAP(e, r, "--secret '%s'", s->id) : 0;
	}
	value = getenv(s->source);
	if (!value)
		return err_hint(e,
				FAIL(e, E_NOTFOUND, "--secret '%s': the variable %s is not set",
				     s->id, s->source),
				"export %s", s->source);
	buf_puts(ret, value);
	return buf_check(ret, "secret", e);
}

static int write_one(int folder, const struct secret *s, const struct user *user, uint32_t id_base,
		     struct err *e)
{
	auto_buf value = BUF_INIT(LIMIT_SECRET);
	auto_close int fd = -1;
	int r = read_value(s, &value, e);

	if (r == 0) {
		fd = openat(folder, s->id, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		r = fd >= 0	      ? fs_write_all(fd, value.p, value.n, e)
		    : errno == EEXIST ? FAIL(e, E_USAGE, "--secret: two are called '%s'", s->id)
				      : FAIL_SYS(e, "write secret '%s'", s->id);
	}
	if (r == 0 &&
	    (fchown(fd, id_base + user->uid, id_base + user->gid) < 0 || fchmod(fd, s->mode) < 0))
		r = FAIL_SYS(e, "secret '%s'", s->id);
	if (value.p)
		explicit_bzero(value.p, value.n);
	return r;
}

int secrets_write(const struct berth *berth, const struct strv *secrets, const struct user *user,
		  uint32_t id_base, char **ret_path, struct err *e)
{
	auto_free char *path = NULL;
	auto_close int folder = -1;
	int r = 0;

	if (asprintf(&path, "%s/" FOLDER, berth->path) < 0)
		return FAIL_NOMEM(e);
	if (mkdir(path, 0755) < 0 || chown(path, id_base, id_base) < 0)
		return FAIL_SYS(e, "make '%s'", path);
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0 || fchmod(folder, 0755) < 0)
		return FAIL_SYS(e, "open '%s'", path);
	for (size_t i = 0; r == 0 && i < secrets->n; i++) {
		auto_secret s = { 0 };

		r = parse(secrets->v[i], &s, e);
		if (r == 0)
			r = write_one(folder, &s, user, id_base, e);
	}
	if (r == 0)
		*ret_path = TAKE(path);
	return r;
}
