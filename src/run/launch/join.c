/* SPDX-License-Identifier: Apache-2.0 */
#include "run/launch/join.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/userns.h"
#include "run/launch/foreground.h"
#include "run/launch/launch_network.h"
#include "run/launch/namespaces.h"
#include "run/network/closed.h"

enum { LIMIT_HOPS = 8 };

void join_release(struct join *j)
{
	if (j->pidfd >= 0)
		(void)close(j->pidfd);
	j->pidfd = -1;
}

/* The one container that all of it is of. */
static int the_one(const struct share *share, const char **ret, struct join *j, struct err *e)
{
	*ret = NULL;
	for (enum share_kind k = 0; k < SHARE_KINDS; k++) {
		if (!share->of[k])
			continue;
		j->kind[k] = true;
		if (*ret && strcmp(*ret, share->of[k]) != 0)
			return FAIL(e, E_USAGE,
				    "%s container:%.12s: what is shared belongs to the ids of one "
				    "container, and '%.12s' is another",
				    share_option(k), share->of[k], *ret);
		*ret = share->of[k];
	}
	return 0;
}

/* Its network is another's in turn, or leads nowhere. */
static int has_network(const struct state *state, const struct container *c, int hops, bool *ret,
		       struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_STATE_JSON);
	auto_container next = CONTAINER_INIT;
	auto_json *j = NULL;
	const json_t *options;
	const char *network;
	int r = fs_read(c->fd, "run.json", LIMIT_STATE_JSON, &text, e);

	if (r == 0)
		r = json_parse(buf_str(&text), text.n, "run.json", &j, e);
	if (r < 0)
		return r;
	options = json_object_get(j, "options");
	network = json_string_or_null(options, "network") ?: "";
	if (json_is_true(json_object_get(options, "privileged")) ||
	    strcmp(json_string_or_null(options, "userns") ?: "", "host") == 0)
		return FAIL(e, E_USAGE,
			    "container '%s' has the host's ids: nothing is joined that "
			    "belongs to the host",
			    c->name);
	*ret = strcmp(network, "none") != 0;
	if (strcmp(network, "host") == 0)
		return err_hint(
			e, FAIL(e, E_USAGE, "the network of container '%s' is the host's", c->name),
			"--network host, where the policy allows it");
	if (!starts_with(network, SHARE_OF))
		return 0;
	if (hops == 0)
		return FAIL(e, E_USAGE, "container '%s': a chain of shared networks is too long",
			    c->name);
	r = container_find(state, network + strlen(SHARE_OF), &next, e);
	return r == 0 ? has_network(state, &next, hops - 1, ret, e) : r;
}

static int find_process(const struct container *c, struct join *j, struct err *e)
{
	char cgroup[CONTAINER_ID + 16];
	int r;

	(void)container_cgroup(c, cgroup);
	j->pid = first_process(c->folder, cgroup);
	j->pidfd = j->pid > 0 ? (int)syscall(SYS_pidfd_open, j->pid, 0) : -1;
	/* The number is still its, now that it cannot be another's any more. */
	if (j->pidfd >= 0 && first_process(c->folder, cgroup) == j->pid)
		return 0;
	r = FAIL(e, E_USAGE, "container '%s' is not running", c->name);
	return err_hint(e, r, "plimsoll start %s", c->name);
}

/* Said of it, not only so because nothing was said. */
static int check_private(const struct container *c, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_STATE_JSON);
	auto_json *j = NULL;
	int r = fs_read(c->fd, "run.json", LIMIT_STATE_JSON, &text, e);

	if (r == 0)
		r = json_parse(buf_str(&text), text.n, "run.json", &j, e);
	if (r == 0 &&
	    strcmp(json_string_or_null(json_object_get(j, "options"), "ipc") ?: "", "private") == 0)
		return err_hint(e,
				FAIL(e, E_USAGE,
				     "container '%s' shares its memory with nobody (--ipc private)",
				     c->name),
				"plimsoll run --ipc shareable, for that one");
	return r;
}

int join_find(const struct state *state, const struct share *share, const char *self,
	      struct join *ret, struct err *e)
{
	auto_join j = JOIN_INIT;
	auto_container c = CONTAINER_INIT;
	const char *name;
	int r = the_one(share, &name, &j, e);

