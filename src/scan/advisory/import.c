/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/import_internal.h"

/* The import of files, and of what several sources brought. */

struct advisory_importer {
	const struct state *state;
	struct progress *progress;
	struct advisory_build *build;
	bool damaged; /* something was given to the build that is not whole */
};

void advisory_importer_free(struct advisory_importer *im)
{
	if (!im)
		return;
	advisory_build_free(im->build);
	free(im);
}

int advisory_importer_new(struct advisory_importer **ret, const struct state *state, int64_t now,
			  struct progress *progress, struct err *e)
{
	auto_release(advisory_importer_free) struct advisory_importer *im = calloc(1, sizeof(*im));
	int r;

	if (!im)
		return FAIL_NOMEM(e);
	im->state = state;
	im->progress = progress;
	r = advisory_build_begin(&im->build, state, now, e);
	if (r == 0)
		*ret = TAKE(im);
	return r;
}

static struct intake intake_of(const struct advisory_importer *im)
{
	struct intake in = { .state = im->state, .progress = im->progress };

	for (size_t i = 0; i < MAX_READERS; i++)
		in.records[i] = -1;
	return in;
}

static int give(struct advisory_importer *im, struct intake *in, struct err *e)
{
	int r = intake_give(in, im->build, e);

	im->damaged |= r < 0;
	return r;
}

/* Whether so much was lost that it is no accident of a few documents. */
static int check_lost(const struct advisory_import *counts, struct err *e)
{
	const uint64_t read = counts->units + counts->lost;
	const uint64_t most = read / LOST_FRACTION > LOST_LEAST ? read / LOST_FRACTION : LOST_LEAST;

	if (counts->lost && !counts->units)
		return FAIL(e, E_FORMAT, "no document could be read, the first: %s",
			    counts->first_lost);
	if (counts->lost > most)
		return FAIL(e, E_FORMAT, "%llu of %llu documents could not be read, the first: %s",
			    (unsigned long long)counts->lost, (unsigned long long)read,
			    counts->first_lost);
	return 0;
}

int advisory_importer_take(struct advisory_importer *im, struct advisory_file *files, size_t n,
			   struct advisory_import *ret, struct err *e)
{
	__attribute__((cleanup(intake_release))) struct intake in = intake_of(im);
	int r = 0;

	in.lenient = true;
	in.files = files;
	progress_begin(im->progress, "import advisories", 0);
	for (size_t i = 0; i < n && r == 0; i++)
		r = intake_path(&in, files[i].path, i, files[i].single, e);
	r = r < 0 ? r : intake_flush(&in, e);
	r = r < 0 ? r : check_lost(&in.counts, e);
	if (r == 0 && !in.counts.units)
		r = FAIL(e, E_FORMAT, "no advisories in what was fetched");
	r = r < 0 ? r : give(im, &in, e);
	progress_end(im->progress, r < 0 ? "failed" : NULL);
	if (r == 0)
		*ret = in.counts;
	return r;
}

int advisory_importer_commit(struct advisory_importer *im, bool *ret_changed, struct err *e)
{
	if (im->damaged)
		return FAIL(e, E_FORMAT, "what was read of a source is damaged");
	return advisory_build_commit(im->build, ret_changed, e);
}

int advisory_import(const struct state *state, char *const *paths, size_t n, int64_t now,
		    struct progress *progress, struct advisory_import *ret, struct err *e)
{
	auto_release(advisory_importer_free) struct advisory_importer *im = NULL;
	int r = advisory_importer_new(&im, state, now, progress, e);

	if (r < 0)
		return r;

	__attribute__((cleanup(intake_release))) struct intake in = intake_of(im);

	progress_begin(progress, "import advisories", 0);
	for (size_t i = 0; i < n && r == 0; i++)
		r = intake_path(&in, paths[i], i, false, e);
	r = r < 0 ? r : intake_flush(&in, e);
	if (r == 0 && in.counts.units == 0)
		r = FAIL(e, E_FORMAT, "no advisories in what was named");
	r = r < 0 ? r : give(im, &in, e);
	r = r < 0 ? r : advisory_importer_commit(im, &in.counts.changed, e);
	if (r < 0)
		return r;
	progress_end(progress, NULL);
	*ret = in.counts;
	return 0;
}
