/* SPDX-License-Identifier: Apache-2.0 */
/* Runs every file of a corpus folder through LLVMFuzzerTestOneInput and reports in TAP. */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *dir, const char *name)
{
	char path[4096];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);

	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -1;

	auto_free uint8_t *data = malloc((size_t)st.st_size + 1);

	if (!data || read(fd, data, (size_t)st.st_size) != st.st_size)
		return -1;
	/* An exact allocation, so that reading one byte past the input is caught. */
	auto_free uint8_t *exact = malloc((size_t)st.st_size ? (size_t)st.st_size : 1);

	if (!exact)
		return -1;
	memcpy(exact, data, (size_t)st.st_size);
	(void)LLVMFuzzerTestOneInput(exact, (size_t)st.st_size);
	return 0;
}

int main(int argc, char **argv)
{
	int n = 0, bad = 0;
	auto_closedir DIR *d = argc > 1 ? opendir(argv[1]) : NULL;

	if (!d) {
		printf("1..1\nnot ok 1 - no corpus folder\n");
		return 1;
	}
	for (const struct dirent *ent; (ent = readdir(d));) {
		if (ent->d_name[0] == '.')
			continue;

		int r = replay(argv[1], ent->d_name);

		bad |= r;
		printf("%sok %d - %s\n", r ? "not " : "", ++n, ent->d_name);
	}
	printf("1..%d\n", n);
	return bad || n == 0;
}
