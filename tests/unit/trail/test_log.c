/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "tap.h"
#include "tmp.h"
#include "trail/log.h"

TAP_MAIN()

static const struct trail_event event = {
	.kind = "build", .result = "ok", .name = "web:1", .digest = "sha256:00"
};

/* n appends through one open log. */
static int fill(const struct state *s, unsigned n)
{
	auto_release(trail_close) struct trail *t = NULL;
	struct err e = ERR_INIT;
	int r = trail_open_or_make(s, &t, &e);

	for (unsigned i = 0; i < n && r == 0; i++) {
		auto_json *entry = NULL;
		uint64_t index = 0, before = trail_size(t);

		r = trail_entry_new(&event, &entry, &e);
		r = r < 0 ? r : trail_append(t, entry, &index, &e);
		CHECK(r < 0 || (index >= before && trail_size(t) == index + 1));
	}
	if (r < 0)
		printf("# %s\n", e.msg);
	return r;
}

static int verify(const struct state *s, uint64_t want, struct err *e)
{
	auto_release(trail_close) struct trail *t = NULL;
	int r = trail_open(s, &t, e);

	if (r < 0 || (r = trail_verify(t, NULL, e)) < 0)
		return r;
	CHECK(trail_size(t) == want);
	return 0;
}

static bool there(const struct tmp *t, const char *path)
{
	return fs_exists(t->state.fd, path);
}

TEST(no_trail_is_not_found)
{
	auto_tmp tmp;
	struct trail *t;
	struct err e;

	tmp_make(&tmp);
	CHECK(trail_open(&tmp.state, &t, &e) == E_NOTFOUND);
}

TEST(an_empty_log_verifies)
{
	auto_tmp tmp;
	struct err e;

	tmp_make(&tmp);
	CHECK(fill(&tmp.state, 0) == 0);
	CHECK(verify(&tmp.state, 0, &e) == 0);
	CHECK(there(&tmp, "trail/vkey"));
}

TEST(key_is_private)
{
	auto_tmp tmp;
	struct stat st;

	tmp_make(&tmp);
	CHECK(fill(&tmp.state, 1) == 0);
	CHECK(fstatat(tmp.state.fd, "trail/key.pem", &st, 0) == 0 && (st.st_mode & 07777) == 0600);
}

TEST(one_entry)
{
	auto_tmp tmp;
	struct err e;

	tmp_make(&tmp);
	CHECK(fill(&tmp.state, 1) == 0);
	CHECK(verify(&tmp.state, 1, &e) == 0);
	CHECK(there(&tmp, "trail/tile/0/000.p/1"));
	CHECK(there(&tmp, "trail/tile/entries/000.p/1"));
}

TEST(every_published_partial_stays_until_the_tile_is_full)
{
	auto_tmp tmp;
	struct err e;

	tmp_make(&tmp);
	CHECK(fill(&tmp.state, 255) == 0);
	CHECK(verify(&tmp.state, 255, &e) == 0);
	CHECK(there(&tmp, "trail/tile/0/000.p/1") && there(&tmp, "trail/tile/0/000.p/255"));
	CHECK(there(&tmp, "trail/tile/entries/000.p/77") && !there(&tmp, "trail/tile/0/000"));
	CHECK(!there(&tmp, "trail/tile/1"));

	CHECK(fill(&tmp.state, 1) == 0);
	CHECK(verify(&tmp.state, 256, &e) == 0);
	CHECK(there(&tmp, "trail/tile/0/000") && there(&tmp, "trail/tile/1/000.p/1"));
	CHECK(!there(&tmp, "trail/tile/0/000.p") && !there(&tmp, "trail/tile/entries/000.p"));

	CHECK(fill(&tmp.state, 1) == 0);
	CHECK(verify(&tmp.state, 257, &e) == 0);
	CHECK(there(&tmp, "trail/tile/0/001.p/1") && !there(&tmp, "trail/tile/1/000.p/2"));

	CHECK(fill(&tmp.state, 257) == 0);
	CHECK(verify(&tmp.state, 514, &e) == 0);
	CHECK(there(&tmp, "trail/tile/1/000.p/1") && there(&tmp, "trail/tile/1/000.p/2"));
}

