/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/build.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "pipeline/base/layout.h"
#include "pipeline/fetch.h"
#include "pipeline/steps.h"
#include "run/step/step.h"

/* What is too short to be a secret's own, and would only make the output hard to read. */
enum { MASK_MIN = 4, MASK_LINE_MIN = 8, LIMIT_MASKS = 4096 };

struct masks {
	struct str v[LIMIT_MASKS];
	size_t n;
};

/* In pieces that a mask may have. */
static void add_mask(struct masks *m, struct str s, size_t min)
{
	for (; s.n >= min && m->n < LIMIT_MASKS; min = 1) {
		size_t n = s.n < LIMIT_STEP_MASK ? s.n : LIMIT_STEP_MASK;

		m->v[m->n++] = (struct str){ s.p, n };
		s = (struct str){ s.p + n, s.n - n };
	}
}

/* The whole of a secret, and each of its lines. */
static void find_masks(const struct build_step *s, struct masks *ret)
{
	for (size_t i = 0; i < s->secrets_n; i++) {
		struct str rest = { s->secrets[i].data, s->secrets[i].n }, line;

		add_mask(ret, str_trim(rest), MASK_MIN);
		while (str_line(&rest, &line))
			add_mask(ret, str_trim(line), MASK_LINE_MIN);
	}
}

/* What the hooks of one build know. */
struct hooked {
	struct road *road;
	bool pull;
	struct step_network network;
	/* Of those that policy names, by the same index. */
	const struct build_named_network *named;
	size_t named_n;
	struct step_network *reaching;
};

/* The one that the step shares with others of its process. */
static struct step_network *network_of(struct hooked *h, const struct build_step *s)
{
	if (s->network != BUILD_NETWORK_NAMED)
		return &h->network;
	for (size_t i = 0; i < h->named_n; i++)
		if (s->named == &h->named[i]) {
			h->reaching[i].allow = s->named->allow;
			return &h->reaching[i];
		}
	return NULL;
}

static int base_hook(void *arg, const char *name, struct desc *ret, struct err *e)
{
	const struct hooked *h = arg;

	if (starts_with(name, LAYOUT_SCHEME))
		return step_base_layout(h->road, name + strlen(LAYOUT_SCHEME), ret, e);
	return h->pull ? step_base_newest(h->road, name, ret, e) : step_base(h->road, name, ret, e);
}

static int confined_step(void *arg, const struct build_step *s, int *ret_status,
			 struct buf *ret_tail, struct err *e)
{
	struct hooked *h = arg;
	struct step_bind mounts[LIMIT_STEP_MOUNTS];
	auto_free struct masks *masks = calloc(1, sizeof(*masks));
	struct step_network *network = network_of(h, s);

	if (!masks)
		return FAIL_NOMEM(e);
	if (!network)
		return FAIL(e, E_INTERNAL, "a network that nobody named");
	if (s->mounts_n > LIMIT_STEP_MOUNTS)
		return FAIL(e, E_INTERNAL, "%zu mounts", s->mounts_n);
	find_masks(s, masks);
	for (size_t i = 0; i < s->mounts_n; i++) {
		const struct build_mount *m = &s->mounts[i];

		mounts[i] = (struct step_bind){ .target = m->target,
						.source = m->source,
						.folder = m->folder,
						.read_only = m->read_only,
						.no_exec = m->secret,
						.size = m->size };
	}

	const struct run_step step = {
		.state = h->road->state,
		.rootfs = s->rootfs,
		.argv = s->argv,
		.env = s->env,
		.cwd = s->cwd,
		.user = s->user,
		.network = s->network != BUILD_NETWORK_NONE,
		.mounts = mounts,
		.mounts_n = s->mounts_n,
		.masks = masks->v,
		.masks_n = masks->n,
		.shared = network,
		.memory = s->limits->memory,
		.pids = s->limits->pids,
		.shm = s->limits->shm,
		.ulimits = s->limits->ulimits,
		.hosts = s->limits->hosts,
		.in = s->in,
		.progress = s->progress,
		.fetched = s->fetched,
		.terminal = s->terminal,
	};

	return run_step(&step, ret_status, ret_tail, e);
}

static void finish_hook(void *arg)
{
	struct hooked *h = arg;

	step_network_stop(&h->network);
	for (size_t i = 0; i < h->named_n; i++)
		step_network_stop(&h->reaching[i]);
}

