/* SPDX-License-Identifier: Apache-2.0 */
#include "build/scope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "dockerfile/ignore.h"

int scope_start(struct scope *s, const struct scope *from, struct err *e)
{
	int r = from ? vars_copy(&s->words, &from->words, e) : 0;

	return r < 0 ? r : vars_copy(&s->words, &s->draft.env, e);
}

void scope_free(struct scope *s)
{
	draft_free(&s->draft);
	vars_free(&s->words);
	vars_free(&s->args);
}

struct expand scope_expand(const struct scope *s)
{
	return (struct expand){ .escape = s->df->escape, .sets = { &s->words } };
}

int scope_word(const struct scope *s, const struct df_node *n, const struct df_word *w, char **ret,
	       struct err *e)
{
	struct expand x = scope_expand(s);
	int r = expand_string(w->s, &x, ret, e);

	return r < 0 ? df_wrap(s->df, n, w->at, w->len, r, e) : 0;
}

const char *scope_cwd(const struct scope *s)
{
	const char *cwd = json_string_or_null(s->draft.config, "WorkingDir");

	return cwd && *cwd ? cwd : "/";
}

int scope_path(const struct scope *s, const char *path, char **ret, struct err *e)
{
	const char *cwd = scope_cwd(s);
	char *p = NULL;

	if (asprintf(&p, "/%s/%s", path[0] == '/' ? "" : cwd, path) < 0)
		return FAIL_NOMEM(e);
	path_clean(p);
	*ret = p;
	return 0;
}

int scope_command(const struct scope *s, const struct df_node *n, size_t first, json_t **ret,
		  struct err *e)
{
	const json_t *shell = json_object_get(s->draft.config, "Shell");
	auto_json *a = NULL;
	int r = 0;

	if (n->exec)
		a = json_array();
	else
		a = json_array_size(shell) ? json_deep_copy(shell)
					   : json_pack("[ss]", "/bin/sh", "-c");
	if (!a)
		return FAIL_NOMEM(e);
	for (size_t i = first; r == 0 && i < n->args_n; i++)
		r = json_push(a, json_string(n->args[i].s), e);
	if (r == 0)
		*ret = TAKE(a);
	return r;
}

/* ["a" "b"]: as docker writes lists into the history. */
static void put_quoted(struct buf *b, const json_t *list)
{
	const json_t *v;
	size_t i;

	buf_putc(b, '[');
	json_array_foreach(list, i, v)
	{
		buf_puts(b, i ? " \"" : "\"");
		for (const char *p = json_string_value(v); *p; p++) {
			if (*p == '"' || *p == '\\')
				buf_putc(b, '\\');
			if (*p == '\n')
				buf_puts(b, "\\n");
			else if (*p == '\t')
				buf_puts(b, "\\t");
			else
				buf_putc(b, *p);
		}
		buf_putc(b, '"');
	}
	buf_putc(b, ']');
}

static int note(struct scope *s, struct buf *text, struct err *e)
{
	int r = buf_check(text, "history", e);

	return r < 0 ? r : draft_add_history(&s->draft, buf_str(text), true, e);
}

/* An ARG's value: from the command line, its default, or the ARG of that name before FROM. Without
 * any, an earlier value stays in force. */
static int arg_value(struct scope *s, const struct df_node *n, size_t i, char **ret, struct err *e)
{
	const char *name = n->args[i].s, *v = vars_get(s->build_args, name);
	int r = 0;

	if (v && s->args_used)
		r = strv_add(s->args_used, name, e);
	if (!v && n->args[i + 1].s)
		return scope_word(s, n, &n->args[i + 1], ret, e);
	if (!v)
		v = vars_get(s->globals, name);
	if (!v)
		v = vars_get(s->platform, name);
	if (r == 0 && v && !(*ret = strdup(v)))
		return FAIL_NOMEM(e);
	return r;
}

