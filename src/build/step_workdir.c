/* SPDX-License-Identifier: Apache-2.0 */
/* WORKDIR. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "build/work.h"

/* The folders that are made belong to USER; docker makes them root's when it does not know him. */
static int find_user(const struct stage_work *s, const struct df_node *n, int root,
		     const char *user, struct owner *ret, struct err *e)
{
	int r;

	*ret = (struct owner){ 0, 0 };
	if (!*user)
		return 0;
	r = tree_owner(root, user, ret, NULL);
	if (r == E_NOTFOUND)
		return step_warn(s, n, e,
				 "WORKDIR: the image does not know the user '%.100s': "
				 "folders that have to be made are root's",
				 user);
	return r < 0 ? tree_owner(root, user, ret, e) : 0;
}

/* The folder of WORKDIR: made in a layer of its own when it is not there. */
static int make_workdir(struct stage_work *s, const struct df_node *n, const char *path,
			const char *user, struct cached *c, struct err *e)
{
	int64_t epoch = step_epoch(s, 0);
	auto_mounted m = MOUNTED_NONE;
	struct made how = { .mode = 0755, .mtime = epoch };
	int r = mount_draft(s->w, &s->scope.draft, MOUNT_CHANGE, &m, e);

	if (r == 0)
		r = find_user(s, n, m.root, user, &how.owner, e);
	if (r < 0)
		return r;

	auto_close int fd = tree_mkdir(m.root, path, &how, e);

	if (fd < 0)
		return fd;
	close_release(&fd);
	return mount_commit(s->w, &s->scope.draft, &m, epoch, c, e);
}

static int find_key(const struct stage_work *s, const char *path, const char *user,
		    struct digest *ret, struct err *e)
{
	struct digest parent;
	auto_keyer k = { 0 };
	int r;

	draft_digest(&s->scope.draft, &parent);
	r = keyer_new(&k, "WORKDIR", &parent, e);
	if (r < 0)
		return r;
	keyer_put(&k, path);
	keyer_put(&k, user);
	step_put_time(s, true, &k);
	keyer_end(&k, ret);
	return 0;
}

static int workdir_step(struct stage_work *s, const struct df_node *n, struct err *e)
{
	const char *user = json_string_or_null(s->scope.draft.config, "User");
	auto_free char *word = NULL, *path = NULL, *text = NULL;
	struct cached c = { 0 };
	struct digest key;
	bool hit;
	int r = scope_word(&s->scope, n, &n->args[0], &word, e);

	user = user ? user : "";
	if (r == 0 && !*word)
		r = DF_FAIL_WORD(s->scope.df, n, &n->args[0], e, "WORKDIR: the path is empty");
	if (r == 0)
		r = scope_path(&s->scope, word, &path, e);
	if (r < 0)
		return r;
	step_begin(s, n);
	r = find_key(s, path, user, &key, e);
	if (r < 0)
		return r;
	r = step_known(s, &key, &c, &hit, e);
	if (!hit && r == 0)
		r = make_workdir(s, n, path, user, &c, e);
	if (!hit && r == 0)
		r = step_learn(s, &key, &c, e);
	if (r == 0)
		r = json_put_string(s->scope.draft.config, "WorkingDir", path, e);
	if (r == 0 && asprintf(&text, "WORKDIR %s", path) < 0)
		r = FAIL_NOMEM(e);
	return r < 0 ? r : step_end(s, &c, hit, true, text, e);
}

int do_workdir(struct stage_work *s, const struct df_node *n, struct err *e)
{
	int r = workdir_step(s, n, e);

	return r < 0 ? df_wrap(s->scope.df, n, n->args[0].at, n->args[0].len, r, e) : 0;
}
