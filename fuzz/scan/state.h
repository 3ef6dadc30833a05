/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fs.h"

/* A state folder for targets whose entry point wants one; it goes when the process ends. */
static struct state fuzz_state = { .fd = -1 };

static inline void fuzz_state_end(void)
{
	char *leaf = strrchr(fuzz_state.path, '/');
	int above;

	*leaf = '\0';
	above = open(fuzz_state.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (above >= 0) {
		(void)fs_remove_tree(above, leaf + 1, NULL);
		(void)close(above);
	}
	state_close(&fuzz_state);
}

static inline void fuzz_state_begin(void)
{
	/* In memory where that can be: each input writes to it. */
	char memory[] = "/dev/shm/plimsoll-fuzz.XXXXXX", disk[] = "/tmp/plimsoll-fuzz.XXXXXX";
	char *path = mkdtemp(memory) ? memory : mkdtemp(disk) ? disk : NULL;
	struct err e = ERR_INIT;

	if (!path || state_open(&fuzz_state, path, &e) < 0 || atexit(fuzz_state_end) != 0)
		abort();
}

/* Whole, without waiting for any disk. */
static inline int fuzz_state_write(const char *name, const void *p, size_t n)
{
	auto_close int fd =
		openat(fuzz_state.fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct err e = ERR_INIT;

	return fd < 0 ? E_SYSTEM : fs_write_all(fd, p, n, &e);
}
