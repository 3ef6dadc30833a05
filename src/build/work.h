/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A build while it runs. Between the files that carry instructions out; nobody else includes it. */
#include "build/area.h"
#include "build/build.h"
#include "build/cache.h"
#include "build/context.h"
#include "build/named.h"
#include "build/plan.h"
#include "build/scope.h"
#include "build/tree.h"
#include "dockerfile/remote.h"
#include "traffic/record.h"

/*
 * How a stage comes on. One that waits was handed back in the middle: by a worker that met what
 * only the first process can give, or because a stage that it copies from is not done.
 */
enum stage_state { STAGE_NEW, STAGE_READY, STAGE_WAITS, STAGE_RUNS, STAGE_DONE, STAGE_FAILED };

struct work {
	struct build_opts opts; /* ours: the progress is that of the stage in hand */
	const struct build_opts *o;
	/* Which steps this process does. A step that it does not do pauses the stage: `paused` is
	 * set and the step returns an error that nobody sees. */
	bool only_known; /* those that the cache knows */
	bool forked;	 /* what needs the hooks of the first process is not there */
	bool paused;
	size_t waits_for; /* the stage that is not done; SIZE_MAX: the step is to be done */
	struct context ctx;
	struct file_memo memo; /* of the context's files */
	struct dockerfile df;
	struct vars build_args;
	struct strv args_used;
	struct plan plan;
	struct area area;
	struct stage_work *stages; /* as many as plan.stages */
	struct build_result res;
};

struct stage_work {
	struct work *w;
	const struct stage *stage;
	size_t index;
	enum stage_state state;
	size_t waits_for;	    /* STAGE_WAITS: that stage, or SIZE_MAX: the first process */
	struct dockerfile triggers; /* ONBUILD of the base */
	bool begun;		    /* FROM is done */
	size_t next;		    /* the instruction to come: triggers, then the stage's own */
	struct scope scope;
	size_t step, steps; /* how many were begun, of how many */
	bool open;	    /* the step in hand was told to the progress */
	bool again;	    /* it was begun before: what it warns of was said */
	struct progress *progress;
};

/* A stage's file system, mounted. Changes go to upper. */
struct mounted {
	char *root_path; /* absolute path of the merged tree */
	char upper[64];	 /* within the area; "" when read-only */
	int root;
	bool overlay; /* a mount, to be undone */
};
#define MOUNTED_NONE ((struct mounted){ .root = -1 })
void mounted_close(struct mounted *m);
static inline void mounted_release(struct mounted *m)
{
	mounted_close(m);
}
#define auto_mounted __attribute__((cleanup(mounted_release))) struct mounted

/* Mounts the layers so far, for reading or with a fresh upper folder. `alone`: the upper folder by
 * itself, for changes that do not depend on what is below. */
enum mount_how { MOUNT_READ, MOUNT_CHANGE, MOUNT_ALONE };
int mount_draft(struct work *w, const struct draft *d, enum mount_how how, struct mounted *ret,
		struct err *e);
/* Makes a layer of the changes (none: c->empty) and keeps the folder as the unpacked layer. below
 * (may be NULL): folders that are there as they are in its layers are no change. */
int mount_commit(struct work *w, const struct draft *below, struct mounted *m, int64_t clamp,
		 struct cached *c, struct err *e);

/* NAME=VALUE of the command line, called `what` in messages. */
int work_pairs(const struct strv *from, const char *what, struct vars *ret, struct err *e);
/* checks.c: tells what the build checks found; E_POLICY when that is to end the build. */
int work_check(struct work *w, struct err *e);

/*
 * Times: step_time.c. A step has the time of the newest of what the image is made of so far: what
 * it copies, what is below it. What follows from its key is the same, cached or not: `settled`.
 */
