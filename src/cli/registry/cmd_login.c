/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "base/proc.h"
#include "cli/cli.h"
#include "cli/registry/login.h"
#include "crypto/key.h"
#include "oci/ref.h"
#include "registry/auth/login.h"
#include "registry/registry.h"

struct login_options {
	const char *user, *authfile;
	bool password_stdin, get_login;
};

int cli_login_where(const char *arg, char ret[static 512], char host[static 256], struct err *e)
{
	struct str s = str_of(arg);
	char full[600];
	struct ref ref;
	int r;

	if (starts_with(arg, "https://") || starts_with(arg, "http://")) {
		size_t n = starts_with(arg, "https://") ? 8 : 7;

		s.p += n;
		s.n -= n;
	}
	while (s.n && s.p[s.n - 1] == '/')
		s.n--;
	if (s.n == 0 || s.n >= 512)
		return FAIL(e, E_USAGE, "'%.80s' names no registry", arg);
	(void)snprintf(ret, 512, "%.*s", (int)s.n, s.p);
	(void)snprintf(full, sizeof(full), "%s%s", ret, strchr(ret, '/') ? "" : "/x");
	r = ref_parse(full, &ref, e);
	if (r < 0)
		return r;
	if (!ref.host[0] || ref.digest.s[0] || strcmp(ref.tag, "latest") != 0)
		return err_hint(
			e, FAIL(e, E_USAGE, "'%.80s' is not HOST[:PORT] or HOST[:PORT]/NAME", arg),
			"plimsoll login registry.example");
	for (char *p = ret; *p && *p != '/'; p++) /* as references are looked up */
		*p = (char)tolower((unsigned char)*p);
	(void)snprintf(host, 256, "%s", ref.host);
	return 0;
}

int cli_use_authfile(const char *file, struct err *e)
{
	if (!file)
		return 0;
	if (access(file, R_OK) < 0)
		return FAIL_SYS(e, "--authfile '%s'", file);
	return setenv("REGISTRY_AUTH_FILE", file, 1) < 0 ? FAIL_SYS(e, "setenv") : 0;
}

static int take_line(struct buf *to, const char *line, size_t n, struct err *e)
{
	while (n && (line[n - 1] == '\n' || line[n - 1] == '\r'))
		n--;
	buf_put(to, line, n);
	return buf_check(to, "answer", e);
}

/* A line from the terminal itself, whatever standard input is. */
static int ask(const char *question, bool echo, struct buf *ret, struct err *e)
{
	auto_close int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	char line[LIMIT_SECRET + 2];
	struct termios before, quiet;
	ssize_t n;
	int r;

	if (tty < 0 || tcgetattr(tty, &before) < 0)
		return err_hint(e, FAIL(e, E_USAGE, "no terminal to ask for the password"),
				"plimsoll login -u USER --password-stdin HOST < FILE");
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)(echo ? 0 : ECHO);
	(void)tcsetattr(tty, TCSAFLUSH, &quiet);
	(void)!write(tty, question, strlen(question));
	r = proc_wait_input(tty, e);
	n = r < 0 ? 0 : read(tty, line, sizeof(line) - 1);
	(void)tcsetattr(tty, TCSAFLUSH, &before);
	if (!echo)
		(void)!write(tty, "\n", 1);
	if (r == 0)
		r = n <= 0 ? FAIL(e, E_USAGE, "no answer") : take_line(ret, line, (size_t)n, e);
	explicit_bzero(line, sizeof(line));
	return r;
}

static int read_password(const struct login_options *o, struct buf *ret, struct err *e)
{
	auto_secret all = BUF_INIT(LIMIT_SECRET + 2);
	int r;

	if (!o->password_stdin)
		return ask("Password: ", false, ret, e);
	r = fs_read_user("-", LIMIT_SECRET + 2, &all, e);
	return r < 0 ? r : take_line(ret, buf_str(&all), all.n, e);
}

