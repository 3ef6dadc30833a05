#pragma once
#include <stddef.h>

unsigned long crc_of(const void *p, size_t n, unsigned long before);
