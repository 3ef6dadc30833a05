/* SPDX-License-Identifier: Apache-2.0 */
/* From a repository's URL to the files of one commit, the same bytes for the same commit. */
#include "build/git.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "build/walk.h"
#include "build/work.h"
#include "sandbox/program.h"

enum { LIMIT_CA = 1024 * 1024 };

void git_digest(const struct git_tree *t, char ret[static 80])
{
	(void)snprintf(ret, 80, "%s:%s", strlen(t->commit) == 40 ? "sha1" : "sha256", t->commit);
}

/* --- the scratch folder --- */

/* A scratch folder in the area: the work tree is "tree" in it, beside it the certificates of
 * SSL_CERT_FILE. */
static int make_room(struct work *w, const char *dir, const struct remote *at, struct git_room *ret,
		     struct err *e)
{
	const char *ca = getenv("SSL_CERT_FILE");
	auto_close int fd = fs_open_nolink(w->area.fd, dir, O_RDONLY | O_DIRECTORY, 0, e);
	auto_buf pem = BUF_INIT(LIMIT_CA);
	bool other;
	int r = 0;

	if (fd < 0)
		return fd;
	if (mkdirat(fd, GIT_TREE, 0755) < 0 || fchmodat(fd, GIT_TREE, 0755, 0) < 0)
		return FAIL_SYS(e, "make folder '" GIT_TREE "'");
	other = geteuid() == 0 && fchown(fd, PROGRAM_USER, PROGRAM_USER) == 0 &&
		fchownat(fd, GIT_TREE, PROGRAM_USER, PROGRAM_USER, 0) == 0;
	if (ca && *ca)
		r = fs_read_user(ca, LIMIT_CA, &pem, e);
	if (r == 0 && pem.n)
		r = fs_write_file(fd, "ca.pem", pem.p, pem.n, 0644, e);
	if (r < 0)
		return r;
	*ret = (struct git_room){ TAKE_FD(fd), other, at, pem.n > 0 };
	return 0;
}

static int check_transport(const struct remote *at, struct err *e)
{
	if (starts_with(at->url, "https://") || starts_with(at->url, "http://") ||
	    starts_with(at->url, "git://"))
		return 0;
	return FAIL(e, E_FORMAT,
		    "git over ssh is not supported yet: name the repository by https://");
}

/* --- which commit --- */

/* The names that a ref may stand for, in git's own order (gitrevisions(7)). */
static const char *const prefixes[] = { "", "refs/", "refs/tags/", "refs/heads/" };
enum { PREFIXES = 4 };

/* The commit that a listing has for exactly this name, an annotated tag's own target. */
static bool listed(struct str text, const char *name, char ret[static 65])
{
	struct str line, id;
	bool found = false, peeled = false;

	while (str_line(&text, &line)) {
		auto_free char *hex = NULL;
		bool is_peeled;

		if (!str_cut(&line, '\t', &id) || !(hex = str_dup(id)) || !remote_is_commit(hex))
			continue;
		is_peeled = line.n == strlen(name) + 3 && str_starts(line, name) &&
			    str_ends(line, "^{}");
		if (!is_peeled && (!str_eqz(line, name) || peeled))
			continue;
		(void)snprintf(ret, 65, "%s", hex);
		peeled |= is_peeled;
		found = true;
	}
	return found;
}

/* Asks the server for its refs of that name. */
static int ask(const struct git_room *room, const struct remote *at, struct git_tree *t,
	       struct err *e)
{
	const char *ref = at->ref ? at->ref : "HEAD";
	auto_free char *peeled = NULL;
	auto_buf out = BUF_INIT(0);
	int r;

	if (asprintf(&peeled, "%s^{}", ref) < 0)
		return FAIL_NOMEM(e);

	const char *const words[] = { "ls-remote", "--quiet", "--", at->url, ref, peeled, NULL };

