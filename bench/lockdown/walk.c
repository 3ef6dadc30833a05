/* SPDX-License-Identifier: Apache-2.0 */
/* What nobody thought of by name: trees that are walked until the first file that gives something.
 * Files are opened and closed again, never written; devices are only asked about, since some do
 * something when they are opened. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "probe.h"

enum { LIMIT_FILES = 100000, OPEN_FOLDERS = 32, WALKED_ENOUGH = 77 };

static struct {
	int left;
	int refused; /* the first error, or ABSENT when nothing was there */
	bool image;  /* no further than the root's own files */
} walk;

/* Mounts of their own, which others walk. FTW_MOUNT would stop within an overlay, too, whose files
 * have other numbers of devices than its folders. */
static bool another_mount(const char *path)
{
	static const char *const names[] = { "/proc", "/sys", "/dev", "/tmp", "/run" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(path, names[i]) == 0)
			return true;
	return false;
}

static bool of_a_process(const char *path)
{
	return strncmp(path, "/proc/", 6) == 0 &&
	       (strspn(path + 6, "0123456789") || strncmp(path + 6, "self", 4) == 0 ||
		strncmp(path + 6, "thread-self", 11) == 0);
}

/* Called by nftw(3): 1 ends the walk, and says that the file gave something. */
typedef int visit(const char *path, const struct stat *st, int type, struct FTW *at);

static int tried(const char *path, int r)
{
	if (r == 0) {
		detail("%s", path);
		return 1;
	}
	if (walk.refused == ABSENT)
		walk.refused = r;
	return 0;
}

/* nftw(3) passes by a folder's files when it is told so at the folder. */
static int go_on(const char *path, int type)
{
	if (--walk.left <= 0)
		return WALKED_ENOUGH;
	if (type == FTW_D && (of_a_process(path) || (walk.image && another_mount(path))))
		return FTW_SKIP_SUBTREE;
	return FTW_CONTINUE;
}

static int to_write(const char *path, const struct stat *st, int type, struct FTW *at)
{
	int fd;

	(void)at;
	if (type != FTW_F || !S_ISREG(st->st_mode))
		return go_on(path, type);
	fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		(void)close(fd);
	return tried(path, fd < 0 ? -errno : 0) ? FTW_STOP : go_on(path, type);
}

/* Devices that every container has. */
static bool usual(const char *path)
{
	static const char *const names[] = { "null",	"zero", "full", "random",
					     "urandom", "tty",	"ptmx", "console" };

	if (strncmp(path, "/dev/pts/", 9) == 0)
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strncmp(path, "/dev/", 5) == 0 && strcmp(path + 5, names[i]) == 0)
			return true;
	return false;
}

static int device(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)at;
	/* Masked files are bound to the null device. */
	if (type == FTW_F && (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) && !usual(path) &&
	    (S_ISBLK(st->st_mode) || st->st_rdev != 0x103) &&
	    tried(path, result(access(path, R_OK))))
		return FTW_STOP;
	return go_on(path, type);
}

static int connected_to(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	int r = -ENOENT;

	if (strlen(path) >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	(void)strcpy(to.sun_path, path);
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		const int fd = socket(AF_UNIX, types[i] | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		r = fd < 0 ? -errno : result(connect(fd, (struct sockaddr *)&to, sizeof(to)));
		if (fd >= 0)
			(void)close(fd);
		if (r != -EPROTOTYPE)
			break;
	}
	return r;
}

static int server(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)at;
	if (type == FTW_F && S_ISSOCK(st->st_mode) && tried(path, connected_to(path)))
		return FTW_STOP;
	return go_on(path, type);
}

static int through(const struct probe *p, visit *visit)
{
	int r;

	walk.left = LIMIT_FILES;
	walk.refused = ABSENT;
	walk.image = p->args[0];
	r = nftw(p->path, visit, OPEN_FOLDERS, FTW_PHYS | FTW_ACTIONRETVAL);
	if (r < 0)
		return -errno;
	return r == FTW_STOP ? 0 : walk.refused;
}

static int any_to_write(const struct probe *p)
{
	return through(p, to_write);
}

static int any_device(const struct probe *p)
{
	return through(p, device);
}

static int any_server(const struct probe *p)
{
	return through(p, server);
}

static int one_server(const struct probe *p)
{
	struct stat st;

	return stat(p->path, &st) < 0 ? ABSENT : connected_to(p->path);
}

/* Files of a process that change it, of our own and of the first one. */
static int of_process(const struct probe *p)
{
	char path[64];
	int r = ABSENT;

	for (int i = 0; i < 2; i++) {
		int one;

		(void)snprintf(path, sizeof(path), "/proc/%s/%s", i ? "1" : "self", p->path);
		one = result(open(path, O_WRONLY | O_CLOEXEC));
		if (one == 0) {
			detail("%s", path);
			return 0;
		}
		if (r == ABSENT && one != -ENOENT)
			r = one;
	}
	return r;
}

/* Where on the host the layers lie, for a program that the kernel starts there. */
static int layers(const struct probe *p)
{
	char line[8192];
	FILE *f = fopen("/proc/self/mountinfo", "re");
	int r = ABSENT;

	(void)p;
	if (!f)
		return -errno;
	while (r != 0 && fgets(line, sizeof(line), f))
		if (strstr(line, " - overlay "))
			r = strstr(line, "dir=/") ? 0 : -EPERM;
	(void)fclose(f);
	return r;
}

#define SERVER(name, path, means) { "socket_" name, one_server, means, path }

static const struct probe probes[] = {
	{ "any_of_proc", any_to_write, "changes the host by a file nobody thought of", "/proc" },
	{ "any_of_sys", any_to_write, "changes the host by a file nobody thought of", "/sys" },
	{ "any_of_root", any_to_write, "changes programs of the image", "/", .args = { 1 } },
	{ "any_device", any_device, "a device nobody thought of", "/" },
	{ "any_server", any_server, "a server of the host's", "/" },
	SERVER("docker", "/var/run/docker.sock", "containers as the host's root would start them"),
	SERVER("podman", "/run/podman/podman.sock", "the same"),
	SERVER("containerd", "/run/containerd/containerd.sock", "the same"),
	SERVER("crio", "/run/crio/crio.sock", "the same"),
	SERVER("dbus", "/run/dbus/system_bus_socket", "the host's services"),
	SERVER("systemd", "/run/systemd/private", "the host's services"),
	SERVER("notify", "/run/systemd/notify", "the host's services"),
	SERVER("journal", "/run/systemd/journal/socket", "the host's log"),
	SERVER("syslog", "/dev/log", "the host's log"),
	SERVER("udev", "/run/udev/control", "the host's devices"),
	SERVER("lxd", "/var/lib/lxd/unix.socket", "containers as the host's root would start them"),
	{ "process_uid_map", of_process, "other ids", "uid_map" },
	{ "process_setgroups", of_process, "drops a group that forbids", "setgroups" },
	{ "process_attr", of_process, "another label", "attr/current" },
	{ "process_attr_exec", of_process, "another label", "attr/exec" },
	{ "process_clear_refs", of_process, "soft-dirty pages, to win races", "clear_refs" },
	{ "process_core_filter", of_process, "more of it in cores", "coredump_filter" },
	{ "process_make_fail", of_process, "faults that are injected", "make-it-fail" },
	{ "process_autogroup", of_process, "runs before others", "autogroup" },
	{ "layers_path", layers, "where a program of its own lies on the host" },
};

const struct probe_table table_walk = PROBE_TABLE("escape", probes);
