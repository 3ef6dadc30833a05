/* SPDX-License-Identifier: Apache-2.0 */
/* The filters of ps. */
#include <string.h>

#include "cli/container/ps.h"
#include "run/life/when.h"

/* What no container can ever have is a slip of the pen. */
static int check_value(const char *name, const char *value, struct err *e)
{
	static const struct {
		const char *name, *values[10];
	} known[] = {
		{ "status",
		  { "created", "initialized", "running", "paused", "restarting", "exited",
		    "stopped", "dead", "removing", NULL } },
		{ "health", { "starting", "healthy", "unhealthy", "none", NULL } },
	};
	uint64_t ignored;

	if (strcmp(name, "exited") == 0 && str_u64(str_of(value), 255, &ignored, NULL) < 0)
		return FAIL(e, E_USAGE, "--filter exited='%.40s': want an exit status", value);
	for (size_t k = 0; k < sizeof(known) / sizeof(*known); k++) {
		if (strcmp(name, known[k].name) != 0)
			continue;
		for (size_t i = 0; known[k].values[i]; i++)
			if (strcmp(value, known[k].values[i]) == 0)
				return 0;
		return err_hint(
			e,
			FAIL(e, E_USAGE, "--filter %s='%.40s': no container is that", name, value),
			strcmp(name, "status") == 0 ? "created, running, paused, restarting, exited"
						    : "starting, healthy, unhealthy, none");
	}
	return 0;
}

int ps_filters_parse(const struct strv *list, struct ps_filters *ret, struct err *e)
{
	static const char *const names[] = { "name",   "id",	  "status",    "exited", "ancestor",
					     "health", "label",	  "admission", "volume", "since",
					     "before", "network", "publish",   "expose", "until",
					     "label!", "command", "pod",       NULL };

	int r = filters_parse(list, names, &ret->f, e);

	ret->bounds_n = 0;
	for (size_t i = 0; r == 0 && i < ret->f.n; i++)
		r = check_value(ret->f.v[i].name, ret->f.v[i].value, e);
	return r;
}

/* "web" is web:1, web:2 and web@sha256:..., too; a digest is that of the manifest. */
static bool is_of_image(const struct container *c, const char *wanted)
{
	const char *image = c->image ?: "", *digest = c->digest ?: "";
	const size_t n = strlen(wanted);

	if (n == 0)
		return false;
	if (strcmp(image, wanted) == 0 || starts_with(digest, wanted))
		return true;
	if (starts_with(digest, "sha256:") && n >= 4 && starts_with(digest + 7, wanted))
		return true;
	return starts_with(image, wanted) && (image[n] == ':' || image[n] == '@');
}

static bool exited_with(const struct view *v, const char *wanted)
{
	uint64_t status;

	return v->status.phase == PHASE_EXITED &&
	       str_u64(str_of(wanted), 255, &status, NULL) == 0 &&
	       status == (uint64_t)v->status.exit;
}

/* Of those that since and before name: newer, or older, than that one. */
static bool newer(const struct ps_filters *b, const struct container *c, const char *name,
		  bool wanted)
{
	for (size_t i = 0; i < b->bounds_n; i++)
		if (b->bounds[i].name == name) {
			const int64_t seconds = c->created - b->bounds[i].created;

			return seconds	? (seconds > 0) == wanted
			       : wanted ? c->created_nanos > b->bounds[i].nanos
					: c->created_nanos < b->bounds[i].nanos;
		}
	return false;
}

static bool has_volume(const struct container *c, const char *wanted)
{
	const json_t *name;
	size_t i;

	json_array_foreach(c->volumes, i, name)
	{
		if (strcmp(json_string_value(name) ?: "", wanted) == 0)
			return true;
	}
	return false;
}

