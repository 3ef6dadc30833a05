/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/userns.h"
#include "cli/container/containers.h"
#include "cli/container/run_options.h"

enum { LIMIT_UNIT = 64 * 1024, STOP_SLACK_S = 20 };

/* A word of a unit file (systemd.service(5), "Command lines"): quoted, "%" and "$" for themselves.
 */
static void put_word(struct buf *b, const char *word, bool command)
{
	buf_putc(b, '"');
	for (const char *p = word; *p; p++) {
		if (*p == '"' || *p == '\\')
			buf_putc(b, '\\');
		if (*p == '%' || (*p == '$' && command))
			buf_putc(b, *p);
		buf_putc(b, *p);
	}
	buf_putc(b, '"');
}

static int put_command(struct cli *c, struct buf *b, const char *key, const char *verb,
		       const struct container *found, struct err *e)
{
	char self[4096] = { 0 };
	auto_free char *config = c->config_path ? realpath(c->config_path, NULL) : NULL;
	const char *words[] = { "--state", c->state.path, config ? "--config" : NULL,
				config,	   verb,	  found->name };

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return FAIL_SYS(e, "find our own program");
	buf_printf(b, "%s=", key);
	put_word(b, self, true);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (words[i]) {
			buf_putc(b, ' ');
			put_word(b, words[i], true);
		}
	buf_putc(b, '\n');
	return 0;
}

/* systemd has "always" for what docker calls "unless-stopped", too: what it stops stays so. */
static const char *restart_of(const struct container *found)
{
	auto_buf text = BUF_INIT(LIMIT_STATE_JSON);
	auto_json *j = NULL;
	struct restart_policy p = { RESTART_NO, 0 };
	const char *asked = NULL;

	if (fs_read(found->fd, "run.json", LIMIT_STATE_JSON, &text, NULL) == 0 &&
	    json_parse(buf_str(&text), text.n, "run.json", &j, NULL) == 0)
		asked = json_string_or_null(json_object_get(j, "options"), "restart");
	if (asked)
		(void)restart_parse(asked, &p, NULL);
	return p.when == RESTART_NO ? "no" : p.when == RESTART_ON_FAILURE ? "on-failure" : "always";
}

static int unit(struct cli *c, const struct container *found, struct buf *b, struct err *e)
{
	const int stop = found->stop_timeout >= 0 ? found->stop_timeout : 10;
	const bool system = userns_user() == 0;
	int r;

	buf_printf(b,
		   "# plimsoll-%s.service, by: plimsoll generate systemd %s\n"
		   "[Unit]\nDescription=plimsoll container %s\n"
		   "Documentation=man:plimsoll-start(1)\n%sRequiresMountsFor=",
		   found->name, found->name, found->name,
		   system ? "Wants=network-online.target\nAfter=network-online.target\n" : "");
	put_word(b, c->state.path, false);
	buf_printf(b,
		   "\n\n[Service]\nType=forking\n%sEnvironment=" SYSTEMD_UNIT_VARIABLE
		   "=%%n\nRestart=%s\nRestartSec=1s\nTimeoutStopSec=%ds\n",
		   system ? "" : "Delegate=yes\n", restart_of(found), stop + STOP_SLACK_S);
	r = put_command(c, b, "ExecStart", "start", found, e);
	if (r == 0)
		r = put_command(c, b, "ExecStop", "stop", found, e);
	if (r < 0)
		return r;
	/* One path to the end of the line: no quotes here. */
	buf_puts(b, "PIDFile=");
	for (const char *p = found->folder; *p; p++)
		buf_printf(b, *p == '%' ? "%%%%" : "%c", *p);
	/* A user's manager has no multi-user.target; who watches his containers is launch_nest.h's.
	 */
	buf_puts(b, system ? "/conmon.pid\n\n[Install]\nWantedBy=multi-user.target default.target\n"
			   : "/supervisor.pid\n\n[Install]\nWantedBy=default.target\n");
	return buf_check(b, "unit", e);
}

static int run_generate_systemd(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	auto_container found = CONTAINER_INIT;
	auto_buf text = BUF_INIT(LIMIT_UNIT);
	const struct state *state;
	int r = cli_state(c, &state, e);

	(void)opts;
	(void)argc;
	if (r == 0)
		r = container_find(state, argv[0], &found, e);
	if (r == 0 && found.auto_remove)
		r = FAIL(e, E_USAGE, "container '%s' is removed once it ended: nothing to start",
			 found.name);
	if (r == 0 && !fs_exists(found.fd, "run.json"))
		r = FAIL(e, E_FORMAT, "container '%s' is of an older plimsoll", found.name);
	if (r == 0)
		r = unit(c, &found, &text, e);
	return r == 0 ? cli_print(c, e, "%s", buf_str(&text)) : r;
}

static const struct command generate_systemd = {
	.name = "systemd",
	.args = "CONTAINER",
	.brief = "Print a unit that starts a container at boot",
	.details = "Restart= is what --restart says; systemd then does the restarting. The image "
		   "is admitted anew at every start.",
	.example = "plimsoll create --name web --restart always -p 80:8080 web:1\n"
		   "plimsoll generate systemd web >/etc/systemd/system/plimsoll-web.service\n"
		   "systemctl enable --now plimsoll-web\n"
		   "# not root, once loginctl enable-linger lets his units begin at boot:\n"
		   "plimsoll generate systemd web >~/.config/systemd/user/plimsoll-web.service\n"
		   "systemctl --user enable --now plimsoll-web",
	.min_args = 1,
	.max_args = 1,
	.run = run_generate_systemd,
};

static const struct command *const generate_subs[] = { &generate_systemd, NULL };

const struct command cmd_generate = {
	.name = "generate",
	.args = "",
	.group = "Containers",
	.brief = "Print what other programs need to run a container",
	.example = "plimsoll generate systemd web",
	.subs = generate_subs,
};