TEST(entries_come_back)
{
	auto_tmp tmp;
	auto_release(trail_close) struct trail *t = NULL;
	struct err e = ERR_INIT;

	tmp_make(&tmp);
	CHECK(fill(&tmp.state, 300) == 0);
	CHECK(trail_open(&tmp.state, &t, &e) == 0);
	for (uint64_t i = 0; i < 300; i += 23) {
		auto_json *entry = NULL;
		uint64_t index = 0;

		CHECK(trail_read(t, i, &entry, &e) == 0);
		CHECK(json_get_u64(entry, "index", &index, "entry", &e) == 0 && index == i);
		CHECK_STR(json_string_or_null(entry, "kind"), "build");
	}

	json_t *none;

	CHECK(trail_read(t, 300, &none, &e) == E_NOTFOUND);
}

TEST(longest_entry_and_one_byte_more)
{
	auto_tmp tmp;
	struct err e = ERR_INIT;

	tmp_make(&tmp);
	CHECK(fill(&tmp.state, 1) == 0);
	for (int more = 0; more < 2; more++) {
		auto_release(trail_close) struct trail *t = NULL;
		auto_json *entry = json_object();
		auto_buf bytes = BUF_INIT(1000);
		char *pad = calloc(1, 70000);
		size_t n;

		/* What the members that append sets take: index 1, schema, time and a pad of 0. */
		CHECK(json_put_string(entry, "pad", "", &e) == 0 &&
		      json_put_string(entry, "schema", TRAIL_SCHEMA, &e) == 0 &&
		      json_put_u64(entry, "index", 1, &e) == 0 &&
		      json_put_string(entry, "time", "2026-11-25T18:00:00Z", &e) == 0 &&
		      json_canonical(entry, &bytes, &e) == 0);
		n = LIMIT_TRAIL_ENTRY - bytes.n + (size_t)more;
		memset(pad, 'x', n);
		CHECK(json_put_string(entry, "pad", pad, &e) == 0);
		CHECK(trail_open(&tmp.state, &t, &e) == 0);
		CHECK(trail_append(t, entry, NULL, &e) == (more ? E_FORMAT : 0));
		CHECK(verify(&tmp.state, 2, &e) == 0);
		free(pad);
	}
}

/* A log whose newest files were written and whose checkpoint was not: the kill in the middle. */
TEST(uncommitted_tiles_are_ignored_and_overwritten)
{
	auto_tmp tmp;
	auto_buf note = BUF_INIT(4096);
	auto_close int dir = -1;
	struct err e = ERR_INIT;

	tmp_make(&tmp);
	for (unsigned at = 254; at <= 256; at++) {
		CHECK(fill(&tmp.state, at == 254 ? at : 1) == 0);
		dir = dir < 0 ? fs_open(tmp.state.fd, "trail", O_RDONLY | O_DIRECTORY, 0, &e) : dir;
		buf_reset(&note);
		CHECK(fs_read(dir, "checkpoint", 4096, &note, &e) == 0);
		CHECK(fill(&tmp.state, 1) == 0); /* this one is taken back */
		CHECK(fs_write_file(dir, "checkpoint", note.p, note.n, 0644, &e) == 0);
		if (at < 255) /* at 255 the full tile replaced the partial ones: read from it */
			CHECK(there(&tmp, "trail/tile/0/000.p/255"));
		CHECK(verify(&tmp.state, at, &e) == 0);
		if (e.code)
			printf("# at %u: %s\n", at, e.msg);
	}
	CHECK(fill(&tmp.state, 3) == 0);
	CHECK(verify(&tmp.state, 259, &e) == 0);
}

/* Each of these is noticed, and the message names what is wrong. */
static void tamper(const struct tmp *tmp, const char *path, off_t at)
{
	auto_close int fd = fs_open(tmp->state.fd, path, O_RDWR, 0, NULL);
	char c = 0;

	CHECK(fd >= 0 && pread(fd, &c, 1, at) == 1);
	c ^= 1;
	CHECK(pwrite(fd, &c, 1, at) == 1);
}

