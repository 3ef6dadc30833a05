/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/advisories/publish.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "pipeline/advisories/internal.h"
#include "registry/registry.h"
#include "scan/advisory/checks.h"
#include "scan/advisory/db.h"
#include "scan/advisory/install.h"

#define CREATED "org.opencontainers.image.created"

/* When the advisories of this host are of: when a source last answered, else when they last
 * changed. 0: there are none. */
static int local_date(const struct state *state, const json_t *checks, int64_t *ret, struct err *e)
{
	auto_release(advisory_db_close) struct advisory_db *db = NULL;
	struct err missing = ERR_INIT;
	int64_t changed = 0, asked = advisory_checks_newest(checks);
	int r = advisory_db_open(&db, state, &missing);

	*ret = 0;
	if (r == E_NOTFOUND)
		return 0;
	if (r == 0)
		r = advisory_db_date(db, &changed, &missing);
	if (r < 0) {
		if (e)
			*e = missing;
		return r;
	}
	*ret = asked > changed ? asked : changed;
	return 0;
}

static int put_db(const struct road *road, struct desc *ret, struct err *e)
{
	auto_release(blob_writer_free) struct blob_writer *w = NULL;
	auto_close int fd = fs_open(road->state->fd, ADVISORY_DB, O_RDONLY, 0, e);
	char chunk[64 * 1024];
	ssize_t n;
	int r = fd < 0 ? fd : blob_writer_new(&w, road->store, e);

	while (r == 0 && (n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0)
			return FAIL_SYS(e, "read " ADVISORY_DB);
		r = blob_writer_write(w, chunk, (size_t)n, e);
	}
	return r < 0 ? r : blob_writer_commit(w, ADVISORIES_LAYER_TYPE, NULL, ret, e);
}

/* "debian, kev": what the configuration has the times of. */
static int source_names(const json_t *checks, struct buf *ret, struct err *e)
{
	json_t *sources = json_object_get(checks, "sources"), *v;
	const char *name;

	json_object_foreach(sources, name, v) buf_printf(ret, "%s%s", ret->n ? ", " : "", name);
	return buf_check(ret, "sources", e);
}

static int put_manifest(const struct road *road, const json_t *checks, int64_t date,
			const struct desc *layer, struct desc *ret, struct err *e)
{
	auto_buf config = BUF_INIT(LIMIT_ADVISORY_CHECKS), names = BUF_INIT(64 * 1024),
		 text = BUF_INIT(LIMIT_MANIFEST);
	auto_json *m = NULL;
	char created[RFC3339_MAX];
	struct desc d;
	int r = json_canonical(checks, &config, e);

	clock_rfc3339(date, created);
	r = r < 0 ? r : source_names(checks, &names, e);
	r = r < 0 ? r
		  : store_blob_put(road->store, ADVISORIES_ARTIFACT_TYPE, buf_str(&config),
				   config.n, &d, e);
	if (r < 0)
		return r;
	m = json_pack("{s:i, s:s, s:s, s:o, s:[o], s:{s:s, s:s}}", "schemaVersion", 2, "mediaType",
		      MT_OCI_MANIFEST, "artifactType", ADVISORIES_ARTIFACT_TYPE, "config",
		      desc_json(&d), "layers", desc_json(layer), "annotations", CREATED, created,
		      ADVISORIES_SOURCES, buf_str(&names));
	r = m ? json_canonical(m, &text, e) : FAIL_NOMEM(e);
	return r < 0 ? r
		     : store_blob_put(road->store, MT_OCI_MANIFEST, buf_str(&text), text.n, ret, e);
}

