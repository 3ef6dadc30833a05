/* SPDX-License-Identifier: Apache-2.0 */
#include "run/options/privileged.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/str.h"

enum { LIMIT_DEVICES = 4096, LIMIT_DEPTH = 8, LIMIT_NUMBER = 32 };

int privileged_caps(uint64_t *ret, struct err *e)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &head, data) < 0)
		return FAIL_SYS(e, "read our own capabilities");
	*ret = (uint64_t)data[1].permitted << 32 | data[0].permitted;
	return 0;
}

int privileged_caps_known(uint64_t *ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_NUMBER);
	uint64_t last = 0;
	int r = fs_read_user("/proc/sys/kernel/cap_last_cap", LIMIT_NUMBER, &text, e);

	if (r == 0)
		r = str_u64(str_trim(str_of(buf_str(&text))), 63, &last, e);
	if (r == 0)
		*ret = last == 63 ? UINT64_MAX : (1ULL << (last + 1)) - 1;
	return r;
}

/* The runtime makes these by itself, or there is one of the container's own. */
static bool is_own(const char *path)
{
	static const char *const own[] = {
		"/dev/pts",  "/dev/shm",  "/dev/mqueue", "/dev/console", "/dev/ptmx",	 "/dev/fd",
		"/dev/null", "/dev/zero", "/dev/full",	 "/dev/random",	 "/dev/urandom", "/dev/tty",
	};

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (strcmp(own[i], path) == 0)
			return true;
	return false;
}

static int add_device(json_t *list, const char *path, const struct stat *st, struct err *e)
{
	if (json_array_size(list) == LIMIT_DEVICES)
		return FAIL(e, E_SYSTEM, "/dev: more than %d devices", LIMIT_DEVICES);
	return json_push(list,
			 json_pack("{s:s, s:s, s:I, s:I, s:i, s:I, s:I}", "path", path, "type",
				   S_ISCHR(st->st_mode) ? "c" : "b", "major",
				   (json_int_t)major(st->st_rdev), "minor",
				   (json_int_t)minor(st->st_rdev), "fileMode",
				   (int)(st->st_mode & 07777), "uid", (json_int_t)st->st_uid, "gid",
				   (json_int_t)st->st_gid),
			 e);
}

static int add_folder(json_t *list, const char *folder, int depth, struct err *e)
{
	auto_closedir DIR *d = opendir(folder);
	struct dirent *ent;
	int r = 0;

	while (r == 0 && d && (ent = readdir(d))) {
		auto_free char *path = NULL;
		struct stat st;

		if (strcmp(ent->d_name, ".") == 0 || strcmp(ent->d_name, "..") == 0)
			continue;
		if (asprintf(&path, "%s/%s", folder, ent->d_name) < 0)
			return FAIL_NOMEM(e);
		if (is_own(path) || lstat(path, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode) && depth < LIMIT_DEPTH)
			r = add_folder(list, path, depth + 1, e);
		else if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
			r = add_device(list, path, &st, e);
	}
	return r;
}

int privileged_devices(json_t *config, struct err *e)
{
	json_t *linux_ = json_object_get(config, "linux"), *devices = json_array();
	json_t *resources = json_object_get(linux_, "resources");
	int r = add_folder(devices, "/dev", 0, e);

	if (r < 0) {
		json_decref(devices);
		return r;
	}
	r = json_put(linux_, "devices", devices, e);
	if (r < 0 || !resources) /* no control groups: the caller knows */
		return r;
	return json_put(resources, "devices",
			json_pack("[{s:b, s:s}]", "allow", 1, "access", "rwm"), e);
}
