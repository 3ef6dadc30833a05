/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What runs inside a container in tests: one static program with a verb for each thing to try, so
 * that a root filesystem needs nothing else. It prints "ok" or "denied: REASON" and exits 0 or 1,
 * unless said otherwise.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int say(int ok)
{
	if (ok)
		(void)puts("ok");
	else
		(void)printf("denied: %s\n", strerror(errno));
	return !ok;
}

static int copy(const char *path)
{
	char chunk[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return say(0);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		(void)fwrite(chunk, 1, (size_t)n, stdout);
	(void)close(fd);
	return n < 0;
}

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	return say(ok);
}

/* Forks until refused, at most `most`; the children only wait. Prints how many were made. */
static int forks(long most)
{
	long n = 0;

	for (; n < most; n++) {
		pid_t pid = fork();

		if (pid < 0)
			break;
		if (pid == 0) {
			(void)sleep(20);
			_exit(0);
		}
	}
	(void)printf("%ld\n", n);
	return 0;
}

/* A fork bomb: every process forks for ever, refused or not. */
static __attribute__((noreturn)) void bomb(void)
{
	for (;;)
		if (fork() < 0)
			(void)usleep(1000);
}

static int memory(long mib)
{
	for (long i = 0; i < mib; i++) {
		char *p = malloc(1 << 20);

		if (!p)
			return say(0);
		memset(p, 1, 1 << 20);
	}
	return say(1);
}

/* The Dirty COW primitive: write into a read-only page of our own through /proc/self/mem. */
static int proc_mem(void)
{
	static const char text[] = "read-only";
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);

	return say(fd >= 0 && pwrite(fd, "X", 1, (off_t)(unsigned long)text) == 1);
}

/* A server that answers every connection with one line. */
static int serve(int port)
{
	static const char answer[] = "HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nhello\n";
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	char request[1024];

	(void)setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(s, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(s, 8) < 0)
		return say(0);
	(void)puts("ready");
	(void)fflush(stdout);
	for (;;) {
		int c = accept(s, NULL, NULL);

		if (c < 0)
			return say(0);
		(void)!read(c, request, sizeof(request));
		(void)!write(c, answer, sizeof(answer) - 1);
		(void)close(c);
	}
}

static int connect_to(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((unsigned short)port),
				 .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return say(s >= 0 && connect(s, (struct sockaddr *)&a, sizeof(a)) == 0);
}

static volatile sig_atomic_t got;

static void on_signal(int sig)
{
	got = sig;
}

/* Says "ready", waits for a signal, says which and ends with 40. */
static int trap(void)
{
	(void)signal(SIGTERM, on_signal);
	(void)signal(SIGINT, on_signal);
	(void)signal(SIGUSR1, on_signal);
	(void)puts("ready");
	(void)fflush(stdout);
	for (int i = 0; i < 300 && !got; i++)
		(void)usleep(100000);
	(void)printf("signal %d\n", (int)got);
	return 40;
}

static int tty(void)
{
	struct winsize w = { 0 };

	if (!isatty(0) || ioctl(0, TIOCGWINSZ, &w) < 0)
		return say(0);
	(void)printf("tty %d %d\n", w.ws_row, w.ws_col);
	return 0;
}

static int numbers(const char *verb, long n)
{
	if (strcmp(verb, "exit") == 0)
		return (int)n;
	if (strcmp(verb, "sleep") == 0)
		return (int)sleep((unsigned)n);
	if (strcmp(verb, "forks") == 0)
		return forks(n);
	if (strcmp(verb, "memory") == 0)
		return memory(n);
	if (strcmp(verb, "serve") == 0)
		return serve((int)n);
	if (strcmp(verb, "connect") == 0)
		return connect_to((int)n);
	if (strcmp(verb, "socket") == 0)
		return say(socket((int)n, SOCK_RAW, 0) >= 0 || errno == EPROTONOSUPPORT);
	if (strcmp(verb, "tiocsti") == 0)
		return say(syscall(SYS_ioctl, 0, (unsigned long)n << 32 | TIOCSTI, "x") == 0);
	(void)fprintf(stderr, "unknown verb %s\n", verb);
	return 99;
}

static int lone(const char *verb)
{
	if (strcmp(verb, "unshare-user") == 0)
		return say(unshare(CLONE_NEWUSER) == 0);
	if (strcmp(verb, "mount") == 0)
		return say(mount("none", "/tmp", "tmpfs", 0, NULL) == 0);
	if (strcmp(verb, "ptrace") == 0)
		return say(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
	if (strcmp(verb, "proc-mem") == 0)
		return proc_mem();
	if (strcmp(verb, "keyctl") == 0)
		return say(syscall(SYS_keyctl, 0, -3, 1) >= 0);
	if (strcmp(verb, "io-uring") == 0)
		return say(syscall(SYS_io_uring_setup, 1, NULL) >= 0 || errno == EFAULT);
	if (strcmp(verb, "mknod") == 0)
		return say(mknod("/tmp/null", S_IFCHR | 0666, 0x103) == 0);
	if (strcmp(verb, "id") == 0)
		return printf("%u:%u\n", getuid(), getgid()) < 0;
	if (strcmp(verb, "pwd") == 0) {
		char cwd[4096];

		return puts(getcwd(cwd, sizeof(cwd)) ? cwd : "?") < 0;
	}
	if (strcmp(verb, "cat") == 0)
		return copy("/dev/stdin");
	if (strcmp(verb, "trap") == 0)
		return trap();
	if (strcmp(verb, "bomb") == 0)
		bomb();
	if (strcmp(verb, "tty") == 0)
		return tty();
	if (strcmp(verb, "fds") == 0)
		return say(fcntl(3, F_GETFD) < 0 && fcntl(4, F_GETFD) < 0 && fcntl(5, F_GETFD) < 0);
	(void)fprintf(stderr, "unknown verb %s\n", verb);
	return 99;
}

int main(int argc, char **argv)
{
	if (argc >= 3 && strcmp(argv[1], "read") == 0)
		return copy(argv[2]);
	if (argc >= 3 && strcmp(argv[1], "link") == 0) {
		char target[4096] = "";

		return say(readlink(argv[2], target, sizeof(target) - 1) > 0) || puts(target) < 0;
	}
	if (argc >= 3 && strcmp(argv[1], "owner") == 0) {
		struct stat st;

		if (stat(argv[2], &st) < 0)
			return say(0);
		printf("%u %u\n", st.st_uid, st.st_gid);
		return 0;
	}
	if (argc >= 3 && strcmp(argv[1], "env") == 0)
		return puts(getenv(argv[2]) ?: "(unset)") < 0;
	if (argc >= 3 && strcmp(argv[1], "exists") == 0)
		return say(access(argv[2], F_OK) == 0);
	if (argc >= 4 && strcmp(argv[1], "write") == 0)
		return put(argv[2], argv[3]);
	if (argc >= 4 && strcmp(argv[1], "both") == 0) {
		(void)puts(argv[2]);
		(void)fprintf(stderr, "%s\n", argv[3]);
		return 0;
	}
	if (argc >= 3)
		return numbers(argv[1], strtol(argv[2], NULL, 10));
	if (argc == 2)
		return lone(argv[1]);
	(void)puts("hello from inside");
	return 0;
}
