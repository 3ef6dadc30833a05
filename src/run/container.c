/* SPDX-License-Identifier: Apache-2.0 */
#include "run/container.h"
#include "run/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/table.h"
#include "run/launch.h"
#include "run/namespaces.h"

enum { LOCK_WAIT_MS = 10000, STATUS_KILLED = 137 };

void container_free(struct container *c)
{
	free(c->image);
	free(c->digest);
	free(c->command);
	free(c->folder);
	free(c->ports);
	json_decref(c->labels);
	if (c->fd >= 0 && c->folder)
		(void)close(c->fd);
	*c = (struct container)CONTAINER_INIT;
}

const char *container_cgroup(const struct container *c, char ret[static CONTAINER_ID + 16])
{
	(void)snprintf(ret, CONTAINER_ID + 16, "/plimsoll-%s", c->id);
	return ret;
}

static json_t *ports_json(const struct ports *ports)
{
	json_t *a = json_array();

	for (size_t i = 0; a && ports && i < ports->n; i++)
		(void)json_array_append_new(a, json_pack("{s:s, s:i, s:i, s:b}", "ip",
							 ports->p[i].ip, "host", ports->p[i].host,
							 "container", ports->p[i].container, "udp",
							 ports->p[i].udp));
	return a;
}

int container_save(const struct container *c, struct err *e)
{
	auto_json *j = json_pack(
		"{s:s, s:s, s:s, s:b, s:I, s:b, s:b, s:b, s:i, s:I, s:i, s:I, s:s*, s:s*, s:s*, "
		"s:O*, s:o}",
		"schema", "plimsoll.container/v1", "id", c->id, "name", c->name, "step",
		c->kind == CONTAINER_STEP, "created", (json_int_t)c->created, "autoRemove",
		c->auto_remove, "detached", c->detached, "clean", c->clean, "stopSignal",
		c->stop_signal, "idBase", (json_int_t)c->id_base, "monitorPid", (int)c->monitor.pid,
		"monitorStart", (json_int_t)c->monitor.start, "image", c->image, "digest",
		c->digest, "command", c->command, "labels", c->labels, "ports",
		ports_json(c->ports));
	auto_buf text = BUF_INIT(LIMIT_STATE_JSON);
	int r;

	if (!j)
		return FAIL(e, E_FORMAT, "record of container %.12s: text is not UTF-8", c->id);
	r = json_pretty(j, &text, e);
	if (r == 0)
		r = file_put(c->fd, "state.json", buf_str(&text), text.n, e);
	return r < 0 ? WRAP(e, r, "record of container %.12s", c->id) : 0;
}

static int load_ports(const json_t *j, struct ports **ret, struct err *e)
{
	const json_t *a = json_object_get(j, "ports"), *v;
	struct ports *p;
	size_t i;

	if (json_array_size(a) == 0)
		return 0;
	p = calloc(1, sizeof(*p));
	if (!p)
		return FAIL_NOMEM(e);
	json_array_foreach(a, i, v)
	{
		struct port *at = &p->p[p->n];

		if (p->n == LIMIT_PORTS)
			break;
		(void)snprintf(at->ip, sizeof(at->ip), "%s", json_string_or_null(v, "ip") ?: "");
		at->host = (uint16_t)json_integer_value(json_object_get(v, "host"));
		at->container = (uint16_t)json_integer_value(json_object_get(v, "container"));
		at->udp = json_is_true(json_object_get(v, "udp"));
		p->n++;
	}
	*ret = p;
	return 0;
}

static char *copy_or_null(const json_t *j, const char *key)
{
	const char *s = json_string_or_null(j, key);

	return s ? strdup(s) : NULL;
}

static int load_fields(const json_t *j, struct container *c, struct err *e)
{
	const char *name;
	int r = json_get_string(j, "name", &name, "state.json", e);

	if (r < 0)
		return r;
	(void)snprintf(c->name, sizeof(c->name), "%s", name);
	c->kind = json_is_true(json_object_get(j, "step")) ? CONTAINER_STEP : CONTAINER_SERVICE;
	c->created = json_integer_value(json_object_get(j, "created"));
	c->auto_remove = json_is_true(json_object_get(j, "autoRemove"));
	c->detached = json_is_true(json_object_get(j, "detached"));
	c->clean = json_is_true(json_object_get(j, "clean"));
	c->stop_signal = (int)json_integer_value(json_object_get(j, "stopSignal"));
	c->id_base = (uint32_t)json_integer_value(json_object_get(j, "idBase"));
	c->monitor.pid = (pid_t)json_integer_value(json_object_get(j, "monitorPid"));
	c->monitor.start = (uint64_t)json_integer_value(json_object_get(j, "monitorStart"));
	c->image = copy_or_null(j, "image");
	c->digest = copy_or_null(j, "digest");
	c->command = copy_or_null(j, "command");
	c->labels = json_incref(json_object_get(j, "labels"));
	return load_ports(j, &c->ports, e);
}