	r = git_run(room, words, &out, e);
	for (int i = 0; r == 0 && i < PREFIXES; i++) {
		char name[512];
		int n = snprintf(name, sizeof(name), "%s%s", prefixes[i], ref);

		if (n >= (int)sizeof(name))
			break;
		if (!listed((struct str){ buf_str(&out), out.n }, name, t->commit))
			continue;
		(void)snprintf(t->name, sizeof(t->name), "%s", name);
		return 0;
	}
	if (r < 0)
		return r;
	if (!at->ref)
		return FAIL(e, E_REMOTE, "the repository is empty");
	return FAIL(e, E_REMOTE, "the repository has no branch or tag '%.200s'", at->ref);
}

int git_resolve(struct work *w, const struct remote *at, struct git_tree *ret, struct err *e)
{
	struct git_tree t = GIT_TREE_NONE;
	struct git_room room = { .dir = -1 };
	char dir[32];
	int r = check_transport(at, e);

	if (r < 0)
		return WRAP(e, r, "%.600s", at->url);
	if (at->commit || (at->ref && remote_is_commit(at->ref))) {
		(void)snprintf(t.commit, sizeof(t.commit), "%s", at->commit ? at->commit : at->ref);
		if (at->ref && strcmp(at->ref, t.commit) != 0)
			(void)snprintf(t.name, sizeof(t.name), "%s", at->ref);
		*ret = t;
		return 0;
	}
	r = area_dir(&w->area, dir, e);
	if (r == 0)
		r = make_room(w, dir, at, &room, e);
	if (r == 0)
		r = ask(&room, at, &t, e);
	close_release(&room.dir);
	if (r < 0)
		return WRAP(e, r, "%.600s", at->url);
	*ret = t;
	return 0;
}

/* --- its files --- */

static int git3(const struct git_room *room, const char *const *words, struct err *e)
{
	return git_run(room, words, NULL, e);
}
#define GIT(room, e, ...) git3((room), (const char *const[]){ __VA_ARGS__, NULL }, (e))

static const char fetched[] = "refs/plimsoll/fetched";

/* One commit without its past; from servers that cannot give that (the dumb protocol; hashes that
 * no ref has), all of it. */
static int fetch(const struct git_room *room, const struct git_tree *t, struct err *e)
{
	auto_free char *spec = NULL;
	struct err first = ERR_INIT;
	int r;

	if (asprintf(&spec, "+%s:%s", t->name[0] ? t->name : t->commit, fetched) < 0)
		return FAIL_NOMEM(e);
	r = GIT(room, &first, "fetch", "--quiet", "--no-tags", "--depth=1", "--", "origin", spec);
	if (r == 0 || r != E_REMOTE) {
		if (r < 0 && e)
			*e = first;
		return r;
	}
	if (t->name[0])
		r = GIT(room, e, "fetch", "--quiet", "--no-tags", "--", "origin", spec);
	else
		r = GIT(room, e, "fetch", "--quiet", "--", "origin",
			"+refs/heads/*:refs/plimsoll/heads/*", "+refs/tags/*:refs/tags/*");
	if (r < 0 && e)
		*e = first;
	return r;
}

/* What was fetched must be what the name meant, or what the user said. */
static int check_commit(const struct git_room *room, const struct remote *at,
			const struct git_tree *t, struct err *e)
{
	char name[80];
	const char *const by_name[] = { "rev-parse", "--verify", "--quiet", name, NULL };
	auto_buf out = BUF_INIT(0);
	struct str got;
	int r;

	(void)snprintf(name, sizeof(name), "%s^{commit}", t->name[0] ? fetched : t->commit);
	r = git_run(room, by_name, &out, e);
	if (r < 0)
		return FAIL(e, E_REMOTE, "the repository does not have the commit %s", t->commit);
	got = str_trim((struct str){ buf_str(&out), out.n });
	if (str_eqz(got, t->commit))
		return 0;
	if (!at->commit)
		return FAIL(e, E_REMOTE, "%.200s changed while the build ran: build again",
			    t->name);
	return FAIL(e, E_VERIFY, "%.200s is the commit %.*s, not %s", t->name, (int)got.n, got.p,
		    t->commit);
}

