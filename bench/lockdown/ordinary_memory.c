/* SPDX-License-Identifier: Apache-2.0 */
/* What programs do with memory, and what they pass to one another, every day. */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#include "probe.h"

static int map(const struct probe *p)
{
	char *m = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	(void)p;
	if (m == MAP_FAILED)
		return -errno;
	memset(m, 1, 1 << 20);
	if (madvise(m, 1 << 20, MADV_DONTNEED) < 0)
		return -errno;
	m = mremap(m, 64 << 20, 128 << 20, MREMAP_MAYMOVE);
	return m == MAP_FAILED ? -errno : result(munmap(m, 128 << 20));
}

/* A compiler at run time: writes code, then makes it executable. */
static int just_in_time(const struct probe *p)
{
	char *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (m == MAP_FAILED)
		return -errno;
	m[0] = (char)0xc3;
	return result(mprotect(m, 4096, PROT_READ | PROT_EXEC | (p->args[0] ? PROT_WRITE : 0)));
}

static int memory_file(const struct probe *p)
{
	const int fd = memfd_create("ordinary", (unsigned)p->args[0]);

	if (fd < 0)
		return errno == EINVAL && p->args[1] ? 0 : -errno; /* flags of newer kernels */
	if (ftruncate(fd, 4096) < 0 || pwrite(fd, "x", 1, 0) != 1)
		return -errno;
	if (p->args[0] & MFD_ALLOW_SEALING)
		return result(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE));
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED ? -errno
											 : 0;
}

static int posix_shared(const struct probe *p)
{
	const int fd = shm_open("/ordinary", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : result(ftruncate(fd, 1 << 20));

	(void)p;
	if (r == 0 && mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED)
		r = -errno;
	(void)shm_unlink("/ordinary");
	return r;
}

static int posix_semaphore(const struct probe *p)
{
	sem_t *s = sem_open("/ordinary", O_CREAT, 0600, 1);

	(void)p;
	if (s == SEM_FAILED)
		return -errno;
	(void)sem_unlink("/ordinary");
	return result(sem_wait(s)) | result(sem_post(s));
}

static int posix_queue(const struct probe *p)
{
	struct mq_attr a = { .mq_maxmsg = 4, .mq_msgsize = 64 };
	char buf[64];
	const mqd_t q = mq_open("/ordinary", O_CREAT | O_RDWR | O_CLOEXEC, 0600, &a);
	int r = q < 0 ? -errno : result(mq_send(q, "x", 1, 0));

	(void)p;
	if (r == 0)
		r = mq_receive(q, buf, sizeof(buf), NULL) == 1 ? 0 : -errno;
	(void)mq_unlink("/ordinary");
	return r;
}

static int sysv_shared(const struct probe *p)
{
	const int id = shmget(IPC_PRIVATE, 1 << 20, IPC_CREAT | 0600);
	char *m = id < 0 ? (char *)-1 : shmat(id, NULL, 0);

	(void)p;
	if (m == (char *)-1)
		return -errno;
	m[0] = 1;
	(void)shmdt(m);
	return result(shmctl(id, IPC_RMID, NULL));
}

static int sysv_semaphore(const struct probe *p)
{
	struct sembuf op = { 0, 1, IPC_NOWAIT };
	const int id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
	int r = id < 0 ? -errno : result(semop(id, &op, 1));

	(void)p;
	if (id >= 0)
		(void)semctl(id, 0, IPC_RMID);
	return r;
}

static int sysv_queue(const struct probe *p)
{
	struct {
		long type;
		char text[8];
	} m = { 1, "x" };
	const int id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
	int r = id < 0 ? -errno : result(msgsnd(id, &m, sizeof(m.text), IPC_NOWAIT));

	(void)p;
	if (id >= 0)
		(void)msgctl(id, IPC_RMID, NULL);
	return r;
}

static int lock_page(const struct probe *p)
{
	void *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)p;
	return result(mlock(m, 4096)); /* what holds keys does so */
}

#define WORKS(name, run, ...) { name, run, "ordinary", __VA_ARGS__ }

static const struct probe probes[] = {
	WORKS("mmap", map),
	WORKS("jit", just_in_time),
	WORKS("jit_writable", just_in_time, .args = { 1 }),
	WORKS("memfd", memory_file),
	WORKS("memfd_cloexec", memory_file, .args = { MFD_CLOEXEC }),
	WORKS("memfd_seals", memory_file, .args = { MFD_CLOEXEC | MFD_ALLOW_SEALING }),
	WORKS("memfd_noexec", memory_file, .args = { MFD_CLOEXEC | 8, 1 }),
	WORKS("shm_open", posix_shared),
	WORKS("sem_open", posix_semaphore),
	WORKS("mq_open", posix_queue),
	WORKS("sysv_shm", sysv_shared),
	WORKS("sysv_sem", sysv_semaphore),
	WORKS("sysv_msg", sysv_queue),
	WORKS("mlock_page", lock_page),
};

const struct probe_table table_ordinary_memory = PROBE_TABLE("ordinary", probes);