static int open_folder(const struct state *state, const char *id, struct container *c,
		       struct err *e)
{
	char path[CONTAINER_ID + 16];

	(void)snprintf(path, sizeof(path), "containers/%s", id);
	c->fd = fs_open_nolink(state->fd, path, O_RDONLY | O_DIRECTORY, 0, e);
	if (c->fd < 0)
		return c->fd;
	if (asprintf(&c->folder, "%s/%s", state->path, path) < 0) {
		(void)close(c->fd);
		c->folder = NULL;
		return FAIL_NOMEM(e);
	}
	if (id != c->id)
		(void)snprintf(c->id, sizeof(c->id), "%s", id);
	return 0;
}

static int load(const struct state *state, const char *id, struct container *ret, struct err *e)
{
	auto_container c = CONTAINER_INIT;
	auto_buf text = BUF_INIT(LIMIT_STATE_JSON);
	auto_json *j = NULL;
	int r = open_folder(state, id, &c, e);

	if (r == 0)
		r = fs_read(c.fd, "state.json", LIMIT_STATE_JSON, &text, e);
	if (r == 0)
		r = json_parse(buf_str(&text), text.n, "state.json", &j, e);
	if (r == 0)
		r = load_fields(j, &c, e);
	if (r < 0)
		return WRAP(e, r, "container %.12s", id);
	*ret = c;
	c = (struct container)CONTAINER_INIT;
	return 0;
}

static int compare_created(const void *a, const void *b)
{
	const struct container *x = a, *y = b;

	return x->created != y->created ? (x->created > y->created ? 1 : -1) : strcmp(x->id, y->id);
}

struct list {
	struct container *v;
	size_t n;
};

static void list_release(struct list *l)
{
	for (size_t i = 0; i < l->n; i++)
		container_free(&l->v[i]);
	free(l->v);
}
#define auto_list __attribute__((cleanup(list_release))) struct list

/* Folders without a readable record were being made or removed when somebody was killed: with a
 * second's grace for one that is being made right now they are removed by the reaper. */
static int load_all(const struct state *state, struct list *ret, struct err *e)
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

		if (strlen(ent->d_name) != CONTAINER_ID || load(state, ent->d_name, &c, NULL) < 0)
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
	int r = load_all(state, &all, e);

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
	int r = load_all(state, &all, e);

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
		return err_hint(e, FAIL(e, E_NOTFOUND, "no container is called '%s'", text),
				"plimsoll ps --all");
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

static int check_name(const struct list *all, const struct container *c, struct err *e)
{
	if (!name_ok(c->name))
		return FAIL(e, E_USAGE, "container name '%s': want letters, digits, '_', '.', '-'",
			    c->name);
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->v[i].name, c->name) == 0) {
			int r = FAIL(e, E_USAGE, "the name '%s' is taken by container %.12s",
				     c->name, all->v[i].id);

			return err_hint(e, r, "plimsoll rm %s", c->name);
		}
	return 0;
}

/* A block of ids that no other container of this state has. Where to begin to look is random, so
 * that two states of one machine hardly ever meet. */
static int choose_ids(const struct list *all, struct container *c, struct err *e)
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
			"plimsoll prune --containers");
}

static int check_others(const struct state *state, struct container *c, struct err *e)
{
	auto_list all = { 0 };
	int r = load_all(state, &all, e);

	if (r == 0)
		r = check_name(&all, c, e);
	return r == 0 ? choose_ids(&all, c, e) : r;
}

static int make_id(struct container *c, struct err *e)
{
	unsigned char raw[CONTAINER_ID / 2];
	auto_buf hex = BUF_INIT(256);

	if (getrandom(raw, sizeof(raw), 0) != (ssize_t)sizeof(raw))
		return FAIL_SYS(e, "getrandom");
	hex_put(&hex, raw, sizeof(raw));
	(void)snprintf(c->id, sizeof(c->id), "%s", buf_str(&hex));
	if (!c->name[0] && c->kind == CONTAINER_SERVICE)
		(void)snprintf(c->name, sizeof(c->name), "c-%.8s", c->id);
	return 0;
}

int container_create(const struct state *state, struct container *c, struct err *e)
{
	char path[CONTAINER_ID + 16];
	auto_close int lock = -1;
	int r = fs_mkdir_p(state->fd, "containers", 0700, e);

	if (r < 0)
		return r;
	lock = fs_lock(state->fd, "containers/lock", LOCK_WAIT_MS, e);
	if (lock < 0)
		return lock;
	r = make_id(c, e);
	if (r == 0 && c->kind == CONTAINER_SERVICE)
		r = check_others(state, c, e);
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "containers/%s", c->id);
	r = fs_mkdir_p(state->fd, path, 0700, e);
	if (r == 0)
		r = open_folder(state, c->id, c, e);
	if (r < 0)
		return r;
	c->created = clock_now();
	r = process_identify(getpid(), &c->monitor, e);
	return r == 0 ? container_save(c, e) : r;
}

