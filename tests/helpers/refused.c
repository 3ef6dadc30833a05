/* SPDX-License-Identifier: Apache-2.0 */
/* Tries what a container is refused, for tests/cli/explain.bats: one word for each thing; prints
 * the error of each. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

static long execute_memory(unsigned flags)
{
	const int self = open("/proc/self/exe", O_RDONLY);
	const int fd = (int)syscall(SYS_memfd_create, "program", flags);
	char *const argv[] = { "program", "ran", NULL };
	char block[65536];
	ssize_t n;

	if (fd < 0)
		return -1;
	while ((n = read(self, block, sizeof(block))) > 0)
		if (write(fd, block, (size_t)n) != n)
			return -1;
	(void)fchmod(fd, 0755);
	return syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
}

/* Names in memory that change while they are looked at. */
static long race(void)
{
	char *path = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long r = 0;

	strncpy(path, "/racing", 16);
	if (fork() == 0)
		for (;;)
			path[1] ^= 'r' ^ 'q';
	for (int i = 0; i < 2000; i++)
		r |= mount("none", path, "tmpfs", 0, NULL) == 0 || mkdir(path, 0755) == 0;
	return r ? 0 : (errno = EPERM, -1);
}

static long flood(long calls)
{
	for (long i = 0; i < calls; i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "/flood-%ld", i);
		if (mkdir(path, 0755) == 0 || ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0)
			return 0;
	}
	errno = EPERM;
	return -1;
}

static long memfd_is_ordinary(void)
{
	const int fd = memfd_create("ordinary", MFD_CLOEXEC);

	if (fd < 0 || write(fd, "x", 1) != 1 || ftruncate(fd, 4096) < 0 ||
	    mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED)
		return -1;
	return fcntl(fd, F_GETFD) == FD_CLOEXEC && fcntl(memfd_create("o", 0), F_GETFD) == 0 ? 0
											     : -1;
}

static long at_port(unsigned port, int (*go)(int, const struct sockaddr *, socklen_t))
{
	const struct sockaddr_in a = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)port),
				       .sin_addr.s_addr =
					       go == connect ? inet_addr("192.0.2.1") : 0 };

	return go(socket(AF_INET, SOCK_STREAM, 0), (const struct sockaddr *)&a, sizeof(a));
}

/* As programs do that become another user. */
static long keep_capability(unsigned number)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	data[number / 32].permitted = 1U << number % 32;
	return syscall(SYS_capset, &head, data);
}

static long try(const char *what)
{
	const char *colon = strchr(what, ':');

	if (strcmp(what, "ptrace") == 0)
		return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	if (strcmp(what, "mount") == 0)
		return mount("none", "/mnt", "tmpfs", 0, NULL);
	if (strcmp(what, "userns") == 0)
		return syscall(SYS_clone, CLONE_NEWUSER | 17, 0, 0, 0, 0);
	if (strcmp(what, "raw") == 0)
		return socket(AF_INET, SOCK_RAW, 1);
	if (strcmp(what, "alg") == 0)
		return socket(AF_ALG, SOCK_SEQPACKET, 0);
	if (strcmp(what, "io_uring") == 0)
		return syscall(SYS_io_uring_setup, 1, NULL);
	if (strcmp(what, "memfd") == 0)
		return memfd_is_ordinary();
	if (strcmp(what, "memfd-run") == 0)
		return execute_memory(0);
	if (strcmp(what, "memfd-exec") == 0)
		return execute_memory(0x10);
	if (strcmp(what, "race") == 0)
		return race();
	if (strcmp(what, "flood") == 0)
		return flood(3000);
	if (strncmp(what, "write:", 6) == 0)
		return open(colon + 1, O_WRONLY | O_CREAT, 0644);
	if (strncmp(what, "chown:", 6) == 0)
		return chown(colon + 1, 33, 33);
	if (strncmp(what, "setuid:", 7) == 0)
		return setuid((uid_t)strtoul(colon + 1, NULL, 10));
	if (strncmp(what, "connect:", 8) == 0)
		return at_port((unsigned)strtoul(colon + 1, NULL, 10), connect);
	if (strncmp(what, "bind:", 5) == 0)
		return at_port((unsigned)strtoul(colon + 1, NULL, 10), bind);
	if (strcmp(what, "mlockall") == 0)
		return mlockall(MCL_CURRENT);
	if (strncmp(what, "keep:", 5) == 0)
		return keep_capability((unsigned)strtoul(colon + 1, NULL, 10));
	if (strncmp(what, "chroot:", 7) == 0)
		return chroot(colon + 1);
	if (strncmp(what, "exit:", 5) == 0)
		exit((int)strtol(colon + 1, NULL, 10));
	errno = EINVAL;
	return -1;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const long r = try(argv[i]);

		printf("%s: %s\n", argv[i], r < 0 ? strerror(errno) : "done");
		(void)fflush(stdout);
	}
	return 0;
}