/* One after the other: a default may use the ARG before it. */
static int do_arg(struct scope *s, const struct df_node *n, struct buf *text, struct err *e)
{
	for (size_t i = 0; i + 1 < n->args_n; i += 2) {
		const char *name = n->args[i].s;
		auto_free char *value = NULL;
		int r = arg_value(s, n, i, &value, e);

		if (r == 0 && value)
			r = vars_set(&s->words, name, value, e);
		if (r == 0)
			r = strv_addf(&s->args.v, e, "%s=%s", name, value ? value : "");
		if (r < 0)
			return r;
		buf_printf(text, " %s%s%s", name, value ? "=" : "", value ? value : "");
	}
	return 0;
}

/* ENV and LABEL: all pairs are replaced with the variables as they were before the instruction. */
static int do_pairs(struct scope *s, const struct df_node *n, struct buf *text, struct err *e)
{
	auto_vars set = { 0 };
	json_t *labels = NULL;
	int r = 0;

	for (size_t i = 0; i + 1 < n->args_n; i += 2) {
		auto_free char *key = NULL, *value = NULL;

		r = scope_word(s, n, &n->args[i], &key, e);
		if (r == 0)
			r = scope_word(s, n, &n->args[i + 1], &value, e);
		if (r < 0)
			return r;
		if (!*key || strchr(key, '='))
			return DF_FAIL_WORD(s->df, n, &n->args[i], e, "%s: a name is %s",
					    df_op_name(n->op), *key ? "malformed" : "empty");
		r = vars_set(&set, key, value, e);
		if (r < 0)
			return r;
		buf_printf(text, " %s=%s", key, value);
	}
	if (n->op == DF_ENV) {
		r = vars_copy(&s->words, &set, e);
		return r < 0 ? r : vars_copy(&s->draft.env, &set, e);
	}
	labels = json_object_get(s->draft.config, "Labels");
	if (!json_is_object(labels)) {
		labels = json_object();
		r = json_put(s->draft.config, "Labels", labels, e);
	}
	for (size_t i = 0; r == 0 && i < set.v.n; i++) {
		char *eq = strchr(set.v.v[i], '=');

		*eq = '\0';
		r = json_put_string(labels, set.v.v[i], eq + 1, e);
	}
	return r;
}

/* A list in the configuration, or no member at all when it is empty. */
static int put_list(struct scope *s, const char *key, json_t *list, struct err *e)
{
	if (json_array_size(list))
		return json_put(s->draft.config, key, json_incref(list), e);
	(void)json_object_del(s->draft.config, key);
	return 0;
}

static int do_command(struct scope *s, const struct df_node *n, struct buf *text, struct err *e)
{
	auto_json *list = NULL;
	int r = scope_command(s, n, 0, &list, e);

	if (r < 0)
		return r;
	buf_putc(text, ' ');
	put_quoted(text, list);
	if (n->op == DF_CMD)
		s->cmd_set = true;
	else if (!s->cmd_set) /* what the base starts is no argument of the new entry point */
		(void)json_object_del(s->draft.config, "Cmd");
	return put_list(s, n->op == DF_CMD ? "Cmd" : "Entrypoint", list, e);
}

static int do_shell(struct scope *s, const struct df_node *n, struct buf *text, struct err *e)
{
	auto_json *list = NULL;
	int r = scope_command(s, n, 0, &list, e);

	for (size_t i = 0; i < n->args_n; i++)
		buf_printf(text, "%s%s", i ? " " : " [", n->args[i].s);
	buf_putc(text, ']');
	return r < 0 ? r : put_list(s, "Shell", list, e);
}

