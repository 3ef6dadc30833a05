/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "scan/catalog/catalog.h"

/* What the files of the Go catalog share; not for others. */

enum { LIMIT_GO_VERSION = 256, LIMIT_GO_RANGES = 64 };

/* A part of a program that is mapped from its file. */
struct go_range {
	uint64_t offset, size; /* in the file */
	uint64_t address;
	bool writable;
};

/* What the first bytes of a file say. */
struct go_headers {
	bool program;	/* ELF, PE or Mach-O, to be run or loaded */
	bool surely_go; /* it has the build ID that Go's linker writes */
	uint64_t end;	/* where the last range ends */
	struct go_range ranges[LIMIT_GO_RANGES];
	size_t ranges_n;
};
/* Whether the first GO_MAGIC bytes are those of a program, perhaps; then what more of them say. */
enum { GO_MAGIC = 8 };
bool go_may_be_program(const unsigned char start[static GO_MAGIC]);
void go_headers_read(struct str start, struct go_headers *ret);

/* The file's offset of an address; false when no range has it. */
bool go_offset(const struct go_headers *h, uint64_t address, uint64_t *ret);

/* The packages that a program says it was made of: version as the toolchain names itself
 * ("go1.22.3"), info as debug/buildinfo has it, without its frame. */
int go_add_packages(struct str version, struct str info, struct catalog_out *out, struct err *e);
