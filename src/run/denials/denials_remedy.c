/* SPDX-License-Identifier: Apache-2.0 */
/* What would allow just that: the option, or the line of a profile. */
#include <inttypes.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "confine/profile.h"
#include "run/denials/denials.h"
#include "run/run.h"

#define MIB ((uint64_t)1 << 20)

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

static bool beneath(const char *path, const char *folder)
{
	const size_t n = strlen(folder);

	return strncmp(path, folder, n) == 0 && (path[n] == '/' || !path[n]);
}

/* Of policy: by name, and with a reason. */
static void put_policy(const char *word, const char *name, struct buf *ret)
{
	buf_printf(ret, " --reason TEXT, where plimsoll.yaml has run: allow: [%s%s]", word, name);
}

/* An option again, without a word among those behind its last ":" or ","; with another. */
static void put_asked(const struct denial_place *p, const char *without, const char *with,
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
static bool of_process(const char *path)
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
	static const char *const programs[] = { "/bin", "/boot", "/etc", "/lib", "/lib64",
						"/opt", "/sbin", "/usr", NULL };

	for (const char *const *p = programs; *p; p++)
		if (beneath(path, *p))
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
		if (folder.n < ret->n && beneath(buf_str(ret), buf_str(&folder))) {
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

static void readonly_remedy(const struct denials *all, const char *path, struct buf *ret)
{
	const struct denial_place p = denials_place(all, path);

	if (beneath(path, "/proc") || beneath(path, "/sys") || p.kind == PLACE_KERNEL)
		(void)sysctl_remedy(path, ret);
	else if (p.kind == PLACE_OWN)
		own_remedy(path, ret);
	else if (p.asked)
		put_asked(&p, p.by_mount && strstr(p.asked, "readonly") ? "readonly" : "ro", "",
			  ret);
	else if (p.kind == PLACE_ROOT)
		root_remedy(all, path, ret);
}

static void noexec_remedy(const struct denials *all, const char *path, struct buf *ret)
{
	const struct denial_place p = denials_place(all, path);

	if (p.asked && !p.by_mount)
		put_asked(&p, "noexec", "exec", ret);
	else if (p.kind == PLACE_MEMORY && !beneath(p.target, "/dev"))
		buf_printf(ret, "--profile FILE with the line exec: [%s]", p.target);
}

/* The first that is asked for would be missed again. */
static void capability_remedy(const struct denial *d, struct buf *ret)
{
	const char *name = cap_name(d->cap);

	if (!name)
		return;
	name += strlen("CAP_");
	if (d->cap == CAP_MKNOD) {
		buf_printf(ret, "--device %s", d->path);
		put_policy("device:", d->path, ret);
		return;
	}
	buf_printf(ret, "--cap-add %s", name);
	if (caps_of(profile_service_caps) & 1ULL << d->cap)
		buf_puts(ret, " (or --cap-add service: all of a service that begins as root)");
	else if (!run_cap_is_free(name))
		put_policy("cap:", name, ret);
}

static void seccomp_remedy(const struct denial *d, struct buf *ret)
{
	char name[DENIAL_CALL];
	struct denial_advice a;

	(void)denial_call(d, name);
	if (strcmp(name, "socket") == 0 && (d->a0 == AF_INET || d->a0 == AF_INET6)) {
		buf_puts(ret, "--cap-add NET_RAW");
		return;
	}
	if (strcmp(name, "chroot") == 0) {
		buf_puts(ret, "--cap-add SYS_CHROOT");
		return;
	}
	a = denial_advice_of(name);
	if (!a.profile)
		return;
	buf_printf(ret, "--profile FILE with the line syscalls: [%s]", a.profile);
	put_policy("syscalls", "", ret);
}

/* Twice what there is, in whole MiB. */
static void put_more(uint64_t now, uint64_t wanted, struct buf *ret)
{
	const uint64_t more = now * 2 > now + wanted ? now * 2 : now + wanted;

	buf_printf(ret, "%" PRIu64 "m", (more + MIB - 1) / MIB ?: 1);
}

static void space_remedy(const struct denials *all, const struct denial *d, struct buf *ret)
{
	const char *option = d->rule == DENIAL_SPACE ? "size=" : "nr_inodes=";
	const struct denial_place p = denials_place(all, d->path);
	auto_buf size = BUF_INIT(64), with = BUF_INIT(128);

	if (d->rule == DENIAL_SPACE)
		put_more(d->a0, d->a1, &size);
	else
		buf_printf(&size, "%" PRIu64, d->a0 * 2);
	buf_printf(&with, "%s%s", option, buf_str(&size));
	if (p.kind == PLACE_MEMORY && strcmp(p.target, "/dev/shm") == 0) {
		if (d->rule == DENIAL_SPACE)
			buf_printf(ret, "--shm-size %s", buf_str(&size));
	} else if (p.asked && !p.by_mount) {
		put_asked(&p, option, buf_str(&with), ret);
	} else if (p.target && !p.by_mount && !beneath(p.target, "/dev")) {
		buf_printf(ret, "--tmpfs %s:%s", p.target, buf_str(&with));
	}
}

/* Above the host's own limit none can be given. */
static void put_limit(int resource, const char *name, uint64_t wanted, struct buf *ret)
{
	struct rlimit host = { RLIM_INFINITY, RLIM_INFINITY };

	(void)getrlimit((__rlimit_resource_t)resource, &host);
	if (host.rlim_max == 0)
		return;
	if (host.rlim_max != RLIM_INFINITY && wanted > host.rlim_max)
		buf_printf(ret, "--ulimit %s=%" PRIu64 " (as much as the host's limit, ulimit -H)",
			   name, (uint64_t)host.rlim_max);
	else if (wanted >= INT64_MAX)
		buf_printf(ret, "--ulimit %s=-1", name);
	else
		buf_printf(ret, "--ulimit %s=%" PRIu64, name, wanted);
}

static void rlimit_remedy(const struct denial *d, struct buf *ret)
{
	const char *name = denial_limit_name(d);

	if (name)
		put_limit((int)d->a0, name, d->a1, ret);
}

void denial_remedy(const struct denials *all, const struct denial *d, struct buf *ret)
{
	switch (d->rule) {
	case DENIAL_SECCOMP: seccomp_remedy(d, ret); return;
	case DENIAL_READONLY: readonly_remedy(all, d->path, ret); return;
	case DENIAL_NOEXEC: noexec_remedy(all, d->path, ret); return;
	case DENIAL_CAPABILITY: capability_remedy(d, ret); return;
	case DENIAL_MEMORY:
		buf_puts(ret, "--memory ");
		if (d->a0 && d->a0 < UINT64_MAX / 4)
			put_more(d->a0, 0, ret);
		else
			buf_puts(ret, "SIZE");
		return;
	case DENIAL_PIDS:
		if (d->a0)
			buf_printf(ret, "--pids-limit %" PRIu64, d->a0 * 2);
		else
			buf_puts(ret, "--pids-limit N");
		return;
	case DENIAL_PORT:
		buf_printf(ret, "%" PRIu64 " in the profile's line %s", d->a0,
			   d->a1 ? "connect: [...]" : "bind: [...]");
		return;
	case DENIAL_NETWORK: buf_puts(ret, "run it without --network none"); return;
	case DENIAL_SPACE:
	case DENIAL_INODES: space_remedy(all, d, ret); return;
	case DENIAL_FILES:
		put_limit(RLIMIT_NOFILE, "nofile", d->a0 < d->a1 ? d->a1 : d->a0 * 2, ret);
		return;
	case DENIAL_RLIMIT: rlimit_remedy(d, ret); return;
	case DENIAL_SETID:
	case DENIAL_ID:
	case DENIAL_LANDLOCK:
	case DENIAL_OTHERS: return;
	}
}

void denial_instead(const struct denials *all, const struct denial *d, struct buf *ret)
{
	char name[DENIAL_CALL];
	const char *text = NULL;

	if (d->rule == DENIAL_SECCOMP)
		text = denial_advice_of(denial_call(d, name)).instead;
	else if (d->rule == DENIAL_READONLY && beneath(d->path, "/proc"))
		text = of_process(d->path) ? "a process's own /proc is read-only, which keeps its "
					     "memory from being written through it"
					   : "what is set there is the host's";
	else if (d->rule == DENIAL_NOEXEC && beneath(d->path, "/dev"))
		text = "have it use another folder: --tmpfs /PATH:exec";
	else if (d->rule == DENIAL_NOEXEC && denials_place(all, d->path).by_mount)
		text = "mount it by -v ...:exec";
	else if (d->rule == DENIAL_ID)
		text = "use an id below 65536";
	else if (d->rule == DENIAL_SETID)
		text = "start the container as that user: --user 0";
	else if (d->rule == DENIAL_LANDLOCK)
		text = "have it use a folder of its own, in /run or /tmp";
	if (text)
		buf_puts(ret, text);
}

/* What is said of it; of one that nothing allows that is the same for one system call only. */
static void put_advice(const struct denials *all, const struct denial *d, struct buf *ret)
{
	denial_remedy(all, d, ret);
	if (ret->n)
		return;
	denial_instead(all, d, ret);
	if (ret->n)
		buf_printf(ret, " %d %" PRIu64, d->nr, d->a0);
}

size_t denials_like(const struct denials *all, size_t i)
{
	auto_buf own = BUF_INIT(4096);

	put_advice(all, &all->v[i], &own);
	for (size_t k = 0; own.n && k < i; k++) {
		auto_buf other = BUF_INIT(4096);

		if (all->v[k].rule != all->v[i].rule ||
		    denial_usual(&all->v[k]) != denial_usual(&all->v[i]))
			continue;
		put_advice(all, &all->v[k], &other);
		if (strcmp(buf_str(&own), buf_str(&other)) == 0)
			return k;
	}
	return i;
}
