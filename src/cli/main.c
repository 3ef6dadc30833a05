/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

int main(int argc, char **argv)
{
	/* Scripts ask this often; nothing is set up for it. */
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		static const char text[] = "plimsoll " PLIMSOLL_VERSION "\n";

		return write(STDOUT_FILENO, text, sizeof(text) - 1) == (ssize_t)sizeof(text) - 1
			       ? 0
			       : err_exit_status(E_SYSTEM);
	}
	return cli_main(argc, argv);
}
