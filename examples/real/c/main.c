#include <stdio.h>

#include "crc.h"

int main(void)
{
	char chunk[65536];
	unsigned long crc = 0;
	size_t n;

	while ((n = fread(chunk, 1, sizeof(chunk), stdin)) > 0)
		crc = crc_of(chunk, n, crc);
	printf("%08lx\n", crc);
	return ferror(stdin) ? 1 : 0;
}
