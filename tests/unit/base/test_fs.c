/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/str.h"
#include "tap.h"

TAP_MAIN()

struct tmp {
	char path[64];
	int fd;
};

static void make(struct tmp *t)
{
	(void)snprintf(t->path, sizeof(t->path), "/tmp/plimsoll-test-XXXXXX");
	if (!mkdtemp(t->path))
		abort();
	t->fd = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(t->fd >= 0);
}

static void drop(struct tmp *t)
{
	auto_close int top = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(fs_remove_tree(top, t->path + 5, NULL) == 0);
	(void)close(t->fd);
}
#define auto_tmp __attribute__((cleanup(drop))) struct tmp

static int put(const struct tmp *t, const char *path, const char *text)
{
	return fs_write_file(t->fd, path, text, strlen(text), 0644, NULL);
}

static char content[256];
static const char *get(const struct tmp *t, const char *path)
{
	auto_buf b = BUF_INIT(255);

	if (fs_read(t->fd, path, 255, &b, NULL) < 0)
		return "(unreadable)";
	memcpy(content, buf_str(&b), b.n + 1);
	return content;
}

/* How a function that opens answers; the descriptor is closed again. */
static int opens(int fd)
{
	if (fd >= 0) {
		CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		(void)close(fd);
		return 0;
	}
	return fd;
}

TEST(nothing_leaves_the_folder)
{
	auto_tmp t;

	make(&t);
	CHECK(fs_mkdir_p(t.fd, "a/b", 0755, NULL) == 0 && put(&t, "a/f", "in") == 0);
	CHECK(symlinkat("/etc", t.fd, "abs") == 0 && symlinkat("../../etc", t.fd, "a/up") == 0);
	CHECK(symlinkat("f", t.fd, "a/near") == 0 && symlinkat("..", t.fd, "a/parent") == 0);
	CHECK(opens(fs_open(t.fd, "a/f", O_RDONLY, 0, NULL)) == 0);
	CHECK(opens(fs_open(t.fd, "a/near", O_RDONLY, 0, NULL)) == 0);
	CHECK(opens(fs_open(t.fd, "a/../a/f", O_RDONLY, 0, NULL)) == 0);
	CHECK(opens(fs_open(t.fd, "a/parent/a/f", O_RDONLY, 0, NULL)) == 0);
	CHECK(opens(fs_open(t.fd, "../etc/passwd", O_RDONLY, 0, NULL)) == E_SYSTEM);
	CHECK(opens(fs_open(t.fd, "a/../../etc/passwd", O_RDONLY, 0, NULL)) == E_SYSTEM);
	CHECK(opens(fs_open(t.fd, "/etc/passwd", O_RDONLY, 0, NULL)) == E_SYSTEM);
	CHECK(opens(fs_open(t.fd, "abs/passwd", O_RDONLY, 0, NULL)) == E_SYSTEM);
	CHECK(opens(fs_open(t.fd, "a/up/passwd", O_RDONLY, 0, NULL)) == E_SYSTEM);
	CHECK(opens(fs_open(t.fd, "a/none", O_RDONLY, 0, NULL)) == E_NOTFOUND);
	CHECK(opens(fs_open(t.fd, "a/f/x", O_RDONLY, 0, NULL)) == E_NOTFOUND);
	/* No link at all, not even a harmless one. */
	CHECK(opens(fs_open_nolink(t.fd, "a/f", O_RDONLY, 0, NULL)) == 0);
	CHECK(opens(fs_open_nolink(t.fd, "a/near", O_RDONLY, 0, NULL)) == E_SYSTEM);
	CHECK(opens(fs_open_nolink(t.fd, "a/parent/a/f", O_RDONLY, 0, NULL)) == E_SYSTEM);
	CHECK(!fs_exists(t.fd, "abs/passwd") && fs_exists(t.fd, "a/near"));
}

