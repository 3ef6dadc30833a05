/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/container/run_attempt.h"
#include "confine/syscalls.h"
#include "run/options/profile_file.h"
#include "run/run.h"

/* What one profile comes to, as rows of three: what, which, why. */
struct listing {
	struct table *table;
	json_t *rows;
};

static int row(struct listing *l, const char *what, const char *which, const char *why,
	       struct err *e)
{
	const char *const cells[] = { what, which, why };
	int r = table_row(l->table, cells, e);

	return r < 0 ? r
		     : json_push(l->rows,
				 json_pack("{s:s, s:s, s:s?}", "what", what, "which", which, "why",
					   why),
				 e);
}

static int number(struct listing *l, const char *what, uint64_t n, const char *unit,
		  const char *why, struct err *e)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%llu%s", (unsigned long long)n, unit);
	return row(l, what, text, why, e);
}

static int list_caps(struct listing *l, uint64_t caps, struct err *e)
{
	int r = caps ? 0 : row(l, "capability", "none", "--cap-add gives one; service is a set", e);

	for (unsigned i = 0; r == 0 && cap_name(i); i++)
		if (caps & (1ULL << i))
			r = row(l, "capability", cap_name(i) + strlen("CAP_"), NULL, e);
	return r;
}

static int list_ports(struct listing *l, const char *what, const struct profile_ports *p,
		      struct err *e)
{
	int r = p->restricted && p->n == 0 ? row(l, what, "none", NULL, e) : 0;

	if (!p->restricted)
		return row(l, what, "every TCP port", "of the container's own network", e);
	for (size_t i = 0; r == 0 && i < p->n; i++)
		r = number(l, what, p->v[i], "/tcp", NULL, e);
	return r;
}

static int list_limits(struct listing *l, const struct profile_file *f, struct err *e)
{
	const struct profile_limits *d = &f->p.limits;
	char cpus[32];
	int r = number(l, "memory", (f->memory ?: d->memory) >> 20, "m", "swap included", e);

	if (r == 0)
		r = number(l, "processes", f->pids ?: d->pids, "", "and threads", e);
	(void)snprintf(cpus, sizeof(cpus), "%llu.%03llu",
		       (unsigned long long)(f->cpu_milli ?: d->cpu_milli) / 1000,
		       (unsigned long long)(f->cpu_milli ?: d->cpu_milli) % 1000);
	if (r == 0)
		r = row(l, "cpus", cpus, "cores", e);
	if (r == 0)
		r = number(l, "disk", (f->disk ?: d->disk) >> 20, "m",
			   "a writable root and anonymous volumes", e);
	return r == 0 ? number(l, "open files", d->nofile, "", "of each process", e) : r;
}

static int list_mounts(struct listing *l, const struct profile_file *f, struct err *e)
{
	auto_buf text = BUF_INIT(4096);
	int r = row(l, "root", f->writable ? "writable" : "read-only", NULL, e);

	for (const struct profile_mount *m = f->p.mounts; r == 0 && m->target; m++) {
		text.n = 0;
		buf_printf(&text, "%s %s %s", m->target, m->type, m->options);
		r = row(l, "mount", buf_str(&text), m->why, e);
	}
	for (size_t i = 0; r == 0 && i < f->write.n; i++)
		r = row(l, "mount", f->write.v[i], "in memory, as the image has it", e);
	for (const char *const *p = f->p.masked; r == 0 && *p; p++)
		r = row(l, "masked", *p, "reads as empty", e);
	for (const char *const *p = f->p.readonly; r == 0 && *p; p++)
		r = row(l, "read-only", *p, NULL, e);
	return r;
}

static int list_syscalls(struct listing *l, const struct profile *p, struct err *e)
{
	int r = 0;

	if (p->no_seccomp)
		return row(l, "system calls", "every one", "seccomp: off", e);
	for (const struct syscall_rule *d = syscalls_denied; r == 0 && d->name; d++) {
		bool allowed = false;

		for (const char *const *s = p->syscalls; s && *s; s++)
			allowed |= strcmp(*s, d->name) == 0;
		r = row(l, allowed ? "allowed call" : "refused call", d->name, d->why, e);
	}
	return r;
}

