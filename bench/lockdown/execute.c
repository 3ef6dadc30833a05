/* SPDX-License-Identifier: Apache-2.0 */
/* Executing what was just written: from every writable place, from memory, through the dynamic
 * linker, and by mapping it. What is executed is a program of two system calls: exit(42). */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U
#endif

#if defined(__x86_64__)
#define MACHINE EM_X86_64
static const unsigned char code[] = { 0xbf, 42, 0, 0, 0, 0xb8, 60, 0, 0, 0, 0x0f, 0x05 };
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
static const unsigned char code[] = { 0x40, 5, 0x80, 0xd2, 0xa8, 0xb, 0x80, 0xd2, 1, 0, 0, 0xd4 };
#else
#error "write exit(42) for this processor"
#endif

struct program {
	Elf64_Ehdr head;
	Elf64_Phdr load;
	unsigned char code[sizeof(code)];
};

static int write_program(int fd)
{
	const Elf64_Addr base = 0x400000;
	struct program p = {
		.head = { .e_type = ET_EXEC,
			  .e_machine = MACHINE,
			  .e_version = EV_CURRENT,
			  .e_entry = base + offsetof(struct program, code),
			  .e_phoff = offsetof(struct program, load),
			  .e_ehsize = sizeof(Elf64_Ehdr),
			  .e_phentsize = sizeof(Elf64_Phdr),
			  .e_phnum = 1 },
		.load = { .p_type = PT_LOAD,
			  .p_flags = PF_R | PF_X,
			  .p_vaddr = base,
			  .p_paddr = base,
			  .p_filesz = sizeof(p),
			  .p_memsz = sizeof(p),
			  .p_align = 4096 },
	};

	memcpy(p.head.e_ident, ELFMAG, SELFMAG);
	p.head.e_ident[EI_CLASS] = ELFCLASS64;
	p.head.e_ident[EI_DATA] = ELFDATA2LSB;
	p.head.e_ident[EI_VERSION] = EV_CURRENT;
	memcpy(p.code, code, sizeof(code));
	return write(fd, &p, sizeof(p)) == (ssize_t)sizeof(p) ? 0 : -errno;
}

/* Executes by path, or by descriptor where path is NULL. 42 is success. */
static int execute(const char *path, int fd, const char *argument)
{
	char *const argv[] = { (char *)(path ? path : "memory"), (char *)argument, NULL };
	char *const envp[] = { NULL };
	int status;
	const pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		if (path)
			(void)execve(path, argv, envp);
		else
			(void)syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH);
		_exit(errno);
	}
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	if (!WIFEXITED(status))
		return -EINTR;
	return WEXITSTATUS(status) == 42 ? 0 : -(WEXITSTATUS(status) ? WEXITSTATUS(status) : EPERM);
}

static int execute_in(const char *folder, const char *script)
{
	char path[4200];
	int r, fd;

	(void)snprintf(path, sizeof(path), "%s/.lockdown-exec-%d", folder, getpid());
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	if (fd < 0)
		return -errno;
	if (script)
		r = dprintf(fd, "%s", script) < 0 ? -errno : 0;
	else
		r = write_program(fd);
	(void)fchmod(fd, 0755);
	(void)close(fd);
	if (r == 0)
		r = execute(path, -1, NULL);
	(void)unlink(path);
	return r;
}

static int exec_folder(const struct probe *p)
{
	return execute_in(p->path, NULL);
}

/* "#!" goes through the mount's noexec, too. */
static int exec_script(const struct probe *p)
{
	char script[512];

	(void)snprintf(script, sizeof(script), "#!%s --exit\n42\n", start.self);
	return execute_in(p->path, script) == 0 ? 0 : -EACCES;
}

/* Every other mount that a file can be written to. */
static int exec_anywhere(const struct probe *p)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL, path[4096];
	size_t size = 0;
	int r = -EROFS;

	(void)p;
	while (f && r != 0 && getline(&line, &size, f) > 0) {
		if (sscanf(line, "%*d %*d %*s %*s %4095s", path) != 1)
			continue;
		r = execute_in(path, NULL);
		if (r == 0)
			detail("%s", path);
	}
	free(line);
	if (f)
		(void)fclose(f);
	return r == 0 ? 0 : -EACCES;
}

static int exec_unnamed(const struct probe *p)
{
	char path[64];
	const int fd = open(p->path, O_TMPFILE | O_RDWR, 0700);
	int again, r;

	if (fd < 0)
		return errno == EOPNOTSUPP || errno == EISDIR ? ABSENT : -errno;
	r = write_program(fd);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY | O_CLOEXEC);
	(void)close(fd); /* else busy */
	return r < 0 ? r : again < 0 ? -errno : execute(NULL, again, NULL);
}

static int memory_file(const struct probe *p)
{
	const int fd = memfd_create("lockdown", (unsigned)p->args[0]);
	const int r = fd < 0 ? -errno : write_program(fd);

	return r < 0 ? r : fd;
}

static int exec_memory(const struct probe *p)
{
	char path[64];
	const int fd = memory_file(p);

	if (fd < 0)
		return fd == -EINVAL ? ABSENT : fd;
	if (p->args[1] == 2 && fchmod(fd, 0777) < 0)
		return -errno;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return execute(p->args[1] ? path : NULL, fd, NULL);
}

