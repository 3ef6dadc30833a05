/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/*
 * What ADD, a context and --build-context may name instead of files: a URL of one file, or a git
 * repository (Dockerfile reference, "ADD"; docker's documentation, "Build context", "Git
 * repositories"). Credentials in a URL are kept apart from everything that is shown or recorded.
 */
enum { LIMIT_REMOTE = 8192 };

enum remote_kind {
	REMOTE_NONE, /* a file */
	REMOTE_HTTP, /* http:// or https:// */
	REMOTE_GIT,  /* ...and ".git" at the end of the path; git://, ssh://, user@host:path */
};

struct remote {
	enum remote_kind kind;
	char *url;	/* what is connected to: no credentials, no fragment; git: no query */
	char *shown;	/* as it was written, but without credentials */
	char *auth;	/* "user:password", decoded; NULL: none. Secret. */
	char *name;	/* REMOTE_HTTP: the path's last part, decoded; NULL: it has none */
	char *ref;	/* REMOTE_GIT: branch, tag, full name or commit; NULL: the default branch */
	char *commit;	/* REMOTE_GIT: what it must be, hex; NULL: anything */
	char *subdir;	/* REMOTE_GIT: clean, relative; "": all of it */
	bool keep_git;	/* REMOTE_GIT: .git too */
	bool keep_said; /* ...because the URL says whether */
	bool no_submodules;
};

/* What kind of thing s names, by its form alone. context: "github.com/..." too. */
enum remote_kind remote_kind(const char *s, bool context);

/* Takes it apart; a plain name is REMOTE_NONE and success. Malformed is E_FORMAT, and the message
 * has no credentials in it. */
int remote_parse(const char *s, bool context, struct remote *ret, struct err *e);
void remote_free(struct remote *r);
static inline void remote_release(struct remote *r)
{
	remote_free(r);
}
#define auto_remote __attribute__((cleanup(remote_release))) struct remote

/* True for a whole commit: 40 or 64 hex digits, lower case. */
bool remote_is_commit(const char *s);

/* Puts '*' over what stands between "://" and "@" in a text that people see, in place. */
void remote_hide(char *text);
