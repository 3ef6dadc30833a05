/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"
#include "base/str.h"
#include "oci/ref.h"

/*
 * registries.conf, version 2, as podman, skopeo and CRI-O read it (containers-registries.conf(5)):
 * where a name is really fetched from, over what kind of connection, and whether at all. A key that
 * is not known is refused, so that a "blocked" with a slip in it is not an open door.
 */
enum { LIMIT_CONF_ENTRIES = 1024, LIMIT_CONF_MIRRORS = 16, LIMIT_CONF_NAME = 512 };

enum mirror_use { MIRROR_ALL, MIRROR_DIGEST_ONLY, MIRROR_TAG_ONLY };

struct conf_mirror {
	char *location;
	bool insecure;
	enum mirror_use use;
};

struct conf_entry {
	char *prefix;	/* "HOST[:PORT][/NAME…]" or "*.DOMAIN" */
	char *location; /* NULL: of a wildcard, the name as it is */
	bool insecure, blocked;
	struct conf_mirror mirrors[LIMIT_CONF_MIRRORS];
	size_t mirrors_n;
};

struct registries {
	struct conf_entry *v;
	size_t n;
	struct strv search;  /* unqualified-search-registries */
	struct strv helpers; /* credential-helpers */
	bool has_helpers;
	json_t *aliases; /* short name to repository; NULL: none */
};

void registries_free(struct registries *r);
static inline void registries_release(struct registries *r)
{
	registries_free(r);
}
#define auto_registries __attribute__((cleanup(registries_release))) struct registries

/* Adds a file to what is there: an entry takes the place of one of its prefix, a list that of the
 * list before, aliases are added. E_FORMAT with file, line and place. */
int registries_parse(const char *p, size_t n, const char *what, struct registries *into,
		     struct err *e);

/* $CONTAINERS_REGISTRIES_CONF, else ~/.config/containers/registries.conf, else
 * /etc/containers/registries.conf; then registries.conf.d/<any>.conf of /etc/containers and of
 * ~/.config/containers, in the order of their names. None need be there. */
int registries_load(struct registries *ret, struct err *e);

/* The entry with the longest prefix of HOST/NAME; NULL: none. Borrowed. */
const struct conf_entry *registries_find(const struct registries *r, const char *host,
					 const char *name);

/* Where a repository is really spoken to. */
struct place {
	char host[256], name[256];
	bool insecure, mirror;
};
enum { LIMIT_PLACES = LIMIT_CONF_MIRRORS + 1 };

/* Where to pull ref from: its mirrors, then the place itself. E_POLICY: it is blocked. */
int registries_places(const struct registries *r, const struct ref *ref,
		      struct place ret[static LIMIT_PLACES], size_t *ret_n, struct err *e);
/* Where everything else happens: the name itself, as podman and skopeo have it. E_POLICY. */
int registries_itself(const struct registries *r, const char *host, const char *name,
		      struct place *ret, struct err *e);

/* Gives a name without a registry the one that its alias says. Without an alias it is E_USAGE, with
 * the names that may be meant: which registry a short name is of is never guessed. */
int registries_qualify(const struct registries *r, struct ref *ref, struct err *e);
