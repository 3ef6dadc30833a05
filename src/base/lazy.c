/* SPDX-License-Identifier: Apache-2.0 */
#include "base/lazy.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* As tools/lazy-calls writes it. */
struct library {
	const char *soname;
	const char *names; /* each ends with a zero byte */
	void **slots;	   /* whole pages */
	size_t n, room;
	size_t loaded;
	void (*begin)(void);
};

/* Not there where the libraries are linked. */
extern struct library lazy_libraries[] __attribute__((weak));
extern struct library lazy_libraries_end[] __attribute__((weak));
__attribute__((visibility("hidden"))) void lazy_library_load(struct library *l);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* As the linker says it, and ends. */
static _Noreturn void missing(void)
{
	const char *why = dlerror() ?: "?";

	(void)!write(STDERR_FILENO, "plimsoll: ", 10);
	(void)!write(STDERR_FILENO, why, strlen(why));
	(void)!write(STDERR_FILENO, "\n", 1);
	_exit(127);
}

static void fill(struct library *l)
{
	void *handle = dlopen(l->soname, RTLD_NOW | RTLD_LOCAL);
	const char *name = l->names;

	if (!handle)
		missing();
	for (size_t i = 0; i < l->n; i++, name += strlen(name) + 1) {
		l->slots[i] = dlsym(handle, name);
		if (!l->slots[i])
			missing();
	}
	(void)mprotect(l->slots, l->room, PROT_READ);
	if (l->begin)
		l->begin();
}

/* Of the assembly: with the first call of a function of the library. */
void lazy_library_load(struct library *l)
{
	(void)pthread_mutex_lock(&lock);
	if (!l->loaded)
		fill(l);
	l->loaded = 1;
	(void)pthread_mutex_unlock(&lock);
}

static bool is_one(const char *soname, const char *const *words)
{
	for (; *words; words++)
		if (strncmp(soname + 3, *words, strlen(*words)) == 0)
			return true;
	return false;
}

void lazy_load(const char *const *words)
{
	if (!lazy_libraries)
		return;
	for (struct library *l = lazy_libraries; l < lazy_libraries_end; l++)
		if (!words || is_one(l->soname, words))
			lazy_library_load(l);
}

void lazy_begin(const char *word, void (*begin)(void))
{
	const char *const words[] = { word, NULL };
	bool found = false;

	for (struct library *l = lazy_libraries; l && l < lazy_libraries_end; l++)
		if (!l->loaded && is_one(l->soname, words)) {
			l->begin = begin;
			found = true;
		}
	if (!found)
		begin();
}
