/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "base/str.h"
#include "run/run.h"

/*
 * conmon's "k8s-file" form (of one in the foreground launch/output_log.h writes it), one record a
 * line: TIME STREAM TAG TEXT, where TAG is F for the end of a line and P for a part of one. A line
 * over LIMIT_LOG_LINE is cut, and what is no record is shown as nothing is: an empty line.
 */
enum { LIMIT_LOG_LINE = 1024 * 1024 };

struct log_reader {
	const struct log_sink *sink;
	struct buf joined[2]; /* of standard output and error */
	struct buf pending;   /* a record that is not whole yet */
	int64_t began[2];     /* when what is joined began */
	uint64_t skip;	      /* whole lines not to be shown */
	int64_t since, until; /* 0: no bound */
	bool over;	      /* until was passed */
};
#define LOG_READER_BUFS                                                                            \
	.joined = { BUF_INIT(LIMIT_LOG_LINE), BUF_INIT(LIMIT_LOG_LINE) },                          \
	.pending = BUF_INIT(LIMIT_LOG_LINE + 65536)
void log_reader_release(struct log_reader *r);
#define auto_log_reader __attribute__((cleanup(log_reader_release))) struct log_reader

/* Takes what the file has from here on. E_FORMAT for a record that is too long. */
int log_drain(struct log_reader *r, int fd, struct err *e);
/* A last line may have no end. */
int log_take_rest(struct log_reader *r, struct err *e);