/* "80", "80/udp", "80-90": of one published, the host's port or the container's. */
static bool has_port(const struct container *c, const char *wanted, bool host)
{
	struct str rest = str_of(wanted), range = { "", 0 }, low = { "", 0 };
	uint64_t from, to;

	(void)str_cut(&rest, '/', &range);
	(void)str_cut(&range, '-', &low);
	if (str_u64(low, 65535, &from, NULL) < 0)
		return false;
	to = from;
	if (range.n && str_u64(range, 65535, &to, NULL) < 0)
		return false;
	for (size_t i = 0; c->ports && i < c->ports->n; i++) {
		const struct port *p = &c->ports->p[i];
		const unsigned n = host ? p->host : p->container;

		if (n >= from && n <= to && (rest.n == 0 || str_eqz(rest, p->udp ? "udp" : "tcp")))
			return true;
	}
	return false;
}

static bool has_network(const struct container *c, const char *wanted)
{
	auto_json *run = view_file(c, "run.json");

	return strcmp(view_network(run), wanted) == 0;
}

static bool made_before(const struct container *c, const char *when)
{
	int64_t t = 0;

	return when_parse(when, when_now(), &t, NULL) == 0 &&
	       c->created * 1000000000 + c->created_nanos < t;
}

static bool has_state(const char *state, const char *wanted)
{
	return strcmp(state, strcmp(wanted, "stopped") == 0 ? "exited" : wanted) == 0;
}

/* podman's: the first word of the command. */
static bool is_command(const struct container *c, const char *wanted)
{
	const char *command = c->command ?: "";
	const size_t n = strlen(wanted);

	return n && strncmp(command, wanted, n) == 0 && (!command[n] || command[n] == ' ');
}

bool ps_matches(const struct ps_filters *all, const struct view *v)
{
	const struct filters *f = &all->f;

	FILTER_ANY(f, "name", value, filter_name(v->c->name, value));
	FILTER_ANY(f, "id", value, *value && starts_with(v->c->id, value));
	FILTER_ANY(f, "status", value, has_state(v->state, value));
	FILTER_ANY(f, "admission", value, strcmp(v->admission, value) == 0);
	FILTER_ANY(f, "volume", value, has_volume(v->c, value));
	FILTER_ANY(f, "since", value, newer(all, v->c, value, true));
	FILTER_ANY(f, "before", value, newer(all, v->c, value, false));
	FILTER_ANY(f, "network", value, has_network(v->c, value));
	FILTER_ANY(f, "publish", value, has_port(v->c, value, true));
	FILTER_ANY(f, "expose", value, has_port(v->c, value, false));
	FILTER_ALL(f, "until", value, made_before(v->c, value));
	FILTER_ANY(f, "exited", value, exited_with(v, value));
	FILTER_ANY(f, "ancestor", value, is_of_image(v->c, value));
	FILTER_ANY(f, "health", value, strcmp(v->health[0] ? v->health : "none", value) == 0);
	FILTER_ALL(f, "label", value, filter_label(v->c->labels, value));
	FILTER_ALL(f, "label!", value, !filter_label(v->c->labels, value));
	FILTER_ANY(f, "command", value, is_command(v->c, value));
	FILTER_ANY(f, "pod", value, !value); /* there are none */
	return true;
}

int ps_filters_find(const struct state *state, struct ps_filters *ret, struct err *e)
{
	const struct filters *f = &ret->f;
	int64_t ignored;
	int r = 0;

	for (size_t i = 0; r == 0 && i < f->n; i++) {
		auto_container found = CONTAINER_INIT;

		if (strcmp(f->v[i].name, "until") == 0)
			r = when_parse(f->v[i].value, when_now(), &ignored, e);
		if (strcmp(f->v[i].name, "since") != 0 && strcmp(f->v[i].name, "before") != 0)
			continue;
		r = container_find(state, f->v[i].value, &found, e);
		ret->bounds[ret->bounds_n++] =
			(struct ps_bound){ f->v[i].value, found.created, found.created_nanos };
	}
	return r < 0 ? WRAP(e, r, "--filter") : 0;
}
