/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/json.h"
#include "base/str.h"

/*
 * An OCI runtime program, crun or runc, and all in which they differ. A folder of a container is
 * its bundle; in there the runtime keeps its own state in RUNTIME_STATE and its messages in
 * RUNTIME_LOG.
 *
 * Words of a command line are added to argv, which begins with runtime_argv(): program and global
 * options.
 */
#define RUNTIME_STATE "oci"
#define RUNTIME_LOG "oci.log"
#define RUNTIME_VARIABLE "PLIMSOLL_RUNTIME"

enum { LIMIT_RUNTIME_PATH = 4096 };
/* Exit statuses of a container that did not start, as docker has them. */
enum { STATUS_FAILED = 125, STATUS_CANNOT_INVOKE = 126, STATUS_NOT_FOUND = 127 };

struct runtime_kind;
struct runtime {
	const struct runtime_kind *kind;
	char path[LIMIT_RUNTIME_PATH];
};

/*
 * By name (looked up in PATH) or path; NULL is what PLIMSOLL_RUNTIME says, else crun. A program of
 * another name is asked for its version: E_USAGE when it is neither crun nor runc. E_SYSTEM with
 * the package as hint when it is not installed. NOTIFY_SOCKET and LISTEN_* are gone from our
 * environment then.
 */
int runtime_find(const char *name, struct runtime *ret, struct err *e);
const char *runtime_name(const struct runtime *rt);

/* Whether it needs a right over the user namespace to set limits (namespaces.h). */
bool runtime_limits_outside(const struct runtime *rt);

/* Changes a configuration, as spec.h makes it, to what this runtime can carry out: what the
 * container is allowed stays the same. */
int runtime_adapt(const struct runtime *rt, json_t *config, struct err *e);

/* log: a file of the folder. Without cgroups the runtime is told to leave them alone. */
int runtime_argv(const struct runtime *rt, const char *folder, const char *log, bool cgroups,
		 struct strv *argv, struct err *e);
/* "run": the parent of the container's first process until it ends, with its status. gate: it hands
 * on descriptor 3. config: the configuration's name in the folder, where it has another; or NULL.
 */
int runtime_run(const char *bundle, const char *folder, const char *id, bool gate,
		const char *config, struct strv *argv, struct err *e);
/* Whether it may be a pipe. */
bool runtime_early(const struct runtime *rt);
/* "exec", of a process as the file describes it. */
int runtime_exec(const char *process, const char *id, struct strv *argv, struct err *e);
/* Whether exec can hand the process's terminal over by --console-socket=PATH. */
bool runtime_exec_hands_terminal(const struct runtime *rt);
/* Where it keeps its own copy of the first process's AppArmor profile, which it takes for further
 * ones: a file of its folder, and of that a key in an object. */
struct runtime_copy {
	const char *file, *object, *key;
};
struct runtime_copy runtime_profile_copy(const struct runtime *rt);
/* "start", of what conmon had created. Runs it. */
int runtime_start(const struct runtime *rt, const char *folder, const char *id, bool cgroups,
		  struct err *e);
/* Ends and forgets it, when the runtime knows of it. Runs it. */
int runtime_delete(const struct runtime *rt, const char *folder, const char *id, bool cgroups,
		   struct err *e);

/* What it wrote of its failure, as an error and STATUS_*; 0 when it wrote nothing. */
int runtime_error(const struct runtime *rt, const char *folder, const char *log, int *ret_status,
		  struct err *e);