	if (r < 0 || !name)
		return r;
	if (userns_inside())
		return err_hint(e,
				FAIL(e, E_USAGE,
				     "container:%.12s: an ordinary user's containers are in user "
				     "namespaces apart, and share none",
				     name),
				"publish a port, share a volume, or run both as root");
	r = container_find(state, name, &c, e);
	if (r == 0 && strcmp(c.id, self) == 0)
		r = FAIL(e, E_USAGE, "container:%.12s: that is itself", name);
	if (r == 0 && share->of[SHARE_IPC])
		r = check_private(&c, e);
	if (r == 0)
		r = has_network(state, &c, LIMIT_HOPS, &j.network, e);
	if (r == 0)
		r = find_process(&c, &j, e);
	if (r < 0)
		return WRAP(e, r, "container:%.12s", name);
	j.id_base = c.id_base;
	*ret = j;
	j.pidfd = -1;
	return 0;
}

/* A child that does a thing in the other's namespaces says "+" once it is done, and waits until it
 * may end; its errno, when it cannot. */
static int in_child(const struct join *j, int (*fn)(const struct join *j, void *arg), void *arg,
		    const char *what, int *ret_end, pid_t *ret_pid, struct err *e)
{
	int pair[2], status = 0;
	char word = 0;
	ssize_t n;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return FAIL_SYS(e, "socketpair");
	*ret_pid = fork();
	if (*ret_pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)close(pair[0]);
		word = (char)fn(j, arg);
		if (word < 0 || write(pair[1], &word, 1) != 1)
			_exit(errno);
		(void)!read(pair[1], &word, 1);
		_exit(0);
	}
	(void)close(pair[1]);
	*ret_end = pair[0];
	while (*ret_pid > 0 && (n = read(pair[0], &word, 1)) < 0 && errno == EINTR)
		;
	if (*ret_pid > 0 && n == 1)
		return word;
	while (*ret_pid > 0 && waitpid(*ret_pid, &status, 0) < 0 && errno == EINTR)
		;
	(void)close(pair[0]);
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
	return FAIL_SYS(e, "%s", what);
}

static void end_child(int end, pid_t pid)
{
	(void)close(end);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static int new_network(const struct join *j, void *arg)
{
	if (setns(j->pidfd, CLONE_NEWUSER) < 0 || setresgid(0, 0, 0) < 0 ||
	    setresuid(0, 0, 0) < 0 || unshare(CLONE_NEWNET) < 0 || namespaces_loopback() < 0 ||
	    closed_routes(arg) < 0)
		return -1;
	return 0;
}

static int make_network(const struct launch *l, const char *netns, struct err *e)
{
	struct closed closed = { .n = 0 };
	int end = -1, r;
	pid_t pid;

	if (l->network)
		closed_collect(&closed);
	r = in_child(l->join, new_network, &closed, "make a network namespace", &end, &pid, e);
	if (r < 0)
		return r;
	r = namespaces_bind(pid, "net", netns, e);
	end_child(end, pid);
	return r;
}

int join_namespaces(const struct launch *l, const char *userns, const char *netns, struct err *e)
{
	const struct join *j = l->join;
	auto_free char *pidns = launch_path(l->folder, LAUNCH_PIDNS);
	auto_free char *ipcns = launch_path(l->folder, LAUNCH_IPCNS);
	int r = pidns && ipcns ? namespaces_bind(j->pid, "user", userns, e) : FAIL_NOMEM(e);

	if (r == 0)
		r = j->kind[SHARE_NETWORK] ? namespaces_bind(j->pid, "net", netns, e)
					   : make_network(l, netns, e);
	if (r == 0 && j->kind[SHARE_PID])
		r = namespaces_bind(j->pid, "pid", pidns, e);
	if (r == 0 && j->kind[SHARE_IPC])
		r = namespaces_bind(j->pid, "ipc", ipcns, e);
	/* All of it was its own, if it is still there. */
	if (r == 0 && syscall(SYS_pidfd_send_signal, j->pidfd, 0, NULL, 0) < 0)
		return FAIL(e, E_USAGE, "the container that was to be joined ended");
	return r;
}

static int clone_tree(const struct join *j, void *arg)
{
	if (setns(j->pidfd, CLONE_NEWNS) < 0)
		return -1;
	return (int)syscall(SYS_open_tree, AT_FDCWD, arg,
			    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
}

int join_tree(const struct join *j, const char *path, int *ret_fd, struct err *e)
{
	auto_free char *copy = strdup(path);
	auto_close int child = -1;
	int end = -1, r = copy ? 0 : FAIL_NOMEM(e), fd;
	pid_t pid;

	if (r == 0)
		r = in_child(j, clone_tree, copy, "look into the other container", &end, &pid, e);
	if (r < 0)
		return r;
	child = (int)syscall(SYS_pidfd_open, pid, 0);
	fd = child < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, child, r, 0);
	r = fd < 0 ? FAIL_SYS(e, "take '%s' of the other container", path) : 0;
	end_child(end, pid);
	if (r == 0)
		*ret_fd = fd;
	return r;
}