TEST(tampering_is_named)
{
	static const struct {
		const char *path, *says;
		off_t at;
	} cases[] = {
		{ "trail/tile/entries/000", "entry 0 does not match its hash in tile/0/000", 40 },
		{ "trail/tile/entries/001.p/4", "entry 256 does not match", 40 },
		{ "trail/tile/0/000", "entry 2 does not match its hash in tile/0/000", 64 },
		{ "trail/tile/0/001.p/4", "entry 259 does not match", 96 },
		{ "trail/tile/1/000.p/1", "tile/1/000.p/1: hash 0", 5 },
		{ "trail/checkpoint", "checkpoint", 20 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_tmp tmp;
		struct err e = ERR_INIT;

		tmp_make(&tmp);
		CHECK(fill(&tmp.state, 260) == 0);
		tamper(&tmp, cases[i].path, cases[i].at);
		CHECK(verify(&tmp.state, 260, &e) == E_VERIFY);
		CHECK(strstr(e.msg, cases[i].says));
		if (!strstr(e.msg, cases[i].says))
			printf("# '%s' lacks '%s'\n", e.msg, cases[i].says);
		/* Nothing is built on top of a broken edge; what lies behind it needs a verify. */
		if (strcmp(cases[i].path, "trail/tile/0/000") != 0 &&
		    strcmp(cases[i].path, "trail/tile/entries/000") != 0) {
			CHECK(trail_record(&tmp.state, &event, NULL, &e) == E_VERIFY);
		}
	}
}

TEST(a_removed_tile_or_checkpoint_is_named)
{
	auto_tmp tmp;
	struct err e = ERR_INIT;

	tmp_make(&tmp);
	CHECK(fill(&tmp.state, 260) == 0);
	CHECK(unlinkat(tmp.state.fd, "trail/tile/entries/000", 0) == 0);
	CHECK(verify(&tmp.state, 260, &e) == E_VERIFY);
	CHECK(strstr(e.msg, "tile/entries/000"));
	CHECK(unlinkat(tmp.state.fd, "trail/checkpoint", 0) == 0);
	CHECK(verify(&tmp.state, 260, &e) == E_VERIFY);
	CHECK(trail_record(&tmp.state, &event, NULL, &e) == E_VERIFY);
}

TEST(another_key_is_refused)
{
	auto_tmp a, b;
	auto_release(trail_close) struct trail *ta = NULL;
	auto_release(trail_close) struct trail *tb = NULL;
	struct err e;

	tmp_make(&a);
	tmp_make(&b);
	CHECK(trail_open_or_make(&a.state, &ta, &e) == 0);
	CHECK(trail_open_or_make(&b.state, &tb, &e) == 0);
	CHECK(trail_verify(ta, trail_vkey(ta), &e) == 0);
	CHECK(trail_verify(ta, trail_vkey(tb), &e) == E_VERIFY);
	CHECK(trail_verify(ta, "nonsense", &e) == E_USAGE);
}

TEST(a_copy_without_the_key_can_be_read_only)
{
	auto_tmp tmp;
	struct err e;

	tmp_make(&tmp);
	CHECK(fill(&tmp.state, 3) == 0);
	CHECK(unlinkat(tmp.state.fd, "trail/key.pem", 0) == 0);
	CHECK(verify(&tmp.state, 3, &e) == 0);
	CHECK(trail_record(&tmp.state, &event, NULL, &e) == E_NOTFOUND);
}

enum { WORKERS = 8, EACH = 50 };

TEST(eight_processes_lose_nothing)
{
	auto_tmp tmp;
	pid_t pids[WORKERS];
	struct err e = ERR_INIT;
	uint64_t began = clock_mono_ms();

	tmp_make(&tmp);
	(void)fflush(stdout);
	for (int i = 0; i < WORKERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(fill(&tmp.state, EACH) < 0);
	}
	for (int i = 0; i < WORKERS; i++) {
		int status;

		CHECK(waitpid(pids[i], &status, 0) == pids[i] && status == 0);
	}
	CHECK(verify(&tmp.state, WORKERS * EACH, &e) == 0);
	printf("# %d appends by %d processes: %llu ms\n", WORKERS * EACH, WORKERS,
	       (unsigned long long)(clock_mono_ms() - began));
}

/* A worker that tells the index of each entry it appended. */
static pid_t start_worker(const struct state *s, int tell)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	for (unsigned i = 0; i < EACH; i++) {
		uint64_t index;
		struct err e;

		if (trail_record(s, &event, &index, &e) < 0)
			_exit(1);
		if (write(tell, &index, sizeof(index)) != (ssize_t)sizeof(index))
			_exit(2);
	}
	_exit(0);
}

