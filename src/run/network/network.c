/* SPDX-License-Identifier: Apache-2.0 */
#include "run/network/network.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "base/userns.h"
#include "run/lsm.h"
#include "run/network/clock.h"
#include "run/network/network_view.h"

enum { LIMIT_RESOLV = 64 * 1024, START_MS = 60000, STOP_MS = 1000 };

/* In a child, so that the caller stays in the host's network. */
static int make_in_child(const char *file, struct err *e)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return FAIL_SYS(e, "fork");
	if (pid == 0) {
		if (unshare(CLONE_NEWNET) < 0)
			_exit(errno);
		_exit(mount("/proc/self/ns/net", file, NULL, MS_BIND, NULL) < 0 ? errno : 0);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return FAIL_SYS(e, "wait");
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
	return errno ? FAIL_SYS(e, "make a network namespace") : 0;
}

int network_make(const char *file, struct err *e)
{
	auto_close int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return FAIL_SYS(e, "make '%s'", file);
	return make_in_child(file, e);
}

static int add_port(struct strv *argv, const struct port *p, struct err *e)
{
	int r = strv_add(argv, p->udp ? "-u" : "-t", e);

	if (r < 0)
		return r;
	if (!p->ip[0])
		return strv_addf(argv, e, "%u:%u", p->host, p->container);
	return strv_addf(argv, e, "%s/%u:%u", p->ip, p->host, p->container);
}

/* Everything off that is not asked for: by default pasta forwards every bound port both ways, and
 * maps the gateway's address to the host's loopback. */
static int pasta_argv(const struct network_view *at, const struct network_opts *o,
		      struct strv *argv, struct err *e)
{
	static const char *const fixed[] = {
		"pasta",	"--quiet",     "--runas",	"0",	     "--config-net",
		"--netns-only", "--no-map-gw", "--dns-forward", NETWORK_DNS, "--tcp-ns",
		"none",		"--udp-ns",    "none",		"--pid",
	};
	const struct ports *ports = o->ports;
	bool tcp = false, udp = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(fixed) / sizeof(*fixed); i++)
		r = strv_add(argv, fixed[i], e);
	if (r == 0)
		r = strv_add(argv, at->pid_file, e);
	/* It would not see there that the namespace's file goes. */
	if (r == 0 && at->name)
		r = strv_add(argv, "--no-netns-quit", e);
	for (size_t i = 0; r == 0 && ports && i < ports->n; i++) {
		tcp |= !ports->p[i].udp;
		udp |= ports->p[i].udp;
		r = add_port(argv, &ports->p[i], e);
	}
	if (r == 0 && !tcp)
		r = strv_add(argv, "--tcp-ports=none", e);
	if (r == 0 && !udp)
		r = strv_add(argv, "--udp-ports=none", e);
	if (r == 0 && at->packets)
		r = strv_addf(argv, e, "--pcap=%s", at->packets);
	if (r == 0 && o->device)
		r = strv_addf(argv, e, "--ns-ifname=%s", o->device);
	if (r == 0 && o->device)
		r = strv_add(argv, "--no-ra", e);
	if (r == 0)
		r = strv_add(argv, "--netns", e);
	return r == 0 ? strv_add(argv, at->netns, e) : r;
}

/* The name of the folder that a namespace's file is in: a container's id. */
static void view_name(const char *file, char ret[static LIMIT_VIEW_NAME])
{
	const char *end = strrchr(file, '/'), *from = end;

	while (from && from > file && from[-1] != '/')
		from--;
	(void)snprintf(ret, LIMIT_VIEW_NAME, "%.*s", from ? (int)(end - from) : 0, from ?: "");
}

/* What pasta says of its refusal, without the lines about the missing syslog. */
static void pasta_message(const char *text, char *ret, size_t cap)
{
	struct str rest = str_of(text), line;

	(void)snprintf(ret, cap, "no message");
	while (str_line(&rest, &line))
		if (line.n && !str_starts(line, "Failed to send") &&
		    !str_starts(line, "Couldn't open log") &&
		    !str_starts(line, "Saving packet capture"))
			(void)snprintf(ret, cap, "%.*s", (int)(line.n < 300 ? line.n : 300),
				       line.p);
	text_sanitize(ret);
}

/* The host's first ports are not for users. */
static int check_low(const struct ports *ports, struct err *e)
{
	auto_buf text = BUF_INIT(64);
	uint64_t first;

	if (!userns_inside() || !ports ||
	    fs_read_user("/proc/sys/net/ipv4/ip_unprivileged_port_start", 32, &text, NULL) < 0 ||
	    str_u64(str_trim(str_of(buf_str(&text))), UINT16_MAX, &first, NULL) < 0)
		return 0;
	for (size_t i = 0; i < ports->n; i++) {
		const unsigned port = ports->p[i].host;
		int r;

		if (port == 0 || port >= first)
			continue;
		r = FAIL(e, E_USAGE,
			 "port %u of the host is not for ordinary users: theirs begin at %u", port,
			 (unsigned)first);
		return err_hint(e, r,
				"publish another, such as %u; or as root: sysctl -w "
				"net.ipv4.ip_unprivileged_port_start=%u",
				port + 8000, port);
	}
	return 0;
}