/* A small repository can hold more files than any disk: they are counted before they are made. */
static int check_size(const struct git_room *room, const char *commit, struct err *e)
{
	const char *const words[] = { "ls-tree", "-r", "-l", "-z", "--full-tree", commit, NULL };
	auto_buf out = BUF_INIT(0);
	uint64_t files = 0, bytes = 0;
	int r = git_run(room, words, &out, e);

	for (size_t at = 0; r == 0 && at < out.n; at += strlen(out.p + at) + 1) {
		struct str entry = str_of(out.p + at), head, word, size = { "", 0 };
		uint64_t n = 0;

		if (!str_cut(&entry, '\t', &head))
			continue;
		while (str_cut(&head, ' ', &word))
			if (word.n)
				size = word;
		(void)str_u64(size, INT64_MAX, &n, NULL); /* "-": a submodule */
		files++;
		bytes += n;
		if (files > LIMIT_GIT_FILES || bytes > LIMIT_GIT_BYTES || n > LIMIT_GIT_BYTES)
			return FAIL(e, E_FORMAT,
				    "the commit holds more than %d files or %llu bytes",
				    LIMIT_GIT_FILES, (unsigned long long)LIMIT_GIT_BYTES);
	}
	return r;
}

static int read_time(const struct git_room *room, const char *commit, int64_t *ret, struct err *e)
{
	const char *const words[] = { "show",	      "-s",   "--no-show-signature",
				      "--format=%ct", commit, NULL };
	auto_buf out = BUF_INIT(0);
	uint64_t v;
	int r = git_run(room, words, &out, e);

	if (r == 0)
		r = str_u64(str_trim((struct str){ buf_str(&out), out.n }), UINT64_C(253402300799),
			    &v, e);
	if (r == 0)
		*ret = (int64_t)v;
	return r < 0 ? WRAP(e, r, "time of the commit") : 0;
}

static int checkout(const struct git_room *room, const struct remote *at, struct git_tree *t,
		    struct err *e)
{
	struct stat st;
	bool wide = strlen(t->commit) == 64;
	int r = GIT(room, e, "init", "--quiet", "--template=", "--initial-branch=main",
		    wide ? "--object-format=sha256" : "--object-format=sha1", ".");

	if (r == 0)
		r = GIT(room, e, "config", "remote.origin.url", at->url);
	if (r == 0)
		r = fetch(room, t, e);
	if (r == 0)
		r = check_commit(room, at, t, e);
	if (r == 0)
		r = check_size(room, t->commit, e);
	if (r == 0)
		r = read_time(room, t->commit, &t->time, e);
	if (r == 0)
		r = GIT(room, e, "checkout", "--quiet", "--detach", t->commit);
	if (r == 0 && !at->no_submodules &&
	    fstatat(room->dir, GIT_TREE "/.gitmodules", &st, AT_SYMLINK_NOFOLLOW) == 0)
		r = GIT(room, e, "submodule", "--quiet", "update", "--init", "--recursive",
			"--depth=1");
	return r;
}

static int nothing(void *arg, const struct walk_item *it, struct err *e)
{
	(void)arg, (void)it, (void)e;
	return 0;
}

static int drop_git_file(void *arg, const struct walk_item *it, struct err *e)
{
	(void)arg;
	if (strcmp(it->name, ".git") != 0)
		return 0;
	return unlinkat(it->dir, it->name, 0) < 0 ? FAIL_SYS(e, "remove '%s'", it->path) : 0;
}

/* The repository's own folder, and the files by which submodules point into it. */
static int drop_git(int dir, struct err *e)
{
	struct walker w = { .enter = nothing, .leave = nothing, .file = drop_git_file };
	int r = fs_remove_tree(dir, ".git", e);

	return r < 0 ? r : walk_tree(dir, ".", &w, e);
}

