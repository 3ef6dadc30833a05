/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/container.h"

/*
 * What happened to containers, in docker's words: create, start, die, oom, stop, kill, exec_create,
 * exec_die, health_status, restart, pause, unpause, rename, destroy; to images: build, import,
 * pull, push, tag, untag, delete; to volumes: create, destroy. One JSON object a line in
 * <state>/containers/events.jsonl:
 *
 *     {"Type":"container","Action":"die","Actor":{"ID":"...","Attributes":{"exitCode":"0",...}},
 *      "id":"...","status":"die","from":IMAGE,"scope":"local","time":S,"timeNano":NS}
 *
 * At LIMIT_EVENTS bytes it becomes events.1.jsonl, which replaces the one before. A line that a
 * kill cut short is passed over by readers; the next writer begins a line of its own.
 */
enum { LIMIT_EVENTS = 8 * 1024 * 1024, LIMIT_EVENT = 64 * 1024 };

/* Notes one; attributes (an object of strings, may be NULL) is stolen. The container's name, image
 * and labels are added. Steps of builds have no events. Callers that cannot do anything about a
 * failure ignore it. */
int event_note(const struct container *c, const char *action, json_t *attributes, struct err *e);

/* The same for one whose folder is gone; containers: descriptor of the folder they are all in. */
int event_note_at(int containers, const struct container *c, const char *action, json_t *attributes,
		  struct err *e);

/* Of what is no container: type "image" or "volume"; attributes (an object of strings, may be NULL)
 * is stolen. */
int event_note_other(const struct state *state, const char *type, const char *action,
		     const char *id, json_t *attributes, struct err *e);

/* Whether an event of this container and action is there that is not older than since_ns. */
bool event_known(const struct container *c, const char *action, int64_t since_ns);

/* Whether the last of its starts that was told has no end yet. */
bool event_unended(const struct container *c);

struct events_query {
	int64_t since,
		until; /* nanoseconds since 1970; since 0: only new ones; until 0: for ever */
	int (*emit)(void *arg, const json_t *event, struct err *e); /* negative ends it */
	void *arg;
};
/* Those that were, then those that come, until `until` or until we are interrupted (E_SIGNAL). */
int events_read(const struct state *state, const struct events_query *q, struct err *e);
/* Those of one file, which is closed. What is no event is passed over. */
int events_read_file(int fd, const struct events_query *q, struct err *e);
