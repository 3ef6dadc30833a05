/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"
#include "dockerfile/expand.h"
#include "oci/store.h"

/*
 * An image while it is being built: layers, the configuration that containers get, and the history
 * (image-spec config.md). The environment lives in env until it is written.
 */
struct draft {
	json_t *config;	  /* "config" of the image configuration: Cmd, User...; an object */
	json_t *history;  /* array */
	size_t inherited; /* entries of history that came with the base, with times of their own */
	char *author;
	struct vars env;
	struct desc *layers;
	struct digest *diff_ids;
	size_t n;
	int64_t epoch; /* newest input so far, unix seconds */
	bool settled;  /* all times so far follow from what is in the keys of steps */
};

int draft_scratch(struct draft *ret, struct err *e);
/* From an image in the store; its every byte is checked against its digest. */
int draft_from_image(const struct store *s, const struct desc *image, struct draft *ret,
		     struct err *e);
int draft_from_draft(const struct draft *from, struct draft *ret, struct err *e);
void draft_free(struct draft *d);

int draft_add_layer(struct draft *d, const struct desc *layer, const struct digest *diff_id,
		    struct err *e);
int draft_add_history(struct draft *d, const char *created_by, bool empty_layer, struct err *e);
/* The digest of what is there so far: over the layers' diff IDs, in order. */
void draft_digest(const struct draft *d, struct digest *ret);

/* Writes configuration and manifest; every time in them is `created`. annotations may be NULL. */
int draft_write(struct store *s, const struct draft *d, int64_t created, const json_t *annotations,
		struct desc *ret, struct digest *ret_config, struct err *e);
