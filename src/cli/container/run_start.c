/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/container/run_attempt.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/build/road.h"
#include "cli/config.h"
#include "cli/container/containers.h"
#include "cli/container/denials_output.h"
#include "pipeline/admit/admission.h"
#include "pipeline/admit/admit.h"
#include "run/options/allow.h"
#include "trust/trust.h"

/* What of the options the trail keeps: not the environment, which may hold secrets. */
static json_t *run_detail(const struct run_opts *o)
{
	auto_json *argv = cli_argv(o->command.args);
	const char *joined = NULL; /* the container whose namespaces it has */
	const json_t *granted = o->policy ? o->policy->granted : NULL;

	for (enum share_kind k = 0; k < SHARE_KINDS; k++)
		joined = joined ?: o->share.of[k];
	return json_pack("{s:s?, s:O?, s:s*, s:s*, s:O*}", "name", o->name, "command",
			 json_object_get(argv, "command"), "container", o->again, "joined", joined,
			 "allowed", json_array_size(granted) ? granted : NULL);
}

/*
 * The image is decided about by the name that its signature speaks of, and by the digest that this
 * name had at first: a tag that moved since changes nothing. With the entry of the run itself: no
 * container runs that the trail does not know of.
 */
static int admit_image(struct cli *c, const struct attempt *a, const struct run_opts *run,
		       struct road *road, struct digest *ret_resolved, json_t **ret_record,
		       struct err *e)
{
	const struct road_step next = { a->cause, run_detail(run) };
	const struct run_cli_opts *o = a->opts;
	struct admission admission = { 0 };
	struct desc named = { 0 };
	struct gate gate;
	struct ref ref;
	int r = ref_parse(road->name, &ref, e);

	if (r == 0 && a->resolved)
		r = digest_parse(str_of(a->resolved), &ref.digest, e);
	if (r == 0)
		r = cli_gate(c, o->fail_on, o->ignore_unfixed, o->max_age, &gate, e);
	if (r == 0 && store_resolve(road->store, &ref, &named, NULL) == 0)
		*ret_resolved = named.digest;
	if (r == 0)
		r = admit_and(road, &ref, &gate, &next, &admission, e);
	else
		json_decref(next.detail);
	/* It was fetched only now. */
	if (r == 0 && !ret_resolved->s[0])
		*ret_resolved = store_resolve(road->store, &ref, &named, NULL) == 0
					? named.digest
					: road->image.digest;
	if (r == 0) {
		const struct admission_terms terms = {
			.gate = &gate,
			.gate_given = o->fail_on || o->max_age || o->ignore_unfixed,
			.allowed = run->policy ? run->policy->granted : NULL,
		};

		r = admission_record(road, &admission, &terms, ret_record, e);
	}
	admission_free(&admission);
	return r;
}

/* A decision that is taken while the container is made (run/launch/gate.h). */
struct deciding {
	struct cli *c;
	const struct attempt *a;
	const struct run_opts *run;
	struct road road;
	struct desc image; /* what is made meanwhile */
	int refused;	   /* what it came to, and the trail has */
};

static int decide_meanwhile(void *arg, json_t **ret_admission, struct err *e)
{
	struct deciding *d = arg;
	struct digest resolved = { 0 };
	int r = admit_image(d->c, d->a, d->run, &d->road, &resolved, ret_admission, e);

	if (r == 0 && strcmp(d->road.image.digest.s, d->image.digest.s) != 0)
		r = road_note(
			&d->road, d->a->cause,
			FAIL(e, E_VERIFY, "'%s' was changed just now: start it again", d->a->image),
			NULL, e);
	d->refused = r;
	return r;
}

/* What is here can be made while it is decided about: ret->image.digest is set. Not what is started
 * again: of that something would be left if it were refused. */
static int foresee(const struct attempt *a, const struct road *road, struct deciding *ret,
		   struct digest *ret_resolved, struct err *e)
{
	auto_manifest m = { 0 };
	struct desc named;
	struct ref ref;
	int r = ref_parse(road->name, &ref, e);

	if (r == 0 && a->resolved)
		r = digest_parse(str_of(a->resolved), &ref.digest, e);
	/* Nor what takes another's place: that one goes only for what may run. */
	if (r < 0 || a->create_only || a->again || a->opts->replace ||
	    store_resolve(road->store, &ref, &named, NULL) < 0 ||
	    store_manifest(road->store, &named, &m, &ret->image, NULL) < 0)
		return r;
	*ret_resolved = named.digest;
	ret->road = *road;
	return 0;
}

static int asked_json(const struct attempt *a, const struct digest *resolved, json_t **ret,
		      struct err *e)
{
	auto_json *options = NULL;
	auto_json *args = json_array();
	int r = run_options_json(a->opts, &options, e);

	for (size_t i = 0; r == 0 && a->args[i]; i++)
		r = json_array_append_new(args, json_string(a->args[i])) < 0
			    ? FAIL(e, E_FORMAT, "argument %zu is not UTF-8", i + 1)
			    : 0;
	if (r < 0)
		return r;
	*ret = json_pack("{s:s, s:s, s:s, s:O, s:O}", "schema", RUN_SCHEMA, "image", a->image,
			 "resolved", resolved->s, "args", args, "options", options);
	return *ret ? 0 : FAIL(e, E_FORMAT, "the image's name is not UTF-8");
}

