/* SPDX-License-Identifier: Apache-2.0 */
#include "run/setup.h"
#include "run/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "oci/overlay.h"
#include "run/etc.h"
#include "run/mounts.h"
#include "run/rootfs.h"

enum { LIMIT_CONFIG = 8 * 1024 * 1024 };

/* overlayfs takes no folder whose descriptor is from before we left the host's mount namespace. */
static int mount_layers(const struct setup *s, const char *upper, const char *work,
			const char *root, struct err *e)
{
	struct state here;
	int r = state_open(&here, s->state->path, e);

	if (r < 0)
		return r;
	r = overlay_mount(&here, s->diff_ids, s->diff_ids_n, upper, work, root, false, e);
	state_close(&here);
	return r;
}

/*
 * The root: layers below, and above them a folder for what must be made to mount on. Of a read-only
 * root that is a small tmpfs which ends with this mount namespace; a writable one is kept on disk
 * until the container is removed.
 */
static int mount_root(const struct setup *s, int *ret_root, struct err *e)
{
	static const char *const parts[] = { "rootfs", "upper" };
	char root[4096], upper[4096], work[4096], top[4096];
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(parts) / sizeof(*parts); i++)
		r = fs_mkdir_p(s->c->fd, parts[i], 0700, e);
	if (r < 0)
		return r;
	if (snprintf(root, sizeof(root), "%s/rootfs", s->c->folder) >= (int)sizeof(root) ||
	    snprintf(top, sizeof(top), "%s/upper", s->c->folder) >= (int)sizeof(top) ||
	    snprintf(upper, sizeof(upper), "%.4000s/upper/fs", s->c->folder) >=
		    (int)sizeof(upper) ||
	    snprintf(work, sizeof(work), "%.4000s/upper/work", s->c->folder) >= (int)sizeof(work))
		return FAIL(e, E_SYSTEM, "path of the state folder is too long");
	if (!s->opts->writable && mount("tmpfs", top, "tmpfs", MS_NOSUID | MS_NODEV,
					"size=1m,nr_inodes=1024,mode=0700") < 0)
		return FAIL_SYS(e, "mount tmpfs on '%s'", top);
	if (mkdir(upper, 0755) < 0 || mkdir(work, 0700) < 0)
		return FAIL_SYS(e, "make '%s'", upper);
	r = mount_layers(s, upper, work, root, e);
	if (r < 0)
		return r;
	*ret_root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *ret_root < 0 ? FAIL_SYS(e, "open '%s'", root) : 0;
}

/* Every folder the profile mounts on: real, or made. Files in /etc are ours to replace. */
static int check_root(int root, struct err *e)
{
	static const char *const files[] = { "/etc/resolv.conf", "/etc/hosts", "/etc/hostname" };
	int r = rootfs_folder(root, "/etc", NULL, e);

	for (const struct profile_mount *m = profile_default.mounts; r == 0 && m->target; m++)
		/* What lies below /dev and /sys is made in the fresh mounts there. */
		if (!starts_with(m->target, "/dev/") && !starts_with(m->target, "/sys/"))
			r = rootfs_folder(root, m->target, NULL, e);
	for (size_t i = 0; r == 0 && i < sizeof(files) / sizeof(*files); i++)
		r = rootfs_file(root, files[i], true, NULL, e);
	return r;
}

static int write_config(const struct setup *s, const char *netns, const char *hostname,
			const struct user *user, const struct mounts *m, struct err *e)
{
	char cgroup[CONTAINER_ID + 16];
	auto_free char *root = NULL;
	auto_json *j = NULL;
	auto_buf text = BUF_INIT(LIMIT_CONFIG);
	struct winsize size = { 0 };
	int r;

	if (asprintf(&root, "%s/rootfs", s->c->folder) < 0)
		return FAIL_NOMEM(e);

	if (s->opts->tty && !s->opts->detach)
		(void)ioctl(STDIN_FILENO, TIOCGWINSZ, &size); /* else the runtime's own */

	const struct spec spec = { .profile = &profile_default,
				   .root = root,
				   .root_readonly = !s->opts->writable,
				   .hostname = hostname,
				   .cgroup = container_cgroup(s->c, cgroup),
				   .netns = netns,
				   .cgroup_ns = s->machine->cgroups == CGROUP_V2,
				   .argv = (const char *const *)s->command->argv.v,
				   .env = (const char *const *)s->command->env.v,
				   .cwd = s->command->cwd,
				   .user = user,
				   .terminal = s->opts->tty,
				   .rows = size.ws_row,
				   .columns = size.ws_col,
				   .caps = s->caps,
				   .limits = s->limits,
				   .mounts = m->v,
				   .mounts_n = m->n };

	r = spec_json(&spec, &j, e);
	if (r == 0)
		r = json_pretty(j, &text, e);
	return r == 0 ? file_put(s->c->fd, "config.json", buf_str(&text), text.n, e) : r;
}

static int check_command(const struct setup *s, int root, int *ret_status, struct err *e)
{
	const char *path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	int r;

	/* A volume may bring the program: then only the runtime can tell. */
	if (s->opts->volumes && s->opts->volumes->n)
		return 0;
	for (size_t i = 0; i < s->command->env.n; i++)
		if (starts_with(s->command->env.v[i], "PATH="))
			path = s->command->env.v[i] + 5;
	r = rootfs_check_program(root, s->command->cwd, s->command->argv.v[0], path, e);
	if (r < 0)
		*ret_status = r == E_NOTFOUND ? STATUS_NOT_FOUND : STATUS_CANNOT_INVOKE;
	return r;
}

int setup_prepare(void *arg, const char *netns, int *ret_status, struct err *e)
{
	const struct setup *s = arg;
	auto_mounts m = { 0 };
	auto_close int root = -1;
	char short_id[CONTAINER_SHORT + 1];
	const char *hostname = s->opts->hostname ?: short_id;
	struct user user;
	int r = process_identify(getpid(), &s->c->monitor, e);

	(void)snprintf(short_id, sizeof(short_id), "%.*s", CONTAINER_SHORT, s->c->id);
	if (r == 0)
		r = container_save(s->c, e);
	if (r == 0)
		r = mount_root(s, &root, e);
	if (r == 0)
		r = check_root(root, e);
	if (r == 0)
		r = user_resolve(root, s->command->user, &user, e);
	if (r == 0)
		r = etc_write(s->c->fd, hostname, netns != NULL, NULL, e);
	if (r == 0)
		r = mounts_collect(s, root, &m, e);
	if (r == 0)
		r = rootfs_check_cwd(root, s->command->cwd, e);
	if (r == 0)
		r = check_command(s, root, ret_status, e);
	return r == 0 ? write_config(s, netns, hostname, &user, &m, e) : r;
}
