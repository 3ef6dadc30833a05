/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process that holds a key can do: sign, and nothing else. Tried from inside, with what an
 * attacker who took it over would try, and looked at from outside.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "base/encode.h"
#include "tap.h"
#include "temp_state.h"
#include "trust/holder_internal.h"

static void make(const struct temp *t, const char *name, enum key_kind kind, const char *passphrase)
{
	const struct trust_init_opts o = { .name = name,
					   .kind = kind,
					   .passphrase = passphrase,
					   .subject = "C=US,ST=WA,O=acme,CN=build" };
	struct err e = ERR_INIT;

	CHECK(trust_init(&t->state, &o, NULL, &e) == 0);
}

static struct holder *hold(const struct temp *t, const char *name, const char *passphrase)
{
	auto_close int dir = -1;
	struct holder *h = NULL;
	struct err e = ERR_INIT;

	dir = trust_dir(&t->state, false, &e);
	CHECK(holder_open(dir, name, passphrase, &h, &e) == 0);
	if (!h)
		printf("# %s\n", e.msg);
	return h;
}

/* --- from inside: each attack in a child with the very box of a holder, after its lockdown --- */

static int attack_open(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}
static int attack_create(void)
{
	return open("/tmp/plimsoll-stolen", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}
static int attack_tcp(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}
static int attack_udp(void)
{
	return socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}
static int attack_unix(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}
static int attack_exec(void)
{
	char *const argv[] = { (char *)(uintptr_t)"true", NULL };

	return execv("/bin/true", argv);
}
static int attack_fork(void)
{
	return fork();
}
static int attack_thread(void)
{
	return (int)syscall(SYS_clone, 0x10f00, NULL, NULL, NULL, NULL);
}
static int attack_kill(void)
{
	return kill(getppid(), 0);
}
static int attack_ptrace(void)
{
	return (int)ptrace(PTRACE_ATTACH, getpid() - 1, NULL, NULL);
}
static int attack_read_parent(void)
{
	char b[8];
	struct iovec here = { b, sizeof(b) }, there = { b, sizeof(b) };

	return (int)process_vm_readv(getpid() - 1, &here, 1, &there, 1, 0);
}
static int attack_dumpable(void)
{
	return (int)syscall(SYS_prctl, 4 /* PR_SET_DUMPABLE */, 1, 0, 0, 0);
}
static int attack_core(void)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	return (int)syscall(SYS_prlimit64, 0, RLIMIT_CORE, &all, NULL);
}
static int attack_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0) == MAP_FAILED
		       ? -1
		       : 0;
}
static int attack_key_ring(void)
{
	return (int)syscall(SYS_keyctl, 0, 0, 0, 0, 0);
}
static int attack_shared_memory(void)
{
	return (int)syscall(SYS_memfd_create, "x", 0);
}
static int attack_io_uring(void)
{
	return (int)syscall(SYS_io_uring_setup, 1, NULL);
}
static int attack_send(void)
{
	/* The one socket it has: descriptors must not go over it. */
	struct msghdr m = { 0 };

	return (int)sendmsg(3, &m, 0);
}

static const struct {
	const char *name;
	int (*run)(void);
	bool asan_does; /* calls that the sanitizer needs itself: refused there by other means */
} attacks[] = {
	{ "open a file", attack_open, true },
	{ "create a file", attack_create, true },
	{ "TCP", attack_tcp, false },
	{ "UDP", attack_udp, false },
	{ "unix socket", attack_unix, false },
	{ "start a program", attack_exec, false },
	{ "fork", attack_fork, false },
	{ "thread", attack_thread, false },
	{ "signal the parent", attack_kill, true },
	{ "trace", attack_ptrace, false },
	{ "read another process", attack_read_parent, false },
	{ "become dumpable", attack_dumpable, false },
	{ "want a core", attack_core, true },
	{ "map code", attack_code, false },
	{ "key ring", attack_key_ring, false },
	{ "memfd", attack_shared_memory, false },
	{ "io_uring", attack_io_uring, false },
	{ "send descriptors", attack_send, false },
};
enum { ATTACKS = sizeof(attacks) / sizeof(attacks[0]) };

