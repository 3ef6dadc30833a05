/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/proc.h"
#include "trust/sigstore/internal.h"

void sigstore_findings_free(struct sigstore_findings *f)
{
	for (size_t i = 0; i < f->n; i++)
		buf_free(&f->v[i].statement);
	free(f->v);
	strv_free(&f->refused);
	*f = (struct sigstore_findings){ 0 };
}

int sigstore_verify_blob(struct str bundle, const struct digest *digest, struct str artifact,
			 const struct sigstore_trust *trust, struct sigstore_found *ret,
			 struct err *e)
{
	struct trial t = { .j = { .form = SIGNED_BUNDLE,
				  .bytes = bundle,
				  .digest = digest,
				  .artifact = artifact,
				  .trust = trust } };

	signatures_judge(&t, 1, UINT64_MAX);
	if (t.r == 0)
		*ret = t.found;
	else if (e)
		*e = t.why;
	return t.r;
}

/* Those of an image. */

enum { BATCH = 32, LIMIT_BATCH = 64 * 1024 * 1024 /* bytes, and one more of any length */ };

/* One that waits to be judged. */
struct waiting {
	struct digest carrier;
	struct buf bytes;
};

struct search {
	const struct store *store;
	const struct sigstore_query *q;
	struct judgement j; /* what is common to all */
	struct sigstore_findings *f;
	json_t *referrers;    /* of the manifest, of all types */
	struct trial *trials; /* BATCH of each */
	struct waiting *waiting;
	size_t n, bytes;
	size_t tried;
	uint64_t until; /* clock_mono_ms() */
};

static int add_found(struct sigstore_findings *f, struct sigstore_found *found, struct err *e)
{
	struct sigstore_found *v = reallocarray(f->v, f->n + 1, sizeof(*v));

	if (!v) {
		buf_free(&found->statement);
		return FAIL_NOMEM(e);
	}
	f->v = v;
	f->v[f->n++] = *found;
	return 0;
}

static int refuse(struct search *s, enum signed_form form, const struct digest *carrier,
		  const struct err *why, struct err *e)
{
	static const char *const names[] = {
		[SIGNED_BUNDLE] = "bundle",
		[SIGNED_SIMPLE] = "signature in",
		[SIGNED_ENVELOPE] = "attestation in",
	};

	return strv_addf(&s->f->refused, e, "%s %.19s: %.400s", names[form], carrier->s, why->msg);
}

static int take(struct search *s, struct trial *t, const struct digest *carrier, struct err *e)
{
	const char *want = s->q->predicate_type;

	if (t->r < 0)
		return refuse(s, t->j.form, carrier, &t->why, e);
	t->found.carrier = *carrier;
	if (want && strcmp(want, t->found.predicate_type) != 0) {
		buf_free(&t->found.statement);
		return 0;
	}
	return add_found(s->f, &t->found, e);
}

/* Judges those that wait. */
static int settle(struct search *s, struct err *e)
{
	int r;

	signatures_judge(s->trials, s->n, s->until);
	/* To be ended says nothing of the signatures: they are not refused. */
	r = proc_interrupted(e);
	for (size_t i = 0; i < s->n; i++) {
		if (r == 0)
			r = take(s, &s->trials[i], &s->waiting[i].carrier, e);
		else
			buf_free(&s->trials[i].found.statement);
		buf_free(&s->waiting[i].bytes);
	}
	s->n = s->bytes = 0;
	return r;
}

/* What is past the limits is counted. */
static bool may_try(struct search *s)
{
	if (s->tried < LIMIT_TRIED && clock_mono_ms() < s->until) {
		s->tried++;
		return true;
	}
	s->f->unseen++;
	return false;
}

/* Takes bytes over. read is why they could not even be read, or 0. */
static int add(struct search *s, enum signed_form form, const struct digest *carrier,
	       struct buf *bytes, const json_t *annotations, int read, const struct err *why,
	       struct err *e)
{
	struct trial *t = &s->trials[s->n];

