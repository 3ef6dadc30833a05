/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run room alone, without trust and admission, for tests/cli/run.bats and for measuring.
 *   runtool STATE import FOLDER [CONFIG-JSON]    prints the manifest's digest
 *   runtool STATE run [OPTIONS] DIGEST [ARG...]
 *   runtool STATE exec|logs|stop|kill|wait|rm|ps|ended ...
 */
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/proc.h"
#include "helpers.h"
#include "oci/image.h"
#include "oci/layer.h"
#include "run/run.h"

static struct state state;

static int import(struct store *s, const char *folder, const char *exec, struct err *e)
{
	const struct layer_opts lo = { .clamp_mtime = 0 };
	struct desc layer, image;
	struct digest diff;
	auto_json *config = NULL, *extra = NULL;
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	if (dir < 0)
		return FAIL_SYS(e, "open %s", folder);
	r = layer_from_dir(s, dir, &lo, &layer, &diff, NULL, e);
	(void)close(dir);
	if (r == 0)
		r = json_parse(exec, strlen(exec), "config", &extra, e);
	if (r < 0)
		return r;
	config = json_pack("{s:s, s:s, s:O, s:{s:s, s:[s]}}", "architecture", oci_architecture(),
			   "os", "linux", "config", extra, "rootfs", "type", "layers", "diff_ids",
			   diff.s);
	r = image_write(s, config, &layer, 1, NULL, &image, e);
	if (r == 0)
		r = store_tag(s, image.digest.s + 7, &image, e);
	if (r == 0)
		(void)printf("%s %llu\n", image.digest.s, (unsigned long long)image.size);
	return r;
}

struct strings {
	struct strv env, volumes, tmpfs, add, drop, labels;
	struct ports ports;
	const char *exit_command[4];
};

static void strings_release(struct strings *s)
{
	struct strv *lists[] = { &s->env, &s->volumes, &s->tmpfs, &s->labels, &s->add, &s->drop };

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		strv_free(lists[i]);
}

static int option(int c, const char *arg, struct run_opts *o, struct strings *s, struct err *e)
{
	switch (c) {
	case 'd': o->detach = true; return 0;
	case 'i': o->interactive = true; return 0;
	case 't': o->tty = true; return 0;
	case 'R': o->auto_remove = true; return 0;
	case 'W': o->writable = true; return 0;
	case 'N': o->no_network = true; return 0;
	case 'n': o->name = arg; return 0;
	case 'u': o->command.user = arg; return 0;
	case 'w': o->command.workdir = arg; return 0;
	case 'x': o->command.entrypoint = arg; return 0;
	case 'r': o->runtime = arg; return 0;
	case 'h': o->hostname = arg; return 0;
	case 'p': return port_parse(arg, &s->ports, e);
	case 'e': return strv_add(&s->env, arg, e);
	case 'v': return strv_add(&s->volumes, arg, e);
	case 'T': return strv_add(&s->tmpfs, arg, e);
	case 'A': return strv_add(&s->add, arg, e);
	case 'D': return strv_add(&s->drop, arg, e);
	case 'm': return run_parse_size(arg, &o->memory, e);
	case 'c': return run_parse_cpus(arg, &o->cpu_milli, e);
	case 'P': return run_parse_size(arg, &o->pids, e);
	default: return FAIL(e, E_USAGE, "bad option");
	}
}

static int run(struct store *store, int argc, char **argv, const char *self, struct err *e)
{
	__attribute__((cleanup(strings_release))) struct strings s = {
		.exit_command = { self, state.path, "ended", NULL }
	};
	struct run_opts o = { .ports = &s.ports,
			      .volumes = &s.volumes,
			      .tmpfs = &s.tmpfs,
			      .cap_add = &s.add,
			      .cap_drop = &s.drop,
			      .labels = &s.labels,
			      .command.env = &s.env,
			      .exit_command = s.exit_command };
	char id[CONTAINER_ID + 1];
	struct ref ref;
	struct desc d;
	int c, r = 0, status = 125;

	while (r == 0 && (c = getopt(argc, argv, "+ditRWNr:n:u:w:x:h:p:e:v:T:A:D:m:c:P:")) >= 0)
		r = option(c, optarg, &o, &s, e);
	o.command.args = (const char *const *)argv + optind + 1;
	if (r == 0)
		r = store_lookup(store, argv[optind], &ref, &d, e);
	if (r == 0)
		r = run_start(&state, store, &d, &o, NULL, id, &status, e);
	if (r == 0 && o.detach)
		(void)puts(id);
	if (r < 0) {
		(void)fprintf(stderr, "runtool: %s\n", e->msg);
		exit(status);
	}
	return status;
}

