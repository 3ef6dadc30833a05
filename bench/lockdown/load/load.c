/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What bench/lockdown/neighbour runs, inside of containers and beside them:
 *
 *     load serve PORT             answers each request on a connection with 4 KiB
 *     load measure PORT SECONDS   asks every 5 ms; prints requests, failures and milliseconds
 *     load bomb                   forks as long as it can, for ever
 *     load hog                    touches memory until it is killed, again and again
 *     load fill FOLDER            writes until the folder is full, removes it, again and again
 *     load storm                  all of these at once, under a first process that does nothing
 * else
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER = 4096, MOST = 200000, STEP = 1 << 20 };

static int dial(int port, int listening)
{
	const int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct sockaddr_in a = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)port),
				       .sin_addr.s_addr =
					       htonl(listening ? INADDR_ANY : INADDR_LOOPBACK) };
	int r;

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	r = listening ? bind(fd, (const struct sockaddr *)&a, sizeof(a)) || listen(fd, 128)
		      : connect(fd, (const struct sockaddr *)&a, sizeof(a));
	if (r == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static void serve(int port)
{
	static char answer[ANSWER];
	const int server = dial(port, 1);

	if (server < 0)
		exit(1);
	for (;;) {
		const int peer = accept(server, NULL, NULL);
		char c;

		while (peer >= 0 && read(peer, &c, 1) == 1 &&
		       write(peer, answer, sizeof(answer)) == (ssize_t)sizeof(answer))
			;
		if (peer >= 0)
			(void)close(peer);
	}
}

static double now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* One request on a connection of its own: 0, or -1. */
static int ask(int port)
{
	static char answer[ANSWER];
	const struct timeval limit = { 5, 0 };
	const int fd = dial(port, 0);
	size_t got = 0;
	ssize_t n;

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	n = write(fd, "x", 1);
	while (n > 0 && got < sizeof(answer)) {
		n = read(fd, answer, sizeof(answer));
		got += n > 0 ? (size_t)n : 0;
	}
	(void)close(fd);
	return got == sizeof(answer) ? 0 : -1;
}

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(int port, double seconds)
{
	static double times[MOST];
	const struct timespec pause = { 0, 5000000 };
	const double end = now_ms() + seconds * 1e3;
	size_t n = 0, failed = 0;

	while (n < MOST && now_ms() < end) {
		const double start = now_ms();

		if (ask(port) < 0)
			failed++;
		else
			times[n++] = now_ms() - start;
		(void)nanosleep(&pause, NULL);
	}
	if (n == 0)
		exit(1);
	qsort(times, n, sizeof(*times), by_size);
	(void)printf("%zu %zu %.2f %.2f %.2f\n", n, failed, times[n / 2], times[n * 99 / 100],
		     times[n - 1]);
}

static void bomb(void)
{
	(void)signal(SIGCHLD, SIG_IGN);
	for (;;)
		(void)fork();
}

static void hog(void)
{
	for (;;) {
		const pid_t pid = fork();

		while (pid == 0) {
			char *m = mmap(NULL, STEP, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

			if (m != MAP_FAILED)
				memset(m, 1, STEP);
		}
		if (pid > 0)
			(void)waitpid(pid, NULL, 0);
	}
}

static void fill(const char *folder)
{
	static char block[STEP];

	if (chdir(folder) < 0)
		exit(1);
	for (;;) {
		const int fd = open("fill", O_WRONLY | O_CREAT | O_TRUNC, 0600);

		while (write(fd, block, sizeof(block)) > 0)
			;
		(void)unlink("fill");
		(void)close(fd);
	}
}

static void storm(void)
{
	(void)signal(SIGCHLD, SIG_IGN);
	if (fork() == 0)
		fill("/tmp");
	if (fork() == 0)
		fill("/dev/shm");
	if (fork() == 0) {
		(void)signal(SIGCHLD, SIG_DFL);
		hog();
	}
	if (fork() == 0)
		bomb();
	for (;;)
		(void)pause();
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	const int number = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 0;

	if (strcmp(what, "serve") == 0)
		serve(number);
	else if (strcmp(what, "measure") == 0 && argc > 3)
		measure(number, strtod(argv[3], NULL));
	else if (strcmp(what, "storm") == 0)
		storm();
	else if (strcmp(what, "bomb") == 0)
		bomb();
	else if (strcmp(what, "hog") == 0)
		hog();
	else if (strcmp(what, "fill") == 0 && argc > 2)
		fill(argv[2]);
	else
		return 2;
	return 0;
}
