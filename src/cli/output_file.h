/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"

/*
 * -o FILE of commands that print documents: between begin and end, what they print is collected;
 * end writes it to the file, whole or not at all, and puts standard output back. path NULL or "-":
 * both do nothing.
 */
struct output_file {
	const char *path;
	FILE *out; /* standard output meanwhile; NULL: nothing was begun */
	char *text;
	size_t n;
};
int output_file_begin(struct cli *c, const char *path, struct output_file *ret, struct err *e);
/* r is how the printing went: negative writes nothing and is handed on. */
int output_file_end(struct cli *c, struct output_file *f, int r, struct err *e);
