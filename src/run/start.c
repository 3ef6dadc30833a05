/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "oci/layer.h"
#include "run/denials/denials.h"
#include "run/denials/denials_apparmor.h"
#include "run/denials/denials_watch.h"
#include "run/file.h"
#include "run/groups/sockets.h"
#include "run/launch/conmon.h"
#include "run/launch/foreground.h"
#include "run/launch/gate.h"
#include "run/launch/join.h"
#include "run/launch/stand_in.h"
#include "run/life/ending.h"
#include "run/life/events.h"
#include "run/life/oom.h"
#include "run/options/needs.h"
#include "run/options/privileged.h"
#include "run/root/setup.h"
#include "run/start.h"

/* The profile's, then what the command line takes from them and gives. */
static int choose_caps(const struct run_opts *o, uint64_t *ret, struct err *e)
{
	uint64_t own = 0;
	int r;

	if (setup_profile(o)->all_caps)
		return privileged_caps(ret, e);
	r = run_parse_caps(o->profile_caps, NULL, caps_of(setup_profile(o)->caps), o->policy, &own,
			   e);

	return r < 0 ? WRAP(e, r, "profile")
		     : run_parse_caps(o->cap_add, o->cap_drop, own, o->policy, ret, e);
}

static void choose_limits(const struct run_opts *o, const struct machine *m,
			  struct profile_limits *ret)
{
	*ret = setup_profile(o)->limits;
	ret->memory = o->memory ?: ret->memory;
	ret->pids = o->pids ?: ret->pids;
	ret->cpu_milli = o->cpu_milli ?: ret->cpu_milli;
	ret->disk = o->disk ?: ret->disk;
	if (ret->nofile > m->nofile)
		ret->nofile = m->nofile;
	if (ret->signals > m->signals)
		ret->signals = m->signals;
}

/* Policy excuses that there is no limit; one that somebody asked for is not dropped for that. */
static int check_asked(const struct run_opts *o, const struct profile_limits *l, struct err *e)
{
	const char *lost = o->memory && !l->memory	   ? "memory"
			   : o->pids && !l->pids	   ? "pids-limit"
			   : o->cpu_milli && !l->cpu_milli ? "cpus"
			   : o->disk && !l->disk	   ? "storage-opt"
							   : NULL;

	if (!lost)
		return 0;
	return err_hint(
		e, FAIL(e, E_SYSTEM, "--%s: no such limit can be set on this machine", lost),
		"run it without --%s, or as root; plimsoll doctor says what is missing", lost);
}

/* In the supervisor. Unless the container ended and was cleaned up in the meantime. */
static int note_monitor(void *arg, pid_t conmon, struct err *e)
{
	struct setup *s = arg;
	int r = process_identify(conmon, &s->c->monitor, e);

	return r == 0 ? container_save(s->c, e) : r;
}

/* The decision that let it start: there before it runs. */
static int keep_admission(const struct container *c, const json_t *admission, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_STATE_JSON);
	int r = admission ? json_pretty(admission, &text, e) : 0;

	if (r == 0 && admission)
		r = file_put(c->fd, "admission.json", buf_str(&text), text.n, e);
	return r;
}

/* In the supervisor, right before the runtime. */
static int prepare(void *arg, const char *netns, int *ret_status, struct err *e)
{
	const struct setup *s = arg;
	char cgroup[CONTAINER_ID + 16];
	int r = setup_prepare(arg, netns, ret_status, e);

	if (r == 0 && s->machine->cgroups != CGROUP_DENIED)
		r = groups_limit_sockets(container_cgroup(s->c, cgroup), s->limits.memory, e);
	if (r == 0 && !s->opts->decide)
		(void)event_note(s->c, "start", NULL, NULL);
	return r;
}

/* Beside what the supervisor does. */
static int decide(void *arg, struct err *e)
{
	const struct setup *s = arg;
	json_t *admission = NULL;
	int r = s->opts->decide(s->opts->decide_arg, &admission, e);

	if (r == 0)
		r = keep_admission(s->c, admission, e);
	if (r == 0)
		(void)event_note(s->c, "start", NULL, NULL);
	json_decref(admission);
	return r;
}

