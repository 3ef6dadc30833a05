/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * SELinux labels of a container, as the policy package container-selinux names them: the type
 * container_t for processes, container_file_t for files, and two categories of 1024 that other
 * containers do not have, so that one container's processes cannot touch another's files.
 */
enum { SELINUX_LABEL = 80 };
struct selinux_labels {
	char process[SELINUX_LABEL], mount[SELINUX_LABEL];
};

/* From the container's id, hex digits: the same at every start. */
void selinux_labels(const char *id, struct selinux_labels *ret);
