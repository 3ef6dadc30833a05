/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "scan/advisory/rows.h"

/*
 * What rows_open() reads: the number of strings and the strings; the number of rows, and for each
 *
 *   the unit, less that of the row before
 *   flags
 *   with groups of its own: how many, if not one, and the groups (pack.h)
 *   with ROW_HAS_STATUS and ROW_HAS_PLATFORMS a string each
 *   with ROW_HAS_RATING the number of a rating
 *   what is affected, by its shape
 *
 * A string is written as 0 when it is the next one of the table, whose strings stand in the order
 * in which rows first use them; or as how far it stands before that.
 *
 * ROW_GENERAL: how many events; each its version's string, ROW_EVENT_BITS up, a bit for the first
 * of a range, and its kind; then how many runs of single versions, each its first string and its
 * length.
 */
enum {
	ROW_GROUPS = 3, /* how many of its own: 0, 1, or a number that follows */
	ROW_MANY_GROUPS = 2,
	ROW_HAS_STATUS = 4,
	ROW_HAS_RATING = 8,
	ROW_SHAPE = 0x30,
	ROW_GENERAL = 0x00,
	ROW_UP_TO = 0x10,      /* one range from the beginning to a fix, which follows */
	ROW_EVERYTHING = 0x20, /* one from the beginning, without end */
	ROW_NOTHING = 0x30,    /* no range, no version */
	ROW_HAS_PLATFORMS = 0x40,
	ROW_FLAGS = 0x7f,
};
#define ROW_KINDS "iflu"
enum { ROW_KIND = 3, ROW_BEGINS = 4, ROW_EVENT_BITS = 3 };
_Static_assert(sizeof(ROW_KINDS) - 1 == ROW_KIND + 1, "every kind that can be written is one");