/* Told while it runs. */
struct telling {
	const struct setup *s;
	int watch;
};

static void tell_now(void *arg)
{
	const struct telling *t = arg;
	const struct run_opts *o = t->s->opts;
	auto_denials d = { 0 };

	denials_watched(t->watch);
	if (denials_read(t->s->c->fd, &d, NULL) == 0 && d.n)
		o->denied_now(o->denied_arg, &d);
}

static int in_foreground(const struct setup *s, const struct launch *l, struct supervisor *super,
			 int *ret_status, struct err *e)
{
	auto_close int watch = s->opts->denied_now ? denials_watch(s->c->fd, e) : -1;
	struct telling telling = { s, watch };
	const struct foreground_watch w = { watch, tell_now, &telling };

	if (watch < 0 && s->opts->denied_now)
		return watch;
	return foreground_run(l, watch >= 0 ? &w : NULL, super, ret_status, e);
}

/* In the supervisor, after its end was reported. What cannot be done now the next command does. */
static void clean_up(void *arg)
{
	const struct setup *s = arg;

	(void)container_cleanup(s->c, NULL);
}

static bool binds(const struct run_opts *o)
{
	return (o->volumes && o->volumes->n) || (o->mounts && o->mounts->n);
}

static int launch(const struct setup *s, bool detach, struct supervisor *super, int *ret_status,
		  struct err *e)
{
	char cgroup[CONTAINER_ID + 16];
	auto_strv conmon = { 0 };
	const struct run_opts *o = s->opts;
	auto_stand_in quiet = STAND_IN_INIT;
	const bool nested = s->machine->cgroups == CGROUP_DENIED;
	struct setup copy = *s;
	struct launch l = { .folder = s->c->folder,
			    .id = s->c->id,
			    .cgroup = container_cgroup(s->c, cgroup),
			    .machine = s->machine,
			    .runtime = s->runtime,
			    .network = !o->no_network,
			    .userns = setup_own_ids(o),
			    .host_network = o->share.host[SHARE_NETWORK],
			    .join = s->join->pid ? s->join : NULL,
			    .id_base = s->c->id_base,
			    .processes = s->machine->pids_by_user ? s->limits.pids : 0,
			    .guard = setup_guarded(o),
			    .ports = o->ports,
			    .prepare = prepare,
			    .exit_command = o->exit_command,
			    .started = nested ? NULL : note_monitor,
			    .conclude = detach ? NULL : clean_up,
			    .folder_fd = s->c->fd,
			    .binds = binds(o),
			    .arg = &copy,
			    .in = o->interactive || o->tty ? PROC_INHERIT : -1,
			    .out = o->no_stdout ? -1 : PROC_INHERIT,
			    .err = o->no_stderr ? -1 : PROC_INHERIT,
			    .timeout = o->timeout,
			    .terminal = o->tty,
			    /* Nobody could ask for what goes at once. */
			    .log_max = detach || o->auto_remove ? 0 : o->log_max ?: LOG_MAX_DEFAULT,
			    .own_session = detach,
			    .decide = o->decide ? decide : NULL,
			    .decide_arg = &copy };
	int r = o->decide ? gate_close(s->c->fd, e) : keep_admission(s->c, o->admission, e);

	if (r == 0 && o->tty && !o->interactive && !detach)
		r = stand_in_open(&quiet, e);
	if (r < 0)
		return r;
	if (quiet.end >= 0)
		l.in = quiet.end;
	if (!detach)
		return in_foreground(s, &l, super, ret_status, e);

	const struct conmon_opts c = { .folder = s->c->folder,
				       .id = s->c->id,
				       .name = s->c->name,
				       .runtime = s->runtime,
				       .cgroups = !nested,
				       .tty = o->tty,
				       .interactive = o->interactive,
				       .log_max = o->log_max,
				       .timeout = o->timeout,
				       .exit_command = nested ? NULL : o->exit_command };