TEST(as_in_a_root)
{
	auto_tmp t;

	make(&t);
	CHECK(fs_mkdir_p(t.fd, "etc", 0755, NULL) == 0 && put(&t, "etc/passwd", "ours") == 0);
	CHECK(symlinkat("/etc/passwd", t.fd, "abs") == 0);
	CHECK(symlinkat("../../../../etc/passwd", t.fd, "etc/up") == 0);
	for (int i = 0; i < 3; i++) {
		static const char *const paths[] = { "abs", "etc/up", "../../etc/passwd" };
		auto_close int fd = fs_open_in_root(t.fd, paths[i], O_RDONLY, 0, NULL);
		char c[4];

		CHECK(fd >= 0 && read(fd, c, 4) == 4 && memcmp(c, "ours", 4) == 0);
	}
}

TEST(magic_links_are_refused)
{
	auto_close int proc = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(opens(fs_open(proc, "exe", O_RDONLY, 0, NULL)) == E_SYSTEM);
	CHECK(opens(fs_open(proc, "root/etc/passwd", O_RDONLY, 0, NULL)) == E_SYSTEM);
	CHECK(opens(fs_open_in_root(proc, "root/etc/passwd", O_RDONLY, 0, NULL)) == E_SYSTEM);
}

TEST(mkdir_p)
{
	auto_tmp t;
	char long_path[300];

	make(&t);
	CHECK(fs_mkdir_p(t.fd, "a/b/c", 0755, NULL) == 0);
	CHECK(fs_mkdir_p(t.fd, "a/b/c", 0755, NULL) == 0); /* there already */
	CHECK(fs_mkdir_p(t.fd, "./a//b/./d/", 0755, NULL) == 0 && fs_exists(t.fd, "a/b/d"));
	CHECK(fs_mkdir_p(t.fd, "a/../x", 0755, NULL) == E_FORMAT && !fs_exists(t.fd, "x"));
	CHECK(symlinkat("/tmp", t.fd, "out") == 0);
	CHECK(fs_mkdir_p(t.fd, "out/plimsoll-escaped", 0755, NULL) == E_SYSTEM);
	CHECK(access("/tmp/plimsoll-escaped", F_OK) < 0);
	CHECK(put(&t, "file", "x") == 0 && fs_mkdir_p(t.fd, "file/x", 0755, NULL) == E_SYSTEM);
	memset(long_path, 'n', sizeof(long_path));
	long_path[255] = '\0';
	CHECK(fs_mkdir_p(t.fd, long_path, 0755, NULL) == 0);
	long_path[255] = 'n';
	long_path[256] = '\0';
	CHECK(fs_mkdir_p(t.fd, long_path, 0755, NULL) == E_FORMAT);
}

TEST(read_at_the_limit_and_one_more)
{
	auto_tmp t;
	auto_buf b = BUF_INIT(100);
	struct err e = ERR_INIT;

	make(&t);
	CHECK(put(&t, "f", "12345678") == 0);
	CHECK(fs_read(t.fd, "f", 8, &b, &e) == 0 && b.n == 8);
	CHECK(fs_read(t.fd, "f", 7, &b, &e) == E_FORMAT);
	buf_reset(&b);
	CHECK(fs_read(t.fd, "none", 8, &b, &e) == E_NOTFOUND);
	CHECK(fs_read(t.fd, ".", 8, &b, &e) == E_SYSTEM);
}

static int entries(const struct tmp *t)
{
	int n = 0;
	auto_closedir DIR *d = opendir(t->path);

	while (d && readdir(d))
		n++;
	return n - 2;
}

TEST(write_file_is_whole_or_not_at_all)
{
	auto_tmp t;
	struct stat st;

	make(&t);
	CHECK(put(&t, "f", "old") == 0 && put(&t, "f", "new") == 0);
	CHECK_STR(get(&t, "f"), "new");
	CHECK(entries(&t) == 1); /* no temporary name stays */
	CHECK(fs_write_file(t.fd, "secret", "x", 1, 0600, NULL) == 0);
	CHECK(fstatat(t.fd, "secret", &st, 0) == 0 && (st.st_mode & 07777) == 0600);
	CHECK(put(&t, "none/f", "x") == E_NOTFOUND);
	/* Over a folder it cannot be: nothing is left. */
	CHECK(fs_mkdir_p(t.fd, "d/x", 0755, NULL) == 0 && put(&t, "d", "x") == E_SYSTEM);
	CHECK(entries(&t) == 3);
	/* A link is replaced, not followed. */
	CHECK(symlinkat("/etc/plimsoll-test", t.fd, "l") == 0 && put(&t, "l", "x") == 0);
	CHECK(fstatat(t.fd, "l", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode));
}