/* The set {"80/tcp": {}} or {"/data": {}} beneath key, made when missing. */
static int put_member(struct scope *s, const char *key, const char *member, struct err *e)
{
	json_t *set = json_object_get(s->draft.config, key);

	if (!json_is_object(set)) {
		set = json_object();

		int r = json_put(s->draft.config, key, set, e);

		if (r < 0)
			return r;
	}
	return json_put(set, member, json_object(), e);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int expose_range(struct scope *s, const char *range, struct strv *ports, struct err *e)
{
	unsigned first, last;
	const char *protocol;
	int r = parse_port_range(range, &first, &last, &protocol, e);

	for (unsigned p = first; r == 0 && p <= last; p++) {
		r = strv_addf(ports, e, "%u/%s", p, protocol);
		if (r == 0)
			r = put_member(s, "ExposedPorts", ports->v[ports->n - 1], e);
	}
	return r;
}

static int do_expose(struct scope *s, const struct df_node *n, struct buf *text, struct err *e)
{
	struct expand x = scope_expand(s);
	auto_strv ports = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < n->args_n; i++) {
		auto_strv ranges = { 0 };

		r = expand_split(str_of(n->args[i].s), &x, &ranges, e);
		for (size_t k = 0; r == 0 && k < ranges.n; k++)
			r = expose_range(s, ranges.v[k], &ports, e);
		if (r < 0)
			return df_wrap(s->df, n, n->args[i].at, n->args[i].len, r, e);
	}
	if (ports.n)
		qsort(ports.v, ports.n, sizeof(*ports.v), compare);
	buf_puts(text, " map[");
	for (size_t i = 0; i < ports.n; i++)
		if (i == 0 || strcmp(ports.v[i - 1], ports.v[i]) != 0)
			buf_printf(text, "%s%s:{}", i ? " " : "", ports.v[i]);
	buf_putc(text, ']');
	return 0;
}

static int do_volume(struct scope *s, const struct df_node *n, struct buf *text, struct err *e)
{
	int r = 0;

	buf_puts(text, " [");
	for (size_t i = 0; r == 0 && i < n->args_n; i++) {
		auto_free char *path = NULL;

		r = scope_word(s, n, &n->args[i], &path, e);
		if (r == 0 && !*path)
			r = DF_FAIL_WORD(s->df, n, &n->args[i], e, "VOLUME: a path is empty");
		if (r == 0)
			r = put_member(s, "Volumes", path, e);
		if (r == 0)
			buf_printf(text, "%s%s", i ? " " : "", path);
	}
	buf_putc(text, ']');
	return r;
}

/* USER, STOPSIGNAL: one word that goes into the configuration. MAINTAINER: verbatim. */
static int do_word(struct scope *s, const struct df_node *n, struct buf *text, struct err *e)
{
	auto_free char *v = NULL;
	int r;

	if (n->op == DF_MAINTAINER)
		r = (v = strdup(n->args[0].s)) ? 0 : FAIL_NOMEM(e);
	else
		r = scope_word(s, n, &n->args[0], &v, e);
	if (r < 0)
		return r;
	if (!*v)
		return DF_FAIL_WORD(s->df, n, &n->args[0], e, "%s: the value is empty",
				    df_op_name(n->op));
	buf_printf(text, " %s", v);
	if (n->op == DF_MAINTAINER) {
		free(s->draft.author);
		s->draft.author = TAKE(v);
		return 0;
	}
	if (n->op == DF_USER)
		return json_put_string(s->draft.config, "User", v, e);
	r = parse_signal(v, e);
	return r < 0 ? df_wrap(s->df, n, n->args[0].at, n->args[0].len, r, e)
		     : json_put_string(s->draft.config, "StopSignal", v, e);
}