static int publish(const struct road *road, const struct ref *ref,
		   const struct trust_sign_opts *sign, struct published *ret, struct err *e)
{
	auto_release(registry_close) struct registry *reg = NULL;
	auto_json *checks = NULL;
	struct trust_sign_opts named = *sign;
	struct desc layer, signature;
	int r;

	if (!ref->host[0] || ref->digest.s[0])
		return FAIL(e, E_USAGE, "'%s' names no tag of a registry", road->name);
	named.ref = ref;
	r = advisory_checks_load(road->state, &checks, e);
	r = r < 0 ? r : local_date(road->state, checks, &ret->date, e);
	if (r == 0 && !ret->date)
		r = err_hint(e, FAIL(e, E_NOTFOUND, "there are no advisories to publish"),
			     "plimsoll advisories update");
	r = r < 0 ? r : put_db(road, &layer, e);
	r = r < 0 ? r : put_manifest(road, checks, ret->date, &layer, &ret->manifest, e);
	r = r < 0 ? r
		  : trust_sign(road->state, road->store, &ret->manifest, &named, &signature, NULL,
			       e);
	r = r < 0 ? r : registry_open(ref, REGISTRY_CHANGE, road->progress, &reg, e);
	r = r < 0 ? r
		  : registry_push(reg, road->store, &ret->manifest, ref->name, ref->tag,
				  road->progress, e);
	if (r < 0)
		return r;
	ret->size = layer.size;
	return registry_push_referrers(reg, road->store, &ret->manifest.digest, ref->name,
				       road->progress, NULL, e);
}

static json_t *detail_of(const struct published *p)
{
	char date[RFC3339_MAX];

	clock_rfc3339(p->date, date);
	return json_pack("{ss sI}", "date", date, "size", (json_int_t)p->size);
}

int advisories_publish(const struct road *road, const struct ref *ref,
		       const struct trust_sign_opts *sign, struct published *ret, struct err *e)
{
	struct road own = *road;
	int r;

	*ret = (struct published){ .date = 0 };
	r = publish(road, ref, sign, ret, e);
	own.image = ret->manifest;
	return road_note(&own, "advisories-publish", r, r < 0 ? NULL : detail_of(ret), e);
}

/* An artifact on its way in. */
struct incoming {
	struct manifest m;
	struct trust_result trust;
	json_t *checks;
};

static void incoming_release(struct incoming *in)
{
	manifest_free(&in->m);
	json_decref(in->checks);
}

static int check_manifest(const struct incoming *in, struct published *ret, struct err *e)
{
	const char *created =
		json_string_or_null(json_object_get(in->m.json, "annotations"), CREATED);

	if (strcmp(in->m.artifact_type, ADVISORIES_ARTIFACT_TYPE) != 0 || in->m.layers_n != 1)
		return FAIL(e, E_FORMAT, "it is not an artifact of advisories");
	if (strcmp(in->m.layers[0].media_type, ADVISORIES_LAYER_TYPE) != 0)
		return FAIL(e, E_FORMAT, "its layer is a '%.100s'", in->m.layers[0].media_type);
	if (!created || clock_parse_rfc3339(str_of(created), &ret->date, NULL) < 0)
		return FAIL(e, E_FORMAT, "it does not say of when it is");
	ret->size = in->m.layers[0].size;
	return 0;
}

/* Nothing of it is looked at before the policy accepted its signature. */
static int admit_manifest(const struct road *road, struct registry *reg, const struct ref *ref,
			  struct incoming *in, struct published *ret, struct err *e)
{
	int r = registry_pull_manifest(reg, road->store, ref, &ret->manifest, e);

	r = r < 0 ? r : store_manifest(road->store, &ret->manifest, &in->m, NULL, e);
	r = r < 0 ? r
		  : registry_pull_referrers(reg, road->store, ref->name, &ret->manifest.digest,
					    NOTARY_ARTIFACT_TYPE, NULL, NULL, e);
	r = r < 0 ? r : trust_verify(road->state, road->store, ref, &ret->manifest, &in->trust, e);
	if (r == 0 && in->trust.skipped)
		r = FAIL(e, E_VERIFY,
			 "trust policy '%s' skips this repository: nothing was verified",
			 in->trust.statement);
	return r < 0 ? r : check_manifest(in, ret, e);
}