	r = conmon_argv(&c, &conmon, e);
	if (r < 0)
		return r;
	l.conmon = (const char *const *)conmon.v;
	r = launch_start(&l, super, e);
	if (r == 0)
		r = launch_decide(&l, super, e);
	return r == 0 ? launch_wait(super, ret_status, e) : r;
}

/* Ourselves again, beside it: the words of the exit command, with another verb. */
static int start_health(const struct setup *s, struct err *e)
{
	const struct run_opts *o = s->opts;
	auto_strv argv = { 0 };
	pid_t pid;
	int r = health_begin(s->c, &o->health, s->exec, e);

	if (r <= 0 || !o->exit_command)
		return r < 0 ? r : 0;
	r = 0;
	for (const char *const *w = o->exit_command; r == 0 && *w && w[1]; w++)
		r = strv_add(&argv, *w, e);
	if (r == 0)
		r = strv_add(&argv, "health", e);
	if (r == 0)
		r = strv_add(&argv, s->c->id, e);
	if (r < 0)
		return r;

	const struct proc p = { .argv = (const char *const *)argv.v,
				.in = -1,
				.out = -1,
				.err = -1,
				.new_group = true };

	return proc_start(&p, &pid, e);
}

/* Its ids are then the other's. */
static int join_other(const struct setup *s, struct join *ret, struct err *e)
{
	int r = join_find(s->state, &s->opts->share, s->c->id, ret, e);

	if (r < 0 || ret->pid == 0)
		return r;
	s->c->id_base = ret->id_base;
	return container_save(s->c, e);
}

static int start(const struct state *state, const struct desc *d, const struct run_opts *o,
		 const struct image *i, struct container *c, struct supervisor *super,
		 int *ret_status, struct err *e)
{
	struct machine machine;
	struct runtime rt;
	auto_join join = JOIN_INIT;
	struct setup s = { .state = state,
			   .join = &join,
			   .opts = o,
			   .machine = &machine,
			   .runtime = &rt,
			   .c = c,
			   .diff_ids = i->config.diff_ids,
			   .diff_ids_n = i->config.diff_ids_n,
			   .exec = i->config.exec,
			   .command = &i->command };
	int r = machine_detect(&machine, e);

	if (r == 0)
		r = runtime_find(o->runtime, &rt, e);
	if (r < 0)
		return r;
	choose_limits(o, &machine, &s.limits);
	r = needs_check(&machine, o->policy, &s.limits, e);
	if (r == 0)
		r = check_asked(o, &s.limits, e);
	if (r == 0)
		r = choose_caps(o, &s.caps, e);
	if (r == 0)
		r = start_record(state, d, o, &i->command, &rt, c, e);
	/* As it was when it was made. */
	if (r == 0 && o->again)
		r = runtime_find(c->runtime, &rt, e);
	if (r < 0)
		return r;
	if (o->create_only) {
		*ret_status = 0;
		return 0;
	}
	r = join_other(&s, &join, e);
	if (r == 0 && !o->restarting)
		r = restart_begin(c, o->detach ? &o->restart : &(struct restart_policy){ 0 }, e);
	if (r == 0)
		r = start_health(&s, e);
	return r == 0 ? launch(&s, o->detach, super, ret_status, e) : r;
}

static void tell_denied(const struct container *c, int status, const struct run_opts *o)
{
	auto_denials d = { 0 };

	denials_apparmor_look(c);
	(void)denials_read(c->fd, &d, NULL);
	/* It may have been another process than the first one, and the group gone before the guard
	 * looked. */
	if (status || denials_has(&d, DENIAL_MEMORY)) {
		oom_look(c);
		denials_free(&d);
		(void)denials_read(c->fd, &d, NULL);
	}
	if (d.n || status > 128)
		o->denied(o->denied_arg, &d, status);
}

/* A container that never started leaves no record, but for one that was there before; one that
 * ended keeps its own unless --rm. */
