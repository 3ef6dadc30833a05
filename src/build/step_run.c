/* SPDX-License-Identifier: Apache-2.0 */
/* RUN. */
#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "build/run_mounts.h"
#include "build/work.h"

/* A RUN, all of it that decides what comes out. */
struct command {
	struct strv argv;
	struct vars env;		 /* what the command sees, but for the proxies */
	struct vars proxy;		 /* HTTP_PROXY... as given: in neither key nor history */
	const struct df_heredoc *script; /* a here-document with "#!": the program's input */
	const char *user;
	enum build_network network;
	const struct build_named_network *named; /* of BUILD_NETWORK_NAMED */
	struct step_mounts mounts;
	struct buf created_by;
};

static void command_free(struct command *c)
{
	strv_free(&c->argv);
	vars_free(&c->env);
	vars_free(&c->proxy);
	step_mounts_free(&c->mounts);
	buf_free(&c->created_by);
}
#define auto_command __attribute__((cleanup(command_free))) struct command

/*
 * "#!program [argument]" of a here-document: the program is started as the kernel would, with the
 * text as its standard input and /proc/self/fd/0 as its script.
 */
static int shebang(struct command *c, const struct df_heredoc *doc, struct err *e)
{
	struct str rest = str_of(doc->content + 2), line, program;
	int r;

	if (!str_line(&rest, &line) || str_trim(line).n == 0)
		return FAIL(e, E_FORMAT, "nothing behind '#!'");
	line = str_trim(line);
	(void)str_cut(&line, ' ', &program);
	r = strv_addf(&c->argv, e, "%.*s", (int)program.n, program.p);
	line = str_trim(line);
	if (r == 0 && line.n)
		r = strv_addf(&c->argv, e, "%.*s", (int)line.n, line.p);
	if (r == 0)
		r = strv_add(&c->argv, "/proc/self/fd/0", e);
	c->script = doc;
	return r;
}

/* The shell's command line: as written, or with its here-documents put behind it again. */
static int shell_text(const struct df_node *n, struct buf *ret, struct err *e)
{
	if (n->doc_alone) {
		buf_puts(ret, n->docs[0].content);
		return buf_check(ret, "here-document", e);
	}
	buf_puts(ret, n->args[0].s);
	for (size_t i = 0; i < n->docs_n; i++)
		buf_printf(ret, "\n%s%s", n->docs[i].content, n->docs[i].name);
	return buf_check(ret, "command", e);
}

static int read_argv(const struct stage_work *s, const struct df_node *n, struct command *c,
		     struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_DOCKERFILE * 2);
	auto_json *list = NULL;
	json_t *v;
	size_t i;
	int r;

	if (n->doc_alone && starts_with(n->docs[0].content, "#!"))
		return shebang(c, &n->docs[0], e);
	if (n->exec && n->docs_n)
		return FAIL(e, E_FORMAT, "a here-document cannot stand in the exec form");
	r = scope_command(&s->scope, n, 0, &list, e);
	if (r == 0 && n->docs_n) {
		r = shell_text(n, &text, e);
		if (r == 0 && json_array_set_new(list, json_array_size(list) - 1,
						 json_string(buf_str(&text))) < 0)
			r = FAIL_NOMEM(e);
	}
	if (r < 0)
		return r;
	json_array_foreach(list, i, v)
	{
		if (r == 0)
			r = strv_add(&c->argv, json_string_value(v), e);
	}
	return r;
}

/* Programs read one or the other case of a proxy's name: both are set, as docker does. */
static int set_proxy(struct command *c, const char *name, const char *value, struct err *e)
{
	auto_free char *other = strdup(name);
	int r = other ? vars_set(&c->proxy, name, value, e) : FAIL_NOMEM(e);

	if (r < 0)
		return r;
	for (char *p = other; *p; p++)
		*p = (char)(islower((unsigned char)*p) ? toupper((unsigned char)*p)
						       : tolower((unsigned char)*p));
	if (vars_get(&c->env, other) || vars_get(&c->proxy, other))
		return 0;
	return vars_set(&c->proxy, other, value, e);
}