/* Kills one worker after a while and starts another in its place. */
static void kill_and_replace(const struct state *s, pid_t *pid, int tell, useconds_t after)
{
	int status;

	(void)usleep(after);
	(void)kill(*pid, SIGKILL);
	CHECK(waitpid(*pid, &status, 0) == *pid);
	CHECK(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
	*pid = start_worker(s, tell);
}

/* What was reported is there, once; what is there beyond is at most one entry for each kill: it was
 * written, and its writer died before it could tell. */
TEST(kills_at_random_instants_leave_a_whole_log)
{
	enum { KILLS = 30 };
	auto_tmp tmp;
	auto_free char *seen = calloc(1, WORKERS * EACH * KILLS);
	pid_t pids[WORKERS];
	int tell[2], status;
	uint64_t index, told = 0, size;
	struct err e = ERR_INIT;
	unsigned seed = 7;

	tmp_make(&tmp);
	CHECK(fill(&tmp.state, 0) == 0);
	CHECK(pipe2(tell, O_CLOEXEC) == 0 && fcntl(tell[0], F_SETPIPE_SZ, 1 << 20) > 0);
	(void)fflush(stdout);
	for (int i = 0; i < WORKERS; i++)
		pids[i] = start_worker(&tmp.state, tell[1]);
	for (int i = 0; i < KILLS; i++) {
		auto_release(trail_close) struct trail *t = NULL;

		kill_and_replace(&tmp.state, &pids[i % WORKERS], tell[1],
				 (useconds_t)(rand_r(&seed) % 15000));
		if (i % 10 == 0) /* a reader beside the writers, who take no notice of it */
			CHECK(trail_open(&tmp.state, &t, &e) == 0 &&
			      trail_verify(t, NULL, &e) == 0);
	}
	for (int i = 0; i < WORKERS; i++)
		CHECK(waitpid(pids[i], &status, 0) == pids[i] && status == 0);
	(void)close(tell[1]);

	auto_release(trail_close) struct trail *t = NULL;

	CHECK(trail_open(&tmp.state, &t, &e) == 0 && trail_verify(t, NULL, &e) == 0);
	size = t ? trail_size(t) : 0;
	while (seen && read(tell[0], &index, sizeof(index)) == (ssize_t)sizeof(index)) {
		CHECK(index < size && !seen[index]);
		if (index < size)
			seen[index] = 1;
		told++;
	}
	(void)close(tell[0]);
	CHECK(told >= WORKERS * EACH && size >= told && size - told <= KILLS);
	printf("# %llu entries, %llu of them reported, %d kills\n", (unsigned long long)size,
	       (unsigned long long)told, KILLS);
}

TEST(every_flipped_bit_of_a_small_log_is_noticed)
{
	static const char *const files[] = { "trail/checkpoint", "trail/tile/0/000.p/2",
					     "trail/tile/entries/000.p/2" };
	auto_tmp tmp;
	auto_release(trail_close) struct trail *t = NULL;
	struct err e = ERR_INIT;

	tmp_make(&tmp);
	CHECK(fill(&tmp.state, 2) == 0);
	CHECK(trail_open(&tmp.state, &t, &e) == 0);
	for (size_t f = 0; t && f < sizeof(files) / sizeof(*files); f++) {
		auto_close int fd = fs_open(tmp.state.fd, files[f], O_RDWR, 0, &e);
		char c;

		for (off_t at = 0; pread(fd, &c, 1, at) == 1; at++) {
			char flipped = (char)(c ^ 1 << at % 8);

			CHECK(pwrite(fd, &flipped, 1, at) == 1);
			CHECK(trail_verify(t, NULL, &e) == E_VERIFY);
			CHECK(pwrite(fd, &c, 1, at) == 1);
		}
	}
	CHECK(t && trail_verify(t, NULL, &e) == 0);
}

/* True at the entry of a system call that changes files, so that between two of these nothing does.
 */
static bool about_to_change(pid_t pid)
{
	struct __ptrace_syscall_info info = { .op = 0 };

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof(info), &info) < 0 ||
	    info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return false;
	switch (info.entry.nr) {
	case SYS_write:
	case SYS_openat2:
	case SYS_renameat:
	case SYS_mkdirat:
	case SYS_unlinkat:
	case SYS_fchmod:
	case SYS_fsync: return true;
	default: return false;
	}
}

/* Runs one append of n entries in a child that is killed before its nth change. True when it ended
 * by itself, having made fewer. */