static int show(void *arg, struct container *c, struct err *e)
{
	static const char *const phases[] = { "created", "running", "exited" };
	struct container_status s;
	int r = container_status(c, &s, e);

	(void)arg;
	if (r == 0)
		(void)printf("%.12s %s %s %d\n", c->id, c->name, phases[s.phase], s.exit);
	return r;
}

static int emit(void *arg, bool is_stderr, int64_t when, const char *line, size_t n, bool whole,
		struct err *e)
{
	(void)whole;
	(void)arg;
	(void)when;
	(void)e;
	(void)fprintf(is_stderr ? stderr : stdout, "%.*s\n", (int)n, line);
	(void)fflush(NULL);
	return 0;
}

static int other(int argc, char **argv, struct err *e)
{
	const char *verb = argv[0];
	int status = 0, r, signal = 0;

	if (strcmp(verb, "ps") == 0) {
		r = container_reap(&state, e);
		return r < 0 ? r : container_each(&state, show, NULL, e);
	}
	if (argc < 2)
		return FAIL(e, E_USAGE, "want a container");
	if (strcmp(verb, "exec") == 0) {
		const struct exec_opts o = { .argv = (const char *const *)argv + 2,
					     .user = getenv("EXEC_USER") };

		r = run_exec(&state, argv[1], &o, &status, e);
		if (r < 0) {
			(void)fprintf(stderr, "runtool: %s\n", e->msg);
			exit(status);
		}
		return status;
	}
	if (strcmp(verb, "logs") == 0) {
		const struct log_sink sink = { emit, NULL };

		const struct log_opts o = { .tail = argc > 2 ? atoi(argv[2]) : -1,
					    .follow = argc > 3 };

		return run_logs(&state, argv[1], &o, &sink, e);
	}
	if (strcmp(verb, "stop") == 0)
		return run_stop(&state, argv[1], 0, argc > 2 ? (unsigned)atoi(argv[2]) : 10, e);
	if (strcmp(verb, "kill") == 0) {
		r = signal_parse(argc > 2 ? argv[2] : "KILL", &signal, e);
		return r < 0 ? r : run_kill(&state, argv[1], signal, e);
	}
	if (strcmp(verb, "wait") == 0) {
		r = run_wait(&state, argv[1], &status, e);
		if (r == 0)
			(void)printf("%d\n", status);
		return r;
	}
	if (strcmp(verb, "rm") == 0)
		return run_remove(&state, argv[1], argc > 2, e);
	if (strcmp(verb, "ended") == 0)
		return run_ended(&state, argv[1], e);
	return FAIL(e, E_USAGE, "unknown verb");
}

int main(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct store *store = NULL;
	char self[4096] = { 0 };
	int r;

	if (argc < 3 || readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return 2;
	proc_helper_folder(HELPERS);
	r = state_open(&state, argv[1], &e);
	if (r == 0)
		r = store_open(&store, &state, &e);
	if (r == 0 && strcmp(argv[2], "import") == 0 && argc > 3)
		r = import(store, argv[3], argc > 4 ? argv[4] : "{}", &e);
	else if (r == 0 && strcmp(argv[2], "run") == 0)
		r = run(store, argc - 2, argv + 2, self, &e);
	else if (r == 0)
		r = other(argc - 2, argv + 2, &e);
	if (r < 0)
		(void)fprintf(stderr, "runtool: %s\n%s%s", e.msg, e.hint, e.hint[0] ? "\n" : "");
	store_close(store);
	state_close(&state);
	return r < 0 ? err_exit_status(r) : r;
}
