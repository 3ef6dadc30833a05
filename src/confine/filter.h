/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "base/json.h"

/*
 * The program of a filter of system calls, from the same "seccomp" object of the OCI configuration
 * that the runtime reads: a search tree over numbers, so that no call passes more than some ten
 * comparisons. crun takes it from an annotation and then spares libseccomp's compilation, a quarter
 * of the time it takes to make a container; other runtimes compile the object.
 *
 * Rules of one call are tried in their order; the first whose comparisons all hold decides, and one
 * without comparisons before all others, as libseccomp has it. A call of another architecture, x32
 * too, ends the process.
 */
#define FILTER_ANNOTATION "run.oci.seccomp_bpf_data"

/* Appends the instructions (struct sock_filter). E_FORMAT for what is not known here: the runtime
 * then compiles the object itself, and nothing is lost but time. */
int filter_compile(const json_t *seccomp, struct buf *ret, struct err *e);