static int conclude(struct container *c, int started, int status, const struct run_opts *o,
		    struct supervisor *super, struct err *e)
{
	struct err ignored = ERR_INIT;

	if (!c->folder)
		return started;
	if (started < 0 && started != E_SIGNAL && !o->again && !gate_closed(c->fd))
		ending_never_began(c, status);
	if (started < 0 && o->again)
		(void)container_cleanup(c, &ignored);
	else if (started < 0)
		(void)container_remove(c, &ignored);
	if (started < 0)
		return started;
	if (o->denied && !o->detach && !o->create_only)
		tell_denied(c, status, o);
	if (!super->concludes)
		return o->detach || o->create_only ? 0 : container_cleanup(c, e);
	launch_release(super);
	return 0;
}

/* Unpacking is for what may run, and without a shim nothing would wait. */
static bool can_wait(const struct state *state, const struct image *i, const struct run_opts *o)
{
	if (setup_profile(o)->no_landlock || o->again)
		return false;
	for (size_t n = 0; n < i->config.diff_ids_n; n++)
		if (!layer_unpacked(state, &i->config.diff_ids[n]))
			return false;
	return true;
}

/* What there is to decide is decided now, or while the container is made. */
static int decide_now(const struct state *state, const struct image *i, struct run_opts *o,
		      json_t **ret_admission, struct err *e)
{
	int r;

	if (!o->decide || can_wait(state, i, o))
		return 0;
	r = o->decide(o->decide_arg, ret_admission, e);
	o->decide = NULL;
	o->admission = *ret_admission;
	return r;
}

/* Where the host's are to be chosen, and what the image exposes. own->ports is then ret. Those of
 * one that is only made are chosen when it starts. */
static int choose_ports(const struct image *i, struct run_opts *own, struct ports *ret,
			struct err *e)
{
	int r = 0;

	ret->n = 0;
	if (own->ports)
		*ret = *own->ports;
	if (own->publish_all && !own->no_network)
		r = ports_expose(i->config.exec, ret, e);
	for (size_t n = 0;
	     r == 0 && own->publish_all && !own->no_network && own->expose && n < own->expose->n;
	     n++)
		r = port_expose(own->expose->v[n], ret, e);
	if (r == 0 && !own->create_only)
		r = ports_choose(ret, e);
	own->ports = ret;
	return r;
}

/* An image that cannot be started may not even run: that is what has to be said of it. */
static int refused_rather(const struct run_opts *o, int failed, struct err *e)
{
	auto_json *admission = NULL;
	struct err why = ERR_INIT;
	int r = o->decide ? o->decide(o->decide_arg, &admission, &why) : 0;

	if (r == 0)
		return failed;
	if (e)
		*e = why;
	return r;
}

int run_start(const struct state *state, const struct store *store, const struct desc *manifest,
	      const struct run_opts *o, struct progress *p, char ret_id[static CONTAINER_ID + 1],
	      int *ret_status, struct err *e)
{
	auto_image image = { 0 };
	auto_container c = CONTAINER_INIT;
	auto_json *admission = NULL;
	auto_free struct ports *ports = calloc(1, sizeof(*ports));
	struct run_opts own = *o;
	struct supervisor super = SUPERVISOR_INIT;
	int r = ports ? run_check(state, o, e) : FAIL_NOMEM(e);

	*ret_status = STATUS_FAILED;
	ret_id[0] = '\0';
	if (r == 0)
		r = container_reap_for(state, o->name, e);
	if (r < 0)
		return r;
	r = start_image(store, manifest, o, &image, e);
	if (r == 0)
		r = choose_ports(&image, &own, ports, e);
	r = r < 0 ? refused_rather(o, r, e) : decide_now(state, &image, &own, &admission, e);
	if (r == 0)
		r = start_unpack(state, store, &image, p, e);
	if (r == 0)
		r = start(state, manifest, &own, &image, &c, &super, ret_status, e);
	(void)snprintf(ret_id, CONTAINER_ID + 1, "%s", c.id);
	return conclude(&c, r, *ret_status, o, &super, e);
}
