/* SPDX-License-Identifier: Apache-2.0 */
#include "run/machine.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/str.h"

/* Field 3 (state) and 22 (start time) of /proc/PID/stat; the name before them may hold anything. */
static int read_stat(pid_t pid, char *ret_state, uint64_t *ret_start, struct err *e)
{
	auto_buf text = BUF_INIT(4096);
	char path[64];
	struct str rest, word;
	const char *close_paren;
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	r = fs_read_user(path, 4096, &text, e);
	if (r < 0)
		return r;
	close_paren = strrchr(buf_str(&text), ')');
	if (!close_paren || !close_paren[1])
		return FAIL(e, E_SYSTEM, "read '%s': not in the form of proc(5)", path);
	rest = str_of(close_paren + 2);
	*ret_state = rest.n ? rest.p[0] : '?';
	for (int field = 3; str_cut(&rest, ' ', &word); field++)
		if (field == 22)
			return str_u64(word, UINT64_MAX, ret_start, e);
	return FAIL(e, E_SYSTEM, "read '%s': too short", path);
}

int process_identify(pid_t pid, struct process_id *ret, struct err *e)
{
	uint64_t start = 0;
	char state;
	int r = read_stat(pid, &state, &start, e);

	if (r == 0)
		*ret = (struct process_id){ pid, start };
	return r;
}

bool process_alive(const struct process_id *p)
{
	uint64_t start = 0;
	char state;

	return p->pid > 0 && read_stat(p->pid, &state, &start, NULL) == 0 && start == p->start &&
	       state != 'Z' && state != 'X';
}

int process_join_mounts(const struct process_id *p, struct err *e)
{
	auto_close int fd = p->pid > 0 ? (int)syscall(SYS_pidfd_open, p->pid, 0) : -1;

	/* Only once it is held can its number not become another's. */
	if (fd < 0 || !process_alive(p))
		return FAIL(e, E_SYSTEM, "the process that watches the container is gone");
	return setns(fd, CLONE_NEWNS) < 0 ? FAIL_SYS(e, "enter the container's mounts") : 0;
}
