/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/build/build_args.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/progress_tty.h"
#include "pipeline/materials.h"
#include "pipeline/outfile.h"
#include "run/run.h"
#include "run/step/step.h"

enum {
	TTY_COLUMNS = 80,		    /* of --progress tty */
	LIMIT_NAMES = 1024 * 1024,	    /* bytes of all names together */
	LIMIT_METADATA = 256 * 1024 * 1024, /* bytes of --metadata-file */
	BUILD_MEMORY_MIN = 6 * 1024 * 1024, /* as docker: less cannot even start */
};

/* "NAME" alone takes its value from the environment; a name that is not set there is left out. */
static int read_args(const struct strv *given, struct strv *ret, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < given->n; i++) {
		const char *value = strchr(given->v[i], '=') ? NULL : getenv(given->v[i]);

		if (strchr(given->v[i], '='))
			r = strv_add(ret, given->v[i], e);
		else if (value)
			r = strv_addf(ret, e, "%s=%s", given->v[i], value);
	}
	return r;
}

static int read_labels(const struct strv *given, struct strv *ret, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < given->n; i++)
		r = strv_addf(ret, e, "%s%s", given->v[i], strchr(given->v[i], '=') ? "" : "=");
	return r;
}

/* SOURCE_DATE_EPOCH of the environment, also what an ARG of that name gets. */
static int read_epoch(struct build_opts *b, struct strv *args, struct err *e)
{
	const char *s = getenv("SOURCE_DATE_EPOCH");
	uint64_t v;

	for (size_t i = 0; i < args->n; i++)
		if (starts_with(args->v[i], "SOURCE_DATE_EPOCH="))
			s = strchr(args->v[i], '=') + 1;
	b->source_date_epoch = -1;
	if (!s || !*s)
		return 0;
	/* Four-digit years, as RFC 3339 has them. */
	if (str_u64(str_of(s), UINT64_C(253402300799), &v, NULL) < 0)
		return FAIL(e, E_USAGE, "SOURCE_DATE_EPOCH '%.40s' is no unix time", s);
	b->source_date_epoch = (int64_t)v;
	return strv_addf(args, e, "SOURCE_DATE_EPOCH=%s", s);
}

static int read_network(const char *s, const struct networks *all, struct build_opts *b,
			struct err *e)
{
	b->networks = all->v;
	b->networks_n = all->n;
	b->network = BUILD_NETWORK_DEFAULT;
	if (!s || strcmp(s, "default") == 0)
		return 0;
	b->network = strcmp(s, "none") == 0 ? BUILD_NETWORK_NONE : BUILD_NETWORK_NAMED;
	return b->network == BUILD_NETWORK_NONE ? 0 : networks_find(all, s, &b->named, e);
}

static int read_count(const char *s, uint64_t *ret, struct err *e)
{
	if (str_u64(str_of(s), INT32_MAX, ret, NULL) < 0 || *ret == 0)
		return FAIL(e, E_USAGE, "--pids-limit is a number from 1 on, not '%.40s'", s);
	return 0;
}

static int read_limits(const struct build_args *a, struct build_limits *ret, struct err *e)
{
	auto_buf hosts = BUF_INIT(LIMIT_NAMES);
	struct spec_rlimit unused;
	int r = 0;

	*ret = (struct build_limits){ .ulimits = &a->ulimits, .hosts = &a->hosts };
	if (a->memory)
		r = run_parse_size(a->memory, &ret->memory, e);
	if (r == 0 && a->memory && ret->memory < BUILD_MEMORY_MIN)
		r = FAIL(e, E_USAGE, "--memory: at least 6m is needed");
	if (r == 0 && a->shm)
		r = run_parse_size(a->shm, &ret->shm, e);
	if (r == 0 && a->pids)
		r = read_count(a->pids, &ret->pids, e);
	if (r == 0 && a->ulimits.n > LIMIT_STEP_ULIMITS)
		r = FAIL(e, E_USAGE, "more than %d times --ulimit", LIMIT_STEP_ULIMITS);
	for (size_t i = 0; r == 0 && i < a->ulimits.n; i++)
		r = run_parse_ulimit(a->ulimits.v[i], &unused, e);
	for (size_t i = 0; r == 0 && i < a->hosts.n; i++)
		r = run_parse_host(a->hosts.v[i], &hosts, e);
	return r;
}

static int read_on_error(const char *s, bool *ret, struct err *e)
{
	*ret = s && strcmp(s, "shell") == 0;
	if (s && !*ret && strcmp(s, "fail") != 0)
		return FAIL(e, E_USAGE, "--on-error is fail or shell, not '%.40s'", s);
	if (*ret && (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)))
		return err_hint(e,
				FAIL(e, E_USAGE, "--on-error=shell: there is no terminal for it"),
				"run it in a terminal, without redirecting standard input and "
				"error");
	return 0;
}