static int attack(void *arg, struct buf *emit, struct err *e)
{
	const size_t *i = arg;
	int r;

	crypto_hold_secrets();
	r = attacks[*i].run();
	(void)emit;
	return r < 0 ? FAIL(e, E_POLICY, "refused") : FAIL(e, E_INTERNAL, "it worked");
}

/* The system call filter kills it; where the sanitizer needs the call, it is refused. */
TEST(tried_from_inside)
{
	auto_temp t;
	struct holder *h;
	struct sandbox box;

	temp_open(&t);
	make(&t, NULL, KEY_EC_P256, NULL);
	h = hold(&t, "default", NULL);
	if (!h)
		return;
	box = h->box;
	box.keep_n = 0;
	for (size_t i = 0; i < ATTACKS; i++) {
		struct err e = ERR_INIT;
		int r = sandbox_run(&box, attack, &i, NULL, &e);
		bool killed = r == E_FORMAT && strstr(e.msg, "forbidden system call");

		if (!killed && !(attacks[i].asan_does && r == E_POLICY))
			printf("# %s: %d %s\n", attacks[i].name, r, e.msg);
		CHECK(killed || (attacks[i].asan_does && r == E_POLICY));
	}
	holder_close(h);
}

/* --- from outside --- */

static void proc_text(pid_t pid, const char *file, struct buf *ret)
{
	char path[64];
	struct err e = ERR_INIT;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	CHECK(fs_read_user(path, 8 << 20, ret, &e) == 0);
}

static size_t open_descriptors(pid_t pid)
{
	char path[64];
	size_t n = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", pid);

	auto_closedir DIR *d = opendir(path);

	for (const struct dirent *ent; d && (ent = readdir(d));)
		n += ent->d_name[0] != '.';
	return n;
}

TEST(seen_from_outside)
{
	auto_temp t;
	auto_buf status = BUF_INIT(1 << 20), limits = BUF_INIT(1 << 20), maps = BUF_INIT(8 << 20);
	struct holder *h;

	temp_open(&t);
	make(&t, NULL, KEY_EC_P256, NULL);
	h = hold(&t, "default", NULL);
	if (!h)
		return;
	proc_text(h->child.pid, "status", &status);
	CHECK(strstr(status.p, "Seccomp:\t2\n") != NULL);
	CHECK(strstr(status.p, "NoNewPrivs:\t1\n") != NULL);
	CHECK(strstr(status.p, "CapPrm:\t0000000000000000\n") != NULL);
	CHECK(strstr(status.p, "CapEff:\t0000000000000000\n") != NULL);
	CHECK(strstr(status.p, "CapBnd:\t0000000000000000\n") != NULL || geteuid() != 0);
	CHECK(strstr(status.p, "Threads:\t1\n") != NULL);
	proc_text(h->child.pid, "limits", &limits);
	CHECK(strstr(limits.p, "Max core file size        0                    0") != NULL);
	/* Null for the three standard ones, the pipe of its result and the socket. */
	CHECK(open_descriptors(h->child.pid) <= 5);
	/* The numbers of the key are in memory that is locked (lo) and in no dump (dd). */
	proc_text(h->child.pid, "smaps", &maps);
	CHECK(strstr(maps.p, " lo ") != NULL && strstr(maps.p, " dd ") != NULL);
	holder_close(h);
}

