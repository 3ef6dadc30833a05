/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output_file.h"

#include <stdlib.h>

#include "pipeline/outfile.h"

int output_file_begin(struct cli *c, const char *path, struct output_file *ret, struct err *e)
{
	FILE *collected;
	int r;

	*ret = (struct output_file){ .path = path };
	if (!path || strcmp(path, "-") == 0)
		return 0;
	r = outfile_check(path, e);
	if (r < 0)
		return WRAP(e, r, "--output");
	collected = open_memstream(&ret->text, &ret->n);
	if (!collected)
		return FAIL_NOMEM(e);
	ret->out = c->out;
	c->out = collected;
	return 0;
}

int output_file_end(struct cli *c, struct output_file *f, int r, struct err *e)
{
	auto_free char *text = NULL;

	if (!f->out)
		return r;
	if (fclose(c->out) != 0 && r == 0)
		r = FAIL_NOMEM(e);
	c->out = f->out;
	f->out = NULL;
	text = f->text;
	return r < 0 ? r : outfile_write(f->path, text, f->n, e);
}
