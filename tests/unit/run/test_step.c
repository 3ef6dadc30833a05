/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "inside_path.h"
#include "run/step/step.h"
#include "tap.h"

/* Runs only as root, with crun. */
static bool able(void)
{
	static const char *const crun[] = { "crun", "--version", NULL };

	return getuid() == 0 && proc_run(crun, -1, NULL, NULL) == 0;
}

static char top[64];
static struct state state;
static char *root;

static void set_up(void)
{
	struct err e = ERR_INIT;
	char path[128];

	(void)snprintf(top, sizeof(top), "/tmp/plimsoll-step-XXXXXX");
	CHECK(mkdtemp(top) != NULL);
	(void)snprintf(path, sizeof(path), "%s/state", top);
	CHECK(state_open(&state, path, &e) == 0);
	CHECK(asprintf(&root, "%s/root", top) > 0);
	CHECK(mkdir(root, 0755) == 0);

	const char *const copy[] = { "cp", INSIDE, root, NULL };

	CHECK(proc_run(copy, -1, NULL, &e) == 0);
}

static void tear_down(void)
{
	auto_close int fd = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char path[160];

	/* Nothing may be left of a step. */
	(void)snprintf(path, sizeof(path), "%s/state/containers/lock", top);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/state/containers", top);
	CHECK(rmdir(path) == 0);
	state_close(&state);
	free(root);
	CHECK(fs_remove_tree(fd, top + 5, NULL) == 0);
}

static struct step_network *shared; /* of the next steps; NULL: each its own */

static int step(const char *const *argv, bool network, int *status, struct buf *tail, struct err *e)
{
	static const char *const env[] = { "PATH=/bin:/", "A=1", NULL };
	const struct run_step s = { .state = &state,
				    .rootfs = root,
				    .argv = argv,
				    .env = env,
				    .cwd = "/",
				    .user = "",
				    .network = network,
				    .shared = shared,
				    .in = -1 };

	return run_step(&s, status, tail, e);
}

TEST(a_step_runs_and_its_status_comes_back)
{
	const char *const argv[] = { "/inside", "exit", "7", NULL };
	const char *const hello[] = { "inside", "both", "one", "two", NULL };
	auto_buf tail = BUF_INIT(65536);
	struct err e = ERR_INIT;
	int status = -1, r;

	if (!able()) {
		(void)puts("# skipped: not root, or no crun");
		return;
	}
	set_up();
	r = step(argv, false, &status, &tail, &e);
	CHECK_STR(e.msg, "");
	CHECK(r == 0 && status == 7);
	CHECK(step(hello, false, &status, &tail, &e) == 0 && status == 0);
	CHECK(strstr(buf_str(&tail), "one\n") && strstr(buf_str(&tail), "two\n"));
	tear_down();
}

TEST(what_is_mounted_on_leaves_no_trace_in_the_root)
{
	const char *const argv[] = { "/inside", "write", "/made", "x", NULL };
	auto_buf tail = BUF_INIT(65536);
	struct err e = ERR_INIT;
	char path[128];
	int status = -1;

	if (!able())
		return;
	set_up();
	CHECK(step(argv, false, &status, &tail, &e) == 0 && status == 0);
	(void)snprintf(path, sizeof(path), "%s/made", root);
	CHECK(access(path, F_OK) == 0);
	(void)snprintf(path, sizeof(path), "%s/etc", root);
	CHECK(access(path, F_OK) < 0);
	(void)snprintf(path, sizeof(path), "%s/proc", root);
	CHECK(access(path, F_OK) < 0);
	(void)snprintf(path, sizeof(path), "%s/dev", root);
	CHECK(access(path, F_OK) < 0);
	tear_down();
}

TEST(steps_share_a_network_until_it_is_stopped)
{
	const char *const netns[] = { "/inside", "link", "/proc/self/ns/net", NULL };
	auto_buf first = BUF_INIT(65536), second = BUF_INIT(65536), alone = BUF_INIT(65536);
	struct step_network network = STEP_NETWORK_NONE;
	struct err e = ERR_INIT;
	int status = -1;
	pid_t holder;

	if (!able())
		return;
	set_up();
	shared = &network;
	CHECK(step(netns, true, &status, &first, &e) == 0 && status == 0);
	CHECK_STR(e.msg, "");
	holder = network.holder;
	CHECK(holder > 0 && kill(holder, 0) == 0);
	CHECK(step(netns, true, &status, &second, &e) == 0 && status == 0);
	CHECK(step(netns, false, &status, &alone, &e) == 0 && status == 0);
	CHECK(strstr(buf_str(&first), "net:[") != NULL);
	CHECK_STR(buf_str(&first), buf_str(&second));
	CHECK(strcmp(buf_str(&first), buf_str(&alone)) != 0);
	step_network_stop(&network);
	shared = NULL;
	CHECK(kill(holder, 0) < 0);
	tear_down();
}

TEST(a_command_that_is_not_there_is_said_so)
{
	const char *const argv[] = { "/nosuch", NULL };
	struct err e = ERR_INIT;
	int status = -1;

	if (!able())
		return;
	set_up();
	CHECK(step(argv, false, &status, NULL, &e) == E_NOTFOUND && status == 127);
	CHECK(strstr(e.msg, "/nosuch") != NULL);
	tear_down();
}

TEST(a_root_whose_dev_is_a_link_is_refused)
{
	const char *const argv[] = { "/inside", NULL };
	struct err e = ERR_INIT;
	char path[128];
	int status = -1;

	if (!able())
		return;
	set_up();
	(void)snprintf(path, sizeof(path), "%s/dev", root);
	CHECK(symlink("/tmp", path) == 0);
	CHECK(step(argv, false, &status, NULL, &e) == E_POLICY);
	CHECK(strstr(e.msg, "/dev") || strstr(e.msg, "'dev'"));
	tear_down();
}

TEST(the_network_is_there_when_asked_for)
{
	const char *const argv[] = { "/inside", "read", "/proc/net/dev", NULL };
	const char *const pasta[] = { "which", "pasta", NULL };
	auto_buf tail = BUF_INIT(65536);
	struct err e = ERR_INIT;
	int status = -1, r;

	if (!able() || proc_run(pasta, -1, NULL, NULL) < 0)
		return;
	set_up();
	r = step(argv, true, &status, &tail, &e);
	CHECK_STR(e.msg, "");
	CHECK(r == 0 && status == 0);
	CHECK(strstr(buf_str(&tail), "lo:") != NULL);
	tear_down();
}

TAP_MAIN()
