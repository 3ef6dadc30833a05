/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/error.h"
#include "base/fs.h"
#include "base/json.h"

/*
 * A build's own folder <state>/tmp/build-<random>/. It is locked while the build lives; opening one
 * removes those that a killed build left.
 */
struct area {
	const struct state *state;
	char name[96]; /* beneath the state folder; "" when closed */
	int fd, lock;
	unsigned next, lane; /* for area_dir(): every process of the build has a lane of its own */
	unsigned lanes;
};

int area_open(struct area *ret, const struct state *state, struct err *e);
void area_close(struct area *a); /* removes it */
static inline void area_release(struct area *a)
{
	area_close(a);
}
#define auto_area __attribute__((cleanup(area_release))) struct area
#define AREA_NONE ((struct area){ .fd = -1, .lock = -1 })

/* A fresh folder within; its name within goes to ret. */
int area_dir(struct area *a, char ret[static 32], struct err *e);
/* The absolute path of something within; owned. */
int area_path(const struct area *a, const char *within, char **ret, struct err *e);

/*
 * Records of a build: files of the area, one JSON object a line, each added by one write(2), since
 * stages in processes of their own add to them as well. At most LIMIT_RECORD_LINE and LIMIT_RECORD
 * bytes.
 */
enum { LIMIT_RECORD_LINE = 64 * 1024, LIMIT_RECORD = 64 * 1024 * 1024 };
int area_record_add(const struct area *a, const char *name, const json_t *j, struct err *e);
/* Calls fn for each, in the order in which they were added, until it fails. No record is none. */
int area_record_each(const struct area *a, const char *name,
		     int (*fn)(void *arg, const json_t *j, struct err *e), void *arg,
		     struct err *e);