TEST(copy)
{
	auto_tmp t;
	auto_close int from = -1, to = -1;

	make(&t);
	CHECK(put(&t, "from", "0123456789") == 0);
	from = fs_open(t.fd, "from", O_RDONLY, 0, NULL);
	to = fs_open(t.fd, "to", O_WRONLY | O_CREAT, 0644, NULL);
	CHECK(fs_copy(to, from, 4, NULL) == 0);
	CHECK_STR(get(&t, "to"), "0123");
	CHECK(fs_copy(to, from, UINT64_MAX, NULL) == 0);
	CHECK_STR(get(&t, "to"), "0123456789");
	CHECK(lseek(from, 8, SEEK_SET) == 8 && fs_copy(to, from, 3, NULL) == E_FORMAT);
}

TEST(remove_tree_does_not_follow_links)
{
	auto_tmp t, outside;
	char target[80];

	make(&t);
	make(&outside);
	CHECK(put(&outside, "keep", "x") == 0);
	(void)snprintf(target, sizeof(target), "%s", outside.path);
	CHECK(fs_mkdir_p(t.fd, "tree/a/b", 0755, NULL) == 0 && put(&t, "tree/a/f", "x") == 0);
	CHECK(symlinkat(target, t.fd, "tree/a/link") == 0);
	CHECK(symlinkat(target, t.fd, "link") == 0);
	CHECK(fs_remove_tree(t.fd, "tree", NULL) == 0 && !fs_exists(t.fd, "tree"));
	CHECK(fs_remove_tree(t.fd, "link", NULL) == 0); /* the link itself */
	CHECK_STR(get(&outside, "keep"), "x");
	CHECK(fs_remove_tree(t.fd, "never/was", NULL) == 0);
	CHECK(fs_remove_tree(t.fd, "tree", NULL) == 0);
	CHECK(symlinkat(target, t.fd, "out") == 0);
	CHECK(fs_remove_tree(t.fd, "out/keep", NULL) != 0);
	CHECK_STR(get(&outside, "keep"), "x");
}

