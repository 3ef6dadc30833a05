/* SPDX-License-Identifier: Apache-2.0 */
/* The times of what steps make, and the part that they have in the keys. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "build/work.h"

int64_t step_epoch(const struct stage_work *s, int64_t newest)
{
	const int64_t given = s->w->o->source_date_epoch, so_far = s->scope.draft.epoch;

	if (given >= 0)
		return given;
	return newest > so_far ? newest : so_far;
}

void step_put_time(const struct stage_work *s, bool with_parent, struct keyer *key)
{
	const int64_t given = s->w->o->source_date_epoch;
	const int64_t so_far = with_parent && given < 0 ? s->scope.draft.epoch : -1;

	sha256_update(key->h, &given, sizeof(given));
	sha256_update(key->h, &so_far, sizeof(so_far));
}

/* "1700000000 certain" as the memo has it. */
static bool read_answer(const char *line, struct step_time *ret)
{
	struct str rest = str_of(line), time;
	uint64_t v;

	if (!str_cut(&rest, ' ', &time) || str_u64(time, INT32_MAX, &v, NULL) < 0)
		return false;
	ret->exact = (int64_t)v;
	ret->settled = str_eqz(rest, "certain");
	return ret->settled || str_eqz(rest, "shallow");
}

/* The commit in hand and where the context lies in it decide, with what is asked. */
static int question(const struct commit_times *t, const struct strv *words, struct digest *ret,
		    struct err *e)
{
	auto_keyer k = { 0 };
	struct digest none;
	int r;

	digest_of("", 0, &none);
	r = keyer_new(&k, "commit time", &none, e);
	if (r < 0)
		return r;
	keyer_put(&k, t->head);
	keyer_put(&k, t->prefix);
	keyer_put(&k, t->shallow ? "shallow" : "");
	keyer_put_list(&k, (const char *const *)words->v, words->n);
	keyer_end(&k, ret);
	return 0;
}

static int ask_git(const struct stage_work *s, const struct commit_files *f, struct step_time *t,
		   struct err *e)
{
	const struct commit_times *git = &s->w->ctx.git;
	const struct state *state = s->w->o->state;
	auto_strv words = { 0 };
	char line[LIMIT_MEMO];
	struct digest key;
	int64_t time;
	bool certain;
	int r = commit_files_words(f, &words, e);

	if (r == 0)
		r = question(git, &words, &key, e);
	if (r < 0)
		return r;
	/* How far a shallow clone goes back may change; a commit's past does not. */
	if (!git->shallow && memo_get(state, &key, line) && read_answer(line, t))
		return 0;
	if (!commit_time_ask(git, &words, &time, &certain))
		return 0;
	(void)snprintf(line, sizeof(line), "%" PRId64 " %s", time, certain ? "certain" : "shallow");
	if (!git->shallow)
		memo_put(state, &key, line);
	(void)read_answer(line, t);
	return 0;
}

int step_commit_time(const struct stage_work *s, const struct commit_files *given,
		     struct keyer *key, struct step_time *t, struct err *e)
{
	struct commit_files f = *given;
	int r = 0;

	if (f.found->n == 0)
		return 0;
	f.ignore = &s->w->ctx.ignore;
	t->settled = false;
	if (s->w->ctx.commit_time >= 0)
		t->exact = s->w->ctx.commit_time;
	else if (s->w->ctx.git.dir && commit_files_clean(&s->w->ctx.git, &f))
		r = ask_git(s, &f, t, e);
	if (t->exact >= 0)
		t->newest = t->exact;
	if (t->settled)
		sha256_update(key->h, &t->exact, sizeof(t->exact));
	return r;
}
