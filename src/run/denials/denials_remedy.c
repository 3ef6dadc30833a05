/* SPDX-License-Identifier: Apache-2.0 */
/* What would allow just that: the option, or the line of a profile. */
#include <inttypes.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "confine/apparmor.h"
#include "confine/profile.h"
#include "run/denials/denials.h"
#include "run/denials/denials_folders.h"
#include "run/run.h"

#define MIB ((uint64_t)1 << 20)

/* Of policy: by name, and with a reason. */
static void put_policy(const char *word, const char *name, struct buf *ret)
{
	buf_printf(ret, " --reason TEXT, where plimsoll.yaml has run: allow: [%s%s]", word, name);
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
		denial_put_asked(&p, option, buf_str(&with), ret);
	} else if (p.target && !p.by_mount && !denial_beneath(p.target, "/dev")) {
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

/* As much as was wanted of it at most: many try less and less. */
static void rlimit_remedy(const struct denials *all, const struct denial *d, struct buf *ret)
{
	const char *name = denial_limit_name(d);
	uint64_t wanted = d->a1;

	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].rule == DENIAL_RLIMIT && all->v[i].a0 == d->a0 &&
		    all->v[i].a1 > wanted)
			wanted = all->v[i].a1;
	if (name)
		put_limit((int)d->a0, name, wanted, ret);
}

/* The profile is made from what the options say, so that they are what changes it; one of the
 * user's own has lines. */
static void apparmor_remedy(const struct denials *all, const struct denial *d, struct buf *ret)
{
	const struct denial_apparmor *a = d->apparmor;
	struct denial other = *d;

	if (!a)
		return;
	if (!starts_with(a->profile, APPARMOR_PREFIX)) {
		if (*a->line)
			buf_printf(ret, "the line '%s' in the profile %s", a->line, a->profile);
		return;
	}
	if (*a->cap && cap_parse(a->cap, &other.cap, NULL) == 0)
		capability_remedy(&other, ret);
	else if (*d->path == '/' && strpbrk(a->mask, "xm"))
		denial_noexec_remedy(all, d->path, ret);
	else if (*d->path == '/' && strpbrk(a->mask, "wcdal"))
		denial_readonly_remedy(all, d->path, ret);
	if (ret->n)
		return;
	buf_puts(ret, "--profile FILE with the line apparmor: off");
	put_policy("apparmor-unconfined", "", ret);
}

/* That which the path lies in, for whoever the program has become by then. */
static void put_folder(const char *path, struct buf *ret)
{
	const char *slash = strrchr(path, '/');

	if (slash && slash > path)
		buf_printf(ret, "--tmpfs %.*s:mode=1777", (int)(slash - path), path);
}

void denial_remedy(const struct denials *all, const struct denial *d, struct buf *ret)
{
	switch (d->rule) {
	case DENIAL_SECCOMP: seccomp_remedy(d, ret); return;
	case DENIAL_READONLY: denial_readonly_remedy(all, d->path, ret); return;
	case DENIAL_NOEXEC: denial_noexec_remedy(all, d->path, ret); return;
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
	case DENIAL_APPARMOR: apparmor_remedy(all, d, ret); return;
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
	case DENIAL_RLIMIT: rlimit_remedy(all, d, ret); return;
	case DENIAL_UNMADE: put_folder(d->path, ret); return;
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

	if (d->rule == DENIAL_SECCOMP && d->a0 == AF_PACKET &&
	    strcmp(denial_call(d, name), "socket") == 0)
		text = "record packets on the host";
	else if (d->rule == DENIAL_SECCOMP)
		text = denial_advice_of(denial_call(d, name)).instead;
	else if (d->rule == DENIAL_READONLY && denial_beneath(d->path, "/proc"))
		text = denial_of_process(d->path)
			       ? "a process's own /proc is read-only, which keeps its "
				 "memory from being written through it"
			       : "what is set there is the host's";
	else if (d->rule == DENIAL_NOEXEC && denial_beneath(d->path, "/dev"))
		text = "have it use another folder: --tmpfs /PATH:exec";
	else if (d->rule == DENIAL_NOEXEC && denials_place(all, d->path).by_mount)
		text = "mount it by -v ...:exec";
	else if (d->rule == DENIAL_RLIMIT && denial_limit_name(d))
		text = "the host itself gives no more (ulimit -H)";
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
