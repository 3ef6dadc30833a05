/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/error.h"
#include "base/fs.h"

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