/* As another process of the same user: it may neither trace it nor read its memory. */
TEST(not_traceable_by_its_own_user)
{
	auto_temp t;
	struct holder *h;
	pid_t pid, target;
	int status = 0;

	if (geteuid() != 0)
		TAP_SKIP("needs root, to become a user");
	temp_open(&t);
	make(&t, NULL, KEY_EC_P256, NULL);
	CHECK(fchmodat(t.state.fd, ".", 0755, 0) == 0);
	h = hold(&t, "default", NULL);
	if (!h)
		return;
	target = h->child.pid;
	pid = fork();
	if (pid == 0) {
		/* Root's rights gone, its user id still the holder's. */
		struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
		struct __user_cap_data_struct none[2] = { 0 };
		char path[64];
		int bad = 0;

		if (syscall(SYS_capset, &head, none) < 0)
			_exit(100);
		(void)snprintf(path, sizeof(path), "/proc/%d/mem", target);
		bad |= open(path, O_RDONLY | O_CLOEXEC) >= 0;
		(void)snprintf(path, sizeof(path), "/proc/%d/maps", target);
		bad |= open(path, O_RDONLY | O_CLOEXEC) >= 0 ? 2 : 0;
		bad |= ptrace(PTRACE_ATTACH, target, NULL, NULL) == 0 ? 4 : 0;
		bad |= ptrace(PTRACE_SEIZE, target, NULL, NULL) == 0 ? 8 : 0;
		_exit(bad);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	if (WEXITSTATUS(status))
		printf("# it could: %d\n", WEXITSTATUS(status));
	CHECK(WEXITSTATUS(status) == 0);
	holder_close(h);
}

TEST(no_core_file)
{
	auto_temp t;
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	struct holder *h;
	int status = 0;

	temp_open(&t);
	make(&t, NULL, KEY_EC_P256, NULL);
	(void)setrlimit(RLIMIT_CORE, &all);
	h = hold(&t, "default", NULL);
	if (!h)
		return;
	CHECK(kill(h->child.pid, SIGSEGV) == 0);
	CHECK(waitpid(h->child.pid, &status, 0) == h->child.pid);
	/* The sanitizer catches the signal, and ends with a status. */
	CHECK(!(WIFSIGNALED(status) && WCOREDUMP(status)));
	(void)close(h->child.from);
	h->child.from = -1;
	holder_close(h);
}

/* --- what is left in memory --- */

/* The private number, each bit turned: nothing that looks for it finds what it looks with. */
static unsigned char turned[32];

static unsigned char turned_text[48]; /* of the file's first line of base64, the same */

/* memchr(3) for the first byte: with the sanitizer there is much memory to look through. */
static size_t count_turned(const char *p, size_t n, const unsigned char *what, size_t what_n)
{
	const char *end = p + n;
	size_t found = 0;

	while (p < end && (p = memchr(p, what[0] ^ 0x5a, (size_t)(end - p)))) {
		size_t i = 1;

		while (i < what_n && p + i < end && (unsigned char)p[i] == (what[i] ^ 0x5a))
			i++;
		found += i == what_n;
		p++;
	}
	return found;
}

/* In the writable memory of this process. */
static size_t count_in_memory(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	char line[512];
	size_t found = 0;

	while (maps && fgets(line, sizeof(line), maps)) {
		unsigned long long from, to;
		char mode[8];

		if (sscanf(line, "%llx-%llx %7s", &from, &to, mode) != 3 || mode[0] != 'r' ||
		    mode[1] != 'w' || to - from > (16U << 20) || strstr(line, "[vvar"))
			continue;

		auto_free char *copy = malloc((size_t)(to - from));
		ssize_t got = copy ? pread(mem, copy, (size_t)(to - from), (off_t)from) : -1;

		if (got > 0)
			found += count_turned(copy, (size_t)got, turned, sizeof(turned)) +
				 count_turned(copy, (size_t)got, turned_text, sizeof(turned_text));
		if (copy)
			explicit_bzero(copy, (size_t)(to - from));
	}
	if (maps)
		(void)fclose(maps);
	(void)close(mem);
	return found;
}

/* In a process of its own, since it leaves copies everywhere. In PKCS #8 the number is behind the
 * tag of its OCTET STRING. */
static void find_scalar(const struct temp *t)
{
	int fds[2], status;
	pid_t pid;

	CHECK(pipe2(fds, O_CLOEXEC) == 0);
	pid = fork();
	if (pid == 0) {
		auto_buf pem = BUF_INIT(4096), b64 = BUF_INIT(4096), der = BUF_INIT(4096);
		struct str rest, line;

		(void)fs_read(t->state.fd, "trust/keys/default.pem", 4096, &pem, NULL);
		rest = (struct str){ buf_str(&pem), pem.n };
		while (str_line(&rest, &line))
			if (line.n && line.p[0] != '-')
				buf_put(&b64, line.p, line.n);
		(void)b64_decode((struct str){ buf_str(&b64), b64.n }, B64_STD, &der, NULL);
		for (size_t i = 0; i + 34 < der.n; i++)
			if (der.p[i] == 0x04 && der.p[i + 1] == 0x20) {
				for (size_t j = 0; j < 32; j++)
					turned[j] = (unsigned char)(der.p[i + 2 + j] ^ 0x5a);
				for (size_t j = 0; j < sizeof(turned_text); j++)
					turned_text[j] = (unsigned char)(b64.p[j] ^ 0x5a);
				_exit(write(fds[1], turned, sizeof(turned)) < 0 ||
				      write(fds[1], turned_text, sizeof(turned_text)) < 0);
			}
		_exit(0);
	}
	(void)close(fds[1]);
	CHECK(read(fds[0], turned, sizeof(turned)) == sizeof(turned));
	CHECK(read(fds[0], turned_text, sizeof(turned_text)) == sizeof(turned_text));
	(void)close(fds[0]);
	CHECK(waitpid(pid, &status, 0) == pid);
}

TEST(cleansed)
{
	auto_temp t;
	struct err e = ERR_INIT;
	int status = 0;
	pid_t pid;

	temp_open(&t);
	make(&t, NULL, KEY_EC_P256, NULL);
	find_scalar(&t);
	pid = fork();
	if (pid == 0) {
		struct buf pem = BUF_INIT(LIMIT_KEY_PEM), sig = BUF_INIT(1024);
		struct key *k = NULL;
		size_t with, after;
		int fd = openat(t.state.fd, "trust/keys/default.pem", O_RDONLY | O_CLOEXEC);

		crypto_init();
		crypto_hold_secrets();

		if (secret_read(fd, "key", LIMIT_KEY_PEM, &pem, &e) < 0 ||
		    key_from_pem((struct str){ pem.p, pem.n }, NULL, &k, &e) < 0 ||
		    key_sign(k, "x", 1, &sig, &e) < 0)
			_exit(100);
		with = count_in_memory();
		secret_free(&pem);
		key_free(k);
		after = count_in_memory();
		_exit(after == 0 && with > 0 ? 0 : (int)(10 * with + after));
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	if (WEXITSTATUS(status))
		printf("# copies while it signs, and after: %02d\n", WEXITSTATUS(status));
	CHECK(WEXITSTATUS(status) == 0);
}

/* --- and it signs --- */

TEST(signs_with_every_type_many_times)
{
	static const struct {
		enum key_kind kind;
		enum key_form form;
		const char *hash;
	} cases[] = {
		{ KEY_EC_P256, KEY_FORM_ECDSA, "SHA256" },
		{ KEY_EC_P384, KEY_FORM_ECDSA, "SHA256" },
		{ KEY_EC_P521, KEY_FORM_ECDSA, "SHA512" },
		{ KEY_RSA, KEY_FORM_RSA_PSS, "SHA384" },
		{ KEY_RSA, KEY_FORM_RSA_PKCS1, "SHA256" },
	};
	auto_temp t;

	temp_open(&t);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char name[8];
		struct holder *h;
		auto_buf msg = BUF_INIT(1 << 20);

		(void)snprintf(name, sizeof(name), "k%zu", i);
		make(&t, name, cases[i].kind, i == 0 ? "open sesame" : NULL);
		h = hold(&t, name, i == 0 ? "open sesame" : NULL);
		if (!h)
			return;
		for (size_t j = 0; j < 3; j++) {
			auto_buf sig = BUF_INIT(1024), raw = BUF_INIT(1024);
			struct err e = ERR_INIT;

			CHECK(key_sign_as(holder_key(h), cases[i].form, cases[i].hash,
					  buf_str(&msg), msg.n, &sig, &e) == 0);
			CHECK(key_verify_as(holder_key(h), cases[i].form, cases[i].hash,
					    buf_str(&msg), msg.n, (struct str){ sig.p, sig.n },
					    &e) == 0);
			CHECK(key_sign(holder_key(h), buf_str(&msg), msg.n, &raw, &e) == 0);
			CHECK(key_verify(holder_key(h), buf_str(&msg), msg.n,
					 (struct str){ raw.p, raw.n }, &e) == 0);
			for (size_t k = 0; k < 1000 * j; k++)
				buf_puts(&msg, "to be signed ");
		}
		holder_close(h);
	}
}

TEST(requests_without_sense)
{
	auto_temp t;
	struct holder *h;
	struct err e = ERR_INIT;
	auto_buf sig = BUF_INIT(1024);
	auto_free char *big = calloc(1, LIMIT_HOLDER_MESSAGE + 1);

	temp_open(&t);
	make(&t, NULL, KEY_EC_P256, NULL);
	h = hold(&t, "default", NULL);
	if (!h)
		return;
	CHECK(key_sign_as(holder_key(h), KEY_FORM_RSA_PSS, "SHA256", "x", 1, &sig, &e) == E_FORMAT);
	CHECK(holder_sign(h, KEY_FORM_RSA_PSS, "SHA256", "x", 1, &sig, &e) == E_SYSTEM);
	CHECK(holder_sign(h, KEY_FORM_ECDSA, "SHA256", big, LIMIT_HOLDER_MESSAGE, &sig, &e) == 0);
	CHECK(holder_sign(h, KEY_FORM_ECDSA, "SHA256", big, LIMIT_HOLDER_MESSAGE + 1, &sig, &e) ==
	      E_FORMAT);
	/* Its death is told, once and for all. */
	CHECK(kill(h->child.pid, SIGKILL) == 0);
	CHECK(key_sign(holder_key(h), "x", 1, &sig, &e) < 0);
	CHECK(key_sign(holder_key(h), "x", 1, &sig, &e) == E_SYSTEM && strstr(e.msg, "gone"));
	holder_close(h);
}

/* A holder that gives another key's signature: nobody gets to see it. */
static int lie(void *arg, enum key_form form, const char *hash, const void *msg, size_t n,
	       struct buf *ret, struct err *e)
{
	return key_sign_as(arg, form, hash, msg, n, ret, e);
}

TEST(a_signature_of_another_key_is_refused)
{
	auto_release(key_free) struct key *mine = NULL;
	auto_release(key_free) struct key *other = NULL;
	auto_release(key_free) struct key *proxy = NULL;
	struct err e = ERR_INIT;
	auto_buf sig = BUF_INIT(1024);

	CHECK(key_generate(KEY_EC_P256, &mine, &e) == 0 &&
	      key_generate(KEY_EC_P256, &other, &e) == 0);
	CHECK(key_from_remote(mine, &(struct key_remote){ lie, other }, &proxy, &e) == 0);
	CHECK(key_sign(proxy, "x", 1, &sig, &e) == E_VERIFY && sig.n == 0);
	key_free(TAKE(proxy));
	CHECK(key_from_remote(mine, &(struct key_remote){ lie, mine }, &proxy, &e) == 0);
	CHECK(key_sign(proxy, "x", 1, &sig, &e) == 0 && sig.n == 64);
}

/* What stands after the program may be a secret. */
TEST(names_in_messages)
{
	static const char *const names[][2] = {
		{ "exec:/usr/bin/x?id=a&token=hunter2", "exec:/usr/bin/x" },
		{ "exec:/usr/bin/x", "exec:/usr/bin/x" },
		{ "pkcs11:token=ci?pin-value=1", "pkcs11:token=ci" },
		{ "pkcs11:token=ci;pin-value=1", "pkcs11:..." },
		{ "./a?b.pem", "./a?b.pem" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CHECK_STR(holder_shown(names[i][0], (char[HOLDER_SHOWN]){ 0 }), names[i][1]);
}

TAP_MAIN()
