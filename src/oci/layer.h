/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/fs.h"
#include "base/progress.h"
#include "oci/store.h"
#include "oci/tar.h"

/*
 * Layers: compressed tar blobs to folders for overlay mounts, and back (image-spec layer.md). Blobs
 * are hostile: they are inflated and parsed in a sandboxed child, their digest and diff ID checked
 * in the same pass.
 */
#define LIMIT_LAYER_BYTES ((uint64_t)64 * 1024 * 1024 * 1024) /* unpacked */

/*
 * Makes sure that <state>/layers/<diff id hex>/fs holds the layer, whiteouts in overlay form
 * (character device 0:0, trusted.overlay.opaque; user.overlay.* when not root). Whole or not at
 * all. Entries with
 * "..", devices other than /dev's standard ones (those are left out), or that would pass through a
 * symbolic link to outside are E_FORMAT, wrong digests E_VERIFY.
 */
int layer_unpack(const struct state *state, const struct store *s, const struct desc *layer,
		 const struct digest *diff_id, struct progress *p, struct err *e);
/* layer_unpack() would have nothing to do. */
bool layer_unpacked(const struct state *state, const struct digest *diff_id);
/*
 * Makes <state>/layers/<diff id hex> of the folder dir/name, whose fs/ is what unpacking that layer
 * would give, and which is on the same file system. It is not waited for until it is on disk: what
 * was there before a boot of the machine is unpacked anew (where the kernel does not tell one boot
 * from another, it is waited for). One that is there already stays, and dir/name too.
 */
int layer_adopt(const struct state *state, int dir, const char *name, const struct digest *diff_id,
		struct err *e);
/* Removes what killed unpackers left in <state>/layers. layer_unpack does it, too. */
int layer_clean(const struct state *state, struct err *e);
/* "<state>/layers/<hex>/fs", owned by the caller. */
char *layer_path(const struct state *state, const struct digest *diff_id);

/*
 * One layer from a folder tree: entries sorted by name, the same tree always the same bytes.
 * Overlay whiteouts become .wh. entries when from_overlay. Times later than clamp_mtime are set to
 * it. gzip, deterministic. The result is in the store; ret_diff_id is the digest of the tar.
 */
struct layer_opts {
	bool from_overlay;
	int64_t clamp_mtime; /* INT64_MAX: none */
	const char *prefix;  /* put everything beneath this path, or NULL */
	bool root;	     /* the folder's own mode, owner and time stand in it, as "./" */
};
int layer_from_dir(struct store *s, int dir, const struct layer_opts *o, struct desc *ret,
		   struct digest *ret_diff_id, struct progress *p, struct err *e);
/* The same entries as a plain tar, given to write in pieces. */
int layer_tar(int dir, const struct layer_opts *o, tar_write_fn write, void *arg,
	      struct progress *p, struct err *e);
/* As layer_from_dir from a tar stream that we did not write (plimsoll import): read strictly,
 * written anew. A stream in gzip, zstd or plain is told by its first bytes (bzip2 and xz by the
 * tools of that name). */
int layer_from_tar(struct store *s, int fd, int64_t clamp_mtime, struct desc *ret,
		   struct digest *ret_diff_id, struct progress *p, struct err *e);

/*
 * Reads chosen files of a layer in the sandbox, for scanners: want() is asked for each entry's
 * name, and got() receives the content of the wanted regular files (at most max bytes each; longer
 * is E_FORMAT; NUL-terminated beyond n). NULL content have wanted entries that are not regular
 * files (a link where a package list belongs: the caller must not take it for "no such file"), and
 * all whiteouts, without being asked for, under their names in the archive: "var/lib/.wh.dpkg",
 * "var/lib/.wh..wh..opq". Both run in the sandboxed child: they may only compute and emit() bytes,
 * which come back in ret (cap of ret holds). When ret was filled, the blob's digest and the diff ID
 * (unless NULL) held.
 *
 * Who sets entry() gets every entry instead, folders and whiteouts among them, and takes as much of
 * a file's content as it likes with tar_read(). What it writes to the descriptors that are kept for
 * it is worth nothing until layer_read() returned 0.
 */
struct layer_reader {
	bool (*want)(void *arg, const struct tar_entry *entry);
	int (*got)(void *arg, const struct tar_entry *entry, const char *p, size_t n,
		   struct buf *emit, struct err *e);
	int (*done)(void *arg, struct buf *emit,
		    struct err *e); /* after the last entry; may be NULL */
	int (*entry)(void *arg, const struct tar_entry *entry, struct tar_reader *t, struct err *e);
	void *arg;
	size_t max;
	int keep[2]; /* descriptors for the callbacks to write to, the first keep_n */
	size_t keep_n;
};
int layer_read(const struct store *s, const struct desc *layer, const struct digest *diff_id,
	       const struct layer_reader *r, struct buf *ret, struct err *e);
