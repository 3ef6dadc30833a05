/* SPDX-License-Identifier: Apache-2.0 */
#include "run/container_internal.h"
#include "run/launch/gate.h"
#include "run/launch/nest.h"
#include "run/life/restart.h"
#include "run/root/rest.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/encode.h"
#include "run/file.h"
#include "run/life/events.h"
#include "run/life/when.h"

void container_free(struct container *c)
{
	free(c->runtime);
	free(c->image);
	free(c->digest);
	free(c->command);
	free(c->folder);
	free(c->ports);
	json_decref(c->labels);
	json_decref(c->volumes);
	if (c->fd >= 0 && c->folder)
		(void)close(c->fd);
	*c = (struct container)CONTAINER_INIT;
}

const char *container_cgroup(const struct container *c, char ret[static CONTAINER_ID + 16])
{
	(void)snprintf(ret, CONTAINER_ID + 16, "/plimsoll-%s", c->id);
	return ret;
}

int container_open(const struct state *state, const char *id, struct container *c, struct err *e)
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

static void take_new_name(struct container *c)
{
	auto_buf text = BUF_INIT(LIMIT_NAME + 1);

	if (fs_read(c->fd, "name", LIMIT_NAME, &text, NULL) == 0 && text.n)
		(void)snprintf(c->name, sizeof(c->name), "%s", buf_str(&text));
}

int container_load(const struct state *state, const char *id, struct container *ret, struct err *e)
{
	auto_container c = CONTAINER_INIT;
	auto_buf text = BUF_INIT(LIMIT_STATE_JSON);
	auto_json *j = NULL;
	int r = container_open(state, id, &c, e);

	if (r == 0)
		r = fs_read(c.fd, "state.json", LIMIT_STATE_JSON, &text, e);
	if (r == 0)
		r = json_parse(buf_str(&text), text.n, "state.json", &j, e);
	if (r == 0)
		r = container_fields(j, &c, e);
	if (r == 0)
		take_new_name(&c);
	if (r < 0)
		return WRAP(e, r, "container %.12s", id);
	*ret = c;
	c = (struct container)CONTAINER_INIT;
	return 0;
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
	int64_t now;
	int r = fs_mkdir_p(state->fd, "containers", 0700, e);

	if (r < 0)
		return r;
	lock = fs_lock(state->fd, "containers/lock", CONTAINER_LOCK_MS, e);
	if (lock < 0)
		return lock;
	r = make_id(c, e);
	if (r == 0 && c->kind == CONTAINER_SERVICE)
		r = container_check_others(state, c, e);
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "containers/%s", c->id);
	r = fs_mkdir_p(state->fd, path, 0700, e);
	if (r == 0)
		r = container_open(state, c->id, c, e);
	if (r < 0)
		return r;
	now = when_now();
	c->created = now / 1000000000;
	c->created_nanos = (int)(now % 1000000000);
	r = process_identify(getpid(), &c->monitor, e);
	if (r == 0)
		r = container_save(c, e);
	if (r == 0)
		(void)event_note(c, "create", NULL, NULL);
	return r;
}

int container_again(const struct state *state, struct container *c, bool by_policy, struct err *e)
{
	static const char *const left[] = { "exit",    "pidfile",  "conmon.pid",  "supervisor.pid",
					    "oci.log", "denials",  "health.json", NEST_FILE,
					    "oom",     "apparmor", "forks" };
	auto_container found = CONTAINER_INIT, old = CONTAINER_INIT;
	auto_close int rest = -1, lock = -1;
	char id[CONTAINER_ID + 1];
	int r;

	(void)snprintf(id, sizeof(id), "%s", c->id);
	r = container_load(state, id, &found, e);
	if (r < 0)
		return r;
	/* A long copy holds up this one only, not all that want the lock of the containers. */
	rest = rest_lock(&found, e);
	if (rest < 0)
		return rest;
	lock = fs_lock(state->fd, "containers/lock", CONTAINER_LOCK_MS, e);
	r = lock < 0 ? lock : container_load(state, id, &old, e);
	if (r < 0)
		return r;
	if (by_policy && (restart_is_stopped(&old) || !old.clean))
		return FAIL(e, E_SIGNAL, "container '%s' was stopped or started", old.name);
	if (!old.clean)
		return err_hint(e, FAIL(e, E_USAGE, "container '%s' is running", old.name),
				"plimsoll stop %s", old.name);
	for (size_t i = 0; i < sizeof(left) / sizeof(*left); i++)
		if (unlinkat(old.fd, left[i], 0) < 0 && errno != ENOENT)
			return FAIL_SYS(e, "remove '%s'", left[i]);
	*c = old;
	old = (struct container)CONTAINER_INIT;
	c->clean = false;
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
	struct process_id nest;
	uint64_t n = 0;

	if (gate_closed(c->fd)) {
		/* Made, but nothing of its image runs yet, and may never. */
	} else if (read_number(c, "pidfile", &n, &s.started, &why) == 0) {
		s.phase = PHASE_RUNNING;
		s.pid = nest_of(c->folder, &nest) ? nest_process(&nest, (pid_t)n) : (pid_t)n;
	} else if (why.code != E_NOTFOUND) {
		return FAIL(e, why.code, "%s", why.msg);
	}
	if (read_number(c, "exit", &n, &s.finished, &why) == 0) {
		s.phase = PHASE_EXITED;
		s.pid = 0;
		s.exit = (int)n;
	} else if (c->clean) { /* made, and never started */
		s = (struct container_status){ .phase = PHASE_CREATED };
	}
	*ret = s;
	return 0;
}

int container_rename(const struct state *state, struct container *c, const char *name,
		     struct err *e)
{
	auto_list all = { 0 };
	auto_close int lock = fs_lock(state->fd, "containers/lock", CONTAINER_LOCK_MS, e);
	auto_free char *old = strdup(c->name);
	int r = lock < 0 ? lock : old ? container_list_load(state, &all, e) : FAIL_NOMEM(e);

	if (r == 0)
		r = container_check_name(&all, name, e);
	if (r == 0)
		r = file_put(c->fd, "name", name, strlen(name), e);
	if (r < 0)
		return r;
	(void)snprintf(c->name, sizeof(c->name), "%s", name);
	(void)event_note(c, "rename", json_pack("{s:s}", "oldName", old), NULL);
	return 0;
}