static int list_all(struct listing *l, const struct profile_file *f, struct err *e)
{
	uint64_t caps = 0;
	int r = row(l, "name", f->p.name, NULL, e);

	if (r == 0)
		r = run_parse_caps(&f->caps, NULL, caps_of(f->p.caps), NULL, &caps, e);
	if (r == 0)
		r = list_caps(l, caps, e);
	if (r == 0)
		r = list_limits(l, f, e);
	if (r == 0)
		r = list_ports(l, "listen", &f->p.bind, e);
	if (r == 0)
		r = list_ports(l, "connect", &f->p.connect, e);
	if (r == 0)
		r = list_mounts(l, f, e);
	if (r == 0)
		r = row(l, "landlock", f->p.no_landlock ? "off" : "on",
			"what can be written is not executed, devices are not made", e);
	if (r == 0)
		r = row(l, "apparmor", f->p.no_apparmor ? "off" : "on", "where the kernel has it",
			e);
	return r == 0 ? list_syscalls(l, &f->p, e) : r;
}

struct show_opts {
	const char *image;
};

/* What the policy lets it have besides, to who says why. */
static int list_allowed(const struct cli *c, struct listing *l, const char *image, struct err *e)
{
	auto_free struct run_policy *policy = NULL;
	size_t n = 0;
	int r = cli_run_policy(c, image, &policy, e);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < policy->n; i++)
		if (run_allowance_covers(policy, i)) {
			r = row(l, "by policy", policy->v[i].what, "to who gives --reason", e);
			n++;
		}
	run_policy_free(policy);
	return r == 0 && n == 0 ? row(l, "by policy", "none", "run: allow: in plimsoll.yaml", e)
				: r;
}

static int run_show(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	static const char *const headings[] = { "WHAT", "WHICH", "WHY" };
	auto_release(table_free) struct table *table = NULL;
	auto_profile_file f = { 0 };
	auto_json *rows = json_array(), *j = NULL;
	struct listing l = { .rows = rows };
	const struct show_opts *o = opts;
	int r = argc ? profile_file_read(argv[0], &f, e)
		     : profile_file_parse("", 0, "default", &f, e);

	if (r == 0)
		r = table_new(&table, headings, 3, e);
	l.table = table;
	if (r == 0)
		r = list_all(&l, &f, e);
	if (r == 0 && o->image)
		r = list_allowed(c, &l, o->image, e);
	if (r < 0 || !c->json)
		return r < 0 ? r : cli_print_table(c, table, e);
	j = json_pack("{s:s, s:O}", "schema", "plimsoll.profile/v1", "rows", rows);
	return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
}

static const struct opt show_table[] = {
	OPT_AT(struct show_opts, image, "image", 0, OPT_STRING, "IMAGE",
	       "also what the policy allows this image besides, by name and with a reason"),
	OPT_END,
};

static const struct command cmd_profile_show = {
	.name = "show",
	.args = "[FILE]",
	.brief = "Print what a container may do: by default, or with this profile",
	.example = "plimsoll profile show\nplimsoll profile show nginx.yaml",
	.opts = show_table,
	.opts_size = sizeof(struct show_opts),
	.max_args = 1,
	.run = run_show,
};

static const struct command *const profile_subs[] = { &cmd_profile_show, NULL };

const struct command cmd_profile = {
	.name = "profile",
	.group = "Containers",
	.args = "",
	.brief = "Show what containers may do",
	.details =
		"A profile is a YAML file for 'run --profile': what one service needs beyond the "
		"default, or does without. Its keys, each of which may be left out: name; "
		"capabilities: [NAME...], or service for a set; syscalls: [NAME...] of those that "
		"are refused; write: [PATH...], folders in memory that begin as the image has "
		"them, with tmpfs options behind a colon; exec: [PATH...], where what can be "
		"written can be executed; bind and connect: [PORT...], TCP ports, and then no "
		"other; limits: {memory, pids, cpus, nofile}; read-only: false; proc: writable; "
		"seccomp, landlock, apparmor: off.\n\n"
		"syscalls, proc: writable and what is off take protections away: the policy of "
		"plimsoll.yaml must allow them by name (run: allow:), and --reason says why.",
	.example = "plimsoll profile show",
	.subs = profile_subs,
};
