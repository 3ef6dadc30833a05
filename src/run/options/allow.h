/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/json.h"
#include "base/str.h"

/*
 * The section `run:` of plimsoll.yaml: what a container may be given beyond the profile, what this
 * machine may lack of what the profile needs, and what becomes of a running container whose image
 * is no longer admitted. Without it nothing is allowed and nothing may be lacking.
 *
 *     run:
 *       allow:
 *         - privileged
 *         - cap:NET_ADMIN
 *         - device:/dev/fuse
 *         - mount:/srv/data      # that path; with a last part "*" what lies below it
 *         - {what: network-host, images: [registry.example/ops]}
 *       without: [cpu-limit]     # may be lacking: it runs without
 *       require: [apparmor]      # has to be there, though the profile can do without
 *       runtime: crun            # or runc, or a path: where --runtime does not say
 *       on-refusal: report       # or stop: a running image that is no longer admitted
 *       unchecked: report        # or stop: one that could not be judged
 *
 * A scope of `images` is that of a trust rule: "*", or HOST[/PART...] and all below; with a last
 * part "*" only what is below. A name without a host is local/NAME.
 */
enum { LIMIT_ALLOWANCES = 256, LIMIT_ALLOW_SCOPES = 64, LIMIT_ALLOW_TEXT = 512 };

/* What a machine may lack, and still a container could run. */
enum need {
	NEED_SECCOMP,
	NEED_LANDLOCK,
	NEED_MEMORY, /* limits, enforced by control groups */
	NEED_PIDS,
	NEED_CPU,
	NEED_DISK, /* root's; an ordinary user has no loop devices, and what his own disk gives him
		    */
	NEED_APPARMOR,
	NEED_MEMFD_NOEXEC,
	NEEDS,
};
const char *need_name(enum need n); /* "memory-limit" */

enum refusal { REFUSAL_REPORT, REFUSAL_STOP };

struct run_allowance {
	const char *what;     /* borrowed from json */
	const json_t *images; /* of scopes; NULL: any */
};

struct run_policy {
	json_t *json; /* owned: the section */
	struct run_allowance v[LIMIT_ALLOWANCES];
	size_t n;
	unsigned without, require; /* bit 1 << enum need */
	enum refusal on_refusal, unchecked;
	const char *runtime; /* crun, runc or a path; borrowed from json; NULL: not said */
	/* Whose container it is about: as trust_repository() has it; "" when its image has no name.
	 * Set by whoever knows. */
	char repository[LIMIT_ALLOW_TEXT];
	/* What run_allowed() let pass: [{"what","reason"}]. Owned. For the trail and the record. */
	json_t *granted;
	char bad[LIMIT_ALLOW_TEXT]; /* the word that a failed run_policy_parse() met, or "" */
};

/* section is copied; NULL is none. E_USAGE for unknown words. */
int run_policy_parse(const json_t *section, struct run_policy *ret, struct err *e);
void run_policy_free(struct run_policy *p);
static inline void run_policy_release(struct run_policy *p)
{
	run_policy_free(p);
}
#define auto_run_policy __attribute__((cleanup(run_policy_release))) struct run_policy

/* Whether `what` is a word of the list: "privileged", "network-host", "cap:NET_ADMIN",
 * "device:/dev/fuse", "mount:/srv/data". Paths are absolute and have no "." or "..". */
bool run_allow_word(const char *what);

/*
 * Whether policy lets the container have `what`: E_POLICY, with the line that would allow it; also
 * when it does and no reason is given. What passes is in p->granted. Paths are compared as text:
 * the caller names what a path resolves to, so that a link never opens more than what was written.
 * p NULL allows nothing.
 */
int run_allowed(const struct run_policy *p, const char *what, const char *reason, struct err *e);
/* Whether p->v[i] is about p->repository. */
bool run_allowance_covers(const struct run_policy *p, size_t i);
/* Whether run_allowed() let it pass before. */
bool run_was_allowed(const struct run_policy *p, const char *what);
/* The same for all of a list that was granted before, at a start of that container. */
int run_allowed_again(const struct run_policy *p, const json_t *granted, struct err *e);
