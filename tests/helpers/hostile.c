/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container does to others in tests/slow/attack_inside.bats, one verb each; "try" is what
 * the host's root then needs. All of it is bounded, and ends with the process.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long signals(void)
{
	sigset_t all;
	long n = 0;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, NULL);
	while (n < 2000000 && sigqueue(getpid(), SIGRTMIN, (union sigval){ 0 }) == 0)
		n++;
	return n;
}

static long queues(void)
{
	char name[32];
	long n = 0;

	for (; n < 2000; n++) {
		(void)snprintf(name, sizeof(name), "/hostile-%ld", n);
		if (mq_open(name, O_CREAT | O_RDWR, 0600, NULL) < 0)
			break;
	}
	return n;
}

static long watches(void)
{
	char name[64];
	long n = 0;

	for (int i = 0; i < 4000; i++) {
		(void)snprintf(name, sizeof(name), "/tmp/f%d", i);
		(void)close(open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	}
	for (;;) {
		const int fd = inotify_init();

		if (fd < 0)
			return n;
		for (int i = 0; i < 4000; i++, n++) {
			(void)snprintf(name, sizeof(name), "/tmp/f%d", i);
			if (inotify_add_watch(fd, name, IN_MODIFY) < 0)
				return n;
		}
	}
}

/* Calls that are refused, from args[0] processes, for so many seconds. */
static long flood(int processes, int seconds)
{
	for (int i = 1; i < processes && fork() > 0; i++)
		;
	for (const time_t end = time(NULL) + seconds; time(NULL) < end;)
		for (int i = 0; i < 100; i++)
			(void)mount("a", "b", "c", 0, NULL);
	return 0;
}

/* A datagram from this port to somewhere: who receives what is sent to the host's port? */
static long datagram(int port)
{
	const int s = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in own = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	const struct timeval patience = { .tv_sec = 5 };
	char text[64];

	(void)inet_pton(AF_INET, "198.51.100.1", &to.sin_addr);
	(void)setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (bind(s, (struct sockaddr *)&own, sizeof(own)) < 0 ||
	    sendto(s, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)) != 1)
		return -errno;
	return recv(s, text, sizeof(text), 0);
}

/* Puts a folder and a link in each other's place, for ever (CVE-2018-15664, CVE-2021-30465). */
static long swap(const char *folder, const char *link)
{
	for (;;)
		(void)syscall(SYS_renameat2, AT_FDCWD, folder, AT_FDCWD, link,
			      2 /* RENAME_EXCHANGE */);
}

static int try(void)
{
	struct sigevent e = { .sigev_notify = SIGEV_NONE };
	timer_t timer;
	mqd_t q;

	if (timer_create(CLOCK_MONOTONIC, &e, &timer) < 0)
		return perror("timer_create"), 1;
	if (inotify_add_watch(inotify_init(), "/", IN_CREATE) < 0)
		return perror("inotify_add_watch"), 1;
	q = mq_open("/plimsoll-test", O_CREAT | O_RDWR, 0600, NULL);
	(void)mq_unlink("/plimsoll-test");
	return q < 0 ? perror("mq_open"), 1 : 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	const int n = argc > 2 ? atoi(argv[2]) : 0;
	long r = -1;

	if (strcmp(verb, "try") == 0)
		return try();
	if (strcmp(verb, "swap") == 0 && argc > 3)
		r = swap(argv[2], argv[3]);
	else if (strcmp(verb, "flood") == 0 && argc > 3)
		r = flood(n, atoi(argv[3]));
	else if (strcmp(verb, "datagram") == 0)
		r = datagram(n);
	else if (strcmp(verb, "signals") == 0)
		r = signals();
	else if (strcmp(verb, "queues") == 0)
		r = queues();
	else if (strcmp(verb, "watches") == 0)
		r = watches();
	(void)printf("%ld\n", r);
	(void)fflush(stdout);
	return (int)sleep(strcmp(verb, "datagram") == 0 ? 0 : 60);
}