int network_start(const char *file, const struct network_opts *o, const char *pid_file,
		  struct pasta *ret, struct err *e)
{
	auto_strv argv = { 0 };
	auto_close int said = memfd_create("pasta", MFD_CLOEXEC);
	char name[LIMIT_VIEW_NAME], netns[sizeof(VIEW_NETNS) + LIMIT_VIEW_NAME];
	const bool confined = lsm_apparmor();
	struct network_view view = { file, confined ? name : NULL, pid_file, o->packets };
	struct network_view seen = { netns, name, VIEW_PID_FILE, o->packets ? VIEW_PACKETS : NULL };
	pid_t pid;
	int r = check_low(o->ports, e);

	if (r == 0 && o->ports)
		r = ports_check(o->ports, e);
	view_name(file, name);
	network_view_path(name, netns);
	if (r == 0)
		r = pasta_argv(confined ? &seen : &view, o, &argv, e);
	if (r < 0)
		return r;
	if (said < 0)
		return FAIL_SYS(e, "memfd_create");

	const struct proc p = {
		.argv = (const char *const *)argv.v,
		.in = -1,
		.out = -1,
		.err = said,
		.die_with_parent = true, /* until it runs in the background */
		.prepare = confined ? network_view_enter : NULL,
		.prepare_arg = &view,
	};

	r = proc_start(&p, &pid, e);
	if (r < 0)
		return r;
	*ret = (struct pasta){ pid, TAKE_FD(said) };
	return 0;
}

int network_started(struct pasta *p, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_RESOLV);
	auto_close int said = p->said;
	char message[400];
	int status = 0, r = proc_wait(p->pid, START_MS, &status, e);

	*p = (struct pasta){ 0, -1 };
	if (r < 0 || status == 0)
		return r;
	if (lseek(said, 0, SEEK_SET) == 0)
		(void)fs_read_fd(said, "pasta", LIMIT_RESOLV, &text, NULL);
	pasta_message(buf_str(&text), message, sizeof(message));
	r = FAIL(e, E_SYSTEM, "network: pasta: %s", message);
	if (strstr(message, "tun") && access("/dev/net/tun", R_OK | W_OK) < 0)
		return err_hint(e, r, "as root: chmod 0666 /dev/net/tun");
	return strstr(message, "bind") ? err_hint(e, r,
						  "choose another host port: ss -tlnp shows who "
						  "listens")
				       : r;
}

static bool has_word_of(const struct buf *line, const char *word)
{
	return line->n > strlen(word) &&
	       memmem(buf_str(line), line->n, word, strlen(word) + 1) != NULL;
}

/* The process of this number is pasta, on this very namespace file. */
static bool is_ours(pid_t pid, const char *file)
{
	auto_buf line = BUF_INIT(16384);
	char path[64], name[LIMIT_VIEW_NAME], netns[sizeof(VIEW_NETNS) + LIMIT_VIEW_NAME];

	view_name(file, name);
	network_view_path(name, netns);
	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	return fs_read_user(path, 16384, &line, NULL) == 0 &&
	       strncmp(buf_str(&line), "pasta", 5) == 0 &&
	       (has_word_of(&line, file) || has_word_of(&line, netns));
}

/* One that was not given the time to write its number, and does not see the end of its namespace:
 * by its words. */
static pid_t find_server(const char *file)
{
	auto_closedir DIR *d = opendir("/proc");
	struct dirent *ent;
	uint64_t pid;

	while (d && (ent = readdir(d)))
		if (str_u64(str_of(ent->d_name), INT32_MAX, &pid, NULL) == 0 && pid > 1 &&
		    is_ours((pid_t)pid, file))
			return (pid_t)pid;
	return 0;
}

int network_gone(struct err *e)
{
	char name[LIMIT_CLOCK];
	int r;

	if (clock_is_quick(name))
		return FAIL(e, E_NOTFOUND, "network: pasta does not run");
	r = FAIL(e, E_NOTFOUND,
		 "network: pasta does not run; with the clock source %s it is killed by its own "
		 "filter when it records packets",
		 name);
	return err_hint(e, r, CLOCK_MEND);
}

int network_server(const char *file, const char *pid_file, pid_t *ret, struct err *e)
{
	auto_buf text = BUF_INIT(64);
	uint64_t pid = 0;
	int r = fs_read_user(pid_file, 64, &text, NULL);

	if (r == 0 && str_u64(str_trim(str_of(buf_str(&text))), INT32_MAX, &pid, NULL) < 0)
		pid = lsm_apparmor() ? (uint64_t)find_server(file) : 0;
	if (pid <= 1 || !is_ours((pid_t)pid, file))
		return network_gone(e);
	*ret = (pid_t)pid;
	return 0;
}

void network_stop(const char *file, const char *pid_file)
{
	struct pollfd p = { .events = POLLIN };
	auto_close int fd = -1;
	pid_t pid;

	if (network_server(file, pid_file, &pid, NULL) < 0)
		return;
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0 || !is_ours(pid, file)) /* the number was another's by then */
		return;
	(void)syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
	/* So that its ports are free again when we return: whoever has ended has closed them, while
	 * its command line is gone sooner. */
	p.fd = fd;
	(void)poll(&p, 1, STOP_MS);
}

int network_resolv_conf(const char *host_text, size_t n, struct buf *ret, struct err *e)
{
	struct str rest = { host_text, n }, line;
	bool server = false;

	while (str_line(&rest, &line)) {
		struct str t = str_trim(line);

		if (str_starts(t, "search ") || str_starts(t, "options ") ||
		    str_starts(t, "domain "))
			buf_printf(ret, "%.*s\n", (int)t.n, t.p);
		server |= str_starts(t, "nameserver");
	}
	if (server)
		buf_puts(ret, "nameserver " NETWORK_DNS "\n");
	return buf_check(ret, "resolv.conf", e);
}