/* Maps code, and calls it: it returns 42. */
static int call_mapped(int fd, int first, int then)
{
#ifdef __x86_64__
	static const unsigned char answer[] = { 0xb8, 42, 0, 0, 0, 0xc3 };
	int (*call)(void);
	void *m;

	if (ftruncate(fd, 4096) < 0 || pwrite(fd, answer, sizeof(answer), 0) < 0)
		return -errno;
	m = mmap(NULL, 4096, first, MAP_PRIVATE, fd, 0);
	if (m == MAP_FAILED || (then && mprotect(m, 4096, then) < 0))
		return -errno;
	memcpy(&call, &m, sizeof(call));
	return call() == 42 ? 0 : -EINVAL;
#else
	void *m = mmap(NULL, 4096, first, MAP_PRIVATE, fd, 0);

	return m == MAP_FAILED || (then && mprotect(m, 4096, then) < 0) ? -errno : 0;
#endif
}

static int map_file(const struct probe *p)
{
	const int fd = scratch(p->path, 0);

	if (fd < 0)
		return fd;
	if (p->args[0])
		return call_mapped(fd, PROT_READ, PROT_READ | PROT_EXEC);
	return call_mapped(fd, PROT_READ | PROT_EXEC, 0);
}

static int map_memory(const struct probe *p)
{
	const int fd = memory_file(p);

	return fd < 0 ? fd : call_mapped(fd, PROT_READ | PROT_EXEC, 0);
}

static int copy(const char *from, const char *to)
{
	static char buf[1 << 16];
	const int in = open(from, O_RDONLY | O_CLOEXEC);
	const int out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	ssize_t n;

	if (out < 0)
		return -errno;
	while ((n = read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, (size_t)n) != n)
			return -ENOSPC;
	(void)close(in);
	(void)close(out);
	return n < 0 ? -errno : 0;
}

/* /bin/id, or another program that is linked dynamically, through the dynamic linker by name. */
static int by_linker(const struct probe *p)
{
	static const char *const linkers[] = { "/lib64/ld-linux-x86-64.so.2",
					       "/lib/ld-linux-aarch64.so.1" };
	char path[512];
	int r = ABSENT;

	(void)snprintf(path, sizeof(path), "%s/.lockdown-dynamic", p->path);
	if (access("/bin/id", X_OK) < 0)
		return ABSENT;
	if ((r = copy("/bin/id", path)) < 0)
		return r;
	r = ABSENT;
	for (size_t i = 0; i < sizeof(linkers) / sizeof(*linkers); i++)
		if (access(linkers[i], X_OK) == 0) {
			r = execute(linkers[i], -1, path);
			r = r == -EPERM ? 0 : -EACCES; /* it ended with 0; 127 when refused */
		}
	(void)unlink(path);
	return r;
}

#define FOLDER(name, folder) { "exec_" name, exec_folder, "runs what it fetched", folder }

static const struct probe probes[] = {
	FOLDER("tmp", "/tmp"),
	FOLDER("var_tmp", "/var/tmp"),
	FOLDER("shm", "/dev/shm"),
	FOLDER("dev", "/dev"),
	FOLDER("mqueue", "/dev/mqueue"),
	FOLDER("run", "/run"),
	FOLDER("root", ""),
	FOLDER("bin", "/bin"),
	FOLDER("etc", "/etc"),
	FOLDER("home", "/root"),
	{ "exec_any_mount", exec_anywhere, "runs what it fetched" },
	{ "exec_script_tmp", exec_script, "runs what it fetched", "/tmp" },
	{ "exec_unnamed_tmp", exec_unnamed, "runs what has no name", "/tmp" },
	{ "exec_unnamed_shm", exec_unnamed, "runs what has no name", "/dev/shm" },
	{ "exec_memfd", exec_memory, "runs what is on no disk" },
	{ "exec_memfd_path", exec_memory, "runs what is on no disk", .args = { 0, 1 } },
	{ "exec_memfd_seals", exec_memory, "runs what is on no disk",
	  .args = { MFD_ALLOW_SEALING, 0 } },
	{ "exec_memfd_exec", exec_memory, "runs what is on no disk",
	  .args = { MFD_EXEC | MFD_CLOEXEC, 0 } },
	{ "exec_memfd_chmod", exec_memory, "runs what is on no disk", .args = { 0, 2 } },
	{ "exec_linker_tmp", by_linker, "runs what it fetched", "/tmp" },
	{ "exec_linker_shm", by_linker, "runs what it fetched", "/dev/shm" },
	{ "exec_linker_run", by_linker, "runs what it fetched", "/run" },
	{ "map_exec_tmp", map_file, "a library that it fetched", "/tmp" },
	{ "map_exec_shm", map_file, "a library that it fetched", "/dev/shm" },
	{ "map_exec_run", map_file, "a library that it fetched", "/run" },
	{ "protect_exec_tmp", map_file, "a library that it fetched", "/tmp", .args = { 1 } },
	{ "map_exec_memfd", map_memory, "code in memory, as compilers at run time make it", NULL,
	  MAY },
};

const struct probe_table table_execute = PROBE_TABLE("execute", probes);