static int health_times(struct scope *s, const struct df_node *n, json_t *health, struct err *e)
{
	static const char *const names[][2] = { { "interval", "Interval" },
						{ "timeout", "Timeout" },
						{ "start-period", "StartPeriod" },
						{ "start-interval", "StartInterval" },
						{ "retries", "Retries" } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct df_flag *f = df_find_flag(n, names[i][0]);
		int64_t v = 0;
		uint64_t count;
		int r;

		if (!f)
			continue;
		if (strcmp(f->name, "retries") == 0) {
			r = str_u64(str_of(f->value), 1000000, &count, e);
			v = r == 0 ? (int64_t)count : 0;
		} else {
			r = parse_duration(f->value, &v, e);
		}
		if (r < 0)
			return df_wrap(s->df, n, f->at, f->len, r, e);
		if (v)
			r = json_put(health, names[i][1], json_integer(v), e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int do_health(struct scope *s, const struct df_node *n, struct buf *text, struct err *e)
{
	json_t *health = json_object(), *test = json_array();
	bool none = strcasecmp(n->args[0].s, "NONE") == 0;
	int r = json_put(s->draft.config, "Healthcheck", health, e);

	if (r < 0) {
		json_decref(test);
		return r;
	}
	r = json_put(health, "Test", test, e);
	if (r == 0)
		r = json_push(test, json_string(none ? "NONE" : n->exec ? "CMD" : "CMD-SHELL"), e);
	for (size_t i = 1; r == 0 && i < n->args_n; i++)
		r = json_push(test, json_string(n->args[i].s), e);
	buf_printf(text, " %s", n->text + strcspn(n->text, " \t") + 1);
	return r < 0 || none ? r : health_times(s, n, health, e);
}

static int do_onbuild(struct scope *s, const struct df_node *n, struct buf *text, struct err *e)
{
	json_t *list = json_object_get(s->draft.config, "OnBuild");
	int r;

	if (!json_is_array(list)) {
		list = json_array();
		r = json_put(s->draft.config, "OnBuild", list, e);
		if (r < 0)
			return r;
	}

	auto_buf held = BUF_INIT(LIMIT_DOCKERFILE * 2);

	buf_puts(&held, n->args[0].s);
	for (size_t i = 0; i < n->trigger->docs_n; i++)
		buf_printf(&held, "\n%s%s", n->trigger->docs[i].content, n->trigger->docs[i].name);
	buf_printf(text, " %s", buf_str(&held));
	r = buf_check(&held, "ONBUILD", e);
	return r < 0 ? r : json_push(list, json_string(buf_str(&held)), e);
}

int scope_flag(const struct scope *s, const struct df_node *n, const char *name, char **ret,
	       struct err *e)
{
	const struct df_flag *f = df_find_flag(n, name);
	struct df_word w;

	if (!f)
		return 0;
	w = (struct df_word){ f->value, f->at, f->len };
	return scope_word(s, n, &w, ret, e);
}

bool scope_only(enum df_op op)
{
	return op != DF_FROM && op != DF_RUN && op != DF_COPY && op != DF_ADD && op != DF_WORKDIR;
}

int scope_apply(struct scope *s, const struct df_node *n, struct err *e)
{
	static int (*const table[DF_OPS])(struct scope *, const struct df_node *, struct buf *,
					  struct err *) = {
		[DF_ARG] = do_arg,	 [DF_CMD] = do_command,	    [DF_ENTRYPOINT] = do_command,
		[DF_ENV] = do_pairs,	 [DF_EXPOSE] = do_expose,   [DF_HEALTHCHECK] = do_health,
		[DF_LABEL] = do_pairs,	 [DF_MAINTAINER] = do_word, [DF_ONBUILD] = do_onbuild,
		[DF_SHELL] = do_shell,	 [DF_STOPSIGNAL] = do_word, [DF_USER] = do_word,
		[DF_VOLUME] = do_volume,
	};
	auto_buf text = BUF_INIT(LIMIT_DOCKERFILE);
	int r;

	if (!table[n->op])
		return FAIL(e, E_INTERNAL, "%s is not for scope_apply", df_op_name(n->op));
	buf_puts(&text, df_op_name(n->op));
	r = table[n->op](s, n, &text, e);
	if (r == 0)
		r = note(s, &text, e);
	return r < 0 ? df_wrap(s->df, n, 0, 0, r, e) : 0;
}
