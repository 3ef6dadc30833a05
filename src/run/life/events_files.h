/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What events.c writes and events_read.c reads, in <state>/containers. */
#define EVENTS "events.jsonl"
#define EVENTS_OLD "events.1.jsonl"
