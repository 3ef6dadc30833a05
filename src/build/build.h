/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/fs.h"
#include "base/progress.h"
#include "base/str.h"
#include "build/cache.h"
#include "dockerfile/expand.h"
#include "oci/store.h"

/*
 * From a Dockerfile and a folder to an image in the store. What touches the outside is asked for by
 * callbacks: whether a base image may be used, and the running of a command.
 */

enum build_network { BUILD_NETWORK_DEFAULT, BUILD_NETWORK_NONE, BUILD_NETWORK_NAMED };

/* A network that policy names, and what it may reach ("HOST:PORT", "10.0.0.0/8:443"). */
struct build_named_network {
	const char *name;
	const struct strv *allow;
};

/* What RUN --mount shows. target is absolute and clean; parents stand before what lies in them. */
struct build_mount {
	const char *target;
	const char *source; /* absolute path in our mount namespace; NULL: a tmpfs */
	bool folder;	    /* else a file or socket */
	bool read_only;
	bool secret;   /* a secret or socket: nothing in it is executed */
	uint64_t size; /* of a tmpfs in bytes; 0: the kernel's own bound */
};

/* What a RUN may be shown and nobody else: given by the user, in memory only. */
struct build_secret {
	char *id;
	char *data;
	size_t n;
};
/* An SSH agent: RUN --mount=type=ssh. */
struct build_agent {
	char *id, *socket;
};

/* Bounds of every step, and names it is given. */
struct build_limits {
	uint64_t memory, pids, shm; /* bytes, processes, bytes of /dev/shm; 0: the usual */
	const struct strv *ulimits; /* "nofile=1024:2048"; may be NULL */
	const struct strv *hosts;   /* "NAME:ADDRESS" for /etc/hosts; may be NULL */
};

/* One RUN. All is borrowed for the time of the call. */
struct build_step {
	const char *rootfs; /* absolute path: the merged tree, changes to it become the layer */
	const char *const *argv, *const *env; /* end with NULL */
	const char *cwd;		      /* absolute, within rootfs; it is there */
	const char *user; /* "USER[:GROUP]" as in the configuration, "" for root */
	enum build_network network;
	const struct build_named_network *named; /* of BUILD_NETWORK_NAMED */
	const struct build_mount *mounts;
	size_t mounts_n;
	const struct build_secret *secrets; /* what its output must not show */
	size_t secrets_n;
	const struct build_limits *limits;
	int in;			   /* standard input, or -1 */
	struct progress *progress; /* where its output goes, a line at a time; may be NULL */
	/* Receives what it fetched (traffic/record.h), none of the secrets in it, when it ends with
	 * 0 and has a network; its cap is LIMIT_RECORD_JSON. May be NULL. */
	struct buf *fetched;
	bool terminal; /* a shell for a person at our terminal, in place of in and progress */
};

/* One GET of an http or https URL. All is borrowed for the time of the call. */
struct build_fetch {
	const char *url;		  /* without credentials, as remote_parse() made it */
	const char *auth;		  /* "user:password", or NULL */
	const char *etag, *last_modified; /* what is known already; NULL: the body in any case */
	int to;				  /* the body is written here, from where it stands */
	struct progress *progress;
};
enum { LIMIT_ETAG = 256 };
struct build_fetched {
	bool unchanged; /* it is as etag or last_modified say: nothing was written */
	struct digest digest;
	uint64_t size;
	char etag[LIMIT_ETAG + 1], last_modified[64]; /* "" when the server gave none */
	int64_t mtime;				      /* of last_modified; 0 without */
};

