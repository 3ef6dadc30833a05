/* SPDX-License-Identifier: Apache-2.0 */
/* SLSA provenance v1 of a build (slsa.dev/spec/v1.0/provenance). */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "build/commit_time.h"
#include "build/context.h"
#include "dockerfile/remote.h"
#include "pipeline/attest/attest.h"
#include "pipeline/materials.h"
#include "trust/sigstore/sigstore.h"

/* Parts of one predicate while it is made. */
struct provenance {
	const struct build_opts *o;
	const struct build_result *b;
	const struct commit_source *before; /* or NULL */
	json_t *parameters, *materials;	    /* borrowed from the predicate */
};

/* {"NAME":"VALUE"} of "NAME=VALUE"; credentials of URLs in them (of a proxy) are not told. */
static int put_pairs(json_t *o, const char *key, const struct strv *pairs, struct err *e)
{
	auto_json *map = json_object();
	int r = map ? 0 : FAIL_NOMEM(e);

	for (size_t i = 0; pairs && r == 0 && i < pairs->n; i++) {
		auto_free char *text = strdup(pairs->v[i]);
		char *eq = text ? strchr(text, '=') : NULL;

		if (!text)
			return FAIL_NOMEM(e);
		if (!eq)
			continue;
		*eq = '\0';
		remote_hide(eq + 1);
		r = json_put(map, text, json_string(eq + 1), e);
	}
	return r == 0 && json_object_size(map) ? json_put(o, key, TAKE(map), e) : r;
}

/* Which secrets there were, never what they are. */
static int put_secrets(struct provenance *p, struct err *e)
{
	auto_json *ids = json_array();
	int r = ids ? 0 : FAIL_NOMEM(e);

	for (size_t i = 0; r == 0 && i < p->o->secrets_n; i++)
		r = json_push(ids, json_string(p->o->secrets[i].id), e);
	return r == 0 && json_array_size(ids) ? json_put(p->parameters, "secrets", TAKE(ids), e)
					      : r;
}

/* The names of --build-context; where they lie is this machine's business. */
static int put_contexts(struct provenance *p, struct err *e)
{
	const struct strv *given = p->o->contexts;
	auto_json *names = json_array();
	int r = names ? 0 : FAIL_NOMEM(e);

	for (size_t i = 0; given && r == 0 && i < given->n; i++)
		r = json_push(names, json_stringn(given->v[i], strcspn(given->v[i], "=")), e);
	return r == 0 && json_array_size(names)
		       ? json_put(p->parameters, "contexts", TAKE(names), e)
		       : r;
}

/* Nothing of the build comes from beside its context, as far as the options tell. */
static bool all_of_context(const struct build_opts *o)
{
	return !(o->contexts && o->contexts->n) &&
	       !(o->dockerfile && strcmp(o->dockerfile, "-") == 0);
}

/* The Dockerfile: by its path in the context, else by its last part. */
static int put_dockerfile(struct provenance *p, struct err *e)
{
	const char *path = p->o->dockerfile ? p->o->dockerfile : "Dockerfile";
	const size_t n = strlen(p->o->context);

	if (strncmp(path, p->o->context, n) == 0 && path[n] == '/')
		path += n + 1;
	if (path[0] == '/')
		path = strrchr(path, '/') + 1;
	return json_put(p->parameters, "dockerfile",
			json_pack("{s:s, s:{s:s}}", "path", path, "digest", "sha256",
				  digest_hex(&p->b->dockerfile)),
			e);
}

/* Of a folder: what it is a checkout of, as a parameter and as a dependency. */
static int put_checkout(struct provenance *p, const struct commit_source *s, struct err *e)
{
	auto_buf uri = BUF_INIT(LIMIT_REMOTE + 8);
	auto_json *source = NULL;
	int r;

	if (s->repository) {
		buf_printf(&uri, "git+%s", s->repository);
		r = buf_check(&uri, "source", e);
		if (r < 0)
			return r;
	}
	source = json_pack("{s:s*, s:{s:s}}", "uri", s->repository ? buf_str(&uri) : NULL, "digest",
			   "gitCommit", s->commit);
	if (!source)
		return FAIL_NOMEM(e);
	r = json_push(p->materials, json_deep_copy(source), e);
	if (r == 0 && *s->path)
		r = json_put_string(source, "path", s->path, e);
	/* Said in any case: who asks for a clean one must not be content with silence. */
	if (r == 0)
		r = json_put(source, "dirty", json_boolean(s->dirty), e);
	return r < 0 ? r : json_put(p->parameters, "source", TAKE(source), e);
}

static int put_archive(struct provenance *p, const json_t *material, struct err *e)
{
	auto_json *source = json_deep_copy(material);
	int r = source ? 0 : FAIL_NOMEM(e);

	if (r == 0 && !all_of_context(p->o))
		r = json_put(source, "dirty", json_true(), e);
	return r < 0 ? r : json_put(p->parameters, "source", TAKE(source), e);
}

/* Of a context that was fetched: it is among the materials already. */
static int put_remote(struct provenance *p, const struct remote *at, struct err *e)
{
	json_t *m;
	size_t i;

	json_array_foreach(p->materials, i, m)
	{
		const char *uri = json_string_or_null(m, "uri");
		const json_t *digest = json_object_get(m, "digest");
		const char *commit = json_string_or_null(digest, "sha1");

		if (!uri || strcmp(uri, at->shown) != 0)
			continue;
		if (at->kind != REMOTE_GIT)
			return put_archive(p, m, e);
		if (!commit)
			commit = json_string_or_null(digest, "sha256");
		return json_put(p->parameters, "source",
				json_pack("{s:s+, s:{s:s*}, s:s*, s:b}", "uri", "git+", at->url,
					  "digest", "gitCommit", commit, "path",
					  at->subdir && *at->subdir ? at->subdir : NULL, "dirty",
					  !all_of_context(p->o)),
				e);
	}
	return 0;
}

