/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/build/build_secrets.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "dockerfile/csv.h"

void build_secrets_free(struct build_secrets *s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->v[i].data)
			explicit_bzero(s->v[i].data, s->v[i].n);
		free(s->v[i].data);
		free(s->v[i].id);
	}
	for (size_t i = 0; i < s->agents_n; i++) {
		free(s->agents[i].id);
		free(s->agents[i].socket);
	}
	free(s->v);
	free(s->agents);
	*s = (struct build_secrets){ 0 };
}

/* What a --secret says. All is borrowed from its fields. */
struct wanted {
	const char *id, *file, *variable, *type;
};

static int read_field(const char *field, struct wanted *w, struct err *e)
{
	static const char *const names[] = { "id=", "src=", "source=", "env=", "type=" };
	const char **const places[] = { &w->id, &w->file, &w->file, &w->variable, &w->type };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		size_t n = strlen(names[i]);

		if (strncasecmp(field, names[i], n) != 0)
			continue;
		if (!field[n])
			return FAIL(e, E_USAGE, "--secret: %s has no value", field);
		*places[i] = field + n;
		return 0;
	}
	return FAIL(e, E_USAGE, "--secret: '%.40s' is none of id=, src=, env= and type=", field);
}

/* Where it is, when only some of it was said: as docker guesses. */
static int settle(struct wanted *w, struct err *e)
{
	if (!w->id)
		return FAIL(e, E_USAGE, "--secret: the id is missing");
	if (w->type && strcmp(w->type, "file") != 0 && strcmp(w->type, "env") != 0)
		return FAIL(e, E_USAGE, "--secret: the type is file or env, not '%.40s'", w->type);
	if (w->file && w->variable)
		return FAIL(e, E_USAGE, "--secret '%.40s': from a file or a variable, not both",
			    w->id);
	if (w->type && strcmp(w->type, "env") == 0 && !w->variable) {
		w->variable = w->file ? w->file : w->id;
		w->file = NULL;
	}
	if (!w->file && !w->variable) {
		if (getenv(w->id) && !w->type)
			w->variable = w->id;
		else
			w->file = w->id;
	}
	return 0;
}

static int read_file(const struct wanted *w, struct build_secret *ret, struct err *e)
{
	auto_buf content = BUF_INIT(LIMIT_SECRET);
	int r = fs_read_user(w->file, LIMIT_SECRET, &content, e);

	if (r == 0) {
		ret->n = content.n;
		ret->data = malloc(content.n + 1);
		if (!ret->data)
			r = FAIL_NOMEM(e);
		else
			memcpy(ret->data, buf_str(&content), content.n + 1);
	}
	if (content.p)
		explicit_bzero(content.p, content.n);
	return r < 0 ? WRAP(e, r, "--secret '%.100s'", w->id) : 0;
}

static int read_variable(const struct wanted *w, struct build_secret *ret, struct err *e)
{
	const char *value = getenv(w->variable);

	if (!value)
		return FAIL(e, E_NOTFOUND, "--secret '%.100s': there is no variable '%.100s'",
			    w->id, w->variable);
	if (strlen(value) > LIMIT_SECRET)
		return FAIL(e, E_USAGE, "--secret '%.100s': more than %d bytes", w->id,
			    LIMIT_SECRET);
	ret->n = strlen(value);
	ret->data = strdup(value);
	return ret->data ? 0 : FAIL_NOMEM(e);
}

static int read_secret(const char *text, struct build_secrets *s, struct strv *variables,
		       struct err *e)
{
	auto_strv fields = { 0 };
	struct wanted w = { 0 };
	struct build_secret *to = &s->v[s->n];
	int r = csv_split(text, &fields, e);

	if (r < 0)
		return err_set(e, __FILE__, __LINE__, E_USAGE, 0,
			       "--secret: want id=NAME,src=FILE or id=NAME,env=VARIABLE");
	for (size_t i = 0; r == 0 && i < fields.n; i++)
		r = read_field(fields.v[i], &w, e);
	if (r == 0)
		r = settle(&w, e);
	for (size_t i = 0; r == 0 && i < s->n; i++)
		if (strcmp(s->v[i].id, w.id) == 0)
			return FAIL(e, E_USAGE, "--secret '%.100s' is given twice", w.id);
	if (r < 0)
		return r;
	s->n++;
	to->id = strdup(w.id);
	if (!to->id)
		return FAIL_NOMEM(e);
	if (!w.variable)
		return read_file(&w, to, e);
	r = read_variable(&w, to, e);
	return r == 0 ? strv_add(variables, w.variable, e) : r;
}

static int read_agent(const char *text, struct build_secrets *s, struct err *e)
{
	const char *eq = strchr(text, '='), *path = eq ? eq + 1 : getenv("SSH_AUTH_SOCK");
	struct build_agent *to = &s->agents[s->agents_n];
	struct stat st;
	int r;

	if (!path || !*path)
		return err_hint(e, FAIL(e, E_USAGE, "--ssh %.100s: SSH_AUTH_SOCK is not set", text),
				"eval \"$(ssh-agent)\" and ssh-add");
	if (stat(path, &st) < 0)
		return FAIL_SYS(e, "--ssh: '%.200s'", path);
	if (!S_ISSOCK(st.st_mode)) {
		r = FAIL(e, E_USAGE,
			 "--ssh: '%.200s' is no socket; a key is given by an agent that holds it",
			 path);
		return err_hint(e, r, "eval \"$(ssh-agent)\"; ssh-add %.200s; --ssh default", path);
	}
	for (size_t i = 0; i < s->agents_n; i++)
		if (str_eqz((struct str){ text, eq ? (size_t)(eq - text) : strlen(text) },
			    s->agents[i].id))
			return FAIL(e, E_USAGE, "--ssh '%.100s' is given twice", s->agents[i].id);
	s->agents_n++;
	to->id = strndup(text, eq ? (size_t)(eq - text) : strlen(text));
	to->socket = realpath(path, NULL);
	if (!to->id || !to->socket)
		return FAIL_NOMEM(e);
	return *to->id ? 0 : FAIL(e, E_USAGE, "--ssh: the id is missing");
}

int build_secrets_read(const struct strv *secrets, const struct strv *ssh,
		       struct build_secrets *ret, struct err *e)
{
	auto_strv variables = { 0 };
	int r = 0;

	if (secrets->n > LIMIT_SECRETS || ssh->n > LIMIT_SECRETS)
		return FAIL(e, E_USAGE, "more than %d secrets", LIMIT_SECRETS);
	ret->v = calloc(secrets->n + 1, sizeof(*ret->v));
	ret->agents = calloc(ssh->n + 1, sizeof(*ret->agents));
	if (!ret->v || !ret->agents)
		return FAIL_NOMEM(e);
	for (size_t i = 0; r == 0 && i < secrets->n; i++)
		r = read_secret(secrets->v[i], ret, &variables, e);
	for (size_t i = 0; r == 0 && i < ssh->n; i++)
		r = read_agent(ssh->v[i], ret, e);
	/* At the end, as two secrets may come from one variable. */
	for (size_t i = 0; i < variables.n; i++) {
		char *value = getenv(variables.v[i]);

		if (value)
			explicit_bzero(value, strlen(value));
		(void)unsetenv(variables.v[i]);
	}
	return r;
}