/* What came from outside besides the bases; NULL: nothing (or no memory). */
static json_t *build_materials(const struct build_result *b)
{
	auto_json *list = b->materials_n ? json_array() : NULL;

	for (size_t i = 0; i < b->materials_n; i++)
		if (json_array_append_new(list, json_pack("{s:s, s:s}", "uri", b->materials[i].uri,
							  "digest", b->materials[i].digest)) < 0)
			return NULL;
	return TAKE(list);
}

/* As much of a step as there is room for: the rest is counted. NULL: no memory. */
static json_t *cut_step(const json_t *step, size_t *room)
{
	auto_json *copy = json_deep_copy(step);
	json_t *list = json_object_get(copy, "fetched");
	size_t kept = 0, n = json_array_size(list), more;
	json_t *entry;
	size_t i;

	if (!copy)
		return NULL;
	json_array_foreach(list, i, entry)
	{
		size_t size = json_dumpb(entry, NULL, 0, JSON_COMPACT) + 1;

		if (size > *room)
			break;
		*room -= size;
		kept++;
	}
	for (more = n - kept; more; more--)
		(void)json_array_remove(list, kept);
	if (n > kept &&
	    json_object_set_new(copy, "more",
				json_integer((json_int_t)(n - kept) +
					     json_integer_value(json_object_get(step, "more")))) <
		    0)
		return NULL;
	return TAKE(copy);
}

/*
 * What commands fetched, as {"steps":[...],"digest":...}: an entry of the trail is bounded, so that
 * what does not fit is counted, and the digest is of the whole list in canonical form, which
 * --metadata-file has as "plimsoll.fetched". NULL: nothing (or no memory).
 */
static json_t *build_fetched(const struct build_result *b)
{
	enum { ROOM = 24 * 1024, ROOM_STEPS = 40 };
	auto_buf text = BUF_INIT(256 * 1024 * 1024);
	auto_json *steps = json_array();
	size_t room = ROOM, n = json_array_size(b->fetched);
	struct digest digest;

	if (n == 0 || !steps || json_canonical(b->fetched, &text, NULL) < 0)
		return NULL;
	digest_of(text.p, text.n, &digest);
	for (size_t i = 0; i < n && i < ROOM_STEPS; i++)
		if (json_array_append_new(steps, cut_step(json_array_get(b->fetched, i), &room)) <
		    0)
			return NULL;
	return json_pack("{s:O, s:s, s:I}", "steps", steps, "digest", digest.s, "moreSteps",
			 (json_int_t)(n > ROOM_STEPS ? n - ROOM_STEPS : 0));
}

static json_t *build_detail(const struct build_result *b)
{
	auto_json *bases = json_array(), *materials = NULL, *fetched = NULL, *detail = NULL;

	for (size_t i = 0; i < b->bases_n; i++)
		if (json_array_append_new(bases, json_pack("{s:s, s:s}", "name", b->bases[i].name,
							   "digest", b->bases[i].image.digest.s)) <
		    0)
			return NULL;
	materials = build_materials(b);
	fetched = build_fetched(b);
	detail = json_pack("{s:s, s:s, s:I, s:I, s:O, s:O?}", "dockerfile", b->dockerfile.s,
			   "config", b->config.s, "steps", (json_int_t)b->steps, "cached",
			   (json_int_t)b->cached, "bases", bases, "materials", materials);
	if (detail && fetched && json_object_set(detail, "fetched", fetched) < 0)
		return NULL;
	return TAKE(detail);
}

int step_build(struct road *road, const struct build_opts *o, struct build_result *ret,
	       struct err *e)
{
	auto_free struct step_network *reaching = calloc(o->networks_n + 1, sizeof(*reaching));
	struct hooked hooked = { .road = road,
				 .pull = o->pull,
				 .network = STEP_NETWORK_NONE,
				 .named = o->networks,
				 .named_n = o->networks_n,
				 .reaching = reaching };
	struct build_opts opts = *o;
	int r;

	if (!reaching)
		return FAIL_NOMEM(e);
	for (size_t i = 0; i < o->networks_n; i++)
		reaching[i] = STEP_NETWORK_NONE;

	opts.state = road->state;
	opts.store = road->store;
	opts.progress = road->progress;
	opts.hooks = (struct build_hooks){ .base = base_hook,
					   .step = confined_step,
					   .fetch = fetch_web,
					   .known = o->hooks.known,
					   .known_arg = o->hooks.known_arg,
					   .finish = finish_hook,
					   .arg = &hooked };
	r = build_run(&opts, ret, e);
	finish_hook(&hooked);
	if (r == 0)
		road->image = ret->image;
	return road_note(road, "build", r, r < 0 ? NULL : build_detail(ret), e);
}