/* .git with nothing in it that tells when, where and by what server it was made: no reflogs, one
 * pack by one thread, an index without the times of files. */
static int settle_git(const struct git_room *room, struct err *e)
{
	static const char *const gone[] = { GIT_TREE "/.git/index", GIT_TREE "/.git/FETCH_HEAD",
					    GIT_TREE "/.git/ORIG_HEAD", GIT_TREE "/.git/logs",
					    GIT_TREE "/.git/refs/plimsoll" };
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(gone) / sizeof(gone[0]); i++)
		r = fs_remove_tree(room->dir, gone[i], e);
	if (r == 0)
		r = GIT(room, e, "-c", "pack.threads=1", "repack", "-a", "-d", "-F", "--quiet");
	return r < 0 ? r : GIT(room, e, "read-tree", "HEAD");
}

/* One folder for what is asked for, so that a build has it once. */
static int tree_name(const struct remote *at, const struct git_tree *t, char ret[static 96],
		     struct err *e)
{
	auto_buf text = BUF_INIT(2 * LIMIT_REMOTE);
	struct digest d;
	int r;

	buf_printf(&text, "%s %s %d %d", at->url, t->commit, at->keep_git, at->no_submodules);
	r = buf_check(&text, "URL", e);
	if (r < 0)
		return r;
	digest_of(text.p, text.n, &d);
	(void)snprintf(ret, 96, "git-%s", digest_hex(&d));
	return 0;
}

static int make_tree(struct work *w, const struct remote *at, struct git_tree *t, const char *name,
		     struct err *e)
{
	struct git_room room = { .dir = -1 };
	char dir[32], made[64];
	int r = area_dir(&w->area, dir, e);

	if (r == 0)
		r = make_room(w, dir, at, &room, e);

	auto_close int scratch = room.dir;

	if (r == 0)
		r = checkout(&room, at, t, e);
	if (r == 0 && at->keep_git)
		r = settle_git(&room, e);
	if (r < 0)
		return r;

	auto_close int tree = fs_open_nolink(scratch, GIT_TREE, O_RDONLY | O_DIRECTORY, 0, e);

	if (tree < 0)
		return tree;
	if (!at->keep_git)
		r = drop_git(tree, e);
	if (r == 0)
		r = tree_clamp(tree, t->time, e);
	if (r < 0)
		return r;
	(void)snprintf(made, sizeof(made), "%s/" GIT_TREE, dir);
	if (renameat2(w->area.fd, made, w->area.fd, name, RENAME_NOREPLACE) < 0 && errno != EEXIST)
		return FAIL_SYS(e, "keep what git fetched");
	return 0;
}

int git_get(struct work *w, const struct remote *at, struct git_tree *t, struct err *e)
{
	char name[96];
	struct stat st;
	int r = t->fd >= 0 ? 1 : tree_name(at, t, name, e);

	if (r != 0)
		return r < 0 ? r : 0;
	if (!fs_exists(w->area.fd, name))
		r = make_tree(w, at, t, name, e);
	if (r < 0)
		return WRAP(e, r, "%.600s", at->url);

	auto_close int fd = fs_open_nolink(w->area.fd, name, O_RDONLY | O_DIRECTORY, 0, e);

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return FAIL_SYS(e, "read what git fetched");
	t->time = st.st_mtime; /* tree_clamp() gave it the commit's */
	t->fd = TAKE_FD(fd);
	return 0;
}

int git_subdir(const struct remote *at, const struct git_tree *t, struct err *e)
{
	int fd = fs_open_in_root(t->fd, *at->subdir ? at->subdir : ".", O_RDONLY | O_DIRECTORY, 0,
				 e);

	if (fd == E_NOTFOUND)
		return FAIL(e, E_FORMAT, "%.600s has no folder '%.200s'", at->url, at->subdir);
	return fd;
}