/* What the monitor runs once the container ended: ourselves, with what we were told. */
struct exit_words {
	char self[4096];
	char *config; /* owned */
	const char *v[8];
};

static int exit_words(const struct cli *c, const struct state *state, struct exit_words *ret,
		      struct err *e)
{
	size_t n = 0;

	*ret = (struct exit_words){ 0 };
	if (readlink("/proc/self/exe", ret->self, sizeof(ret->self) - 1) < 0)
		return FAIL_SYS(e, "find our own program");
	ret->config = c->config_path ? realpath(c->config_path, NULL) : NULL;
	ret->v[n++] = ret->self;
	ret->v[n++] = "--state";
	ret->v[n++] = state->path;
	if (ret->config) {
		ret->v[n++] = "--config";
		ret->v[n++] = ret->config;
	}
	ret->v[n] = "ended";
	return 0;
}

static int start(struct cli *c, const struct attempt *a, struct road *road, struct run_opts *o,
		 const struct deciding *d, struct err *e)
{
	/* The runtime is not to see it, so that it is gone afterwards. */
	auto_free char *manager = str_dup(str_of(getenv("NOTIFY_SOCKET") ?: ""));
	char id[CONTAINER_ID + 1];
	int status = 0, r = run_before(road->state, c, a, e);

	if (r < 0)
		return r;
	r = run_start(road->state, road->store, &road->image, o, road->progress, id, &status, e);
	if (r < 0 && r != E_SIGNAL && !d->refused) {
		c->exit_status = status;
		r = road_note(road, a->cause, r, run_detail(o), e);
	}
	if (r == 0)
		r = run_after(road, c, a, id, e);
	if (r == 0 && o->detach && !o->create_only)
		r = run_notify(road->state, a->opts, manager, id, e);
	if (r < 0)
		return r;
	if (a->again)
		return o->detach ? 0 : status;
	return o->detach || o->create_only ? cli_print(c, e, "%s\n", id) : status;
}

static int admit_and_start(struct cli *c, const struct attempt *a, struct run_opts *o,
			   struct err *e)
{
	auto_road road = { 0 };
	auto_json *asked = NULL, *record = NULL;
	struct digest resolved = { 0 };
	struct exit_words words = { .config = NULL };
	struct deciding d = { .c = c, .a = a, .run = o };
	struct denied denied = { c, a->opts->explain, 0 };
	int r = cli_road(c, a->image, &road, e);

	if (r == 0)
		r = exit_words(c, road.state, &words, e);
	o->exit_command = words.v;
	o->denied = denials_tell;
	o->denied_arg = &denied;
	/* Who draws on this terminal is told when it ended. */
	if (a->opts->explain && !c->quiet && !(o->tty && isatty(STDERR_FILENO)))
		o->denied_now = denials_tell_now;
	if (r == 0)
		r = run_check(road.state, o, e);
	if (r == 0)
		r = run_pull(a, &road, e);
	if (r == 0)
		r = foresee(a, &road, &d, &resolved, e);
	if (r == 0 && d.image.digest.s[0]) {
		road.image = d.image;
		o->decide = decide_meanwhile;
		o->decide_arg = &d;
	} else if (r == 0) {
		r = admit_image(c, a, o, &road, &resolved, &record, e);
		o->admission = record;
	}
	if (r == 0)
		r = asked_json(a, &resolved, &asked, e);
	o->asked = asked;
	if (r == 0)
		r = start(c, a, &road, o, &d, e);
	free(words.config);
	return r;
}

int cli_run_policy(const struct cli *c, const char *image, struct run_policy **ret, struct err *e)
{
	auto_buf repository = BUF_INIT(LIMIT_ALLOW_TEXT - 1);
	struct ref ref;
	int r = cli_config_run(c->config, ret, e);

	if (r < 0 || ref_parse(image, &ref, NULL) < 0) /* a bad name is reported where it is used */
		return r;
	trust_repository(&ref, &repository);
	(void)snprintf((*ret)->repository, sizeof((*ret)->repository), "%s", buf_str(&repository));
	return 0;
}

int run_attempt(struct cli *c, const struct attempt *a, struct err *e)
{
	auto_free struct run_request *q = calloc(1, sizeof(*q));
	auto_free struct run_policy *policy = NULL;
	int r;

	if (!q)
		return FAIL_NOMEM(e);
	r = cli_run_policy(c, a->image, &policy, e);
	if (r < 0)
		return r;
	r = run_options_request(a->opts, a->image, a->args, q, e);
	q->run.policy = policy;
	/* What was typed or is in our environment goes before it. */
	if (r == 0 && !q->run.runtime && !getenv(RUNTIME_VARIABLE))
		q->run.runtime = policy->runtime;
	q->run.again = a->again;
	q->run.create_only = a->create_only;
	q->run.restarting = a->by_policy;
	for (size_t i = 0; r == 0 && q->needs[i]; i++)
		r = run_allowed(policy, q->needs[i], a->opts->reason, e);
	for (size_t i = 0; r == 0 && i < q->asks.words.n; i++)
		r = run_allowed(policy, q->asks.words.v[i], a->opts->reason, e);
	if (r == 0)
		r = run_check_files(a->opts, e);
	if (r == 0)
		r = run_notify_check(a, e);
	if (r == 0)
		r = run_pull_check(a->opts->pull, e);
	if (r == 0)
		r = admit_and_start(c, a, &q->run, e);
	run_request_free(q);
	run_policy_free(policy);
	return r;
}
