/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/agree.h"

#include <string.h>
#include <strings.h>

int cli_agree(struct cli *c, bool forced, const char *what, const char *warning, struct err *e)
{
	char line[16] = "";

	if (forced)
		return 0;
	(void)fprintf(stderr, "WARNING! %s\nAre you sure you want to continue? [y/N] ", warning);
	(void)fflush(stderr);
	if (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\r\n")] = '\0';
		if (strcasecmp(line, "y") == 0 || strcasecmp(line, "yes") == 0)
			return 0;
	} else {
		(void)fputc('\n', stderr);
	}
	c->exit_status = 1;
	return err_hint(e, FAIL(e, E_USAGE, "%s was not confirmed: nothing was removed", what),
			"--force asks nothing");
}
