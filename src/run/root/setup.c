/* SPDX-License-Identifier: Apache-2.0 */
#include "run/root/setup.h"
#include "run/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/userns.h"
#include "confine/seccomp_file.h"
#include "oci/overlay.h"
#include "run/groups/take.h"
#include "run/launch/guard.h"
#include "run/launch/join.h"
#include "run/launch/launch_network.h"
#include "run/launch/namespaces.h"
#include "run/lsm.h"
#include "run/options/environment.h"
#include "run/options/needs.h"
#include "run/options/options.h"
#include "run/options/privileged.h"
#include "run/root/berth.h"
#include "run/root/disk.h"
#include "run/root/etc.h"
#include "run/root/mounts.h"
#include "run/root/rootfs.h"

enum { LIMIT_CONFIG = 8 * 1024 * 1024 };

/* The state's layers with the container's ids. */
static int show_layers(const struct setup *s, struct berth *berth, char **ret, struct err *e)
{
	auto_free char *path = NULL;
	auto_close int fd = -1;

	if (asprintf(&path, "%s/layers", s->state->path) < 0)
		return FAIL_NOMEM(e);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? FAIL_SYS(e, "open '%s'", path) : berth_show(berth, fd, true, ret, e);
}

/* Its folder "/" is the container's own root's, whoever made it. */
static int make_upper(const struct setup *s, const char *upper, const char *work, struct err *e)
{
	const uid_t owner = setup_id_base(s);

	/* A writable root is there already when it is started again. */
	if (mkdir(upper, 0755) < 0 && (errno != EEXIST || !s->opts->again))
		return FAIL_SYS(e, "make '%s'", upper);
	if ((mkdir(work, 0700) < 0 && errno != EEXIST) || chown(upper, owner, owner) < 0)
		return FAIL_SYS(e, "make '%s'", upper);
	return 0;
}

/* By path: our descriptor of the folder is of the host's mount namespace, where nothing lies. */
static bool is_mounted(const struct setup *s)
{
	auto_free char *path = launch_path(s->c->folder, DISK_MOUNT);
	struct stat own, there;

	return path && fstat(s->c->fd, &own) == 0 && lstat(path, &there) == 0 &&
	       own.st_dev != there.st_dev;
}

static int mount_disk(const struct setup *s, struct err *e)
{
	uint64_t size = 0;
	int r = 0;

	if (is_mounted(s))
		return 0;
	if (!disk_there(s->c->fd) && !disk_possible())
		return err_hint(e, FAIL(e, E_POLICY, "%s", need_lacks(NEED_DISK)),
				"%s; or run: {without: [%s]} in plimsoll.yaml",
				need_mend(NEED_DISK), need_name(NEED_DISK));
	if (!disk_there(s->c->fd)) {
		r = disk_size(s->c->fd, s->limits.disk, &size, e);
		if (r == 0)
			r = disk_make(s->c->fd, s->c->folder, s->opts->disk ?: size, e);
	}
	return r == 0 ? disk_mount(s->c->fd, s->c->folder, e) : r;
}

int setup_disk(const struct setup *s, char **ret_path, int *ret_fd, struct err *e)
{
	const bool bounded = disk_there(s->c->fd) || s->limits.disk;
	auto_free char *path = NULL;
	auto_close int fd = -1;
	/* One that began without stays so. */
	const bool before = fs_exists(s->c->fd, "upper") || fs_exists(s->c->fd, "volumes");
	int r = bounded && (disk_there(s->c->fd) || !before) ? mount_disk(s, e) : 0;

	if (r < 0)
		return r;
	if (asprintf(&path, "%s%s", s->c->folder, disk_there(s->c->fd) ? "/" DISK_MOUNT : "") < 0)
		return FAIL_NOMEM(e);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return FAIL_SYS(e, "open '%s'", path);
	*ret_path = TAKE(path);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int setup_root(const struct setup *s, struct berth *berth, char **ret_path, int *ret_root,
	       struct err *e)
{
	auto_free char *layers = NULL, *upper = NULL, *work = NULL, *path = NULL, *disk = NULL;
	auto_close int disk_fd = -1;
	const bool writable = s->opts->writable;
	int r = writable ? setup_disk(s, &disk, &disk_fd, e) : 0;
	const char *top = writable ? disk : berth->path;

	if (r < 0)
		return r;
	if (asprintf(&path, "%s/rootfs", berth->path) < 0 ||
	    asprintf(&upper, "%s/upper/fs", top) < 0 || asprintf(&work, "%s/upper/work", top) < 0)
		return FAIL_NOMEM(e);
	r = fs_mkdir_p(writable ? disk_fd : berth->fd, "upper", 0700, e);
	if (r == 0)
		r = fs_mkdir_p(berth->fd, "rootfs", 0755, e);
	if (r == 0)
		r = make_upper(s, upper, work, e);
	if (r == 0)
		r = show_layers(s, berth, &layers, e);
	if (r == 0)
		r = overlay_mount_layers(layers, s->diff_ids, s->diff_ids_n, upper, work, path,
					 false, e);
	if (r < 0)
		return r;
	*ret_root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*ret_root < 0)
		return FAIL_SYS(e, "open '%s'", path);
	*ret_path = TAKE(path);
	return 0;
}