static bool append_and_kill(const struct state *s, size_t n, int nth)
{
	const struct trail_event events[] = { event, event, event };

	pid_t pid = fork();
	int status;

	if (pid == 0) {
		(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		(void)raise(SIGSTOP);
		_exit(trail_record_all(s, events, n, NULL, NULL) < 0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	CHECK(ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)PTRACE_O_TRACESYSGOOD) == 0);
	while (nth > 0) {
		(void)ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
		if (waitpid(pid, &status, 0) != pid || WIFEXITED(status)) {
			CHECK(WEXITSTATUS(status) == 0);
			return true;
		}
		nth -= about_to_change(pid);
	}
	(void)kill(pid, SIGKILL);
	CHECK(waitpid(pid, &status, 0) == pid);
	return false;
}

/* From a log of size entries, one append of n is killed before every change it makes. */
static void kill_everywhere(unsigned size, unsigned n)
{
	auto_tmp tmp;
	auto_buf note = BUF_INIT(4096);
	auto_close int dir = -1;
	struct err e = ERR_INIT;
	int old = 0, new = 0;
	bool ended = false;

	tmp_make(&tmp);
	CHECK(fill(&tmp.state, size) == 0);
	dir = fs_open(tmp.state.fd, "trail", O_RDONLY | O_DIRECTORY, 0, &e);
	CHECK(fs_read(dir, "checkpoint", 4096, &note, &e) == 0);
	(void)fflush(stdout);
	for (int nth = 1; !ended && nth < 5000 && !tap_failed; nth++) {
		auto_release(trail_close) struct trail *t = NULL;

		ended = append_and_kill(&tmp.state, n, nth);
		CHECK(trail_open(&tmp.state, &t, &e) == 0 && trail_verify(t, NULL, &e) == 0);
		if (!t)
			break;
		CHECK(trail_size(t) == size || trail_size(t) == size + n);
		*(trail_size(t) == size ? &old : &new) += 1;
		/* What the kill left is no hindrance to the next append. */
		CHECK(trail_record(&tmp.state, &event, NULL, &e) == 0);
		CHECK(trail_verify(t, NULL, &e) == 0);
		CHECK(fs_write_file(dir, "checkpoint", note.p, note.n, 0644, &e) == 0);
	}
	CHECK(ended && old > 20 && new > 0);
	printf("# from %u entries: %d kills left the old log, %d the new\n", size, old, new);
	if (tap_failed)
		printf("# %s\n", e.msg);
}

TEST(a_kill_before_every_change)
{
	kill_everywhere(3, 1);
	kill_everywhere(255, 1); /* the tile becomes full, its partial ones go */
	kill_everywhere(256, 1);
	kill_everywhere(3, 2);
	kill_everywhere(254, 3); /* full, and the next one begun */
}

TEST(several_entries_are_one_append)
{
	const struct trail_event events[] = { event, event, event };

	for (unsigned size = 252; size < 258; size++)
		for (size_t n = 1; n <= 3; n++) {
			auto_tmp tmp;
			struct err e = ERR_INIT;
			uint64_t first = 0;

			tmp_make(&tmp);
			CHECK(fill(&tmp.state, size) == 0);
			CHECK(trail_record_all(&tmp.state, events, n, &first, &e) == 0);
			CHECK(first == size);
			CHECK(verify(&tmp.state, size + n, &e) == 0);
			CHECK(trail_record(&tmp.state, &event, NULL, &e) == 0);
			CHECK(verify(&tmp.state, size + n + 1, &e) == 0);
		}
}

TEST(entries_at_once_have_a_limit)
{
	struct trail_event events[LIMIT_TRAIL_APPEND + 1];
	auto_tmp tmp;
	struct err e = ERR_INIT;

	for (size_t i = 0; i <= LIMIT_TRAIL_APPEND; i++)
		events[i] = event;
	tmp_make(&tmp);
	CHECK(trail_record_all(&tmp.state, events, LIMIT_TRAIL_APPEND, NULL, &e) == 0);
	CHECK(trail_record_all(&tmp.state, events, LIMIT_TRAIL_APPEND + 1, NULL, &e) == E_INTERNAL);
	CHECK(verify(&tmp.state, LIMIT_TRAIL_APPEND, &e) == 0);
}

TEST(a_kill_before_every_change_of_the_first)
{
	struct err e = ERR_INIT;
	bool ended = false;

	for (int nth = 1; !ended && nth < 5000 && !tap_failed; nth++) {
		auto_tmp tmp;
		auto_release(trail_close) struct trail *t = NULL;
		int r;

		tmp_make(&tmp);
		(void)fflush(stdout);
		ended = append_and_kill(&tmp.state, 1, nth);
		r = trail_open(&tmp.state, &t, &e);
		CHECK(r == E_NOTFOUND || (r == 0 && trail_verify(t, NULL, &e) == 0));
		CHECK(fill(&tmp.state, 2) == 0);
		CHECK(verify(&tmp.state, 2 + (t ? trail_size(t) : 0), &e) == 0);
	}
	CHECK(ended);
	if (tap_failed)
		printf("# %s\n", e.msg);
}
