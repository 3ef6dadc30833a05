/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A runtime must not be overwritten through /proc/PID/exe of a process that it became a container's
 * (CVE-2019-5736). crun and runc therefore mount their own program read-only, or copy it, and
 * execute it once more from there: a second start, 3 ms. Here the supervisor mounts the program
 * read-only upon itself in its own mount namespace, and tells the runtime by the variable that it
 * would set itself. It still looks whether that is true, and goes on by itself where it is not.
 *
 * In the supervisor, once its mounts are private. program: a path. What fails costs only time.
 */
void reexec_spare(const char *program);