/* Every folder the profile mounts on: real, or made. Files in /etc are ours to replace. */
static int check_root(const struct profile *p, int root, struct err *e)
{
	static const char *const files[] = { "/etc/resolv.conf", "/etc/hosts", "/etc/hostname" };
	int r = rootfs_folder(root, "/etc", NULL, e);

	for (const struct profile_mount *m = p->mounts; r == 0 && m->target; m++)
		/* What lies below /dev and /sys is made in the fresh mounts there. */
		if (!starts_with(m->target, "/dev/") && !starts_with(m->target, "/sys/"))
			r = rootfs_folder(root, m->target, NULL, e);
	for (size_t i = 0; r == 0 && i < sizeof(files) / sizeof(*files); i++)
		r = rootfs_file(root, files[i], true, NULL, e);
	return r;
}

bool setup_own_ids(const struct run_opts *o)
{
	return !o->share.host[SHARE_USER];
}

uint32_t setup_id_base(const struct setup *s)
{
	return userns_inside() || !setup_own_ids(s->opts) ? 0 : s->c->id_base;
}

bool setup_guarded(const struct run_opts *o)
{
	return !setup_profile(o)->no_seccomp && guard_available();
}

/* The guard's socket by a short name: runc connects by the path itself, and an address has room for
 * 107 bytes. */
static int link_guard(const struct setup *s, const struct berth *berth, char **ret, struct err *e)
{
	auto_free char *real = NULL, *path = NULL;

	if (asprintf(&real, "%s/" GUARD_SOCKET, s->c->folder) < 0 ||
	    asprintf(&path, "%s/" GUARD_SOCKET, berth->path) < 0)
		return FAIL_NOMEM(e);
	/* An ordinary user's berth is no shorter. */
	if (userns_inside()) {
		*ret = TAKE(real);
		return 0;
	}
	if (symlink(real, path) < 0)
		return FAIL_SYS(e, "make '%s'", path);
	*ret = TAKE(path);
	return 0;
}

/* Those that it has; all that there are, where it is in the host's. */
static uint32_t ids_there(const struct run_opts *o)
{
	return setup_own_ids(o) || userns_inside() ? namespaces_ids() : 0;
}

static bool without_groups(const struct setup *s)
{
	return s->machine->cgroups == CGROUP_DENIED && !s->machine->delegated;
}

/* The other container's shared memory, which goes with its queues and segments. */
static int show_shm(const struct setup *s, const struct berth *berth, char **ret, struct err *e)
{
	auto_free char *path = NULL;
	auto_close int tree = -1;
	int r = join_tree(s->join, "/dev/shm", &tree, e);

	if (r == 0 && asprintf(&path, "%s/joined-shm", berth->path) < 0)
		return FAIL_NOMEM(e);
	if (r == 0 && (mkdir(path, 0700) < 0 ||
		       move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0))
		r = FAIL_SYS(e, "show the other container's /dev/shm");
	if (r == 0)
		*ret = TAKE(path);
	return r;
}

/* More than the loopback interface, be it its own or another's. */
static bool has_network(const struct setup *s)
{
	return s->join->kind[SHARE_NETWORK] ? s->join->network : !s->opts->no_network;
}

