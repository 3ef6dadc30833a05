/* SPDX-License-Identifier: Apache-2.0 */
#include "run/network/clock.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/str.h"

#define CLOCK_FILE "/sys/devices/system/clocksource/clocksource0/current_clocksource"

/* Linux's arch/x86/include/asm/vdso/clocksource.h; other processors have one counter for all. */
bool clock_is_quick(char ret_name[static LIMIT_CLOCK])
{
	auto_buf text = BUF_INIT(LIMIT_CLOCK);

	ret_name[0] = '\0';
	if (fs_read_user(CLOCK_FILE, LIMIT_CLOCK - 1, &text, NULL) < 0)
		return true;
	(void)snprintf(ret_name, LIMIT_CLOCK, "%.*s", (int)str_trim(str_of(buf_str(&text))).n,
		       buf_str(&text));
#ifdef __x86_64__
	return has_word("tsc kvm-clock hyperv_clocksource_tsc_page", ret_name);
#else
	return true;
#endif
}
