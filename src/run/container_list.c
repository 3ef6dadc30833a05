/* SPDX-License-Identifier: Apache-2.0 */
/* A container among the others: finding it, its name, its ids. */
#include "run/container_internal.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "run/launch/namespaces.h"

static int compare_created(const void *a, const void *b)
{
	const struct container *x = a, *y = b;

	if (x->created == y->created && x->created_nanos != y->created_nanos)
		return x->created_nanos > y->created_nanos ? 1 : -1;
	return x->created != y->created ? (x->created > y->created ? 1 : -1) : strcmp(x->id, y->id);
}

void container_list_release(struct container_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		container_free(&l->v[i]);
	free(l->v);
}

/* Folders without a readable record were being made or removed when somebody was killed: with a
 * second's grace for one that is being made right now they are removed by the reaper. */
int container_list_load(const struct state *state, struct container_list *ret, struct err *e)
{
	int fd = fs_open_nolink(state->fd, "containers", O_RDONLY | O_DIRECTORY, 0, e);
	auto_closedir DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *ent;

	if (fd == E_NOTFOUND)
		return 0;
	if (!d)
		return fd < 0 ? fd : FAIL_SYS(e, "list containers");
	while ((ent = readdir(d))) {
		struct container c = CONTAINER_INIT, *grown;

		if (strlen(ent->d_name) != CONTAINER_ID ||
		    container_load(state, ent->d_name, &c, NULL) < 0)
			continue;
		grown = reallocarray(ret->v, ret->n + 1, sizeof(*grown));
		if (!grown) {
			container_free(&c);
			return FAIL_NOMEM(e);
		}
		ret->v = grown;
		ret->v[ret->n++] = c;
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), compare_created);
	return 0;
}

int container_each(const struct state *state,
		   int (*fn)(void *arg, struct container *c, struct err *e), void *arg,
		   struct err *e)
{
	auto_list all = { 0 };
	int r = container_list_load(state, &all, e);

	for (size_t i = 0; r >= 0 && i < all.n; i++)
		r = fn(arg, &all.v[i], e);
	return r;
}

int container_find(const struct state *state, const char *text, struct container *ret,
		   struct err *e)
{
	auto_list all = { 0 };
	struct container *found = NULL;
	const size_t n = strlen(text);
	int r = container_list_load(state, &all, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < all.n && n; i++) {
		struct container *c = &all.v[i];

		if (c->kind == CONTAINER_STEP)
			continue;
		if (strcmp(c->name, text) == 0 || strcmp(c->id, text) == 0) {
			found = c;
			break;
		}
		if (strncmp(c->id, text, n) != 0)
			continue;
		if (found)
			return FAIL(e, E_USAGE, "'%s' begins the id of several containers", text);
		found = c;
	}
	if (!found)
		return container_not_found(state, text, e);
	*ret = *found;
	*found = (struct container)CONTAINER_INIT;
	return 0;
}

static bool name_ok(const char *name)
{
	const char *set = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	return strlen(name) <= LIMIT_NAME && name[0] != '.' && name[0] != '-' && name[0] &&
	       strspn(name, set) == strlen(name);
}

int container_check_name(const struct container_list *all, const char *name, struct err *e)
{
	if (!name_ok(name))
		return FAIL(e, E_USAGE, "container name '%s': want letters, digits, '_', '.', '-'",
			    name);
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->v[i].name, name) == 0) {
			int r = FAIL(e, E_USAGE, "the name '%s' is taken by container %.12s", name,
				     all->v[i].id);

			return err_hint(e, r, "plimsoll rm %s", name);
		}
	return 0;
}

/* A block of ids that no other container of this state has. Where to begin to look is random, so
 * that two states of one machine hardly ever meet. */
static int choose_ids(const struct container_list *all, struct container *c, struct err *e)
{
	unsigned char taken[ID_BLOCKS] = { 0 };
	const unsigned first = (unsigned)strtoul(c->id + CONTAINER_ID - 8, NULL, 16) % ID_BLOCKS;

	for (size_t i = 0; i < all->n; i++) {
		const uint32_t block = (all->v[i].id_base - ID_BLOCKS_FIRST) / CONTAINER_IDS;

		if (block < ID_BLOCKS)
			taken[block] = 1;
	}
	for (unsigned i = 0; i < ID_BLOCKS; i++)
		if (!taken[(first + i) % ID_BLOCKS]) {
			c->id_base = ID_BLOCKS_FIRST + (first + i) % ID_BLOCKS * CONTAINER_IDS;
			return 0;
		}
	return err_hint(e, FAIL(e, E_SYSTEM, "%d containers: there are no more ids", ID_BLOCKS),
			"plimsoll container prune");
}

int container_check_others(const struct state *state, struct container *c, struct err *e)
{
	auto_list all = { 0 };
	int r = container_list_load(state, &all, e);

	if (r == 0)
		r = container_check_name(&all, c->name, e);
	return r == 0 ? choose_ids(&all, c, e) : r;
}