struct step_time {
	int64_t newest; /* of what the step takes */
	int64_t exact;	/* all files of the context have this one; -1: they have their own */
	bool settled;	/* newest and exact follow from the key */
};
#define STEP_TIME_NONE ((struct step_time){ .exact = -1, .settled = true })
/* The time that a step which is not cached uses: the newest input's, or the one given. */
int64_t step_epoch(const struct stage_work *s, int64_t newest);
/* Puts into the key what decides about times: the one given; that of the image so far, unless the
 * step has nothing to do with it. */
void step_put_time(const struct stage_work *s, bool with_parent, struct keyer *key);
/* Files of the context, once they were hashed: when a clone was made says nothing about them, the
 * commit does. Its time goes into the key as well, when it is certain. f->ignore is set here. */
int step_commit_time(const struct stage_work *s, const struct commit_files *f, struct keyer *key,
		     struct step_time *t, struct err *e);
/* Says what begins: "[stage 2/5] RUN make". */
void step_begin(struct stage_work *s, const struct df_node *n);

/*
 * Whether the step need not be done: this host did it before, or a cache that was imported knows
 * it. What a --no-cache or --no-cache-filter covers is not known. Every step that makes a layer
 * asks once its key is settled, and does its work only when 0 came back without a hit; on an error
 * it returns at once (the stage may be paused).
 */
int step_known(struct stage_work *s, const struct digest *key, struct cached *ret, bool *ret_hit,
	       struct err *e);
/* Keeps what a step came to for builds to come. */
int step_learn(struct stage_work *s, const struct digest *key, const struct cached *c,
	       struct err *e);
/* known.c: names in --no-cache-filter that no stage has are E_USAGE; the steps of this build, from
 * the area, into w->res. */
int known_check(const struct work *w, struct err *e);
int known_collect(struct work *w, struct err *e);
/* The steps of the image itself as an annotation of its manifest. */
int known_inline(const struct work *w, const struct draft *d, json_t *manifest, struct err *e);

/* One line beside the progress: "warning: Dockerfile:7: ...". Always 0, or out of memory. */
int step_warn(const struct stage_work *s, const struct df_node *n, struct err *e, const char *fmt,
	      ...) __attribute__((format(printf, 4, 5)));

/* What a step comes to, done or found: layer, history, time (settled as in step_time). Ends the
 * step's progress. */
int step_end(struct stage_work *s, const struct cached *c, bool hit, bool settled,
	     const char *created_by, struct err *e);

/* The image so far of another stage, finished; borrowed. An error may mean "later". */
int stage_draft(struct work *w, size_t index, const struct draft **ret, struct err *e);
/* Lets the stage come back here; waits_for as in struct work. */
int stage_pause(struct work *w, size_t waits_for, struct err *e);

/* stage.c: carries the stage on until it is done (1), paused (0; state and waits_for say why) or
 * failed. */
int stage_advance(struct stage_work *s, struct err *e);
void stage_free(struct stage_work *s);

int do_from(struct stage_work *s, struct err *e);
int do_run(struct stage_work *s, const struct df_node *n, struct err *e);
int do_copy(struct stage_work *s, const struct df_node *n, struct err *e); /* and ADD */
int do_workdir(struct stage_work *s, const struct df_node *n, struct err *e);
/* One instruction behind FROM. */
int do_node(struct stage_work *s, const struct df_node *n, struct err *e);

/* The image of that name by the base hook, noted in the result. An error may mean "later". */
int find_base(struct work *w, const char *name, struct desc *ret, struct err *e);

/* Notes what came from outside; in the area, so also from a stage in a process of its own.
 * materials_collect() makes the result's list of it. */
int material_add(struct work *w, const char *uri, const char *digest, struct err *e);
int materials_collect(struct work *w, struct err *e);
void materials_free(struct build_material *v, size_t n);

/*
 * fetched.c: what commands fetched. _keep puts the text of a record (traffic/record.h) into the
 * store; _note says that the step has the record of c, also when the cache knew it (hit); _collect
 * makes the result's list of all.
 */