static int write_config(const struct setup *s, const struct berth *berth, const char *root,
			const char *netns, const char *hostname, const struct user *user,
			const struct mounts *m, struct err *e)
{
	char cgroup[CONTAINER_ID + 16];
	auto_free char *userns = NULL, *guard = NULL, *pidns = NULL, *ipcns = NULL, *shm = NULL;
	auto_json *j = NULL;
	auto_buf text = BUF_INIT(LIMIT_CONFIG);
	auto_buf filter = BUF_INIT(LIMIT_CONFIG);
	auto_strv env = { 0 };
	struct winsize size = { 0 };
	const bool *host = s->opts->share.host, *joined = s->join->kind;
	int r;

	if (asprintf(&userns, "%s/" LAUNCH_USERNS, s->c->folder) < 0 ||
	    asprintf(&pidns, "%s/" LAUNCH_PIDNS, s->c->folder) < 0 ||
	    asprintf(&ipcns, "%s/" LAUNCH_IPCNS, s->c->folder) < 0)
		return FAIL_NOMEM(e);
	if (joined[SHARE_IPC] && (r = show_shm(s, berth, &shm, e)) < 0)
		return r;
	r = setup_guarded(s->opts) ? link_guard(s, berth, &guard, e) : 0;
	if (r == 0 && s->opts->seccomp_file)
		r = seccomp_file_read(s->opts->seccomp_file, s->caps, &filter, e);
	if (r == 0)
		r = environment_make(s, hostname, user, &env, e);
	if (r < 0)
		return r;
	if (s->opts->tty && !s->opts->detach)
		(void)ioctl(STDIN_FILENO, TIOCGWINSZ, &size); /* else the runtime's own */

	const struct spec spec = {
		.profile = setup_profile(s->opts),
		.root = root,
		.root_readonly = !s->opts->writable,
		.hostname = hostname,
		.cgroup = without_groups(s) ? NULL : container_cgroup(s->c, cgroup),
		.netns = host[SHARE_NETWORK] ? SPEC_HOST : netns,
		.pidns = host[SHARE_PID]     ? SPEC_HOST
			 : joined[SHARE_PID] ? pidns
					     : NULL,
		.ipcns = host[SHARE_IPC]     ? SPEC_HOST
			 : joined[SHARE_IPC] ? ipcns
					     : NULL,
		.utsns = host[SHARE_UTS] ? SPEC_HOST : NULL,
		.shm = host[SHARE_IPC] ? "/dev/shm" : shm,
		.no_mqueue = host[SHARE_IPC] && access("/dev/mqueue", F_OK) < 0,
		.network_shared = host[SHARE_NETWORK] || joined[SHARE_NETWORK],
		.userns = setup_own_ids(s->opts) ? userns : NULL,
		.id_base = setup_id_base(s),
		.ids = ids_there(s->opts),
		.cgroup_ns = !host[SHARE_CGROUP] && s->machine->cgroups != CGROUP_NONE,
		.no_network = !has_network(s) && !host[SHARE_NETWORK],
		.argv = (const char *const *)s->command->argv.v,
		.env = (const char *const *)env.v,
		.cwd = s->command->cwd,
		.user = user,
		.shim = !setup_profile(s->opts)->no_landlock,
		.init = s->opts->init,
		.held = lsm_apparmor() && !setup_profile(s->opts)->no_apparmor,
		.filter = s->opts->seccomp_file ? buf_str(&filter) : NULL,
		.gated = s->opts->decide && !s->opts->detach,
		.guard = guard,
		.look = s->opts->look,
		.look_reads = s->opts->look_reads,
		.new_privileges = setup_profile(s->opts)->new_privileges,
		.terminal = s->opts->tty,
		.rows = size.ws_row,
		.columns = size.ws_col,
		.caps = s->caps,
		.limits = s->limits,
		.mounts = m->v,
		.mounts_n = m->n
	};

	r = spec_json(&spec, &j, e);
	if (r == 0)
		r = options_apply(s, j, e);
	if (r == 0 && setup_profile(s->opts)->host_devices)
		r = privileged_devices(j, e);
	if (r == 0)
		r = lsm_apply(s, &spec, j, e);
	if (r == 0 && s->machine->delegated)
		r = groups_take(s->c->folder, cgroup, berth->path, j, e);
	if (r == 0)
		r = runtime_adapt(s->runtime, j, e);
	if (r == 0)
		r = json_pretty(j, &text, e);
	return r == 0 ? file_put(s->c->fd, "config.json", buf_str(&text), text.n, e) : r;
}

