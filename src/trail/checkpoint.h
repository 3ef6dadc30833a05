/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "trail/merkle.h"
#include "trail/note.h"

/* The text of a C2SP tlog-checkpoint: origin, size and root, then perhaps extension lines, which
 * are signed but not understood. */
struct checkpoint {
	char origin[LIMIT_KEY_NAME + 1];
	uint64_t size; /* at most LIMIT_TREE_SIZE */
	struct hash root;
};

/* From the text of a note, with its final newline: E_FORMAT. */
int checkpoint_parse(struct str text, struct checkpoint *ret, struct err *e);
int checkpoint_format(const struct checkpoint *c, struct buf *ret, struct err *e);

/* Note, signature and text in one: the origin must be key's name, as tlog-checkpoint asks of logs.
 * E_FORMAT or E_VERIFY. */
int checkpoint_open(struct str note, const struct note_key *key, struct checkpoint *ret,
		    struct err *e);
int checkpoint_sign(const struct checkpoint *c, const struct note_key *key, struct buf *ret,
		    struct err *e);
