/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notifications as the guard takes them: calls by number, with arguments that lead into memory
 * which the container wrote. Here the caller is this process itself; as root /proc is the root
 * folder, as it is for the guard, and elsewhere paths come to nothing. What is noted fits in its
 * line.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "confine/guard/guard.h"
#include "confine/guard/task.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARGS = 6, HEAD = 1 + ARGS, MEMORY = 8192, LIMIT_NR = 512 };

static int out = -1, top = -1, here = -1;
static char memory[MEMORY];

/* Whoever replays a corpus opens it by paths, and LeakSanitizer looks for /proc. */
static void leave(void)
{
	if (fchdir(top) < 0 || chroot(".") < 0 || fchdir(here) < 0)
		abort();
}

static bool enter(void)
{
	if (out < 0) {
		out = open("/dev/null", O_WRONLY | O_CLOEXEC);
		top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	return top >= 0 && here >= 0 && chroot("/proc") == 0;
}

/* Each byte: a place in memory, a descriptor of ours, a small number, or many bits. */
static uint64_t argument(uint8_t byte, const uint8_t *rest, size_t n)
{
	uint64_t v = 0;

	switch (byte >> 6) {
	case 0: return (uint64_t)(uintptr_t)memory + (byte & 63) * 16U;
	case 1: return byte & 63;
	case 2: return (uint64_t)-(int64_t)(byte & 63);
	default: memcpy(&v, rest, n < sizeof(v) ? n : sizeof(v)); return v;
	}
}

static void check_line(const struct guard_note *n)
{
	char line[1024];
	const size_t len = note_line(n, line, sizeof(line));

	if (len == 0 || line[len - 1] != '\n' || memchr(line, '\n', len - 1))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct guard g;
	struct seccomp_notif call = { .pid = (uint32_t)getpid() };
	struct guard_note note = { .count = 1 };

	if (size < HEAD || size - HEAD > MEMORY - 1)
		return 0;
	const bool entered = enter();

	memset(memory, 0, sizeof(memory));
	memcpy(memory, data + HEAD, size - HEAD);
	g = (struct guard){ .out = out, .cgroup = "", .no_network = data[0] & 1 };
	rules_take(memory, size - HEAD);
	for (call.data.nr = 0; call.data.nr < LIMIT_NR; call.data.nr++) {
		if (!look_goes_on(call.data.nr) || call.data.nr % 64 != data[0] % 64)
			continue;
		for (size_t i = 0; i < ARGS; i++)
			call.data.args[i] = argument(data[1 + i], data + HEAD, size - HEAD);
		if (!look(&g, &call, &note))
			continue;
		if (strnlen(note.detail, sizeof(note.detail)) == sizeof(note.detail))
			abort();
		check_line(&note);
		note_add(out, &note);
		note = (struct guard_note){ .count = 1 };
	}
	if (entered)
		leave();
	return 0;
}
