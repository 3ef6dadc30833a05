/* SPDX-License-Identifier: Apache-2.0 */
/* What would allow it, of refusals that are about folders and mounts. */
#include "run/denials/denials_folders.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

enum { DENIAL_FOLDER = 4096 };

/* The folder in which something was to be changed; a name under which a socket or file is. */
static void put_folder(const char *path, struct buf *ret)
{
	const char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		buf_puts(ret, path);
	else
		buf_printf(ret, "%.*s", (int)(slash - path), path);
}

bool denial_beneath(const char *path, const char *folder)
{
	const size_t n = strlen(folder);

	return strncmp(path, folder, n) == 0 && (path[n] == '/' || !path[n]);
}

/* An option again, without a word among those behind its last ":" or ","; with another. */
void denial_put_asked(const struct denial_place *p, const char *without, const char *with,
		      struct buf *ret)
{
	const char mark = p->by_mount ? ',' : ':';
	const char *target = strstr(p->asked, p->target);
	struct str rest = str_of(target ? target + strlen(p->target) : ""), word;
	bool first = true;

	buf_printf(ret, "%s %.*s",
		   p->by_mount		    ? "--mount"
		   : p->kind == PLACE_TMPFS ? "--tmpfs"
					    : "-v",
		   (int)(p->asked && target ? target - p->asked + (long)strlen(p->target) : 0),
		   p->asked);
	while (rest.n && (*rest.p == ':' || *rest.p == ','))
		rest = (struct str){ rest.p + 1, rest.n - 1 };
	while (rest.n && str_cut(&rest, ',', &word)) {
		if (str_eqz(word, without) ||
		    (without[strlen(without) - 1] == '=' && word.n > strlen(without) &&
		     strncmp(word.p, without, strlen(without)) == 0))
			continue;
		buf_printf(ret, "%c%.*s", first ? mark : ',', (int)word.n, word.p);
		first = false;
	}
	if (*with)
		buf_printf(ret, "%c%s", first ? mark : ',', with);
}

/* Those of /proc/sys that a container has of its own. */
static bool sysctl_remedy(const char *path, struct buf *ret)
{
	static const char *const own[] = { "/proc/sys/net/",	   "/proc/sys/kernel/shm",
					   "/proc/sys/kernel/msg", "/proc/sys/kernel/sem",
					   "/proc/sys/fs/mqueue/", NULL };

	for (const char *const *o = own; *o; o++)
		if (strncmp(path, *o, strlen(*o)) == 0) {
			buf_puts(ret, "--sysctl ");
			for (const char *c = path + strlen("/proc/sys/"); *c; c++)
				buf_put(ret, *c == '/' ? "." : c, 1);
			buf_puts(ret, "=VALUE");
			return true;
		}
	return false;
}

/* /proc/self/x, /proc/12/x: settings of a process, beside its memory. */
bool denial_of_process(const char *path)
{
	return strncmp(path, "/proc/self/", 11) == 0 ||
	       strncmp(path, "/proc/thread-self/", 18) == 0 ||
	       (strncmp(path, "/proc/", 6) == 0 && path[6] >= '0' && path[6] <= '9');
}

static void own_remedy(const char *path, struct buf *ret)
{
	if (strcmp(path, "/etc/hosts") == 0)
		buf_puts(ret, "--add-host NAME:ADDRESS");
	else if (strcmp(path, "/etc/resolv.conf") == 0)
		buf_puts(ret, "--dns ADDRESS");
	else if (strcmp(path, "/etc/hostname") == 0)
		buf_puts(ret, "--hostname NAME");
}

/* Folders of programs and of the system are changed where they are. */
static bool changed_in_place(const char *path)
{
	static const char *const programs[] = { "/bin",		"/boot",	 "/etc",
						"/lib",		"/lib64",	 "/opt",
						"/sbin",	"/usr",		 "/var/cache/apt",
						"/var/lib/apt", "/var/lib/dpkg", NULL };

	for (const char *const *p = programs; *p; p++)
		if (denial_beneath(path, *p))
			return true;
	return strrchr(path, '/') == path;
}

/* The outermost folder among those that were to be changed in which this one lies. */
static void outer_folder(const struct denials *all, const char *path, struct buf *ret)
{
	put_folder(path, ret);
	for (size_t i = 0; i < all->n; i++) {
		const char *other = all->v[i].path;
		auto_buf folder = BUF_INIT(DENIAL_FOLDER);

		if (all->v[i].rule != DENIAL_READONLY || changed_in_place(other) ||
		    denials_place(all, other).kind != PLACE_ROOT)
			continue;
		put_folder(other, &folder);
		if (folder.n < ret->n && denial_beneath(buf_str(ret), buf_str(&folder))) {
			buf_reset(ret);
			buf_puts(ret, buf_str(&folder));
		}
	}
}

/* A volume begins as what the image has there. */
static void root_remedy(const struct denials *all, const char *path, struct buf *ret)
{
	auto_buf folder = BUF_INIT(DENIAL_FOLDER);

	if (changed_in_place(path)) {
		buf_puts(ret, "--read-only=false");
		return;
	}
	outer_folder(all, path, &folder);
	buf_printf(ret,
		   "-v NAME:%s (as the image has it, and kept), or --tmpfs %s (empty, in memory)",
		   buf_str(&folder), buf_str(&folder));
}

void denial_readonly_remedy(const struct denials *all, const char *path, struct buf *ret)
{
	const struct denial_place p = denials_place(all, path);

	if (denial_beneath(path, "/proc") || denial_beneath(path, "/sys") || p.kind == PLACE_KERNEL)
		(void)sysctl_remedy(path, ret);
	else if (p.kind == PLACE_OWN)
		own_remedy(path, ret);
	else if (p.asked)
		denial_put_asked(&p, p.by_mount && strstr(p.asked, "readonly") ? "readonly" : "ro",
				 "", ret);
	else if (p.kind == PLACE_ROOT)
		root_remedy(all, path, ret);
}

void denial_noexec_remedy(const struct denials *all, const char *path, struct buf *ret)
{
	const struct denial_place p = denials_place(all, path);

	if (p.asked && !p.by_mount)
		denial_put_asked(&p, "noexec", "exec", ret);
	else if (p.kind == PLACE_MEMORY && !denial_beneath(p.target, "/dev"))
		buf_printf(ret, "--profile FILE with the line exec: [%s]", p.target);
}
