/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/run.h"

/* run_start()'s first part: the image, and the record of the container that is made of it. */

/* What an image says, and what was made of it with the options. */
struct image {
	struct manifest manifest;
	struct config config;
	struct command_line command;
};

void image_release(struct image *i);
#define auto_image __attribute__((cleanup(image_release))) struct image

int start_image(const struct store *store, const struct desc *d, const struct run_opts *o,
		struct image *ret, struct err *e);
/* Its layers, where they are not unpacked yet. */
int start_unpack(const struct state *state, const struct store *store, const struct image *i,
		 struct progress *p, struct err *e);
/* A new record, or that of o->again taken up. */
int start_record(const struct state *state, const struct desc *d, const struct run_opts *o,
		 const struct command_line *command, const struct runtime *rt, struct container *c,
		 struct err *e);
