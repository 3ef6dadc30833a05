/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The first process of a container that is to have an init: forks, and returns 0 in the child,
 * which becomes the command, in a process group of its own that has the terminal, if there is one.
 * The parent hands on every signal that it is sent, takes in what ends without a parent, and ends
 * with the status of its child (128 + N for a signal); the kernel then ends the rest. It runs none
 * of the image's code. -1 with errno when it cannot.
 */
int init_fork(void);
