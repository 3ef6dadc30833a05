/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

#include "base/fs.h"

/*
 * Copying between a container and the host, as tar streams through a pipe. Each end is a
 * sandboxed process whose root folder is the one it reads from or writes to, so that no name and no
 * link leads elsewhere, also when the container changes them meanwhile (CVE-2018-15664); nothing of
 * the container is executed or loaded (CVE-2019-14271). Paths in the container are resolved within
 * its root, its mounts included (of one that does not run its volumes, rest.h); /proc and /sys are
 * left out. Devices, sockets and pipes are not
 * copied; what comes to the host loses setuid and setgid bits.
 */
struct copy_place {
	int dir;	/* descriptor of the folder */
	char leaf[256]; /* name in it; "": the folder's contents */
	uint32_t
		id_base; /* what the container calls 0 is this on the host; 0 for the host's side */
	bool keep_ids;	 /* owners as they are; else the writer's own, or the container's root */
	bool host;	 /* no setuid bits, and owners only with keep_ids */
	bool is_folder;	 /* of a source */
	int lock;	 /* held meanwhile; -1: none */
	/* Of a source: what is mounted in it is empty folders and files, several names of one file
	 * are links, named pipes are sent. */
	bool one_mount;
	uint64_t mount;	   /* its number (statx) */
	dev_t not_here[8]; /* file systems that are left out */
	size_t not_here_n;
};
void copy_place_free(struct copy_place *p);

/* What a target is to take. */
struct copy_source {
	const char *name; /* copy_source_name() */
	bool is_folder;
};
/* A path of a container. target_of: it may be missing, or is a folder to put things into; NULL: it
 * is a source. With a slash behind it a source is a folder, or a link to one; a target that is not
 * there becomes one, when the source is one. E_POLICY in /proc and /sys. */
int copy_place_container(const struct state *state, const char *container, const char *path,
			 const struct copy_source *target_of, bool follow, struct copy_place *ret,
			 struct err *e);
int copy_place_host(const char *path, const struct copy_source *target_of, bool follow,
		    struct copy_place *ret, struct err *e);

/* The whole root of a container as `export` has it, without what is mounted in it. */
int copy_place_root(const struct state *state, const char *container, struct copy_place *ret,
		    struct err *e);

/* The last part of a path that is copied, as docker takes it: "" for "x/." and "/". */
void copy_source_name(const char *path, char ret[static 256]);

/* Tar of a place to a descriptor, and from one to a place. as: the name that the top gets; "" puts
 * a folder's contents at the top. skipped: how many things were left out. */
int copy_send(const struct copy_place *from, const char *as, int fd, uint64_t *ret_skipped,
	      struct err *e);
int copy_receive(const struct copy_place *to, int fd, struct err *e);
/* Both at once. */
int copy_between(const struct copy_place *from, const struct copy_place *to, uint64_t *ret_skipped,
		 struct err *e);