static int check_command(const struct setup *s, int root, int *ret_status, struct err *e)
{
	const char *path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	int r;

	/* A volume may bring the program: then only the runtime can tell. */
	if ((s->opts->volumes && s->opts->volumes->n) || (s->opts->mounts && s->opts->mounts->n))
		return 0;
	for (size_t i = 0; i < s->command->env.n; i++)
		if (starts_with(s->command->env.v[i], "PATH="))
			path = s->command->env.v[i] + 5;
	r = rootfs_check_program(root, s->command->cwd, s->command->argv.v[0], path, e);
	if (r < 0)
		*ret_status = r == E_NOTFOUND ? STATUS_NOT_FOUND : STATUS_CANNOT_INVOKE;
	return r;
}

/* Nobody but the container needs these files. */
static int write_etc(const struct setup *s, const struct berth *berth, const char *hostname,
		     struct err *e)
{
	const struct run_opts *o = s->opts;
	const struct etc etc = { .hostname = hostname,
				 .network = has_network(s),
				 .host_network = o->share.host[SHARE_NETWORK],
				 .hosts = o->hosts,
				 .dns = o->dns,
				 .dns_search = o->dns_search,
				 .dns_options = o->dns_options };
	auto_close int folder = open(berth->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return folder < 0 ? FAIL_SYS(e, "open '%s'", berth->path) : etc_write(folder, &etc, e);
}

/* Of the ids that its namespace has. */
static int check_ids(const char *text, const struct user *u, struct err *e)
{
	const uint32_t ids = namespaces_ids();
	bool there = u->uid < ids && u->gid < ids;

	for (size_t i = 0; i < u->groups_n; i++)
		there &= u->groups[i] < ids;
	return there ? 0
		     : FAIL(e, E_USAGE, "user '%.100s': a container's users and groups are 0 to %u",
			    text, ids - 1);
}

/* In the berth, everything that config.json then names. */
static int prepare(const struct setup *s, struct berth *berth, const char *netns, int *ret_status,
		   struct err *e)
{
	auto_mounts m = { 0 };
	auto_free char *path = NULL;
	auto_close int root = -1;
	char short_id[CONTAINER_SHORT + 1], host_name[HOST_NAME_MAX + 1] = "";
	const char *hostname = s->opts->share.host[SHARE_UTS] ? host_name
			       : s->opts->hostname	      ? s->opts->hostname
							      : short_id;
	struct user user;
	int r = setup_root(s, berth, &path, &root, e);

	(void)gethostname(host_name, sizeof(host_name) - 1);
	(void)snprintf(short_id, sizeof(short_id), "%.*s", CONTAINER_SHORT, s->c->id);
	if (r == 0)
		r = check_root(setup_profile(s->opts), root, e);
	if (r == 0)
		r = user_resolve(root, s->command->user, &user, e);
	if (r == 0)
		r = options_groups(s->opts, root, &user, e);
	if (r == 0)
		r = setup_own_ids(s->opts) ? check_ids(s->command->user, &user, e) : 0;
	if (r == 0)
		r = write_etc(s, berth, hostname, e);
	if (r == 0)
		r = mounts_collect(s, berth, root, &user, &m, e);
	if (r == 0)
		r = rootfs_make_cwd(root, s->command->cwd, setup_id_base(s), e);
	if (r == 0)
		r = check_command(s, root, ret_status, e);
	return r == 0 ? write_config(s, berth, path, netns, hostname, &user, &m, e) : r;
}

int setup_prepare(void *arg, const char *netns, int *ret_status, struct err *e)
{
	const struct setup *s = arg;
	auto_free char *userns = NULL;
	struct berth berth = BERTH_INIT;
	int r = process_identify(getpid(), &s->c->monitor, e);

	if (asprintf(&userns, "%s/" LAUNCH_USERNS, s->c->folder) < 0)
		return FAIL_NOMEM(e);
	if (r == 0)
		r = container_save(s->c, e);
	if (r == 0)
		r = berth_open(s->c->folder, setup_own_ids(s->opts) ? userns : NULL, &berth, e);
	if (r == 0)
		r = prepare(s, &berth, netns, ret_status, e);
	berth_free(&berth);
	return r;
}
