/* SPDX-License-Identifier: Apache-2.0 */
/* What a further process of a container can be told before it is one. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "run/exec/exec_process.h"
#include "run/launch/runtime.h"
#include "run/root/rootfs.h"

static const char *path_of(const json_t *process)
{
	const json_t *v;
	size_t i;

	json_array_foreach(json_object_get(process, "env"), i, v)
	{
		if (starts_with(json_string_value(v), "PATH="))
			return json_string_value(v) + strlen("PATH=");
	}
	return "";
}

/* The runtime says it on our standard error, and once more where we look. */
static int check_folder(int root, const char *cwd, int *ret_status, struct err *e)
{
	auto_close int fd = fs_open_in_root(root, cwd, O_PATH | O_DIRECTORY, 0, NULL);

	if (fd >= 0)
		return 0;
	*ret_status = STATUS_CANNOT_INVOKE;
	return FAIL(e, E_FORMAT, "--workdir '%.200s' is not a folder of the container", cwd);
}

int exec_check(const json_t *process, pid_t pid, const struct exec_opts *o, int *ret_status,
	       struct err *e)
{
	const char *cwd = json_string_value(json_object_get(process, "cwd")) ?: "/";
	struct err why = ERR_INIT;
	char path[64];
	auto_close int root = -1;
	int r;

	if (!o->detach && !o->workdir)
		return 0;
	(void)snprintf(path, sizeof(path), "/proc/%d/root", (int)pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return FAIL_SYS(e, "open the container's root");
	r = o->workdir ? check_folder(root, cwd, ret_status, e) : 0;
	/* Nobody hears of what becomes of one in the background. */
	if (r < 0 || !o->detach)
		return r;
	r = rootfs_check_program(root, cwd, o->argv[0], path_of(process), &why);
	if (r == 0)
		return 0;
	*ret_status = r == E_NOTFOUND ? STATUS_NOT_FOUND : STATUS_CANNOT_INVOKE;
	return FAIL(e, E_FORMAT, "execute %.200s: %s", o->argv[0],
		    r == E_NOTFOUND ? strerror(ENOENT) : why.msg);
}