/* In a mount namespace of a child, so that nothing stays mounted. */
/* Who does not know that it is being removed puts a file there, a few times. */
TEST(remove_tree_while_somebody_writes_there)
{
	auto_tmp t;

	make(&t);
	for (int round = 0; round < 20; round++) {
		pid_t pid;
		int status = 1;

		CHECK(fs_mkdir_p(t.fd, "busy/sub", 0755, NULL) == 0);
		pid = fork();
		if (pid == 0) {
			for (int i = 0; i < 50; i++) {
				char name[32];

				(void)snprintf(name, sizeof(name), "busy/%d", i);
				(void)close(
					openat(t.fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
				(void)usleep(20);
			}
			_exit(0);
		}
		CHECK(fs_remove_tree(t.fd, "busy", NULL) == 0);
		CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
		CHECK(!fs_exists(t.fd, "busy"));
	}
}

TEST(remove_tree_does_not_cross_mounts)
{
	auto_tmp t;
	int status;
	pid_t pid;

	if (geteuid() != 0) {
		printf("# skipped: needs root\n");
		return;
	}
	make(&t);
	CHECK(fs_mkdir_p(t.fd, "tree/m", 0755, NULL) == 0);
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct err e = ERR_INIT;
		int fd = -1;

		if (unshare(CLONE_NEWNS) < 0 ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || chdir(t.path) < 0 ||
		    mount("none", "tree/m", "tmpfs", 0, NULL) < 0 ||
		    /* t.fd is of the old mount namespace */
		    (fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
		    fs_mkdir_p(fd, "tree/m/inside", 0755, NULL) < 0)
			_exit(77);
		_exit(fs_remove_tree(fd, "tree", &e) == E_SYSTEM && strstr(e.msg, "mounted") &&
				      fs_exists(fd, "tree/m/inside")
			      ? 0
			      : 1);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		printf("# skipped: cannot mount\n");
	else
		CHECK(WEXITSTATUS(status) == 0);
}

TEST(locks)
{
	auto_tmp t;
	struct err e = ERR_INIT;
	uint64_t began;

	make(&t);
	{
		auto_close int held = fs_lock(t.fd, "lock", 0, &e);

		CHECK(held >= 0);
		CHECK(opens(fs_lock(t.fd, "lock", 0, &e)) == E_SYSTEM && e.sys == EWOULDBLOCK);
		began = clock_mono_ms();
		CHECK(opens(fs_lock(t.fd, "lock", 60, &e)) == E_SYSTEM);
		CHECK(clock_mono_ms() - began >= 50);
		CHECK(opens(fs_lock_shared(t.fd, "lock", 0, &e)) == E_SYSTEM);
	}
	auto_close int a = fs_lock_shared(t.fd, "lock", 0, &e);
	auto_close int b = fs_lock_shared(t.fd, "lock", 0, &e);

	CHECK(a >= 0 && b >= 0);
	CHECK(opens(fs_lock(t.fd, "lock", 0, &e)) == E_SYSTEM);
	CHECK(symlinkat("/tmp/elsewhere", t.fd, "link") == 0);
	CHECK(opens(fs_lock(t.fd, "link", 0, &e)) < 0);
}

/* A child that has the lock and is stopped, or goes on waiting for its end. */
static pid_t hold(const struct tmp *t, bool stop)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int fd = fs_lock(t->fd, "lock", 0, NULL);

		(void)raise(SIGSTOP);
		(void)pause();
		_exit(fd < 0);
	}
	CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	if (!stop)
		(void)kill(pid, SIGCONT);
	return pid;
}

TEST(who_has_a_lock_is_told)
{
	auto_tmp t;
	struct err e = ERR_INIT;
	char number[24];
	pid_t pid;

	make(&t);
	pid = hold(&t, false);
	(void)snprintf(number, sizeof(number), "process %d", (int)pid);
	CHECK(opens(fs_lock(t.fd, "lock", 20, &e)) == E_SYSTEM && e.sys == EWOULDBLOCK);
	CHECK(strstr(e.hint, number) != NULL);
	CHECK(strstr(e.hint, "-CONT") == NULL);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

TEST(a_stopped_holder_is_not_waited_for)
{
	const uint64_t began = clock_mono_ms();
	auto_tmp t;
	struct err e = ERR_INIT;
	char number[24];
	pid_t pid;

	make(&t);
	pid = hold(&t, true);
	(void)snprintf(number, sizeof(number), "-CONT %d", (int)pid);
	CHECK(opens(fs_lock(t.fd, "lock", 60000, &e)) == E_SYSTEM);
	CHECK(clock_mono_ms() - began < 40000);
	CHECK(strstr(e.hint, number) != NULL);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

TEST(temporary_names)
{
	char a[64], b[64], small[8];

	CHECK(fs_temp_name(".t-", a, sizeof(a), NULL) == 0 &&
	      fs_temp_name(".t-", b, sizeof(b), NULL) == 0);
	CHECK(strcmp(a, b) != 0 && starts_with(a, ".t-") && strlen(a) == 3 + 16);
	CHECK(fs_temp_name(".t-", small, sizeof(small), NULL) == E_INTERNAL);
}

TEST(state_folder)
{
	auto_tmp t;
	char path[128];
	struct state s;
	struct stat st;

	make(&t);
	(void)snprintf(path, sizeof(path), "%s/new/state", t.path);
	CHECK(state_open(&s, path, NULL) == 0);
	CHECK(s.path[0] == '/' && fstat(s.fd, &st) == 0 && (st.st_mode & 0777) == 0700);
	state_close(&s);
	CHECK(s.fd == -1 && !s.path);
	state_close(&s);
	CHECK(put(&t, "file", "x") == 0);
	(void)snprintf(path, sizeof(path), "%s/file", t.path);
	CHECK(state_open(&s, path, NULL) == E_SYSTEM);
	CHECK(state_open(&s, "", NULL) == E_SYSTEM);
}
