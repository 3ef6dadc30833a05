/* SPDX-License-Identifier: Apache-2.0 */
/* A child that tries what a taken-over parser would try: each is refused, with the right error. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "sandbox/lockdown.h"
#include "tap.h"

TAP_MAIN()

static const struct sandbox plain = { .what = "test", .write_dir = -1 };

static int run(int (*fn)(void *, struct buf *, struct err *), void *arg, struct err *e)
{
	return sandbox_run(&plain, fn, arg, NULL, e);
}

static int say_hello(void *arg, struct buf *emit, struct err *e)
{
	(void)e;
	buf_printf(emit, "hello %s", (const char *)arg);
	return 0;
}

TEST(result_comes_back)
{
	auto_buf ret = BUF_INIT(100);
	struct err e = ERR_INIT;
	char world[] = "world";

	buf_puts(&ret, "> ");
	CHECK(sandbox_run(&plain, say_hello, world, &ret, &e) == 0);
	CHECK_STR(buf_str(&ret), "> hello world");
}

static int fail_with(void *arg, struct buf *emit, struct err *e)
{
	buf_puts(emit, "not to be seen");
	return err_hint(e, FAIL(e, *(enum err_code *)arg, "bad \033[31mthing"), "rm -rf /");
}

TEST(error_comes_back_without_its_hint)
{
	enum err_code codes[] = { E_FORMAT, E_VERIFY, E_SIGNAL, E_NOTFOUND };
	auto_buf ret = BUF_INIT(100);

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		struct err e = ERR_INIT;

		CHECK(sandbox_run(&plain, fail_with, &codes[i], &ret, &e) == (int)codes[i]);
		CHECK(e.code == codes[i]);
		CHECK_STR(e.msg, "test: bad ?[31mthing");
		CHECK_STR(e.hint, "");
		CHECK(ret.n == 0);
	}
}

static int emit_n(void *arg, struct buf *emit, struct err *e)
{
	(void)e;
	for (size_t i = 0; i < *(size_t *)arg; i++)
		buf_putc(emit, 'x');
	return 0;
}

TEST(result_at_the_cap_and_one_past)
{
	size_t at = 300000, past = at + 1;
	auto_buf ret = BUF_INIT(at), ret2 = BUF_INIT(at);
	struct err e = ERR_INIT;

	CHECK(sandbox_run(&plain, emit_n, &at, &ret, &e) == 0);
	CHECK(ret.n == at);
	CHECK(sandbox_run(&plain, emit_n, &past, &ret2, &e) == E_FORMAT);
	CHECK(ret2.n == 0);
}

/* What each attempt gets, where "killed" is by the filter. */
static int open_file(void *arg, struct buf *emit, struct err *e)
{
	(void)emit;
	return open(arg, O_RDONLY | O_CLOEXEC) < 0 ? FAIL_SYS(e, "refused") : 0;
}
static int use_socket(void *arg, struct buf *emit, struct err *e)
{
	(void)arg, (void)emit, (void)e;
	(void)socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return 0;
}
static int run_program(void *arg, struct buf *emit, struct err *e)
{
	char *argv[] = { arg, NULL };

	(void)emit, (void)e;
	(void)execv(arg, argv);
	return 0;
}
static int start_process(void *arg, struct buf *emit, struct err *e)
{
	(void)arg, (void)emit, (void)e;
	if (syscall(SYS_fork) == 0)
		_exit(0);
	return 0;
}
static int start_by_clone3(void *arg, struct buf *emit, struct err *e)
{
	(void)arg, (void)emit, (void)e;
	return syscall(SYS_clone3, NULL, 0) < 0 && errno == ENOSYS ? FAIL(e, E_SYSTEM, "no") : 0;
}
static int map_code(void *arg, struct buf *emit, struct err *e)
{
	(void)arg, (void)emit, (void)e;
	(void)mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		   0);
	return 0;
}
static int kill_parent(void *arg, struct buf *emit, struct err *e)
{
	(void)arg, (void)emit, (void)e;
	(void)syscall(SYS_tgkill, 1, 1, 0);
	return 0;
}
static int trace(void *arg, struct buf *emit, struct err *e)
{
	(void)arg, (void)emit, (void)e;
	(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	return 0;
}

TEST(forbidden_calls_kill)
{
	int (*const tries[])(void *, struct buf *, struct err *) = {
		use_socket, run_program, start_process, start_by_clone3,
		map_code,   kill_parent, trace,
	};
	char path[] = "/bin/true";

	for (size_t i = 0; i < sizeof(tries) / sizeof(*tries); i++) {
		struct err e = ERR_INIT;

		CHECK(run(tries[i], path, &e) == E_FORMAT);
		CHECK(strstr(e.msg, "forbidden system call") != NULL);
	}
}

TEST(opening_a_file_is_refused)
{
	char path[] = "/etc/passwd";
	struct err e = ERR_INIT;

	/* AddressSanitizer needs openat allowed; Landlock refuses it then. */
	CHECK(run(open_file, path, &e) < 0);
	CHECK(strstr(e.msg, "forbidden system call") || strstr(e.msg, "Permission denied"));
}

static int allocate(void *arg, struct buf *emit, struct err *e)
{
	(void)arg, (void)emit;
	for (size_t total = 0; total < (size_t)8 << 30; total += 16 << 20)
		if (mmap(NULL, 16 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			 0) == MAP_FAILED)
			return FAIL_NOMEM(e);
	return 0;
}

TEST(memory_is_capped)
{
	const struct sandbox s = { .what = "test", .write_dir = -1, .memory_max = 64 << 20 };
	struct err e = ERR_INIT;

#if SANDBOX_ASAN
	TAP_SKIP("no memory cap under AddressSanitizer");
#endif
	CHECK(sandbox_run(&s, allocate, NULL, NULL, &e) == E_FORMAT);
	CHECK(strstr(e.msg, "64 MiB of memory") != NULL);
}

static int spin(void *arg, struct buf *emit, struct err *e)
{
	volatile unsigned long *n = arg;

	(void)emit, (void)e;
	while (*n != ~0UL)
		(*n)++;
	return 0;
}

TEST(cpu_time_is_capped)
{
	const struct sandbox s = { .what = "test", .write_dir = -1, .cpu_seconds = 1 };
	unsigned long n = 0;
	struct err e = ERR_INIT;

	CHECK(sandbox_run(&s, spin, &n, NULL, &e) == E_FORMAT);
	CHECK(strstr(e.msg, "CPU time") != NULL);
}

static int crash(void *arg, struct buf *emit, struct err *e)
{
	(void)emit, (void)e;
	(void)signal(*(int *)arg, SIG_DFL);
	(void)raise(*(int *)arg);
	return 0;
}

/* Ctrl-C reaches us and the child at once; the child here would never notice. */
static int interrupted_while_waiting(void)
{
	unsigned long n = 0;
	struct err e = ERR_INIT;
	pid_t self = getpid(), pid;

	proc_catch_signals();
	pid = fork();
	if (pid == 0) {
		(void)usleep(100 * 1000);
		_exit(kill(self, SIGINT) == 0 ? 0 : 1);
	}
	if (run(spin, &n, &e) != E_SIGNAL || strcmp(e.msg, "test: interrupted") != 0)
		return 1;
	/* Nobody is left but the one that sent the signal. */
	return waitpid(-1, NULL, 0) == pid && waitpid(-1, NULL, 0) < 0 ? 0 : 2;
}

TEST(ctrl_c_ends_the_wait_and_the_child)
{
	int status = -1;
	pid_t pid = fork(); /* its signal handlers are its own */

	if (pid == 0)
		_exit(interrupted_while_waiting());
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

TEST(signals_are_named)
{
	static const struct {
		int sig, code;
		const char *say;
	} t[] = { { SIGSEGV, E_FORMAT, "crashed (signal 11, SEGV)" },
		  { SIGABRT, E_FORMAT, "crashed (signal 6, ABRT)" },
		  { SIGINT, E_SIGNAL, "interrupted" },
		  { SIGKILL, E_FORMAT, "SIGKILL" } };

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct err e = ERR_INIT;
		int sig = t[i].sig;

		CHECK(run(crash, &sig, &e) == t[i].code);
		CHECK(strstr(e.msg, t[i].say) != NULL);
	}
}

static int leave(void *arg, struct buf *emit, struct err *e)
{
	(void)arg, (void)emit, (void)e;
	_exit(0);
}

/* A taken-over child writes its own report. */
static int forge(void *arg, struct buf *emit, struct err *e)
{
	static char junk[4096];

	(void)emit, (void)e;
	memset(junk, 0xff, sizeof(junk));
	for (int fd = 3; fd < 64; fd++)
		(void)!write(fd, junk, *(size_t *)arg);
	_exit(0);
}

TEST(forged_reports_are_refused)
{
	size_t sizes[] = { 1, 1400, 1432, 4096 };
	auto_buf ret = BUF_INIT(10000);
	struct err e = ERR_INIT;

	CHECK(run(leave, NULL, &e) == E_FORMAT);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		CHECK(sandbox_run(&plain, forge, &sizes[i], &ret, &e) < 0);
	CHECK(ret.n == 0);
}

static int look_around(void *arg, struct buf *emit, struct err *e)
{
	const int *keep = arg;
	int open_n = 0;

	(void)emit;
	for (int fd = 3; fd < 200; fd++)
		open_n += fcntl(fd, F_GETFD) >= 0;
	if (open_n != 2) /* keep and the report */
		return FAIL(e, E_INTERNAL, "%d descriptors", open_n);
	return fcntl(*keep, F_GETFD) < 0 ? FAIL(e, E_INTERNAL, "keep is closed") : 0;
}

TEST(other_descriptors_are_closed)
{
	auto_close int a = open("/dev/null", O_RDWR), b = open("/dev/null", O_RDWR),
		       c = fcntl(a, F_DUPFD, 100);
	const struct sandbox s = { .what = "test", .write_dir = -1, .keep = &b, .keep_n = 1 };
	struct err e = ERR_INIT;

	CHECK(c >= 100);
	CHECK(sandbox_run(&s, look_around, &b, NULL, &e) == 0);
}

static int cmp(const void *a, const void *b)
{
	return memcmp(a, b, 8);
}

static int compute(void *arg, struct buf *emit, struct err *e)
{
	char *p = malloc(64 << 20);

	(void)arg;
	if (!p)
		return FAIL_NOMEM(e);
	memset(p, 7, 64 << 20);
	qsort(p, 100000, 8, cmp); /* glibc asks for the size of memory */
	free(p);
	buf_printf(emit, "%ld", (long)time(NULL));
	return 0;
}

TEST(ordinary_work_passes)
{
	auto_buf ret = BUF_INIT(100);
	struct err e = ERR_INIT;

	CHECK(sandbox_run(&plain, compute, NULL, &ret, &e) == 0);
	CHECK_STR(e.msg, "");
}

static void *thread(void *arg)
{
	*(int *)arg = 42;
	return NULL;
}

static int use_thread(void *arg, struct buf *emit, struct err *e)
{
	pthread_t t;
	int n = 0;

	(void)arg;
	if (pthread_create(&t, NULL, thread, &n) != 0 || pthread_join(t, NULL) != 0)
		return FAIL(e, E_SYSTEM, "no thread");
	buf_printf(emit, "%d", n);
	return 0;
}

TEST(threads_only_when_asked)
{
	struct sandbox s = plain;
	auto_buf ret = BUF_INIT(100);
	struct err e = ERR_INIT;

	CHECK(sandbox_run(&s, use_thread, NULL, NULL, &e) == E_FORMAT);
	s.threads = true;
	CHECK(sandbox_run(&s, use_thread, NULL, &ret, &e) == 0);
	CHECK_STR(buf_str(&ret), "42");
	CHECK(sandbox_run(&s, start_process, NULL, NULL, &e) == E_FORMAT);
}

/* Writing. */
struct writer {
	int dir;
	char outside[200];
};

static int write_inside(void *arg, struct buf *emit, struct err *e)
{
	const struct writer *w = arg;
	int r;

	(void)emit;
	r = fs_mkdir_p(w->dir, "a/b", 0755, e);
	if (r < 0)
		return r;

	auto_close int fd = fs_open_in_root(w->dir, "a/b/c", O_WRONLY | O_CREAT, 0600, e);

	return fd < 0 ? fd : fs_write_all(fd, "hi", 2, e);
}

static int write_outside(void *arg, struct buf *emit, struct err *e)
{
	const struct writer *w = arg;

	(void)emit;
	if (open(w->outside, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0)
		return FAIL_SYS(e, "refused");
	return 0;
}

static int read_outside(void *arg, struct buf *emit, struct err *e)
{
	(void)arg, (void)emit;
	if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 &&
	    open("../../../../etc/passwd", O_RDONLY | O_CLOEXEC) < 0)
		return FAIL_SYS(e, "refused");
	return 0;
}

static int chmod_outside(void *arg, struct buf *emit, struct err *e)
{
	const struct writer *w = arg;

	(void)emit;
	return fchmodat(AT_FDCWD, w->outside, 0777, 0) < 0 ? FAIL_SYS(e, "refused") : 0;
}

static int chown_inside(void *arg, struct buf *emit, struct err *e)
{
	const struct writer *w = arg;

	(void)emit;
	if (fchownat(w->dir, "a/b/c", 1234, 1234, AT_SYMLINK_NOFOLLOW) < 0 ||
	    mknodat(w->dir, "a/white", S_IFCHR, 0) < 0 ||
	    fsetxattr(w->dir, "trusted.overlay.opaque", "y", 1, 0) < 0)
		return FAIL_SYS(e, "as root");
	return 0;
}

static int drop(const char *path)
{
	struct err e = ERR_INIT;

	return fs_remove_tree(AT_FDCWD, path, &e);
}

TEST(writing_stays_beneath)
{
	char dir[] = "sandbox.XXXXXX";
	struct writer w = { .dir = -1 };
	struct stat st, before;
	struct err e = ERR_INIT;

	CHECK(mkdtemp(dir) != NULL);

	auto_free char *here = realpath(".", NULL);
	auto_close int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct sandbox s = { .what = "test", .write_dir = fd };

	w.dir = fd;
	(void)snprintf(w.outside, sizeof(w.outside), "%s/%s.out", here, dir);
	CHECK(sandbox_run(&s, write_inside, &w, NULL, &e) == 0);
	CHECK(fstatat(fd, "a/b/c", &st, 0) == 0 && st.st_size == 2);
	CHECK(sandbox_run(&s, write_outside, &w, NULL, &e) == E_SYSTEM);
	CHECK(access(w.outside, F_OK) < 0);
	CHECK(sandbox_run(&s, read_outside, &w, NULL, &e) == E_SYSTEM);

	int out = open(w.outside, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	CHECK(out >= 0 && fstat(out, &before) == 0);
	s.keep_caps = geteuid() == 0;
	CHECK(sandbox_run(&s, chmod_outside, &w, NULL, &e) == E_SYSTEM);
	CHECK(fstat(out, &st) == 0 && st.st_mode == before.st_mode);
	if (geteuid() == 0) {
		CHECK(sandbox_run(&s, chown_inside, &w, NULL, &e) == 0);
		CHECK(fstatat(fd, "a/b/c", &st, 0) == 0 && st.st_uid == 1234);
		s.keep_caps = false;
		CHECK(sandbox_run(&s, chown_inside, &w, NULL, &e) == E_SYSTEM);
	} else {
		printf("# not root: capabilities are not tried\n");
	}
	(void)close(out);
	(void)unlink(w.outside);
	CHECK(drop(dir) == 0);
}

static int nothing(void *arg, struct buf *emit, struct err *e)
{
	(void)arg, (void)emit, (void)e;
	return 0;
}

/* Prints what a start costs beside a bare fork; no assertion, machines differ. */
TEST(start_cost)
{
	const int N = 50;
	struct timespec a, b, c;
	struct err e = ERR_INIT;

	(void)clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < N; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		(void)waitpid(pid, NULL, 0);
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &b);
	for (int i = 0; i < N; i++) {
		auto_buf ret = BUF_INIT(10);

		CHECK(sandbox_run(&plain, nothing, NULL, &ret, &e) == 0);
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &c);
	printf("# fork %.0f us, sandbox_run %.0f us\n",
	       ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / (double)N /
		       1e3,
	       ((double)(c.tv_sec - b.tv_sec) * 1e9 + (double)(c.tv_nsec - b.tv_nsec)) / (double)N /
		       1e3);
}
