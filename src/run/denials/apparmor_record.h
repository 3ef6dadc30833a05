/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * One refusal of AppArmor's, as the kernel logs it: in /dev/kmsg, or in auditd's file where that
 * takes it away from there. What a container chose of it (paths, names of peers) is printable and
 * without quotes here.
 */
enum { LIMIT_RECORD = 8192, LIMIT_RECORD_VALUE = 512 };

struct apparmor_record {
	int64_t time_ms; /* since 1970 */
	char profile[LIMIT_RECORD_VALUE];
	bool has_uid;			   /* the log has it of files only */
	uint32_t uid;			   /* as the host sees it */
	char what[LIMIT_RECORD_VALUE * 2]; /* for people: "open /etc/x" */
	char path[LIMIT_RECORD_VALUE];	   /* of files; "": none */
	char mask[32];			   /* what was denied of it */
	char cap[64];			   /* "sys_admin"; "": none */
	/* The rule of a profile that would allow it, apparmor.d(5); "": none is known. */
	char line[LIMIT_RECORD_VALUE * 2];
};

/* One line, with or without its end; false: it is none. */
bool apparmor_record(const char *line, struct apparmor_record *ret);