static int read_env(const struct stage_work *s, struct command *c, struct err *e)
{
	const struct scope *sc = &s->scope;
	int r = vars_copy(&c->env, &sc->words, e);

	if (r == 0 && !vars_get(&c->env, "PATH"))
		r = vars_set(&c->env, "PATH",
			     "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", e);
	for (size_t i = 0; r == 0 && i < s->w->build_args.v.n; i++) {
		const char *entry = s->w->build_args.v.v[i], *eq = strchr(entry, '=');
		auto_free char *name = strndup(entry, (size_t)(eq - entry));

		if (!name)
			return FAIL_NOMEM(e);
		if (!plan_proxy_arg(name) || vars_get(&c->env, name))
			continue;
		r = set_proxy(c, name, eq + 1, e);
		if (r == 0)
			r = strv_add(&s->w->args_used, name, e);
	}
	return r;
}

/* " |1 FOO=bar": every ARG with the value that the command sees, which may be a later ENV's. */
static int describe_args(const struct stage_work *s, struct buf *ret, struct err *e)
{
	const struct strv *args = &s->scope.args.v;

	if (args->n)
		buf_printf(ret, " |%zu", args->n);
	for (size_t i = 0; i < args->n; i++) {
		auto_free char *name = strndup(args->v[i], strcspn(args->v[i], "="));
		const char *seen = name ? vars_get(&s->scope.words, name) : NULL;

		if (!name)
			return FAIL_NOMEM(e);
		if (seen)
			buf_printf(ret, " %s=%s", name, seen);
		else
			buf_printf(ret, " %s", args->v[i]);
	}
	return 0;
}

/* "RUN --mount=... |1 FOO=bar /bin/sh -c make": the mounts as written, then the ARGs in force, then
 * the command. */
static int describe(const struct stage_work *s, const struct df_node *n, struct command *c,
		    struct err *e)
{
	int r;

	c->created_by = BUF_INIT(LIMIT_DOCKERFILE * 4);
	buf_puts(&c->created_by, "RUN");
	for (size_t i = 0; i < n->flags_n; i++)
		if (strcmp(n->flags[i].name, "mount") == 0)
			buf_printf(&c->created_by, " --mount=%s", n->flags[i].value);
	r = describe_args(s, &c->created_by, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < c->argv.n; i++)
		buf_printf(&c->created_by, " %s", c->argv.v[i]);
	return buf_check(&c->created_by, "history", e);
}

static const char *network_name(const struct command *c)
{
	if (c->network == BUILD_NETWORK_NAMED)
		return c->named->name;
	return c->network == BUILD_NETWORK_NONE ? "none" : "default";
}

/* A name that policy does not know: with those that it does. */
static int fail_network(const struct stage_work *s, const struct df_node *n, const char *name,
			struct err *e)
{
	const struct build_opts *o = s->w->o;
	auto_buf known = BUF_INIT(256);
	int r = DF_FAIL_FLAG(s->scope.df, n, "network", e,
			     "the network is none, default or one that the configuration names, "
			     "not '%.40s'",
			     name);

	for (size_t i = 0; i < o->networks_n; i++)
		buf_printf(&known, "%s%s", i ? ", " : "", o->networks[i].name);
	if (o->networks_n)
		return err_hint(e, r, "the configuration names: %s", buf_str(&known));
	return err_hint(e, r,
			"in plimsoll.yaml: 'networks: {%.40s: {allow: [\"deb.example.org:80\"]}}'",
			name);
}

static int read_network(const struct stage_work *s, const struct df_node *n, struct command *c,
			struct err *e)
{
	const char *flag = df_flag(n, "network");

	c->network = s->w->o->network;
	c->named = s->w->o->named;
	if (!flag)
		return 0;
	if (strcmp(flag, "host") == 0)
		return DF_FAIL_FLAG(s->scope.df, n, "network", e,
				    "a step is never given the host's network: it would reach what "
				    "listens on the host's loopback");
	if (strcmp(flag, "none") == 0 || strcmp(flag, "default") == 0) {
		c->network = flag[0] == 'n' ? BUILD_NETWORK_NONE : BUILD_NETWORK_DEFAULT;
		return 0;
	}
	c->network = BUILD_NETWORK_NAMED;
	for (size_t i = 0; i < s->w->o->networks_n; i++) {
		c->named = &s->w->o->networks[i];
		if (strcmp(c->named->name, flag) == 0)
			return 0;
	}
	return fail_network(s, n, flag, e);
}

