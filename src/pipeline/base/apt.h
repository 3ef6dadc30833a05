/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/fs.h"
#include "base/json.h"
#include "base/progress.h"
#include "base/str.h"

/*
 * The Debian archive as this machine's apt knows it, or as --mirror says. apt runs confined
 * (base_confine.h) in a folder of its own and checks the signatures of what it fetches with
 * Debian's keyring; nothing of the machine's own apt is changed.
 */
#define SOURCES_FILE "debian.sources"
#define DEBIAN_KEYRING "/usr/share/keyrings/debian-archive-keyring.gpg"
enum { LIMIT_RELEASE = 4 * 1024 * 1024, LIMIT_SUITE = 32, LIMIT_APT_INCLUDE = 16 * 1024 };

struct archive_apt {
	const struct state *state;
	char *folder; /* absolute, owned; debian.sources, apt.conf and all that apt makes */
	int fd;	      /* the same, owned */
	struct progress *progress;
	struct strv options; /* what the machine's apt was told of proxies and dates */
};
#define ARCHIVE_APT_NONE ((struct archive_apt){ .fd = -1 })

/*
 * Writes debian.sources for suite ("bookworm") into folder, from mirror, or when that is NULL from
 * where this machine's apt fetches Debian, whatever its suite; with -updates and -security but for
 * unstable. E_SYSTEM when its apt knows no Debian archive.
 */
int archive_apt_open(struct archive_apt *ret, const struct state *state, const char *folder,
		     const char *suite, const char *mirror, struct progress *p, struct err *e);
void archive_apt_close(struct archive_apt *a);
static inline void archive_apt_release(struct archive_apt *a)
{
	archive_apt_close(a);
}
#define auto_archive_apt __attribute__((cleanup(archive_apt_release))) struct archive_apt

/* Fetches what the archive says it is now, signatures checked; with packages also what it holds. */
int archive_apt_update(const struct archive_apt *a, bool packages, struct err *e);

/* Reads the *_InRelease files of a folder beneath a->fd: ret_date is the newest "Date:" of them,
 * *ret an array of {"suite","sha256"}, sorted. Owned. */
int archive_apt_releases(const struct archive_apt *a, const char *within, json_t **ret,
			 int64_t *ret_date, struct err *e);

/* The newest version that the archive has of each package, by name, as an object. After an update
 * with packages. Owned. */
int archive_apt_candidates(const struct archive_apt *a, const char *const *names, size_t n,
			   json_t **ret, struct err *e);

/* A plain suite name that may stand in a path and a sources.list. E_USAGE. */
int archive_apt_suite(const char *suite, struct err *e);
/* The environment for what runs confined; SOURCE_DATE_EPOCH when epoch >= 0. */
int archive_apt_env(struct strv *ret, int64_t epoch, struct err *e);