	if (read < 0) {
		buf_free(bytes);
		return refuse(s, form, carrier, why, e);
	}
	*t = (struct trial){ .j = s->j };
	t->j.form = form;
	t->j.annotations = annotations;
	t->j.bytes = (struct str){ buf_str(bytes), bytes->n };
	s->waiting[s->n++] = (struct waiting){ .carrier = *carrier, .bytes = *bytes };
	s->bytes += bytes->n;
	return s->n == BATCH || s->bytes > LIMIT_BATCH ? settle(s, e) : 0;
}

/* The annotation is nobody's word, and so only a matter of order. */
static bool other_type(const json_t *entry, const char *predicate_type)
{
	const char *type =
		json_string_or_null(json_object_get(entry, "annotations"), ANNOTATION_PREDICATE);

	return predicate_type && type && strcmp(type, predicate_type) != 0;
}

static int try_bundle(struct search *s, const struct desc *manifest, const json_t *entry,
		      struct err *e)
{
	struct buf bundle = BUF_INIT(LIMIT_BUNDLE);
	struct err why = ERR_INIT;
	struct desc d;
	int read;

	if (desc_parse(entry, "referrer", &d, NULL) < 0 || !may_try(s))
		return 0;
	read = bundle_read(s->store, &d, manifest, &bundle, &why);
	return add(s, SIGNED_BUNDLE, &d.digest, &bundle, NULL, read, &why, e);
}

/* Which of three passes tries it: the newest of each type that is told, then the other newest, and
 * at last what says that it is of another type. *seen has the types of the first. */
static int pass_of(const struct search *s, const json_t *entry, json_t *seen)
{
	const char *type =
		json_string_or_null(json_object_get(entry, "annotations"), ANNOTATION_PREDICATE);

	if (other_type(entry, s->q->predicate_type))
		return 2;
	if (!type || json_object_get(seen, type))
		return 1;
	return json_object_set_new(seen, type, json_true()) < 0 ? 1 : 0;
}

/* The newest first: neither may a nightly scan be hidden behind those of a hundred nights, nor what
 * was said once behind all of them. */
static int try_bundles(struct search *s, const struct desc *manifest, struct err *e)
{
	const size_t n = json_array_size(s->referrers);
	auto_json *seen = json_object();
	auto_free int *pass = calloc(n + 1, sizeof(*pass));
	int r = seen && pass ? 0 : FAIL_NOMEM(e);

	for (size_t i = n; r == 0 && i-- > 0;)
		pass[i] = bundle_carried(json_array_get(s->referrers, i))
				  ? pass_of(s, json_array_get(s->referrers, i), seen)
				  : -1;
	for (int now = 0; r == 0 && now < 3; now++)
		for (size_t i = n; r == 0 && i-- > 0;) {
			const json_t *entry = json_array_get(s->referrers, i);

			if (pass[i] == now)
				r = try_bundle(s, manifest, entry, e);
		}
	return r == 0 ? settle(s, e) : r;
}

static int try_layer(struct search *s, const struct manifest *m, size_t i, enum cosign_kind kind,
		     const struct digest *carrier, const json_t *none, struct err *e)
{
	struct buf bytes = BUF_INIT(cosign_layer_max(kind));
	const json_t *notes = NULL;
	struct err why = ERR_INIT;
	int read;

	if (!may_try(s))
		return 0;
	read = cosign_layer(s->store, m, i, kind, &bytes, &notes, &why);
	return add(s, kind == COSIGN_SIGNATURES ? SIGNED_SIMPLE : SIGNED_ENVELOPE, carrier, &bytes,
		   notes ? notes : none, read, &why, e);
}

/* All layers of a manifest of cosign's; the last was added last. */
static int try_layers(struct search *s, const struct manifest *m, enum cosign_kind kind,
		      const struct digest *carrier, struct err *e)
{
	auto_json *none = json_object();
	int r = 0;

	for (size_t i = m->layers_n; r == 0 && i-- > 0;)
		r = try_layer(s, m, i, kind, carrier, none, e);
	return r == 0 ? settle(s, e) : r;
}