/* docker wants --allow security.insecure for it; here nothing opens that door. */
static int read_security(const struct stage_work *s, const struct df_node *n, struct err *e)
{
	const char *flag = df_flag(n, "security");

	if (!flag || strcmp(flag, "sandbox") == 0)
		return 0;
	if (strcmp(flag, "insecure") == 0)
		return DF_FAIL_FLAG(s->scope.df, n, "security", e,
				    "a step always runs confined: insecure would give it every "
				    "capability and the host's devices");
	return DF_FAIL_FLAG(s->scope.df, n, "security", e, "the security is sandbox, not '%.40s'",
			    flag);
}

static int read_command(struct stage_work *s, const struct df_node *n, struct command *c,
			struct err *e)
{
	const char *user = json_string_or_null(s->scope.draft.config, "User");
	int r = read_network(s, n, c, e);

	c->user = user ? user : "";
	if (r == 0)
		r = read_argv(s, n, c, e);
	if (r == 0)
		r = read_env(s, c, e);
	if (r == 0)
		r = read_security(s, n, e);
	if (r == 0)
		r = step_mounts_read(s, n, &c->mounts, e);
	return r < 0 ? r : describe(s, n, c, e);
}

static int find_key(const struct stage_work *s, struct command *c, struct digest *ret,
		    struct err *e)
{
	auto_keyer k = { 0 };
	struct digest parent;
	int r;

	draft_digest(&s->scope.draft, &parent);
	r = keyer_new(&k, "RUN", &parent, e);
	if (r < 0)
		return r;
	keyer_put_list(&k, (const char *const *)c->argv.v, c->argv.n);
	keyer_put_list(&k, (const char *const *)c->env.v.v, c->env.v.n);
	keyer_put(&k, c->script ? c->script->content : "");
	keyer_put(&k, scope_cwd(&s->scope));
	keyer_put(&k, c->user);
	keyer_put(&k, network_name(c));
	step_put_time(s, true, &k);
	if (s->w->o->limits.hosts)
		keyer_put_list(&k, (const char *const *)s->w->o->limits.hosts->v,
			       s->w->o->limits.hosts->n);
	r = step_mounts_key(s, &c->mounts, &k, e);
	if (r == 0)
		keyer_end(&k, ret);
	return r;
}

static int script_input(const struct command *c, struct err *e)
{
	auto_close int fd = -1;
	int r;

	if (!c->script)
		return -1;
	fd = memfd_create("script", MFD_CLOEXEC);
	if (fd < 0)
		return FAIL_SYS(e, "make a temporary file");
	r = fs_write_all(fd, c->script->content, strlen(c->script->content), e);
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = FAIL_SYS(e, "rewind a temporary file");
	return r < 0 ? r : TAKE_FD(fd);
}

/* The error of a command that ended badly: where it stands, its status, its last words. */
static int fail_status(const struct stage_work *s, const struct df_node *n, int status,
		       const struct buf *tail, struct err *e)
{
	int r = df_fail(s->scope.df, n, 0, 0, e, "the command ended with exit status %d", status);
	struct str out = str_trim((struct str){ buf_str(tail), tail->n });
	size_t have = e ? strlen(e->msg) : 0;

	if (status == 128 + SIGKILL)
		r = err_hint(e, r,
			     "it was killed: most often its memory ran out, and --memory gives "
			     "more");
	if (!e || out.n == 0)
		return r;
	/* The end of the output says why; what does not fit is cut off at its beginning. */
	size_t room = sizeof(e->msg) - have - 2;

	if (out.n > room)
		out = (struct str){ out.p + (out.n - room), room };
	(void)snprintf(e->msg + have, sizeof(e->msg) - have, "\n%.*s", (int)out.n, out.p);
	text_sanitize(e->msg + have);
	return r;
}

