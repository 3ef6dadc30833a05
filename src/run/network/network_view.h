/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Where pasta sees its files where the kernel has AppArmor. Debian confines it: it may open network
 * namespaces in /run/user/UID/netns, may write in /tmp, and nothing below a state folder. So it
 * gets a mount namespace of its own, in which ours are at those places.
 */
#define VIEW_NETNS "/run/user/0/netns" /* a folder; the name in there tells whose it is */
#define VIEW_PID_FILE "/tmp/pasta.pid"
#define VIEW_PACKETS "/tmp/packets"

enum { LIMIT_VIEW_NAME = 128 };

struct network_view {
	const char *netns;    /* the namespace's file */
	const char *name;     /* what it is called in VIEW_NETNS; NULL without a view */
	const char *pid_file; /* receives pasta's number; is made */
	const char *packets;  /* may be NULL */
};
/* In the child that becomes pasta; arg is a struct network_view. Negative with errno set. */
int network_view_enter(void *arg);
/* Where it then is. */
void network_view_path(const char *name, char ret[static sizeof(VIEW_NETNS) + LIMIT_VIEW_NAME]);