static int refuse_roll_back(const struct road *road, const struct published *got, struct err *e)
{
	auto_json *checks = NULL;
	char theirs[RFC3339_MAX], ours[RFC3339_MAX];
	int64_t here;
	int r = advisory_checks_load(road->state, &checks, e);

	r = r < 0 ? r : local_date(road->state, checks, &here, e);
	if (r < 0 || got->date >= here)
		return r;
	clock_rfc3339(got->date, theirs);
	clock_rfc3339(here, ours);
	r = FAIL(e, E_POLICY, "it is of %s, older than what is here, of %s", theirs, ours);
	return err_hint(e, r, "plimsoll advisories fetch --force %s", road->name);
}

static bool is_here(const struct road *road, const struct desc *layer)
{
	auto_close int fd = fs_open(road->state->fd, ADVISORY_DB, O_RDONLY, 0, NULL);
	struct digest d;
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && (uint64_t)st.st_size == layer->size &&
	       digest_of_fd(fd, &d, NULL, NULL) == 0 && digest_eq(&d, &layer->digest);
}

static int read_checks(const struct road *road, struct incoming *in, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_ADVISORY_CHECKS);
	int r = store_blob_read(road->store, &in->m.config, LIMIT_ADVISORY_CHECKS, &text, e);

	return r < 0 ? r : advisory_checks_parse(buf_str(&text), text.n, &in->checks, e);
}

static int install(const struct road *road, struct registry *reg, const struct ref *ref,
		   struct incoming *in, bool *ret_changed, struct err *e)
{
	const struct desc *layer = &in->m.layers[0];
	auto_close int fd = -1, lock = -1;
	int r = registry_pull_blob(reg, road->store, ref->name, &in->m.config,
				   LIMIT_ADVISORY_CHECKS, NULL, e);

	r = r < 0 ? r : read_checks(road, in, e);
	if (r < 0)
		return r;
	*ret_changed = !is_here(road, layer);
	if (!*ret_changed)
		return advisory_checks_save(road->state, in->checks, e);
	r = registry_pull_blob(reg, road->store, ref->name, layer, LIMIT_ADVISORIES_LAYER,
			       road->progress, e);
	r = r < 0 ? r : store_blob_verify(road->store, layer, e);
	if (r < 0)
		return r;
	fd = store_blob_open(road->store, layer, e);
	lock = fd < 0 ? fd : advisories_lock(road->state, e);
	r = lock < 0 ? lock : advisory_db_install(road->state, fd, in->checks, e);
	/* What updates of our own had got so far says nothing of this database. */
	return r < 0 ? r : fs_remove_tree(road->state->fd, "cache/fetch", e);
}

static int fetch(const struct road *road, const struct ref *ref, bool force, struct published *ret,
		 bool *ret_changed, struct err *e)
{
	__attribute__((cleanup(incoming_release))) struct incoming in = { .checks = NULL };
	auto_release(registry_close) struct registry *reg = NULL;
	int r;

	if (!ref->host[0])
		return FAIL(e, E_USAGE, "'%s' names no registry", road->name);
	r = registry_open(ref, REGISTRY_PULL, road->progress, &reg, e);
	r = r < 0 ? r : admit_manifest(road, reg, ref, &in, ret, e);
	if (r == 0 && !force)
		r = refuse_roll_back(road, ret, e);
	return r < 0 ? r : install(road, reg, ref, &in, ret_changed, e);
}

int advisories_fetch(const struct road *road, const struct ref *ref, bool force,
		     struct published *ret, bool *ret_changed, struct err *e)
{
	struct road own = *road;
	int r;

	*ret = (struct published){ .date = 0 };
	r = fetch(road, ref, force, ret, ret_changed, e);
	own.image = ret->manifest;
	return road_note(&own, "advisories-fetch", r, r < 0 ? NULL : detail_of(ret), e);
}
