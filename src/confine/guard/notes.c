/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine/guard/guard.h"

enum { COUNT_AT = 5, COUNT_DIGITS = 12 }; /* {"n":            1, */

static struct {
	struct guard_note v[GUARD_NOTES];
	off_t at[GUARD_NOTES];
	bool changed[GUARD_NOTES];
	size_t n;
	off_t end;
	struct guard_note others;
} notes;

static const char *const rules[] = {
	[GUARD_SECCOMP] = "seccomp",	   [GUARD_READONLY] = "readonly", [GUARD_NOEXEC] = "noexec",
	[GUARD_CAPABILITY] = "capability", [GUARD_MEMORY] = "memory",	  [GUARD_PIDS] = "pids",
	[GUARD_OTHERS] = "others",	   [GUARD_LANDLOCK] = "landlock", [GUARD_PORT] = "port",
	[GUARD_NETWORK] = "network",	   [GUARD_SPACE] = "space",	  [GUARD_INODES] = "inodes",
	[GUARD_FILES] = "files",	   [GUARD_RLIMIT] = "rlimit",	  [GUARD_ID] = "id",
	[GUARD_SETID] = "setid",	   [GUARD_UNMADE] = "folder",
};

/* A JSON string; what is not printable ASCII becomes "?". */
static size_t put_text(char *to, size_t room, const char *text)
{
	size_t n = 0;

	for (; *text && n + 2 < room; text++) {
		const unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			to[n++] = '\\';
		to[n++] = c < ' ' || c > '~' ? '?' : (char)c;
	}
	to[n] = '\0';
	return n;
}

/* Larger ones are no numbers for who reads JSON; they stand for "no limit". */
static unsigned long long bounded(uint64_t v)
{
	return v > INT64_MAX ? INT64_MAX : v;
}

size_t note_line(const struct guard_note *n, char *ret, size_t size)
{
	char text[2 * GUARD_DETAIL + 2];
	int len;

	(void)put_text(text, sizeof(text), n->detail);
	len = snprintf(ret, size,
		       "{\"n\":%*llu,\"rule\":\"%s\",\"nr\":%d,\"errno\":%d,\"cap\":%u,\"a0\":%llu,"
		       "\"a1\":%llu,\"path\":\"%s\"}\n",
		       COUNT_DIGITS, (unsigned long long)(n->count % 1000000000000ULL),
		       rules[n->rule], n->nr, n->error, n->cap, bounded(n->a0), bounded(n->a1),
		       text);
	return len < 0 || (size_t)len >= size ? 0 : (size_t)len;
}

/* Counted by the kernel, or true as long as it is. */
static bool total(enum guard_rule r)
{
	return r == GUARD_MEMORY || r == GUARD_PIDS || r == GUARD_SPACE || r == GUARD_INODES ||
	       r == GUARD_FILES;
}

static bool same(const struct guard_note *a, const struct guard_note *b)
{
	if (total(a->rule))
		return a->rule == b->rule && strcmp(a->detail, b->detail) == 0;
	return a->rule == b->rule && a->nr == b->nr && a->cap == b->cap && a->a0 == b->a0 &&
	       a->a1 == b->a1 && strcmp(a->detail, b->detail) == 0;
}

static void append(int out, size_t i)
{
	char line[1024];
	const size_t n = note_line(&notes.v[i], line, sizeof(line));

	notes.at[i] = notes.end;
	if (pwrite(out, line, n, notes.end) == (ssize_t)n)
		notes.end += (off_t)n;
}

/* Only whether it may was asked, which some do of each file that they have: those leave room for
 * what was tried. */
static bool asked(const struct guard_note *n)
{
#ifdef SYS_access
	if (n->nr == SYS_access)
		return true;
#endif
	return n->nr == SYS_faccessat || n->nr == SYS_faccessat2;
}

static size_t count_asked(void)
{
	size_t all = 0;

	for (size_t i = 0; i < notes.n; i++)
		all += asked(&notes.v[i]);
	return all;
}

void note_add(int out, const struct guard_note *n)
{
	for (size_t i = 0; i < notes.n; i++)
		if (same(&notes.v[i], n)) {
			const uint64_t before = notes.v[i].count;

			notes.v[i].count = total(n->rule) ? n->count : before + n->count;
			notes.changed[i] |= notes.v[i].count != before;
			return;
		}
	if (asked(n) && count_asked() == GUARD_ASKED)
		return;
	if (notes.n >= GUARD_NOTES - 1 && n->rule != GUARD_OTHERS) {
		const struct guard_note others = { .count = 1, .rule = GUARD_OTHERS, .nr = -1 };

		note_add(out, &others);
		return;
	}
	if (notes.n == GUARD_NOTES)
		return;
	notes.v[notes.n] = *n;
	append(out, notes.n++);
}

void note_flush(int out)
{
	for (size_t i = 0; i < notes.n; i++) {
		char count[COUNT_DIGITS + 1];

		if (!notes.changed[i])
			continue;
		(void)snprintf(count, sizeof(count), "%*llu", COUNT_DIGITS,
			       (unsigned long long)(notes.v[i].count % 1000000000000ULL));
		notes.changed[i] =
			pwrite(out, count, COUNT_DIGITS, notes.at[i] + COUNT_AT) != COUNT_DIGITS;
	}
}