int fetched_keep(const struct work *w, const struct buf *text, struct desc *ret, struct err *e);
int fetched_note(const struct stage_work *s, const struct df_node *n, const char *network,
		 const struct cached *c, bool hit, struct err *e);
int fetched_collect(struct work *w, struct err *e);

/* A file of the web in the build's own folder. */
struct web_file {
	struct digest digest; /* of its bytes; known before they are here, as far as may be */
	int64_t mtime;	      /* of Last-Modified, 0 without; -1: not known yet */
	int fd;		      /* -1: not here yet */
	bool checked;	      /* the digest is --checksum's word */
};
#define WEB_FILE_NONE ((struct web_file){ .fd = -1 })
/* Learns the digest: want (may be NULL) is what it must be, and then nothing is asked; else the
 * server tells whether it changed since the last time, or sends it. */
int web_resolve(struct work *w, const struct remote *at, const struct digest *want,
		struct web_file *ret, struct err *e);
/* Makes sure that the bytes are here. E_VERIFY when they are others. */
int web_get(struct work *w, const struct remote *at, struct web_file *f, struct err *e);

/* What a context is that is no folder of the user's. */
struct context_at {
	int fd;	    /* its folder; -1: a plain folder is meant after all */
	char *text; /* the Dockerfile, when it came alone; owned */
	size_t text_n;
	int64_t commit_time; /* of a repository; -1: none */
};
#define CONTEXT_AT_NONE ((struct context_at){ .fd = -1, .commit_time = -1 })
/* context_remote.c: fetches the context that is a URL or "-"; anything else leaves ret->fd -1. */
int context_fetch(struct work *w, struct context_at *ret, struct err *e);
/* A tar archive's files, unpacked in the sandbox: a descriptor of the folder. ret_layer and
 * ret_diff_id (both NULL: not asked) are the layer that it is as well. */
int archive_tree(struct work *w, int fd, struct desc *ret_layer, struct digest *ret_diff_id,
		 struct err *e);
/* Whether the file is a tar archive, compressed or not; its offset is 0 afterwards. */
int is_archive(int fd, const char *name, bool *ret, struct err *e);

/* named.c: 1 when NAME was given by --build-context, and then *ret is what it holds as an image
 * (the caller's to free); 0 when not. base: for FROM, where only images will do. An error may mean
 * "later". */
int named_draft(struct work *w, const char *name, bool base, struct draft *ret, struct err *e);

/* The sources of one ADD that are fetched: step_add_remote.c. */
struct remote_sources {
	struct remote_source *v;
	size_t n;
};
/* One more; word is its place in n->args. Failures point. */
int remote_sources_add(struct stage_work *s, const struct df_node *n, size_t word,
		       const char *source, struct remote_sources *all, struct err *e);
/* Settles what each is (asking its server, where that is needed) and puts it into the key.
 * t->newest rises to the newest's time as far as known; a server may tell another one tomorrow. */
int remote_sources_key(struct stage_work *s, const struct df_node *n, struct remote_sources *all,
		       struct keyer *key, struct step_time *t, struct err *e);
/* Makes sure that all are here. */
int remote_sources_get(struct stage_work *s, const struct df_node *n, struct remote_sources *all,
		       struct step_time *t, struct err *e);
/* Copies one: 1 when it was written under the target's own name, else 0. exclude: --exclude. */
int remote_source_copy(struct stage_work *s, const struct df_node *n,
		       const struct remote_sources *all, size_t i, const struct ignore *exclude,
		       const struct tree_copy *t, struct err *e);
/* Its place in n->args, and what the history has of it: no credentials. Borrowed. */
size_t remote_source_word(const struct remote_sources *all, size_t i);
const char *remote_source_shown(const struct remote_sources *all, size_t i);
void remote_sources_free(struct remote_sources *all);

/* ADD: 1 when the file is an archive and was taken apart into the target, 0 when it is none. */
int add_archive(struct stage_work *s, const struct source *src, const struct tree_copy *c,
		struct err *e);