/* --on-error=shell: what the command left is still mounted, so a person may look at it, as the same
 * user, in the same folder, as confined. What the shell ends with does not matter. */
static void look_inside(const struct stage_work *s, const struct build_step *failed, int status)
{
	const struct build_hooks *hooks = &s->w->o->hooks;
	const json_t *shell = json_object_get(s->scope.draft.config, "Shell");
	const char *program = json_string_value(json_array_get(shell, 0));
	const char *const argv[] = { program ? program : "/bin/sh", NULL };
	struct build_step step = *failed;
	struct err why = ERR_INIT;
	char said[sizeof(why.msg) + 64];

	(void)snprintf(said, sizeof(said),
		       "the command ended with exit status %d; %s in its place follows, and the "
		       "build ends with it",
		       status, argv[0]);
	progress_line(failed->progress, said);
	step.argv = argv;
	step.terminal = true;
	if (hooks->step(hooks->arg, &step, &status, NULL, &why) >= 0)
		return;
	(void)snprintf(said, sizeof(said), "no shell: %s", why.msg);
	progress_line(failed->progress, said);
}

static int run_command(struct stage_work *s, const struct df_node *n, struct command *c,
		       struct cached *made, struct err *e)
{
	const struct build_hooks *hooks = &s->w->o->hooks;
	auto_buf tail = BUF_INIT(256 * 1024), fetched = BUF_INIT(LIMIT_RECORD_JSON);
	auto_mounted m = MOUNTED_NONE;
	auto_close int in = script_input(c, e);
	int status = 0, r;

	if (in < -1)
		return in;
	r = step_mounts_prepare(s, n, &c->mounts, e);
	if (r == 0)
		r = mount_draft(s->w, &s->scope.draft, MOUNT_CHANGE, &m, e);
	if (r == 0)
		r = vars_copy(&c->env, &c->proxy, e);
	if (r == 0)
		r = vars_copy(&c->env, &c->mounts.env, e);
	if (r < 0)
		return r;

	struct build_step step = {
		.rootfs = m.root_path,
		.argv = (const char *const *)c->argv.v,
		.env = (const char *const *)c->env.v.v,
		.cwd = scope_cwd(&s->scope),
		.user = c->user,
		.network = c->network,
		.named = c->named,
		.mounts = c->mounts.out,
		.mounts_n = c->mounts.out_n,
		.secrets = s->w->o->secrets,
		.secrets_n = s->w->o->secrets_n,
		.limits = &s->w->o->limits,
		.in = in,
		.progress = s->w->o->progress,
		.fetched = &fetched,
	};

	r = hooks->step(hooks->arg, &step, &status, &tail, e);
	if (r < 0)
		return r;
	if (status != 0) {
		if (s->w->o->shell_on_error)
			look_inside(s, &step, status);
		return fail_status(s, n, status, &tail, e);
	}
	r = mount_commit(s->w, &s->scope.draft, &m, step_epoch(s, c->mounts.time.newest), made, e);
	return r == 0 && fetched.n ? fetched_keep(s->w, &fetched, &made->fetched, e) : r;
}

int do_run(struct stage_work *s, const struct df_node *n, struct err *e)
{
	struct cached made = { 0 };
	auto_command c = { 0 };
	struct digest key;
	bool hit = false;
	int r = read_command(s, n, &c, e);

	if (r == 0)
		r = find_key(s, &c, &key, e);
	if (r == 0) {
		step_begin(s, n);
		r = step_known(s, &key, &made, &hit, e);
	}
	if (r == 0 && !hit)
		r = run_command(s, n, &c, &made, e);
	if (r == 0 && !hit)
		r = step_learn(s, &key, &made, e);
	if (r == 0 && c.network != BUILD_NETWORK_NONE)
		r = fetched_note(s, n, network_name(&c), &made, hit, e);
	if (r == 0)
		r = step_end(s, &made, hit, c.mounts.time.settled, buf_str(&c.created_by), e);
	return r < 0 ? df_wrap(s->scope.df, n, 0, 0, r, e) : 0;
}
