/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/base/confine.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "tap.h"

TAP_MAIN()

/* A state folder with a secret and a folder to work in; run() is a shell's script in the latter. */
struct place {
	char root[64];
	struct state state;
	char folder[128];
};

static void make(struct place *p)
{
	*p = (struct place){ .root = "/var/tmp/plimsoll-confine-XXXXXX" };
	CHECK(mkdtemp(p->root) != NULL);
	CHECK(state_open(&p->state, p->root, NULL) == 0);
	CHECK(fs_write_file(p->state.fd, "key", "secret", 6, 0600, NULL) == 0);
	CHECK(fs_mkdir_p(p->state.fd, "work", 0755, NULL) == 0);
	(void)snprintf(p->folder, sizeof(p->folder), "%s/work", p->state.path);
}

static void drop(struct place *p)
{
	CHECK(fs_remove_tree(p->state.fd, "work", NULL) == 0);
	CHECK(fs_remove_tree(p->state.fd, "key", NULL) == 0);
	state_close(&p->state);
	CHECK(rmdir(p->root) == 0);
}

static int run(struct place *p, const char *script, struct err *e)
{
	const char *const argv[] = { "sh", "-c", script, "sh", p->state.path, NULL };
	const char *const env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	const struct confined c = {
		.argv = argv, .env = env, .out = -1, .folder = p->folder, .state = &p->state
	};

	return confined_run(&c, e);
}

static bool holds(struct place *p, const char *script)
{
	struct err e = ERR_INIT;
	int r = run(p, script, &e);

	if (r < 0)
		printf("# %s: %s\n", script, e.msg);
	return r == 0;
}

TEST(what_runs_confined_sees_its_folder_and_neither_keys_nor_homes)
{
	struct place p;

	if (geteuid() != 0)
		return;
	make(&p);
	CHECK(holds(&p, "echo made >/tmp/file && test -s file"));
	CHECK(fs_exists(p.state.fd, "work/file"));
	CHECK(holds(&p, "test -d \"$1\" && test ! -e \"$1/key\" && test -z \"$(ls -A \"$1\")\""));
	CHECK(holds(&p, "test -z \"$(ls -A /root /home 2>/dev/null | grep -v '^/.*:$')\""));
	CHECK(holds(&p, "! touch /etc/x /usr/x /var/x /root/x \"$1/x\" 2>/dev/null"));
	CHECK(holds(&p, "test $$ -lt 10 && test $(ls -d /proc/[0-9]* | wc -l) -lt 10"));
	drop(&p);
}

TEST(what_runs_confined_gains_nothing_and_can_still_mount_within_its_folder)
{
	struct place p;

	if (geteuid() != 0)
		return;
	make(&p);
	CHECK(holds(&p, "grep -q '^NoNewPrivs:.1' /proc/self/status"));
	/* CAP_SYS_MODULE 16, CAP_SYS_RAWIO 17, CAP_SYS_PTRACE 19, CAP_SYS_TIME 25 */
	CHECK(holds(&p, "c=$(sed -n 's/^CapEff:.//p' /proc/self/status)\n"
			"test $((0x$c & (1<<16 | 1<<17 | 1<<19 | 1<<25))) = 0"));
	CHECK(holds(&p, "mkdir /tmp/m && mount -t tmpfs none /tmp/m && touch /tmp/m/inside"));
	CHECK(!fs_exists(p.state.fd, "work/m/inside"));
	drop(&p);
}

TEST(an_end_in_failure_tells_the_last_lines_and_leaves_no_process)
{
	struct place p;
	struct err e = ERR_INIT;

	if (geteuid() != 0)
		return;
	make(&p);
	/* The one left behind holds standard error open: it is killed with the namespace. */
	CHECK(run(&p, "sleep 1000 & echo first >&2; echo 'no signature' >&2; exit 3", &e) ==
	      E_SYSTEM);
	CHECK(strstr(e.msg, "sh ended with exit status 3") != NULL);
	CHECK(strstr(e.msg, "no signature") != NULL);
	CHECK(run(&p, "kill -9 $$", &e) == E_SYSTEM);
	CHECK(strstr(e.msg, "137") != NULL);
	drop(&p);
}