struct build_hooks {
	/* The image that FROM or COPY --from means, after the trust policy accepted it. */
	int (*base)(void *arg, const char *name, struct desc *ret, struct err *e);
	/* Runs to the end: 0 with the command's exit status and, in ret_tail, its last lines of
	 * output; a negative E_* when it could not be run. */
	int (*step)(void *arg, const struct build_step *s, int *ret_status, struct buf *ret_tail,
		    struct err *e);
	/* 1 when another's cache knows the step and its layer is in the store now, 0 when not; what
	 * is wrong with that cache is told by progress. NULL: there is none. */
	int (*known)(void *arg, const struct digest *key, struct cached *ret, struct err *e);
	/* A failure names no URL: the caller does. Over a limit is E_FORMAT, network E_REMOTE. */
	int (*fetch)(void *arg, const struct build_fetch *f, struct build_fetched *ret,
		     struct err *e);
	void *known_arg;
	/* A process of the build ends: what step() keeps in it for the next one is let go. NULL: it
	 * keeps nothing. */
	void (*finish)(void *arg);
	void *arg;
};

struct build_opts {
	const struct state *state;
	struct store *store;
	const char *context;	     /* a folder, a URL, or "-": standard input */
	const struct strv *contexts; /* NAME=VALUE of --build-context; may be NULL */
	const char *dockerfile; /* a path (within a context that is no folder), "-" for standard
				   input; NULL: CONTEXT/Dockerfile */
	const struct strv *tags;
	const struct strv *build_args;		    /* NAME=VALUE */
	const struct strv *labels;		    /* NAME=VALUE */
	const struct strv *annotations;		    /* NAME=VALUE, of the manifest; may be NULL */
	const char *target;			    /* NULL: the last stage */
	const char *platform;			    /* NULL or this machine's own */
	enum build_network network;		    /* for steps that do not say */
	const struct build_named_network *named;    /* of BUILD_NETWORK_NAMED */
	const struct build_named_network *networks; /* that steps may ask for */
	size_t networks_n;
	const struct build_secret *secrets;
	size_t secrets_n;
	const struct build_agent *agents;
	size_t agents_n;
	struct build_limits limits;
	bool shell_on_error; /* a RUN that fails is followed by a shell in its place */
	bool no_cache;
	size_t jobs;	   /* stages beside one another at most; 0: as many as CPUs */
	bool pull;	   /* bases are asked for at their registry first (step_build() does) */
	bool inline_cache; /* the image tells which steps made its layers: CACHE_ANNOTATION */
	const struct strv *no_cache_filter; /* stages to do again, by name or index; may be NULL */
	int64_t source_date_epoch;	    /* -1: the newest input's, by git where it knows */
	struct progress *progress;
	struct build_hooks hooks;
};

/* A base image that was used: for provenance. */
struct build_base {
	char *name;
	struct desc image;
};

/* A step that was done or known. */
struct build_known {
	struct digest key;
	struct cached c;
	bool final; /* its layer is one of the image's own */
};

/* Something that came from outside of the folder: for provenance. */
struct build_material {
	char *uri; /* without credentials; "context:NAME" for a folder given by --build-context */
	char *digest; /* "sha256:<hex>" of the bytes, "sha1:<hex>" of a git commit */
};

struct build_result {
	struct desc image;
	struct digest config;
	size_t stages;	      /* that were built */
	size_t steps, cached; /* that make layers; how many of them were known */
	struct build_base *bases;
	size_t bases_n;
	struct build_known *known; /* in the order in which they ended; a key may come twice */
	size_t known_n;
	struct build_material *materials; /* sorted by uri */
	size_t materials_n;
	/* What commands fetched: {"stage","step","instruction","network","cached"} and the members
	 * of a record (traffic/record.h), or "unknown":true; by stage and step. Commands that
	 * fetched nothing are not in it. */
	json_t *fetched;
	struct digest dockerfile; /* of its text */
	char *syntax;		  /* the directive's value, or NULL */
};

/*
 * Builds and tags. Takes the process into a mount namespace of its own. Bad input is E_FORMAT and
 * points into the Dockerfile; a command that fails is E_FORMAT with the last lines it printed.
 */
int build_run(const struct build_opts *o, struct build_result *ret, struct err *e);
void build_result_free(struct build_result *r);
