/* SPDX-License-Identifier: Apache-2.0 */
/* Both ends of a copy, each started in its sandbox. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "run/copy/copy_end.h"
#include "sandbox/sandbox.h"

enum { LIMIT_CPU_S = 3600 };

/* Files of a container are made by its own root: the file systems of its user namespace know no
 * other. The sandbox gives its child back the capabilities that this takes. */
static void act_as(uint32_t id)
{
	(void)setfsgid(id);
	(void)setfsuid(id);
}

static int count(const struct buf *said, uint64_t *ret)
{
	uint64_t n = 0;

	(void)str_u64(str_of(buf_str(said)), UINT64_MAX, &n, NULL);
	*ret = n;
	return 0;
}

/* One end, begun: a descriptor that is not one of the three that every sandbox closes. */
struct running {
	struct end *x;
	struct sandbox box;
	struct sandboxed child;
};

static int begin(struct running *ret, const struct copy_place *place, const char *as, int fd,
		 struct err *e)
{
	int (*const fn)(void *, struct buf *, struct err *) =
		as ? copy_send_child : copy_receive_child;
	struct end *x = calloc(1, sizeof(*x));
	const uid_t uid = geteuid();
	const gid_t gid = getegid();
	int r;

	if (!x)
		return FAIL_NOMEM(e);
	*x = (struct end){ .place = place, .as = as, .fd = fcntl(fd, F_DUPFD_CLOEXEC, 3) };
	ret->x = x;
	ret->box = (struct sandbox){ .what = as ? "copy out" : "copy in",
				     .keep = &x->fd,
				     .keep_n = 1,
				     .write_dir = place->dir,
				     .keep_caps = uid == 0,
				     .cpu_seconds = LIMIT_CPU_S };
	if (x->fd < 0) {
		free(x);
		return FAIL_SYS(e, "dup");
	}
	if (uid == 0)
		act_as(place->id_base);
	r = sandbox_start(&ret->box, fn, x, 64, &ret->child, e);
	if (uid == 0) {
		(void)setfsgid(gid);
		(void)setfsuid(uid);
	}
	(void)close(x->fd);
	if (r < 0)
		free(x);
	return r;
}

static int finish(struct running *p, uint64_t *ret_skipped, struct err *e)
{
	auto_buf said = BUF_INIT(64);
	int r = sandbox_wait(&p->box, &p->child, &said, e);

	free(p->x);
	return r < 0 || !ret_skipped ? r : count(&said, ret_skipped);
}

int copy_send(const struct copy_place *from, const char *as, int fd, uint64_t *ret_skipped,
	      struct err *e)
{
	struct running p;
	int r = begin(&p, from, as, fd, e);

	return r == 0 ? finish(&p, ret_skipped, e) : r;
}

/* The kernel's word for it is not the user's. */
static int explain(const struct copy_place *to, int r, struct err *e)
{
	if (r < 0 && e && e->sys == EROFS && !to->host)
		return err_hint(
			e, r,
			"its root is read-only: copy to a volume or to /tmp, or run it with "
			"--read-only=false");
	return r;
}

int copy_receive(const struct copy_place *to, int fd, struct err *e)
{
	struct running p;
	int r = begin(&p, to, NULL, fd, e);

	return r == 0 ? explain(to, finish(&p, NULL, e), e) : r;
}

int copy_between(const struct copy_place *from, const struct copy_place *to, uint64_t *ret_skipped,
		 struct err *e)
{
	struct err other = ERR_INIT;
	struct running p;
	int fds[2], r, w;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return FAIL_SYS(e, "pipe");
	r = begin(&p, from, to->leaf, fds[1], e);
	(void)close(fds[1]);
	if (r < 0) {
		(void)close(fds[0]);
		return r;
	}
	r = copy_receive(to, fds[0], e);
	(void)close(fds[0]);
	w = finish(&p, ret_skipped, &other);
	/* What the one end could not read is why the other had too little. */
	if (w < 0 && (r == 0 || r == E_FORMAT) && other.sys != EPIPE) {
		if (e)
			*e = other;
		return w;
	}
	return r;
}