/* Under one of its tags. */
static int try_tag(struct search *s, const struct desc *manifest, enum cosign_kind kind,
		   struct err *e)
{
	auto_manifest m = { 0 };
	struct err why = ERR_INIT;
	struct desc carrier;
	size_t left = 0;
	int r;

	if (!s->q->ref || !s->q->ref->name[0])
		return 0;
	r = cosign_load(s->store, s->q->ref, &manifest->digest, kind, &m, &left, &carrier, &why);
	if (r == E_NOTFOUND)
		return 0;
	if (r < 0)
		return strv_addf(&s->f->refused, e, "%.400s", why.msg);
	s->f->unseen += left;
	return try_layers(s, &m, kind, &carrier.digest, e);
}

/* The same manifest as a referrer, which cosign makes of it when it is told to. */
static int try_referrers(struct search *s, enum cosign_kind kind, struct err *e)
{
	int r = 0;

	for (size_t i = json_array_size(s->referrers); r == 0 && i-- > 0;) {
		const json_t *entry = json_array_get(s->referrers, i);
		const char *type = json_string_or_null(entry, "artifactType");
		auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
		auto_manifest m = { 0 };
		size_t left = 0;
		struct desc d;

		/* Which store_referrers() has read already: it refers to the manifest. */
		if (!type || strcmp(type, cosign_artifact_type(kind)) != 0 ||
		    desc_parse(entry, "referrer", &d, NULL) < 0 ||
		    store_blob_read(s->store, &d, LIMIT_MANIFEST, &bytes, NULL) < 0 ||
		    cosign_parse((struct str){ buf_str(&bytes), bytes.n }, &m, &left, NULL) < 0)
			continue;
		s->f->unseen += left;
		r = try_layers(s, &m, kind, &d.digest, e);
	}
	return r;
}

static int search_all(struct search *s, const struct desc *manifest, struct err *e)
{
	int r;

	s->trials = calloc(BATCH, sizeof(*s->trials));
	s->waiting = calloc(BATCH, sizeof(*s->waiting));
	if (!s->trials || !s->waiting)
		return FAIL_NOMEM(e);
	s->until = clock_mono_ms() + TRY_SECONDS * 1000;
	r = store_referrers(s->store, &manifest->digest, NULL, &s->referrers, e);
	r = r < 0 ? r : try_bundles(s, manifest, e);
	for (enum cosign_kind kind = 0; r == 0 && kind < COSIGN_KINDS; kind++) {
		r = try_tag(s, manifest, kind, e);
		r = r < 0 ? r : try_referrers(s, kind, e);
	}
	return r;
}

int sigstore_find(const struct store *s, const struct desc *manifest,
		  const struct sigstore_trust *trust, const struct sigstore_query *q,
		  struct sigstore_findings *ret, struct err *e)
{
	auto_sigstore_findings f = { 0 };
	auto_buf repository = BUF_INIT(2 * LIMIT_REF), bytes = BUF_INIT(LIMIT_MANIFEST);
	struct search search = { .store = s,
				 .q = q,
				 .f = &f,
				 .j = { .digest = &manifest->digest,
					.trust = trust,
					.annotations_wanted = q->annotations } };
	int r;

	if (q->ref) {
		ref_repository(q->ref, &repository);
		search.j.preferred = buf_str(&repository);
	}
	if (!q->any_repository)
		search.j.repository = search.j.preferred;
	/* Which also checks the digest: the bytes that are signed are those that we hold. */
	if ((r = store_blob_read(s, manifest, LIMIT_MANIFEST, &bytes, e)) < 0)
		return r;
	search.j.artifact = (struct str){ buf_str(&bytes), bytes.n };
	r = search_all(&search, manifest, e);
	for (size_t i = 0; i < search.n; i++)
		buf_free(&search.waiting[i].bytes);
	free(search.trials);
	free(search.waiting);
	json_decref(search.referrers);
	if (r < 0)
		return r;
	*ret = f;
	f = (struct sigstore_findings){ 0 };
	return 0;
}
