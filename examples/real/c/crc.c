#include "crc.h"

#include <zlib.h>

unsigned long crc_of(const void *p, size_t n, unsigned long before)
{
	return crc32(before, p, (uInt)n);
}