static int read_number(const struct container *c, const char *file, uint64_t *ret,
		       int64_t *ret_time, struct err *e)
{
	auto_buf text = BUF_INIT(64);
	auto_close int fd = fs_open_nolink(c->fd, file, O_RDONLY, 0, e);
	struct stat st;
	int r;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return FAIL_SYS(e, "read '%s'", file);
	r = fs_read_fd(fd, file, 32, &text, e);
	if (r < 0)
		return r;
	/* conmon writes -1 when it lost the container. */
	if (str_u64(str_trim(str_of(buf_str(&text))), INT32_MAX, ret, NULL) < 0)
		*ret = STATUS_KILLED;
	*ret_time = st.st_mtime;
	return 0;
}

int container_exit_status(const struct container *c, int *ret, struct err *e)
{
	uint64_t status = 0;
	int64_t when = 0;
	int r = read_number(c, "exit", &status, &when, e);

	if (r == 0)
		*ret = (int)status;
	return r;
}

int container_status(const struct container *c, struct container_status *ret, struct err *e)
{
	struct err why = ERR_INIT;
	struct container_status s = { 0 };
	uint64_t n = 0;

	if (read_number(c, "pidfile", &n, &s.started, &why) == 0) {
		s.phase = PHASE_RUNNING;
		s.pid = (pid_t)n;
	} else if (why.code != E_NOTFOUND) {
		return FAIL(e, why.code, "%s", why.msg);
	}
	if (read_number(c, "exit", &n, &s.finished, &why) == 0) {
		s.phase = PHASE_EXITED;
		s.pid = 0;
		s.exit = (int)n;
	} else if (c->clean) {
		s.phase = PHASE_EXITED;
		s.pid = 0;
	}
	*ret = s;
	return 0;
}

static int write_killed(const struct container *c, struct err *e)
{
	int status;

	if (container_exit_status(c, &status, NULL) == 0)
		return 0;
	return file_put(c->fd, "exit", "137", 3, e);
}

int container_remove(struct container *c, struct err *e)
{
	char cgroup[CONTAINER_ID + 16], name[CONTAINER_ID + 1];
	auto_close int parent = -1;
	int r = launch_cleanup(c->folder, c->id, container_cgroup(c, cgroup), e);

	if (r < 0)
		return r;
	/* Named by id in its own parent, so that no path is walked twice. */
	parent = openat(c->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0)
		return FAIL_SYS(e, "open containers");
	(void)snprintf(name, sizeof(name), "%s", c->id);
	return fs_remove_tree(parent, name, e);
}

int container_cleanup(struct container *c, struct err *e)
{
	char cgroup[CONTAINER_ID + 16];
	int r;

	if (c->auto_remove || c->kind == CONTAINER_STEP)
		return container_remove(c, e);
	r = launch_cleanup(c->folder, c->id, container_cgroup(c, cgroup), e);
	if (r == 0)
		r = write_killed(c, e);
	if (r < 0)
		return r;
	c->clean = true;
	return container_save(c, e);
}

static int reap_one(void *arg, struct container *c, struct err *e)
{
	struct err why = ERR_INIT;

	(void)arg;
	(void)e;
	if (!c->clean && !process_alive(&c->monitor))
		(void)container_cleanup(c, &why);
	return 0;
}

/* A folder whose record was never written: older than a minute, nobody is making it. */
static void remove_unrecorded(const struct state *state)
{
	int fd = fs_open_nolink(state->fd, "containers", O_RDONLY | O_DIRECTORY, 0, NULL);
	auto_closedir DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *ent;

	while (d && (ent = readdir(d))) {
		char path[CONTAINER_ID + 16];
		struct stat st;

		if (strlen(ent->d_name) != CONTAINER_ID)
			continue;
		(void)snprintf(path, sizeof(path), "%s/state.json", ent->d_name);
		/* Empty: the power went before it reached the disk. */
		if ((fstatat(dirfd(d), path, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size > 0) ||
		    fstatat(dirfd(d), ent->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    clock_now() - st.st_mtime < 60)
			continue;
		(void)fs_remove_tree(dirfd(d), ent->d_name, NULL);
	}
}

int container_reap(const struct state *state, struct err *e)
{
	auto_close int lock = -1;

	if (!fs_exists(state->fd, "containers"))
		return 0;
	lock = fs_lock(state->fd, "containers/lock", LOCK_WAIT_MS, e);
	if (lock < 0)
		return lock;
	remove_unrecorded(state);
	return container_each(state, reap_one, NULL, e);
}