bool provenance_source(const struct build_opts *opts, struct commit_source *ret)
{
	auto_context c = CONTEXT_NONE;
	auto_remote at = { 0 };
	const char *context = opts->context;

	if (strcmp(context, "-") == 0 || remote_parse(context, true, &at, NULL) < 0 ||
	    at.kind != REMOTE_NONE)
		return false;

	const bool whole = all_of_context(opts) &&
			   context_open(&c, context, opts->dockerfile, false, NULL) == 0;

	return commit_source_read(context, whole ? &c : NULL, ret);
}

/* What was built may be neither what the tree was before nor what it is now. */
static bool changed_meanwhile(const struct commit_source *before, const struct commit_source *now)
{
	return before->dirty || strcmp(before->commit, now->commit) != 0;
}

static int put_source(struct provenance *p, struct err *e)
{
	auto_commit_source checkout = { .path = NULL };
	auto_remote at = { 0 };
	const char *context = p->o->context;

	if (strcmp(context, "-") == 0 || remote_parse(context, true, &at, NULL) < 0)
		return 0;
	if (at.kind != REMOTE_NONE)
		return put_remote(p, &at, e);
	if (!provenance_source(p->o, &checkout))
		return 0;
	if (p->before && changed_meanwhile(p->before, &checkout))
		checkout.dirty = true;
	return put_checkout(p, &checkout, e);
}

static const char *network_name(const struct build_opts *o)
{
	switch (o->network) {
	case BUILD_NETWORK_NONE: return "none";
	case BUILD_NETWORK_NAMED: return o->named->name;
	case BUILD_NETWORK_DEFAULT: break;
	}
	return "default";
}

static int put_parameters(struct provenance *p, struct err *e)
{
	auto_buf platform = BUF_INIT(64);
	int r = put_source(p, e);

	buf_printf(&platform, "linux/%s", oci_architecture());
	if (r < 0 || (r = put_dockerfile(p, e)) < 0 ||
	    (r = put_pairs(p->parameters, "args", p->o->build_args, e)) < 0 ||
	    (r = put_pairs(p->parameters, "labels", p->o->labels, e)) < 0 ||
	    (r = put_pairs(p->parameters, "annotations", p->o->annotations, e)) < 0 ||
	    (r = put_secrets(p, e)) < 0 || (r = put_contexts(p, e)) < 0 ||
	    (r = json_put_string(p->parameters, "target", p->o->target, e)) < 0 ||
	    (r = json_put_string(p->parameters, "syntax", p->b->syntax, e)) < 0 ||
	    (r = json_put_string(p->parameters, "network", network_name(p->o), e)) < 0 ||
	    (r = json_put_string(p->parameters, "platform", buf_str(&platform), e)) < 0)
		return r;
	if (p->o->source_date_epoch < 0)
		return 0;
	return json_put(p->parameters, "sourceDateEpoch", json_integer(p->o->source_date_epoch), e);
}

static int run_details(const struct attest_run *run, json_t **ret, struct err *e)
{
	auto_json *j = json_pack("{s:{s:s, s:{s:s}}}", "builder", "id", run->builder, "version",
				 "plimsoll", PLIMSOLL_VERSION);
	char started[RFC3339_MAX], finished[RFC3339_MAX];
	int r = j ? 0 : FAIL_NOMEM(e);

	if (r == 0 && run->started) {
		clock_rfc3339(run->started, started);
		clock_rfc3339(run->finished, finished);
		r = json_put(j, "metadata",
			     json_pack("{s:s*, s:s, s:s}", "invocationId", run->invocation,
				       "startedOn", started, "finishedOn", finished),
			     e);
	}
	if (r == 0)
		*ret = TAKE(j);
	return r;
}

/* What was fetched and not seen (by TLS) stands among the dependencies without a digest. */
static int add_unseen(struct provenance *p, struct err *e)
{
	auto_json *unseen = NULL;
	int r = materials_unseen(p->b, &unseen, e);

	return r < 0 ? r : json_array_extend(p->materials, unseen) < 0 ? FAIL_NOMEM(e) : 0;
}

int provenance_predicate(const struct build_opts *opts, const struct build_result *built,
			 const struct attest_run *run, json_t **ret, struct err *e)
{
	auto_json *definition = json_object(), *j = json_object();
	struct provenance p = {
		.o = opts, .b = built, .before = run->before, .parameters = json_object()
	};
	json_t *details = NULL;
	int r = json_put(definition, "externalParameters", p.parameters, e);

	if (r == 0)
		r = materials_json(built, &p.materials, e);
	if (r == 0)
		r = json_put(definition, "resolvedDependencies", p.materials, e);
	if (r < 0 || (r = put_parameters(&p, e)) < 0 || (r = add_unseen(&p, e)) < 0 ||
	    (r = json_put_string(definition, "buildType", BUILD_TYPE, e)) < 0 ||
	    (r = json_put(j, "buildDefinition", json_incref(definition), e)) < 0 ||
	    (r = run_details(run, &details, e)) < 0 ||
	    (r = json_put(j, "runDetails", details, e)) < 0)
		return r;
	*ret = TAKE(j);
	return 0;
}
