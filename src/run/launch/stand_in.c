/* SPDX-License-Identifier: Apache-2.0 */
#include "run/launch/stand_in.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>

int stand_in_open(struct stand_in *ret, struct err *e)
{
	struct stand_in s = STAND_IN_INIT;

	*ret = s;
	if (isatty(STDIN_FILENO))
		return 0;
	s.master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (s.master < 0 || unlockpt(s.master) < 0 ||
	    (s.end = ioctl(s.master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0) {
		const int r = FAIL_SYS(e, "make a terminal");

		stand_in_release(&s);
		return r;
	}
	*ret = s;
	return 0;
}
