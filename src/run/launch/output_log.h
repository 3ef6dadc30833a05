/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a container in the foreground prints, kept as conmon keeps that of a detached one: ctr.log
 * of its folder in "k8s-file" form, begun anew at its bound. Several processes may write, one for
 * each stream: a record is one write(2) at the end of the file.
 */
struct output_log {
	int folder;	    /* descriptor of the container's folder; stays the caller's */
	uint64_t max;	    /* bytes */
	const char *stream; /* "stdout" or "stderr" */
	int fd;		    /* -1: not open yet */
};

/* As far as it can: a log that cannot be written is no reason to stop a container. */
void output_log_put(struct output_log *l, const char *text, size_t n);
