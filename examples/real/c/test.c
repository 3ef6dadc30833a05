#include <stdio.h>

#include "crc.h"

int main(void)
{
	unsigned long got = crc_of("123456789", 9, 0);

	printf("crc of 123456789: %08lx\n", got);
	return got == 0xcbf43926 ? 0 : 1;
}