/* User and password, asked for where they were not given. */
static int get_credential(const struct login_options *o, struct credential *ret, struct err *e)
{
	auto_secret user = BUF_INIT(LIMIT_SECRET), password = BUF_INIT(LIMIT_SECRET);
	int r = 0;

	if (o->password_stdin && !o->user)
		return FAIL(e, E_USAGE, "--password-stdin needs --username");
	if (o->user)
		buf_puts(&user, o->user);
	else
		r = ask("Username: ", true, &user, e);
	if (r == 0)
		r = read_password(o, &password, e);
	if (r == 0)
		r = buf_check(&user, "user", e);
	if (r == 0)
		r = secret_check((struct str){ buf_str(&user), user.n }, "user", e);
	if (r == 0)
		r = secret_check((struct str){ buf_str(&password), password.n }, "password", e);
	if (r < 0)
		return r;
	if (user.n == 0 || memchr(user.p, ':', user.n))
		return FAIL(e, E_USAGE, "a user's name is not empty and has no ':'");
	if (password.n == 0)
		return FAIL(e, E_USAGE, "the password is empty");
	ret->user = strdup(buf_str(&user));
	ret->secret = strdup(buf_str(&password));
	return ret->user && ret->secret ? 0 : FAIL_NOMEM(e);
}

static int get_login(struct cli *c, const char *where, const char *host, struct err *e)
{
	auto_credential x = { 0 };
	const char *name = strlen(where) > strlen(host) ? where + strlen(host) + 1 : NULL;
	int r = credential_find(host, name, &x, e);

	if (r < 0)
		return err_hint(e, r, "plimsoll login %s", where);
	if (!c->json)
		return cli_print(c, e, "%s\n", x.user && *x.user ? x.user : "<token>");

	auto_json *j = json_pack("{s:s, s:s, s:s?, s:s}", "schema", "plimsoll.login/v1", "registry",
				 where, "user", x.user, "from", x.from);

	return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
}

/* file NULL: nothing was kept. */
static int report(struct cli *c, const char *where, const char *user, const char *file,
		  struct err *e)
{
	auto_json *j = NULL;

	if (!c->json && !file && !c->quiet)
		return cli_print(c, e,
				 "%s asks for no password: nothing was checked, nothing is kept\n",
				 where);
	if (!c->json)
		return c->quiet ? 0
				: cli_print(c, e, "logged in to %s as %s: %s\n", where, user, file);
	j = json_pack("{s:s, s:s, s:s, s:s?}", "schema", "plimsoll.login/v1", "registry", where,
		      "user", user, "from", file);
	return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
}

static int run_login(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct login_options *o = opts;
	auto_credential x = { 0 };
	auto_buf to = BUF_INIT(4096);
	bool asked = false;
	char where[512], host[256];
	int r = cli_login_where(argv[0], where, host, e);

	(void)argc;
	if (r < 0)
		return r;
	if (o->authfile && setenv("REGISTRY_AUTH_FILE", o->authfile, 1) < 0)
		return FAIL_SYS(e, "setenv");
	if (o->get_login)
		return get_login(c, where, host, e);
	r = get_credential(o, &x, e);
	if (r == 0)
		r = registry_try_login(host, &x, &asked, e);
	if (r == 0 && asked)
		r = login_write(where, &x, &to, e);
	return r < 0 ? r : report(c, where, x.user, asked ? buf_str(&to) : NULL, e);
}

static const struct opt login_options[] = {
	OPT_AT(struct login_options, user, "username", 'u', OPT_STRING, "USER", "who to log in as"),
	OPT_AT(struct login_options, password_stdin, "password-stdin", 0, OPT_FLAG, NULL,
	       "read the password from standard input"),
	OPT_AT(struct login_options, get_login, "get-login", 0, OPT_FLAG, NULL,
	       "print who is logged in, and change nothing"),
	OPT_AT(struct login_options, authfile, "authfile", 0, OPT_STRING, "FILE",
	       "keep it in FILE and look in no other"),
	OPT_END,
};

const struct command cmd_login = {
	.name = "login",
	.group = "Registry",
	.args = "HOST[:PORT][/NAME]",
	.brief = "Give a registry a user and a password, and keep them",
	.details =
		"They are tried at the registry before anything is written; a registry that asks "
		"for "
		"none has checked none, so that nothing is kept of them, which is said and is no "
		"error. With /NAME they are "
		"kept for that repository and what is below it. They go where docker and podman "
		"look for them, too: $REGISTRY_AUTH_FILE, when it is set; else the file of "
		"$XDG_RUNTIME_DIR/containers/auth.json, ~/.config/containers/auth.json and "
		"~/.docker/config.json that knows the registry already, else the last; into the "
		"credential helper which that file names, if it does. A password is never an "
		"option's value: it is asked for, or read from standard input. push and pull find "
		"it by themselves.",
	.example = "plimsoll login registry.example\n"
		   "plimsoll login -u ci --password-stdin registry.example/team < password",
	.opts = login_options,
	.opts_size = sizeof(struct login_options),
	.min_args = 1,
	.max_args = 1,
	.run = run_login,
};
