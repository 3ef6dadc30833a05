/* SPDX-License-Identifier: Apache-2.0 */
#include "run/attach.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "run/launch/foreground.h"
#include "run/life/events.h"
#include "run/life/usage.h"
#include "run/run.h"

/* One packet of conmon's is at most 8 KiB with a byte before it that says which stream; what it
 * takes is at most 32 KiB. */
enum { PACKET = 8192 + 1, TYPED = 4096, FROM_STDOUT = 2, FROM_STDERR = 3, LIMIT_CONFIG = 8 << 20 };

static const int forwarded[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH };

struct attachment {
	const struct container *c;
	const struct attach_opts *o;
	struct detach_keys keys;
	pid_t pid;
	bool tty, input; /* the container's */
	int socket, signals;
	bool detached, over;
	struct termios before;
	bool raw;
};

/* By the folder's descriptor: the path of a state folder may be longer than an address. */
static int connect_to(const struct container *c, struct err *e)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	auto_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return FAIL_SYS(e, "socket");
	(void)snprintf(to.sun_path, sizeof(to.sun_path), "/proc/self/fd/%d/attach", c->fd);
	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		return FAIL_SYS(e, "reach the monitor of container '%s'", c->name);
	return TAKE_FD(fd);
}

static int read_kind(struct attachment *a, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_CONFIG), asked = BUF_INIT(LIMIT_STATE_JSON);
	auto_json *config = NULL, *run = NULL;
	int r = fs_read(a->c->fd, "config.json", LIMIT_CONFIG, &text, e);

	if (r == 0)
		r = json_parse(buf_str(&text), text.n, "config.json", &config, e);
	if (r == 0)
		r = fs_read(a->c->fd, "run.json", LIMIT_STATE_JSON, &asked, e);
	if (r == 0)
		r = json_parse(buf_str(&asked), asked.n, "run.json", &run, e);
	a->tty = json_is_true(json_object_get(json_object_get(config, "process"), "terminal"));
	a->input = !a->o->no_stdin &&
		   json_is_true(json_object_get(json_object_get(run, "options"), "interactive"));
	return r;
}

/* What is typed reaches the container as it is, when it has a terminal and so have we. */
static void make_raw(struct attachment *a)
{
	struct termios t;

	if (!a->tty || !a->input || tcgetattr(STDIN_FILENO, &a->before) < 0)
		return;
	t = a->before;
	cfmakeraw(&t);
	a->raw = tcsetattr(STDIN_FILENO, TCSAFLUSH, &t) == 0;
}

static int take_output(struct attachment *a, struct err *e)
{
	char packet[PACKET + 1];
	ssize_t n = recv(a->socket, packet, sizeof(packet), 0);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0) { /* conmon is gone, and with it the container */
		a->over = true;
		return 0;
	}
	if (packet[0] != FROM_STDOUT && packet[0] != FROM_STDERR)
		return 0;
	return fs_write_all(packet[0] == FROM_STDERR ? STDERR_FILENO : STDOUT_FILENO, packet + 1,
			    (size_t)n - 1, e);
}

static void take_input(struct attachment *a)
{
	char typed[TYPED], out[TYPED + LIMIT_DETACH_KEYS];
	ssize_t n = read(STDIN_FILENO, typed, sizeof(typed));
	size_t left = 0;

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) { /* its input ends with ours */
		a->input = false;
		(void)shutdown(a->socket, SHUT_WR);
		return;
	}
	a->detached = detach_keys_filter(&a->keys, typed, (size_t)n, out, &left);
	if (left && send(a->socket, out, left, MSG_NOSIGNAL) < 0)
		a->input = false;
}

static void take_signal(struct attachment *a)
{
	struct signalfd_siginfo si;
	int sig;

	if (read(a->signals, &si, sizeof(si)) != (ssize_t)sizeof(si))
		return;
	sig = (int)si.ssi_signo;
	if (sig == SIGWINCH)
		terminal_pass_size(a->pid);
	else if (a->o->no_sig_proxy)
		a->detached = true;
	else
		(void)kill(a->pid, sig);
}

static int attend(struct attachment *a, struct err *e)
{
	int r = 0;

	while (r == 0 && !a->over && !a->detached) {
		struct pollfd p[] = { { .fd = a->socket, .events = POLLIN },
				      { .fd = a->signals, .events = POLLIN },
				      { .fd = a->input ? STDIN_FILENO : -1, .events = POLLIN } };

		if (poll(p, 3, -1) < 0)
			continue;
		if (p[0].revents)
			r = take_output(a, e);
		if (p[1].revents)
			take_signal(a);
		if (p[2].revents)
			take_input(a);
	}
	return r;
}

static int join(struct attachment *a, struct err *e)
{
	sigset_t set, before;
	int r;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < sizeof(forwarded) / sizeof(*forwarded); i++)
		(void)sigaddset(&set, forwarded[i]);
	a->signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (a->signals < 0)
		return FAIL_SYS(e, "signalfd");
	(void)sigprocmask(SIG_BLOCK, &set, &before);
	make_raw(a);
	if (a->tty)
		terminal_pass_size(a->pid);
	r = attend(a, e);
	if (a->raw)
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &a->before);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	(void)close(a->signals);
	return r;
}

static int find(const struct state *state, const char *container, struct container *ret,
		pid_t *ret_pid, struct err *e)
{
	char cgroup[CONTAINER_ID + 16];
	int r = container_reap(state, e);

	if (r == 0)
		r = container_find(state, container, ret, e);
	if (r < 0)
		return r;
	*ret_pid = first_process(ret->folder, container_cgroup(ret, cgroup));
	if (*ret_pid <= 0)
		return err_hint(e, FAIL(e, E_USAGE, "container '%s' is not running", ret->name),
				"plimsoll start --attach %s", ret->name);
	if (!ret->detached)
		return err_hint(e,
				FAIL(e, E_USAGE,
				     "container '%s' is in the foreground: its streams are its "
				     "caller's",
				     ret->name),
				"plimsoll exec -it %s sh", ret->name);
	if (usage_frozen(*ret_pid))
		return err_hint(e, FAIL(e, E_USAGE, "container '%s' is paused", ret->name),
				"plimsoll unpause %s", ret->name);
	return 0;
}

int run_attach(const struct state *state, const char *container, const struct attach_opts *o,
	       bool *ret_detached, int *ret_status, struct err *e)
{
	auto_container c = CONTAINER_INIT;
	struct attachment a = { .c = &c, .o = o, .keys = o->keys, .socket = -1, .signals = -1 };
	int r = find(state, container, &c, &a.pid, e);

	if (r == 0)
		r = read_kind(&a, e);
	if (r < 0)
		return r;
	if (!a.tty)
		a.keys.n = 0;
	a.socket = connect_to(&c, e);
	if (a.socket < 0)
		return a.socket;
	(void)event_note(&c, "attach", NULL, NULL);
	r = join(&a, e);
	(void)close(a.socket);
	if (a.detached)
		(void)event_note(&c, "detach", NULL, NULL);
	*ret_detached = a.detached;
	return r == 0 && a.over ? run_wait(state, c.id, ret_status, e) : r;
}