/* Replaces the display that was chosen by what standard error is. */
static int set_progress(struct cli *c, const char *s, struct err *e)
{
	struct progress *chosen;
	int r;

	if (!s || strcmp(s, "auto") == 0)
		return 0;
	if (strcmp(s, "plain") != 0 && strcmp(s, "tty") != 0)
		return FAIL(e, E_USAGE, "--progress is auto, plain or tty, not '%.40s'", s);
	if (c->quiet)
		return 0;
	r = progress_tty_new_on(stderr, strcmp(s, "tty") == 0 ? TTY_COLUMNS : 0, false, &chosen, e);
	if (r < 0)
		return r;
	progress_tty_free(c->progress);
	c->progress = chosen;
	return 0;
}

int build_request(struct cli *c, const struct build_args *a, const char *context,
		  struct build_request *ret, struct err *e)
{
	struct build_opts *b = &ret->opts;
	int r;

	*b = (struct build_opts){
		.context = context,
		.dockerfile = a->file,
		.tags = &a->tags,
		.build_args = &ret->args,
		.labels = &ret->labels,
		.annotations = &a->annotations,
		.contexts = &a->contexts,
		.target = a->target,
		.platform = a->platform,
		.no_cache = a->no_cache,
		.jobs = a->jobs < 1024 ? a->jobs : 1024,
		.no_cache_filter = &a->no_cache_filter,
		.pull = a->pull,
	};
	/* Before the work, not after it. */
	if ((r = outfile_check(a->iidfile, e)) < 0 || (r = outfile_check(a->metadata_file, e)) < 0)
		return r;
	r = networks_read(c->config, &ret->networks, e);
	if (r == 0)
		r = read_network(a->network, &ret->networks, b, e);
	if (r == 0)
		r = read_limits(a, &b->limits, e);
	if (r == 0)
		r = read_on_error(a->on_error, &b->shell_on_error, e);
	if (b->shell_on_error)
		b->jobs = 1; /* nobody else talks at that terminal */
	if (r == 0)
		r = set_progress(c, a->progress, e);
	if (r == 0)
		r = read_args(&a->build_args, &ret->args, e);
	if (r == 0)
		r = read_labels(&a->labels, &ret->labels, e);
	if (r == 0)
		r = build_secrets_read(&a->secrets, &a->ssh, &ret->secrets, e);
	b->secrets = ret->secrets.v;
	b->secrets_n = ret->secrets.n;
	b->agents = ret->secrets.agents;
	b->agents_n = ret->secrets.agents_n;
	return r < 0 ? r : read_epoch(b, &ret->args, e);
}

void build_request_free(struct build_request *r)
{
	strv_free(&r->args);
	strv_free(&r->labels);
	build_secrets_free(&r->secrets);
	networks_free(&r->networks);
}

static int put_materials(json_t *doc, const struct build_result *b, struct err *e)
{
	json_t *list = NULL;
	int r = materials_json(b, &list, e);

	return r < 0 ? r
		     : json_put(doc, "buildx.build.provenance",
				json_pack("{s:o}", "materials", list), e);
}

/* The members that `docker buildx build --metadata-file` has. */
static int write_metadata(const struct build_args *a, const struct build_result *b, struct err *e)
{
	auto_buf names = BUF_INIT(LIMIT_NAMES), text = BUF_INIT(LIMIT_METADATA);
	auto_json *j = json_object();
	int r;

	for (size_t i = 0; i < a->tags.n; i++)
		buf_printf(&names, "%s%s", i ? "," : "", a->tags.v[i]);
	r = buf_check(&names, "--tag", e);
	if (r == 0)
		r = json_put_string(j, "containerimage.config.digest", b->config.s, e);
	if (r == 0)
		r = json_put(j, "containerimage.descriptor", desc_json(&b->image), e);
	if (r == 0)
		r = json_put_string(j, "containerimage.digest", b->image.digest.s, e);
	if (r == 0)
		r = put_materials(j, b, e);
	if (r == 0 && json_array_size(b->fetched))
		r = json_put(j, "plimsoll.fetched", json_incref(b->fetched), e);
	if (r == 0 && names.n)
		r = json_put_string(j, "image.name", buf_str(&names), e);
	if (r == 0)
		r = json_pretty(j, &text, e);
	return r < 0 ? r : outfile_write(a->metadata_file, buf_str(&text), text.n, e);
}

int build_write_files(const struct build_args *a, const struct build_result *b, struct err *e)
{
	int r = a->iidfile
			? outfile_write(a->iidfile, b->image.digest.s, strlen(b->image.digest.s), e)
			: 0;

	return r == 0 && a->metadata_file ? write_metadata(a, b, e) : r;
}
