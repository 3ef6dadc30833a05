/* SPDX-License-Identifier: Apache-2.0 */
/* More processes and threads than anybody needs: 2,100, which are ended right after. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

__attribute__((noreturn)) static int wait_for_end(void *unused)
{
	(void)unused;
	(void)alarm(20);
	for (;;)
		(void)pause();
}

static int many_processes(const struct probe *p)
{
	long i;
	int r = 0;

	for (i = 0; r == 0 && i < p->args[0]; i++) {
		const pid_t pid = fork();

		if (pid == 0)
			(void)wait_for_end(NULL);
		if (pid < 0)
			r = -errno;
	}
	detail("%ld", i);
	return r;
}

/* Processes that share our memory: nothing is copied, so a limit on memory is no help. */
static int many_clones(const struct probe *p)
{
	static char stack[16384] __attribute__((aligned(16)));
	long i;
	int r = 0;

	for (i = 0; r == 0 && i < p->args[0]; i++)
		if (clone(wait_for_end, stack + sizeof(stack), (int)p->args[1] | SIGCHLD, NULL) < 0)
			r = -errno;
	detail("%ld", i);
	return r;
}

static void *sleep_long(void *unused)
{
	(void)sleep(20);
	return unused;
}

static int many_threads(const struct probe *p)
{
	pthread_attr_t a;
	pthread_t t;
	long i;
	int r = 0;

	(void)pthread_attr_init(&a);
	(void)pthread_attr_setstacksize(&a, 16384);
	for (i = 0; r == 0 && i < p->args[0]; i++)
		r = -pthread_create(&t, &a, sleep_long, NULL);
	detail("%ld", i);
	return r;
}

/* Each forks two: the bomb itself, eleven deep, 2,047 of them. */
static int bomb(const struct probe *p)
{
	int *failed = mmap(NULL, sizeof(*failed), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bool top = true;

	if (failed == MAP_FAILED)
		return -errno;
	for (long depth = 0; depth < p->args[0]; depth++) {
		const pid_t pid = fork();

		if (pid < 0)
			__atomic_store_n(failed, errno, __ATOMIC_SEQ_CST);
		if (pid == 0)
			top = false;
	}
	if (!top)
		(void)wait_for_end(NULL);
	(void)sleep(2); /* until all have forked */
	return -__atomic_load_n(failed, __ATOMIC_SEQ_CST);
}

static const struct probe probes[] = {
	{ "fork_processes", many_processes, "no process for anybody else", .args = { 2100 } },
	{ "fork_bomb", bomb, "no process for anybody else", .args = { 11 } },
	{ "fork_shared_memory", many_clones, "no process for anybody else",
	  .args = { 2100, CLONE_VM } },
	{ "fork_threads", many_threads, "no process for anybody else", .args = { 2100 } },
};

const struct probe_table table_fork = PROBE_TABLE("fork", probes);
